"""Signals as pages say them: headlines, figures with their signs, labels. Words only; no method lives here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forestall import catalogue
from forestall.report.maps import Zone
from forestall.results import Finding, Signal
from forestall.text import Message, msg, msg_n
from forestall.web.signals.choice import Choice
from forestall.web.signals.pinned import Pinned

KIND = {"rising": msg("Rising"), "force-wide": msg("Force-wide"), "concentrated": msg("Concentrated")}
SORT = {"themes": msg("theme"), "harm": msg("harm"), "change": msg("change"), "count": msg("count")}
STANDING = {"suspected": msg("Suspected"), "confirmed": msg("Confirmed"), "rejected": msg("Rejected")}
SHAPE = {
    "passing": msg("A spell of months"),
    "step": msg("A lasting change of level"),
    "turnover": msg("Map points or street names replaced"),
}


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
    def standing(self) -> Message | None:
        """In words, because a colour alone says nothing."""
        if self.signal.kind == "concentrated":
            return None
        return msg("established") if self.signal.established else msg("could be chance")

    @property
    def figure(self) -> str:
        """Change in per cent, or the share of the force's records."""
        if self.signal.kind == "concentrated":
            return f"{self.signal.details.get('share', 0) * 100:.0f}%"
        return percent(self.signal.ratio)

    @property
    def figure_note(self) -> Message:
        s = self.signal
        if s.kind == "concentrated":
            n = len(s.areas)
            return msg_n("of the force’s records, in {n:count} area", "of the force’s records, in {n:count} areas", n=n)
        return msg("{low} to {high}", low=percent(s.interval[0]), high=percent(s.interval[1]))

    @property
    def counts(self) -> Message:
        s = self.signal
        return msg("{observed:count} recorded, {expected:count} expected", observed=s.observed, expected=s.expected)

    @property
    def months(self) -> Message:
        s = self.signal
        return span(s.since, s.until)

    @property
    def harm(self) -> Message | None:
        if self.signal.harm is None:
            return None
        return msg("harm {days:count}", days=self.signal.harm)


def percent(ratio: float) -> str:
    """A ratio as a change: 1.86 is +86%. From three times on, times read better: ×3.4."""
    if ratio >= 3:
        return f"×{ratio:,.1f}" if ratio < 100 else f"×{ratio:,.0f}"
    change = round((ratio - 1) * 100)
    return f"{'−' if change < 0 else '+' if change > 0 else ''}{abs(change)}%"


def span(since: str, until: str) -> Message:
    if since == until:
        return msg("{month:month}", month=since)
    return msg("{since:month} to {until:month}", since=since, until=until)


def answer(signals: Sequence[Signal], until: str) -> Message:
    """The sentence on top of the list: what stands out."""
    sure = sum(s.established for s in signals)
    places = sum(s.kind == "concentrated" for s in signals)
    maybe = len(signals) - sure - places
    parts = []
    if sure:
        parts.append(msg_n("{n:count} rise is established", "{n:count} rises are established", n=sure))
    if maybe:
        parts.append(msg_n("{n:count} could be chance", "{n:count} could be chance", n=maybe))
    if places:
        parts.append(
            msg_n("{n:count} small place holds an outsize share", "{n:count} small places hold an outsize share", n=places)
        )
    if not parts:
        return msg("Nothing stands out, up to {until:month}.", until=until)
    return msg("{parts:list}, up to {until:month}.", parts=parts, until=until)


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
    for theme in catalogue.themes():
        of_theme = [s for s in signals if s.theme == theme.slug]
        if not of_theme:
            continue
        shown = of_theme if choice.theme or choice.category else of_theme[:opening]
        rows = tuple(Row(number + i, s) for i, s in enumerate(shown, 1))
        number += len(rows)
        out.append(Group(theme.title, rows, len(of_theme) - len(shown), choice.but(theme=theme.slug)))
    return out


def zones(rows: Sequence[Row], language: str, href: object = None) -> list[Zone]:
    """The rows' areas to outline on the map; what is force-wide has no outline of its own."""
    return [
        Zone(
            r.number,
            r.signal.areas,
            f"{r.title.render(language)}, {r.signal.place.render(language)}",
            href(r.signal) if callable(href) else None,
        )
        for r in rows
        if r.signal.kind != "force-wide"
    ]


def where(event: Finding, held: Pinned, language: str) -> str:
    """The places of a recording event."""
    if not event.areas:
        return msg("the whole force area").render(language)
    return ", ".join(held.places.name(a, language) for a in event.areas)


def limits(held: Pinned) -> list[Message]:
    """What the data cannot tell, whatever the signal."""
    out = [
        msg("What nobody reported or recorded: a fall here can be a fall in reporting."),
        msg("Why: these figures say where and when more was recorded than expected, and never the cause."),
    ]
    if not held.days:
        out.append(msg("The day and the hour: these records know the month alone."))
        out.append(msg("The exact spot: points are moved to the nearest of a fixed set, so a street is a neighbourhood."))
    out.append(msg("Who was harmed again: these pages count records, not people."))
    out += held.places.notes
    return out
