"""Who acts, and from where: what every action takes, and with what it writes its event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from forestall.web.audit.models import Event, Operation


@dataclass(frozen=True)
class Trail:
    """``actor``: the signed-in person; None for a visitor, or for the operator at the command line."""

    actor: Any
    address: str = ""

    @staticmethod
    def of(request: HttpRequest) -> Trail:
        return Trail(request.user if request.user.is_authenticated else None, address_of(request))

    @staticmethod
    def operator() -> Trail:
        """The person at the machine's own command line."""
        return Trail(None, "console")

    def by(self, actor: Any) -> Trail:
        """The same trail once it is known who acts."""
        return replace(self, actor=actor)

    def record(
        self, operation: Operation, act: str, record: str = "", detail: Mapping[str, Any] | None = None, name: str = ""
    ) -> Event:
        """Writes one event. Only inside the act's transaction: otherwise one could stand without the other."""
        if not connection.in_atomic_block:
            raise RuntimeError("an audit event is written in the transaction of its act")
        return Event.objects.create(
            actor=self.actor,
            actor_name=(name or (self.actor.username if self.actor else ""))[:150],
            operation=operation,
            act=act,
            record=record[:200],
            detail=dict(detail or {}),
            address=self.address[:45],
        )


def address_of(request: HttpRequest) -> str:
    """Where a request comes from; a proxy's word is believed only where the settings say that there is one."""
    if settings.BEHIND_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if forwarded:
            return forwarded
    return request.META.get("REMOTE_ADDR", "")
