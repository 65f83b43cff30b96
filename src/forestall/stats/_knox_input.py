"""What the near-repeat test is told, checked: places, times and the edges of bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from forestall.stats._unfit import Unfit
from forestall.text import msg

Floats = npt.NDArray[np.float64]
Metric = Literal["euclidean", "manhattan"]
Precision = Literal["instant", "day", "month"]

#: More events than this are refused: sums over triples would no longer be exact.
MOST_EVENTS = 10_000_000


def coordinates(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """``x`` and ``y`` as arrays of one length; ``ValueError`` where a place is missing or there are too few or many."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(f"x and y must be two lists of one length, not of shapes {xs.shape} and {ys.shape}")
    if xs.size < 2:
        raise Unfit(msg("near repeats are pairs and need two events or more; found {n:count}", n=xs.size))
    if xs.size > MOST_EVENTS:
        raise Unfit(
            msg(
                "at most {most:count} events can be compared at once; found {n:count}: choose a category, area or period",
                most=MOST_EVENTS,
                n=xs.size,
            )
        )
    for name, values in (("x", xs), ("y", ys)):
        bad = ~np.isfinite(values)
        if bad.any():
            at = int(np.argmax(bad))
            raise ValueError(f"{name} must be finite; event {at} has {values[at]}: leave out events without a place")
    return xs + 0.0, ys + 0.0  # no negative zero: the same location must have the same numbers


def days(t: npt.ArrayLike, events: int, precision: Precision) -> tuple[Floats, float, bool]:
    """Times as numbers from 0, how many of their units make a day, and whether all are whole days.

    ``datetime64`` keeps its own unit (microseconds at the finest), so that gaps between instants stay exact.
    """
    values = np.asarray(t)
    if precision == "month" or (values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in ("Y", "M")):
        raise ValueError(
            "near repeats need the day of each event, and these times are known to the month only: use records with days"
        )
    if values.shape != (events,):
        raise ValueError(f"t must hold one time for each of {events} events, not be of shape {values.shape}")
    per_day = 1.0
    if values.dtype.kind == "M":
        if np.isnat(values).any():
            raise ValueError(f"event {int(np.argmax(np.isnat(values)))} has no time: leave out events without one")
        if np.datetime_data(values.dtype)[0] == "W":
            raise ValueError("near repeats need the day of each event, and these times are known to the week only")
        if np.datetime_data(values.dtype)[0] in ("ns", "ps", "fs", "as"):
            values = values.astype("datetime64[us]")
        unit = np.array(1, f"timedelta64[{np.datetime_data(values.dtype)[0]}]")
        per_day = float(np.array(1, "timedelta64[D]") / unit)
        numbers = np.asarray((values - values.min().astype("datetime64[D]").astype(values.dtype)) / unit, float)
    else:
        numbers = np.asarray(values, float)
        bad = ~np.isfinite(numbers)
        if bad.any():
            at = int(np.argmax(bad))
            raise ValueError(f"t must be finite; event {at} has {numbers[at]}: leave out events without a time")
    whole = bool((numbers % per_day == 0).all())
    if precision == "day" and not whole:
        at = int(np.argmax(numbers % per_day != 0))
        raise ValueError(
            f"times known to the day must be whole numbers; event {at} has {values[at]}: give whole days, or "
            "precision='instant'"
        )
    return (numbers / per_day, 1.0, True) if whole else (numbers, per_day, False)


def band_edges(bands: Sequence[float], name: str) -> Floats:
    """Band edges as an array; ``ValueError`` unless they rise from 0."""
    edges = np.asarray(bands, float)
    if edges.ndim != 1 or edges.size < 2:
        raise ValueError(f"{name} must be a list of two edges or more, such as [0, 100, 200], not {bands!r}")
    if not np.isfinite(edges).all():
        raise ValueError(f"{name} must be finite, not {listed(edges)}: what lies beyond the last edge is counted anyway")
    if edges[0] != 0:
        raise ValueError(f"{name} must begin at 0, not {number(edges[0])}: add the edge 0 in front")
    if (np.diff(edges) <= 0).any():
        raise ValueError(f"{name} must rise from edge to edge, not run {listed(edges)}")
    return edges


def is_manhattan(metric: str) -> bool:
    if metric not in ("euclidean", "manhattan"):
        raise ValueError(f"metric must be euclidean or manhattan, not {metric!r}")
    return metric == "manhattan"


def number(value: float) -> str:
    return f"{value:,.10g}"


def listed(values: Floats) -> str:
    return ", ".join(number(v) for v in values)
