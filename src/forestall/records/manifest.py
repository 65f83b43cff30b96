"""The manifest of a snapshot: which parts it is made of, which of their rows later files have replaced, and what was
before.

A snapshot's id is a hash of what it holds, never of when or from which folder it was made: the same files give the same id.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forestall.records.part import Part
from forestall.records.schema import SCHEMA_VERSION


@dataclass(frozen=True)
class Manifest:
    """``parts``: in force, in the order they came. ``history``: wholly replaced ones, which stay on disk. ``dead``: rows of
    ``parts`` that later files have replaced, as part id -> line numbers. ``repeated``: record ids that more than one
    force-month has, so that they are told apart when read. ``erasures``: ids of the tombstones in force, oldest first."""

    parts: tuple[Part, ...] = ()
    history: tuple[Part, ...] = ()
    dead: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    previous: str | None = None
    made_at: str | None = None
    erasures: tuple[str, ...] = ()

    @property
    def snapshot(self) -> str:
        """First 12 hex characters of the hash of what it holds."""
        ranks: dict[str, int] = {}
        held = []
        for part in self.parts:
            rank = 0
            if part.replaces == "ids":  # the order decides which of two rows with one id is in force
                rank = ranks[part.source] = ranks.get(part.source, 0) + 1
            held.append([part.id, rank, sorted(part.masked)])
        text = json.dumps([SCHEMA_VERSION, sorted(held)])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def rows(self) -> int:
        """Rows in force."""
        return sum(p.rows for p in self.parts) - sum(len(v) for v in self.dead.values())

    @property
    def rejects(self) -> int:
        return sum(p.rejects for p in self.parts)

    def ever(self) -> set[str]:
        """Ids of all parts, in force or not."""
        return {p.id for p in (*self.history, *self.parts)}

    def known(self) -> set[str]:
        """Ids of the parts that need no second reading: those in force, and those whose rows later files replaced.
        A part that gave way to the same bytes under another mapping is read again when its own mapping comes back."""
        live = {(p.source, p.digest) for p in self.parts}
        return {p.origin for p in self.parts} | {p.origin for p in self.history if (p.source, p.digest) not in live}

    def dead_table(self) -> Any:
        """The rows that are not in force, as an Arrow table of part and line."""
        import pyarrow as pa

        pairs = [(part, line) for part, lines in self.dead.items() for line in lines]
        return pa.table(
            {"part": pa.array([p for p, _ in pairs], pa.string()), "line": pa.array([n for _, n in pairs], pa.int64())}
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "snapshot": self.snapshot,
            "schema": SCHEMA_VERSION,
            "made_at": self.made_at,
            "previous": self.previous,
            "rows": self.rows,
            "rejects": self.rejects,
            "parts": [p.to_json() for p in self.parts],
            "history": [p.to_json() for p in self.history],
            "dead": {k: list(v) for k, v in self.dead.items()},
            "repeated": list(self.repeated),
            "erasures": list(self.erasures),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Manifest:
        return Manifest(
            tuple(Part.from_json(p) for p in data["parts"]),
            tuple(Part.from_json(p) for p in data["history"]),
            {k: tuple(v) for k, v in data["dead"].items()},
            tuple(data["repeated"]),
            data["previous"],
            data["made_at"],
            tuple(data.get("erasures", ())),
        )


def add(parts: Sequence[Part], history: Sequence[Part], new: Iterable[Part]) -> tuple[list[Part], list[Part]]:
    """Parts in force and history after ``new`` ones came, in order. A part that replaces months masks them in the earlier
    parts of its source; one that is wholly masked becomes history, and so does one made from the same bytes through an
    earlier mapping."""
    live, past = list(parts), list(history)
    for part in new:
        past = [p for p in past if p.id != part.id]
        past += [p for p in live if p.source == part.source and p.digest == part.digest]
        live = [p for p in live if p.source != part.source or p.digest != part.digest]
        if part.replaces == "months":
            kept = []
            for old in live:
                hit = (
                    old.covers() & part.covers() if old.source == part.source and old.replaces == "months" else frozenset()
                )
                if hit and hit == old.covers():
                    past.append(old)
                    continue
                kept.append(dataclasses.replace(old, masked=tuple(sorted({*old.masked, *hit}))) if hit else old)
            live = kept
        live.append(part)
    return live, past


def dead_rows(parts: Sequence[Part], columns: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Rows that are not in force: of masked force-months, and of ids that a later file of the source repeats.

    ``columns``: part id -> Arrow table with record_id, force, month and line, for the parts of :func:`needs_rows`.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    out: dict[str, tuple[int, ...]] = {}
    for part in parts:
        if part.masked:
            table = columns[part.id]
            keys = pc.binary_join_element_wise(table["force"], table["month"], " ")
            hit = pc.is_in(keys, pa.array([" ".join(m) for m in part.masked]))
            out[part.id] = tuple(sorted(table["line"].filter(hit).to_pylist()))
    for source in sorted({p.source for p in parts if p.replaces == "ids"}):
        own = [p for p in parts if p.source == source]
        if len(own) < 2:
            continue
        from forestall.records.columns import distinct

        ids = pa.chunked_array([c for p in own for c in columns[p.id]["record_id"].chunks], pa.string())
        rank = np.repeat(np.arange(len(own)), [len(columns[p.id]) for p in own])
        line = np.concatenate([columns[p.id]["line"].to_numpy() for p in own])
        _, index = distinct(ids)
        last = np.zeros(index.max() + 1 if len(index) else 0, dtype=np.int64)
        np.maximum.at(last, index, rank)
        dead = rank < last[index]
        for i, part in enumerate(own):
            if lines := sorted(line[dead & (rank == i)].tolist()):
                out[part.id] = tuple(lines)
    return out


def needs_rows(parts: Sequence[Part]) -> set[str]:
    """Ids of the parts whose rows :func:`dead_rows` has to see."""
    several = {s for s in {p.source for p in parts if p.replaces == "ids"} if sum(p.source == s for p in parts) > 1}
    return {p.id for p in parts if p.masked or p.source in several}


def repeated_ids(rows: Any, dead: Any = None) -> tuple[str, ...]:
    """Record ids that occur more than once. ``rows``: an Arrow table, or paths of Parquet files;
    ``dead``: rows to leave out."""
    import duckdb  # and not Ibis, whose import takes longer than a small ingest

    with duckdb.connect() as connection:
        held = connection.read_parquet(rows) if isinstance(rows, list) else connection.from_arrow(rows)
        held.create_view("held")
        alive = ""
        if dead is not None and dead.num_rows:
            connection.register("dead", dead)
            alive = "anti join dead using (part, line)"
        query = f"select record_id from held {alive} group by record_id having count(*) > 1 order by record_id"
        return tuple(r[0] for r in connection.execute(query).fetchall())
