"""What every method of time needs: arrays of wall-clock times, checked; weights, checked; intervals of shares."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.stats._unfit import Unfit
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

#: Ticks a second of the units that are kept; coarser ones become seconds, finer ones nanoseconds.
TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_COARSE = ("h", "m")
_VAGUE = ("Y", "M", "W")

WEEKDAYS: tuple[Message, ...] = (
    msg("Monday"), msg("Tuesday"), msg("Wednesday"), msg("Thursday"), msg("Friday"), msg("Saturday"), msg("Sunday"),
)  # fmt: skip


def wall_clock(values: Any, name: str) -> Times:
    """``values`` as a one-dimensional array of datetime64, in local wall-clock time.

    Takes datetime64 of any unit, ``datetime`` objects without a zone, and ISO texts. Raises ``ValueError`` for anything
    else, for times with a zone, and for months or years, which hold no day.
    """
    array = np.asarray(values)
    if array.dtype.kind in "UO":
        zoned = [v for v in array.ravel() if getattr(v, "tzinfo", None) is not None]
        if zoned:
            raise ValueError(
                f"{name} must be wall-clock times: {zoned[0]!r} has a time zone; give the local time without it"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                array = np.asarray(values, "datetime64")
            except (ValueError, TypeError, Warning) as error:
                raise ValueError(f"{name} must be dates and times without a zone, as numpy datetime64: {error}") from None
    if array.size == 0:
        raise Unfit(msg("there are no events, so nothing can be said: give at least one"))
    if array.dtype.kind != "M":
        raise ValueError(f"{name} must be dates and times (numpy datetime64), not {array.dtype}: {array.ravel()[0]!r}")
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not the shape {array.shape}")
    unit = np.datetime_data(array.dtype)[0]
    if unit in _VAGUE:
        raise ValueError(
            f"{name} must be days or finer: {array[0]} is a "
            f"{'year' if unit == 'Y' else 'month' if unit == 'M' else 'week'}, and records that say no more don't tell when"
        )
    if unit == "generic":
        raise ValueError(f"{name} holds no known time: give at least one")
    if unit == "D":
        return array.astype("datetime64[D]", copy=False)
    kept = "s" if unit in _COARSE else unit if unit in TICKS else "ns"
    return array.astype(f"datetime64[{kept}]", copy=False)


def days_of(values: Any, name: str) -> npt.NDArray[np.int64]:
    """Day numbers since 1970-01-01 of dates; times of day are dropped. Raises ``ValueError`` as :func:`wall_clock` does,
    and for dates that are missing."""
    if not len(values):
        return np.zeros(0, np.int64)
    array = wall_clock(values, name)
    if np.isnat(array).any():
        raise ValueError(f"{name} has a missing date in row {int(np.flatnonzero(np.isnat(array))[0])}: leave it out")
    return array.astype("datetime64[D]").astype(np.int64)


def weights_of(weights: npt.ArrayLike | None, size: int) -> Floats:
    """One weight of 0 or more for each event; ones where None. Raises ``ValueError`` and quotes the first that is not."""
    if weights is None:
        return np.ones(size)
    w = np.asarray(weights, float)
    if w.shape != (size,):
        raise ValueError(f"weights must have one number for each of the {size} events, not the shape {w.shape}")
    bad = ~(np.isfinite(w) & (w >= 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(f"weights must be 0 or more: row {row} has {float(w[row])!r}; put it right or leave the row out")
    return w


def level_of(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95, not {level!r}")
    return level


def share_interval(share: Any, events: float, tail: float) -> tuple[Floats, Floats]:
    """Clopper-Pearson limits of shares of ``events`` (which may be an effective number), ``tail`` on each side."""
    p = np.clip(np.asarray(share, float), 0.0, 1.0)
    hits = p * events
    misses = events - hits
    low = np.where(hits > 1e-12, special.betaincinv(np.maximum(hits, 1e-12), misses + 1, tail), 0.0)
    high = np.where(misses > 1e-9, special.betaincinv(hits + 1, np.maximum(misses, 1e-9), 1 - tail), 1.0)
    return np.minimum(low, p), np.maximum(high, p)


def sentences(parts: list[Message], language: str) -> str:
    """The messages as one paragraph."""
    return " ".join(p.render(language) for p in parts)
