"""What the analysis of one problem reads: rows of a few areas in few columns, and counts of its category elsewhere.

Each function is one query that filters and counts in DuckDB; only what is asked for is taken into memory. Rows that don't
count (cancelled, transferred …) stay out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forestall.records.records import Records

#: What a profile takes of each row. ``source_ref`` and free text are not among them; person fields are keyed hashes, for
#: counting only.
COLUMNS = (
    "month", "occurred_from", "occurred_to", "precision", "reported_at", "origin", "lon", "lat", "easting", "northing",
    "location_id", "location_text", "lsoa", "premises_type", "method", "offence_code", "priority", "duration", "outcome",
    "flags", "victim_id", "suspect_id",
)  # fmt: skip


def rows(
    records: Records,
    *,
    areas: Iterable[str],
    category: str,
    force: str | None = None,
    since: str | None = None,
    until: str | None = None,
    columns: Sequence[str] = COLUMNS,
) -> Any:
    """The rows of ``areas`` and ``category`` that count, as an Arrow table of ``columns`` in order of time. Months are
    inclusive."""
    table = records.counted(force, since, until)
    table = table.filter((table.category == category) & table.lsoa.isin(sorted(set(areas))))
    return records.arrow(table.order_by(["occurred_from", "part", "line"]).select(*columns))


def by_area(
    records: Records,
    *,
    category: str,
    force: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Any:
    """Rows of ``category`` that count, by area and month: an Arrow table of lsoa (empty where a row has none), month and
    n."""
    table = records.counted(force, since, until)
    table = table.filter(table.category == category)
    return records.arrow(table.group_by(["lsoa", "month"]).aggregate(n=table.count()))


def mix(
    records: Records,
    *,
    areas: Iterable[str],
    kinds: Sequence[str] = ("crime", "asb"),
    force: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Any:
    """Rows of every category that count, by area: an Arrow table of category, lsoa, n. ``areas`` alone tell ``here``
    (bool) from the rest of the force."""
    table = records.counted(force, since, until)
    table = table.filter(table.kind.isin(list(kinds)))
    here = table.lsoa.isin(sorted(set(areas)))
    counted = table.group_by(["category", "lsoa"]).aggregate(n=table.count(), here=here.any())
    return records.arrow(counted)


def marks(
    records: Records,
    *,
    areas: Iterable[str],
    category: str,
    fields: Sequence[str],
    force: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Any:
    """How often each combination of ``fields`` (method, flags, premises_type …) stands on rows of ``category`` in
    ``areas`` (``here`` is true) and in the rest of the force: an Arrow table of the fields, here, n."""
    table = records.counted(force, since, until)
    table = table.filter(table.category == category)
    table = table.mutate(here=table.lsoa.isin(sorted(set(areas))).fill_null(False)).select(*fields, "here")
    return records.arrow(table.group_by([*fields, "here"]).aggregate(n=table.count()))


def locations(records: Records, *, areas: Iterable[str], force: str | None = None) -> int:
    """How many locations in ``areas`` any record of these months bears, of whatever category: the places among which
    chance would choose."""
    table = records.counted(force)
    table = table.filter(table.lsoa.isin(sorted(set(areas))) & table.location_id.notnull())
    return int(records.arrow(table.aggregate(n=table.location_id.nunique()))["n"][0].as_py())
