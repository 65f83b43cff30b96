"""What the record store holds: records by kind and calendar year. They are erased in the background."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from forestall import catalogue
from forestall.errors import ForestallError
from forestall.records import erasure, persons
from forestall.records.schema import BY_NAME, KINDS
from forestall.records.store import Store
from forestall.results import Column, Table
from forestall.text import Message, msg, msg_n
from forestall.web.retention.sources import ERASE, KEEP, Held, Item, Source, Subject

ROLES = {"suspect": msg("suspect"), "victim": msg("victim"), "caller": msg("caller")}
#: Heads of the columns of records that a person is given.
HEADS = {
    "record_id": msg("Record"), "source": msg("Source"), "source_ref": msg("Number in the source"), "force": msg("Force"),
    "kind": msg("Kind of record"), "category": msg("Category"), "offence_code": msg("Offence code"),
    "occurred_from": msg("Happened from"), "occurred_to": msg("Happened until"), "reported_at": msg("Reported"),
    "recorded_at": msg("Recorded"), "location_text": msg("Where"), "outcome": msg("Outcome"), "status": msg("Standing"),
    "context": msg("Free text"),
}  # fmt: skip


@functools.cache
def kind_title(kind: str) -> Message:
    title: Message = catalogue.load("kinds")["kinds"][kind]["title"]
    return title


@functools.lru_cache(maxsize=4)
def _counts(store: Path, snapshot: str) -> tuple[tuple[str, int, int], ...]:
    """(kind, year, records) of a snapshot, by year."""
    records = Store.open(store).records(snapshot)
    table = records.table()
    grouped = table.group_by(kind=table.kind, year=table.occurred_to.year()).aggregate(n=table.count())
    found = records.arrow(grouped.order_by(["year", "kind"])).to_pylist()
    return tuple((r["kind"], int(r["year"]), int(r["n"])) for r in found if r["year"] is not None)


def _held() -> tuple[tuple[str, int, int], ...]:
    store = Store.open(settings.STORE)
    return _counts(store.path, store.current) if store.current else ()


def due(day: dt.date) -> Iterable[Item]:
    """Kinds and years of records that are past their time."""
    return [i for i in (_item(*each) for each in _held()) if i.due <= day]


def one(record: str) -> Item | None:
    _, kind, year = (*record.split(":"), "", "")[:3]
    return next((_item(*each) for each in _held() if each[0] == kind and str(each[1]) == year), None)


def _item(kind: str, year: int, n: int) -> Item:
    label = msg_n(
        "{kind}, {year}: {n:count} record", "{kind}, {year}: {n:count} records", kind=kind_title(kind), year=str(year), n=n
    )
    return Item(f"records:{kind}:{year}", f"records:{kind}", label, dt.date(year, 12, 31))


def erase(record: str, decision: str, review: Any) -> Mapping[str, Any]:
    """Takes a year of a kind out of every snapshot. Done again, it finds the tombstone of the first time."""
    del decision
    _, kind, year = record.split(":")
    if kind not in KINDS:
        raise ForestallError(f"there is no kind of record {kind!r}")
    store, by = Store.open(settings.STORE), f"review {review.pk}"
    first = dt.date(int(year), 1, 1)
    rule = erasure.Rule(before=first.replace(year=first.year + 1), since=first, kind=kind)
    done = erasure.erase(store, rule, reason=f"retention review {review.pk}", by=by)
    stones = [t for t in store.tombstones() if t.by == by]
    return {
        "tombstone": stones[-1].id if stones else "",
        "rows": sum(t.rows for t in stones),
        "versions": sum(t.versions for t in stones),
        "snapshot": done.snapshot,
    }


def gather(subject: Subject) -> Iterable[Held]:
    """Records that name the person, by the role in which they do."""
    if not subject.person_hash:
        return
    for role, rows in persons.about(Store.open(settings.STORE), subject.person_hash).items():
        filled = [n for n in rows.column_names if rows[n].null_count < len(rows)]
        columns = tuple(Column(n, HEADS[n], numeric=BY_NAME[n].type == "number") for n in filled)
        values = tuple(tuple(_shown(r[n]) for n in filled) for r in rows.select(filled).to_pylist())
        yield Held(
            f"records-{role}", msg("Records that name the person as {role}", role=ROLES[role]), ROLES[role],
            Table(columns, values), "context" if "context" in filled else "",
        )  # fmt: skip


def _shown(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, dt.datetime) else value


SOURCE = Source(
    kind="records",
    title=msg("Records in the store"),
    due=due,
    one=one,
    decisions=(KEEP, ERASE),
    says=msg(
        "Erasing takes these records out of every snapshot, in the background and for good. Figures made from them stay; a "
        "figure of an earlier snapshot can then no longer be made again from its rows. Files that were ingested, and "
        "backups, are the force's to clean."
    ),
    carry_out=erase,
    gather=gather,
    quick=False,
    warm=_held,
)
