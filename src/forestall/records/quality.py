"""The quality of the records: findings that an analyst must know, and the report of what was read.

``findings`` looks only at rows up to ``until``, so that a scan into the past does not see the future.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forestall.places import Places
from forestall.records import checks, decisions, suspected
from forestall.records.sheet import Sheet
from forestall.results import Check, Finding, Provenance
from forestall.results.quality import QualityReport, SourceMonth
from forestall.text import msg

if TYPE_CHECKING:
    from forestall.records.records import Records

VERSION = "1"
#: Findings come in this order; within a kind by month.
ORDER = (
    "recording-event",
    "gap",
    "vintage",
    "nameless-street",
    "missing-location",
    "area-from-point",
    "outside-area",
    "unknown-area-code",
    "duplicate-id",
    "no-id",
    "outcomes-as-of-download",
    "precision",
)


def findings(
    records: Records, force: str | None = None, until: str | None = None, places: Places | None = None
) -> tuple[Finding, ...]:
    """What is wrong, or merely so, with the records: of one force, or of each in turn; as far as rows up to ``until``
    (``YYYY-MM``) show. Suspected recording events carry the registrar's standing where the records have a store."""
    found = _found(_Key(records, places or _places(records)), force, until)
    return decisions.apply(found, decisions.read(records.store.path)) if records.store is not None else found


def report(
    records: Records, force: str | None = None, until: str | None = None, places: Places | None = None
) -> QualityReport:
    """Rows and rejects per source and month, with the findings."""
    places = places or _places(records)
    sheet = _narrowed(_sheet(_Key(records, places)), None, until)
    forces = [force] if force else _forces(sheet)
    monthly: Counter[tuple[str, str | None, str]] = Counter()
    for slug in forces:
        _count(monthly, sheet.of_force(slug), places, slug)
    reasons: Counter[str] = Counter()
    rejects = _rejects(records)
    for source, month, reason in rejects:
        if until is None or month is None or month <= until:
            monthly[source, month, "rejects"] += 1
            reasons[reason] += 1
    keys = sorted({(s, m) for s, m, _ in monthly}, key=lambda k: (k[0], k[1] or ""))
    names = ("rows", "rejects", "missing_location", "outside_area", "unknown_area_code", "duplicate_ids")
    by_source = tuple(SourceMonth(s, m, *(monthly[s, m, name] for name in names)) for s, m in keys)
    has_points = bool(len(sheet)) and bool((sheet.point.has() | sheet.street.has()).mean() >= 0.5)
    return QualityReport(
        rows=sum(s.rows for s in by_source),
        rejects=sum(s.rejects for s in by_source),
        by_source=by_source,
        findings=findings(records, force, until, places),
        provenance=Provenance(records.snapshot, "quality", VERSION, {"force": force, "until": until}),
        checks=(
            Check(
                "places",
                places is not None and places.version != "none",
                msg("Places are loaded: areas outside the force, and vintages, are known and not guessed.")
                if places is not None and places.version != "none"
                else msg("No places are loaded: areas outside the force, and vintages, are judged by the records alone."),
            ),
            Check(
                "points",
                has_points,
                msg("Most rows have a point or a street, so that changes of a single area's recording can be seen.")
                if has_points
                else msg(
                    "Few rows have a point or a street: a change of recording in a single area can't be told from a change "
                    "in crime, and none is listed."
                ),
            ),
        ),
        reasons=dict(reasons.most_common()),
    )


class _Key:
    """A snapshot, with the places to read it by, as a key of a cache: the same ones give the same findings."""

    def __init__(self, records: Records, places: Places | None) -> None:
        self.records = records
        self.places = places
        where = str(records.store.path) if records.store is not None else str(id(records))
        version = None if places is None else places.version if places.version != "none" else id(places)
        self.key = (where, records.snapshot, version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=2)
def _sheet(key: _Key) -> Sheet:
    return Sheet.read(key.records)


@lru_cache(maxsize=64)
def _found(key: _Key, force: str | None, until: str | None) -> tuple[Finding, ...]:
    sheet = _sheet(key)
    out: list[Finding] = []
    for slug in [force] if force else _forces(sheet):
        out += of_sheet(_narrowed(sheet, slug, until), slug, key.places)
    return tuple(out)


def of_sheet(sheet: Sheet, force: str | None, places: Places | None = None) -> list[Finding]:
    """The findings on one force's rows."""
    if not len(sheet):
        return []
    about = checks.where(sheet, places, force)
    name = places.name if places is not None else str
    found = suspected.find(sheet, about.own, name, force)
    found += checks.findings(sheet, about, places, force)
    return sorted(found, key=lambda f: (ORDER.index(f.kind), bool(f.areas), f.month or "", f.shape != "turnover"))


def _narrowed(sheet: Sheet, force: str | None, until: str | None) -> Sheet:
    if until is not None:
        sheet = sheet.until(until)
    return sheet.of_force(force) if force else sheet


def _forces(sheet: Sheet) -> list[str]:
    rows = np.bincount(sheet.force.code[sheet.force.has()], minlength=len(sheet.force.values))
    return [sheet.force.values[i] for i in np.argsort(-rows, kind="stable") if rows[i]]


def _count(monthly: Counter[tuple[str, str | None, str]], sheet: Sheet, places: Places | None, force: str) -> None:
    about = checks.where(sheet, places, force)
    marks = {
        "rows": np.ones(len(sheet), bool),
        "missing_location": checks.missing_location(sheet),
        "outside_area": about.outside[sheet.area.code],
        "unknown_area_code": about.unknown[sheet.area.code] | sheet.bad_code,
        "duplicate_ids": checks.duplicated(sheet),
    }
    for i, source in enumerate(sheet.source.values):
        mine = sheet.source.code == i
        for name, mark in marks.items():
            for t, n in enumerate(np.bincount(sheet.month[mine & mark], minlength=len(sheet.months))):
                if n:
                    monthly[source, sheet.months[t], name] += int(n)


def _rejects(records: Records) -> list[tuple[str, str | None, str]]:
    """(source, month, reason) of every rejected row; the month is the one that its file's name tells."""
    table = records.rejects()
    out = []
    for source, file, reason in zip(*(table.column(c).to_pylist() for c in ("source", "file", "reason")), strict=True):
        month = re.search(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])", Path(file or "").name)
        out.append((source or "", month[0] if month else None, reason or ""))
    return out


def _places(records: Records) -> Places | None:
    return Places.open(records.store.path) if records.store is not None else None
