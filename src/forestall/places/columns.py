"""What a column of a boundary file or table means, from its name: ``LSOA21CD``, ``ladnm``, ``pop_mid2019`` …"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forestall.errors import ForestallError
from forestall.places.model import LEVELS

#: How the Office for National Statistics, and others, begin the columns of each level.
PREFIXES = {
    "lsoa": "lsoa",
    "msoa": "msoa",
    "wd": "ward",
    "ward": "ward",
    "lad": "lad",
    "ltla": "lad",
    "lpa": "lpa",
    "npa": "lpa",
    "pfa": "force",
    "force": "force",
    "rgn": "region",
    "region": "region",
    "ctry": "nation",
    "nation": "nation",
}
_AREA = re.compile(
    rf"^({'|'.join(sorted(PREFIXES, key=len, reverse=True))})(\d{{2}}|\d{{4}})?_?"
    r"(cd|code|nmw|nm|name_cy|name|)_?(\d{4}|active)?$"
)
_COUNT = re.compile(r"^(pop|population|persons|residents|usual_residents|households)_?(?:mid|census)?_?((?:19|20)\d{2})$")
_FORCE = re.compile(r"^(?:modal_)?(?:police_)?force(?:_slug|_name)?(?:_\d{4})?$")
_WORDS = {"cd": "code", "code": "code", "": "code", "nm": "name", "name": "name", "nmw": "name_cy", "name_cy": "name_cy"}
_PLAIN = {
    "code": ("code", None),
    "name": ("name", None),
    "name_cy": ("name_cy", None),
    "latitude": ("lat", None),
    "lat": ("lat", None),
    "longitude": ("lon", None),
    "long": ("lon", None),
    "lon": ("lon", None),
    "lng": ("lon", None),
    "easting": ("easting", None),
    "eastings": ("easting", None),
    "bng_e": ("easting", None),
    "northing": ("northing", None),
    "northings": ("northing", None),
    "bng_n": ("northing", None),
}


@dataclass(frozen=True)
class Meaning:
    """``what``: code, name, name_cy, population, households, lat, lon, easting or northing. ``level``: whose, None for
    the row's own area. ``year``: of a count, or the vintage in the name of a code (``LSOA21CD``)."""

    what: str
    level: str | None = None
    year: int | None = None
    rank: int = 0


def recognise(column: str) -> Meaning | None:
    """The meaning of a column by its name, or None where it has none here."""
    name = re.sub(r"[\s\-]+", "_", column.strip().lower())
    if name in _PLAIN:
        return Meaning(*_PLAIN[name])
    if count := _COUNT.match(name):
        what = "households" if count[1] == "households" else "population"
        return Meaning(what, None, int(count[2]))
    if _FORCE.match(name):
        return Meaning("name", "force")
    if area := _AREA.match(name):
        year = int(area[2] or 0) or (int(area[4]) if (area[4] or "").isdigit() else 0)
        # A dated column says what the file is about; "active" ones repeat it in today's codes.
        rank = 1 if area[4] == "active" else 0
        return Meaning(_WORDS[area[3]], PREFIXES[area[1]], (year + 2000 if 0 < year < 100 else year) or None, rank)
    return None


def explicit(text: str) -> dict[str, Meaning]:
    """``code=COL,name=COL,lad=COL,population2021=COL`` as column -> meaning; ForestallError where it cannot be read."""
    out: dict[str, Meaning] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        field, found, column = part.partition("=")
        meaning = _field(field.strip())
        if not found or not column.strip() or meaning is None:
            levels = ", ".join(LEVELS)
            raise ForestallError(
                f"--columns cannot take {part!r}: write FIELD=COLUMN with FIELD one of code, name, name_cy, population2021 "
                f"(any year), households2021, lat, lon, easting, northing, or a level ({levels}) for the code of its area"
            )
        out[column.strip()] = meaning
    return out


def _field(field: str) -> Meaning | None:
    if field in LEVELS or field.removesuffix("_name") in LEVELS:
        level = field.removesuffix("_name")
        return Meaning("name" if level == "force" or field.endswith("_name") else "code", level)
    meaning = recognise(field)
    return meaning if meaning is not None and meaning.level is None else None


def read_columns(header: Sequence[str], given: Mapping[str, Meaning], file: str) -> dict[str, Meaning]:
    """Column -> meaning for the columns of a file that mean something; ``given`` ones first.

    ForestallError where ``given`` names a column that the file has not.
    """
    missing = [c for c in given if c not in header]
    if missing:
        raise ForestallError(
            f"{file} has no column {missing[0]!r}: its columns are {', '.join(header[:20])}; mend --columns"
        )
    own = {(m.what, m.level, m.year) for m in given.values()}
    out = dict(given)
    for column in header:
        meaning = recognise(column)
        if column not in out and meaning is not None and (meaning.what, meaning.level, meaning.year) not in own:
            out[column] = meaning
    return out
