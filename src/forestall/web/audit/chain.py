"""The arithmetic of the chain: what an event is in bytes, and how a seal follows from the seal before it.

A seal stands for a run of events. Its hash is SHA-256 over the hash of the seal before, the seal's own figures and the
canonical form of each of its events, so that no event, no seal and no order of them can change without it. The canonical
form is the same on SQLite and PostgreSQL. Nothing here knows Django: an auditor can check a file without the workplace.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

#: The hash before the first seal.
NOTHING = "0" * 64

#: The columns of an event that the chain covers, in the order in which they are hashed: all of them.
COLUMNS = (
    "id", "at", "actor_id", "actor_name", "operation", "act", "record", "recipient", "reason", "detail", "address",
)  # fmt: skip
AT, DETAIL = COLUMNS.index("at"), COLUMNS.index("detail")


def canonical(row: Sequence[Any]) -> bytes:
    """An event as the chain hashes it. ``row``: its :data:`COLUMNS`, ``at`` and ``detail`` as the database's own text."""
    values = list(row)
    values[AT] = instant(values[AT])
    values[DETAIL] = _detail(values[DETAIL])
    return _bytes(values)


def link(before: str, *, number: int, first: int, last: int, count: int, at: Any, events: Iterable[bytes]) -> str:
    """The hash of a seal, 64 hex digits. ``before``: the hash of the seal before it; ``at``: when it was sealed, in UTC."""
    digest = hashlib.sha256(_bytes([before, number, first, last, count, instant(at)]))
    for event in events:
        digest.update(b"\n" + event)
    return digest.hexdigest()


def instant(text: Any) -> Any:
    """``2026-11-23 02:16:00`` and the same with microseconds in one form; anything else as it is."""
    return f"{text}.000000" if isinstance(text, str) and len(text) == 19 else text


@functools.lru_cache(maxsize=4096)  # most details are like others
def _detail(text: Any) -> Any:
    """JSON with its keys in order, so that both databases' texts are one; what is no JSON as it is."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return text
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _bytes(values: list[Any]) -> bytes:
    return json.dumps(values, separators=(",", ":"), default=repr).encode("ascii")
