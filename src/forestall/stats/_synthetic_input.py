"""What a synthetic control is given, checked: outcomes, who was treated, which periods lie before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from forestall.stats._synthetic_fit import Flags, Ints, Panel
from forestall.stats._unfit import Unfit
from forestall.text import msg


def panel_of(
    outcomes: npt.ArrayLike,
    treated: int | Sequence[int],
    pre: int | Sequence[int],
    post: Sequence[int] | None,
    method: str,
    predictors: npt.ArrayLike | None,
    importance: npt.ArrayLike | Literal["optimised"] | None,
) -> tuple[Panel, Ints, Flags]:
    """What was given, checked."""
    y = np.asarray(outcomes, float)
    if y.ndim != 2 or y.size == 0:
        raise ValueError(f"outcomes must be a table of units by periods, and not empty, not the shape {y.shape}")
    if not np.isfinite(y).all():
        row, column = (int(v[0]) for v in np.nonzero(~np.isfinite(y)))
        raise ValueError(
            f"outcomes must be known numbers: unit {row} has {float(y[row, column])!r} in period {column}; leave the unit "
            "or the period out"
        )
    n, length = y.shape
    group = _indices([treated] if isinstance(treated, int | np.integer) else treated, n, "treated", "units")
    before = np.arange(pre) if isinstance(pre, int | np.integer) else _indices(pre, length, "pre", "periods")
    if before.size < 2 or before[-1] >= length - (post is None):
        raise ValueError(
            f"pre must leave two periods or more before the response and one after among the {length} in outcomes, and "
            f"names {before.size} before: with one there is nothing to fit"
        )
    after = np.arange(before[-1] + 1, length) if post is None else _indices(post, length, "post", "periods")
    if after.size == 0 or np.isin(after, before).any() or after[0] < before[-1]:
        raise ValueError("post must name one period or more, all after the last of pre: see which periods are meant")
    pool = ~flags_of(group, n)
    if pool.sum() < max(2, group.size + 1):
        raise ValueError(
            f"a synthetic control of {group.size} treated needs {max(2, group.size + 1)} other units or more, and has "
            f"{int(pool.sum())}: add units that had no response"
        )
    used = y[:, np.concatenate([before, after])]
    if not used.any():
        raise Unfit(msg("all outcomes are 0, so there is nothing to compare: choose outcomes that happened"))
    if float(np.ptp(used)) == 0:
        raise Unfit(msg("all outcomes are the same number, so nothing can be told from chance: choose others"))
    if method not in ("control", "did"):
        raise ValueError(f"method must be control or did, not {method!r}")
    if predictors is None:
        if importance is not None:
            raise ValueError("predictor_weights need predictors: give both, or neither to fit the outcomes before")
        return Panel(y, before, after), group, pool
    if method == "did":
        raise ValueError("method='did' fits the outcomes before and takes no predictors: leave them out")
    x = np.asarray(predictors, float)
    if x.ndim != 2 or x.shape[1] != n or x.shape[0] == 0 or not np.isfinite(x).all():
        raise ValueError(f"predictors must be known numbers, one row each and one column for each of the {n} units")
    if isinstance(importance, str):
        if importance != "optimised":
            raise ValueError(f"predictor_weights must be numbers or 'optimised', not {importance!r}")
        return Panel(y, before, after, x), group, pool
    v = np.ones(x.shape[0]) if importance is None else np.asarray(importance, float)
    if v.shape != (x.shape[0],) or not (np.isfinite(v) & (v >= 0)).all() or not v.any():
        raise ValueError(f"predictor_weights must be a number of 0 or more for each of the {x.shape[0]} predictors")
    return Panel(y, before, after, x, v / v.sum()), group, pool


def flags_of(which: Ints, size: int) -> Flags:
    """True at ``which`` of ``size``."""
    out = np.zeros(size, bool)
    out[which] = True
    return out


def _indices(given: Sequence[int], size: int, name: str, what: str) -> Ints:
    raw = np.asarray(given)
    if raw.ndim != 1 or raw.size == 0 or raw.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers that name {what} from 0, and one at least")
    out = np.unique(raw.astype(np.int64))
    if out.size != raw.size or out[0] < 0 or out[-1] >= size:
        raise ValueError(f"{name} must name {what} from 0 to {size - 1}, each once: it has {raw.tolist()[:5]}")
    return out
