"""The rules of a control chart, on many series side by side.

A run on one side counts where it is as long as asked *and* about as rare as so many tosses of a coin. On charts of rare
events most periods lie on one side while nothing changes, and eight zeros in a row are no signal. A period on the line
itself neither lengthens a run nor breaks it, and equal neighbours neither lengthen a rise nor break it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: A run may be so many times as likely as tosses of a coin: counts never split quite evenly.
SLACK = math.log(2)


@dataclass(frozen=True)
class ChartRules:
    """Which rules annotate a chart. ``outside``: a period beyond a limit. ``run``: so many periods on one side of the
    middle. ``trend``: so many periods each above (or each below) the one before. ``near``: two of three periods beyond two
    thirds of the way to the same limit. None or False switches a rule off; published run lengths vary from 6 to 9."""

    outside: bool = True
    run: int | None = 8
    trend: int | None = 6
    near: bool = True

    def __post_init__(self) -> None:
        for name, value in (("run", self.run), ("trend", self.trend)):
            if value is not None and value < 2:
                raise ValueError(f"the rule {name!r} needs 2 periods or more, or None for none, not {value!r}")


@dataclass(frozen=True)
class Fired:
    """Where a rule is complete, shape (series, periods); ``side``: 1 (above, rising) or -1; ``start``: of what it is."""

    where: Flags
    side: Ints
    start: Ints


def outside(x: Floats, lower: Floats, upper: Floats) -> Fired:
    """Periods beyond a limit (on it is inside); limits that are not known have nothing beyond them."""
    with np.errstate(invalid="ignore"):
        high, low = x > upper + _slip(upper), x < lower - _slip(lower)
    start = np.broadcast_to(np.arange(x.shape[1]), x.shape)
    return Fired(high | low, np.where(high, 1, -1).astype(np.int64), start.astype(np.int64))


def run(x: Floats, middle: Floats, above: Floats, below: Floats, length: int) -> Fired:
    """Runs on one side of ``middle``. ``above``, ``below``: chance of each side while nothing changes; shape (periods,)."""
    rows, n = x.shape
    side = np.where(np.abs(x - middle) <= _slip(middle), 0, np.sign(x - middle)).astype(np.int64)
    with np.errstate(divide="ignore"):
        rarity = np.where(side > 0, np.log(above), np.log(below))
    now, long, rare, begun = (np.zeros(rows, np.int64), np.zeros(rows, np.int64), np.zeros(rows), np.zeros(rows, np.int64))
    where, start = np.zeros((rows, n), bool), np.zeros((rows, n), np.int64)
    for t in range(n):
        s, tied = side[:, t], side[:, t] == 0
        same = s == now
        begun = np.where(tied | same, begun, t)
        long = np.where(tied, long, np.where(same, long + 1, 1))
        rare = np.where(tied, rare, np.where(same, rare, 0.0) + np.where(tied, 0.0, rarity[:, t]))
        now = np.where(tied, now, s)
        where[:, t] = ~tied & (long >= length) & (rare <= SLACK - length * math.log(2) + 1e-9)
        start[:, t] = begun
    return Fired(where, side, start)


def trend(x: Floats, length: int) -> Fired:
    """Periods each above the one before, or each below it."""
    rows, n = x.shape
    step = np.diff(x, axis=1)
    side = np.where(np.abs(step) <= 1e-9 * np.maximum(np.abs(x[:, 1:]), 1e-300), 0, np.sign(step)).astype(np.int64)
    now, long, begun, last = (np.zeros(rows, np.int64) for _ in range(4))
    long = long + 1
    where, start = np.zeros((rows, n), bool), np.zeros((rows, n), np.int64)
    for t in range(1, n):
        s, tied = side[:, t - 1], side[:, t - 1] == 0
        same = s == now
        begun = np.where(tied | same, begun, last)
        long = np.where(tied, long, np.where(same, long + 1, 2))
        now = np.where(tied, now, s)
        last = np.where(tied, last, t)
        where[:, t] = ~tied & (long >= length)
        start[:, t] = begun
    full = np.concatenate([np.zeros((rows, 1), np.int64), side], 1)
    return Fired(where, full, start)


def near(x: Floats, lower: Floats, upper: Floats) -> Fired:
    """Two of three periods in a row beyond the same warning line, the last one among them."""
    with np.errstate(invalid="ignore"):
        high, low = x > upper + _slip(upper), x < lower - _slip(lower)
    rows, n = x.shape
    where, side = np.zeros((rows, n), bool), np.zeros((rows, n), np.int64)
    start = np.zeros((rows, n), np.int64)
    for beyond, sign in ((high, 1), (low, -1)):
        one = np.concatenate([np.zeros((rows, 1), bool), beyond[:, :-1]], 1)
        two = np.concatenate([np.zeros((rows, min(2, n)), bool), beyond[:, :-2]], 1)[:, :n]
        fired = beyond & (one | two)
        where |= fired
        side = np.where(fired, sign, side)
        start = np.where(fired, np.arange(n) - np.where(two, 2, 1), start)
    return Fired(where, side, start)


def _slip(line: Floats) -> Floats:
    """Rounding: what lies this close to a line lies on it."""
    return np.asarray(1e-9 * np.maximum(np.abs(np.nan_to_num(line, posinf=0, neginf=0)), 1e-300), float)


def all_rules(
    rules: ChartRules, x: Floats, level: Floats, middle: Floats, above: Floats, below: Floats, limits: tuple[Floats, ...]
) -> dict[str, Fired]:
    """Every rule that is switched on. ``x``, ``level`` (over what is expected): shape (series, periods); ``limits``: lower,
    upper, near lower and near upper, shape (periods,) or (series, periods)."""
    lower, upper, near_lower, near_upper = limits
    found: dict[str, Fired] = {}
    if rules.outside:
        found["outside"] = outside(x, lower, upper)
    if rules.run is not None:
        found["run"] = run(x, middle, above, below, rules.run)
    if rules.trend is not None:
        found["trend"] = trend(level, rules.trend)
    if rules.near:
        found["near"] = near(x, near_lower, near_upper)
    return found
