"""An evaluation as a document: what was counted, what was done, and only then what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from forestall.report import design as designs
from forestall.report import document as d
from forestall.report.fitting import fitted
from forestall.results import Column, Evaluation, Result, Table, read
from forestall.results.design import METHODS, VERDICTS
from forestall.text import Message, Name, msg, msg_n, probability

PARTS = {"local": msg("Treated areas"), "ring": msg("Around them"), "total": msg("Both together")}
RAW = {"treated": msg("Treated areas"), "ring": msg("Around them"), "compared": msg("All areas compared with")}


def document(
    made: Evaluation,
    *,
    named: designs.Naming = str,
    called: designs.Called = str,
    shapes: Mapping[str, Any] | None = None,
    command: str | None = None,
    banner: Message | None = None,
) -> d.Document:
    """``named``, ``called`` and ``shapes`` as for a design; ``command``: what makes it again."""
    title = VERDICTS[made.verdict] if made.verdict else msg("No verdict yet: the response has not ended")
    economics = read(dict(made.economics)) if made.economics else None
    sections = [
        d.Section("counted", msg("What was counted"), _raw(made), msg("Counts")),
        d.Section("delivered", msg("Was it done as planned?"), _fidelity(made), msg("Delivered")),
        d.Section("effect", msg("What changed beyond what was to be expected"), _effects(made, shapes), msg("Effect")),
        d.Section("verdict", msg("What may be said"), _verdict(made), msg("Verdict")),
        d.Section("side", msg("Harms, side effects and equality"), _side(made), msg("Side effects")),
        d.Section("cost", msg("Cost and social cost avoided"), _cost(economics), msg("Cost")),
    ]
    if made.changed:
        sections.append(
            d.Section(
                "changed", msg("What changed since the earlier evaluation"), (d.Bullets(made.changed),), msg("Changed")
            )
        )
    sections.append(d.Section("trust", msg("How far to trust this"), _trust(made, named, command), msg("Trust")))
    return d.Document(
        title=title, about=(*designs.about(made.design, called)[:-1], msg("snapshot {id}", id=made.snapshot)),
        sections=tuple(sections), lead=(paragraph(made.resident),), banner=banner,
    )  # fmt: skip


def paragraph(sentences: tuple[Message, ...]) -> Message:
    """Sentences as one paragraph."""
    said = [" ".join(m.render(language) for m in sentences) for language in ("en", "cy")]
    return msg("{text}", text=Name(*said))


def _raw(made: Evaluation) -> tuple[d.Block, ...]:
    columns = (
        Column("where", msg("Where")), Column("before", msg("Before"), None, True),
        Column("after", msg("After"), None, True),
        Column("before_month", msg("A month before"), None, True), Column("after_month", msg("A month after"), None, True),
    )  # fmt: skip
    pre = len(made.course_months) - len(made.months)
    rows = tuple(
        (RAW[name], round(was), round(now), round(was / pre, 1) if pre else None, round(now / len(made.months), 1))
        for name, was, now in made.raw
        if was or now or name == "treated"
    )
    said = msg_n(
        "Events as recorded: {pre:count} months before, {n:count} month after.",
        "Events as recorded: {pre:count} months before, {n:count} months after.",
        n=len(made.months), pre=pre,
    )  # fmt: skip
    return (d.Paragraph(said), d.TableBlock(Table(columns, rows, msg("Raw counts")), "counts"))


def _fidelity(made: Evaluation) -> tuple[d.Block, ...]:
    f = made.fidelity
    if f.share is None:
        return (
            d.Paragraph(
                msg(
                    "Nobody said how much of what was planned was delivered, so a lack of effect may be a lack of response."
                )
            ),
        )
    said = msg(
        "{delivered} of {planned} {unit} were delivered: {share:percent}. Below {least:percent} the response counts as "
        "not tested.",
        delivered=f"{f.delivered:,g}", planned=f"{f.planned:,g}", unit=f.unit or msg("units"), share=f.share, least=f.least,
    )  # fmt: skip
    return (d.Paragraph(said),)


def _effects(made: Evaluation, shapes: Mapping[str, Any] | None) -> tuple[d.Block, ...]:
    columns = (
        Column("where", msg("Where")), Column("areas", msg("Areas"), None, True), Column("after", msg("After"), None, True),
        Column("expected", msg("Expected"), None, True), Column("ratio", msg("Ratio, 95% interval")),
        Column("p", msg("p, two-sided")),
        Column("prevented", msg("Prevented, 95% interval")),
    )  # fmt: skip
    none = msg("none that is honest")
    rows = tuple(
        (
            PARTS[e.part], e.areas, round(e.after), round(e.expected) if math.isfinite(e.expected) else None,
            msg("{x:ratio} ({low:ratio} to {high:ratio})", x=e.ratio, low=e.interval[0], high=e.interval[1])
            if e.tested else none,
            probability(e.p_value) if e.tested else none,
            msg("{x:count} ({low:count} to {high:count})", x=e.prevented, low=e.prevented_interval[0],
                high=e.prevented_interval[1])
            if e.tested else none,
        )
        for e in made.effects
    )  # fmt: skip
    blocks: list[d.Block] = [d.TableBlock(Table(columns, rows, msg("Effect, and displacement or diffusion")), "effect")]
    if any(math.isfinite(float(x)) for x in made.expected_course):
        headline = msg("Counted in the treated areas, and to be expected by the comparison, month by month")
        table = Table(
            (Column("month", msg("Month")), Column("counted", msg("Counted"), None, True),
             Column("expected", msg("Expected"), None, True)),
            tuple(
                (m, round(float(a), 1), round(float(b), 1) if math.isfinite(float(b)) else None)
                for m, a, b in zip(made.course_months, made.treated_course, made.expected_course, strict=True)
            ),
            msg("Month by month"),
        )  # fmt: skip
        figure = designs.course(made, headline, "course")
        blocks.append(d.Figure(figure.headline, figure.picture, table, "course"))
    if shapes is not None and made.design.comparison:
        roles = designs.roles_map(made.design, shapes)
        assert isinstance(roles.title, Message)
        blocks.append(d.Figure(roles.title, roles))
    return tuple(blocks)


def _verdict(made: Evaluation) -> tuple[d.Block, ...]:
    heading = VERDICTS[made.verdict] if made.verdict else msg("No verdict yet")
    return (
        d.Callout(heading, (msg("{rule:capital}", rule=made.rule),), "note"),
        d.Heading(msg("For an analyst")),
        d.Paragraph(msg("{text:capital}", text=paragraph(made.analyst))),
    )


def _side(made: Evaluation) -> tuple[d.Block, ...]:
    return (
        d.Bullets(
            (
                msg(
                    "Harms and side effects: {text}",
                    text=made.harms or msg("nobody noted any; that is not to say there were none"),
                ),
                msg("Equality: {text}", text=made.equality or msg("nobody noted whom it touched")),
            )
        ),
    )


def _cost(economics: Result | None) -> tuple[d.Block, ...]:
    if economics is None:
        return (d.Paragraph(msg("No costs were given, so nothing is said of value for money.")),)
    said = msg("{text}", text=Name(economics.explain("en"), economics.explain("cy")))
    headline = msg("Which assumption the net present value hangs on most")

    def spec(language: str, width: int) -> Mapping[str, Any]:
        return {
            **fitted(economics.chart(language), language, width - 50),
            "padding": {"left": 60, "right": 14, "top": 4, "bottom": 12},
        }

    return (
        d.Paragraph(said),
        d.TableBlock(economics.table(), "costs"),
        d.Figure(headline, d.Chart(spec, headline, headline), None, "tornado"),
    )


def _trust(made: Evaluation, named: designs.Naming, command: str | None) -> tuple[d.Block, ...]:
    design = made.design
    blocks: list[d.Block] = [d.Paragraph(designs.standing(design))]
    if made.deviations:
        texts = tuple(msg("{text:capital}", text=m) for m in made.deviations)
        blocks.append(d.Callout(msg("Departures from the design"), texts, "doubt"))
    else:
        blocks.append(d.Paragraph(msg("The evaluation departs in nothing from the locked design.")))
    failed = tuple(msg("{text:capital}", text=c.text) for c in made.checks if not c.passed)
    if failed:
        blocks.append(d.Callout(msg("Conditions not met"), failed, "doubt"))
    method = METHODS[design.method] if design.method else msg("no method with an honest p-value")
    blocks.append(
        d.Bullets(
            (
                msg("Method: {method:low}", method=method),
                msg("Maryland scale, 1 to 5: {level:count}", level=made.level),
                msg("Treated: {areas:list}", areas=designs.areas(design.asked.treated, named)),
                msg("Design: {hash}", hash=design.hash()[:12]),
            )
        )
    )
    blocks.append(d.Source(made.provenance, (), command))
    return tuple(blocks)
