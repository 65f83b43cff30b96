"""The one schema that every source is read into, as data: the field list is the documentation and the Parquet schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Raised when a part written by an older program can no longer be read as it is.
SCHEMA_VERSION = 1

#: Kinds of record. The catalogue's ``kinds`` file says of each who controls it, under which law, and how finely it may be
#: shown.
KINDS = (
    "crime",
    "asb",
    "call",
    "stop",
    "collision",
    "missing",
    "fire",
    "ambulance",
    "emergency-department",
    "council-complaint",
    "fly-tipping",
    "school-exclusion",
)
PRECISIONS = ("instant", "day", "month")
ORIGINS = ("public", "partner", "police-generated", "unknown")

#: Categories of police.uk, by their slugs, with the names that the files use.
POLICE_UK_CATEGORIES = {
    "Anti-social behaviour": "anti-social-behaviour",
    "Bicycle theft": "bicycle-theft",
    "Burglary": "burglary",
    "Criminal damage and arson": "criminal-damage-and-arson",
    "Drugs": "drugs",
    "Other crime": "other-crime",
    "Other theft": "other-theft",
    "Possession of weapons": "possession-of-weapons",
    "Public order": "public-order",
    "Robbery": "robbery",
    "Shoplifting": "shoplifting",
    "Theft from the person": "theft-from-the-person",
    "Vehicle crime": "vehicle-crime",
    "Violence and sexual offences": "violence-and-sexual-offences",
}

#: Records of these categories come from police activity rather than from a report by somebody else.
POLICE_GENERATED_CATEGORIES = frozenset({"drugs", "possession-of-weapons"})

#: A record with one of these statuses stays in the store and leaves the counts.
UNCOUNTED_STATUSES = ("cancelled", "no-crime", "transferred", "duplicate")
#: The flag of a record whose area code is none.
BAD_CODE = "lsoa-not-a-code"
#: The flag of a record that has its area from its point, by the boundaries that are loaded.
FROM_POINT = "lsoa-from-point"


@dataclass(frozen=True)
class Field:
    """One field. ``type`` is text, number, time, texts (a list) or point. ``police_uk`` and ``extract`` say what the two
    readers can and cannot fill. ``person`` fields hold keyed hashes only; ``trace`` fields are the store's own."""

    name: str
    type: str
    meaning: str
    police_uk: str
    extract: str
    person: bool = False
    trace: bool = False
    required: bool = False


_ANY = "from a column, a constant or a code table"

FIELDS: tuple[Field, ...] = (
    Field(
        "record_id",
        "text",
        "Identifies the record in a snapshot. The source's own id where it is unique; else a hash of the row's content and "
        "its occurrence number, because identical rows are twins and not copies. A source id repeated inside a file gets "
        "`~2`, `~3` …; one repeated over files gets `@source.force.month`.",
        "Crime ID; content hash for anti-social behaviour, which has no id",
        "the mapped `source_ref`; content hash where it is empty",
        required=True,
    ),
    Field(
        "source",
        "text",
        "Name of the source: `police-uk`, or the mapping's `source`.",
        "`police-uk`",
        "always",
        required=True,
    ),
    Field(
        "source_ref",
        "text",
        "The occurrence number in the source, so that an officer opens the records system. Shown to force users only.",
        "Crime ID (the published hash, not the force's number)",
        _ANY,
    ),
    Field(
        "force",
        "text",
        "Slug of the force that recorded it, without the word police: `gwent`.",
        "*Reported by*; the flag `falls-within-…` where *Falls within* names another",
        "a constant or a column",
        required=True,
    ),
    Field(
        "kind",
        "text",
        "What it is a record of: " + ", ".join(f"`{k}`" for k in KINDS) + ". The catalogue's `kinds` describes each.",
        "`asb` for anti-social behaviour, `crime` for the rest",
        _ANY,
        required=True,
    ),
    Field(
        "category",
        "text",
        "Category within the kind, as a slug. Crimes take the police.uk slugs, such as `vehicle-crime`.",
        "*Crime type*, 14 categories; a row with another is rejected and names it",
        _ANY,
        required=True,
    ),
    Field("offence_code", "text", "Home Office offence code, as recorded.", "never published", _ANY),
    Field(
        "occurred_from",
        "time",
        "When it happened, or the earliest it can have: local wall clock of the force. Analysis counts by this.",
        "first day of *Month*",
        "from one or more columns and their formats",
        required=True,
    ),
    Field(
        "occurred_to",
        "time",
        "The latest it can have happened.",
        "last second of *Month*",
        "a column; else the end of the minute, day or month that `precision` allows",
    ),
    Field(
        "precision",
        "text",
        "How finely the source tells the time: `instant`, `day` or `month`. An analysis that needs more refuses.",
        "`month`",
        "follows from the date format, row by row",
        required=True,
    ),
    Field("reported_at", "time", "When somebody told the police or the partner.", "never published", "a column"),
    Field("recorded_at", "time", "When the record was made. Official counts go by this.", "never published", "a column"),
    Field(
        "origin",
        "text",
        "Who it comes from: `public`, `partner`, `police-generated` or `unknown`. Police-generated records measure police "
        "activity: they are shown, and never raise a signal.",
        "`police-generated` for drugs and possession of weapons; else `unknown`, because the files do not say who "
        "reported (most is public, some violence and public order is found by officers)",
        _ANY + "; `unknown` where not mapped",
        required=True,
    ),
    Field("channel", "text", "How the report came: 999, 101, web, in person …", "never published", _ANY),
    Field(
        "lon",
        "number",
        "Longitude, WGS84 degrees.",
        "the anonymous map point nearest to the place, not the place itself",
        "a column, or computed from easting and northing",
    ),
    Field("lat", "number", "Latitude, WGS84 degrees.", "as `lon`", "as `lon`"),
    Field(
        "easting",
        "number",
        "Easting, metres, British National Grid.",
        "projected from the map point",
        "a column, or projected from longitude and latitude",
    ),
    Field("northing", "number", "Northing, metres, British National Grid.", "as `easting`", "as `easting`"),
    Field(
        "location_id",
        "text",
        "Identifies the place within the source: a gazetteer's number (UPRN, USRN), or the snapped point.",
        "the map point as `longitude,latitude`; the list of points is replaced from time to time, see the findings",
        _ANY,
    ),
    Field(
        "location_text",
        "text",
        "Name of the place as the source writes it.",
        "*Location*, such as `On or near High Street`; may be a bare `On or near `",
        _ANY + "; the author of the mapping answers for its holding no person's home",
    ),
    Field(
        "lsoa",
        "text",
        "Code of the lower layer super output area. Where the source gives none it is that of the point, once boundaries "
        f"are loaded (flag `{FROM_POINT}`); without a point or boundaries it is empty, and the row is counted as unplaced.",
        "*LSOA code*; set aside with the flag `lsoa-not-a-code` where it is none, and then not replaced",
        _ANY,
    ),
    Field(
        "lsoa_vintage",
        "text",
        "Which census's areas the code belongs to, `2011` or `2021`.",
        "by rule: 2011 for months before 2024-01, 2021 from then on. Places, once loaded, verify it",
        "a constant or column",
    ),
    Field("premises_type", "text", "Kind of premises: dwelling, shop, licensed, school …", "never published", _ANY),
    Field("method", "text", "How it was done, as a code or slug.", "never published", _ANY),
    Field("priority", "text", "Grade of the response, as the source's code.", "never published", _ANY),
    Field("duration", "number", "Minutes of work or attendance.", "never published", "a column of minutes"),
    Field(
        "outcome",
        "text",
        "What came of it.",
        "*Last outcome category*, as it stood on the day of the download",
        _ANY,
    ),
    Field(
        "status",
        "text",
        "Standing of the record. "
        + ", ".join(f"`{s}`" for s in UNCOUNTED_STATUSES)
        + " leave the counts and stay in the store.",
        "not published: cancelled crimes vanish when a month is published again",
        _ANY,
    ),
    Field(
        "flags",
        "texts",
        "Marks such as `domestic-abuse`, `hate-crime`, `repeat-victim`, and those that a reader sets: `point-outside-uk`, "
        f"`{BAD_CODE}`, `{FROM_POINT}`, `falls-within-…`.",
        "the reader's own marks only",
        "any number of code tables; protected characteristics never go here",
    ),
    Field(
        "victim_id",
        "text",
        "Keyed hash of the victim, made at the door: HMAC-SHA256 with a key that lies outside the store. "
        "Personal data still.",
        "no persons in the files",
        "`person:` columns, hashed",
        person=True,
    ),
    Field(
        "suspect_id",
        "text",
        "Keyed hash of the suspect.",
        "no persons in the files",
        "`person:` columns, hashed",
        person=True,
    ),
    Field(
        "caller_id",
        "text",
        "Keyed hash of the caller.",
        "no persons in the files",
        "`person:` columns, hashed",
        person=True,
    ),
    Field(
        "context",
        "text",
        "Free text, redacted at the door: telephone numbers, e-mail addresses, National Insurance and card numbers, dates "
        "of birth, full postcodes, and names after a title. Redaction finds patterns and no more: map free text only "
        "where its use is agreed.",
        "*Context*, empty since 2013",
        "a column, redacted",
    ),
    Field("month", "text", "Month of `occurred_from`, `YYYY-MM`.", "*Month*", "computed", trace=True, required=True),
    Field(
        "part",
        "text",
        "The part of the store that holds the row; the manifest names its file.",
        "always",
        "always",
        trace=True,
        required=True,
    ),
    Field(
        "line",
        "number",
        "Line of the row in that file, the header being line 1.",
        "always",
        "always; row number in Parquet",
        trace=True,
        required=True,
    ),
)

BY_NAME = {f.name: f for f in FIELDS}
PERSON_FIELDS = tuple(f.name for f in FIELDS if f.person)
TIME_FIELDS = tuple(f.name for f in FIELDS if f.type == "time")


def arrow_schema() -> Any:
    """The schema as Arrow's. Times are microseconds of local wall clock without a zone."""
    import pyarrow as pa

    types = {"text": pa.string(), "number": pa.float64(), "time": pa.timestamp("us"), "texts": pa.list_(pa.string())}
    fields = [pa.field(f.name, pa.int64() if f.name == "line" else types[f.type], nullable=not f.required) for f in FIELDS]
    return pa.schema(fields)


def rejects_schema() -> Any:
    """What is kept of a row that could not be read: where it is, why, and the start of its text."""
    import pyarrow as pa

    return pa.schema(
        [
            ("file", pa.string()),
            ("line", pa.int64()),
            ("reason", pa.string()),
            ("raw", pa.string()),
            ("source", pa.string()),
            ("part", pa.string()),
        ]
    )


def month_end(month: str) -> str:
    """Last second of a month as ISO text: ``2022-02`` gives ``2022-02-28T23:59:59``."""
    import calendar

    year, number = int(month[:4]), int(month[5:])
    return f"{month}-{calendar.monthrange(year, number)[1]:02d}T23:59:59"


def months_between(first: str, last: str) -> tuple[str, ...]:
    """Consecutive months, both ends included; empty where ``last`` is before ``first``."""
    start = int(first[:4]) * 12 + int(first[5:]) - 1
    stop = int(last[:4]) * 12 + int(last[5:]) - 1
    return tuple(f"{i // 12:04d}-{i % 12 + 1:02d}" for i in range(start, stop + 1))


def slug(text: str) -> str:
    """Lower case words joined by hyphens, ``&`` read as *and*."""
    import re

    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("&", " and ")).strip("-")


def force_slug(name: str) -> str:
    """``Gwent Police`` is ``gwent``: the force's name without police, constabulary or service."""
    import re

    bare = re.sub(r"\b(police service of|police service|police|constabulary|heddlu)\b", " ", name, flags=re.IGNORECASE)
    return slug(bare) or slug(name)


def reference_page() -> str:
    """``docs/reference/records.md``: the field list for people. A test holds the page to this text."""
    lines = [
        "# The record schema",
        "",
        "Made from `src/forestall/records/schema.py` by `python -m forestall.records.schema`; edit there.",
        "",
        "Every source is read into these fields and fills what it has. An analysis declares what it needs and "
        "refuses, with a",
        "sentence, where the records do not have it: police.uk files give months and snapped points, so they "
        "give no test that",
        "needs days.",
        "",
        "| field | type | meaning | police.uk files | an extract through a mapping |",
        "|---|---|---|---|---|",
    ]
    for f in FIELDS:
        if not f.trace:
            name = f"`{f.name}`" + (" (person)" if f.person else "")
            lines.append(f"| {name} | {f.type} | {f.meaning} | {f.police_uk} | {f.extract} |")
    lines += ["", "Kept beside them, so that any figure can be traced to its rows:", "", "| field | meaning |", "|---|---|"]
    lines += [f"| `{f.name}` | {f.meaning} |" for f in FIELDS if f.trace]
    lines += [
        "",
        "*text* is UTF-8; *number* a double; *time* a local wall clock to the microsecond; *texts* a list.",
        "",
        f"Schema version {SCHEMA_VERSION}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(reference_page(), end="")
