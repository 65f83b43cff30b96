"""Erasure: rows go from every snapshot and from the disk, and a tombstone without their content stays.

Parts are written again without the rows, under new ids; the tombstone is written; the manifest that names both is put in
force. That moment decides: whoever kills the process before it finds the store as it was. What is left to do then (the old
parts, quotations in refused rows and kept results) is done at once, and by the next writer where it was broken off: until
it is done, ``<id>.todo`` beside the tombstone keeps what the rule named, for rows that were only ever refused.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forestall.errors import ForestallError
from forestall.records import hashkey, tombstones
from forestall.records.lock import writing
from forestall.records.part import Part
from forestall.records.quoted import Quoted
from forestall.records.tombstones import PERSONS, Hashes, Tombstone
from forestall.results.shelf import write_whole

if TYPE_CHECKING:
    from forestall.records.store import Store

#: What a rule looks at.
SEEN = ("record_id", "source", "source_ref", "force", "month", "line", "kind", "occurred_to", *PERSONS)
#: The fields by which something else can quote a row.
BEARING = ("record_id", "source_ref", *PERSONS)
#: Where kept results and decisions may quote a row.
QUOTING = ("results", "decisions")


@dataclass(frozen=True)
class Rule:
    """Which rows go: exactly one of ``records`` (record ids, as pages show them), ``person`` (the keyed hash),
    ``source_ref`` (the source's own number, of ``source`` where more than one gave it) and ``before`` (all that had
    certainly happened before that day, of one ``kind`` and not before ``since`` where given)."""

    records: tuple[str, ...] = ()
    person: str | None = None
    source_ref: str | None = None
    source: str | None = None
    before: dt.date | None = None
    kind: str | None = None
    since: dt.date | None = None

    def __post_init__(self) -> None:
        if sum(map(bool, (self.records, self.person, self.source_ref, self.before))) != 1:
            raise ValueError("a rule is about records, a person, a source's number or a date, and one of them")
        if (self.kind or self.since) and not self.before:
            raise ForestallError("a kind or a first day narrows a date: give --before DATE with it")
        if self.source and not self.source_ref:
            raise ForestallError("a source narrows a number: give --source-ref REF with it")

    @property
    def name(self) -> str:
        return "record" if self.records else "person" if self.person else "source-ref" if self.source_ref else "before"

    @property
    def given(self) -> frozenset[str]:
        """What the rule itself says of the rows."""
        return frozenset(filter(None, (*(r.split("@")[0] for r in self.records), self.person, self.source_ref)))

    def mask(self, table: Any) -> Any:
        """Which rows of a table of :data:`SEEN` go: an Arrow array of bool."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.records:
            wanted = pa.array(self.records)
            own = pc.binary_join_element_wise(table["source"], table["force"], table["month"], ".")
            full = pc.binary_join_element_wise(table["record_id"], own, "@")
            return pc.or_(pc.is_in(table["record_id"], wanted), pc.is_in(full, wanted))
        if self.person:
            hit = [pc.fill_null(pc.equal(table[p], self.person), False) for p in PERSONS]
            return pc.or_(pc.or_(hit[0], hit[1]), hit[2])
        if self.source_ref:
            hit = pc.fill_null(pc.equal(table["source_ref"], self.source_ref), False)
            return pc.and_(hit, pc.equal(table["source"], self.source)) if self.source else hit
        assert self.before is not None
        hit = pc.less(pc.coalesce(table["occurred_to"], _moment(self.before)), _moment(self.before))
        if self.since:
            hit = pc.and_(hit, pc.greater_equal(table["occurred_to"], _moment(self.since)))
        return pc.and_(hit, pc.equal(table["kind"], self.kind)) if self.kind else hit


def _moment(day: dt.date) -> Any:
    import pyarrow as pa

    return pa.scalar(dt.datetime.combine(day, dt.time()), pa.timestamp("us"))


@dataclass(frozen=True)
class Erased:
    """What an erasure did, or would do. ``tombstone``: None where nothing was there to erase. ``by_source``: rows in force
    of each source. ``finished``: tombstones of erasures that had been broken off and were completed first."""

    tombstone: Tombstone | None
    snapshot: str
    by_source: Mapping[str, int]
    finished: tuple[str, ...] = ()
    dry_run: bool = False


def erase(store: Store, rule: Rule, *, reason: str, by: str = "", dry_run: bool = False, wait: float = 60.0) -> Erased:
    """Takes the rows of a rule out of every snapshot of the store. ``reason``: why, without a word of what they said.
    ``wait``: seconds to wait for another writer. ForestallError without a reason, where the reason quotes the rows, where
    several sources gave the number and none of them is named, where the hash key that the store needs is not here, or where
    there are no records."""
    reason = reason.strip()
    if not reason:
        raise ForestallError("an erasure is recorded with its reason: give --reason TEXT")
    if Quoted(rule.given).said(reason) or Quoted(rule.given).said(by):
        raise ForestallError("the reason stays when the records are gone: say why without their numbers or names")
    with _writing(store, wait):
        finished = pending(store)
        if not dry_run:
            store._sweep()
            store._drop_orphans()
        done = _Erasure(store, rule, dry_run).run(reason, by.strip())
        return dataclasses.replace(done, finished=() if dry_run else finished)


def pending(store: Store) -> tuple[str, ...]:
    """Ids of tombstones in force of which something is left to do: erasures that were broken off."""
    return tuple(t.id for t in store.tombstones() if _unfinished(store, t))


def finish(store: Store) -> None:
    """Completes what was broken off; the caller holds the lock."""
    for stone in store.tombstones():
        if _unfinished(store, stone):
            _clean(store, stone)


@contextlib.contextmanager
def _writing(store: Store, wait: float) -> Iterator[None]:
    from forestall.records.store import _explain

    try:
        with writing(store.path / "LOCK", wait):
            yield
    except OSError as error:
        raise _explain(error, f"the store at {store.path} can't be written") from error


class _Erasure:
    def __init__(self, store: Store, rule: Rule, dry_run: bool) -> None:
        self.store, self.rule, self.dry_run = store, rule, dry_run
        self.before = store.manifest()
        if not self.before.ever():
            raise ForestallError(f"the store at {store.path} holds no records yet: there is nothing to erase.")
        self.parts = (*self.before.history, *self.before.parts)
        wanted = not dry_run or hashkey.path().exists()  # what only looks makes no key
        self.hashes = Hashes(tombstones.key_of(self.parts, store.tombstones()) if wanted else b"")

    def _refuse_namesakes(self) -> None:
        """Each source numbers its rows from its own book: one number may stand for rows that have nothing in common."""
        import pyarrow.compute as pc

        if not self.rule.source_ref or self.rule.source:
            return
        found = {p.source for p in self.parts if pc.any(self.rule.mask(self._read(p, ("source_ref",)))).as_py()}
        if len(found) > 1:
            raise ForestallError(
                f"{' and '.join(sorted(found))} each have a record of this number, and they need not be about the same: "
                "say which with --source NAME. Nothing was erased."
            )

    def run(self, reason: str, by: str) -> Erased:
        import pyarrow as pa
        import pyarrow.compute as pc

        self._refuse_namesakes()
        moved: dict[str, Part] = {}
        alone = set(self.rule.given)  # what no row that stays bears
        traces, by_source, versions = [tombstones.schema().empty_table()], dict[str, int](), 0
        live = {p.id for p in self.before.parts}
        for part in self.parts:
            seen = self._read(part, SEEN)
            mask = self.rule.mask(seen)
            gone = seen.filter(mask)
            alone -= _bearing(seen.filter(pc.invert(mask)), alone)
            if not len(gone):
                continue
            dead = set(self.before.dead.get(part.id, ())) if part.id in live else set(gone["line"].to_pylist())
            in_force = sum(n not in dead for n in gone["line"].to_pylist())
            versions += len(gone) - in_force
            if in_force:
                by_source[part.source] = by_source.get(part.source, 0) + in_force
            traces.append(self._trace(part, gone))
            moved[part.id] = part if self.dry_run else self._rewrite(part, mask, gone)
        quoting = sum(self._quoting(part, Quoted(alone)) for part in self.parts)
        at = dt.datetime.now().astimezone().isoformat(timespec="seconds")
        stone = Tombstone(
            id="e" + hashlib.sha256(f"{at}{os.urandom(8).hex()}".encode()).hexdigest()[:11],
            at=at,
            rule=self.rule.name,
            reason=reason,
            key=hashkey.fingerprint(self.hashes.key),
            by=by,
            before=self.rule.before.isoformat() if self.rule.before else None,
            kind=self.rule.kind,
            since=self.rule.since.isoformat() if self.rule.since else None,
            person=self.hashes.person(self.rule.person) if self.rule.person else None,
            rows=sum(by_source.values()),
            versions=versions,
            rejects=quoting,
            parts={old: new.id for old, new in moved.items()},
            snapshots=self._touched(moved),
        )
        if not moved and not quoting:
            return Erased(None, self.before.snapshot, {}, (), self.dry_run)
        if self.dry_run:
            return Erased(stone, self.before.snapshot, by_source, (), True)
        after = self._commit(stone, moved, pa.concat_tables(traces))
        _clean(self.store, stone)
        return Erased(stone, after, by_source)

    def _read(self, part: Part, columns: Iterable[str] | None = None) -> Any:
        import pyarrow.parquet as pq

        return pq.read_table(self.store.part_path(part.id), columns=None if columns is None else list(columns))

    def _trace(self, part: Part, gone: Any) -> Any:
        import pyarrow as pa

        refs = self.hashes.refs(gone) if self.rule.source_ref else [None] * len(gone)
        columns = [self.hashes.records(gone), self.hashes.rows(part.digest, gone), refs]
        return pa.Table.from_arrays([pa.array(c, pa.string()) for c in columns], schema=tombstones.schema())

    def _rewrite(self, part: Part, mask: Any, gone: Any) -> Part:
        """Writes the part without the rows; returns its entry."""
        import pyarrow.compute as pc

        left = self._read(part).filter(pc.invert(mask))
        rejects = _rejects(self.store, part)
        if self.rule.before and not len(left):  # a file all of whose rows are past their time: what it refused is so too
            rejects = tombstones.scrubbed(rejects, lambda _: True)
        id_ = tombstones.without(part, self.hashes.records(gone))
        made = tombstones.renamed(part, id_, left, rejects, len(gone))
        self.store._write(made)
        return made.part

    def _quoting(self, part: Part, quoted: Quoted) -> int:
        return sum(_quotes(quoted, r) for r in _rejects(self.store, part).to_pylist()) if quoted and part.rejects else 0

    def _touched(self, moved: Mapping[str, Part]) -> tuple[str, ...]:
        ids = self.store.snapshot_ids()
        return tuple(s for s in ids if any(p.id in moved for p in self.store.manifest(s).parts))

    def _commit(self, stone: Tombstone, moved: Mapping[str, Part], traces: Any) -> str:
        import pyarrow.parquet as pq

        store = self.store
        folder = store.path / tombstones.FOLDER
        with store._whole(folder / f"{stone.id}.parquet") as path:
            pq.write_table(traces, path, compression="zstd")
        if self.rule.given:
            store._write_text(_todo(store, stone), json.dumps(sorted(self.rule.given)))
        store._write_text(folder / f"{stone.id}.json", json.dumps(stone.to_json(), ensure_ascii=False, indent=1))
        store._guard()
        parts = [moved.get(p.id, p) for p in self.before.parts]
        history = [moved.get(p.id, p) for p in self.before.history]
        return store._put_in_force(parts, history, (*self.before.erasures, stone.id)).snapshot


def _left(store: Store, stone: Tombstone) -> list[str]:
    """Ids of the parts that the erasure replaced and that are still there."""
    return [old for old in stone.parts if store.part_path(old).exists() or store.rejects_path(old).exists()]


def _todo(store: Store, stone: Tombstone) -> Path:
    return store.path / tombstones.FOLDER / f"{stone.id}.todo"


def _unfinished(store: Store, stone: Tombstone) -> bool:
    return _todo(store, stone).exists() or bool(_left(store, stone))


def _rejects(store: Store, part: Part) -> Any:
    import pyarrow.parquet as pq

    from forestall.records.schema import rejects_schema

    path = store.rejects_path(part.id)
    return pq.read_table(path) if path.exists() else rejects_schema().empty_table()


def _quotes(quoted: Quoted, reject: Mapping[str, Any]) -> bool:
    return quoted.row(reject["raw"] or "") or quoted.row(reject["reason"] or "")


def _clean(store: Store, stone: Tombstone) -> None:
    """After the moment that decides: quotations first, because the old parts and the list of what the rule named tell what
    to look for, then those."""
    todo = _todo(store, stone)
    given = frozenset(json.loads(todo.read_text(encoding="utf-8")) if todo.exists() else ())
    manifest = store.manifest()
    quoted = Quoted(_gone(store, stone) | (given - _still(store, manifest.ever(), given)))
    for part in (*manifest.history, *manifest.parts):
        rejects = _rejects(store, part)
        clean = tombstones.scrubbed(rejects, lambda r: _quotes(quoted, r)) if quoted else rejects
        if clean is not rejects:
            store._write_rejects(part.id, clean)
    _clean_manifests(store, stone, quoted)
    for name in QUOTING:
        for path in sorted((store.path / name).rglob("*.json")):
            _clean_file(path, quoted)
    for old in _left(store, stone):
        store.rejects_path(old).unlink(missing_ok=True)
        store.part_path(old).unlink(missing_ok=True)
    todo.unlink(missing_ok=True)


def _gone(store: Store, stone: Tombstone) -> frozenset[str]:
    """Identifiers that rows of the old parts bear and no row of the store does any more."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    ids: set[str] = set()
    for old, new in stone.parts.items():
        if not store.part_path(old).exists():
            continue
        kept = pq.read_table(store.part_path(new), columns=["line"])["line"]
        table = pq.read_table(store.part_path(old), columns=[*BEARING, "line"])
        table = table.filter(
            pc.invert(pc.is_in(table["line"], kept.combine_chunks() if len(kept) else pa.array([], pa.int64())))
        )
        for name in BEARING:
            ids.update(v for v in table[name].to_pylist() if v)
    return frozenset(ids - _still(store, store.manifest().ever(), ids))


def _still(store: Store, parts: Iterable[str], ids: Iterable[str]) -> set[str]:
    """Which identifiers some row still bears."""
    import pyarrow.parquet as pq

    wanted = set(ids)
    found: set[str] = set()
    for id_ in parts if wanted else ():
        found |= _bearing(pq.read_table(store.part_path(id_), columns=list(BEARING)), wanted)
    return found


def _bearing(table: Any, ids: set[str]) -> set[str]:
    """Which identifiers the rows of a table bear."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not ids:
        return set()
    wanted = pa.array(sorted(ids), pa.string())
    return {v for n in BEARING for v in pc.unique(table[n].filter(pc.is_in(table[n], wanted))).to_pylist()}


def _clean_manifests(store: Store, stone: Tombstone, quoted: Quoted) -> None:
    """Earlier manifests keep their figures; the history that they list follows the parts, and no erased id is listed."""
    for snapshot in store.snapshot_ids():
        held = store.manifest(snapshot)
        history = tuple(store._recover(stone.parts[p.id]) if p.id in stone.parts else p for p in held.history)
        repeated = tuple(i for i in held.repeated if i not in quoted.ids)
        if (history, repeated) != (held.history, held.repeated):
            store._write_manifest(dataclasses.replace(held, history=history, repeated=repeated))


def _clean_file(path: Path, quoted: Quoted) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        value = json.loads(text)
    except ValueError:
        return
    clean = quoted.value(value)
    if clean != value:
        write_whole(path, json.dumps(clean, ensure_ascii=False, separators=(",", ":")))
