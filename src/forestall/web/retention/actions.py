"""Every decision to keep or to erase, every request for what is held and every answer to one, each in the log."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from forestall.records import persons
from forestall.records.store import Store
from forestall.text import msg
from forestall.web.actions import OPERATOR, action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.retention import rules, selectors
from forestall.web.retention.models import Disclosure, Request, Review
from forestall.web.retention.rules import RefusedError
from forestall.web.retention.selectors import DueItem
from forestall.web.retention.sources import KEEP, Held

#: A decision to keep sets a day of review at most so far away.
FURTHEST = dt.timedelta(days=3660)


@action(Permission.REVIEW_RETENTION)
def see_queue(*, trail: Trail) -> list[DueItem]:
    """What is due for a decision."""
    trail.record(Operation.CONSULTATION, "see-retention")
    return selectors.queue(trail.actor)


@action(Permission.REVIEW_RETENTION)
def decide(*, record: str, decision: str, reason: str, next_due: dt.date | None, trail: Trail) -> Review:
    """Decides on one record that is due. What can be erased at once is, in this transaction; the record store's part is
    left to the background. :class:`RefusedError` where something is missing or somebody decided meanwhile."""
    one = selectors.due_item(trail.actor, record)
    reason, today = rules.plain(reason), timezone.localdate()
    if decision not in one.source.decisions:
        raise RefusedError(rules.NO_DECISION, "decision")
    if not reason:
        raise RefusedError(rules.NO_REASON, "reason")
    if decision == KEEP:
        if next_due is None:
            raise RefusedError(rules.NO_DAY, "next_due")
        if next_due <= today:
            raise RefusedError(rules.EARLY, "next_due")
        if next_due > today + FURTHEST:
            raise RefusedError(rules.FAR, "next_due")
    try:
        with transaction.atomic():
            review = Review.objects.create(
                record=record, kind=one.item.kind, group=one.kept.group.slug, due=one.due, decision=decision,
                decided_by=trail.actor, reason=reason, next_due=next_due if decision == KEEP else None,
            )  # fmt: skip
    except IntegrityError as error:
        raise RefusedError(rules.DECIDED, "decision") from error
    detail = {"review": review.pk, "decision": decision, "due": one.due.isoformat()}
    if decision == KEEP:
        review.done_at = timezone.now()
        review.save()
        trail.record(Operation.ALTERATION, "keep-record", record, detail)
    elif one.source.quick:
        _done(review, one.source.carry_out(record, decision, review))
        trail.record(Operation.ERASURE, f"{decision}-record", record, {**detail, **review.trace})
    else:
        trail.record(Operation.ERASURE, f"decide-to-{decision}", record, detail)
        from forestall.web.retention import tasks

        tasks.carry_out.enqueue()
    return review


def _done(review: Review, trace: Mapping[str, Any]) -> None:
    review.trace, review.done_at, review.failed = dict(trace), timezone.now(), ""
    review.save()


@action(OPERATOR)
def finish_erasure(*, review: Review, trace: Mapping[str, Any], trail: Trail) -> None:
    """Writes down that a waiting erasure was carried out; a second time changes nothing."""
    mine = Review.objects.select_for_update().get(pk=review.pk)
    if mine.done_at is None:
        _done(mine, trace)
        detail = {"review": mine.pk, "decision": mine.decision, **mine.trace}
        trail.record(Operation.ERASURE, f"{mine.decision}-record", mine.record, detail)
    review.refresh_from_db()


@action(OPERATOR)
def note_failure(*, review: Review, why: str, trail: Trail) -> None:
    """Writes down why an erasure could not be carried out this time; it is tried again."""
    Review.objects.filter(pk=review.pk, done_at=None).update(failed=rules.plain(why, 500))
    trail.record(Operation.ALTERATION, "erasure-failed", review.record, {"review": review.pk})


@action(Permission.REVIEW_RETENTION)
def see_history(*, trail: Trail) -> Any:
    """All decisions, the last first."""
    trail.record(Operation.CONSULTATION, "see-retention-history")
    return selectors.reviews(trail.actor)


@action(Permission.DISCLOSE)
def see_requests(*, trail: Trail) -> Any:
    """The register of requests."""
    trail.record(Operation.CONSULTATION, "see-requests")
    return selectors.requests(trail.actor)


@action(Permission.DISCLOSE)
def open_request(
    *,
    kind: str,
    asked_by: str,
    account: User | None,
    identifiers: Sequence[str],
    purpose: str,
    received_on: dt.date,
    trail: Trail,
) -> Request:
    """Registers a request. ``identifiers``: what an extract says of the person, in the order of the mapping's columns; they
    become a keyed hash here and are kept nowhere. :class:`RefusedError` where something is missing, or ForestallError where
    the key that made the store's hashes is not on this machine."""
    asked_by, purpose = rules.plain(asked_by, 200), rules.plain(purpose)
    values = [rules.plain(i, 200) for i in identifiers]
    if kind not in Request.Kind.values:
        raise RefusedError(msg("Choose what is asked for"), "kind")
    if not asked_by:
        raise RefusedError(msg("Enter who asks"), "asked_by")
    if account is None and not any(values):
        raise RefusedError(msg("Choose an account, or say what the records say of the person"), "identifiers")
    if kind == Request.Kind.DISCLOSURE and not purpose:
        raise RefusedError(msg("Enter the purpose and the legal basis"), "purpose")
    if not timezone.localdate() - dt.timedelta(days=3660) < received_on <= timezone.localdate():
        raise RefusedError(msg("Enter a day that is not in the future"), "received_on")
    hashed = persons.hash_of(Store.open(Path(settings.STORE)), values) if any(values) else ""
    made = Request.objects.create(
        kind=kind, asked_by=asked_by, account=account, person_hash=hashed, purpose=purpose, received_on=received_on,
        due_on=rules.month_after(received_on), opened_by=trail.actor,
    )  # fmt: skip
    trail.record(Operation.COLLECTION, "open-request", f"disclosure:{made.pk}", {"kind": kind})
    return made


@action(Permission.DISCLOSE)
def read_request(*, pk: int, trail: Trail) -> Request:
    """One request, to read with all that is held about whom it names."""
    asked = selectors.request(trail.actor, pk)
    trail.record(Operation.CONSULTATION, "read-request", f"disclosure:{asked.pk}")
    return asked


@action(Permission.DISCLOSE)
def answer_request(*, pk: int, decision: str, redactions: str, trail: Trail) -> Request:
    """Decides how a request is answered: in full, in part or not. What is withheld, or why nothing is given, is kept."""
    asked = Request.objects.select_for_update(of=("self",)).get(pk=selectors.request(trail.actor, pk).pk)
    redactions = rules.plain(redactions, 5000)
    if asked.decision:
        raise RefusedError(rules.DECIDED, "decision")
    if decision not in Request.Decision.values:
        raise RefusedError(msg("Choose how the request is answered"), "decision")
    if decision != Request.Decision.FULL and not redactions:
        raise RefusedError(msg("Enter what is withheld and which exemption allows it"), "redactions")
    asked.decision, asked.redactions, asked.decided_by, asked.decided_at = decision, redactions, trail.actor, timezone.now()
    asked.save()
    trail.record(Operation.ALTERATION, "answer-request", f"disclosure:{asked.pk}", {"decision": decision})
    return asked


@action(Permission.DISCLOSE)
def disclose(
    *,
    pk: int,
    recipient: str,
    form: str,
    content: bytes,
    snapshot: str,
    held: Sequence[Held],
    withheld: Sequence[str],
    trail: Trail,
) -> Disclosure:
    """Registers a file that goes out, before it does: to whom, how many rows, what was withheld, and its hash."""
    asked, recipient = selectors.request(trail.actor, pk), rules.plain(recipient, 200)
    if asked.decision not in (Request.Decision.FULL, Request.Decision.PART) or asked.erased_at:
        raise RefusedError(msg("Decide first how the request is answered"), "decision")
    if not recipient:
        raise RefusedError(msg("Enter to whom the file goes"), "recipient")
    if withheld and asked.decision == Request.Decision.FULL:
        raise RefusedError(msg("The request is answered in full, so nothing can be left out"), "left_out")
    made = Disclosure.objects.create(
        request=asked, by=trail.actor, recipient=recipient, form=form, snapshot=snapshot, withheld=list(withheld),
        rows=sum(len(h.table.rows) for h in held), digest=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    detail = {"form": form, "rows": made.rows, "sha256": made.digest, "withheld": list(withheld)}
    trail.record(Operation.DISCLOSURE, "disclose", f"disclosure:{asked.pk}", detail, to=recipient)
    return made
