"""Links that let a person choose a password: one use, a week, and only the newest of a person works."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.utils import timezone

from forestall.web.people.models import Invitation, User

LASTS = dt.timedelta(days=7)


def invite(user: User) -> str:
    """Makes a person's link in place of earlier ones; returns its random part, which is kept nowhere."""
    withdraw(user)
    token = secrets.token_urlsafe(32)
    Invitation.objects.create(user=user, token_hash=_hash(token), expires_at=timezone.now() + LASTS)
    return token


def withdraw(user: User) -> None:
    Invitation.objects.filter(user=user, used_at__isnull=True).delete()


def find(token: str) -> Invitation | None:
    """The invitation of a link that still works."""
    found = Invitation.objects.select_related("user").filter(token_hash=_hash(token), used_at__isnull=True).first()
    return found if found and timezone.now() < found.expires_at and found.user.is_active else None


def use(invitation: Invitation) -> bool:
    """Uses an invitation up; False where somebody was quicker."""
    return Invitation.objects.filter(pk=invitation.pk, used_at__isnull=True).update(used_at=timezone.now()) == 1


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
