"""One answer kept as a new revision, and what is typed and not saved; for actions that have locked the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import msg
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.plans import values
from forestall.web.plans.models import Answer, Draft, Plan
from forestall.web.plans.rules import NOT_OPEN, ConflictError, RefusedError, needs_reason, words


def keep(
    plan: Plan, q: catalogue.Question, value: Any, base: int, trail: Trail, *, reason: str = "", shared: bool | None = None
) -> tuple[Answer | None, bool]:
    """The answer that stands, and whether it is a new revision: the caller then touches the plan. ``value``: cleaned.
    ``base``: the revision that the person saw; :class:`ConflictError` where a newer one stands that says something else."""
    stands = Answer.objects.filter(plan=plan, question=q.slug, current=True).first()
    revision = stands.revision if stands else 0
    stood = None if stands is None or values.is_empty(stands.value) else stands.value
    if revision != base and stood != value:
        raise ConflictError(stands)
    same = stands is not None and stood == value and shared in (None, stands.shared)
    Draft.objects.filter(plan=plan, user=trail.actor, question=q.slug).delete()
    if same or (stands is None and value is None):
        return stands, False
    if not plan.open:
        raise RefusedError(NOT_OPEN)
    reason = words(reason, 500)
    if needs_reason(plan, q, stands) and stood != value and not reason:
        raise RefusedError(msg("This was settled before the response began: say why it must change now"))
    if stands is not None:
        stands.current = False
        stands.save(update_fields=["current"])
    kept = Answer.objects.create(
        plan=plan,
        question=q.slug,
        revision=revision + 1,
        value="" if value is None else value,
        shared=shared if shared is not None else (stands.shared if stands else q.shared),
        reason=reason,
        by=trail.actor,
    )
    trail.record(Operation.ALTERATION, "answer", plan.record, {"question": q.slug, "revision": kept.revision})
    return kept, True


def keep_typed(plan: Plan, q: catalogue.Question, raw: Sequence[str], base: int, trail: Trail) -> None:
    """What somebody typed, for them alone, until it is saved."""
    text = list(raw) if q.kind == "choices" else (raw[-1][: values.LONGEST["long"]] if raw else "")
    Draft.objects.update_or_create(
        plan=plan, user=trail.actor, question=q.slug, defaults={"value": text, "base": base, "at": timezone.now()}
    )
