"""A response whose outcome is a share of people: a survey answer, reoffending, exclusion from school.

The table that people bring has a row for each group and period: how many said yes, of how many. From it come each share
with its interval, and the difference, or difference in differences, with Newcombe's. A base below 30 shows counts and no
percentage; one below 100 is flagged. Method: :mod:`forestall.stats.proportions`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from forestall.assess._sheet import read_rows
from forestall.errors import ForestallError
from forestall.results import Check, Column, Figures, Table, register
from forestall.stats import proportions as numbers
from forestall.stats.rates import SCHEMA, check_level
from forestall.text import Message, msg, probability

#: Bases below the first show no percentage, below the second are flagged.
HIDDEN, ROUGH = 30, 100
#: What is compared with what.
DESIGNS = ("difference-in-differences", "before-after", "two-groups")


@dataclass(frozen=True)
class Share:
    """``yes`` of ``of`` people of a ``group`` in a ``period``; ``population``: how many there are of whom these were
    asked, or None."""

    group: str
    period: str
    yes: int
    of: int
    population: int | None = None

    @property
    def value(self) -> float:
        return self.yes / self.of


@register
@dataclass(frozen=True, kw_only=True)
class ProportionsChange(Figures):
    """``estimate``: by how much the treated share changed beyond the compared one (``design`` says what was compared), as
    a share: 0.1 is ten percentage points; with ``interval`` at ``level``. ``shares``: as used, the treated one after
    first. ``shown``: ``yes``, ``rough`` (a base below 100) or ``hidden`` (one below 30): then nothing that readers see
    states a percentage, and pages must not print ``estimate`` either. ``detectable``: the smallest fall and rise that
    could be shown four times out of five."""

    type_name: ClassVar[str] = "proportions-change"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    what: str
    design: str
    shares: tuple[Share, ...]
    shown: str
    detectable: tuple[float, float]

    def table(self) -> Table:
        columns = (
            Column("group", msg("Group")),
            Column("period", msg("Period")),
            Column("yes", msg("Yes"), None, True),
            Column("of", msg("Of how many"), None, True),
            Column("percent", msg("Share"), msg("%"), True),
            Column("low", msg("Lower end"), msg("%"), True),
            Column("high", msg("Upper end"), msg("%"), True),
            Column("note", msg("Note")),
        )
        rows: list[tuple[Any, ...]] = []
        for s in self.shares:
            if s.of < HIDDEN:
                rows.append((s.group, s.period, s.yes, s.of, None, None, None, msg("fewer than 30: no percentage")))
                continue
            note = msg("fewer than 100: rough") if s.of < ROUGH else None
            rows.append((s.group, s.period, s.yes, s.of, 100 * s.value, *(100 * v for v in self._ends(s)), note))
        return Table(
            columns, tuple(rows), msg("{what}: shares with {level:percent} intervals", what=self.what, level=self.level)
        )

    def chart(self, language: str = "en") -> dict[str, Any]:
        hidden = self.shown == "hidden"
        title = msg("people who said yes") if hidden else msg("share, %")
        rows = []
        for s in self.shares:
            low, high = self._ends(s)
            ends = {} if hidden else {"low": 100 * low, "high": 100 * high}
            rows.append({"row": f"{s.group}, {s.period}", "value": s.yes if hidden else 100 * s.value, **ends})
        y = {"field": "row", "type": "ordinal", "sort": None, "title": None, "axis": {"labelLimit": 260}}
        x = {"type": "quantitative", "title": title.render(language), "scale": {"domainMin": 0, "nice": True}}
        layer: list[dict[str, Any]] = []
        if not hidden:
            layer.append(
                {
                    "mark": {"type": "bar", "style": "interval", "height": 12},
                    "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
                }
            )
        layer.append(
            {
                "mark": {"type": "point", "style": "observed", "filled": True, "size": 80},
                "encoding": {"y": y, "x": {"field": "value", **x}},
            }
        )
        return {"$schema": SCHEMA, "width": 360, "height": {"step": 28}, "data": {"values": rows}, "layer": layer}

    def explain(self, language: str = "en") -> str:
        said: list[Message] = [self._counted(), self._found(probability(self.p_value, language))]
        if not (self.interval[0] > 0 or self.interval[1] < 0):
            said.append(_could_show(*self.detectable))
        said.append(
            {
                DESIGNS[0]: msg(
                    "This takes for granted that without the response both groups would have changed by as many points, "
                    "which these figures can't show."
                ),
                DESIGNS[1]: msg("Nothing was compared, so what would have happened without the response is not known."),
                DESIGNS[2]: msg(
                    "How the groups stood before is not known, so a difference between them may be older than the response."
                ),
            }[self.design]
        )
        said.append(msg("Those who did not answer, or were not followed up, are not in these figures and may differ."))
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)

    def _ends(self, share: Share) -> tuple[float, float]:
        whole = math.nan if share.population is None else float(share.population)
        low, high = numbers.wilson(share.yes, share.of, level=self.level, population=whole)
        return float(low), float(high)

    def _counted(self) -> Message:
        parts = [
            msg("{yes:count} of {n:count} ({group}, {period})", yes=s.yes, n=s.of, group=s.group, period=s.period)
            if s.of < HIDDEN
            else msg(
                "{yes:count} of {n:count}, {share:percent} ({group}, {period})",
                yes=s.yes, n=s.of, share=s.value, group=s.group, period=s.period,
            )
            for s in self.shares
        ]  # fmt: skip
        return msg("{what}: {parts:list}.", what=self.what, parts=parts)

    def _found(self, p: str) -> Message:
        low, high = self.interval
        clear = low > 0 or high < 0
        if self.shown == "hidden":
            if clear:
                return msg(
                    "With bases this small no percentage is given; the difference is more than chance makes likely (p = "
                    "{p}).",
                    p=p,
                )
            return msg(
                "With bases this small no percentage is given, and the difference may well be chance (p = {p}).", p=p
            )
        given: dict[str, Any] = {"d": _points(self.estimate), "low": _points(low), "high": _points(high), "p": p}
        if clear:
            return msg(
                "The difference is {d} percentage points; values from {low} to {high} fit the figures (p = {p}).", **given
            )
        return msg(
            "No clear difference: it is {d} percentage points, and anything from {low} to {high} fits the figures (p = "
            "{p}).",
            **given,
        )


@register
@dataclass(frozen=True, kw_only=True)
class DetectableProportion(Figures):
    """What a design with these ``bases`` could show, before any answer is in: ``estimate`` is the smallest fall and
    ``rise`` the smallest rise of the treated share after, shown with probability ``power``, where all groups are at
    ``share``; NaN where none would be. Nothing is tested: there is no interval and no p-value."""

    type_name: ClassVar[str] = "detectable-proportion"

    estimate: float
    rise: float
    share: float
    power: float
    level: float
    design: str
    bases: tuple[int, ...]
    standard_error: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    p_value: float = math.nan

    def table(self) -> Table:
        columns = (
            Column("bases", msg("Bases")),
            Column("share", msg("Share expected"), msg("%"), True),
            Column("fall", msg("Smallest fall"), msg("points"), True),
            Column("rise", msg("Smallest rise"), msg("points"), True),
        )
        fall, rise = (100 * v if math.isfinite(v) else None for v in (self.estimate, self.rise))
        return Table(columns, ((", ".join(map(str, self.bases)), 100 * self.share, fall, rise),))

    def chart(self, language: str = "en") -> dict[str, Any]:
        low = self.share - self.estimate if math.isfinite(self.estimate) else 0.0
        high = self.share + self.rise if math.isfinite(self.rise) else 1.0
        x = {"type": "quantitative", "title": msg("share that could not be told from no change, %").render(language)}
        axis = {**x, "scale": {"domain": [0, 100]}}
        return {
            "$schema": SCHEMA,
            "width": 360,
            "height": 40,
            "layer": [
                {
                    "data": {"values": [{"low": 100 * low, "high": 100 * high}]},
                    "mark": {"type": "bar", "style": "interval", "height": 14},
                    "encoding": {"x": {"field": "low", **axis}, "x2": {"field": "high"}},
                },
                {
                    "data": {"values": [{"x": 100 * self.share}]},
                    "mark": {"type": "rule", "style": "expected"},
                    "encoding": {"x": {"field": "x", **axis}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        said = [
            msg(
                "The share is expected to be {share:percent}, of {bases:list} people.",
                share=self.share,
                bases=[*map(str, self.bases)],
            ),
            _could_show(self.estimate, self.rise),
            msg(
                "Larger bases would show less, and so would the same people asked twice, if the answers are kept in pairs."
            ),
            *(c.text for c in self.checks if not c.passed),
        ]
        return " ".join(m.render(language) for m in said)


def read_shares(path: Path | str) -> tuple[Share, ...]:
    """The shares of a CSV file with columns ``group``, ``period``, ``yes``, ``of`` and, where known, ``population``.

    Raises ``ForestallError`` with file and line for what is no number, more ``yes`` than ``of``, an empty base, a
    population below its base, and a group and period that stand there twice.
    """
    _, rows = read_rows(path, ("group", "period", "yes", "of"), "table of shares")
    seen: dict[tuple[str, str], str] = {}
    out = []
    for row in rows:
        whole = row.whole("population") if row.cells.get("population") else None
        share = Share(row.text("group"), row.text("period"), row.whole("yes"), row.whole("of"), whole)
        key = (share.group, share.period)
        if key in seen:
            raise ForestallError(
                f"{row.where}: {share.group} in {share.period} stands already in {seen[key]}: keep one row"
            )
        seen[key] = row.where
        _check(share, row.where)
        out.append(share)
    return tuple(out)


def proportions(
    shares: Sequence[Share] | Path | str,
    *,
    treated: str,
    after: str,
    compared: str | None = None,
    before: str | None = None,
    what: str = "yes",
    design_effect: float = 1.0,
    same_people: bool = False,
    level: float = 0.95,
) -> ProportionsChange:
    """Whether a share changed where the response was.

    ``shares``: rows, or the file they stand in. ``treated``, ``compared``: groups; ``before``, ``after``: periods. With
    all four it is a difference in differences; without ``compared`` before and after; without ``before`` two groups.
    ``what``: what yes means, as readers see it. ``design_effect``: see :func:`forestall.stats.proportions.contrast`.
    ``same_people``: the same people stand in both periods. Raises ``ForestallError`` where a group or period is not
    there, or neither comparison is named.
    """
    check_level(level)
    rows = read_shares(shares) if isinstance(shares, str | Path) else tuple(shares)
    for share in rows:
        _check(share, f"{share.group}, {share.period}")
    if compared is None and before is None:
        raise ForestallError("one share alone shows no change: name a group to compare with, a period before, or both")
    if compared == treated or before == after:
        raise ForestallError(
            "the treated group can't be compared with itself in the same period: name another group or period"
        )
    wanted = [(treated, after)]
    if before is not None:
        wanted.append((treated, before))
    if compared is not None:
        wanted.append((compared, after))
    if compared is not None and before is not None:
        wanted.append((compared, before))
    used = tuple(_found(rows, group, period) for group, period in wanted)
    design = DESIGNS[0] if len(used) == 4 else DESIGNS[1] if compared is None else DESIGNS[2]
    weights = _weights(len(used))
    yes, of = np.array([s.yes for s in used], float), np.array([s.of for s in used], float)
    made = numbers.contrast(yes, of, weights, level=level, design_effect=design_effect)
    smallest = int(of.min())
    others = float(np.clip(yes[1:].sum() / of[1:].sum(), 0.5 / of.sum(), 1 - 0.5 / of.sum()))
    return ProportionsChange(
        estimate=made.estimate, standard_error=made.standard_error, interval=made.interval, p_value=made.p_value,
        level=level,
        what=what, design=design, shares=used, shown=_shown(smallest),
        detectable=numbers.detectable(of, weights, others, level=level, design_effect=design_effect),
        parameters={
            "treated": treated, "after": after, "compared": compared, "before": before, "design_effect": design_effect,
            "same_people": same_people, "level": level,
        },
        checks=_checks(smallest, design_effect, same_people, any(s.population is not None for s in used)),
    )  # fmt: skip


def detectable_proportion(
    bases: Sequence[int], share: float, *, design_effect: float = 1.0, power: float = 0.8, level: float = 0.95
) -> DetectableProportion:
    """What bases like these could show, before anyone is asked.

    ``bases``: two (the treated group after; before, or another group) or four (treated after and before, compared after
    and before). ``share``: expected. Raises ``ForestallError`` for another number of bases, or a share that is not
    between 0 and 1.
    """
    if len(bases) not in (2, 4):
        raise ForestallError(
            f"give two bases or four, not {len(bases)}: the treated group's after and before, then the compared one's"
        )
    try:
        fall, rise = numbers.detectable(
            np.array(bases, float), _weights(len(bases)), share, level=level, power=power, design_effect=design_effect
        )
    except ValueError as error:
        raise ForestallError(str(error)) from error
    return DetectableProportion(
        estimate=fall, rise=rise, share=share, power=power, level=level,
        design=DESIGNS[0] if len(bases) == 4 else DESIGNS[1],
        bases=tuple(int(b) for b in bases),
        parameters={"share": share, "power": power, "level": level, "design_effect": design_effect},
        checks=_checks(int(min(bases)), design_effect, False, False)[:1],
    )  # fmt: skip


def _weights(groups: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([1.0, -1.0] if groups == 2 else [1.0, -1.0, -1.0, 1.0])


def _check(share: Share, where: str) -> None:
    if share.of <= 0:
        raise ForestallError(f"{where}: of is {share.of}: nobody asked gives no share, so take the row out")
    if not 0 <= share.yes <= share.of:
        raise ForestallError(f"{where}: yes is {share.yes} of {share.of}: mend the one that is wrong")
    if share.population is not None and share.population < share.of:
        raise ForestallError(
            f"{where}: {share.of} were asked of a population of {share.population}: mend the one that is wrong"
        )


def _found(rows: Sequence[Share], group: str, period: str) -> Share:
    here = [s for s in rows if s.group == group and s.period == period]
    if len(here) > 1:
        raise ForestallError(f"{group} in {period} stands there twice: keep one row")
    if here:
        return here[0]
    groups, periods = sorted({s.group for s in rows}), sorted({s.period for s in rows})
    if group not in groups:
        raise ForestallError(f"there is no group {group!r}; there are: {', '.join(groups) or 'none'}")
    if period not in periods:
        raise ForestallError(f"there is no period {period!r}; there are: {', '.join(periods)}")
    raise ForestallError(f"{group} has no row for {period}: add it, or compare without it")


def _could_show(fall: float, rise: float) -> Message:
    ends = [v for v in (fall, rise) if math.isfinite(v)]
    if not ends:
        return msg("Bases like these could show no change at all four times out of five.")
    if len(ends) == 1 and math.isfinite(rise):
        return msg(
            "Bases like these could show a rise of {rise} points or more four times out of five, and no fall.",
            rise=_size(rise),
        )
    if len(ends) == 1:
        return msg(
            "Bases like these could show a fall of {fall} points or more four times out of five, and no rise.",
            fall=_size(fall),
        )
    return msg(
        "Bases like these could show a fall of {fall} points or more, or a rise of {rise}, four times out of five.",
        fall=_size(fall), rise=_size(rise),
    )  # fmt: skip


def _shown(smallest: int) -> str:
    return "hidden" if smallest < HIDDEN else "rough" if smallest < ROUGH else "yes"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _size(value: float) -> str:
    return f"{math.ceil(100 * value - 1e-9)}"


def _checks(smallest: int, design_effect: float, same_people: bool, finite: bool) -> tuple[Check, ...]:
    large = smallest >= ROUGH
    if same_people:
        alone = msg(
            "The same people stand before and after, and these counts don't say who changed: the interval is wider than "
            "pairs would give."
        )
    elif design_effect > 1:
        alone = msg("People of the same school or street answer alike, which the design effect allows for.")
    else:
        alone = msg(
            "People are taken to answer independently: those of one school or street seldom do, and the interval is then "
            "too narrow."
        )
    return (
        Check(
            "base",
            large,
            msg("Every base has 100 people or more.")
            if large
            else msg("The smallest base is {n:count}: read the figures as rough.", n=smallest),
        ),
        Check("independent", design_effect > 1 and not same_people, alone),
        Check(
            "population",
            not finite,
            msg(
                "Intervals of single shares are of the people there were; that of the difference is not, because the "
                "question is what would have happened."
            )
            if finite
            else msg("No population was given, so intervals are of the many who might have been asked."),
        ),
    )
