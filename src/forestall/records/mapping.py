"""Mapping files: which column of an extract is what. A mapping is YAML, checked when it is loaded, key by key.

.. code-block:: yaml

    source: niche-crime          # its name in the store
    replaces: ids                # a later file replaces: ids (rows it repeats), months (whole months), nothing
    fields:
      source_ref: OCC_NO         # a column
      force: {value: gwent}      # a constant
      category: {column: HO_CLASS, codes: {28A: burglary, 45: vehicle-crime}, otherwise: reject}
      occurred_from: {column: [DATE, TIME], formats: ["%d/%m/%Y %H:%M", "%d/%m/%Y"]}
      flags: [{column: DA, codes: {Y: domestic-abuse}}]
      victim_id: {person: [NOMINAL_REF]}
"""

from __future__ import annotations

import hashlib
import json
import re
import zoneinfo
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError
from forestall.records.part import REPLACES
from forestall.records.schema import BY_NAME, KINDS, ORIGINS, PERSON_FIELDS, TIME_FIELDS

TOP = ("source", "title", "notes", "replaces", "time_zone", "encoding", "delimiter", "bounds", "fields")
RULE = ("column", "value", "codes", "otherwise", "formats", "person", "slug")
NEEDED = ("force", "kind", "category", "occurred_from")
COMPUTED = ("record_id", "source", "precision")
SLUG = re.compile(r"^[a-z0-9][a-z0-9-]*$")
LIMITED = {"kind": KINDS, "origin": ORIGINS, "lsoa_vintage": ("2011", "2021")}


@dataclass(frozen=True)
class Rule:
    """How one field is filled. ``columns`` are joined by a blank. ``otherwise``: what a code outside ``codes`` becomes:
    ``reject`` the row, ``keep`` the text, ``empty``, or a value. ``formats`` are strptime's, or ``iso``."""

    columns: tuple[str, ...] = ()
    value: str | None = None
    codes: Map[str, str] | None = None
    otherwise: str = "reject"
    formats: tuple[str, ...] = ("iso",)
    person: bool = False
    slug: bool = False


@dataclass(frozen=True)
class Mapping:
    """A checked mapping. ``id`` is a hash of what it says, comments and order of keys aside."""

    path: str
    id: str
    source: str
    title: str
    replaces: str
    time_zone: zoneinfo.ZoneInfo
    encoding: str
    delimiter: str
    bounds: str
    fields: Map[str, Rule]
    flags: tuple[Rule, ...]

    def columns(self) -> tuple[str, ...]:
        """Every column of the extract that it reads, in order of first use."""
        rules = [*self.fields.values(), *self.flags]
        return tuple(dict.fromkeys(c for rule in rules for c in rule.columns))

    def has_persons(self) -> bool:
        return any(rule.person for rule in self.fields.values())


def load(path: Path) -> Mapping:
    """Reads and checks a mapping file; :class:`ForestallError` says which key is wrong and what would be right."""
    import yaml

    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # every scalar is text: NO is no boolean
    except OSError as error:
        raise ForestallError(f"the mapping {path} can't be read ({error.strerror}): check the path.") from error
    except UnicodeDecodeError as error:
        raise ForestallError(f"the mapping {path} is not UTF-8: save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise ForestallError(
            f"the mapping {path}{where} is not YAML ({getattr(error, 'problem', error)}): mend it there."
        ) from error
    return parse(data, str(path))


def parse(data: Any, path: str) -> Mapping:
    """Checks what a mapping file says (all scalars as text)."""
    if not isinstance(data, dict):
        raise ForestallError(f"the mapping {path} is empty or no set of keys: begin it with source: and fields:.")
    _only(data, TOP, path, "it")
    source = str(data.get("source", ""))
    if not SLUG.match(source) or source == "police-uk":
        raise ForestallError(
            f"the mapping {path} needs source: a name of its own in small letters and hyphens, such as niche-crime."
        )
    fields = data.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise ForestallError(f"the mapping {path} has no fields: say which column fills which field.")
    rules: dict[str, Rule] = {}
    flags: tuple[Rule, ...] = ()
    for name, given in fields.items():
        if name not in BY_NAME or BY_NAME[name].trace or name in COMPUTED:
            known = ", ".join(f for f in BY_NAME if not BY_NAME[f].trace and f not in COMPUTED)
            raise ForestallError(f"the mapping {path} fills {name!r}, which is no field to fill: choose among {known}.")
        if name == "flags":
            items = given if isinstance(given, list) else [given]
            flags = tuple(_rule("flags", item, path) for item in items)
        else:
            rules[name] = _rule(name, given, path)
    missing = [n for n in NEEDED if n not in rules]
    if missing:
        raise ForestallError(f"the mapping {path} must also fill {', '.join(missing)}: give a column or a value for each.")
    _persons_stay_hashed(rules, flags, path)
    return Mapping(
        path=path,
        id=hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:24],
        source=source,
        title=str(data.get("title", source)),
        replaces=_choice(data, "replaces", "ids", REPLACES, path),
        time_zone=_zone(data.get("time_zone", "Europe/London"), path),
        encoding=_encoding(data.get("encoding", "utf-8"), path),
        delimiter=_delimiter(data.get("delimiter", ","), path),
        bounds=_choice(data, "bounds", "uk", ("uk", "world"), path),
        fields=rules,
        flags=flags,
    )


def _rule(name: str, given: Any, path: str) -> Rule:
    where = f"field {name}"
    if isinstance(given, str):
        given = {"column": given}
    if not isinstance(given, dict):
        raise ForestallError(
            f"the mapping {path}, {where}: write a column's name, or {{column: …}}, {{value: …}} or {{person: …}}."
        )
    _only(given, RULE, path, where)
    ways = [w for w in ("column", "value", "person") if w in given]
    if len(ways) != 1:
        raise ForestallError(f"the mapping {path}, {where}: give one of column, value and person, and no more than one.")
    is_person = "person" in given
    if is_person != (name in PERSON_FIELDS):
        if is_person:
            raise ForestallError(f"the mapping {path}, {where}: person: columns go into {', '.join(PERSON_FIELDS)} alone.")
        raise ForestallError(
            f"the mapping {path}, {where}: holds persons, so give it as {{person: [COLUMN, …]}}, which hashes them."
        )
    columns: Any = given.get("column", given.get("person", []))
    columns = tuple([columns] if isinstance(columns, str) else columns)
    codes = given.get("codes")
    if codes is not None and not isinstance(codes, dict):
        raise ForestallError(f"the mapping {path}, {where}: codes: is a table such as {{Y: domestic-abuse}}.")
    if name == "flags" and not codes and "value" not in given:
        raise ForestallError(f"the mapping {path}, {where}: give codes:, the flag that each code of the column sets.")
    formats = given.get("formats", ["iso"])
    formats = tuple([formats] if isinstance(formats, str) else formats)
    if name in TIME_FIELDS:
        for text in formats:
            if text != "iso" and (
                "%Y" not in text
                and "%y" not in text
                and "%c" not in text
                and "%x" not in text
                and "%G" not in text
                and "%s" not in text
            ):
                raise ForestallError(
                    f"the mapping {path}, {where}: the format {text!r} has no year; write one such as %d/%m/%Y %H:%M."
                )
    default = "empty" if name == "flags" else "reject"
    rule = Rule(
        columns, given.get("value"), codes, given.get("otherwise", default), formats, is_person, given.get("slug") == "true"
    )
    results = [*(codes or {}).values(), *([rule.value] if rule.value is not None else [])]
    if rule.otherwise not in ("reject", "keep", "empty"):
        results.append(rule.otherwise)
    for result in results:
        if name in LIMITED and result not in LIMITED[name]:
            raise ForestallError(f"the mapping {path}, {where}: {result!r} is not among {', '.join(LIMITED[name])}.")
        if name in ("category", "force", "flags", "status") and not SLUG.match(str(result)):
            raise ForestallError(f"the mapping {path}, {where}: {result!r} is no slug; write small letters and hyphens.")
    return rule


def _persons_stay_hashed(rules: Map[str, Rule], flags: tuple[Rule, ...], path: str) -> None:
    persons = {c for rule in rules.values() if rule.person for c in rule.columns}
    for name, rule in [*rules.items(), *(("flags", f) for f in flags)]:
        if not rule.person and (both := persons & set(rule.columns)):
            raise ForestallError(
                f"the mapping {path}, field {name}: the column {sorted(both)[0]!r} is a person's elsewhere in it; "
                "persons enter "
                "as hashes only."
            )


def _only(data: Map[str, Any], known: tuple[str, ...], path: str, where: str) -> None:
    for key in data:
        if key not in known:
            raise ForestallError(
                f"the mapping {path}: {where} has the key {key!r}, which means nothing; known are {', '.join(known)}."
            )


def _choice(data: Map[str, Any], key: str, default: str, known: tuple[str, ...], path: str) -> str:
    value = str(data.get(key, default))
    if value not in known:
        raise ForestallError(f"the mapping {path}: {key} is {value!r}; write one of {', '.join(known)}.")
    return value


def _zone(name: Any, path: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(str(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ForestallError(
            f"the mapping {path}: there is no time zone {name!r}; write one such as Europe/London."
        ) from error


def _encoding(name: Any, path: str) -> str:
    try:
        "é".encode(str(name))
    except (LookupError, UnicodeEncodeError) as error:
        raise ForestallError(f"the mapping {path}: there is no encoding {name!r}; write utf-8 or cp1252.") from error
    return str(name)


def _delimiter(text: Any, path: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(str(text), str(text))
    if len(character) != 1 or character in '"\n\r':
        raise ForestallError(f"the mapping {path}: delimiter is one character, or tab.")
    return character
