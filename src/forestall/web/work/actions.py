"""Telling people, and what they do with what they are told."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import Http404
from django.utils import timezone

from forestall.text import Message
from forestall.web.actions import ANYONE, OPERATOR, action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.work import selectors
from forestall.web.work.kinds import Kind
from forestall.web.work.models import Notice


@action(ANYONE)
def post_notice(
    *, person: User, kind: Kind, message: Message, key: str, trail: Trail, link: str = "", reference: str = ""
) -> Notice | None:
    """Tells a person of something, in the transaction of what it tells of, whose own permission was checked there. Returns
    None where the person was told of this occasion before. ``key``: names the occasion. ``message`` and ``link`` are for
    the signed-in reader; an e-mail quotes the kind's title and ``reference`` alone."""
    notice, made = Notice.objects.get_or_create(
        person=person,
        key=key,
        defaults={"kind": kind.slug, "message": message.to_json(), "link": link, "reference": reference},
    )
    if not made:
        return None
    trail.record(Operation.ALTERATION, "post-notice", f"notice:{notice.pk}", {"kind": kind.slug, "person": person.pk})
    if settings.MAIL and kind.mailed and person.email and person.is_active and not person.is_demo:
        from forestall.web.work import tasks

        tasks.mail_notice.enqueue(notice.pk)
    return notice


@action(ANYONE)
def see_notices(*, trail: Trail) -> Sequence[Notice]:
    """The reader's own notices, newest first."""
    found = selectors.notices(trail.actor)
    trail.record(Operation.CONSULTATION, "see-notices", detail={"n": len(found)})
    return found


@action(ANYONE)
def mark_read(*, trail: Trail, notice: int | None = None) -> int:
    """Marks one of the reader's own notices as read, or all of them; returns how many that was. One that is another's, or
    that is not there, is not found."""
    own = Notice.objects.filter(person=trail.actor) if trail.actor else Notice.objects.none()
    if notice is not None:
        own = own.filter(pk=notice)
        if not own.exists():
            raise Http404
    marked = own.filter(read_at=None).update(read_at=timezone.now())
    if marked:
        trail.record(Operation.ALTERATION, "read-notice", f"notice:{notice or 'all'}", {"n": marked})
    return marked


@action(OPERATOR)
def mark_mailed(*, notice: Notice, trail: Trail) -> None:
    """Notes that the mail server took the e-mail of a notice."""
    if Notice.objects.filter(pk=notice.pk, mailed_at=None).update(mailed_at=timezone.now()):
        trail.record(Operation.ALTERATION, "mail-notice", f"notice:{notice.pk}", {"person": notice.person_id})
