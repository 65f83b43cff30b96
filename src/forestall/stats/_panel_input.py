"""What a difference in differences takes, checked: each thing that it can't use is refused in a sentence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forestall.stats._unfit import Unfit
from forestall.text import msg

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def panel(counts: npt.ArrayLike, treated: npt.ArrayLike, first: int, model: str) -> tuple[Floats, Bools, int]:
    """Values of shape (units, periods), flags of the treated units and the index of the first treated period."""
    if model not in ("counts", "levels"):
        raise ValueError(f"model must be 'counts' or 'levels', not {model!r}")
    x, flags = np.asarray(counts, float), np.asarray(treated)
    if x.ndim != 2 or x.shape[0] < 2:
        raise ValueError(f"counts must have shape (units, periods) with two units or more, not {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("each unit needs a value in each period: some are missing or infinite")
    if model == "counts" and (x < 0).any():
        raise ValueError(f"counts must be 0 or more, not {float(x.min())!r}; other values take model='levels'")
    if flags.shape != (x.shape[0],) or not np.isin(flags, (0, 1)).all():
        raise ValueError(f"treated must flag each of the {x.shape[0]} units as True or False")
    flags = flags.astype(bool)
    if flags.all() or not flags.any():
        raise ValueError("treated must flag one unit or more and leave one or more to compare with")
    if isinstance(first, bool) or int(first) != first:
        raise ValueError(f"first must be the index of the first treated period, not {first!r}")
    first = int(first)
    if not 2 <= first < x.shape[1]:
        raise ValueError(
            f"the first treated period must leave two periods or more before it and lie among the {x.shape[1]}: {first} "
            "does not, and with one period before nobody can tell whether the groups moved together"
        )
    return x, flags, first


def counted(x: Floats, flags: Bools, first: int) -> None:
    """Raises :class:`Unfit` where a ratio has nothing to divide by."""
    if not flags.any() or not x[flags][:, :first].sum():
        raise Unfit(msg("The treated units counted nothing before the response, so a ratio has nothing to compare with."))
    if flags.all() or not x[~flags][:, :first].sum() or not x[~flags][:, first:].sum():
        raise Unfit(msg("The comparison counted nothing before or after the response, so it can't say what to expect."))


def masks_of(placebos: npt.ArrayLike | None, units: int) -> Bools | None:
    """Flags of shape (placebos, units), where placebos were given."""
    if placebos is None:
        return None
    masks = np.asarray(placebos)
    if masks.ndim != 2 or masks.shape[1] != units or not len(masks) or not np.isin(masks, (0, 1)).all():
        raise ValueError(f"placebos must be flags of shape (placebos, {units}), not of shape {masks.shape}")
    masks = masks.astype(bool)
    if (masks.sum(1) == 0).any() or masks.all(1).any():
        raise ValueError("each placebo must flag one unit or more and leave one or more to compare with")
    return masks
