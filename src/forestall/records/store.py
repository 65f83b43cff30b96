"""The record store: a folder of immutable Parquet parts and a manifest for each snapshot.

Nothing is ever changed in place. A part, a reject list and a manifest are written under a temporary name, forced to
disk and renamed; last of all ``CURRENT`` is replaced, which makes the new snapshot the one in force. Whoever kills
the process finds the old snapshot or the new one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError, remedy
from forestall.records.intake import BadFile, SourceFile, gather
from forestall.records.lock import sync_folder, writing
from forestall.records.manifest import Manifest, add, dead_rows, needs_rows, repeated_ids
from forestall.records.part import Part, ReadFile, to_metadata
from forestall.records.reading import Reader, read_all, reader_of
from forestall.records.records import Records
from forestall.records.tombstones import Ledger, Tombstone
from forestall.records.tombstones import read as read_tombstones

#: Versions of the layout on disk that this program reads. A store is of the second once anything was erased from it, so
#: that no older program takes an erased row in again.
STORE_VERSION = 1
ERASED_VERSION = 2
MARK = "forestall-store.json"
#: What a folder may hold before it is a store: areas loaded first, or what a killed ingest had begun.
OWN = {"parts", "rejects", "snapshots", "erasures", "places", "results", "decisions", "LOCK"}
FOLDERS = ("parts", "rejects", "snapshots", "erasures")
Progress = Callable[[int, int, str], None]


class ErasedError(ForestallError):
    """A snapshot that can't be read from its rows any more, because some were erased."""


@dataclass
class IngestReport:
    """What an ingest did. ``rows`` and ``rejects`` are those of the files read now; ``unchanged`` were in the
    store already; ``superseded`` are earlier parts replaced wholly; ``left`` says which files were not for
    reading, and why; ``erased_before`` rows of all these files were erased earlier and stay out."""

    snapshot: str
    changed: bool
    read: list[Part] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    superseded: list[Part] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)
    reject_reasons: dict[str, int] = field(default_factory=dict)
    erased_before: int = 0

    @property
    def rows(self) -> int:
        return sum(p.rows for p in self.read)

    @property
    def rejects(self) -> int:
        return sum(p.rejects for p in self.read)

    @property
    def months(self) -> tuple[str, ...]:
        return tuple(sorted({m for p in self.read for months in p.months.values() for m in months}))


class Store:
    """A folder of records. Open it with :meth:`open`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def open(path: Path | str, *, create: bool = False) -> Store:
        """Opens the store at ``path``. :class:`ForestallError` where there is none (unless ``create``), where a
        newer program has written it, or where it can't be read."""
        path = Path(path)
        mark = path / MARK
        try:
            if not mark.exists():
                if not create:
                    raise ForestallError(
                        f"there is no store at {path}: make one with forestall ingest PATH --store {path}."
                    )
                _make(path)
            version = json.loads(mark.read_text(encoding="utf-8"))["version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _explain(error, f"the store at {path} can't be opened") from error
        if version not in (STORE_VERSION, ERASED_VERSION):
            raise ForestallError(
                f"the store at {path} was written by a newer Forestall (store version {version}, this program knows "
                f"{ERASED_VERSION}): update Forestall, or ingest into a new store."
            )
        return Store(path)

    @property
    def current(self) -> str | None:
        """Id of the snapshot in force; None before the first ingest."""
        try:
            return (self.path / "CURRENT").read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _explain(error, f"the store at {self.path} can't be read") from error

    def snapshot_ids(self) -> list[str]:
        """Ids of all snapshots, oldest first."""
        folder = self.path / "snapshots"
        made = [(self._read_manifest(p.stem).made_at or "", p.stem) for p in folder.glob("*.json")]
        return [s for _, s in sorted(made)]

    def manifest(self, snapshot: str | None = None) -> Manifest:
        """The manifest of a snapshot, of the one in force by default."""
        snapshot = snapshot or self.current
        return Manifest() if snapshot is None else self._read_manifest(snapshot)

    def _read_manifest(self, snapshot: str) -> Manifest:
        path = self.path / "snapshots" / f"{snapshot}.json"
        try:
            return Manifest.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            there = sorted(p.stem for p in path.parent.glob("*.json"))
            raise ForestallError(
                f"the store at {self.path} has no snapshot {snapshot} (it has {', '.join(there) or 'none'}): name one that "
                "it has, or restore the store from a backup."
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _explain(error, f"the snapshot {snapshot} of {self.path} can't be read") from error

    def records(self, snapshot: str | None = None) -> Records:
        """The records of a snapshot, of the one in force by default."""
        manifest = self.manifest(snapshot)
        if not manifest.parts:
            raise ForestallError(
                f"the store at {self.path} holds no records yet: run forestall ingest PATH --store {self.path}."
            )
        self.refuse_erased(manifest)
        missing = [p.file for p in manifest.parts if not self.part_path(p.id).exists()]
        if missing:
            raise ForestallError(
                f"the store at {self.path} has lost the part made from {missing[0]}: restore its parts folder "
                "from a backup, "
                "or ingest the files into a new store."
            )
        return Records(manifest, self)

    def tombstones(self) -> tuple[Tombstone, ...]:
        """The traces of what was erased, oldest first."""
        return read_tombstones(self.path, self.manifest().erasures)

    def refuse_erased(self, manifest: Manifest) -> None:
        """A snapshot whose rows are no longer whole is not read again (:class:`ErasedError`); its figures stay on the
        shelf."""
        erased = self.manifest().erasures
        if not erased or manifest.snapshot == self.current:
            return
        mine = {p.id for p in manifest.parts}
        for stone in self.tombstones():
            if not mine.isdisjoint(stone.parts):
                raise ErasedError(
                    f"the snapshot {manifest.snapshot} of {self.path} can't be read from its rows again: some of them were "
                    f"erased on {stone.at[:10]} ({stone.reason}; tombstone {stone.id}). Figures made from it "
                    f"stay as they are; for new ones scan or analyse the snapshot in force, {self.current}."
                )

    def remove_if_empty(self) -> None:
        """Takes a store away again that nothing was ever read into."""
        if self.current is None:
            for name in (MARK, "LOCK"):
                (self.path / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                for folder in (*(self.path / n for n in FOLDERS), self.path):
                    folder.rmdir()

    def part_path(self, id_: str) -> Path:
        return self.path / "parts" / f"{id_}.parquet"

    def rejects_path(self, id_: str) -> Path:
        return self.path / "rejects" / f"{id_}.parquet"

    def ingest(
        self,
        paths: Iterable[Path | str],
        *,
        source: str | None = None,
        mapping: Path | str | None = None,
        skip_bad_files: bool = False,
        wait: float = 60.0,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Reads files into a new snapshot, all or nothing.

        ``paths``: files and folders. ``source``: ``police-uk`` (the default) or None with ``mapping``, a mapping file.
        ``skip_bad_files`` leaves a bad file out instead of refusing the call. ``wait``: seconds to wait for another ingest.
        ``progress(done, total, name)`` is called after each file.
        """
        _, reader = reader_of(source, mapping)
        try:
            with writing(self.path / "LOCK", wait):
                self._sweep()
                return self._ingest(paths, reader, skip_bad_files, progress)
        except OSError as error:
            raise _explain(error, f"the store at {self.path} can't be written") from error

    def _ingest(
        self, paths: Iterable[Path | str], reader: Reader, skip_bad_files: bool, progress: Progress | None
    ) -> IngestReport:
        intake = gather(paths, skip_bad_files=skip_bad_files)
        before = self.manifest()
        known = before.known()
        erased = {p.origin: p.erased for p in (*before.history, *before.parts)}
        ledger = Ledger.open(self.path, self.tombstones(), (*before.parts, *before.history))
        report = IngestReport(before.snapshot, changed=False, bad=list(intake.bad), left=intake.left)
        made: list[str] = []
        seen: dict[str, str] = {}
        lock = threading.Lock()

        def work(file: SourceFile) -> Part | str:
            def is_known(id_: str) -> bool:
                return id_ in known or self.part_path(id_).exists()

            got = reader(file, is_known)
            if isinstance(got, str):
                return got if got in known else _named(self._recover(got), file.name)
            with lock:
                if got.part.id in seen:
                    return got.part.id
                seen[got.part.id] = file.name
                got = ledger.strip(got)
                if not self.part_path(got.part.id).exists():
                    made.append(got.part.id)
            _same_key(before, got.part)
            self._write(got)
            return got.part

        new: list[Part] = []
        try:
            with contextlib.closing(read_all(intake.files, work)) as outcomes:  # no worker writes on after a failure
                for done, (file, got) in enumerate(outcomes, start=1):
                    if isinstance(got, BadFile):
                        if not skip_bad_files:
                            raise got
                        report.bad.append((file.name, str(got)))
                    elif isinstance(got, str) or any(got.id == p.id for p in new):
                        report.unchanged.append(file.name)
                        report.erased_before += erased.get(got, 0) if isinstance(got, str) else got.erased
                    else:
                        new.append(got)
                        report.erased_before += got.erased
                    if progress:
                        progress(done, len(intake.files), file.name)
            if report.bad and not new and not report.unchanged:
                raise BadFile(report.bad[0][1])
        except BaseException:
            for id_ in made:
                self.part_path(id_).unlink(missing_ok=True)
                self.rejects_path(id_).unlink(missing_ok=True)
            raise
        report.read = new
        for part in new:
            if part.rejects:
                for reason in self._reasons(part.id):
                    report.reject_reasons[reason] = report.reject_reasons.get(reason, 0) + 1
        if new:
            after = self._commit(before, new)
            report.snapshot, report.changed = after.snapshot, True
            gone = {p.id for p in after.history} - {p.id for p in before.history}
            report.superseded = [p for p in after.history if p.id in gone]
            self._drop_orphans()
        return report

    def _write(self, got: ReadFile) -> None:
        import pyarrow.parquet as pq

        if got.rejects.num_rows:
            self._write_rejects(got.part.id, got.rejects)
        table = got.table.replace_schema_metadata(to_metadata(got.part))
        plain = ["record_id", "source_ref", "line", "context"]
        with self._whole(self.part_path(got.part.id)) as path:
            pq.write_table(
                table,
                path,
                compression="zstd",
                use_dictionary=[c for c in table.column_names if c not in plain],
                row_group_size=200_000,
            )

    def _write_rejects(self, id_: str, rejects: Any) -> None:
        import pyarrow.parquet as pq

        with self._whole(self.rejects_path(id_)) as path:
            pq.write_table(rejects, path, compression="zstd")

    def _recover(self, id_: str) -> Part:
        """The manifest entry of a part that an ingest wrote before it was killed."""
        import pyarrow.parquet as pq

        metadata = pq.read_schema(self.part_path(id_)).metadata
        return Part.from_json(json.loads(metadata[b"forestall"]))

    def _reasons(self, id_: str) -> list[str]:
        import pyarrow.parquet as pq

        return [str(r) for r in pq.read_table(self.rejects_path(id_), columns=["reason"])["reason"].to_pylist()]

    def _commit(self, before: Manifest, new: list[Part]) -> Manifest:
        return self._put_in_force(*add(before.parts, before.history, new), before.erasures)

    def _put_in_force(self, parts: Sequence[Part], history: Sequence[Part], erasures: tuple[str, ...]) -> Manifest:
        """Makes parts that are on disk the snapshot in force. The last write, of ``CURRENT``, decides; where the
        rows in force are the same as before, that of the manifest does."""
        import pyarrow.parquet as pq

        wanted = ["record_id", "force", "month", "line"]
        columns = {id_: pq.read_table(self.part_path(id_), columns=wanted) for id_ in needs_rows(parts)}
        after = Manifest(
            tuple(parts),
            tuple(history),
            dead_rows(parts, columns),
            previous=self.current,
            made_at=dt.datetime.now(dt.UTC).isoformat(timespec="microseconds"),
            erasures=erasures,
        )
        if after.snapshot == after.previous:
            same = self.manifest()
            after = dataclasses.replace(after, previous=same.previous, made_at=same.made_at)
        paths = [str(self.part_path(p.id)) for p in after.parts]
        after = dataclasses.replace(after, repeated=repeated_ids(paths, after.dead_table()))
        self._write_manifest(after)
        if after.snapshot != self.current:
            self._write_text(self.path / "CURRENT", after.snapshot + "\n")
        return after

    def _guard(self) -> None:
        """Says in the store's mark that no older program may write to it."""
        self._write_text(self.path / MARK, json.dumps({"store": "forestall", "version": ERASED_VERSION}) + "\n")

    def _write_manifest(self, manifest: Manifest) -> None:
        self._write_text(self.path / "snapshots" / f"{manifest.snapshot}.json", json.dumps(manifest.to_json()))

    def _write_text(self, path: Path, text: str) -> None:
        with self._whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        sync_folder(path.parent)

    @contextlib.contextmanager
    def _whole(self, path: Path) -> Iterator[Path]:
        """A temporary path beside ``path``; what is written there replaces ``path`` once it is on the disk."""
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as f:
                os.fsync(f.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _sweep(self) -> None:
        """Clears what a killed writer left under a temporary name, and completes an erasure that was broken off."""
        for folder in (self.path, *(self.path / n for n in FOLDERS)):
            folder.mkdir(exist_ok=True)
            for left in folder.glob(".tmp-*"):
                left.unlink(missing_ok=True)
        if self.manifest().erasures:
            from forestall.records import erasure

            erasure.finish(self)

    def _drop_orphans(self) -> None:
        """Clears parts and tombstones that no snapshot names: a killed writer wrote them, and was not run again."""
        named: set[str] = set()
        for path in (self.path / "snapshots").glob("*.json"):
            named |= self._read_manifest(path.stem).ever()
        named |= set(self.manifest().erasures)
        for folder in ("parts", "rejects", "erasures"):
            for path in (self.path / folder).iterdir():
                if path.suffix in (".parquet", ".json", ".todo") and path.stem not in named:
                    path.unlink(missing_ok=True)


def _same_key(before: Manifest, part: Part) -> None:
    """Hashes of two keys would make two persons of one."""
    other = next((p.key for p in before.parts if p.key and part.key and p.key != part.key), None)
    if other:
        raise ForestallError(
            f"the persons in this store were hashed with another key ({other}, here {part.key}): set "
            "FORESTALL_HASH_KEY_FILE to that key's file, or ingest into a new store."
        )


def _named(part: Part, name: str) -> Part:
    return dataclasses.replace(part, file=name)


def _make(path: Path) -> None:
    if path.exists() and any(p.name not in OWN and not p.name.startswith(".tmp-") for p in path.iterdir()):
        raise ForestallError(f"{path} is a folder with other things in it and no store: give a new folder.")
    path.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        (path / name).mkdir(exist_ok=True)
    temporary = path / f".tmp-{MARK}"
    temporary.write_text(json.dumps({"store": "forestall", "version": STORE_VERSION}) + "\n", encoding="utf-8")
    os.replace(temporary, path / MARK)


def _explain(error: BaseException, what: str) -> ForestallError:
    if isinstance(error, ForestallError):
        return error
    if isinstance(error, OSError):
        return ForestallError(f"{what}: {remedy(error)}.")
    return ForestallError(f"{what} (its files are damaged: {error}): restore it from a backup, or ingest into a new store.")
