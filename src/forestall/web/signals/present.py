"""Signals as pages say them: headlines, figures with their signs, labels. Words only; no method lives here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forestall import catalogue
from forestall.report.maps import Zone
from forestall.results import Finding, Signal
from forestall.results.signal import PERSON_KINDS, UNMAPPED_KINDS
from forestall.text import Message, msg, msg_n
from forestall.web.signals.choice import Choice
from forestall.web.signals.pinned import Pinned

KIND = {
    "rising": msg("Rising"),
    "force-wide": msg("Force-wide"),
    "concentrated": msg("Concentrated"),
    "outlier": msg("Outlier"),
    "near-repeat": msg("Near repeats"),
    "seasonal-return": msg("Season returning"),
    "repeat-location": msg("Repeat location"),
    "repeat-victim": msg("Repeat victim"),
    "repeat-suspect": msg("Repeat suspect"),
    "frequent-caller": msg("Frequent caller"),
    "falling": msg("Falling"),
}
#: Changes, of which a fall is the good one; the others say how things stand.
RISES = frozenset({"rising", "force-wide"})
SORT = {"themes": msg("theme"), "harm": msg("harm"), "change": msg("change"), "count": msg("count")}
STANDING = {"suspected": msg("Suspected"), "confirmed": msg("Confirmed"), "rejected": msg("Rejected")}
SHAPE = {
    "passing": msg("A spell of months"),
    "step": msg("A lasting change of level"),
    "turnover": msg("Map points or street names replaced"),
}


#: A change is given in times from here on.
TIMES = 3
#: Kinds whose figure is a count of one person's or place's records.
COUNTED = PERSON_KINDS | {"repeat-location"}


def standing(kind: str, established: bool) -> Message:
    """A kind with its certainty; a concentration is neither sure nor unsure."""
    if kind == "concentrated":
        return KIND[kind]
    if established:
        return msg("{kind}, established", kind=KIND[kind])
    return msg("{kind}, could be chance", kind=KIND[kind])


@dataclass(frozen=True)
class Row:
    """A signal in the list. ``number`` ties it to the map."""

    number: int
    signal: Signal

    @property
    def title(self) -> Message:
        return catalogue.category(self.signal.category).title

    @property
    def kind(self) -> Message:
        return KIND[self.signal.kind]

    @property
    def standing(self) -> Message:
        """Kind and certainty in words, because a colour alone says nothing."""
        return standing(self.signal.kind, self.signal.established)

    @property
    def also(self) -> Message | None:
        """The further kinds that point to the same problem."""
        more = self.signal.kinds[1:]
        return msg("Also: {kinds:list}", kinds=[KIND[k] for k in more]) if more else None

    @property
    def figure(self) -> str:
        """Change in per cent, the share of the force's records, or how many records one person or place has."""
        if self.signal.kind in COUNTED:
            return f"{self.signal.observed:,}"
        if self.signal.kind == "concentrated":
            return f"{self.signal.details.get('share', 0) * 100:.0f}%"
        return percent(self.signal.ratio)

    @property
    def figure_note(self) -> Message:
        s = self.signal
        if s.kind == "concentrated":
            n = len(s.areas)
            return msg_n("of all records, in {n:count} area", "of all records, in {n:count} areas", n=n)
        if s.kind in COUNTED:
            return msg_n("record in a year", "records in a year", n=s.observed)
        times = s.ratio >= TIMES
        return interval(percent(s.interval[0], times), percent(s.interval[1], times), open_ended(s))

    @property
    def counts(self) -> Message:
        s = self.signal
        if s.kind in COUNTED:
            return msg("{observed:count} recorded, {usual:ratio} on average", observed=s.observed, usual=s.expected)
        if s.kind == "near-repeat":
            return msg("{observed:count} near pairs, {expected:decimal} expected", observed=s.observed, expected=s.expected)
        return msg("{observed:count} recorded, {expected:count} expected", observed=s.observed, expected=s.expected)

    @property
    def months(self) -> Message:
        return msg("since {since:month}", since=self.signal.since)

    @property
    def harm(self) -> Message | None:
        if self.signal.harm is None:
            return None
        return msg("harm {days:count}", days=self.signal.harm)


def counted(s: Signal) -> Message:
    """What the number of a signal counts."""
    return msg("Near pairs") if s.kind == "near-repeat" else msg("Recorded")


def compared(s: Signal) -> tuple[Message, Message]:
    """What it is held against, and what the ratio of the two is called."""
    if s.kind in COUNTED:
        return msg("On average"), msg("Times the average")
    if s.kind == "concentrated":
        return msg("In proportion"), msg("Times in proportion")
    return msg("Expected"), msg("Times expected")


def series_headline(s: Signal) -> Message:
    """The sentence over the chart of the months."""
    inside = [n for m, n in zip(s.series.months, s.series.observed, strict=True) if s.since <= m <= s.until]
    if s.since == s.until:
        return msg_n(
            "{n:count} record in {month:month}, the dark bar.", "{n:count} records in {month:month}, the dark bar.",
            n=sum(inside), month=s.since,
        )  # fmt: skip
    return msg_n(
        "{n:count} record from {since:month} to {until:month}, the dark bars.",
        "{n:count} records from {since:month} to {until:month}, the dark bars.",
        n=sum(inside), since=s.since, until=s.until,
    )  # fmt: skip


def open_ended(s: Signal) -> bool:
    """Whether the interval has no upper end: a scan writes it as a thousand times the ratio, which JSON can hold."""
    return s.interval[1] >= 999 * max(s.ratio, 1e-9)


def interval(low: str, high: str, endless: bool) -> Message:
    return msg("{low} or more", low=low) if endless else msg("{low} to {high}", low=low, high=high)


def percent(ratio: float, times: bool | None = None) -> str:
    """A ratio as a change: 1.86 is +86%. From three times on, times read better: ×3.4. ``times``: which of the two, so that
    an interval is written as its figure is."""
    if ratio >= TIMES if times is None else times:
        return f"×{ratio:,.1f}" if ratio < 100 else f"×{ratio:,.0f}"
    change = round((ratio - 1) * 100)
    return f"{'−' if change < 0 else '+' if change > 0 else ''}{abs(change)}%"


def answer(signals: Sequence[Signal], until: str) -> Message:
    """The sentence on top of the list: what stands out."""
    sure = sum(s.established and s.kind in RISES for s in signals)
    places = sum(s.kind == "concentrated" for s in signals)
    rises = (
        msg_n("{n:count} rise is established", "{n:count} rises are established", n=sure)
        if sure
        else msg("no rise is established")
    )
    held = msg_n("{n:count} small place holds an outsize share", "{n:count} small places hold an outsize share", n=places)
    if not places:
        return msg("Up to {until:month}, {rises}.", until=until, rises=rises)
    return msg("Up to {until:month}, {rises} and {places}.", until=until, rises=rises, places=held)


def aside(signals: Sequence[Signal]) -> Message | None:
    """What is listed too, and should not be taken for sure."""
    maybe = sum(not s.established and s.kind in RISES for s in signals)
    if not maybe:
        return None
    return msg_n(
        "{n:count} more rise is listed that could be chance.",
        "{n:count} more rises are listed that could be chance.",
        n=maybe,
    )


def headline(s: Signal) -> Message:
    """One signal in one sentence."""
    title = catalogue.category(s.category).title
    if s.kind == "concentrated":
        return msg(
            "{category}: {share:percent} of the force’s records lie in {place}.",
            category=title,
            share=float(s.details.get("share", 0)),
            place=s.place,
        )
    if s.kind in HEADLINES:
        return HEADLINES[s.kind](s, title)
    if s.kind == "force-wide":
        return msg(
            "{category}: up across the whole force area since {since:month} ({change}).",
            category=title,
            since=s.since,
            change=percent(s.ratio),
        )
    if s.established:
        return msg(
            "{category}: up in {place} since {since:month} ({change}).",
            category=title,
            place=s.place,
            since=s.since,
            change=percent(s.ratio),
        )
    return msg(
        "{category}: perhaps up in {place} since {since:month} ({change}), and it could be chance.",
        category=title,
        place=s.place,
        since=s.since,
        change=percent(s.ratio),
    )


def _fell(s: Signal, title: Message) -> Message:
    figures = {"category": title, "place": s.place, "since": s.since, "until": s.until, "change": percent(s.ratio)}
    if s.established:
        return msg("{category}: down in {place} from {since:month} to {until:month} ({change}).", **figures)
    return msg(
        "{category}: perhaps down in {place} from {since:month} to {until:month} ({change}), and it could be chance.",
        **figures,
    )


def _outlier(s: Signal, title: Message) -> Message:
    return msg(
        "{category}: {place} has {ratio:ratio} times what is usual in areas of its kind.", category=title, place=s.place,
        ratio=s.ratio,
    )  # fmt: skip


def _season(s: Signal, title: Message) -> Message:
    return msg(
        "{category}: {place} is about to see its season again, from {since:month}.", category=title, place=s.place,
        since=str(s.details.get("ahead_since", s.until)),
    )  # fmt: skip


def _burst(s: Signal, title: Message) -> Message:
    return msg(
        "{category}: crimes close upon each other in {place}, a chain of {chain:count} since {since:month}.",
        category=title, place=s.place, chain=int(s.details.get("chain", 0)), since=s.since,
    )  # fmt: skip


#: The sentence of each kind that isn't a rise or a concentration.
HEADLINES: dict[str, Callable[[Signal, Message], Message]] = {
    "falling": _fell,
    "outlier": _outlier,
    "seasonal-return": _season,
    "near-repeat": _burst,
    "repeat-location": lambda s, title: msg(
        "{category}: {n:count} records at one location in {place}.", category=title, n=s.observed, place=s.place
    ),
    "repeat-victim": lambda s, _: msg("One person was a victim {n:count} times, in {place}.", n=s.observed, place=s.place),
    "repeat-suspect": lambda s, _: msg(
        "One person was named as a suspect {n:count} times, in {place}.", n=s.observed, place=s.place
    ),
    "frequent-caller": lambda s, _: msg(
        "One caller, who may need support, called {n:count} times from {place}.", n=s.observed, place=s.place
    ),
}


@dataclass(frozen=True)
class Group:
    """A part of the list under a heading. ``more``: how many further signals it has, and the choice that shows them."""

    title: Message
    rows: tuple[Row, ...]
    more: int = 0
    choice: Choice | None = None


def grouped(signals: Sequence[Signal], choice: Choice, opening: int) -> list[Group]:
    """The list as it is shown: by theme, each opening with its top few; or one list in the order asked for."""
    if choice.sort != "themes":
        title = {
            "harm": msg("Most harm first"),
            "change": msg("Largest sure change first"),
            "count": msg("Most recorded first"),
        }[choice.sort]
        return [Group(title, tuple(Row(i, s) for i, s in enumerate(signals, 1)))] if signals else []
    out: list[Group] = []
    number = 0
    fell = [s for s in signals if s.kind == "falling"]
    signals = [s for s in signals if s.kind != "falling"]
    for theme in catalogue.themes():
        of_theme = [s for s in signals if s.theme == theme.slug]
        if not of_theme:
            continue
        shown = of_theme if choice.theme or choice.category else of_theme[:opening]
        rows = tuple(Row(number + i, s) for i, s in enumerate(shown, 1))
        number += len(rows)
        out.append(Group(theme.title, rows, len(of_theme) - len(shown), choice.but(theme=theme.slug)))
    if fell:
        shown = fell if choice.kind == "falling" else fell[: 2 * opening]
        rows = tuple(Row(number + i, s) for i, s in enumerate(shown, 1))
        out.append(Group(msg("What fell"), rows, len(fell) - len(shown), choice.but(kind="falling")))
    return out


def zones(rows: Sequence[Row], language: str, href: object = None) -> list[Zone]:
    """The rows' areas to outline on the map; what is force-wide has no outline of its own, and what is about a person none
    at all."""
    return [
        Zone(
            r.number,
            r.signal.areas,
            f"{r.title.render(language)}, {r.signal.place.render(language)}",
            href(r.signal) if callable(href) else None,
        )
        for r in rows
        if r.signal.kind not in UNMAPPED_KINDS
    ]


def where(event: Finding, held: Pinned, language: str) -> str:
    """The places of a recording event."""
    if not event.areas:
        return msg("the whole force area").render(language)
    return ", ".join(held.places.name(a, language) for a in event.areas)


def limits(held: Pinned, signal: Signal) -> list[Message]:
    """What the data cannot tell of a signal."""
    out = [
        msg("What nobody reported or recorded: a fall here can be a fall in reporting."),
        msg("Why: these figures say where and when more was recorded than expected, and never the cause."),
    ]
    if not held.days:
        out.append(msg("The day and the hour: these records know the month alone."))
        out.append(msg("The exact spot: points are moved to the nearest of a fixed set, so a street is a neighbourhood."))
    if signal.kind not in PERSON_KINDS:
        out.append(msg("Who was harmed again: these pages count records, not people."))
    out += held.places.notes
    return out
