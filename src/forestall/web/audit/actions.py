"""Reading the log is itself logged; so are taking it away and checking it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from forestall.web.actions import ANYONE, OPERATOR, action
from forestall.web.audit import reasons, selectors
from forestall.web.audit.choice import Choice
from forestall.web.audit.models import Event, Operation
from forestall.web.audit.selectors import Key, Page
from forestall.web.audit.trail import Trail
from forestall.web.audit.verify import Verification
from forestall.web.people.permissions import Permission

#: Events that the page's export gives at most; the command line gives all.
MOST = 100_000


@action(Permission.SEE_AUDIT)
def search_log(*, choice: Choice, older_than: Key | None, trail: Trail) -> Page:
    """One page of the log. It is read before its own event is written, so that the page does not begin with itself."""
    found = selectors.page(trail.actor, choice, older_than)
    detail = {**choice.chosen, **({"older_than": str(older_than)} if older_than else {})}
    trail.record(Operation.CONSULTATION, "search-log", choice.record, detail)
    return found


@action(Permission.SEE_AUDIT)
def read_record_log(*, record: str, trail: Trail) -> tuple[Event, ...]:
    """Who had to do with one record."""
    found = selectors.of_record(trail.actor, record)
    trail.record(Operation.CONSULTATION, "read-record-log", record)
    return found


@action(Permission.EXPORT_AUDIT)
def export_log(*, choice: Choice, trail: Trail) -> Iterator[Event]:
    """The events of a choice, to take away: at most :data:`MOST`, read as they are taken and after this event stands."""
    trail.record(Operation.DISCLOSURE, "export-log", choice.record, {**choice.chosen, "at_most": MOST})
    return selectors.each(trail.actor, choice, MOST)


@action(OPERATOR)
def export_whole_log(*, choice: Choice, to: str, form: str, trail: Trail) -> Iterator[Event]:
    """The same at the command line, with no end; ``to``: who receives it."""
    trail.record(Operation.DISCLOSURE, "export-log", choice.record, {**choice.chosen, "format": form}, to=to)
    return selectors.each(None, choice)


@action(OPERATOR)
def record_check(*, found: Verification, trail: Trail) -> Event:
    """Writes what a check of the log found into the log."""
    detail: dict[str, Any] = {
        "sound": found.sound,
        "seals": found.seals,
        "events": found.events,
        "unsealed": found.unsealed,
        "findings": [m.to_json() for m in found.findings[:50]],
    }
    return trail.record(Operation.ACCESS, "verify-log", "", detail)


@action(ANYONE)
def give_reason(*, request: HttpRequest, path: str, text: str, trail: Trail) -> None:
    """Keeps a reason for an address of the same session; it reaches the log with the act that it is for."""
    del trail
    reasons.keep(request, path, text)
