"""The register of agreements on which organisations share information."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, Organisation
from forestall.web.people.permissions import Permission
from forestall.web.people.refusal import RefusedError


@action(Permission.MANAGE_AGREEMENTS)
def add_agreement(
    *,
    reference: str,
    title: str,
    kind: str,
    parties: Sequence[Organisation],
    purpose: str,
    legal_basis: str,
    starts: dt.date,
    expires: dt.date,
    review_on: dt.date,
    trail: Trail,
) -> Agreement:
    """Enters an agreement: at least two parties, one of them the manager's where that manages some organisations only."""
    reach = trail.actor.reach(Permission.MANAGE_AGREEMENTS)
    if reach is not None and not any(p.pk in reach for p in parties):
        raise PermissionDenied
    if len({p.pk for p in parties}) < 2:
        raise RefusedError(msg("An agreement has at least two parties: choose them"))
    if Agreement.objects.filter(reference=reference).exists():
        raise RefusedError(
            msg(
                "There is an agreement with the reference {reference} already: renew that, or give another",
                reference=reference,
            )
        )
    _in_order(starts, review_on, expires)
    made = Agreement.objects.create(
        reference=reference, title=title, kind=kind, purpose=purpose, legal_basis=legal_basis, starts=starts,
        expires=expires, review_on=review_on,
    )  # fmt: skip
    made.parties.set(parties)
    trail.record(
        Operation.ALTERATION, "add-agreement", f"agreement:{made.pk}",
        {"reference": reference, "kind": kind, "parties": sorted(p.slug for p in parties), "expires": expires.isoformat()},
    )  # fmt: skip
    return made


@action(Permission.MANAGE_AGREEMENTS)
def renew_agreement(*, agreement: Agreement, expires: dt.date, review_on: dt.date, trail: Trail) -> None:
    """A later end, after a review. What was shared on it before stays as it was."""
    _keeps(trail, agreement)
    if agreement.withdrawn_on is not None:
        raise RefusedError(msg("This agreement was withdrawn: enter a new one"))
    if expires <= agreement.expires:
        raise RefusedError(msg("A renewed agreement ends later than before: give a later date"))
    _in_order(timezone.localdate(), review_on, expires)
    detail = {"from": agreement.expires.isoformat(), "to": expires.isoformat(), "review": review_on.isoformat()}
    agreement.expires, agreement.review_on = expires, review_on
    agreement.save(update_fields=["expires", "review_on"])
    trail.record(Operation.ALTERATION, "renew-agreement", f"agreement:{agreement.pk}", detail)


@action(Permission.MANAGE_AGREEMENTS)
def withdraw_agreement(*, agreement: Agreement, on: dt.date, trail: Trail) -> None:
    """A party has withdrawn: nothing is shared on it from that day, which is not in the past."""
    _keeps(trail, agreement)
    if on < timezone.localdate():
        raise RefusedError(msg("An agreement is withdrawn from today or later: give that day"))
    agreement.withdrawn_on = on
    agreement.save(update_fields=["withdrawn_on"])
    trail.record(Operation.ALTERATION, "withdraw-agreement", f"agreement:{agreement.pk}", {"on": on.isoformat()})


def _keeps(trail: Trail, agreement: Agreement) -> None:
    reach = trail.actor.reach(Permission.MANAGE_AGREEMENTS)
    if reach is not None and not agreement.parties.filter(pk__in=reach).exists():
        raise PermissionDenied


def _in_order(starts: dt.date, review_on: dt.date, expires: dt.date) -> None:
    if not starts <= review_on <= expires:
        raise RefusedError(msg("An agreement is reviewed between its first and its last day: mend the dates"))
