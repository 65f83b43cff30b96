"""The ways to say how sure a difference in differences is, and which of them to go by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from forestall.stats import _assignments as assign
from forestall.stats._panel_contrast import NO_SPREAD, Bools, Level, Ratio, Spread
from forestall.stats._tails import students_p, students_quantile

#: Groups of fewer units than this have no reliable scatter of their own: that of all units is used instead.
FEW_UNITS = 5

#: How far from the estimate the ends of an interval are sought: as a log ratio, and in standard errors.
MOST_LOG, MOST_STEPS = 20.0, 1000.0


@dataclass(frozen=True)
class Way:
    """One way to say how sure the effect is: ``poisson``, ``cluster``, ``jackknife``, ``scatter``, ``randomisation`` or
    ``placebos``. ``standard_error`` is on the scale of the effect, and the interval on that of the estimate."""

    name: str
    standard_error: float
    degrees: float
    interval: tuple[float, float]
    p_value: float


def ways(made: Ratio | Level, sets: assign.Choices | None, name: str, level: float) -> tuple[Way, ...]:
    """All ways that the data allow, that over ``sets`` under ``name``."""
    log = isinstance(made, Ratio)
    spreads = [("cluster", made.cluster()), ("jackknife", made.jackknife()), ("scatter", made.scatter())]
    if isinstance(made, Ratio):
        spreads.insert(0, ("poisson", made.poisson()))
    found = []
    for way, s in spreads:
        if not (s.degrees > 0 and s.error > 0):
            continue
        half = students_quantile(level, s.degrees) * s.error
        p = students_p(made.effect / s.error, s.degrees)
        found.append(Way(way, s.error, s.degrees, _scaled(log, made.effect - half, made.effect + half), p))
    if sets is not None:
        statistics = made.against(sets)
        p = assign.p_value(statistics)
        found.append(Way(name, math.nan, math.nan, _inverted(made, statistics, len(sets), level), p))
    return tuple(found)


def _inverted(made: Ratio | Level, statistics: assign.Statistics, sets: int, level: float) -> tuple[float, float]:
    """The estimates that the test over so many ``sets`` doesn't reject."""
    if isinstance(made, Ratio) and math.isinf(made.effect):
        return made.none_left(level)
    step = next((s.error for s in (made.scatter(), made.cluster()) if s.error > 0), 1.0)
    log = isinstance(made, Ratio)
    most = MOST_LOG if log else MOST_STEPS * step
    return _scaled(log, *assign.interval(statistics, sets, made.effect, step, most, 1 - level))


def _scaled(log: bool, low: float, high: float) -> tuple[float, float]:
    if not log:
        return low, high
    return math.exp(low), math.exp(high) if high < 700 else math.inf


def best_spread(made: Ratio | Level, flags: Bools) -> Spread:
    """The standard error that the number of units allows."""
    if min(int(flags.sum()), int((~flags).sum())) >= FEW_UNITS:
        found = made.jackknife()
        if found is not NO_SPREAD:
            return found
    return made.scatter()


def choose(inference: str, ways: tuple[Way, ...], telling: bool, enough: bool, flags: Bools) -> str:
    """The name of the way that interval and p-value are taken from, or ``none``."""
    have = {w.name for w in ways}
    if inference in ("randomisation", "placebos"):
        return inference if inference in have else "none"
    if inference != "auto":
        return inference if inference in have and enough else "none"
    if telling:
        return "placebos" if "placebos" in have else "randomisation"
    if not enough:
        return "none"
    many = min(int(flags.sum()), int((~flags).sum())) >= FEW_UNITS
    return next((w for w in (("jackknife", "scatter") if many else ("scatter",)) if w in have), "none")
