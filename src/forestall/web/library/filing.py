"""Writing what a closed plan found into the library, one row for each practice that its responses rest on."""

from __future__ import annotations

from django.utils import timezone

from forestall.catalogue import library as words
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.library import found as finding
from forestall.web.library.found import Found, finite
from forestall.web.library.models import LocalResult
from forestall.web.plans.models import Plan, Response


def file(plan: Plan, found: Found, trail: Trail) -> list[LocalResult]:
    """Files or files again. Whatever stood of this plan and is cited no more goes; what changed waits for a peer anew."""
    by: dict[str, list[Response]] = {}
    for r in plan.responses.exclude(standing=Response.Standing.STOPPED).order_by("pk"):
        by.setdefault(r.practice, []).append(r)
    plan.local_results.exclude(practice__in=by).delete()
    made = [_one(plan, practice, own, sorted({*by} - {practice, ""}), found, trail) for practice, own in by.items()]
    for row in made:
        detail = {"practice": row.practice, "verdict": row.verdict, "revision": row.revision}
        trail.record(Operation.COLLECTION, "file-result", row.record, {"plan": plan.key, **detail})
    return made


def _one(
    plan: Plan, practice: str, responses: list[Response], together: list[str], found: Found, trail: Trail
) -> LocalResult:
    first = responses[0]
    delivered = finite(found.fidelity) if found.fidelity is not None else finding.fidelity(responses)
    cost = found.cost if found.cost is not None else finding.cost(responses)
    low, high = found.interval or (None, None)
    lessons = plan.answers.filter(question="lessons", current=True).first()
    stands = LocalResult.objects.filter(plan=plan, practice=practice).first()
    values = {
        "together": together,
        "verdict": finding.verdict(found, delivered),
        "said": finding.said(plan),
        "estimate": finite(found.estimate),
        "low": finite(low),
        "high": finite(high),
        "p_value": finite(found.p_value),
        "unit": found.unit,
        "method": found.method,
        "maryland": found.maryland,
        "fidelity": delivered,
        "cost": cost,
        "band": words.band(cost),
        "lessons": found.lessons if found.lessons is not None else str(lessons.value) if lessons else "",
        "mechanism": "\n".join(dict.fromkeys(r.mechanism for r in responses if r.mechanism)),
        "category": plan.category,
        "place": found.place,
        "side": first.side,
        "technique": first.technique,
        "tiers": first.tiers,
        "driver": first.driver,
        "closed_at": plan.closed_at,
        "evaluation": found.evaluation,
        "revision": stands.revision + 1 if stands else 1,
        "lessons_open": False,
        "review": LocalResult.Review.WAITING,
        "filed_by": trail.actor,
        "filed_at": timezone.now(),
    }
    row, _ = LocalResult.objects.update_or_create(plan=plan, practice=practice, defaults=values)
    return row
