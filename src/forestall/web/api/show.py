"""What the pages know, as data: shapes of :mod:`forestall.web.api.shapes` in a reader's language. A row that the reader's
selector gave goes in, and nothing is read beside it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from forestall.catalogue import plans as catalogue
from forestall.results import Signal
from forestall.text import Message, Name
from forestall.web.plans import portfolio, progress, selectors
from forestall.web.plans.desk import Desk
from forestall.web.plans.duplicates import Likeness
from forestall.web.plans.models import Answer, Plan, Response, Task, Triage
from forestall.web.signals.pinned import Pinned
from forestall.web.work.models import Notice

Data = dict[str, Any]


def say(text: Message | Name | str | None, language: str) -> str:
    """A message in the reader's language; plain text as it is."""
    return text.render(language) if isinstance(text, Message | Name) else str(text or "")


def number(value: float | None) -> float | None:
    """A number that JSON can hold; None where it is none or has no bound."""
    return value if value is not None and math.isfinite(value) else None


# Signals


def source(held: Pinned) -> Data:
    p = held.scan.provenance
    return {
        "snapshot": p.snapshot, "method": p.method, "version": p.version, "until": held.until, "synthetic": held.synthetic,
    }  # fmt: skip


def signal(s: Signal, decision: Triage | None, language: str) -> Data:
    return {
        "id": s.id, "kind": s.kind, "kinds": list(s.kinds), "category": s.category, "theme": s.theme,
        "areas": list(s.areas), "place": say(s.place, language), "since": s.since, "until": s.until, "observed": s.observed,
        "expected": number(s.expected) or 0.0, "ratio": number(s.ratio), "interval": [number(v) for v in s.interval],
        "p_value": number(s.p_value), "q_value": number(s.q_value), "established": s.established, "harm": number(s.harm),
        "why": say(s.why, language), "cautions": [say(c, language) for c in s.cautions],
        "decision": decision.decision if decision else None,
    }  # fmt: skip


def series(s: Signal) -> Data | None:
    if s.series is None:
        return None
    masked = list(s.series.masked) or [False] * len(s.series.months)
    return {
        "months": list(s.series.months), "observed": [int(n) for n in s.series.observed],
        "expected": [number(v) for v in s.series.expected], "masked": masked,
    }  # fmt: skip


def alike(found: Likeness, language: str) -> Data:
    return {"key": found.plan.key, "title": found.plan.title, "reasons": [say(r, language) for r in found.reasons]}


# Plans


def plan_row(plan: Plan, *, whole: bool) -> Data:
    """``whole``: the reader sees more than what is marked for partners."""
    return {
        "key": plan.key, "title": plan.title, "marking": plan.marking, "caveats": plan.caveats, "state": plan.state,
        "weight": plan.weight, "level": plan.level, "category": plan.category, "organisation": plan.organisation.slug,
        "owner": str(plan.owner), "made_at": plan.made_at, "changed_at": plan.changed_at, "closed_at": plan.closed_at,
        "published_at": plan.published_at, "quality": plan.quality if whole else None,
    }  # fmt: skip


def answer(a: Answer, language: str, *, whole: bool = True) -> Data:
    return {
        "question": a.question, "value": a.value, "revision": a.revision, "shared": a.shared, "by": str(a.by),
        "at": a.at.isoformat(), "source": say(a.cites, language) if a.cites and whole else None,
    }  # fmt: skip


def plan(desk: Desk, language: str) -> Data:
    """A plan as its pages show it to this reader."""
    whole = not desk.partners_view
    step = progress.next_move(desk) if whole else None
    missing = progress.obstacles(desk, step) if step else []
    return {
        **plan_row(desk.plan, whole=whole),
        "stages": [_stage(p, desk, language) for p in _progress(desk)],
        "ideas": [
            {"text": h.text, "side": h.side, "supports": h.supports, "contradicts": h.contradicts, "test": h.test,
             "horizon": h.horizon, "standing": h.standing}
            for h in desk.hypotheses
        ],
        "responses": [response(r) for r in desk.responses],
        "tasks": [task(t, desk.plan) for t in selectors.tasks(desk.user).filter(plan=desk.plan)],
        "steps": [
            {"slug": m.slug, "title": say(m.title, language), "takes_reason": m.reason} for m in progress.legal_moves(desk)
        ],
        "next": step.slug if step else None,
        "missing": [say(o.words, language) for o in missing],
    }  # fmt: skip


def _progress(desk: Desk) -> list[progress.Progress]:
    return [progress.progress(desk, s) for s in catalogue.stages()]


def _stage(p: progress.Progress, desk: Desk, language: str) -> Data:
    known = [desk.answers[q.slug] for q in p.stage.questions if q.slug in desk.answers]
    given = [answer(a, language, whole=not desk.partners_view) for a in known]
    return {"slug": p.stage.slug, "done": p.done, "of": p.of, "answers": given}


def response(r: Response) -> Data:
    def plain(value: Decimal | None) -> str | None:
        return None if value is None else f"{value.normalize():f}"

    return {
        "number": r.pk, "revision": r.revision, "action": r.action, "mechanism": r.mechanism, "side": r.side,
        "technique": r.technique, "tiers": r.tiers, "driver": r.driver, "dose": plain(r.dose), "dose_unit": r.dose_unit,
        "delivered": plain(r.delivered), "cost": plain(r.cost), "side_effect": r.side_effect,
        "owner": str(r.owner) if r.owner else None, "organisation": r.organisation.slug if r.organisation else None,
        "due": r.due, "practice": r.practice, "trial": r.trial, "shared": r.shared, "standing": r.standing,
    }  # fmt: skip


def task(t: Task, plan: Plan | None = None) -> Data:
    return {
        "key": t.key, "plan": (plan or t.plan).key, "title": t.title, "detail": t.detail, "asks": t.asks,
        "organisation": t.organisation.slug, "owner": str(t.owner) if t.owner else None, "due": t.due,
        "standing": t.standing, "outcome": t.outcome, "asked_by": str(t.asked_by), "asked_at": t.asked_at,
    }  # fmt: skip


# Oversight and notices


def portfolio_page(found: list[Plan], n: int, summary: portfolio.Summary) -> Data:
    late = portfolio.overdue([p.pk for p in found])
    return {
        "plans": [{**plan_row(p, whole=True), "overdue_tasks": late.get(p.pk, 0)} for p in found],
        "count": n, "pages": -(-n // portfolio.PAGE), "open": summary.open, "closed": summary.closed,
        "flags": summary.flags,
    }  # fmt: skip


def published_row(plan: Plan, answers: dict[str, Any]) -> Data:
    return {
        "key": plan.key, "title": plan.title, "organisation": plan.organisation.slug, "state": plan.state,
        "published_at": plan.published_at, "verdict": answers.get("verdict") or None,
    }  # fmt: skip


def notice(n: Notice, language: str) -> Data:
    return {
        "id": n.pk, "kind": n.kind, "text": say(n.text, language), "link": n.link, "made_at": n.made_at,
        "read": n.read_at is not None,
    }  # fmt: skip
