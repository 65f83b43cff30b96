"""The fictional records as files that systems export: a crime extract, control-room incidents, a council's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forestall.sample import clock, people
from forestall.sample.counts import Model
from forestall.sample.events import Events
from forestall.sample.geography import Floats, Ints
from forestall.sample.people import Bools
from forestall.sample.points import Points, content

CHANNELS = ("999", "101", "Online", "Front counter")
ORIGINS = ("Public", "Partner agency", "Found by officer")


def crimes(out: Path, model: Model, points: Points, events: Events) -> int:
    """Writes crimes-YYYY.csv, a Niche-style extract by year of occurrence; anti-social behaviour is in the incidents."""
    asb = model.categories.index("anti-social-behaviour")
    at = np.flatnonzero(events.category != asb)
    lists = content()
    year = events.when[at].astype("datetime64[Y]").astype(np.int64) + 1970
    number = _numbers(events.recorded[at], year)
    category = events.category[at]
    offences = [row for name in model.categories for row in lists["offences"][name]]
    first = np.cumsum([0] + [len(lists["offences"][name]) for name in model.categories])[:-1]
    offence = first[category] + events.offence[at]
    methods = [m for name in model.categories for m in lists["methods"].get(name, ())]
    first = np.cumsum([0] + [len(lists["methods"].get(name, ())) for name in model.categories])[:-1]
    method = np.where(events.method[at] >= 0, first[category] + events.method[at], -1)
    cancelled = events.cancelled[at]
    origin = events.origin[at]
    how = np.where(origin == 0, events.channel[at], np.where(origin == 1, 4, 5))
    young = events.recorded[at] > events.recorded.max() - np.timedelta64(45, "D")
    outcomes = [str(row[0]) for row in lists["outcomes"]]
    outcome = np.where(young, outcomes.index("Under investigation"), events.outcome[at])
    columns = {
        "OCCURRENCE_NO": _text(number),
        "HO_CODE": _pick([str(row[0]) for row in offences], offence),
        "OFFENCE": _pick([str(row[1]) for row in offences], offence),
        "OCCURRED_FROM": _stamp(events.when[at]),
        "OCCURRED_TO": _stamp(events.until[at]),
        "REPORTED": _stamp(events.reported[at]),
        "RECORDED": _stamp(events.recorded[at]),
        "HOW_REPORTED": _pick([*CHANNELS, ORIGINS[1], ORIGINS[2]], how),
        **_where(model, points, events.area[at], events.point[at], events.easting[at], events.northing[at]),
        "MO": _pick(methods, method),
        "OUTCOME": _pick(outcomes, np.where(cancelled, -1, outcome)),
        "CRIME_STATUS": _pick(["Filed", "Live", "Cancelled"], np.where(cancelled, 2, young.astype(np.int64))),
        "DA": _yes(events.domestic[at]),
        "HATE": _yes(events.hate[at]),
        "ALCOHOL": _yes(events.alcohol[at]),
        "KNIFE": _yes(events.knife[at]),
        "REPEAT_VICTIM": _yes(events.repeat[at]),
        "VICTIM_REF": _person("N", events.victim[at]),
        "SUSPECT_REF": _person("N", events.suspect[at]),
    }
    _by_year(out, "crimes", columns, year)
    return len(at)


def incidents(out: Path, model: Model, points: Points, events: Events, rng: np.random.Generator) -> tuple[int, int]:
    """Writes incidents-YYYY.csv: anti-social behaviour and the other calls, as the control room closed them.

    Gives the numbers of incidents of anti-social behaviour and of other calls.
    """
    lists = content()
    asb_at = np.flatnonzero(events.category == model.categories.index("anti-social-behaviour"))
    kinds = lists["calls"]
    asb_rows = lists["offences"]["anti-social-behaviour"]
    closing = [str(r[0]) for r in asb_rows] + [str(r[0]) for r in kinds]
    share = _call_shares(model)
    parts = []
    for k, row in enumerate(kinds):
        monthly = rng.poisson(float(row[2]) * share[:, None], (len(share), len(model.months)))
        area, month = (np.repeat(i, monthly.ravel()) for i in np.indices(monthly.shape).reshape(2, -1))
        day = clock.days(rng, model.months, month, np.array([0.97, 0.95, 0.96, 0.98, 1.04, 1.08, 1.02]))
        when = clock.times(rng, model.months, month, day, [[float(row[3]), 0.75, 3.4], [11.0, 0.25, 3.5]])
        parts.append((area, when, np.full(len(area), len(asb_rows) + k, dtype=np.int64)))
    violence = model.categories.index("violence-and-sexual-offences")
    calls_area = np.concatenate([p[0] for p in parts])
    area = np.concatenate([events.area[asb_at], calls_area])
    when = np.concatenate([events.when[asb_at], *(p[1] for p in parts)])
    code = np.concatenate([events.offence[asb_at], *(p[2] for p in parts)])
    point = np.concatenate([events.point[asb_at], points.draw(rng, violence, calls_area)])
    cancelled = np.concatenate([events.cancelled[asb_at], np.zeros(len(calls_area), dtype=bool)])
    order = np.argsort(when, kind="stable")
    area, when, code, point, cancelled = area[order], when[order], code[order], point[order], cancelled[order]
    n = len(area)
    caller = people.recurring(rng, np.maximum(area, 0), np.full(n, 0.22), 40, 0.9, 2_000_000_000)
    priorities = ["Immediate", "Priority", "Scheduled", "Resolution without deployment"]
    usual = np.array([1, 1, 2] + [priorities.index(str(r[4])) for r in kinds])[code]
    priority = np.where(rng.random(n) < 0.7, usual, rng.integers(0, 4, n))
    minutes = np.round(np.exp(rng.normal(3.5, 0.8, n))).astype(np.int64)
    second = rng.integers(0, 60, n).astype("timedelta64[s]")
    year = when.astype("datetime64[Y]").astype(np.int64) + 1970
    columns = {
        "Incident": _text(_numbers(when, year)),
        "Created": _iso(when.astype("datetime64[s]") + second),
        "Closing code": _pick(closing, code),
        "Grade": _pick(priorities, priority),
        "Line": _pick(["999", "101", "Web", "Radio"], rng.choice(4, size=n, p=[0.36, 0.44, 0.16, 0.04])),
        **_where(model, points, area, point, points.easting[point], points.northing[point]),
        "Minutes on scene": _text(minutes, priority == 3),
        "Disposition": _pick(["Closed", "Duplicate"], cancelled.astype(np.int64)),
        "Youths": _yes((code < 3) & (rng.random(n) < 0.45)),
        "Mental health": _yes((code >= 3) & (rng.random(n) < 0.11)),
        "Caller ref": _person("C", np.where(rng.random(n) < 0.8, caller, -1)),
    }
    _by_year(out, "incidents", columns, year)
    return len(asb_at), len(calls_area)


def complaints(out: Path, model: Model, points: Points, rng: np.random.Generator) -> int:
    """Writes council-asb.csv: what residents tell their councils, by day, with no time. Gives the number of rows."""
    rows = content()["complaints"]
    share = _call_shares(model)
    area, month, code = [], [], []
    for k, row in enumerate(rows):
        monthly = rng.poisson(float(row[2]) * share[:, None], (len(share), len(model.months)))
        a, m = (np.repeat(i, monthly.ravel()) for i in np.indices(monthly.shape).reshape(2, -1))
        area.append(a)
        month.append(m)
        code.append(np.full(len(a), k, dtype=np.int64))
    where, when_month, kind = np.concatenate(area), np.concatenate(month), np.concatenate(code)
    day = clock.days(rng, model.months, when_month, np.ones(7))
    when = clock.month_starts(model.months)[when_month] + (day * 1440).astype("timedelta64[m]")
    order = np.argsort(when, kind="stable")
    where, when, kind = where[order], when[order], kind[order]
    n = len(where)
    point = points.draw(rng, model.categories.index("anti-social-behaviour"), where)
    logged = when + (rng.integers(0, 4, n) * 1440).astype("timedelta64[m]")
    caller = people.recurring(rng, where, np.full(n, 0.3), 15, 0.8, 3_000_000_000)
    columns = {
        "Reference": _text(700_000 + np.arange(n)),
        "Date": _day(when),
        "Logged": _day(logged),
        "Type": _pick([str(r[0]) for r in rows], kind),
        "How": _pick(["Telephone", "Web form", "Councillor"], rng.choice(3, size=n, p=[0.4, 0.52, 0.08])),
        **_where(model, points, where, point, points.easting[point], points.northing[point]),
        "Action": _pick(["Advice", "Warning letter", "Visit", "None"], rng.choice(4, size=n, p=[0.5, 0.2, 0.2, 0.1])),
        "Repeat": _yes(people.repeats(caller, when)),
        "Caller ref": _person("R", caller),
    }
    write_csv(out / "council-asb.csv", columns)
    return n


def _call_shares(model: Model) -> Floats:
    """Share of calls by area: residents, and disorder as violence shows it."""
    violence = model.mean[model.categories.index("violence-and-sexual-offences")].sum(axis=1)
    residents = model.population[2022]
    share = 0.4 * residents / residents.sum() + 0.6 * violence / violence.sum()
    return np.asarray(share, dtype=np.float64)


def _where(model: Model, points: Points, area: Ints, point: Ints, easting: Floats, northing: Floats) -> dict[str, Any]:
    """The columns that say where; all empty where the place is not known."""
    unknown = area < 0
    return {
        "LOCATION_ID": _text(4_100_000 + point, unknown),
        "STREET": _pick(points.street, np.where(unknown, -1, point)),
        "PREMISES": _pick(points.kinds, np.where(unknown, -1, points.kind[point])),
        "EASTING": _text(easting.astype(np.int64), unknown),
        "NORTHING": _text(northing.astype(np.int64), unknown),
        "LSOA21": _pick(model.codes, area),
    }


def _numbers(recorded: clock.Times, year: Ints) -> Ints:
    """Occurrence numbers: the year and a running number in the order of recording."""
    order = np.lexsort((recorded, year))
    ranked = year[order]
    start = np.searchsorted(ranked, ranked)
    out = np.empty(len(year), dtype=np.int64)
    out[order] = ranked % 100 * 10_000_000 + np.arange(len(year)) - start + 1
    return out


def _pick(values: Sequence[str], index: Ints) -> Any:
    import pyarrow as pa

    return pa.array(list(values), pa.string()).take(pa.array(index, mask=np.asarray(index) < 0))


def _text(values: Ints, empty: Bools | None = None) -> Any:
    import pyarrow as pa

    return pa.array(values, mask=empty)


def _person(letter: str, number: Ints) -> Any:
    """A system's own reference of a person, such as ``N1234567``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(number, mask=number < 0).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar(letter), known, "")


def _yes(flag: Bools) -> Any:
    return _pick(["Y"], np.where(flag, 0, -1))


def _stamp(when: clock.Times) -> Any:
    return _format(when, "%d/%m/%Y %H:%M")


def _day(when: clock.Times) -> Any:
    return _format(when, "%d/%m/%Y")


def _iso(when: clock.Times) -> Any:
    return _format(when, "%Y-%m-%dT%H:%M:%S")


def _format(when: clock.Times, pattern: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.strftime(pa.array(when.astype("datetime64[s]")), format=pattern)


def _by_year(out: Path, name: str, columns: dict[str, Any], year: Ints) -> None:
    import pyarrow as pa

    table = pa.table(columns)
    for y in np.unique(year):
        write_csv(out / f"{name}-{y}.csv", table.filter(pa.array(year == y)))


def write_csv(path: Path, table: Any) -> None:
    """Writes an Arrow table, or columns by name, as CSV."""
    import pyarrow as pa
    import pyarrow.csv as csv

    table = pa.table(table) if isinstance(table, dict) else table
    csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))
