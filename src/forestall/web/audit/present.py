"""The log as a page says it. Words only."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from babel.dates import format_datetime
from django.utils import timezone

from forestall.catalogue import audit as policy
from forestall.results.base import _cell
from forestall.text import Message, msg, msg_n
from forestall.web.audit.models import Event, Operation
from forestall.web.audit.selectors import State

OPERATION = {
    Operation.COLLECTION: msg("Collection"),
    Operation.ALTERATION: msg("Alteration"),
    Operation.CONSULTATION: msg("Consultation"),
    Operation.DISCLOSURE: msg("Disclosure"),
    Operation.COMBINATION: msg("Combination"),
    Operation.ERASURE: msg("Erasure"),
    Operation.ACCESS: msg("Access to the workplace"),
}
OPERATOR = msg("The operator, at the command line")
WORKER = msg("The workplace itself, in the background")
VISITOR = msg("A visitor who had not signed in")

COLUMNS = ("id", "at", "who", "name", "operation", "act", "record", "recipient", "reason", "address", "detail")


def when(at: dt.datetime, language: str) -> str:
    """A moment in the force's own time, to the second."""
    return str(format_datetime(timezone.localtime(at), "d MMM y HH:mm:ss", locale=language))


def who(event: Event) -> str | Message:
    if event.actor_name:
        name = event.actor.name if event.actor else ""
        return f"{name} ({event.actor_name})" if name else event.actor_name
    return {"console": OPERATOR, "worker": WORKER}.get(event.address, VISITOR)


def act(event: Event) -> Message:
    return policy.policy().title(event.act)


def title(slug: str) -> Message:
    return policy.policy().title(slug)


def details(event: Event) -> list[tuple[str, str]]:
    """What else the event says, name by name; the machine's words."""
    given = event.detail if isinstance(event.detail, dict) else {"": event.detail}
    return [
        (str(k), v if isinstance(v, str) else json.dumps(v, ensure_ascii=False))
        for k, v in given.items()
        if v not in ("", None)
    ]


def standing(state: State, language: str) -> Message:
    """The sentence on top: how far the log is sealed, and what the last check found."""
    if state.sealed_until is None:
        return msg("No event of the log is sealed yet.")
    until = when(state.sealed_until, language)
    if state.checked is None:
        return msg("The log is sealed up to {until}; it has not been checked yet.", until=until)
    checked = when(state.checked.at, language)
    if state.checked.detail.get("sound"):
        return msg("The log is sealed up to {until}; the check of {checked} found it whole.", until=until, checked=checked)
    return msg("The check of {checked} found signs that the log was tampered with.", checked=checked)


def tail(state: State, language: str) -> Message | None:
    if not state.unsealed or state.unsealed_since is None:
        return None
    return msg_n(
        "{n:count} event waits for the next seal; it was written at {since}.",
        "{n:count} events wait for the next seal; the oldest was written at {since}.",
        n=state.unsealed, since=when(state.unsealed_since, language),
    )  # fmt: skip


def not_anchored(state: State) -> Message | None:
    if state.not_anchored <= 0:
        return None
    return msg_n(
        "{n:count} seal is not in the file of anchors yet: see that it can be written.",
        "{n:count} seals are not in the file of anchors yet: see that it can be written.",
        n=state.not_anchored,
    )  # fmt: skip


def found(state: State) -> list[Message]:
    """What the last check found amiss."""
    if state.checked is None:
        return []
    return [Message.from_json(m) for m in state.checked.detail.get("findings", [])]


def row(event: Event) -> dict[str, Any]:
    """An event as it is taken away: the machine's words, the moment in UTC."""
    return {
        "id": event.id,
        "at": event.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "who": event.actor_name,
        "name": event.actor.name if event.actor else "",
        "operation": event.operation,
        "act": event.act,
        "record": event.record,
        "recipient": event.recipient,
        "reason": event.reason,
        "address": event.address,
        "detail": event.detail,
    }


def json_lines(events: Iterable[Event]) -> Iterator[str]:
    """A line an event."""
    for event in events:
        yield json.dumps(row(event), ensure_ascii=False) + "\n"


def csv_lines(events: Iterable[Event]) -> Iterator[str]:
    """A head and a line an event; text that a spreadsheet would run as a formula is quoted."""
    yield "\ufeff" + _line(COLUMNS)
    for event in events:
        values = row(event)
        values["detail"] = json.dumps(event.detail, ensure_ascii=False) if event.detail else ""
        yield _line(_cell(values[c], "en") for c in COLUMNS)


def _line(values: Iterable[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()
