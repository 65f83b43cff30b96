"""What a store holds about one person, who is known to it by a keyed hash alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forestall.errors import ForestallError
from forestall.records import hashkey
from forestall.records.store import Store
from forestall.records.tombstones import key_of

#: Field -> the role in which it names a person; the law keeps these apart, and one person may hold several.
ROLES = {"suspect_id": "suspect", "victim_id": "victim", "caller_id": "caller"}
#: What of a record the person whom it is about is given. Who else it names, and the ids of others, stays out; so does free
#: text, which may speak of others: it is counted, and a person reads it before it is disclosed.
GIVEN = (
    "occurred_from", "occurred_to", "kind", "category", "location_text", "outcome", "status", "context", "reported_at",
    "recorded_at", "offence_code", "force", "source", "source_ref", "record_id",
)  # fmt: skip


def has_persons(store: Store) -> bool:
    """Whether any record of the snapshot in force may name a person."""
    return any(p.key for p in store.manifest().parts)


def hash_of(store: Store, values: Sequence[str]) -> str:
    """The keyed hash of the person of whom an extract says ``values``, in the order of the mapping's columns.
    ForestallError where the store's key is not here, or nothing is given."""
    manifest = store.manifest()
    parts = [p for p in (*manifest.parts, *manifest.history) if p.key]
    if not parts:
        raise ForestallError(f"no record in {store.path} names a person: there is nobody to look for.")
    hashed = hashkey.person(key_of(parts, ()), values)
    if hashed is None:
        raise ForestallError(
            "a person needs at least one value that is not empty, such as surname, forename, date of birth."
        )
    return hashed


def about(store: Store, hashed: str) -> dict[str, Any]:
    """Records in force that name the person, by role: role -> an Arrow table of :data:`GIVEN` in order of time."""
    if not has_persons(store):
        return {}
    records = store.records()
    table = records.table()
    found = {}
    for name, role in ROLES.items():
        rows = records.arrow(table.filter(table[name] == hashed).order_by(["occurred_from", "record_id"]).select(*GIVEN))
        if len(rows):
            found[role] = rows
    return found
