"""A design as a document: what it could show before anything else, then how it is made and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from forestall.report import document as d
from forestall.report import palette
from forestall.report.fitting import fitted
from forestall.report.maps import Classes
from forestall.results import Column, Design, Result, Table
from forestall.results.design import METHODS
from forestall.text import Message, Name, msg, msg_n

#: What an area is called.
Naming = Callable[[str], Name | str]
#: What a category is called.
Called = Callable[[str], Message | str]
WEIGHTS = {"quick": msg("quick"), "standard": msg("standard"), "full": msg("full")}
KINDS = {"count": msg("count"), "harm": msg("harm"), "rate": msg("rate")}


def document(
    design: Design,
    *,
    named: Naming = str,
    called: Called = str,
    shapes: Mapping[str, Any] | None = None,
    command: str | None = None,
    banner: Message | None = None,
) -> d.Document:
    """``named``: an area's name; ``called``: a category's title; ``shapes``: GeoJSON of the force's areas, for the map;
    ``command``: what shows it again."""
    sections = (
        d.Section("asked", msg("What is tested"), _asked(design, named, called), msg("Tested")),
        d.Section("shows", msg("What it could show"), _power(design), msg("Power")),
        d.Section(
            "methods", msg("How, and why not otherwise"), (d.TableBlock(options_table(design), "methods"),), msg("Methods")
        ),
        d.Section("comparison", msg("What it is compared with"), _comparison(design, named, shapes), msg("Comparison")),
        d.Section("windows", msg("Months"), _months(design), msg("Months")),
        d.Section("source", msg("Where this comes from"), (d.Source(design.provenance, (), command),), msg("Source")),
    )
    return d.Document(
        title=design.said(), about=about(design, called), sections=sections, lead=(standing(design),), banner=banner
    )


def about(design: Design, called: Called = str) -> tuple[Message, ...]:
    """What a design is about, in the lines below a heading: title, outcome, areas, start, snapshot."""
    a = design.asked
    said = [msg("{title}", title=a.title)] if a.title else []
    said += [
        msg_n(
            "{categories:list}, {n:count} area",
            "{categories:list}, {n:count} areas",
            n=len(a.treated),
            categories=categories(design, called),
        ),
        msg("from {month:month}", month=a.starts),
        msg("snapshot {id}", id=design.snapshot),
    ]
    return tuple(said)


def categories(design: Design, called: Called) -> tuple[Message | str, ...]:
    return tuple(called(c) for c in design.asked.outcome.categories)


def standing(design: Design) -> Message:
    """Whether it is locked, since when and by whom."""
    lock = design.lock
    if lock is None:
        return msg("Not locked: lock it before the response begins, so that nobody can say the test was chosen afterwards.")
    if not design.locked:
        return msg("Locked on {day:day} and CHANGED since: it no longer is the design that was locked.", day=lock.on)
    if lock.late:
        return msg_n(
            "Locked on {day:day} by {people:list}: late, {n:count} day after the response began, and every result says so.",
            "Locked on {day:day} by {people:list}: late, {n:count} days after the response began, and every result says "
            "so.",
            n=lock.late, day=lock.on, people=lock.by,
        )  # fmt: skip
    return msg("Locked on {day:day} by {people:list}, before the response began.", day=lock.on, people=lock.by)


def _asked(design: Design, named: Naming, called: Called) -> tuple[d.Block, ...]:
    a = design.asked
    items = [
        msg("Treated areas: {areas:list}", areas=areas(a.treated, named)),
        msg("Outcome: {categories:list} ({kind})", categories=categories(design, called), kind=KINDS[a.outcome.kind]),
        msg_n("{n:count} month from {start:month}", "{n:count} months from {start:month}", n=a.months, start=a.starts),
        msg("Weight: {weight}", weight=WEIGHTS.get(design.weight, design.weight)),
    ]
    if a.hoped is not None:
        items.append(msg("Hoped for: a fall of {share:percent}", share=a.hoped))
    if a.signal:
        items.append(msg("From signal {id}", id=a.signal))
    if design.randomised:
        items.append(msg("The order was drawn by lot: {hash}", hash=design.randomised[:12]))
    if design.overruled:
        items.append(msg("The proposal was overruled: {reason}", reason=design.overruled))
    return (d.Bullets(tuple(items)),)


def _power(design: Design) -> tuple[d.Block, ...]:
    blocks: list[d.Block] = []
    failed = tuple(_capital(c.text) for c in design.checks if not c.passed)
    if failed:
        blocks.append(d.Callout(msg("Before you commit to it"), failed, "doubt"))
    if design.power is not None:
        falls = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75)
        rows = tuple(
            (
                msg("{share:percent}", share=f),
                round(f * design.power.expected),
                msg("{share:percent}", share=design.power.chance(f)),
            )
            for f in falls
        )
        columns = (
            Column("fall", msg("If it falls by")),
            Column("fewer", msg("That is fewer events"), None, True),
            Column("found", msg("Chance that this design finds it")),
        )
        blocks.append(d.TableBlock(Table(columns, rows, msg("What this design would find")), "power"))
    return tuple(blocks) or (d.Paragraph(design.said()),)


def options_table(design: Design) -> Table:
    """Each method, whether it is used, and why."""
    columns = (
        Column("method", msg("Method")),
        Column("least", msg("Smallest fall found")),
        Column("why", msg("Used, or why not")),
    )
    rows = tuple(
        (METHODS[o.method], None if o.detectable is None else msg("{share:percent}", share=o.detectable), _capital(o.why))
        for o in design.options
    )
    return Table(columns, rows, msg("Methods"))


def _comparison(design: Design, named: Naming, shapes: Mapping[str, Any] | None) -> tuple[d.Block, ...]:
    if not design.comparison:
        return (d.Paragraph(msg("Nothing: no comparison could be had, so a change proves nothing.")),)
    blocks: list[d.Block] = []
    n = len(design.comparison)
    said = msg_n("{n:count} area is compared with.", "{n:count} areas are compared with.", n=n)
    if shapes is not None:
        blocks.append(d.Figure(said, roles_map(design, shapes), None, "comparison-map"))
    else:
        blocks.append(d.Paragraph(said))
    blocks.append(
        course(design, msg("Month by month before, the comparison brought to the treated areas' level"), "before")
    )
    likeness = Table(
        (Column("what", msg("What")), Column("treated", msg("Treated areas"), None, True),
         Column("compared", msg("Comparison"), None, True)),
        tuple((x.what, round(x.treated, 2), round(x.compared, 2)) for x in design.likeness),
        msg("How alike they were before"),
    )  # fmt: skip
    if design.likeness:
        blocks.append(d.TableBlock(likeness, "likeness"))
    listed = Table(
        (Column("code", msg("Code")), Column("name", msg("Area")), Column("weight", msg("Weight"), None, True)),
        tuple((code, _name(code, named), weight) for code, weight in design.comparison), msg("Comparison areas"),
    )  # fmt: skip
    blocks.append(d.TableBlock(listed, "comparison"))
    if design.ring:
        around = msg("Around it, neither treated nor compared: {areas:list}", areas=areas(design.ring, named))
        blocks.append(d.Paragraph(around, "small"))
    return tuple(blocks)


def _months(design: Design) -> tuple[d.Block, ...]:
    items = [
        msg_n("Before: {n:count} month, {first:month} to {last:month}",
              "Before: {n:count} months, {first:month} to {last:month}",
              n=len(design.pre), first=design.pre[0], last=design.pre[-1]),
        msg_n("After: {n:count} month, {first:month} to {last:month}",
              "After: {n:count} months, {first:month} to {last:month}",
              n=len(design.post), first=design.post[0], last=design.post[-1]),
        *(msg("Set aside: {month:month}, {why:low}", month=m, why=why) for m, why in design.left_out),
    ]  # fmt: skip
    return (d.Bullets(tuple(items)),)


def course(made: Result, headline: Message, name: str) -> d.Figure:
    """The chart of a design or an evaluation, with its table."""
    table = made.table() if isinstance(made, Design) else None

    def spec(language: str, width: int) -> Mapping[str, Any]:
        return fitted(made.chart(language), language, width)

    return d.Figure(headline, d.Chart(spec, headline, headline), table, name)


def roles_map(design: Design, shapes: Mapping[str, Any]) -> d.Map:
    """Treated, around, compared and all other areas."""
    values: dict[str, float | None] = {f["properties"]["code"]: 0.0 for f in shapes.get("features", ())}
    for worth, areas in ((1.0, [a for a, _ in design.comparison]), (2.0, design.ring), (3.0, design.asked.treated)):
        values |= {a: worth for a in areas if a in values}
    classes = Classes(
        (0.5, 1.5, 2.5), ("#f3f6f7", palette.AMOUNT[2], palette.CHANGE[3], palette.AMOUNT[4]),
        (msg("neither"), msg("compared with"), msg("around it"), msg("treated")), msg("Areas"),
    )  # fmt: skip
    title = msg("Treated areas, those around them, and those compared with")
    return d.Map(shapes, title, title, values, classes)


def _name(code: str, named: Naming) -> str | Message:
    """A table's cell takes text or a message."""
    found = named(code)
    return found if isinstance(found, str) else msg("{name}", name=found)


def areas(codes: tuple[str, ...], named: Naming, most: int = 12) -> tuple[str | Message | Name, ...]:
    """Areas by name and code, the first ``most`` of them, and how many more there are."""
    shown: tuple[str | Message | Name, ...] = tuple(msg("{name} ({code})", name=named(c), code=c) for c in codes[:most])
    rest = len(codes) - most
    return shown if rest <= 0 else (*shown, msg_n("{n:count} more", "{n:count} more", n=rest))


def _capital(text: Message) -> Message:
    """A reason as a sentence of its own."""
    return msg("{text:capital}", text=text)
