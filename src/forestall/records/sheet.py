"""Records as columns of integers: what the quality checks count with, so that no check touches text twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forestall.records.schema import BAD_CODE, FROM_POINT, UNCOUNTED_STATUSES, months_between

if TYPE_CHECKING:
    from forestall.records.records import Records

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COLUMNS = (
    "source",
    "source_ref",
    "force",
    "kind",
    "category",
    "month",
    "precision",
    "easting",
    "northing",
    "location_id",
    "location_text",
    "lsoa",
    "outcome",
    "status",
    "flags",
)


@dataclass(frozen=True)
class Coded:
    """A column as codes into its distinct ``values``; -1 where the row has none."""

    code: Ints
    values: tuple[str, ...]

    def take(self, keep: Bools) -> Coded:
        return Coded(self.code[keep], self.values)

    def has(self) -> Bools:
        return self.code >= 0


@dataclass(frozen=True)
class Sheet:
    """Rows of one force, or of all, up to a month. ``month`` indexes ``months``, which are consecutive."""

    months: tuple[str, ...]
    month: Ints
    source: Coded
    ref: Coded
    force: Coded
    kind: Coded
    category: Coded
    precision: Coded
    area: Coded
    point: Coded
    street: Coded
    outcome: Coded
    counted: Bools
    placed: Bools
    bad_code: Bools
    by_point: Bools

    def __len__(self) -> int:
        return len(self.month)

    def take(self, keep: Bools) -> Sheet:
        """The rows of ``keep``; months shrink to those between its first and last."""
        month = self.month[keep]
        first = int(month.min()) if len(month) else 0
        last = int(month.max()) if len(month) else -1
        return Sheet(
            months=self.months[first : last + 1],
            month=month - first,
            source=self.source.take(keep),
            ref=self.ref.take(keep),
            force=self.force.take(keep),
            kind=self.kind.take(keep),
            category=self.category.take(keep),
            precision=self.precision.take(keep),
            area=self.area.take(keep),
            point=self.point.take(keep),
            street=self.street.take(keep),
            outcome=self.outcome.take(keep),
            counted=self.counted[keep],
            placed=self.placed[keep],
            bad_code=self.bad_code[keep],
            by_point=self.by_point[keep],
        )

    def until(self, month: str) -> Sheet:
        """The rows of months up to ``month``, and nothing later."""
        return self.take(np.array([m <= month for m in self.months], dtype=bool)[self.month] if len(self) else self.counted)

    def of_force(self, slug: str) -> Sheet:
        if slug not in self.force.values:
            return self.take(np.zeros(len(self), bool))
        return self.take(self.force.code == self.force.values.index(slug))

    @staticmethod
    def read(records: Records) -> Sheet:
        """All rows of a snapshot, those included that do not count."""
        return Sheet.of(records.arrow(records.table().select(*COLUMNS)))

    @staticmethod
    def of(table: Any) -> Sheet:
        """From an Arrow table in the record schema."""
        import pyarrow as pa
        import pyarrow.compute as pc

        n = table.num_rows
        names = set(table.column_names)

        def column(name: str) -> Any:
            return table.column(name) if name in names else pa.chunked_array([pa.nulls(n, pa.string())])

        month = _coded(column("month"))
        known = [v for v in month.values if v]
        months = months_between(min(known), max(known)) if known else ()
        position = {m: i for i, m in enumerate(months)}
        index = np.array([position[v] for v in month.values], dtype=np.int64)
        placed = np.zeros(n, bool)
        where = column("location_id")
        if {"easting", "northing"} <= names:
            e = _numbers(table.column("easting"))
            placed = ~np.isnan(e) & ~np.isnan(_numbers(table.column("northing")))
        point = _coded(where, ordered=False)
        if not point.has().any() and placed.any():
            pair = pc.binary_join_element_wise(
                table.column("easting").cast(pa.string()), table.column("northing").cast(pa.string()), ","
            )
            point = _coded(pair, ordered=False)
        status = _coded(column("status"))
        dropped = np.array([v in UNCOUNTED_STATUSES for v in status.values] + [False], dtype=bool)
        bad = by_point = np.zeros(n, bool)
        if "flags" in names:
            bad = _flagged(table.column("flags"), BAD_CODE, n)
            by_point = _flagged(table.column("flags"), FROM_POINT, n)
        return Sheet(
            months=months,
            month=index[month.code] if n else np.zeros(0, np.int64),
            source=_coded(column("source")),
            ref=_coded(column("source_ref"), ordered=False),
            force=_coded(column("force")),
            kind=_coded(column("kind")),
            category=_coded(column("category")),
            precision=_coded(column("precision")),
            area=_coded(column("lsoa")),
            point=point,
            street=_coded(column("location_text")),
            outcome=_coded(column("outcome")),
            counted=~dropped[status.code],
            placed=placed,
            bad_code=bad,
            by_point=by_point,
        )


def _numbers(column: Any) -> npt.NDArray[np.float64]:
    """A column of numbers; missing ones are NaN."""
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _coded(column: Any, ordered: bool = True) -> Coded:
    """A column of text as codes: in the order of the text, so that neighbouring area codes get neighbouring numbers, or
    in order of appearance."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    encoded = column.dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    values = encoded.dictionary.to_pylist()
    code = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    if not ordered:
        return Coded(code, tuple(values))
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.empty(len(values) + 1, np.int64)
    rank[order] = np.arange(len(values))
    rank[-1] = -1
    return Coded(rank[code], tuple(values[i] for i in order))


def _flagged(column: Any, flag: str, n: int) -> Bools:
    """Rows whose list of flags holds ``flag``."""
    import pyarrow as pa

    bad = np.zeros(n, bool)
    if not pa.types.is_list(column.type):
        return bad
    at = 0
    for chunk in column.chunks:
        values = chunk.flatten()
        if len(values):
            import pyarrow.compute as pc

            hit = pc.equal(values, flag).to_numpy(zero_copy_only=False).astype(bool)
            rows = pc.list_parent_indices(chunk).to_numpy(zero_copy_only=False)
            bad[at + rows[hit]] = True
        at += len(chunk)
    return bad
