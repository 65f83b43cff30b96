"""Did it work, where a lot said who began? The answer is set against every other lot that could have been drawn.

Were the response to do nothing, every place would have counted what it did whatever the lot said, so the statistic of
each other draw is known and the p-value exact, however counts scatter and clump. The estimate is the proportion ρ by
which counts have to be divided where the response was on for the draw to look like the average draw (Hodges and Lehmann);
the interval holds each ρ that the test does not refuse.

Sources: Fisher (1935); Hodges and Lehmann (1963), *Annals of Mathematical Statistics* 34, 598-611; Rosenbaum (2002),
*Statistical Science* 17, 286-327, for the covariate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.assess import _scheme
from forestall.assess._sheet import read_rows
from forestall.assess.randomise import MONTH, RandomisedDesign, months_between
from forestall.errors import ForestallError
from forestall.results import Check, Column, Figures, Table, register
from forestall.stats.rates import check_level, interval_chart
from forestall.text import Message, msg, probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Ratios are looked for between one hundredth and a hundred.
FAR = math.log(100)
NO_INTERVAL = (math.nan, math.nan)


@register
@dataclass(frozen=True, kw_only=True)
class RandomisedEffect(Figures):
    """``estimate``: counts with the response over counts without it; ``interval`` holds the ratios that fit the lot at
    ``level``; ``p_value``: two-sided, of no effect anywhere. ``standard_error`` is NaN: a lot has none. ``on``, ``off``:
    counts and place-months with the response and without. ``draws``: how many draws the real one was set against;
    ``exact``: all there are. ``design_hash``: of the draw."""

    type_name: ClassVar[str] = "randomised-effect"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    scheme: str
    places: int
    on: tuple[float, int]
    off: tuple[float, int]
    draws: int
    exact: bool
    design_hash: str

    def table(self) -> Table:
        columns = (
            Column("where", msg("Response")),
            Column("count", msg("Count"), None, True),
            Column("place_months", msg("Months of places"), None, True),
            Column("rate", msg("Count a place and month"), None, True),
        )
        rows = tuple(
            (said, count, months, count / months if months else None)
            for said, (count, months) in ((msg("with the response"), self.on), (msg("without the response"), self.off))
        )
        return Table(columns, rows, msg("Raw counts, with the response and without"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        title = msg("Counts with the response over counts without").render(language)
        return interval_chart(self.estimate, self.interval, title, scale={"type": "log"}, reference=1.0)

    def explain(self, language: str = "en") -> str:
        (on, m1), (off, m0) = self.on, self.off
        low, high = self.interval
        said: list[Message] = [
            msg(
                "Over {m1:count} months of places with the response {on:count} were counted, and {off:count} over "
                "{m0:count} without.",
                m1=m1, on=on, off=off, m0=m0,
            )
        ]  # fmt: skip
        p = probability(self.p_value, language)
        if math.isnan(low):
            said.append(
                msg(
                    "Set against the lots that could have been drawn p is {p}; nothing was counted on one side, so how "
                    "large the effect is can't be said.",
                    p=p,
                )
            )
        elif low <= 0 or math.isinf(high):
            said.append(
                msg(
                    "Where the response was on, counts were {r:ratio} times what they would have been (p = {p}), but so "
                    "few places were drawn that the lot sets no bounds to the effect.",
                    r=self.estimate, p=p,
                )
            )  # fmt: skip
        elif low > 1 or high < 1:
            said.append(
                msg(
                    "Where the response was on, counts were {r:ratio} times what they would have been; values from "
                    "{low:ratio} to {high:ratio} fit the lot (p = {p}).",
                    r=self.estimate, low=low, high=high, p=p,
                )
            )  # fmt: skip
        else:
            said.append(
                msg(
                    "No clear effect: counts were {r:ratio} times what they would have been, and anything from "
                    "{low:ratio} to {high:ratio} fits the lot (p = {p}).",
                    r=self.estimate, low=low, high=high, p=p,
                )
            )  # fmt: skip
        said.append(
            msg("The p-value looks at all {n:count} lots that could have been drawn.", n=self.draws)
            if self.exact
            else msg("The p-value looks at {n:count} lots drawn as the real one was.", n=self.draws)
        )
        said.append(
            msg(
                "The interval takes the effect for the same proportion everywhere, and there is no standard error, "
                "because nothing is assumed of how counts scatter. It holds for these places and months; what spilled "
                "over to places that waited, and whether the response was delivered, it can't tell."
            )
        )
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)


def randomised_effect(
    design: RandomisedDesign,
    counts: Mapping[str, Sequence[float]],
    months: Sequence[str],
    *,
    level: float = 0.95,
    draws: int = 9_999,
    seed: int = 0,
) -> RandomisedEffect:
    """The effect of a response that began where and when a lot said.

    ``counts``: of each place's code the counts of ``months``, which hold all from ``design.first`` to ``design.end``;
    others are left aside. All possible draws are looked at up to 65,536, else ``draws`` of them, seeded. Raises
    ``ForestallError`` where the design was altered after the draw, places or months lack, counts are negative, or nothing
    at all was counted.
    """
    check_level(level)
    if draws < 99:
        raise ForestallError(f"draws must be 99 or more, not {draws!r}")
    if not design.intact:
        raise ForestallError(
            "this design is not what was drawn: its hash does not fit what it says; take the file that was kept on the "
            "day of the draw"
        )
    y = _counts(design, counts, months)
    on = _on(design)
    blocks, arms = np.array(design.blocks, np.int64), np.array(design.arms, np.int64)
    exact = design.possible <= _scheme.ALL
    drawn = _scheme.every(blocks, design.ways) if exact else _scheme.sample(blocks, design.ways, draws, seed)
    treated = on[np.arange(len(arms)), arms]

    def chances(log_ratio: float) -> tuple[float, float, float]:
        """Tails of the real draw, and how far it lies from the average one, were the ratio this."""
        by_arm = _by_arm(design, np.where(treated, y / math.exp(log_ratio), y), on)
        rows = np.arange(len(arms))
        real = float(by_arm[rows, arms].sum())
        low, high = _scheme.tails(real, by_arm[rows, drawn].sum(1), exact)
        return low, high, real - float(by_arm.mean(1).sum())

    low, high, _ = chances(0.0)
    one_sided = not y[treated].any() or not y[~treated].any()
    if one_sided:
        estimate, interval = (0.0 if y[~treated].any() else math.inf), NO_INTERVAL
    else:
        estimate, interval = _ratio(chances, (1 - level) / 2)
    return RandomisedEffect(
        estimate=estimate, standard_error=math.nan, interval=interval, p_value=min(1.0, 2 * min(low, high)), level=level,
        scheme=design.scheme, places=len(arms), on=(float(y[treated].sum()), int(treated.sum())),
        off=(float(y[~treated].sum()), int((~treated).sum())), draws=len(drawn), exact=exact, design_hash=design.hash,
        seed=None if exact else seed, parameters={"level": level, "draws": draws, "design": design.hash},
        checks=_checks(design, y, (1 - level)),
    )  # fmt: skip


def read_counts(path: Path | str) -> tuple[tuple[str, ...], dict[str, tuple[float, ...]]]:
    """Months, and each place's counts: a CSV file with a column ``code`` and a column for each month (``2027-04``)."""
    names, rows = read_rows(path, ("code",), "table of counts")
    months = tuple(n for n in names if MONTH.fullmatch(n))
    if not months:
        raise ForestallError(
            f"{Path(path).name} has no column named by a month such as 2027-04: name each month's column so"
        )
    out: dict[str, tuple[float, ...]] = {}
    for row in rows:
        code = row.text("code")
        if code in out:
            raise ForestallError(f"{row.where}: {code} stands there twice: keep one row")
        out[code] = tuple(float(row.whole(m)) for m in months)
    return months, out


def _counts(design: RandomisedDesign, counts: Mapping[str, Sequence[float]], months: Sequence[str]) -> Floats:
    wanted = months_between(design.first, design.end)
    given = {m: i for i, m in enumerate(months)}
    if len(given) != len(months):
        raise ForestallError("a month is named twice: name each once")
    missing = [m for m in wanted if m not in given]
    if missing:
        raise ForestallError(
            f"the design counts {design.first} to {design.end}, and there are no counts of {missing[0]}: wait for them, "
            "or read more months"
        )
    lacking = [p for p in design.places if p not in counts]
    if lacking:
        raise ForestallError(
            f"there are no counts of {lacking[0]}, which was drawn: read them too (0 where nothing was counted)"
        )
    for p in design.places:
        if len(counts[p]) != len(months):
            raise ForestallError(f"{p} has {len(counts[p])} counts for {len(months)} months: give one a month")
    y = np.array([[float(counts[p][given[m]]) for m in wanted] for p in design.places], float)
    if not (np.isfinite(y) & (y >= 0)).all():
        raise ForestallError("counts must be numbers of 0 or more: a missing one is no 0, so find it or leave the pair out")
    if not y.any():
        raise ForestallError("nothing was counted in any of these places and months, so there is nothing to compare")
    return y


def _on(design: RandomisedDesign) -> npt.NDArray[np.bool_]:
    """Whether the response is on, by place, arm and month: shape (places, arms, months)."""
    months = months_between(design.first, design.end)
    by_arm = np.zeros((design.ways, len(months)), bool)
    for a, start in enumerate(design.starts):
        by_arm[a] = [m >= start for m in months]
    return np.broadcast_to(by_arm, (len(design.places), *by_arm.shape))


def _by_arm(design: RandomisedDesign, y: Floats, on: npt.NDArray[np.bool_]) -> Floats:
    """What each place would add to the statistic in each arm, (places, arms): counts beyond those expected, while on.

    Expected are, in pairs, those that a line through what places were matched on gives; in a wedge, the place's share of
    each month.
    """
    if design.scheme == "pairs":
        total, h = y.sum(1), design.level
        slope = float(((h - h.mean()) * total).sum() / ((h - h.mean()) ** 2).sum()) if np.ptp(h) > 0 else 0.0
        beyond = total - total.mean() - slope * (h - h.mean())
        return np.column_stack([beyond, np.zeros(len(total))])
    expected = np.outer(y.sum(1), y.sum(0)) / y.sum()
    return np.asarray(((y - expected)[:, None, :] * on).sum(2), float)


def _ratio(chances: Callable[[float], tuple[float, float, float]], tail: float) -> tuple[float, tuple[float, float]]:
    """The ratio at which the real draw is the average one, and those that neither tail refuses."""
    grid = np.linspace(-FAR, FAR, 93)
    found = [chances(float(g)) for g in grid]
    kept = [i for i, (low, high, _) in enumerate(found) if low > tail and high > tail]
    sign = [f[2] > 0 for f in found]
    turn = next((i for i in range(len(grid) - 1) if sign[i] and not sign[i + 1]), None)
    if turn is None or not kept:
        return math.nan, NO_INTERVAL
    middle = _halved(float(grid[turn]), float(grid[turn + 1]), lambda g: chances(g)[2] > 0)

    def fits(g: float) -> bool:
        low, high, _ = chances(g)
        return low > tail and high > tail

    low = 0.0 if kept[0] == 0 else math.exp(_halved(float(grid[kept[0] - 1]), float(grid[kept[0]]), lambda g: not fits(g)))
    last = kept[-1]
    high = math.inf if last == len(grid) - 1 else math.exp(_halved(float(grid[last]), float(grid[last + 1]), fits))
    return math.exp(middle), (low, high)


def _halved(a: float, b: float, holds: Callable[[float], bool]) -> float:
    """Where ``holds``, which does at ``a`` and not at ``b``, ends."""
    while b - a > 1e-5:
        middle = (a + b) / 2
        a, b = (middle, b) if holds(middle) else (a, middle)
    return (a + b) / 2


def _checks(design: RandomisedDesign, y: Floats, alpha: float) -> tuple[Check, ...]:
    enough = design.smallest_p <= alpha
    total = float(y.sum())
    largest = int(y.sum(1).argmax())
    share = float(y[largest].sum()) / total
    lone = share > 0.5
    return (
        Check(
            "enough",
            enough,
            msg("There are enough possible draws for the level of the interval.")
            if enough
            else msg("With so few possible draws no effect could be told from a lucky lot at this level."),
        ),
        Check(
            "lone",
            not lone,
            msg("{place} alone has {share:percent} of all counts, so the answer is mostly about it.",
                place=design.places[largest], share=share)
            if lone
            else msg("No single place has more than half of the counts."),
        ),
    )  # fmt: skip
