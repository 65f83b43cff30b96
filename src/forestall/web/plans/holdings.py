"""What this app holds, for reviews and for who asks: plans that ended long ago, and a person's part in plans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import Name, msg
from forestall.web.assessing import redacting
from forestall.web.plans import own_record
from forestall.web.plans.models import Plan
from forestall.web.retention.sources import ERASE, KEEP, REDACT, Held, Item, Source, Subject, begun_by, register

#: What an erased and a redacted plan are called; its key, its states and its moves stay.
ERASED = "Erased plan"
REDACTED = "Redacted plan"
COLLEAGUE = msg("somebody who uses the workplace")
#: What hangs on a plan and goes with its content.
PARTS = ("answers", "drafts", "hypotheses", "responses", "earlier", "tasks", "occurrences", "help_requests", "referrals",
         "handovers", "level_changes", "local_results", "rulings", "evaluations", "designs")  # fmt: skip


def _held() -> QuerySet[Plan]:
    return Plan.objects.exclude(title=ERASED)


def _since(plan: Plan) -> dt.date:
    """The clock runs from the day of closure; where work never ended, from the beginning."""
    return timezone.localdate(plan.closed_at or plan.made_at)


def due(day: dt.date) -> Iterable[Item]:
    """Plans that were closed, or begun and never closed, long enough ago."""
    limit = begun_by("plan", day)
    found = _held().filter(Q(closed_at__date__lte=limit) | Q(closed_at=None, made_at__date__lte=limit))
    items = (_item(p) for p in found.order_by("made_at", "pk").iterator())
    return (i for i in items if i.due <= day)


def one(record: str) -> Item | None:
    plan = _held().filter(key=record.partition(":")[2]).first()
    return None if plan is None else _item(plan)


def _item(plan: Plan) -> Item:
    return Item(plan.record, "plan", Name(plan.title), _since(plan))


def carry_out(record: str, decision: str, review: Any) -> Mapping[str, Any]:
    """Erasing takes everything that was written; redacting takes free text, people and occurrence numbers, and leaves what
    can be counted, so that what was tried stays known. The key, the states and who moved it stay in both."""
    del review
    plan = _held().select_for_update().get(key=record.partition(":")[2])
    gone = 0
    if decision == ERASE:
        for name in PARTS:
            gone += getattr(plan, name).all().delete()[0]
        plan.moves.update(reason="", detail={})
        plan.title, plan.category, plan.signal = ERASED, "", ""
    else:
        free = [q.slug for q in catalogue.questions().values() if q.kind in ("text", "long")]
        gone += plan.answers.filter(Q(question__in=free) | Q(current=False)).delete()[0]
        for name in ("drafts", "earlier", "occurrences", "help_requests", "referrals", "handovers", "level_changes"):
            gone += getattr(plan, name).all().delete()[0]
        plan.hypotheses.update(text="", supports="", contradicts="", test="")
        plan.responses.update(action="", mechanism="", side_effect="", owner=None)
        plan.tasks.update(title="", detail="", outcome="", owner=None)
        plan.moves.update(reason="", detail={})
        for result in plan.local_results.all():
            gone += result.reviews.all().delete()[0]
        plan.local_results.update(lessons="", mechanism="", lessons_open=False)
        gone += redacting.redact(plan)
        plan.title = REDACTED
    plan.seed, plan.words, plan.published_at = {}, "", None
    plan.save()
    return {"plan": plan.key, "rows": gone}


def gather(subject: Subject) -> Iterable[Held]:
    """A colleague's part in plans. Plans know nobody whom the records are about, save in words that a person must read."""
    if subject.account is None:
        return
    own = own_record.of(subject.account)
    if own.works:
        yield Held("plans", msg("Part in plans"), COLLEAGUE, own.table(), "title")


register(
    Source(
        kind="plan",
        title=msg("Plans that ended"),
        due=due,
        one=one,
        decisions=(KEEP, REDACT, ERASE),
        says=msg(
            "Redacting takes free text, people and occurrence numbers and leaves what can be counted. Erasing takes all "
            "that was written. The reference, the states and their dates stay in both."
        ),
        carry_out=carry_out,
        gather=gather,
    )
)
