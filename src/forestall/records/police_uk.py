"""The reader of police.uk street-level files: months, snapped map points, no persons.

What the files cannot tell is left empty and never guessed: see the field list in :mod:`forestall.records.schema`.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from forestall.places.project import in_uk_wgs84, to_bng
from forestall.records.columns import Mapped, Unreadable, constant, convert, record_ids
from forestall.records.intake import BadFile, SourceFile
from forestall.records.lines import Reject, clip, header, read_table, refuse_missing, slurp
from forestall.records.part import ReadFile, finish, part_id
from forestall.records.schema import BAD_CODE, POLICE_GENERATED_CATEGORIES, POLICE_UK_CATEGORIES, force_slug, month_end

SOURCE = "police-uk"
NEEDED = ("Month", "Reported by", "Longitude", "Latitude", "Location", "LSOA code", "Crime type")
OPTIONAL = ("Crime ID", "Falls within", "LSOA name", "Last outcome category", "Context")
FILE_NAME = re.compile(r"^(\d{4}-\d{2})-([a-z][a-z-]*?)-street$")
#: From this month on the published LSOA codes are those of the 2021 census.
LSOA_2021_SINCE = "2024-01"
MONTH = re.compile(r"^(19|20)\d\d-(0[1-9]|1[0-2])$")
LSOA = re.compile(r"^[A-Z]\d{8}$")


def read(file: SourceFile, known: Callable[[str], bool]) -> ReadFile | str:
    """Reads one street file. Bad rows go to the rejects; :class:`BadFile` where the file as a whole is none.

    A file whose part id is ``known`` is read no further: the id comes back.
    """
    with file.open() as stream:
        text = slurp(stream, file.name)
    id_ = part_id(text.digest, SOURCE)
    if known(id_):
        return id_
    refuse_missing(header(text, file.name), NEEDED, file.name, "police.uk street file")
    raw = read_table(text, file.name)
    return _read(file, raw.table, raw.line, list(raw.rejects), id_, text.digest)


def _read(file: SourceFile, table: Any, line: Any, rejects: list[Reject], id_: str, digest: str) -> ReadFile:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = table.num_rows
    text = pa.string()
    raw = {n: _column(table, n) for n in (*NEEDED, *OPTIONAL)}
    month = convert(raw["Month"], _month, text)
    category = convert(raw["Crime type"], _category, text)
    force = convert(raw["Reported by"], _force, text)
    lon, lat = _degrees(raw["Longitude"], "Longitude"), _degrees(raw["Latitude"], "Latitude")
    named = FILE_NAME.match(file.stem)
    reasons = np.full(rows, "", dtype=object)
    for column in (lat, lon, force, category, month):  # the last one speaks, where a row has several faults
        for i in np.flatnonzero(column.failed >= 0).tolist():
            reasons[i] = column.reasons[column.failed[i]]
    x, y = _floats(lon.values), _floats(lat.values)
    swapped = in_uk_wgs84(y, x) & ~in_uk_wgs84(x, y)
    reasons[swapped & (reasons == "")] = "longitude and latitude are swapped"
    if named:
        _hold_to_name(file, named.group(1), named.group(2), month.values, force.values, reasons)
    refused = np.flatnonzero(reasons != "")
    rejects += [Reject(line[i].as_py(), reasons[i], _raw_text(table, i)) for i in refused.tolist()]
    if refused.size:
        keep = pa.array(np.flatnonzero(reasons == ""))
        raw = {n: c.take(keep) for n, c in raw.items()}
        month_, category_, force_, line = (c.take(keep) for c in (month.values, category.values, force.values, line))
        x, y = x[keep.to_numpy()], y[keep.to_numpy()]
        rows = len(keep)
    else:
        month_, category_, force_ = month.values, category.values, force.values
    if not rows and not rejects:
        raise BadFile(f"{file.name} has column names and no rows: leave it out.")

    outside = ~in_uk_wgs84(x, y) & ~(np.isnan(x) | np.isnan(y))
    x[outside] = y[outside] = np.nan
    easting, northing, location = _points(x, y)
    lsoa = convert(raw["LSOA code"], lambda v: v if v and LSOA.match(v.strip()) else None, text).values
    flags = _flags(raw, outside, lsoa, force_)
    columns = {
        "record_id": record_ids(raw["Crime ID"], [raw[n] for n in (*NEEDED, *OPTIONAL)]),
        "source": constant(SOURCE, rows, text),
        "source_ref": raw["Crime ID"],
        "force": force_,
        "kind": convert(category_, lambda c: "asb" if c == "anti-social-behaviour" else "crime", text).values,
        "category": category_,
        "occurred_from": convert(month_, lambda m: dt.datetime.fromisoformat(f"{m}-01"), pa.timestamp("us")).values,
        "occurred_to": convert(month_, lambda m: dt.datetime.fromisoformat(month_end(str(m))), pa.timestamp("us")).values,
        "precision": constant("month", rows, text),
        "origin": convert(category_, _origin, text).values,
        "lon": pa.array(x, from_pandas=True),
        "lat": pa.array(y, from_pandas=True),
        "easting": pa.array(easting, from_pandas=True),
        "northing": pa.array(northing, from_pandas=True),
        "location_id": location,
        "location_text": raw["Location"],
        "lsoa": lsoa,
        "lsoa_vintage": pc.if_else(pc.is_valid(lsoa), convert(month_, _vintage, text).values, pa.scalar(None, text)),
        "outcome": raw["Last outcome category"],
        "flags": flags,
        "context": _context(raw["Context"]),
        "month": month_,
        "line": line,
    }
    return finish(
        id_, digest=digest, source=SOURCE, replaces="months", file=file.name, columns=columns, rows=rows, rejects=rejects
    )


def _points(lon: Any, lat: Any) -> tuple[Any, Any, Any]:
    """British National Grid metres and names of many points with few different ones."""
    import pyarrow as pa

    points, index = np.unique(lon + 1j * lat, return_inverse=True)
    easting, northing = to_bng(points.real, points.imag)
    names = [f"{p.real:.6f},{p.imag:.6f}" if np.isfinite(p) else None for p in points.tolist()]
    return easting[index], northing[index], pa.array(names, pa.string()).take(pa.array(index))


def _column(table: Any, name: str) -> Any:
    import pyarrow as pa

    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table[name].combine_chunks()


def _floats(column: Any) -> Any:
    return column.to_numpy(zero_copy_only=False).astype(np.float64)


def _month(value: str | None) -> str:
    value = (value or "").strip()
    if not MONTH.match(value):
        raise Unreadable(f"Month {value!r} is no month (YYYY-MM)" if value else "Month is empty")
    return value


def _category(value: str | None) -> str:
    name = (value or "").strip()
    if name not in POLICE_UK_CATEGORIES:
        raise Unreadable(f"unknown category {name!r}" if name else "Crime type is empty")
    return POLICE_UK_CATEGORIES[name]


@functools.cache
def _force(value: str | None) -> str:
    if not (value and value.strip()):
        raise Unreadable("Reported by is empty")
    return force_slug(value)


def _degrees(column: Any, name: str) -> Mapped:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:  # all at once, where every value is a number
        values = pc.cast(column, pa.float64())
        if pc.all(pc.less_equal(pc.abs(values), 180)).as_py() in (True, None):
            return Mapped(values, np.full(len(values), -1, np.int64), [])
    except pa.ArrowInvalid:
        pass

    def degrees(value: str | None) -> float | None:
        if value is None or not value.strip():
            return None
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not -180 <= number <= 180:
            raise Unreadable(f"{name} {clip(value)[:40]!r} is no number of degrees")
        return number

    return convert(column, degrees, pa.float64())


def _origin(category: str | None) -> str:
    return "police-generated" if category in POLICE_GENERATED_CATEGORIES else "unknown"


def _vintage(month: str | None) -> str:
    return "2021" if month and month >= LSOA_2021_SINCE else "2011"


def _hold_to_name(file: SourceFile, month: str, force: str, months: Any, forces: Any, reasons: Any) -> None:
    """A file named for a month and a force replaces that month, so a row of another must not slip in with it."""
    good = reasons == ""
    own = np.asarray(months.to_numpy(zero_copy_only=False) == month) & good
    if good.any() and not own.any():
        seen = sorted(set(np.asarray(months.to_pylist(), dtype=object)[good].tolist()))
        raise BadFile(
            f"{file.name} is named for {month}, but its rows are of {', '.join(seen[:3])}: rename the file or leave it out."
        )
    for i in np.flatnonzero(good & ~own).tolist():
        reasons[i] = f"Month {months[i].as_py()} in a file named for {month}"
    held = set(np.asarray(forces.to_pylist(), dtype=object)[own].tolist())
    if len(held) <= 1:
        return
    if force not in held:
        raise BadFile(
            f"{file.name} is named for {force}, but mixes rows of {', '.join(sorted(held)[:3])}: give each "
            "force's file by itself."
        )
    for i in np.flatnonzero(own).tolist():
        if forces[i].as_py() != force:
            reasons[i] = f"a row of {forces[i].as_py()} in a file named for {force}"


def _raw_text(table: Any, row: int) -> str:
    return clip(",".join("" if table[c][row].as_py() is None else table[c][row].as_py() for c in table.column_names))


def _flags(raw: dict[str, Any], outside: Any, lsoa: Any, force: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(force)
    type_ = pa.list_(pa.string())
    not_code = pc.and_(pc.is_valid(raw["LSOA code"]), pc.is_null(lsoa)).to_numpy(zero_copy_only=False)
    within = convert(raw["Falls within"], lambda v: force_slug(v) if v else None, pa.string()).values
    other = pc.fill_null(pc.not_equal(within, force), False).to_numpy(zero_copy_only=False)
    if not (outside.any() or not_code.any() or other.any()):
        return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], pa.string()))
    marks = []
    for i in range(rows):
        row = ["point-outside-uk"] if outside[i] else []
        row += [BAD_CODE] if not_code[i] else []
        row += [f"falls-within-{within[i].as_py()}"] if other[i] else []
        marks.append(row)
    return pa.array(marks, type_)


def _context(column: Any) -> Any:
    import pyarrow as pa

    if column.null_count == len(column):
        return column
    from forestall.records.redact import redact

    return convert(column, lambda v: redact(v) if v else None, pa.string()).values
