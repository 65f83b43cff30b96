"""Where residents are the wrong denominator.

In a town centre, a retail park or a hospital, most of those to whom it happens live elsewhere. A rate over residents is
then no risk, and a league table by it lists town centres. Two tells: crime of many kinds stands far above what residents
would give (one kind alone may be a real problem), or many more people are there by day than live there.

Our own rule; the point is old: Boggs, *Urban crime patterns*, American Sociological Review 30 (1965) 899-908.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def residents_mislead(
    counts: npt.ArrayLike,
    residents: npt.ArrayLike,
    *,
    times: float = 4.0,
    kinds: int = 5,
    least: float = 12.0,
    by_day: npt.ArrayLike | None = None,
    day_times: float = 2.0,
) -> npt.NDArray[np.bool_]:
    """Whether residents are the wrong denominator, shape (places,).

    ``counts``: shape (places, kinds of crime). A place is told out where, for at least ``kinds`` kinds (or all, if there
    are fewer), its rate is more than ``times`` the median rate of places and it holds more than half of ``least`` events,
    and over all kinds it holds ``least``; the median is taken over places that have residents, and is at least the
    overall rate over 2, so that rare kinds with a median of 0 don't tell everybody out. ``by_day``: people there by day
    (workday population or footfall), where known: ``day_times`` the residents also tells a place out. A place without
    residents is always told out.

    Raises ``ValueError`` for negative or missing numbers and shapes that don't match.
    """
    x, n = np.asarray(counts, float), np.asarray(residents, float).ravel()
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or x.shape[0] != n.size or n.size == 0:
        raise ValueError(f"counts of shape {x.shape} don't match {n.size} places: give one row a place, one column a kind")
    for name, v in (("counts", x), ("residents", n)):
        bad = ~(np.isfinite(v) & (v >= 0))
        if bad.any():
            raise ValueError(f"{name} must be 0 or more, with none missing, not {float(v[bad][0])!r}")
    for name, number in (("times", times), ("day_times", day_times)):
        if not number > 1:
            raise ValueError(f"{name} must be above 1, not {number!r}")
    if not kinds >= 1:
        raise ValueError(f"kinds must be 1 or more, not {kinds!r}")
    some = n > 0
    told = ~some
    if some.any():
        rate = x[some] / n[some, None]
        usual = np.maximum(np.median(rate, 0), x[some].sum(0) / n[some].sum() / 2)
        high = (rate > times * usual) & (x[some] > least / 2) & (usual > 0)
        told[some] = (high.sum(1) >= min(kinds, x.shape[1])) & (x[some].sum(1) >= least)
    if by_day is not None:
        day = np.asarray(by_day, float).ravel()
        if day.shape != n.shape or not (np.isfinite(day) & (day >= 0)).all():
            raise ValueError("by_day needs one number of 0 or more for each place")
        told |= day > day_times * n
    return np.asarray(told, bool)
