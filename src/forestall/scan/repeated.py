"""Repeat victims, repeat suspects, repeat locations and frequent callers: who and what is in the records again and again.

The events of a year are held to the same number dealt at random over as many persons (or places) as have any; one that has
so many that chance would hardly give it to anybody stands out. Identifiers are keyed hashes that nobody is shown.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall import catalogue
from forestall.catalogue.protected import protection
from forestall.errors import ForestallError
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.repetition import truncated_rate
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Role:
    """One kind of repetition. ``field``: the identifier. ``kinds``: of the records looked at. ``by_category``: whether each
    category is a question of its own (places), or all count together (persons). ``least``: fewest records to be listed."""

    kind: str
    field: str
    kinds: tuple[str, ...]
    by_category: bool
    least: int
    name: Message


ROLES = (
    Role("repeat-victim", "victim_id", ("crime", "asb"), False, 4, msg("Repeat victims")),
    Role("repeat-suspect", "suspect_id", ("crime", "asb"), False, 4, msg("Repeat suspects")),
    Role("repeat-location", "location_id", ("crime", "asb"), True, 6, msg("Repeat locations")),
    Role(
        "frequent-caller", "caller_id", ("call", "asb", "council-complaint", "fly-tipping"), False, 6,
        msg("Frequent callers"),
    ),
)  # fmt: skip
#: The year looked at, in months; signals listed of each kind (of places: of each category).
YEAR, LISTED, EACH = 12, 6, 2

FIELDS = (
    "record_id", "source_ref", "kind", "category", "offence_code", "occurred_from", "precision", "month", "origin", "lsoa",
    "location_text", "premises_type", "outcome", "flags",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A record, as far as repetition asks of it. ``dated``: whether its day is known."""

    who: str
    ref: str | None
    category: str
    month: str
    when: Any
    lsoa: str | None
    street: str | None
    premises: str | None
    protected: bool
    offender: bool
    dated: bool

    @property
    def told(self) -> str:
        """The day, or the month where no more is known."""
        return str(self.when)[:10] if self.dated else self.month


@dataclass(frozen=True)
class Repeat:
    """Somebody or something with many records. ``lines``: these, in order of time. ``chance``: records that each would have
    if all had as many. ``subject``: a hash that ties it to itself in the next scan; nobody is shown it."""

    role: Role
    category: str
    lines: tuple[Line, ...]
    chance: float
    p_value: float
    q_value: float
    subject: str

    @property
    def months(self) -> tuple[str, str]:
        return self.lines[0].month, self.lines[-1].month

    @property
    def areas(self) -> tuple[str, ...]:
        """Areas of its records, the one with most first."""
        return tuple(a for a, _ in Counter(line.lsoa for line in self.lines if line.lsoa).most_common())

    @property
    def offender(self) -> bool:
        """Whether two or more of the records have an outcome that names an offender."""
        return sum(line.offender for line in self.lines) >= 2


def lacking(records: Records, role: Role) -> str | None:
    """Why the records can't tell of this kind; None where they can."""
    try:
        records.require({role.field, "occurred_from:day"}, str(role.name))
    except ForestallError as error:
        return str(error)
    return None


def read(
    records: Records, role: Role, *, force: str | None, until: str, areas: frozenset[str] | None = None,
    partner: bool = False, days: bool = True,
) -> list[Line]:  # fmt: skip
    """The year's records of a role, in order of time.

    Left out: what the police found by looking, records that know only their month, and, for places and wherever ``partner``
    is set, protected ones. ``areas``: only records that lie in these. ``days``: False keeps records that know
    their month alone.
    """
    since = mm.shift(until, 1 - YEAR)
    have = records.months(force)
    table = records.select(
        tuple(dict.fromkeys((*FIELDS, role.field))),
        having=(role.field,),
        kinds=role.kinds,
        force=force,
        since=max(since, have[0]),
        until=until,
    )
    cover = protection()
    # A million records have a few thousand different answers to these: each is worked out once.
    covers, offends = functools.cache(cover.covers), functools.cache(cover.names_an_offender)
    targets = {c: catalogue.category(c).targets for c in set(table["category"].to_pylist())}
    columns = (
        role.field, "source_ref", "category", "month", "occurred_from", "lsoa", "location_text", "premises_type",
        "offence_code", "flags", "outcome", "origin", "precision",
    )  # fmt: skip
    out = []
    for who, ref, category, month, when, lsoa, street, premises, code, flags, outcome, origin, precision in zip(
        *(table[name].to_pylist() for name in columns), strict=True
    ):
        if origin == "police-generated" or (days and precision == "month"):
            continue
        if not targets[category] or (areas is not None and lsoa not in areas):
            continue
        hidden = covers(category, code, tuple(flags or ()))
        if hidden and (partner or role.field == "location_id"):
            continue
        out.append(
            Line(who, ref, category, month, when, lsoa, street, premises, hidden, offends(outcome), precision != "month")
        )
    return out


def set_apart(lines: list[Line]) -> tuple[list[Line], dict[str, int]]:
    """The lines without those at premises of many records by their nature, and how many of these there are by kind."""
    apart = protection().apart
    count = Counter(line.premises for line in lines if line.premises in apart)
    return [line for line in lines if line.premises not in apart], {str(k): n for k, n in sorted(count.items(), key=str)}


def find(role: Role, lines: list[Line]) -> tuple[list[Repeat], int]:
    """All with :attr:`Role.least` records or more, most surprising first, and how many were tested.

    q is over every identifier with a record (for places: in each category).
    """
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.category if role.by_category else "", line.who), []).append(line)
    p: dict[tuple[str, str], float] = {}
    chance: dict[str, float] = {}
    for category in sorted({c for c, _ in groups}):
        mine = [key for key in groups if key[0] == category]
        counts = np.array([len(groups[key]) for key in mine])
        chance[category] = float(counts.mean())
        p.update(zip(mine, chance_of(counts).tolist(), strict=True))
    keys = list(p)
    q = dict(zip(keys, benjamini_hochberg([p[k] for k in keys]).tolist(), strict=True))
    found = []
    for key in sorted((k for k in keys if len(groups[k]) >= role.least), key=lambda k: (p[k], -len(groups[k]), k)):
        mine_ = tuple(groups[key])
        category = key[0] or Counter(line.category for line in mine_).most_common(1)[0][0]
        subject = hashlib.sha256(f"{role.kind}|{key[0]}|{key[1]}".encode()).hexdigest()[:16]
        found.append(Repeat(role, category, mine_, chance[key[0]], p[key], q[key], subject))
    return found, len(keys)


def chance_of(counts: npt.NDArray[np.int64]) -> Floats:
    """For each count, the chance that one who has any record has so many or more, if all are alike.

    Counts of those who have any are then Poisson without its zeros.
    """
    mean = float(counts.mean())
    if mean <= 1:
        return np.where(counts <= 1, 1.0, 0.0)
    rate = truncated_rate(mean)
    tail = np.where(counts <= 1, 1.0, special.gammainc(counts, rate) / -np.expm1(-rate))
    return np.asarray(np.clip(tail, 1e-300, 1.0), float)
