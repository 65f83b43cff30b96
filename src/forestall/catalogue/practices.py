"""The practices that a response can rest on (``catalogue/practices/*.yaml``); none where no file is there.

What a review found (E) and how good the review is (Q) are two fields and stay two: no rating is made of both. What nobody
has entered is ``unknown`` in the file and None here.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forestall.catalogue import HERE, analysis, categories, library, load, path, plans
from forestall.catalogue.library import UNKNOWN
from forestall.catalogue.plans import Option
from forestall.errors import ForestallError
from forestall.text import Message

NEEDED = frozenset({
    "title", "kind", "side", "technique", "mechanisms", "categories", "places", "ideas", "drivers", "tiers", "cost",
    "emmie", "five", "source", "date", "verified", "verify",
})  # fmt: skip
MAY = frozenset({"not_for", "claims"})


@dataclass(frozen=True)
class Finding:
    """One dimension of EMMIE. ``says``: what was found (E); ``quality``: how strong that evidence is (Q), 0 to 4. None:
    not known."""

    says: Message | None
    quality: int | None


@dataclass(frozen=True)
class Claim:
    """What somebody says without a review behind it."""

    says: Message
    source: str


@dataclass(frozen=True)
class Practice(Option):
    """Something that can be done, and what is known of it nationally.

    ``kind``: what the entry rests on. ``side`` and ``technique``: of the triangle and of the 25; '' where none fits.
    ``categories``: problems that it is meant for, () for any; ``not_for``: those for which a review saw nothing.
    ``places``: kinds of place, () for any. ``ideas``: hypotheses of the catalogue that it answers. ``tiers``: scheme ->
    tier, '' unknown. ``cost``: a band, ``unknown`` where nobody knows. ``direction``: of the effect. ``emmie`` and
    ``five``: by dimension. ``date``: of the source, '' unknown. ``verify``: what to check before it is used.
    """

    kind: str
    side: str
    technique: str
    mechanisms: tuple[str, ...]
    categories: tuple[str, ...]
    not_for: tuple[str, ...]
    places: tuple[str, ...]
    ideas: tuple[str, ...]
    drivers: tuple[str, ...]
    tiers: Mapping[str, str]
    cost: str
    direction: str
    emmie: Mapping[str, Finding]
    five: Mapping[str, Message | None]
    claims: tuple[Claim, ...]
    source: str
    date: str
    verified: bool
    verify: Message

    @property
    def says(self) -> Message:
        """What is known of its effect, in a sentence."""
        return self.emmie["effect"].says or library.title("directions", UNKNOWN)  # type: ignore[return-value]


@functools.cache
def practices() -> tuple[Practice, ...]:
    """Every practice in the order of its file's name; a force's own files join those here or replace them.
    :class:`ForestallError` says what is wrong with a file and what to do."""
    own = os.environ.get("FORESTALL_CATALOGUE")
    folders = [folder / "practices" for folder in ([Path(own)] if own else []) + [HERE]]
    return tuple(_practice(slug) for slug in sorted({p.stem for folder in folders for p in folder.glob("*.yaml")}))


def practice(slug: str) -> Practice | None:
    """A practice by its slug; None where the library has none of that name."""
    return next((p for p in practices() if p.slug == slug), None)


def _practice(slug: str) -> Practice:
    file, data = str(path(f"practices/{slug}")), load(f"practices/{slug}")
    if not isinstance(data, dict):
        raise ForestallError(f"{file} must be a mapping of names to values")
    missing, odd = NEEDED - set(data), set(data) - NEEDED - MAY
    if missing:
        raise ForestallError(
            f"{file} lacks {', '.join(sorted(missing))}: enter it, as “unknown” where nobody knows: nothing is left out"
        )
    if odd:
        raise ForestallError(f"{file}: {', '.join(sorted(map(str, odd)))} is not known; mend the name or take it out")
    for name in ("title", "verify"):
        if not isinstance(data[name], Message):
            raise ForestallError(f'{file}: {name} needs the tag !msg, as in  {name}: !msg "…"')
    if not isinstance(data["verified"], bool):
        raise ForestallError(f"{file}: verified is true or false, not {data['verified']!r}")
    emmie, direction = _emmie(file, data["emmie"])
    return Practice(
        slug,
        data["title"],
        _one(file, "kind", data["kind"], _slugs("kinds")),
        _one(file, "side", data["side"], {o.slug for o in plans.choices("sides")}, unknown=True),
        _one(file, "technique", data["technique"], {o.slug for g in plans.techniques() for o in g.options}, unknown=True),
        _some(file, "mechanisms", data["mechanisms"], _slugs("mechanisms")),
        _some(file, "categories", data["categories"], set(categories())),
        _some(file, "not_for", data.get("not_for", []), set(categories())),
        _some(file, "places", data["places"], _slugs("places")),
        _some(file, "ideas", data["ideas"], {r.slug for r in analysis.hypotheses()}),
        _some(file, "drivers", data["drivers"], {o.slug for o in plans.choices("drivers")}),
        _tiers(file, data["tiers"]),
        _one(file, "cost", data["cost"], {b.slug for b in library.costs()}, unknown=True) or UNKNOWN,
        direction,
        emmie,
        _five(file, data["five"]),
        tuple(_claim(file, c) for c in data.get("claims", [])),
        str(data["source"]),
        _date(file, data["date"]),
        data["verified"],
        data["verify"],
    )


def _slugs(name: str) -> set[str]:
    return {o.slug for o in library.words(name)}


def _one(file: str, name: str, value: Any, known: set[str], *, unknown: bool = False) -> str:
    if unknown and value == UNKNOWN:
        return ""
    if value not in known:
        also = f", or {UNKNOWN}" if unknown else ""
        raise ForestallError(f"{file}: {name} is {value!r}; choose one of {', '.join(sorted(known))}{also}")
    return str(value)


def _some(file: str, name: str, value: Any, known: set[str]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ForestallError(f"{file}: {name} is a list, as in  {name}: [{sorted(known)[0]}], and [] where it is for any")
    return tuple(_one(file, f"one of {name}", v, known) for v in value)


def _tiers(file: str, value: Any) -> dict[str, str]:
    schemes = {g.slug: {o.slug for o in g.options} for g in plans.schemes()}
    if not isinstance(value, dict) or set(value) != set(schemes):
        raise ForestallError(f"{file}: tiers names a tier in each of {', '.join(schemes)}, or “unknown”")
    return {s: _one(file, f"the tier of {s}", value[s], known, unknown=True) for s, known in schemes.items()}


def _emmie(file: str, value: Any) -> tuple[dict[str, Finding], str]:
    names = [o.slug for o in library.words("dimensions")]
    if not isinstance(value, dict) or set(value) != set(names):
        raise ForestallError(f"{file}: emmie has the dimensions {', '.join(names)}, each of them")
    found, direction = {}, UNKNOWN
    for name in names:
        entry = value[name]
        needs = {"says", "quality"} | ({"direction"} if name == "effect" else set())
        if not isinstance(entry, dict) or set(entry) != needs:
            raise ForestallError(
                f"{file}: {name} of emmie has {', '.join(sorted(needs))}, each “unknown” where nobody knows"
            )
        quality = entry["quality"]
        if quality != UNKNOWN and (isinstance(quality, bool) or quality not in range(5)):
            raise ForestallError(f"{file}: the quality of {name} is 0 to 4, or unknown, not {quality!r}")
        found[name] = Finding(_words(file, name, entry["says"]), None if quality == UNKNOWN else int(quality))
        if name == "effect":
            direction = _one(file, "the direction of the effect", entry["direction"], _slugs("directions"))
    return found, direction


def _five(file: str, value: Any) -> dict[str, Message | None]:
    names = [o.slug for o in library.words("five")]
    if not isinstance(value, dict) or set(value) != set(names):
        raise ForestallError(f"{file}: five has {', '.join(names)}, each of them, “unknown” where nobody knows")
    return {name: _words(file, name, value[name]) for name in names}


def _words(file: str, name: str, value: Any) -> Message | None:
    if value == UNKNOWN:
        return None
    if not isinstance(value, Message):
        raise ForestallError(f"{file}: the words of {name} need the tag !msg, or are “unknown”")
    return value


def _claim(file: str, value: Any) -> Claim:
    if not isinstance(value, dict) or set(value) != {"says", "source"} or not isinstance(value["says"], Message):
        raise ForestallError(f"{file}: a claim has says, with the tag !msg, and source")
    return Claim(value["says"], str(value["source"]))


def _date(file: str, value: Any) -> str:
    if value == UNKNOWN:
        return ""
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", str(value)):
        raise ForestallError(f'{file}: date is a year, month or day, as in  date: "2015-03", or unknown, not {value!r}')
    return str(value)
