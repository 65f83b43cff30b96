"""What is concentrated: how few areas hold how much, over and above what chance alone would give."""

from __future__ import annotations

import numpy as np

from forestall import catalogue
from forestall.report import charts
from forestall.report import document as d
from forestall.results import Column, Scan, Signal, Table
from forestall.scan.look import rose
from forestall.scan.look.ground import Ground
from forestall.stats.lorenz_curve import Concentration, concentration
from forestall.text import Message, msg

#: Fewer records than this in twelve months say too little of concentration.
LEAST = 100
LISTED = 6
#: A lasting set of areas is chosen on one year and measured on the next.
TWO_YEARS = 24


def listed(scan: Scan) -> tuple[Signal, ...]:
    """The strongest concentrated signal of each category, by its records beyond an even spread."""
    best: dict[str, Signal] = {}
    for signal in scan.signals:
        if signal.kind == "concentrated":
            held = best.get(signal.category)
            if held is None or signal.excess > held.excess:
                best[signal.category] = signal
    return tuple(sorted(best.values(), key=lambda s: -s.excess)[:LISTED])


def strongest(scan: Scan) -> Signal | None:
    """The one whose share is furthest above an even spread, of those with enough records."""
    many = [s for s in listed(scan) if s.observed >= LEAST]
    return max(many, key=lambda s: float(s.details["share"]), default=None)


def section(scan: Scan, ground: Ground) -> d.Section:
    measured = measure(ground)
    top = strongest(scan)
    blocks: list[d.Block] = []
    if measured:
        chosen = (
            top.category
            if top is not None and top.category in measured
            else max(measured, key=lambda c: measured[c].gini_excess)
        )
        blocks.append(_figure(chosen, measured[chosen]))
    entries = d.Entries(tuple(rose.entry(i, s, ground) for i, s in enumerate(listed(scan), 1)))
    if entries.entries:
        blocks += [
            d.Heading(msg("Small sets of areas that hold an outsize share, quarter after quarter")),
            d.Paragraph(
                msg(
                    "The areas are chosen on the earlier year and measured on the last one, so the share isn't "
                    "flattered by the choice."
                )
            ),
            entries,
        ]
    if measured:
        blocks += [d.Heading(msg("Every category")), d.TableBlock(_table(measured), "concentration")]
    if top is not None:
        title = msg(
            "{share:percent} of {category:low} lies in {k:count} of {n:count} areas: {place}",
            share=top.details["share"], category=catalogue.category(top.category).title, k=len(top.areas),
            n=len(ground.codes), place=top.place,
        )  # fmt: skip
    elif measured and len(ground.months) < TWO_YEARS:
        title = msg("Too few months to tell where records gather year after year")
    elif measured:
        title = msg("No small set of areas stands out from quarter to quarter")
    else:
        title = msg("Too few records to tell whether they are concentrated")
    return d.Section("concentrated", title, tuple(blocks), msg("What is concentrated"))


def measure(ground: Ground) -> dict[str, Concentration]:
    """Concentration of each category over the force's areas in the last twelve months."""
    at = [ground.cube.areas.index(c) for c in ground.codes]
    out = {}
    for i, category in enumerate(ground.cube.categories):
        counts = ground.cube.counts[i, at, -12:].sum(1)
        if counts.sum() >= LEAST:
            out[category] = concentration(counts, draws=99, seed=1)
    return out


def _figure(category: str, c: Concentration) -> d.Figure:
    at = float(np.clip(c.half_share, 0, 1))
    title = catalogue.category(category).title
    chart = d.Chart(
        lambda language, width: charts.concentration_chart(
            c.curve.tolist(), c.curve_chance.tolist(), language, mark=(at, 0.5), width=width
        ),
        msg("{category}: how concentrated it is", category=title),
        msg(
            "Two curves of the share of records against the share of areas, the most burdened first. Half of the "
            "records lie in {at:percent} of areas; chance alone would put half in {chance:percent}.",
            at=at, chance=c.half_share_chance,
        ),
    )  # fmt: skip
    return d.Figure(
        msg(
            "{category}: half of the records lie in {at:percent} of areas; chance alone would put half in "
            "{chance:percent}",
            category=title, at=at, chance=c.half_share_chance,
        ),
        chart,
        _curve(c),
        f"concentration-{category}",
        msg("The last twelve months. Only what stands above the broken line is concentration."),
    )  # fmt: skip


def _curve(c: Concentration) -> Table:
    n = len(c.curve) - 1
    steps = sorted({round(n * p / 100) for p in (1, 2, 5, 10, 20, 30, 40, 50, 75, 100)} - {0})
    columns = (
        Column("areas", msg("Areas, the most burdened first"), msg("count"), True),
        Column("share", msg("Share of records"), msg("%"), True),
        Column("chance", msg("By chance alone"), msg("%"), True),
    )
    rows = tuple((k, float(c.curve[k]) * 100, float(c.curve_chance[k]) * 100) for k in steps)
    return Table(columns, rows, msg("Share of records in the most burdened areas"))


def _table(measured: dict[str, Concentration]) -> Table:
    columns = (
        Column("category", msg("Category")),
        Column("records", msg("Records"), msg("twelve months"), True),
        Column("half_share", msg("Areas that hold half"), msg("% of areas"), True),
        Column("half_share_chance", msg("By chance alone"), msg("% of areas"), True),
        Column("gini", msg("Gini index"), None, True),
        Column("gini_chance", msg("Gini by chance"), None, True),
    )
    ranked = sorted(measured.items(), key=lambda kv: -kv[1].gini_excess)
    rows = tuple(
        (_title(k), int(c.events), c.half_share * 100, c.half_share_chance * 100, c.gini, c.gini_chance) for k, c in ranked
    )
    return Table(columns, rows, msg("How concentrated each category is, the most concentrated beyond chance first"))


def _title(category: str) -> Message:
    found = catalogue.category(category)
    return found.title if found.targets else msg("{category} (police activity)", category=found.title)
