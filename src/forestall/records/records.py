"""The records of one snapshot, read through Ibis on DuckDB."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forestall.errors import ForestallError
from forestall.records import placed
from forestall.records.cube import Cube
from forestall.records.manifest import Manifest, add, dead_rows, repeated_ids
from forestall.records.schema import (
    BAD_CODE,
    FIELDS,
    FROM_POINT,
    PRECISIONS,
    UNCOUNTED_STATUSES,
    months_between,
    rejects_schema,
)

if TYPE_CHECKING:
    from forestall.records.store import Store
    from forestall.results import Finding


class Records:
    """One immutable snapshot. Make it with :meth:`Store.records` or :meth:`from_files`."""

    def __init__(self, manifest: Manifest, store: Store | None = None, held: Any = None, refused: Any = None) -> None:
        self.manifest = manifest
        self.store = store
        self._held = held
        self._refused = refused
        self._lock = threading.RLock()

    @property
    def snapshot(self) -> str:
        return self.manifest.snapshot

    @staticmethod
    def from_files(
        paths: Iterable[Path | str], *, source: str | None = "police-uk", mapping: Path | str | None = None
    ) -> Records:
        """Records of files, in memory, without a store. The snapshot id is the one that a store would give."""
        import dataclasses

        import pyarrow as pa
        import pyarrow.compute as pc

        from forestall.records.intake import BadFile, gather
        from forestall.records.reading import read_all, reader_of

        _, reader = reader_of(source, mapping)
        got: dict[str, Any] = {}
        for _, read in read_all(gather(paths).files, lambda file: reader(file, lambda _: False)):
            if isinstance(read, BadFile):
                raise read
            got.setdefault(read.part.id, read)
        parts, history = add((), (), [r.part for r in got.values()])
        dead = dead_rows(parts, {p.id: got[p.id].table for p in parts})
        tables = []
        for part in parts:
            table = got[part.id].table
            if part.id in dead:
                table = table.filter(pc.invert(pc.is_in(table["line"], pa.array(dead[part.id], pa.int64()))))
            tables.append(table)
        manifest = Manifest(tuple(parts), tuple(history), dead)
        held = pa.concat_tables(tables)
        manifest = dataclasses.replace(manifest, repeated=repeated_ids(held))
        return Records(manifest, None, held, pa.concat_tables([got[p.id].rejects for p in parts]))

    # -- Ibis ---------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def _connection(self) -> Any:
        import ibis

        connection = ibis.duckdb.connect()
        connection.raw_sql("set enable_progress_bar = false")
        return connection

    @functools.cached_property
    def _repeated(self) -> Any:
        """The ids that more than one file has, as an Ibis table: two sources that number alike repeat most of them."""
        import pyarrow as pa

        with self._lock:
            return _take(self._connection, "repeated", pa.table({"id": pa.array(self.manifest.repeated, pa.string())}))

    @functools.cached_property
    def _raw(self) -> Any:
        """All rows in force, as an Ibis table."""
        with self._lock:
            connection = self._connection
            if self.store is None:
                return _take(connection, "records", self._held)
            with self._damage():
                table = connection.read_parquet([str(self.store.part_path(p.id)) for p in self.manifest.parts])
            if self.manifest.dead:
                dead = _take(connection, "dead", self.manifest.dead_table())
                table = table.anti_join(dead, ["part", "line"])
            return table

    @functools.cached_property
    def _placed(self) -> Any:
        """Areas of the points of rows without an area code, as an Ibis table; None where there is none to give."""
        from forestall.places import Places

        raw = self._raw
        bare = raw.filter(raw.lsoa.isnull() & raw.easting.notnull() & raw.northing.notnull())
        points = self.arrow(bare.select("easting", "northing").distinct().order_by(["easting", "northing"]))
        places = Places.open(self.store.path) if self.store is not None and len(points) else None
        if places is None:
            return None
        codes = self.arrow(raw.filter(raw.lsoa.notnull()).select("lsoa").distinct())["lsoa"].to_pylist()
        found = placed.from_points(points, codes, places)
        with self._lock:
            return _take(self._connection, "placed", found) if len(found) else None

    def _with_areas(self, table: Any) -> Any:
        """Rows without an area code get that of their point, and a flag that says so. A code that the reader set aside as
        none stays away: its source must mend it."""
        import ibis

        if self._placed is None:
            return table
        columns = table.columns
        flags = ibis.coalesce(table.flags, ibis.literal([], "array<string>"))
        table = table.mutate(flags=flags)
        here = self._placed
        same = [table.easting == here.easting, table.northing == here.northing]
        both = table.left_join(here, [*same, table.lsoa.isnull(), ~table.flags.contains(BAD_CODE)], rname="right_{name}")
        given = both.placed_lsoa.notnull()
        return both.mutate(
            lsoa=ibis.coalesce(both.lsoa, both.placed_lsoa),
            lsoa_vintage=given.ifelse(both.placed_vintage, both.lsoa_vintage),
            flags=given.ifelse(both.flags.concat(ibis.literal([FROM_POINT], "array<string>")), both.flags),
        ).select(*columns)

    def table(self) -> Any:
        """All rows in force as an Ibis table of the schema's fields (uncounted statuses included; see :meth:`counted`)."""
        import ibis

        table = self._with_areas(self._raw)
        if self.manifest.repeated:
            own = ibis.literal("@") + table.source + "." + table.force + "." + table.month
            repeated = table.record_id.isin(self._repeated.id)
            table = table.mutate(record_id=repeated.ifelse(table.record_id + own, table.record_id))
        return table

    def counted(self, force: str | None = None, since: str | None = None, until: str | None = None) -> Any:
        """The rows that count, as an Ibis table: without cancelled ones, of a force and of months where given."""
        import ibis

        table = self.table()
        if "status" in self.filled():
            gone = table.status.isin(list(UNCOUNTED_STATUSES))
            table = table.filter(~ibis.coalesce(gone, ibis.literal(False)))
        if force is not None:
            table = table.filter(table.force == self._force(force))
        if since is not None:
            table = table.filter(table.month >= since)
        if until is not None:
            table = table.filter(table.month <= until)
        return table

    def arrow(self, expression: Any) -> Any:
        """Runs an Ibis expression over :meth:`table` and gives its rows as an Arrow table."""
        with self._lock, self._damage():
            return expression.to_pyarrow()

    @contextlib.contextmanager
    def _damage(self) -> Iterator[None]:
        """A part that can't be read, as a sentence: that of the erasure where one took it while it was being read."""
        import duckdb

        try:
            yield
        except (duckdb.Error, OSError) as error:
            told = isinstance(error, duckdb.IOException | duckdb.InvalidInputException | OSError)
            if self.store is None or not (told or type(error) is duckdb.Error):
                raise
            self.store.refuse_erased(self.manifest)
            said = str(error).splitlines()[0]
            raise ForestallError(
                f"the records in {self.store.path / 'parts'} are damaged ({said}): restore that folder from a backup, or "
                "ingest the files into a new store."
            ) from error

    # -- what there is ------------------------------------------------------------------------------------------------

    @functools.cached_property
    def _force_months(self) -> dict[str, dict[str, int]]:
        out: dict[str, dict[str, int]] = {}
        for part in self.manifest.parts:
            masked = set(part.masked)
            for force, months in part.months.items():
                for month, rows in months.items():
                    if (force, month) not in masked:
                        held = out.setdefault(force, {})
                        held[month] = held.get(month, 0) + rows
        return out

    def forces(self) -> list[str]:
        """Slugs of the forces, most records first."""
        totals = {f: sum(m.values()) for f, m in self._force_months.items()}
        return sorted(totals, key=lambda f: (-totals[f], f))

    def months(self, force: str | None = None) -> tuple[str, ...]:
        """Consecutive months from the first to the last that hold records (of a force)."""
        forces = self.forces() if force is None else [self._force(force)]
        held = sorted({m for f in forces for m in self._force_months[f]})
        return months_between(held[0], held[-1]) if held else ()

    def _force(self, force: str) -> str:
        if force not in self._force_months:
            there = self.forces()
            shown = ", ".join(there[:8]) + (f" and {len(there) - 8} more" if len(there) > 8 else "")
            raise ForestallError(f"there are no records of the force {force!r}: these hold {shown}.")
        return force

    @functools.cached_property
    def _categories(self) -> tuple[str, ...]:
        table = self.counted()
        return tuple(sorted(self.arrow(table.select("category").distinct())["category"].to_pylist()))

    def categories(self) -> tuple[str, ...]:
        """Slugs of the categories of the rows that count, in order of name."""
        return self._categories

    def filled(self) -> frozenset[str]:
        """The fields that these records fill, times of occurrence with their precision: ``occurred_from:month``. What is
        known to the instant is known to the day and the month too."""
        out = {f for p in self.manifest.parts for f in p.filled}
        if self._placed is not None:
            out |= {"lsoa", "flags"}
        for name in ("occurred_from", "occurred_to"):
            for i, precision in enumerate(PRECISIONS):
                if f"{name}:{precision}" in out:
                    out |= {f"{name}:{p}" for p in PRECISIONS[i:]}
        return frozenset(out)

    def require(self, needs: set[str] | frozenset[str], analysis: str) -> None:
        """Refuses, in a sentence, an ``analysis`` whose ``needs`` these records do not fill."""
        filled = self.filled()
        lacking = sorted(n for n in needs if n not in filled)
        if not lacking:
            return
        known = {f.name for f in FIELDS}
        parts = []
        for need in lacking:
            name, _, precision = need.partition(":")
            if name not in known:
                raise ValueError(f"{need!r} is no field of the schema")
            if precision:
                best = next((p for p in PRECISIONS if f"{name}:{p}" in filled), None)
                words = {"instant": "times to the minute", "day": "days", "month": "months"}
                parts.append(f"{words[precision]} of {name} (these records have {words[best] if best else 'none'})")
            else:
                parts.append(f"the field {name}, which these records leave empty")
        raise ForestallError(
            f"{analysis} needs {' and '.join(parts)}: ingest an extract that holds it, through a mapping file."
        )

    def rejects(self) -> Any:
        """The rows that could not be read: an Arrow table of file, line, reason, raw, source, part."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.store is None:
            return self._refused
        paths = [self.store.rejects_path(p.id) for p in self.manifest.parts if p.rejects]
        with self._damage():
            return pa.concat_tables([rejects_schema().empty_table(), *(pq.read_table(p) for p in paths)])

    def overlaps(self) -> list[dict[str, Any]]:
        """Where two sources hold the same kind of record of the same force and months, so that a count takes both: dicts of
        force, kind, sources and months (how many)."""
        if len({p.source for p in self.manifest.parts}) < 2:
            return []
        table = self.counted().select("force", "kind", "month", "source").distinct()
        held: dict[tuple[str, str], dict[str, list[str]]] = {}
        for r in self.arrow(table).to_pylist():
            held.setdefault((r["force"], r["kind"]), {}).setdefault(r["month"], []).append(r["source"])
        out = []
        for (force, kind), months in sorted(held.items()):
            several = [s for s in months.values() if len(s) > 1]
            if several:
                sources = sorted({s for group in several for s in group})
                out.append({"force": force, "kind": kind, "sources": sources, "months": len(several)})
        return out

    # -- what it holds ------------------------------------------------------------------------------------------------

    def rows(
        self,
        *,
        areas: Iterable[str] | None = None,
        category: str | None = None,
        since: str | None = None,
        until: str | None = None,
        force: str | None = None,
        refs: Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Any:
        """The rows behind a count, as an Arrow table of all fields in order of month, category and line. ``source_ref`` is
        among them: for users of the force only. ``refs``: occurrence numbers to look for."""
        table = self.counted(force, since, until)
        if refs is not None:
            table = table.filter(table.source_ref.isin(list(refs)))
        if areas is not None:
            table = table.filter(table.lsoa.isin(list(areas)))
        if category is not None:
            table = table.filter(table.category == category)
        table = table.order_by(["month", "category", "part", "line"])
        return self.arrow(table if limit is None else table.limit(limit))

    def select(
        self,
        fields: Iterable[str],
        *,
        having: Iterable[str] = (),
        kinds: Iterable[str] = (),
        force: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Any:
        """Some ``fields`` of the rows that count, as an Arrow table in order of time and record: those that fill every
        field in ``having``, of some ``kinds`` where given."""
        table = self.counted(force, since, until)
        for name in having:
            table = table.filter(table[name].notnull())
        if kinds:
            table = table.filter(table.kind.isin(list(kinds)))
        return self.arrow(table.order_by(["occurred_from", "record_id"]).select(*fields))

    def delays(self, made: str, *, force: str | None = None, since: str | None = None, until: str | None = None) -> Any:
        """How many crimes and incidents of each category happened on a day and were ``made`` (``recorded_at`` or
        ``reported_at``) on another: an Arrow table of category, happened, made, n, of rows that know both days."""
        table = self.counted(force, since, until)
        known = table.kind.isin(["crime", "asb"]) & table[made].notnull() & (table.precision != "month")
        table = table.filter(known).select("category", happened=table.occurred_from.date(), made=table[made].date())
        return self.arrow(table.group_by(["category", "happened", "made"]).aggregate(n=table.count()))

    def history(self, record_id: str) -> Any:
        """Every version of a record that the store was ever given, oldest first, as an Arrow table with ``in_force`` and
        ``file`` beside the schema's fields: where a crime was reclassified or cancelled, or its month published again."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        bare = record_id.split("@")[0]
        found = []
        manifest = self.manifest if self.store is None else self.store.manifest(self.snapshot)  # its history as it is now
        live = {p.id for p in manifest.parts}
        for part in (*manifest.history, *manifest.parts):
            if self.store is None:
                table = self._held.filter(pc.equal(self._held["part"], part.id))
            else:
                with self._damage():
                    table = pq.read_table(self.store.part_path(part.id))
            table = table.filter(pc.equal(table["record_id"], bare))
            dead = set(manifest.dead.get(part.id, ()))
            holds = [part.id in live and n not in dead for n in table["line"].to_pylist()]
            table = table.append_column("in_force", pa.array(holds, pa.bool_()))
            found.append(table.append_column("file", pa.repeat(part.file, len(table))))
        return pa.concat_tables(found)

    def points(
        self,
        *,
        force: str | None = None,
        category: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Any:
        """Rows that count by place and month, as an Arrow table of location_id, location_text, lsoa, easting,
        northing, month, category, count."""
        table = self.counted(force, since, until)
        if category is not None:
            table = table.filter(table.category == category)
        keys = ["location_id", "location_text", "lsoa", "easting", "northing", "month", "category"]
        return self.arrow(table.group_by(keys).aggregate(count=table.count()).order_by(keys))

    def cube(
        self,
        *,
        force: str | None = None,
        area: str = "lsoa",
        since: str | None = None,
        until: str | None = None,
        kinds: tuple[str, ...] = ("crime", "asb"),
    ) -> Cube:
        """Counts by category, area and month of occurrence. ``area`` is the field that holds the area's code.
        Months run from ``since`` to ``until``, by default all that there are; a month outside of the records is
        refused."""
        held = self.months(force)
        if not held:
            raise ForestallError("these records hold no row that could be read: forestall quality says why.")
        for name, month in (("since", since), ("until", until)):
            if month is not None and not held[0] <= month <= held[-1]:
                raise ForestallError(
                    f"{name} {month} lies outside of the records, which run from {held[0]} to {held[-1]}: give a "
                    "month of those."
                )
        months = months_between(since or held[0], until or held[-1])
        if not months:
            raise ForestallError(f"since {since} lies after until {until}: give the earlier month first.")
        table = self.counted(force, months[0], months[-1])
        table = table.filter(table.kind.isin(list(kinds)))
        table = table.select("category", "month", "origin", "easting", "northing", area=table[area])
        grouped = table.group_by(["category", "area", "month"]).aggregate(
            n=table.count(),
            e=table.easting.sum(),
            no=table.northing.sum(),
            placed=table.easting.count(),
            police=(table.origin == "police-generated").sum(),
            unknown=(table.origin == "unknown").sum(),
        )
        return _cube(self.arrow(grouped), months)

    def findings(self, force: str | None = None, until: str | None = None) -> tuple[Finding, ...]:
        """What the quality of these records says, suspected recording events included. With ``until``, only what
        records up to that month could show: a scan into the past must not see the future."""
        from forestall.records.quality import findings

        return tuple(findings(self, force, until))


def _take(connection: Any, name: str, table: Any) -> Any:
    """An Arrow table in memory as an Ibis table of the connection."""
    connection.con.register(name, table)
    return connection.table(name)


def _cube(grouped: Any, months: tuple[str, ...]) -> Cube:
    from forestall.records.columns import distinct

    def codes(name: str) -> tuple[list[Any], Any]:
        values, index = distinct(grouped[name])
        listed = values.to_pylist()
        order = sorted(v for v in listed if v is not None)
        place = {v: i for i, v in enumerate(order)}
        return order, np.array([place.get(v, -1) for v in listed], dtype=np.int64)[index] if listed else index

    def numbers(name: str) -> Any:
        column = grouped[name].to_numpy()
        return np.nan_to_num(np.asarray(column, dtype=np.float64))

    categories, c = codes("category")
    areas, a = codes("area")
    month_index = {m: i for i, m in enumerate(months)}
    m = np.array([month_index[x] for x in grouped["month"].to_pylist()], dtype=np.int64)
    n = numbers("n").astype(np.int64)
    counts = np.zeros((len(categories), len(areas), len(months)), dtype=np.int64)
    unplaced = np.zeros((len(categories), len(months)), dtype=np.int64)
    here = a >= 0
    np.add.at(counts, (c[here], a[here], m[here]), n[here])
    np.add.at(unplaced, (c[~here], m[~here]), n[~here])
    centre = np.zeros((3, len(areas)))
    for row, name in enumerate(("e", "no", "placed")):
        np.add.at(centre[row], a[here], numbers(name)[here])
    share = np.zeros((3, len(categories)))
    for row, name in enumerate(("police", "unknown", "n")):
        np.add.at(share[row], c, numbers(name))
    with np.errstate(divide="ignore", invalid="ignore"):
        easting, northing = centre[0] / centre[2], centre[1] / centre[2]
        police, unknown = share[0] / share[2], share[1] / share[2]
    return Cube(tuple(categories), tuple(areas), months, counts, unplaced, easting, northing, police, unknown)
