"""Whom a verdict is told, and reminders of tests that are due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.utils import timezone

from forestall.records import months as mm
from forestall.results.design import VERDICTS
from forestall.text import msg
from forestall.web.assessing.models import PlanDesign, PlanEvaluation
from forestall.web.audit.trail import Trail
from forestall.web.work import actions as work
from forestall.web.work.kinds import kind
from forestall.web.work.reminders import Reminder, source

VERDICT = kind("plan-verdict", msg("The test of a plan of yours has a verdict"))
TEST_DUE = kind("plan-test-due", msg("The test of a plan of yours is due"))
#: States in which a response is or was under way.
RUNNING = ("responding", "assessing", "closing")


def verdict(kept: PlanEvaluation, before: str, trail: Trail) -> None:
    """Tells owner and supervisor of a verdict that is new or says something else."""
    plan = kept.plan
    words = (
        msg("Plan {key}: {now}; it was “{before}”", key=plan.key, now=VERDICTS[kept.verdict], before=VERDICTS[before])
        if before
        else msg("Plan {key}: {now}", key=plan.key, now=VERDICTS[kept.verdict])
    )
    for person in {p.pk: p for p in (plan.owner, plan.supervisor) if p is not None and p.is_active}.values():
        if trail.actor is None or trail.actor.pk != person.pk:
            work.post_notice(
                person=person, kind=VERDICT, message=words, key=f"verdict:{kept.pk}:{person.pk}",
                link=f"/plans/{plan.key}/evaluation/", reference=plan.key, trail=trail,
            )  # fmt: skip


@source
def tests_due(now: dt.datetime) -> Iterator[Reminder]:
    """Locked designs whose last month is over by a month, and that have no verdict yet: the records that decide are due."""
    this = timezone.localdate(now).strftime("%Y-%m")
    found = PlanDesign.objects.filter(current=True, locked_at__isnull=False, plan__state__in=RUNNING)
    for d in found.exclude(evaluations__current=True, evaluations__interim=False).select_related("plan", "plan__owner"):
        last = mm.shift(d.made.asked.starts, d.made.asked.months - 1)
        if mm.shift(last, 2) <= this:
            yield Reminder(
                person=d.plan.owner, kind=TEST_DUE,
                message=msg(
                    "Plan {key}: its test ended in {month:month} and has no verdict yet", key=d.plan.key, month=last
                ),
                key=f"test:{d.pk}:{this}", link=f"/plans/{d.plan.key}/evaluation/", reference=d.plan.key,
            )  # fmt: skip


@source
def locks_due(now: dt.datetime) -> Iterator[Reminder]:
    """Designs that were proposed and never locked, though the response has begun."""
    this = timezone.localdate(now).strftime("%Y-%m")
    found = PlanDesign.objects.filter(current=True, locked_at=None, plan__state__in=RUNNING)
    for d in found.select_related("plan", "plan__owner"):
        yield Reminder(
            person=d.plan.owner, kind=TEST_DUE,
            message=msg("Plan {key}: the response has begun and its test is not locked", key=d.plan.key),
            key=f"lock:{d.pk}:{this}", link=f"/plans/{d.plan.key}/test/", reference=d.plan.key,
        )  # fmt: skip
