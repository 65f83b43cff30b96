"""Analysis: filled in from the profile of the signal, and ideas why the problem goes on."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404
from django.utils import timezone

from forestall.results import Profile
from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import analysis, ideas
from forestall.web.plans.analysis import Filled
from forestall.web.plans.models import Earlier, Hypothesis
from forestall.web.plans.revision import keep_earlier, reconcile
from forestall.web.plans.rules import RefusedError, held_open, touch


@action(Permission.WORK_ON_PLANS)
def fill_analysis(*, key: str, made: Profile, language: str, trail: Trail) -> Filled:
    """Fills the analysis in from the profile of the plan's signal, cited; nothing that a person wrote is touched."""
    plan = held_open(key, trail)
    if made.subject.signal != plan.signal:
        raise RefusedError(msg("This is the profile of another problem"))
    done = analysis.fill(plan, made, language, trail.actor, timezone.now())
    touch(plan)
    detail = {"signal": plan.signal, "snapshot": made.snapshot, "answers": done.answers, "ideas": done.ideas}
    trail.record(Operation.COMBINATION, "fill-analysis", plan.record, detail)
    return done


@action(Permission.WORK_ON_PLANS)
def keep_hypothesis(
    *, key: str, number: int | None, base: int, was: Mapping[str, str], sent: Mapping[str, str], trail: Trail
) -> Hypothesis:
    """Writes an idea down, or changes one (``number``). ``base`` and ``was``: its revision and fields as the person saw
    them; :class:`forestall.web.plans.revision.RevisionError` where somebody else changed the same fields meanwhile."""
    plan = held_open(key, trail)
    if number is None:
        h = Hypothesis(plan=plan, by=trail.actor, **ideas.clean(sent))
        h.save()
    else:
        h = Hypothesis.objects.filter(plan=plan, pk=number).first()
        if h is None:
            raise Http404
        stands = ideas.raw(h)
        kept = ideas.clean(reconcile(h, stands, base, was, sent))
        if all(getattr(h, name) == value for name, value in kept.items()):
            return h
        for name, value in kept.items():
            setattr(h, name, value)
        keep_earlier(h, Earlier.Kind.IDEA, stands, ideas.raw(h), trail.actor)
        h.save()
    touch(plan)
    trail.record(Operation.ALTERATION, "keep-hypothesis", plan.record, {"hypothesis": h.pk, "revision": h.revision})
    return h
