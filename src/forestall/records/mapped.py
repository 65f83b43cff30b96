"""The reader of any extract, CSV or Parquet, through a mapping.

Persons become keyed hashes here and free text is redacted here, before anything is kept. Of a refused row only the columns
that the mapping reads are kept, and of those no person's and no free text.
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from forestall.places.project import in_uk_bng, in_uk_wgs84, to_bng, to_wgs84
from forestall.records import hashkey
from forestall.records.columns import Unreadable, constant, convert, record_ids
from forestall.records.intake import BadFile, SourceFile
from forestall.records.lines import RawTable, Reject, Text, clip, header, read_table, refuse_missing, slurp
from forestall.records.mapping import Mapping, Rule
from forestall.records.part import ReadFile, finish, part_id
from forestall.records.reading import Reader
from forestall.records.redact import redact
from forestall.records.schema import BY_NAME, PERSON_FIELDS, TIME_FIELDS, force_slug, slug

#: Of how many refused rows of a file the text is kept; of the rest the line and the reason alone.
RAW_KEPT = 10_000
#: Fields filled by plain text rules; the others have ways of their own below.
_OWN_WAY = {"flags", "lon", "lat", "easting", "northing", "occurred_from", "occurred_to"}


def reader(mapping: Mapping, key: bytes | None = None) -> Reader:
    """The reader of files of this mapping. ``key`` hashes persons; by default it is the user's own, made where needed."""
    if mapping.has_persons() and key is None:
        key = hashkey.load()

    def read(file: SourceFile, known: Callable[[str], bool]) -> ReadFile | str:
        with file.open() as stream:
            magic = stream.read(4)
        if magic == b"PAR1":
            with file.open() as stream:
                data = stream.read()
            digest = hashlib.sha256(data).hexdigest()
        else:
            with file.open() as stream:
                text = slurp(_recode(stream, mapping.encoding), file.name)
            digest = text.digest
        id_ = part_id(digest, f"{mapping.source} {mapping.id}")
        if known(id_):
            return id_
        raw = _parquet(data, file.name) if magic == b"PAR1" else _csv(text, file.name, mapping)
        refuse_missing(raw.table.column_names, mapping.columns(), file.name, f"file for the mapping {mapping.path}")
        return _Rows(mapping, raw, key).read(file, id_, digest)

    return read


def _recode(stream: Any, encoding: str) -> Any:
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
        return stream
    return io.BytesIO(stream.read().decode(encoding, errors="replace").encode())


def _csv(text: Text, name: str, mapping: Mapping) -> RawTable:
    refuse_missing(
        header(text, name, mapping.delimiter),
        mapping.columns(),
        name,
        f"file for the mapping {mapping.path}",
        mapping.delimiter,
    )
    return read_table(text, name, mapping.delimiter)


def _parquet(data: bytes, name: str) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
        columns = {n: table[n].combine_chunks() for n in table.column_names}
        plain = {n: c for n, c in columns.items() if not pa.types.is_nested(c.type)}
        text = pa.table({n: _as_text(c) for n, c in plain.items()})
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{name} is not whole Parquet ({clip(str(error))[:120]}): export it again.") from error
    if not text.num_rows:
        raise BadFile(f"{name} has columns and no rows: export it again, or leave it out.")
    return RawTable(text, pa.array(range(1, text.num_rows + 1), pa.int64()))


def _as_text(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S%z" if column.type.tz else "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.nulls(len(column), pa.string())
    text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


class _Rows:
    """The rows of one file on their way into the schema."""

    def __init__(self, mapping: Mapping, raw: RawTable, key: bytes | None) -> None:
        self.mapping, self.raw, self.key = mapping, raw, key
        self.rows = raw.table.num_rows
        self.reasons = np.full(self.rows, None, dtype=object)
        self.fine = np.ones(self.rows, dtype=bool)
        self.marks: list[tuple[str, Any]] = []

    def read(self, file: SourceFile, id_: str, digest: str) -> ReadFile:
        import pyarrow as pa

        rules = self.mapping.fields
        columns: dict[str, Any] = {}
        for name, rule in rules.items():
            if name in _OWN_WAY:
                continue
            if rule.person:
                columns[name] = self._person(rule)
            elif name in TIME_FIELDS:
                columns[name] = self._time(name, rule)[0]
            elif BY_NAME[name].type == "number":
                columns[name] = self._number(name, rule)
            else:
                columns[name] = self._text(name, rule)
        columns |= self._occurred()
        columns |= self._place()
        columns.setdefault("origin", constant("unknown", self.rows, pa.string()))
        columns.setdefault("source_ref", pa.nulls(self.rows, pa.string()))
        columns["source"] = constant(self.mapping.source, self.rows, pa.string())
        columns["line"] = self.raw.line
        columns["flags"] = self._flags()
        keep = pa.array(np.flatnonzero(self.fine))
        columns = {n: c.take(keep) for n, c in columns.items()}
        secret = self._secret()  # of these only what the door lets in may decide the id
        content = [self._joined((c,)).take(keep) for c in self.mapping.columns() if c not in secret]
        content += [columns[n] for n in (*PERSON_FIELDS, "context") if n in columns]
        columns["record_id"] = record_ids(columns["source_ref"], content)
        key = hashkey.fingerprint(self.key) if self.key and self.mapping.has_persons() else None
        return finish(
            id_,
            digest=digest,
            source=self.mapping.source,
            replaces=self.mapping.replaces,
            file=file.name,
            columns=columns,
            rows=len(keep),
            rejects=self._rejects(),
            key=key,
        )

    # -- values --------------------------------------------------------------------------------------------------------

    def _joined(self, names: tuple[str, ...]) -> Any:
        """The text of columns, joined by a blank; null where all are empty."""
        import pyarrow as pa
        import pyarrow.compute as pc

        first = self.raw.table[names[0]].combine_chunks() if names else pa.nulls(self.rows, pa.string())
        if len(names) < 2:
            return first
        several = [self.raw.table[n].combine_chunks() for n in names]
        joined = pc.utf8_trim_whitespace(
            pc.binary_join_element_wise(*several, " ", null_handling="replace", null_replacement="")
        )
        return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)

    def _convert(self, column: Any, function: Callable[[str | None], Any], type_: Any) -> Any:
        done = convert(column, function, type_)
        for i in np.flatnonzero((done.failed >= 0) & self.fine).tolist():
            self.reasons[i] = done.reasons[done.failed[i]]
            self.fine[i] = False
        return done.values

    def _text(self, name: str, rule: Rule) -> Any:
        import pyarrow as pa

        if rule.value is not None:
            return constant(rule.value, self.rows, pa.string())
        return self._convert(self._joined(rule.columns), _text_of(name, rule), pa.string())

    def _number(self, name: str, rule: Rule) -> Any:
        import pyarrow as pa

        def number(value: str | None) -> float | None:
            if value is None or not value.strip():
                return None
            try:
                out = float(value.strip())
            except ValueError:
                out = float("nan")
            if not np.isfinite(out):
                raise Unreadable(f"{name} {_shown(value)} is no number")
            return out

        if rule.value is not None:
            return constant(number(rule.value), self.rows, pa.float64())
        return self._convert(self._joined(rule.columns), number, pa.float64())

    def _person(self, rule: Rule) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        assert self.key is not None
        key = self.key
        joined = pc.binary_join_element_wise(
            *(self.raw.table[c].combine_chunks() for c in rule.columns),
            "\x1f",
            null_handling="replace",
            null_replacement="",
        )
        return convert(joined, lambda v: hashkey.person(key, (v or "").split("\x1f")), pa.string()).values

    def _time(self, name: str, rule: Rule) -> tuple[Any, Any]:
        """Times and their precisions."""
        import pyarrow as pa

        column = constant(rule.value, self.rows, pa.string()) if rule.value is not None else self._joined(rule.columns)
        parse = _time_of(name, rule, self.mapping)
        times = self._convert(column, lambda v: parse(v)[0], pa.timestamp("us"))
        precisions = convert(column, lambda v: parse(v)[1], pa.string()).values
        return times, precisions

    def _occurred(self) -> dict[str, Any]:
        import pyarrow as pa
        import pyarrow.compute as pc

        start, precision = self._time("occurred_from", self.mapping.fields["occurred_from"])
        self._refuse(pc.is_null(start), "occurred_from is empty")
        end = pa.nulls(self.rows, pa.timestamp("us"))
        if "occurred_to" in self.mapping.fields:
            end, end_precision = self._time("occurred_to", self.mapping.fields["occurred_to"])
            end = _last(end, end_precision)
            self._refuse(pc.fill_null(pc.less(end, start), False), "occurred_to lies before occurred_from")
        month = pc.strftime(start, format="%Y-%m")
        end = pc.coalesce(end, _last(start, precision))
        return {"occurred_from": start, "occurred_to": end, "precision": precision, "month": month}

    def _refuse(self, which: Any, reason: str) -> None:
        hit = which.to_numpy(zero_copy_only=False) & self.fine
        self.reasons[hit] = reason
        self.fine[hit] = False

    # -- places --------------------------------------------------------------------------------------------------------

    def _place(self) -> dict[str, Any]:
        import pyarrow as pa

        rules = self.mapping.fields
        given = {
            n: np.array(self._number(n, rules[n]).to_numpy(zero_copy_only=False), dtype=np.float64)
            for n in ("lon", "lat", "easting", "northing")
            if n in rules
        }
        out: dict[str, Any] = {}
        uk = self.mapping.bounds == "uk"
        if "lon" in given and "lat" in given:
            x, y = given["lon"], given["lat"]
            if uk:
                swapped = in_uk_wgs84(y, x) & ~in_uk_wgs84(x, y)
                self._refuse(pa.array(swapped), "longitude and latitude are swapped")
            self._mark_outside(x, y, in_uk_wgs84(x, y) if uk else (abs(x) <= 180) & (abs(y) <= 90))
            points, index = np.unique(x + 1j * y, return_inverse=True)
            e, n = to_bng(points.real, points.imag)
            e, n = e[index], n[index]
            if not uk:
                e[~in_uk_wgs84(x, y)] = n[~in_uk_wgs84(x, y)] = np.nan
            out |= {"lon": x, "lat": y, "easting": given.get("easting", e), "northing": given.get("northing", n)}
        elif "easting" in given and "northing" in given:
            e, n = given["easting"], given["northing"]
            self._mark_outside(e, n, in_uk_bng(e, n))
            points, index = np.unique(e + 1j * n, return_inverse=True)
            x, y = to_wgs84(points.real, points.imag)
            out |= {"lon": x[index], "lat": y[index], "easting": e, "northing": n}
        return {name: pa.array(values, pa.float64(), from_pandas=True) for name, values in out.items()}

    def _mark_outside(self, x: Any, y: Any, inside: Any) -> None:
        outside = ~inside & ~(np.isnan(x) | np.isnan(y))
        x[outside] = y[outside] = np.nan
        if outside.any():
            self.marks.append(("point-outside-uk", outside))

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _flags(self) -> Any:
        import pyarrow as pa

        for rule in self.mapping.flags:
            marks = self._text("flags", rule).to_pylist()
            for flag in sorted({m for m in marks if m}):
                self.marks.append((flag, np.array([m == flag for m in marks], dtype=bool)))
        out: list[list[str]] = [[] for _ in range(self.rows)]
        for flag, hit in self.marks:
            for i in np.flatnonzero(hit).tolist():
                if flag not in out[i]:
                    out[i].append(flag)
        return pa.array(out, pa.list_(pa.string()))

    def _secret(self) -> set[str]:
        """The columns that hold persons or free text."""
        return {c for n, r in self.mapping.fields.items() if r.person or n == "context" for c in r.columns}

    def _rejects(self) -> list[Reject]:
        """Rows refused, without persons and free text; of a row that could not even be split nothing but its place is
        kept."""
        import pyarrow as pa

        secret = self._secret()
        shown = [c for c in self.mapping.columns() if c not in secret]
        out = [Reject(r.line, r.reason, "") for r in self.raw.rejects]
        refused = np.flatnonzero(~self.fine)
        lines = self.raw.line.take(pa.array(refused)).to_pylist()
        table = self.raw.table.select(shown).take(pa.array(refused[:RAW_KEPT]))
        values = table.to_pylist() + [{}] * max(0, len(refused) - RAW_KEPT)
        for i, line, row in zip(refused.tolist(), lines, values, strict=True):
            raw = clip(", ".join(f"{c}={v or ''}" for c, v in row.items()))
            out.append(Reject(line, self.reasons[i], redact(raw)))
        return sorted(out, key=lambda r: r.line)


def _text_of(name: str, rule: Rule) -> Callable[[str | None], str | None]:
    folded = {k.strip().casefold(): v for k, v in (rule.codes or {}).items()}
    needed = BY_NAME[name].required

    def text(value: str | None) -> str | None:
        value = (value or "").strip()
        if not value and "" not in folded:
            if needed and rule.codes and rule.otherwise not in ("reject", "keep", "empty"):
                return rule.otherwise
            if needed:
                raise Unreadable(f"{name} is empty")
            return None
        if rule.codes is None:
            return _tidy(name, rule, value)
        exact = rule.codes.get(value)
        found = exact if exact is not None else folded.get(value.casefold())
        if found is not None:
            return found
        if rule.otherwise == "reject":
            raise Unreadable(f"unknown {name} {_shown(value)}")
        if rule.otherwise == "keep":
            return _tidy(name, rule, value)
        if rule.otherwise == "empty" and needed:
            raise Unreadable(f"unknown {name} {_shown(value)}")
        return None if rule.otherwise == "empty" else rule.otherwise

    return text


def _tidy(name: str, rule: Rule, value: str) -> str:
    from forestall.records.mapping import LIMITED

    if name == "context":
        return redact(value)
    if name == "force":
        return force_slug(value)
    if name in LIMITED and value not in LIMITED[name]:
        raise Unreadable(f"unknown {name} {_shown(value)}")
    if name in ("category", "status", "flags") or rule.slug:
        return slug(value)
    return value


def _time_of(name: str, rule: Rule, mapping: Mapping) -> Callable[[str | None], tuple[dt.datetime | None, str | None]]:
    def time(value: str | None) -> tuple[dt.datetime | None, str | None]:
        value = (value or "").strip()
        if not value:
            return None, None
        for text in rule.formats:
            try:
                when, precision = _iso(value) if text == "iso" else (dt.datetime.strptime(value, text), _precision(text))
            except ValueError:
                continue
            if when.tzinfo is not None:
                when = when.astimezone(mapping.time_zone).replace(tzinfo=None)
            if not 1900 <= when.year <= 2099:
                raise Unreadable(f"{name} {_shown(value)} lies outside of 1900 to 2099")
            return when, precision
        raise Unreadable(f"{name} {_shown(value)} is no time in the format {' or '.join(rule.formats)}")

    return time


def _iso(value: str) -> tuple[dt.datetime, str]:
    if len(value) == 7:
        return dt.datetime.fromisoformat(f"{value}-01"), "month"
    return dt.datetime.fromisoformat(value), "day" if len(value) <= 10 else "instant"


def _precision(text: str) -> str:
    if any(code in text for code in ("%H", "%I", "%X", "%c", "%T")):
        return "instant"
    return "day" if any(code in text for code in ("%d", "%j", "%x", "%D", "%F")) else "month"


def _last(times: Any, precisions: Any) -> Any:
    """The latest moment that times of a precision can mean."""
    import pyarrow as pa

    def last(when: dt.datetime | None, precision: str | None) -> dt.datetime | None:
        if when is None or precision == "instant":
            return when
        day = calendar.monthrange(when.year, when.month)[1] if precision == "month" else when.day
        return when.replace(day=day, hour=23, minute=59, second=59)

    pairs = zip(times.to_pylist(), precisions.to_pylist(), strict=True)
    return pa.array([last(when, precision) for when, precision in pairs], pa.timestamp("us"))


def _shown(value: str) -> str:
    """A value as a reason may quote it: short or with a digit, so that a name which slipped into the column stays out."""
    if len(value) <= 12 or (len(value) <= 40 and any(c.isdigit() for c in value)):
        return repr(value)
    return f"of {len(value)} characters"
