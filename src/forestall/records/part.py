"""One source file, read: its rows in the schema, the rows refused, and what the manifest says of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forestall.records.lines import Reject
from forestall.records.schema import FIELDS, SCHEMA_VERSION, arrow_schema, rejects_schema

#: How a file of a source stands to the earlier ones: it replaces all rows of the months that it holds, or the rows whose
#: ids
#: it repeats, or nothing.
REPLACES = ("months", "ids", "nothing")


@dataclass(frozen=True)
class Part:
    """What the manifest says of one source file. ``id`` is a hash of its unpacked bytes and of the way it was read.

    ``digest``: SHA-256 of the bytes alone. ``key``: fingerprint of the key that hashed its persons. ``months``: force
    -> month -> rows. ``masked``: the force-months of it that a later file has replaced.
    ``filled``: the fields that any row fills, times with their precision. ``erased``: how many of its rows were erased, and
    ``root`` the id that it had before.
    """

    id: str
    digest: str
    source: str
    replaces: str
    file: str
    rows: int
    rejects: int
    months: Mapping[str, Mapping[str, int]]
    filled: tuple[str, ...]
    notes: tuple[str, ...] = ()
    key: str | None = None
    masked: tuple[tuple[str, str], ...] = ()
    root: str | None = None
    erased: int = 0

    @property
    def origin(self) -> str:
        """The id that its file and the way of reading give, whatever was erased since."""
        return self.root or self.id

    def covers(self) -> frozenset[tuple[str, str]]:
        """The force-months that it holds and that no later file has replaced."""
        return frozenset((f, m) for f, months in self.months.items() for m in months) - frozenset(self.masked)

    def to_json(self) -> dict[str, Any]:
        data = dataclasses.asdict(self)
        if self.root is None:  # as before there was erasure
            del data["root"], data["erased"]
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Part:
        lists = {k: tuple(data[k]) for k in ("filled", "notes")}
        return Part(**{**data, **lists, "masked": tuple((f, m) for f, m in data["masked"])})


@dataclass
class ReadFile:
    """A part with its rows and its rejects in hand (Arrow tables)."""

    part: Part
    table: Any
    rejects: Any
    warnings: list[str] = field(default_factory=list)


def part_id(digest: str, how: str) -> str:
    """``digest``: SHA-256 of the unpacked bytes. ``how``: whatever else decides the rows, such as the mapping."""
    return hashlib.sha256(f"{SCHEMA_VERSION}\n{digest}\n{how}".encode()).hexdigest()[:24]


def finish(
    id_: str,
    *,
    digest: str,
    source: str,
    replaces: str,
    file: str,
    columns: Mapping[str, Any],
    rows: int,
    rejects: list[Reject],
    notes: tuple[str, ...] = (),
    key: str | None = None,
) -> ReadFile:
    """Puts columns into the schema's order, with nulls for what the source does not fill, and counts what it holds."""
    import pyarrow as pa

    schema = arrow_schema()
    columns = {**columns, "part": pa.repeat(id_, rows)}
    arrays = [columns[f.name] if f.name in columns else pa.nulls(rows, schema.field(f.name).type) for f in FIELDS]
    table = pa.Table.from_arrays(arrays, schema=schema)
    refused = pa.Table.from_pylist(
        [
            {"line": r.line, "reason": r.reason, "raw": r.raw, "file": file, "source": source, "part": id_}
            for r in sorted(rejects, key=lambda r: r.line)
        ],
        schema=rejects_schema(),
    )
    part = Part(id_, digest, source, replaces, file, rows, len(rejects), {}, (), notes, key)
    return ReadFile(recount(part, table), table, refused)


def recount(part: Part, table: Any) -> Part:
    """The part with what is counted from its rows: how many, of which months, and which fields any of them fills."""
    import pyarrow.compute as pc

    months: dict[str, dict[str, int]] = {}
    counted = table.select(["force", "month"]).group_by(["force", "month"]).aggregate([([], "count_all")])
    for row in sorted(counted.to_pylist(), key=lambda r: (r["force"], r["month"])):
        months.setdefault(row["force"], {})[row["month"]] = row["count_all"]
    filled = [f.name for f in FIELDS if not f.trace and not f.name.startswith("occurred") and _fills(table, f.name)]
    for precision in pc.unique(table["precision"]).to_pylist():
        filled += [f"occurred_from:{precision}", f"occurred_to:{precision}"]
    return dataclasses.replace(part, rows=len(table), months=months, filled=tuple(sorted(filled)))


def _fills(table: Any, name: str) -> bool:
    import pyarrow.compute as pc

    column = table[name]
    if name == "flags":
        return bool(pc.any(pc.greater(pc.list_value_length(column), 0)).as_py())
    return bool(column.null_count < len(column))


def to_metadata(part: Part) -> dict[bytes, bytes]:
    """A part's manifest entry, kept in its Parquet file, so that a re-run after a kill reads it back."""
    return {b"forestall": json.dumps(part.to_json()).encode()}
