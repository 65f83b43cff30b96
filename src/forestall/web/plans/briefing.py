"""A plan on paper: two pages to brief from, and an award entry; each one document, in either language, with its marking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.catalogue.practices import practices
from forestall.report import document as d
from forestall.report.pdf import pages, pdf
from forestall.results import Column, Table
from forestall.text import Message, msg, msg_n
from forestall.web.plans import quality, values
from forestall.web.plans.gates import Sheet
from forestall.web.plans.models import Plan, Response

#: As many letters of a long answer, and rows of a table: the first that two pages have room for.
ROOM = ((600, 10), (420, 8), (260, 7), (160, 6), (90, 4))


#: Whom what hangs on a plan names, read at once.
BESIDE = ("answers__by", "responses__owner", "responses__organisation", "tasks__owner", "tasks__organisation")


def _sheet(plan: Plan) -> Sheet:
    """The plan with what hangs on it and whom that names, in as many queries however much it is."""
    prefetch_related_objects([plan], *BESIDE)
    return Sheet(plan)


def said(text: str) -> Message:
    """What a person wrote, as it is."""
    return msg("{words}", words=text)


class _Words:
    def __init__(self, sheet: Sheet, language: str, *, longest: int | None = None, rows: int | None = None) -> None:
        self.sheet, self.language, self.longest, self.rows = sheet, language, longest, rows

    def cut(self, text: str) -> str:
        return text if self.longest is None or len(text) <= self.longest else text[: self.longest].rstrip() + " …"

    def value(self, slug: str) -> str:
        q = catalogue.questions()[slug]
        return self.cut(values.shown(q, self.sheet.value(slug), self.language))

    def answered(self, *slugs: str) -> tuple[d.Block, ...]:
        """Each question that has an answer, with it."""
        out: list[d.Block] = []
        for slug in slugs:
            text = self.value(slug)
            if text:
                out.append(d.Paragraph(said(text), asks=catalogue.questions()[slug].asks))
        return tuple(out)

    def day(self, day: dt.date | None) -> str:
        return values.day_shown(day, self.language) if day else "–"


def about(plan: Plan, language: str) -> tuple[Message, ...]:
    """What stands under the title of every sheet: marking first."""
    caveats = [o.title for o in catalogue.choices("caveats") if o.slug in plan.caveats]
    marking = msg("{marking}: {caveats:list}", marking=plan.marking, caveats=caveats) if caveats else said(plan.marking)
    day = values.day_shown(timezone.localdate(), language)
    return (
        marking,
        msg("Plan {key}", key=plan.key),
        said(str(plan.organisation.title.render(language))),
        msg("owner {name}", name=str(plan.owner)),
        msg("as it stands on {day}", day=day),
    )


def two_pages(plan: Plan, language: str, *, synthetic: bool = False) -> bytes:
    """The briefing as a PDF of at most two pages: long answers are cut further until it fits."""
    made = b""
    for longest, rows in ROOM:
        made = pdf(briefing(plan, language, longest=longest, rows=rows, synthetic=synthetic), language)
        if pages(made) <= 2:
            break
    return made


def briefing(
    plan: Plan, language: str, *, longest: int | None = None, rows: int | None = None, synthetic: bool = False
) -> d.Document:
    """The plan to brief from; answers cut to ``longest`` letters, tables to ``rows``, where given."""
    sheet = _sheet(plan)
    w = _Words(sheet, language, longest=longest, rows=rows)
    ideas = [h for h in sheet.hypotheses if h.standing != "dropped"]
    idea_blocks: list[d.Block] = []
    for h in ideas[:3]:
        idea_blocks.append(d.Paragraph(said(w.cut(h.text))))
        for label, text in ((msg("For"), h.supports), (msg("Against"), h.contradicts)):
            if text.strip():
                idea_blocks.append(d.Paragraph(msg("{side}: {words}", side=label, words=w.cut(text)), "small"))
    judged = quality.judge(sheet)
    raises = tuple(c.raises for c in judged.raises()[:4])
    tasks = [t for t in sheet.tasks if t.open]
    return d.Document(
        title=said(plan.title),
        about=about(plan, language),
        lead=(msg("{state}. {aim}", state=plan.standing.title, aim=w.value("aim")),),
        sections=tuple(
            s
            for s in (
                d.Section("problem", msg("The problem"), w.answered("extent", "harm", "where", "when", "what", "how")),
                d.Section("why", msg("Why it goes on"), (*w.answered("why"), *idea_blocks,
                          *w.answered("place-manager", "guardian", "handler"))),
                d.Section("response", msg("What is done"), _responses(sheet, w)),
                d.Section("tasks", msg("Open tasks"), _tasks(tasks, w)),
                d.Section("judged", msg("How it will be judged"),
                          w.answered("measure", "baseline", "target", "target-date", "outcome", "outcome-date",
                                     "comparison", "found", "verdict")),
                d.Section("fair", msg("Whom it affects"), w.answered("equality-who", "equality-how", "side-effects")),
                d.Section("quality", msg("How good the plan is"), (
                    d.Paragraph(msg("{met:count} of {of:count} criteria of the rubric are met.", met=judged.met,
                                    of=judged.applies)),
                    *((d.Bullets(raises),) if raises else ()),
                )),
            )
            if s.blocks
        ),
        banner=SYNTHETIC if synthetic else None,
    )  # fmt: skip


SYNTHETIC = msg("Made-up records of a fictional force: no person, place or event is real.")


def award(plan: Plan, language: str, *, synthetic: bool = False) -> d.Document:
    """The plan as an entry for a problem-solving award: scanning, analysis, response, assessment, cost and what lasts."""
    sheet = _sheet(plan)
    w = _Words(sheet, language)
    ideas = tuple(said(h.text) for h in sheet.hypotheses)
    cost = sum((r.cost for r in sheet.responses if r.cost is not None), Decimal(0))
    priced = any(r.cost is not None for r in sheet.responses)
    partners = sorted({r.organisation.title.render(language) for r in _with_organisation(sheet.responses)})
    summary = (
        *w.answered("aim"),
        *((d.Paragraph(msg("Worked on by {names:list}.", names=partners)),) if partners else ()),
        d.Paragraph(msg("Contact: {name}, {organisation}", name=str(plan.owner), organisation=plan.organisation.title)),
    )
    return d.Document(
        title=said(plan.title),
        about=about(plan, language),
        lead=(msg("Endorsed by: ______________________ (name, rank or post, date)"),),
        sections=tuple(
            s
            for s in (
                d.Section("summary", msg("Summary"), summary),
                d.Section("scanning", msg("Scanning"), w.answered("extent", "harm", "who-says", *_cheers())),
                d.Section("analysis", msg("Analysis"), (
                    *w.answered("what", "where", "when", "who", "how", "why", "place", "place-manager", "victim",
                                "guardian", "offender", "handler"),
                    *((d.Bullets(ideas),) if ideas else ()),
                )),
                d.Section("response", msg("Response"), (*_responses(sheet, w, mechanism=True),
                                                        *w.answered("equality-who", "equality-how", "side-effects"))),
                d.Section("assessment", msg("Assessment"),
                          w.answered("outcome", "comparison", "baseline", "delivered", "found", "residents", "verdict")),
                d.Section("cost", msg("Cost"), (
                    d.Paragraph(msg("£{cost:count} of planned cost is written down.", cost=float(cost))
                                if priced else msg("No cost is written down.")),
                )),
                d.Section("lasting", msg("What lasts"), w.answered("lessons", "maintenance", "next-review")),
            )
            if s.blocks
        ),
        banner=SYNTHETIC if synthetic else None,
    )  # fmt: skip


def _cheers() -> tuple[str, ...]:
    return tuple(q.slug for q in catalogue.stage("scanning").questions if q.cheers)


def _with_organisation(responses: Iterable[Response]) -> list[Response]:
    return [r for r in responses if r.organisation is not None]


def _responses(sheet: Sheet, w: _Words, *, mechanism: bool = False) -> tuple[d.Block, ...]:
    live = [r for r in sheet.responses if r.standing != Response.Standing.STOPPED]
    if not live:
        return ()
    columns = [
        Column("action", msg("What")),
        Column("who", msg("Who")),
        Column("due", msg("By")),
        Column("dose", msg("How much")),
        Column("evidence", msg("Rests on")),
    ]
    if mechanism:
        columns.insert(1, Column("mechanism", msg("How it is meant to work")))
    rows = []
    known = {p.slug: p.title for p in practices()}
    for r in live[: w.rows]:
        who = str(r.owner) if r.owner else (r.organisation.title.render(w.language) if r.organisation else "–")
        dose = f"{r.dose.normalize():f} {r.dose_unit}".strip() if r.dose is not None else "–"
        evidence: Any = known.get(r.practice) or r.practice or (msg("a trial") if r.trial else "–")
        row: list[Any] = [w.cut(r.action), who, w.day(r.due), dose, evidence]
        if mechanism:
            row.insert(1, r.mechanism)
        rows.append(tuple(row))
    return (d.TableBlock(Table(tuple(columns), tuple(rows)), "responses"),)


def _tasks(tasks: list[Any], w: _Words) -> tuple[d.Block, ...]:
    if not tasks:
        return ()
    columns = (Column("task", msg("Task")), Column("who", msg("Who")), Column("due", msg("By")))
    rows = tuple(
        (w.cut(t.title), str(t.owner) if t.owner else t.organisation.title.render(w.language), w.day(t.due))
        for t in tasks[: w.rows]
    )
    more = len(tasks) - len(rows)
    extra = (d.Paragraph(msg_n("and {n:count} more", "and {n:count} more", n=more), "small"),) if more > 0 else ()
    return (d.TableBlock(Table(columns, rows), "tasks"), *extra)


def as_json(plan: Plan) -> dict[str, Any]:
    """The whole plan as data, with its marking; people by the names of their accounts."""
    sheet = _sheet(plan)

    def day(value: Any) -> str | None:
        return value.isoformat() if value else None

    return {
        "forestall": "plan",
        "version": 1,
        "marking": plan.marking,
        "caveats": plan.caveats,
        "key": plan.key,
        "title": plan.title,
        "weight": plan.weight,
        "state": plan.state,
        "level": plan.level,
        "organisation": plan.organisation.slug,
        "owner": plan.owner.username,
        "category": plan.category,
        "signal": plan.signal or None,
        "areas": sorted(plan.areas.filter(own=True).values_list("code", flat=True)),
        "occurrences": sorted(plan.occurrences.values_list("ref", flat=True)),
        "made_at": day(plan.made_at),
        "fixed_at": day(plan.fixed_at),
        "urgent_at": day(plan.urgent_at),
        "closed_at": day(plan.closed_at),
        "quality": {j.criterion.slug: j.met for j in quality.judge(sheet).judged},
        "answers": {
            slug: {
                "value": a.value, "revision": a.revision, "at": day(a.at), "by": a.by.username,
                "source": a.cites.render("en") if a.cites else None, "reason": a.reason or None,
            }
            for slug, a in sorted(sheet.answers.items())
        },
        "hypotheses": [
            {
                "text": h.text, "side": h.side, "for": h.supports, "against": h.contradicts, "test": h.test,
                "horizon": h.horizon, "rule": h.rule or None, "standing": h.standing,
            }
            for h in sheet.hypotheses
        ],
        "responses": [
            {
                "action": r.action, "mechanism": r.mechanism, "side": r.side, "technique": r.technique, "tiers": r.tiers,
                "driver": r.driver, "dose": str(r.dose) if r.dose is not None else None, "dose_unit": r.dose_unit,
                "delivered": str(r.delivered) if r.delivered is not None else None,
                "cost": str(r.cost) if r.cost is not None else None, "side_effect": r.side_effect,
                "owner": r.owner.username if r.owner else None,
                "organisation": r.organisation.slug if r.organisation else None, "due": day(r.due),
                "practice": r.practice or None, "trial": r.trial, "standing": r.standing,
            }
            for r in sheet.responses
        ],
        "tasks": [
            {
                "key": t.key, "title": t.title, "asks": t.asks, "organisation": t.organisation.slug,
                "owner": t.owner.username if t.owner else None, "due": day(t.due), "standing": t.standing,
                "outcome": t.outcome,
            }
            for t in sheet.tasks
        ],
        "moves": [
            {"move": m.move, "from": m.source, "to": m.target, "at": day(m.at), "by": m.by.username, "reason": m.reason,
             "detail": m.detail}
            for m in plan.moves.select_related("by")
        ],
    }  # fmt: skip
