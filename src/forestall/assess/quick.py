"""The quick test of one place: events before and after, what people there say, and what that can't show.

A park, an address or a shop has too few events for fair comparisons, and deserves an answer all the same. The chart is of
days between events (the *g chart*), whose limits rest on the time before; the two rates come with an interval widened for
events that come in clumps. Nothing is compared with it, so no p-value is given and no cause is claimed (Maryland scale 2
at the most).

Each stretch of time has its own clock: the spell under way on the day on which the response starts is cut there, because a
spell that happens to be under way on a given day is longer than most.

Sources: Benneyan, *Number-between g-type statistical quality control charts*, Health Care Management Science 4 (2001)
305-318; Barnett, van der Pols and Dobson, *Regression to the mean*, International Journal of Epidemiology 34 (2005)
215-220.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.assess._sheet import read_rows
from forestall.assess._words import Answer, tally
from forestall.assess.randomise import MONTH, months_between
from forestall.errors import ForestallError
from forestall.results import Check, Column, Figures, Table, register
from forestall.stats.rates import check_level, interval_chart, plain, poisson_interval, rate_ratio
from forestall.stats.shewhart import ControlChart, control_chart
from forestall.text import Message, msg, msg_n

Floats = npt.NDArray[np.float64]

#: Days in the bins whose scatter says how much events clump.
BIN = 28
#: Fewer bins than this don't show it.
BINS = 8
#: A chart's baseline needs so many gaps (or months).
LEAST = 3
#: A year, and how far two stretches may be from whole years or from the same season.
YEAR, NEAR = 365.25, 20
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Stretch:
    """``first``, ``last``: days, inclusive; ``events`` counted in ``days``."""

    first: str
    last: str
    events: int
    days: int

    @property
    def rate(self) -> float:
        """Events in four weeks."""
        return self.events / self.days * BIN


@register
@dataclass(frozen=True, kw_only=True)
class QuickTest(Figures):
    """``estimate``: the rate after over the rate before, with ``interval`` at ``level``; ``p_value`` and
    ``standard_error`` are NaN, because with nothing compared neither is honest. ``before``, ``after``: the two stretches;
    ``aside``: the one, if any, in which the place was chosen, which is compared with neither. ``precision``: ``day`` or
    ``month``. ``dispersion``: variance over mean of counts. ``quiet``: days since the last event at the end. ``control``:
    the chart, or None where the time before is too thin for one, and ``begins`` the number of its first point after the
    start (its length where there is none). ``words``: answers; ``asked``: people who were asked."""

    type_name: ClassVar[str] = "quick-test"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    before: Stretch
    after: Stretch
    aside: Stretch | None
    precision: str
    dispersion: float
    quiet: int | None
    control: ControlChart | None
    begins: int
    words: tuple[Answer, ...]
    asked: int

    def table(self) -> Table:
        columns = (
            Column("stretch", msg("Time")),
            Column("first", msg("First day")),
            Column("last", msg("Last day")),
            Column("events", msg("Events"), None, True),
            Column("days", msg("Days"), None, True),
            Column("rate", msg("Rate"), msg("in four weeks"), True),
            Column("low", msg("Lower end"), msg("in four weeks"), True),
            Column("high", msg("Upper end"), msg("in four weeks"), True),
        )
        rows = []
        stretches = (
            (msg("before"), self.before),
            (msg("set aside: the place was chosen then"), self.aside),
            (msg("after"), self.after),
        )
        for said, s in stretches:
            if s is not None:
                low, high = poisson_interval(s.events, level=self.level, dispersion=self.dispersion)
                ends = (float(low) / s.days * BIN, float(high) / s.days * BIN)
                rows.append((said, s.first, s.last, s.events, s.days, s.rate, *ends))
        return Table(columns, tuple(rows), msg("Raw counts, with {level:percent} intervals", level=self.level))

    def chart(self, language: str = "en") -> Any:
        if self.control is not None:
            return self._with_start(self.control.chart(language))
        title = msg("Rate after over rate before").render(language)
        return interval_chart(self.estimate, self.interval, title, scale={"type": "log"}, reference=1.0)

    def explain(self, language: str = "en") -> str:
        b, a = self.before, self.after
        said: list[Message] = [
            msg(
                "Events before: {x0:count} ({r0} in four weeks, over {t0:count} days); after: {x1:count} ({r1} "
                "in four weeks, over {t1:count} days).",
                x0=b.events, t0=b.days, r0=plain(b.rate), x1=a.events, t1=a.days, r1=plain(a.rate),
            ),
            self._change(),
        ]  # fmt: skip
        if self.quiet is not None:
            said.append(
                msg_n(
                    "At the end {n:count} day had passed without an event.",
                    "At the end {n:count} days had passed without an event.",
                    self.quiet,
                )
            )
        said += self._charted()
        said += tally(self.words, self.asked)
        said.append(
            msg(
                "This is a quick test of one place: with nowhere to compare, it can't show that the response caused "
                "anything. A place that is chosen because it stood high tends to fall by itself, and seasons, weather "
                "and other work look the same. There is no p-value for that reason. If more hangs on the answer, take a "
                "standard design."
            )
        )
        said += [c.text for c in self.checks if not c.passed and c.name != "compared"]
        return " ".join(m.render(language) for m in said)

    def _change(self) -> Message:
        low, high = self.interval
        if math.isnan(self.estimate):
            return msg("Nothing happened in either, so nothing can be said of a change.")
        if math.isinf(self.estimate):
            return msg("Nothing happened before, so there is no ratio.")
        given: dict[str, Any] = {"r": self.estimate, "low": low, "high": high}
        if high < 1:
            return msg("Events came less often, at {r:ratio} times the rate ({low:ratio} to {high:ratio}).", **given)
        if low > 1:
            return msg("Events came more often, at {r:ratio} times the rate ({low:ratio} to {high:ratio}).", **given)
        return msg(
            "No clear change: the rate is {r:ratio} times what it was, and anything from {low:ratio} to {high:ratio} fits.",
            **given,
        )

    def _with_start(self, drawn: Any) -> Any:
        """The control chart with a line at the first point after the start."""
        rows = drawn["data"]["values"]
        if self.begins < len(rows):
            x = {"field": "period", "type": "ordinal"}
            line = {
                "data": {"values": [{"period": rows[self.begins]["period"]}]},
                "mark": {"type": "rule", "style": "flagged"},
            }
            drawn["layer"].insert(0, {**line, "encoding": {"x": x}})
        return drawn

    def _charted(self) -> list[Message]:
        if self.control is None:
            return [
                msg(
                    "Too few events came before for a control chart, which needs {least:count} spells between them.",
                    least=LEAST,
                )
            ]
        stop = self.control.baseline[1]
        later = [s for s in self.control.signals if s.at >= stop]
        kind = msg("months") if self.precision == "month" else msg("spells between events")
        if not later:
            return [msg("On the chart of {kind} nothing after the baseline lies outside what went before.", kind=kind)]
        return [
            msg_n(
                "On the chart of {kind} there is {n:count} signal after the baseline.",
                "On the chart of {kind} there are {n:count} signals after the baseline.",
                len(later),
                kind=kind,
            )
        ]


def days_between(
    events: Sequence[str | dt.date],
    *,
    first: str,
    start: str,
    last: str,
    chosen_from: str | None = None,
    words: Sequence[Answer] = (),
    asked: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> QuickTest:
    """One place's events before and after the day on which a response started.

    ``events``: a day each (``2027-05-03``), or a month each (``2027-05``) where the records know no more; then months are
    counted, and a month in which the response starts in its midst is left out. ``first``, ``last``: the days from and to
    which events are known; ``start``: the first day with the response. ``chosen_from``: the place was chosen for what
    happened from this day on, so that the days up to the start are set aside. ``words``, ``asked``: what people said, of
    how many asked.

    Raises ``ForestallError`` for no day before or after, dates out of order, events outside the days given, and days
    mixed with months.
    """
    check_level(level)
    days = [_day(name, value) for name, value in (("first", first), ("start", start), ("last", last))]
    since = _day("chosen_from", chosen_from) if chosen_from is not None else days[1]
    if not days[0] < since <= days[1] <= days[2]:
        raise ForestallError(
            f"first ({first}), {'' if chosen_from is None else f'chosen_from ({chosen_from}), '}start ({start}) and last "
            f"({last}) must follow each other, with a day before and one after"
        )
    people = len(words) if asked is None else asked
    if people < len(words):
        raise ForestallError(f"more people answered ({len(words)}) than were asked ({people}): mend one of the two")
    monthly = _precision(events)
    made = _by_month if monthly else _by_day
    before, aside, after, bins, quiet, chart, begins = made(events, days[0], since, days[1], days[2], seed)
    phi, enough = _dispersion(bins)
    ratio = rate_ratio(after.events, before.events, after.days, before.days, level=level, dispersion=phi)
    unfit = before.events + after.events == 0
    return QuickTest(
        estimate=ratio.estimate, standard_error=math.nan, interval=(math.nan, math.nan) if unfit else ratio.interval,
        p_value=math.nan, level=level, before=before, after=after, aside=aside, precision="month" if monthly else "day",
        dispersion=phi, quiet=quiet, control=chart, begins=begins, words=tuple(words), asked=people, seed=seed,
        parameters={"first": first, "start": start, "last": last, "chosen_from": chosen_from, "level": level},
        checks=_checks(before, after, chosen_from is not None, enough),
    )  # fmt: skip


def read_events(path: Path | str) -> tuple[str, ...]:
    """The events of a CSV file with a column ``date``, of days or months."""
    _, rows = read_rows(path, ("date",), "list of events")
    out = []
    for row in rows:
        text = row.text("date")
        if not MONTH.fullmatch(text):
            text = text[:10]
            try:
                dt.date.fromisoformat(text)
            except ValueError as error:
                raise ForestallError(
                    f"{row.where}: {text!r} is no day: write it as 2027-05-03 (or the month, 2027-05)"
                ) from error
        out.append(text)
    return tuple(out)


def _day(name: str, value: str | dt.date) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value if DAY.fullmatch(value) else "")
    except ValueError as error:
        raise ForestallError(f"{name} is {value!r}: write the day as 2027-05-03") from error


def _precision(events: Sequence[str | dt.date]) -> bool:
    """Whether events know their month alone."""
    months = [isinstance(e, str) and MONTH.fullmatch(e) is not None for e in events]
    if any(months) and not all(months):
        raise ForestallError(
            "some events know their day and some their month alone: count them all by month, or leave those without a "
            "day out"
        )
    return any(months)


Made = tuple[Stretch, Stretch | None, Stretch, list[Floats], int | None, ControlChart | None, int]


def _by_day(
    events: Sequence[str | dt.date], first: dt.date, since: dt.date, start: dt.date, last: dt.date, seed: int
) -> Made:  # fmt: skip
    found = sorted(_day("an event", e) for e in events)
    outside = [e for e in found if not first <= e <= last]
    if outside:
        raise ForestallError(f"an event of {outside[0]} lies outside {first} to {last}: widen the days, or leave it out")
    parts = [(first, since - dt.timedelta(1)), (since, start - dt.timedelta(1)), (start, last)]
    stretches, gaps, labels, bins, base = [], [], [], [], 0
    for i, (a, z) in enumerate(parts):
        inside = [e for e in found if a <= e <= z]
        length = (z - a).days + 1
        stretches.append(Stretch(a.isoformat(), z.isoformat(), len(inside), length))
        clock = a
        for e in inside:
            gaps.append((e - clock).days)
            labels.append(e.isoformat())
            clock = e
        if i == 0:
            base = len(gaps)
        if i != 1:
            at = np.array([(e - a).days for e in inside], np.int64) // BIN
            bins.append(np.bincount(at, minlength=length // BIN)[: length // BIN].astype(float))
    quiet = (last - max([e for e in found if e >= start], default=start)).days
    chart = None
    if base >= LEAST and sum(gaps[:base]) > 0:
        chart = control_chart(gaps, kind="days_between", baseline=base, labels=labels, seed=seed)
    return (
        stretches[0],
        stretches[1] if since < start else None,
        stretches[2],
        bins,
        quiet,
        chart,
        len(gaps) - stretches[2].events,
    )


def _by_month(
    events: Sequence[str | dt.date], first: dt.date, since: dt.date, start: dt.date, last: dt.date, seed: int
) -> Made:  # fmt: skip
    known = [str(e) for e in events]
    whole_first = first if first.day == 1 else _next(first)
    whole_last = last if (last + dt.timedelta(1)).day == 1 else last.replace(day=1) - dt.timedelta(1)
    stray = [e for e in known if not f"{first:%Y-%m}" <= e <= f"{last:%Y-%m}"]
    if stray:
        raise ForestallError(f"an event of {stray[0]} lies outside {first} to {last}: widen the days, or leave it out")
    begin = start if start.day == 1 else _next(start)
    chosen = since.replace(day=1)
    before = _months(whole_first, chosen)
    after = _months(begin, whole_last + dt.timedelta(1))
    if not before or not after:
        raise ForestallError(
            f"these events know their month alone, and there is no whole month before or after {start}: give more "
            "months, or events by day"
        )
    aside = _months(chosen, start.replace(day=1))
    count = {m: known.count(m) for m in set(known)}
    series = [(m, count.get(m, 0)) for m in (*before, *aside, *after)]
    values = np.array([c for _, c in series], float)
    lengths = np.array([_length(m) for m, _ in series], float)
    chart = None
    if len(before) >= LEAST and values[: len(before)].sum() > 0:
        chart = control_chart(values, exposure=lengths, baseline=len(before), labels=[m for m, _ in series], seed=seed)
    n0, n1 = len(before), len(before) + len(aside)
    return (
        _stretch(before, values[:n0]), _stretch(aside, values[n0:n1]) if aside else None, _stretch(after, values[n1:]),
        [values[:n0], values[n1:]], None, chart, n1,
    )  # fmt: skip


def _next(day: dt.date) -> dt.date:
    """The first day of the next month."""
    return (day.replace(day=1) + dt.timedelta(32)).replace(day=1)


def _months(first: dt.date, beyond: dt.date) -> tuple[str, ...]:
    """Months from that of ``first`` to the one before that of ``beyond``."""
    last = beyond.replace(day=1) - dt.timedelta(1)
    return months_between(f"{first:%Y-%m}", f"{last:%Y-%m}") if first <= last else ()


def _length(month: str) -> int:
    return (_next(dt.date.fromisoformat(f"{month}-01")) - dt.date.fromisoformat(f"{month}-01")).days


def _stretch(months: Sequence[str], counts: Floats) -> Stretch:
    last = _next(dt.date.fromisoformat(f"{months[-1]}-01")) - dt.timedelta(1)
    return Stretch(f"{months[0]}-01", last.isoformat(), int(counts.sum()), sum(_length(m) for m in months))


def _dispersion(bins: Sequence[Floats]) -> tuple[float, bool]:
    """Variance over mean of counts about each stretch's own mean, 1 at the least, and whether there is enough to see it."""
    chi = free = 0.0
    for counts in bins:
        if len(counts) > 1 and counts.sum() > 0:
            chi += float(((counts - counts.mean()) ** 2).sum() / counts.mean())
            free += len(counts) - 1
    if not free:
        return 1.0, False
    # Known from so few counts, the scatter itself is unsure: Student's quantile stands for the normal one.
    unsure = (float(ss.t.isf(0.025, free)) / float(ss.norm.isf(0.025))) ** 2
    return max(1.0, chi / free * unsure), free >= BINS - 1


def _checks(before: Stretch, after: Stretch, chosen: bool, enough: bool) -> tuple[Check, ...]:
    alike = _same_season(before, after)
    return (
        Check("compared", False, msg("Nothing was compared with this place.")),
        Check(
            "chosen",
            chosen,
            msg("The time in which the place was chosen is set aside, so a fall back to its usual level is not counted.")
            if chosen
            else msg(
                "Whether the time before holds the peak for which the place was chosen is not known: if it does, set it "
                "aside."
            ),
        ),
        Check(
            "season",
            alike,
            msg("Before and after cover the same seasons.")
            if alike
            else msg("Before and after do not cover the same seasons, and part of a change may be the time of year."),
        ),
        Check(
            "clumps",
            enough,
            msg("The interval is widened for events that come in clumps.")
            if enough
            else msg("The time is too short to see whether events come in clumps: if they do, the interval is too narrow."),
        ),
    )


def _same_season(before: Stretch, after: Stretch) -> bool:
    """Whether both are whole years, or run over the same days of the year."""

    def from_year(days: float) -> float:
        return abs(days - round(days / YEAR) * YEAR)

    whole = all(s.days > YEAR - NEAR and from_year(s.days) <= NEAR for s in (before, after))
    apart = (dt.date.fromisoformat(after.first) - dt.date.fromisoformat(before.first)).days
    return whole or (from_year(apart) <= NEAR and apart > NEAR and abs(after.days - before.days) <= NEAR)
