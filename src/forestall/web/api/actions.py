"""Making and revoking tokens, by their person or by the operator, and noting that one was used."""

from __future__ import annotations

import datetime as dt

from django.http import Http404
from django.utils import timezone

from forestall.errors import ForestallError
from forestall.text import msg
from forestall.web.actions import ANYONE, OPERATOR, action, oneself
from forestall.web.api import tokens
from forestall.web.api.models import AccessToken
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.values import clean_text


@action(ANYONE)
def make_token(*, name: str, days: int, reads_only: bool, trail: Trail) -> tuple[AccessToken, str]:
    """Makes a token of the person who asks, with no more rights than theirs; returns it with its letters, which nobody sees
    again."""
    user = oneself(trail)
    name = clean_text(name)[:100]
    if not name:
        raise RefusedError(msg("Give the token a name, by which you know later what uses it"))
    if days not in tokens.DAYS:
        raise RefusedError(msg("Choose how long it lasts"))
    if sum(t.works for t in AccessToken.objects.filter(user=user, revoked_at=None).select_related("user")) >= tokens.MOST:
        raise RefusedError(msg("You have {n:count} tokens that work: revoke one first", n=tokens.MOST))
    return _make(user, name, days, reads_only, trail)


@action(ANYONE)
def revoke_token(*, token: int, trail: Trail) -> AccessToken:
    """Ends a token of the person who asks; one of somebody else is not found."""
    user = oneself(trail)
    found = AccessToken.objects.select_for_update().filter(user=user, pk=token).first()
    if found is None:
        raise Http404
    if found.revoked_at is None:
        _revoke(found, trail)
    return found


@action(ANYONE)
def note_use(*, token: AccessToken, trail: Trail) -> None:
    """Notes, once a day, that a token let its person in."""
    if token.used_today:
        return
    fresh = AccessToken.objects.filter(pk=token.pk, last_used_at=token.last_used_at).update(last_used_at=timezone.now())
    if fresh:
        trail.record(Operation.ACCESS, "use-token", f"user:{token.user_id}", {"token": token.pk})


@action(OPERATOR)
def make_token_for(*, username: str, name: str, days: int, reads_only: bool, trail: Trail) -> str:
    """Makes a token of somebody, at the command line; returns its letters."""
    user = _named(username)
    if not 1 <= days <= max(tokens.DAYS):
        raise ForestallError(f"a token lasts from 1 to {max(tokens.DAYS)} days, not {days}: give another --days")
    return _make(user, clean_text(name)[:100] or "token", days, reads_only, trail)[1]


@action(OPERATOR)
def revoke_tokens_of(*, username: str, trail: Trail) -> int:
    """Ends every token of somebody; returns how many worked."""
    found = [
        t for t in AccessToken.objects.filter(user=_named(username), revoked_at=None).select_related("user") if t.works
    ]
    for token in found:
        _revoke(token, trail)
    return len(found)


def _named(username: str) -> User:
    user = User.objects.filter(username=username.strip().lower(), is_active=True).first()
    if user is None:
        raise ForestallError(f"there is no account named {username}: check the name at the page of people")
    return user


def _make(user: User, name: str, days: int, reads_only: bool, trail: Trail) -> tuple[AccessToken, str]:
    plain = tokens.new()
    made = AccessToken.objects.create(
        user=user, name=name, hint=plain[-4:], token_hash=tokens.hash_of(plain), reads_only=reads_only,
        stamp=user.session_stamp, expires_at=timezone.now() + dt.timedelta(days=days),
    )  # fmt: skip
    detail = {"token": made.pk, "days": days, "reads_only": reads_only}
    trail.record(Operation.ACCESS, "make-token", f"user:{user.pk}", detail)
    return made, plain


def _revoke(token: AccessToken, trail: Trail) -> None:
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    trail.record(Operation.ACCESS, "revoke-token", f"user:{token.user_id}", {"token": token.pk})
