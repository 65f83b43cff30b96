"""Who acts, from where and why: what every action takes, and with what it writes its event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from forestall.catalogue import audit as policy
from forestall.web.audit import reasons, sealing
from forestall.web.audit.models import Event, Operation


class ReasonNeededError(Exception):
    """The policy asks for a reason for this act and none was given: nothing was done."""

    def __init__(self, act: str) -> None:
        super().__init__(act)
        self.act = act


@dataclass(frozen=True)
class Trail:
    """``actor``: the signed-in person; None for a visitor, or for the operator at the command line. ``reason``: what the
    person gave for the act, kept where the policy asks for one."""

    actor: Any
    address: str = ""
    reason: str = ""

    @staticmethod
    def of(request: HttpRequest) -> Trail:
        actor = request.user if request.user.is_authenticated else None
        return Trail(actor, address_of(request), reasons.given(request))

    @staticmethod
    def operator(reason: str = "") -> Trail:
        """The person at the machine's own command line."""
        return Trail(None, "console", reason)

    def by(self, actor: Any) -> Trail:
        """The same trail once it is known who acts."""
        return replace(self, actor=actor)

    def record(
        self,
        operation: Operation,
        act: str,
        record: str = "",
        detail: Mapping[str, Any] | None = None,
        name: str = "",
        to: str = "",
    ) -> Event:
        """Writes one event. Only inside the act's transaction: otherwise one could stand without the other.

        ``to``: to whom, of a disclosure; the person who takes it away where nobody else is named. Raises
        :class:`ReasonNeededError` where the policy asks a person for a reason and there is none.
        """
        if not connection.in_atomic_block:
            raise RuntimeError("an audit event is written in the transaction of its act")
        asks = policy.policy().reason(act, operation)
        reason = "" if asks == policy.OFF else self.reason.strip()
        if asks == policy.REQUIRED and not reason and self.actor is not None:
            raise ReasonNeededError(act)
        who = name or (self.actor.username if self.actor else "")
        event = Event.objects.create(
            actor=self.actor,
            actor_name=_plain(who)[:150],
            operation=operation,
            act=act,
            record=_plain(record)[:200],
            recipient=_plain(to or (who if operation == Operation.DISCLOSURE else ""))[:200],
            reason=_plain(reason)[: reasons.LONGEST],
            detail=_plain(dict(detail or {})),
            address=self.address[:45],
        )
        transaction.on_commit(sealing.after_commit, robust=True)
        return event


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; a proxy's word is believed only where the settings say that there is one."""
    if settings.BEHIND_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if forwarded:
            return forwarded
    return request.META.get("REMOTE_ADDR", "")


def _plain(value: Any) -> Any:
    """Text that both databases keep: without the zero character and halves of characters, which PostgreSQL refuses."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_plain(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
