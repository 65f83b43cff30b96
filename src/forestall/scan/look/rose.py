"""What rose: the established rises on a map and in a list, then those of the whole force, then what chance may explain."""

from __future__ import annotations

from forestall import catalogue
from forestall.report import charts, maps
from forestall.report import document as d
from forestall.results import Column, Scan, Signal, Table
from forestall.scan.look.ground import Ground
from forestall.text import Message, Name, msg, msg_n

#: How many candidates that aren't established are shown, for interest.
CANDIDATES = 8


def established(scan: Scan) -> tuple[Signal, ...]:
    """Established rises, places first, in the scan's order."""
    picked = [s for s in scan.signals if s.established]
    return tuple(sorted(picked, key=lambda s: s.kind != "rising"))


def lead(rises: tuple[Signal, ...], scan: Scan) -> Message:
    if not rises:
        n = sum(s.kind == "rising" for s in scan.signals)
        return msg(
            "{n:count} local rises were looked into, and chance alone could have made each of them. That is an answer: "
            "nothing here asks for a response on its rise alone.",
            n=n,
        )
    top = rises[0]
    return msg(
        "First on the list: {category:low} in {place}, {observed:count} recorded since {since:month} where {expected} "
        "to be expected.",
        category=catalogue.category(top.category).title, place=top.place, observed=top.observed,
        since=top.since, expected=_were(top.expected),
    )  # fmt: skip


def section(scan: Scan, ground: Ground) -> d.Section:
    rises = established(scan)
    local = tuple(s for s in rises if s.kind == "rising")
    candidates = sorted((s for s in scan.signals if s.kind != "concentrated" and not s.established), key=_strength)
    blocks: list[d.Block] = []
    if rises:
        blocks += [
            d.Paragraph(
                msg(
                    "A rise is established where a place and a recent spell hold more than its own history, the season "
                    "and the whole force's trend explain. Of such a list, about one in twenty is false."
                )
            )
        ]
        listed = d.Entries(tuple(entry(i, s, ground) for i, s in enumerate(rises, 1)))
        blocks.append(d.Beside((_map(local, ground),), (listed,)) if local else listed)
    if candidates:
        blocks += [d.Heading(msg("Not established: chance alone may explain these"))]
        blocks += [d.TableBlock(table(tuple(candidates[:CANDIDATES])), "candidates")]
    n = len(rises)
    title = (
        msg_n("{n:count} rise is established up to {until:month}", "{n:count} rises are established up to {until:month}", n,
              until=ground.months[-1])
        if n
        else msg("No rise is established up to {until:month}", until=ground.months[-1])
    )  # fmt: skip
    return d.Section("rose", title, tuple(blocks), msg("What rose"))


def entry(number: int, signal: Signal, ground: Ground, more: tuple[d.Block, ...] = ()) -> d.Entry:
    """One signal as an item of a list, with its evidence."""
    concentrated = signal.kind == "concentrated"
    standing = (
        msg("concentrated")
        if concentrated
        else msg("established")
        if signal.established
        else msg("not established")
    )  # fmt: skip
    return d.Entry(
        number=number,
        headline=msg("{category}: {place}", category=catalogue.category(signal.category).title, place=signal.place),
        standing=standing,
        facts=facts(signal),
        spark=d.Spark(signal.series, signal.since, signal.until),
        more=msg("Why, month by month, and where to check"),
        blocks=evidence(signal, ground) + more,
        strong=signal.established,
    )


def facts(signal: Signal) -> tuple[Message, ...]:
    """The figures in one line. A ratio to next to nothing is no figure, so none is given below an expectation of one."""
    if signal.kind == "concentrated":
        details = signal.details
        return (
            msg("{share:percent} of the force's records", share=details["share"]),
            msg_n("in {n:count} area", "in {n:count} areas", len(signal.areas)),
            msg("{times:decimal} times an even spread", times=signal.ratio),
            msg(
                "more than twice its part in {kept:count} of {n:count} quarters",
                kept=details["quarters_kept"], n=details["quarters"],
            ),
        )  # fmt: skip
    out = [
        msg("{observed:count} recorded, {expected} expected", observed=signal.observed, expected=_amount(signal.expected))
    ]
    if signal.expected >= 1:
        out.append(
            msg(
                "{ratio:ratio} times ({low:ratio} to {high:ratio})",
                ratio=signal.ratio, low=signal.interval[0], high=signal.interval[1],
            )
        )  # fmt: skip
    out.append(msg("since {since:month}", since=signal.since))
    return tuple(out)


def evidence(signal: Signal, ground: Ground) -> tuple[d.Block, ...]:
    """The series, the streets, how to check the count in the raw files, and the cautions."""
    title = catalogue.category(signal.category).title
    chart = d.Chart(
        lambda language, width: charts.series_chart(signal, language, width=width),
        msg("{category} in {place}, month by month", category=title, place=signal.place),
        msg(
            "Bars of records a month from {first:month} to {last:month}. In the window from {since:month} there are "
            "{observed:count}; {expected} to be expected.",
            first=signal.series.months[0], last=signal.series.months[-1], since=signal.since, observed=signal.observed,
            expected=_were(signal.expected),
        ),
    )  # fmt: skip
    blocks: list[d.Block] = [
        d.Figure(
            msg(
                "{category} in {place}: {observed:count} recorded from {since:month} to {until:month}, where "
                "{expected} to be expected",
                category=title, place=signal.place, observed=signal.observed, since=signal.since, until=signal.until,
                expected=_were(signal.expected),
            ),
            chart,
            signal.table(),
            f"series-{signal.id}",
        )
    ]  # fmt: skip
    if signal.kind != "force-wide":
        streets = ground.streets(signal.category, signal.areas, signal.since, signal.until)
        if streets:
            blocks.append(
                d.Paragraph(
                    msg(
                        "The map points with the most of them: {streets:list}.",
                        streets=[msg("{street} ({n:count})", street=_street(name), n=n) for name, n in streets],
                    )
                )
            )
        blocks.append(
            d.Paragraph(
                msg(
                    "Check it in the files of {since:month} to {until:month}: rows with Crime type “{category}” and "
                    "LSOA code {codes:list} are {observed:count}.",
                    since=signal.since, until=signal.until, category=Name(title.id), codes=list(signal.areas),
                    observed=signal.observed,
                )
            )
        )  # fmt: skip
    if signal.cautions:
        blocks.append(d.Callout(msg("Before you rely on it"), signal.cautions, "doubt"))
    return tuple(blocks)


def table(signals: tuple[Signal, ...]) -> Table:
    """Signals as a table for a page."""
    columns = (
        Column("category", msg("Category")),
        Column("place", msg("Where")),
        Column("since", msg("Since")),
        Column("observed", msg("Recorded"), msg("count"), True),
        Column("expected", msg("Expected"), msg("count"), True),
        Column("q_value", msg("q"), msg("false-discovery rate"), True),
    )
    rows = tuple(
        (catalogue.category(s.category).title, s.place, s.since, s.observed, s.expected, s.q_value) for s in signals
    )
    return Table(columns, rows, msg("The strongest candidates that are not established"))


def zones(signals: tuple[Signal, ...]) -> tuple[maps.Zone, ...]:
    """The signals' areas as a map outlines them, numbered as in the list."""
    return tuple(
        maps.Zone(i, s.areas, msg("{category}: {place}", category=catalogue.category(s.category).title, place=s.place))
        for i, s in enumerate(signals, 1)
    )


def _map(signals: tuple[Signal, ...], ground: Ground) -> d.Figure:
    values = ground.year()
    heading = msg("records of all kinds in the last twelve months")
    picture = d.Map(
        ground.geojson(),
        msg("Where the established rises are"),
        msg("Circles are areas, larger and darker with more records; outlines are numbered as in the list."),
        values,
        maps.amount(values.values(), heading),
        zones(signals),
        ground.backdrop(),
    )
    return d.Figure(
        msg("Where they are, numbered as in the list"), picture,
        note=msg("Each circle is an area at the middle of its records; grey dots are the files' own map points."),
    )  # fmt: skip


def _strength(signal: Signal) -> tuple[float, float]:
    return (1.0 if signal.q_value is None else signal.q_value, 1.0 if signal.p_value is None else signal.p_value)


def _amount(expected: float) -> Message:
    if expected < 1:
        return msg("fewer than 1")
    return msg("{n:decimal}", n=expected) if expected < 20 else msg("{n:count}", n=expected)


def _were(expected: float) -> Message:
    if expected < 1:
        return msg("fewer than 1 was")
    return msg("{n:decimal} were", n=expected) if expected < 20 else msg("{n:count} were", n=expected)


def _street(name: str) -> Message:
    return msg("{street}", street=name) if name else msg("(a street without a name)")
