"""Responses: each is asked of its organisation at once, as a task."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404

from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import responding, responses
from forestall.web.plans.models import Earlier, Response
from forestall.web.plans.revision import keep_earlier
from forestall.web.plans.rules import held_open, touch


@action(Permission.WORK_ON_PLANS)
def keep_response(
    *, key: str, number: int | None, base: int, was: Mapping[str, str], sent: Mapping[str, str], trail: Trail
) -> Response:
    """Plans a response, or changes one (``number``), and asks its organisation for it. ``base`` and ``was``: its revision
    and fields as the person saw them; :class:`forestall.web.plans.revision.RevisionError` where somebody else changed the
    same fields meanwhile."""
    plan = held_open(key, trail)
    row = None
    if number is not None:
        row = Response.objects.filter(plan=plan, pk=number).first()
        if row is None:
            raise Http404
    return responding.keep(plan, row, base, was, sent, trail)


@action(Permission.WORK_ON_PLANS)
def stop_response(*, key: str, number: int, trail: Trail) -> Response:
    """Stops a response and takes back what was asked for it and is not done."""
    plan = held_open(key, trail)
    row = Response.objects.filter(plan=plan, pk=number).first()
    if row is None:
        raise Http404
    stands = responses.raw(row)
    row.standing = Response.Standing.STOPPED
    keep_earlier(row, Earlier.Kind.RESPONSE, stands, responses.raw(row), trail.actor)
    row.save()
    touch(plan)
    responding.ask(plan, row, trail)
    trail.record(Operation.ALTERATION, "stop-response", plan.record, {"response": row.pk})
    return row
