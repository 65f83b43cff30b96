"""What stays of an erasure: a trace without content, and the means to know an erased row when its file comes again.

``<store>/erasures/<id>.json`` says when, why, by which rule and how many; ``<id>.parquet`` beside it has keyed
hashes of each row. The key lies outside the store, so that nobody who holds the store alone can try occurrence numbers
against them. A tombstone is in force once the manifest of the snapshot in force names it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError, remedy
from forestall.records import hashkey
from forestall.records.part import Part, ReadFile, recount
from forestall.records.quoted import values_of

FOLDER = "erasures"
PERSONS = ("victim_id", "suspect_id", "caller_id")
#: The reason that stands with a refused row once what it quoted was erased.
ERASED = "the row was erased"


@dataclass(frozen=True)
class Tombstone:
    """``rule``: record, person, source-ref or before. ``before``, ``kind`` and ``since``:
    of the last. ``person``: a keyed hash of the
    person's hash. ``rows``: rows in force that went; ``versions``: earlier versions of rows beside them. ``parts``: id of
    each part that held them -> id of the part without them. ``snapshots``: those that can't be read from rows any more.
    ``key``: fingerprint of the hash key."""

    id: str
    at: str
    rule: str
    reason: str
    key: str
    by: str = ""
    before: str | None = None
    kind: str | None = None
    since: str | None = None
    person: str | None = None
    rows: int = 0
    versions: int = 0
    rejects: int = 0
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    snapshots: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Tombstone:
        return Tombstone(**{**data, "snapshots": tuple(data["snapshots"])})


def read(store: Path, ids: Iterable[str]) -> tuple[Tombstone, ...]:
    """The tombstones of these ids, in their order. ForestallError where one is lost: erased rows could return."""
    out = []
    for id_ in ids:
        path = store / FOLDER / f"{id_}.json"
        try:
            out.append(Tombstone.from_json(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = remedy(error) if isinstance(error, OSError) else "its file is damaged"
            raise ForestallError(
                f"the tombstone {path} can't be read ({what}): restore the folder {FOLDER} from a backup, because without "
                "it erased rows could come back"
            ) from error
    return tuple(out)


def key_of(parts: Iterable[Part], stones: Iterable[Tombstone]) -> bytes:
    """The key that hashed this store's persons and erased rows. Where neither has needed one yet, the user's own, made
    where there is none; ForestallError where the one needed is not here."""
    wanted = next((f for f in (*(t.key for t in stones), *(p.key for p in parts)) if f), None)
    if wanted is None:
        return hashkey.load()
    if not hashkey.path().exists():
        raise ForestallError(
            f"this store needs the hash key {wanted}, and {hashkey.path()} is not there: set {hashkey.VARIABLE} to that "
            "key's file (it lies outside the store), so that persons and erased records can be told."
        )
    key = hashkey.load()
    if hashkey.fingerprint(key) != wanted:
        raise ForestallError(
            f"this store's persons and erased records were hashed with another key ({wanted}, here "
            f"{hashkey.fingerprint(key)}): set {hashkey.VARIABLE} to that key's file."
        )
    return key


class Hashes:
    """Keyed hashes that tell an erased row: by its record id, by its place in its file, by its source's number."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def of(self, *what: Any) -> str:
        return hmac.new(self.key, "\x1f".join(map(str, ("erased", *what))).encode(), hashlib.sha256).hexdigest()[:32]

    def records(self, table: Any) -> list[str]:
        return [self.of("record", s, r) for s, r in _pairs(table, "source", "record_id")]

    def refs(self, table: Any) -> list[str]:
        return [self.of("ref", s, r) for s, r in _pairs(table, "source", "source_ref")]

    def rows(self, digest: str, table: Any) -> list[str]:
        return [self.of("row", digest, n) for n in table["line"].to_pylist()]

    def person(self, hashed: str) -> str:
        return self.of("person", hashed)


def _pairs(table: Any, first: str, second: str) -> Iterable[tuple[Any, Any]]:
    return zip(table[first].to_pylist(), table[second].to_pylist(), strict=True)


def schema() -> Any:
    """The Arrow schema of the hashes beside a tombstone, one row an erased row; ``ref`` where the rule named a number."""
    import pyarrow as pa

    return pa.schema([(n, pa.string()) for n in ("record", "row", "ref")])


class Ledger:
    """All erased rows of a store, asked row by row when files are read."""

    def __init__(self, store: Path, stones: Sequence[Tombstone], key: bytes | None) -> None:
        import pyarrow.parquet as pq

        self.hashes = Hashes(key or b"")
        self.records: dict[str, list[Tombstone]] = {}  # hash of a record -> the tombstones of its versions
        places, refs = set[str](), set[str]()
        for stone in stones:
            table = pq.read_table(store / FOLDER / f"{stone.id}.parquet")
            for record in set(table["record"].to_pylist()):
                self.records.setdefault(record, []).append(stone)
            places.update(table["row"].to_pylist())
            refs.update(h for h in table["ref"].to_pylist() if h)
        self.places, self.refs = frozenset(places), frozenset(refs)

    @staticmethod
    def open(store: Path, stones: Sequence[Tombstone], parts: Iterable[Part]) -> Ledger:
        return Ledger(store, stones, key_of(parts, stones) if stones else None)

    def strip(self, got: ReadFile) -> ReadFile:
        """A file just read, without the rows that were erased before and without refused rows that quote their numbers."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.places:
            return got
        hit = self._erased(got)
        rejects = scrubbed(got.rejects, lambda r: self._quotes(got.part.digest, r))
        if not any(hit):
            return dataclasses.replace(got, rejects=rejects)
        gone = got.table.filter(pa.array(hit, pa.bool_()))
        table = got.table.filter(pc.invert(pa.array(hit, pa.bool_())))
        return renamed(got.part, without(got.part, self.hashes.records(gone)), table, rejects, len(gone))

    def _erased(self, got: ReadFile) -> list[bool]:
        table, hashes = got.table, self.hashes
        by_place = hashes.rows(got.part.digest, table)
        by_ref = hashes.refs(table) if self.refs else [""] * len(table)
        hit = [p in self.places or r in self.refs for p, r in zip(by_place, by_ref, strict=True)]
        for i, record in enumerate(hashes.records(table)):
            stones = self.records.get(record, ()) if not hit[i] else ()
            if stones:
                row = table.slice(i, 1).to_pylist()[0]
                hit[i] = any(self._under(stone, row) for stone in stones)
        return hit

    def _under(self, stone: Tombstone, row: Mapping[str, Any]) -> bool:
        """Whether a later version of an erased record falls under the rule that erased the earlier one."""
        if stone.rule == "before":
            day = row["occurred_to"].date().isoformat()
            return (stone.since or "") <= day < (stone.before or "") and stone.kind in (None, row["kind"])
        if stone.rule == "person":
            return any(row[p] and self.hashes.person(row[p]) == stone.person for p in PERSONS)
        return True

    def _quotes(self, digest: str, reject: Mapping[str, Any]) -> bool:
        if self.hashes.of("row", digest, reject["line"]) in self.places:
            return True
        told = values_of(f"{reject['reason'] or ''},{reject['raw'] or ''}")
        records = {self.hashes.of("record", reject["source"], v) for v in told}
        refs = {self.hashes.of("ref", reject["source"], v) for v in told} if self.refs else set()
        return not records.isdisjoint(self.records) or not refs.isdisjoint(self.refs)


def without(part: Part, records: Sequence[str]) -> str:
    """Id of a part without the rows of these hashes: another than the part's, and the same for the same rows."""
    return hashlib.sha256("\n".join([part.id, "erased", *sorted(records)]).encode()).hexdigest()[:24]


def renamed(part: Part, id_: str, table: Any, rejects: Any, erased: int) -> ReadFile:
    """A part's remaining rows under a new id; what it was read as stays known as its ``root``."""
    import pyarrow as pa

    def own(held: Any) -> Any:
        at = held.schema.get_field_index("part")
        return held.set_column(at, held.schema.field(at), pa.array([id_] * len(held), pa.string()))

    left = recount(part, table)
    made = dataclasses.replace(left, id=id_, root=part.origin, erased=part.erased + erased, rejects=len(rejects))
    return ReadFile(made, own(table), own(rejects))


def scrubbed(rejects: Any, quotes: Callable[[Mapping[str, Any]], bool]) -> Any:
    """Refused rows, of those that quote an erased row nothing but file and line."""
    hit = [quotes(r) for r in rejects.to_pylist()]
    if not any(hit):
        return rejects
    import pyarrow as pa

    clean = {"reason": ERASED, "raw": ""}
    rows = [{**r, **clean} if h else r for r, h in zip(rejects.to_pylist(), hit, strict=True)]
    return pa.Table.from_pylist(rows, schema=rejects.schema)
