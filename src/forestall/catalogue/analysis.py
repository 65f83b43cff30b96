"""What the analysis of a problem takes from the catalogue: unit costs, the rules of hypotheses, what is sensitive, and the
kinds of premises that are set apart."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from forestall.catalogue import HERE, load, path
from forestall.errors import ForestallError
from forestall.text import Message

SIDES = ("place", "victim", "offender")
#: How a condition holds a figure against its threshold.
TESTS = ("at_least", "at_most", "above", "below")


@dataclass(frozen=True)
class UnitCost:
    """What one actual crime of a kind costs society, in pounds of the scheme's price base."""

    slug: str
    title: Message
    cost: Decimal
    verified: bool
    codes: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True)
class CostScheme:
    """``currency`` and ``price_base`` say what a pound is; ``note`` what the figures are and are not."""

    slug: str
    title: Message
    currency: str
    price_base: str
    source: str
    note: Message
    costs: tuple[UnitCost, ...]

    def of_code(self, code: str | None) -> UnitCost | None:
        """The unit cost of an offence code, exact before its beginning; None where the scheme has none."""
        if not code:
            return None
        found = [
            (len(c), u) for u in self.costs for c in u.codes if code == c or (c.endswith("*") and code.startswith(c[:-1]))
        ]
        return max(found, key=lambda f: f[0])[1] if found else None

    def of_category(self, category: str) -> tuple[UnitCost, ...]:
        """The unit costs that records of a category may have."""
        return tuple(u for u in self.costs if category in u.categories)


@dataclass(frozen=True)
class Condition:
    """A figure held against a threshold, or several that must all hold. ``says``: the evidence in words; ``{value}`` in it
    is the figure."""

    indicator: str
    test: str
    threshold: float
    says: Message | None
    also: tuple[Condition, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The indicators that it looks at."""
        return (self.indicator, *(n for c in self.also for n in c.names))


@dataclass(frozen=True)
class Rule:
    """A hypothesis: what speaks for it and against it, and how to test it. ``categories``: those that it is about; () for
    all."""

    slug: str
    title: Message
    side: str
    evidence_for: tuple[Condition, ...]
    evidence_against: tuple[Condition, ...]
    unknown: Message
    test: Message
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sensitive:
    """Which records stay out of maps, of lists of places and of the public form."""

    flags: frozenset[str]
    codes: tuple[str, ...]

    def has(self, flags: Sequence[str] | None, code: str | None) -> bool:
        """Whether a record with these flags and this offence code is sensitive."""
        if flags and not self.flags.isdisjoint(flags):
            return True
        return bool(code) and any(code == c or (c.endswith("*") and str(code).startswith(c[:-1])) for c in self.codes)


@functools.cache
def costs(name: str = "home-office-2018") -> CostScheme:
    """A scheme of unit costs. ForestallError where the file lacks something or a cost is no sum of money."""
    file = f"costs/{name}"
    data = load(file)
    _needs(file, data, {"title", "currency", "price_base", "source", "note", "costs"})
    out = []
    for slug, entry in data["costs"].items():
        _needs(file, entry, {"title", "cost", "verified"}, f"{slug!r}")
        try:
            cost = Decimal(str(entry["cost"]))
        except InvalidOperation as error:
            raise ForestallError(f"{path(file)}: the cost of {slug!r} must be a number, not {entry['cost']!r}") from error
        if not cost >= 0:
            raise ForestallError(f"{path(file)}: the cost of {slug!r} must be 0 or more, not {cost}")
        out.append(
            UnitCost(
                slug, entry["title"], cost, bool(entry["verified"]), tuple(str(c) for c in entry.get("codes", ())),
                tuple(entry.get("categories", ())),
            )
        )  # fmt: skip
    return CostScheme(
        name, data["title"], data["currency"], str(data["price_base"]), data["source"], data["note"], tuple(out)
    )


@functools.cache
def hypotheses() -> tuple[Rule, ...]:
    """All rules, in order of their files' names; a force's own folder adds to them and replaces those of the same name."""
    import os
    from pathlib import Path

    folders = [HERE / "hypotheses"]
    own = os.environ.get("FORESTALL_CATALOGUE")
    if own:
        folders.append(Path(own) / "hypotheses")
    slugs = sorted({p.stem for folder in folders for p in folder.glob("*.yaml")})
    return tuple(_rule(slug, load(f"hypotheses/{slug}")) for slug in slugs)


def _rule(slug: str, data: Any) -> Rule:
    file = f"hypotheses/{slug}"
    _needs(file, data, {"title", "side", "for", "unknown", "test"})
    odd = set(data) - {"title", "side", "for", "against", "unknown", "test", "categories"}
    if odd:
        raise ForestallError(f"{path(file)}: {', '.join(sorted(odd))} is not known; mend the name or take it out")
    if data["side"] not in SIDES:
        raise ForestallError(f"{path(file)}: side is one of {', '.join(SIDES)}, not {data['side']!r}")
    return Rule(
        slug,
        data["title"],
        data["side"],
        tuple(_condition(file, c) for c in data["for"]),
        tuple(_condition(file, c) for c in data.get("against", ())),
        data["unknown"],
        data["test"],
        tuple(data.get("categories", ())),
    )


def _condition(file: str, data: Any, *, says: bool = True) -> Condition:
    _needs(file, data, {"indicator", "says"} if says else {"indicator"}, "a condition")
    tests = [t for t in TESTS if t in data]
    if len(tests) != 1:
        raise ForestallError(f"{path(file)}: the condition on {data['indicator']!r} needs one of {', '.join(TESTS)}")
    threshold = data[tests[0]]
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        raise ForestallError(f"{path(file)}: the threshold of {data['indicator']!r} must be a number, not {threshold!r}")
    also = tuple(_condition(file, c, says=False) for c in data.get("and", ()))
    return Condition(str(data["indicator"]), tests[0], float(threshold), data.get("says"), also)


@functools.cache
def sensitive() -> Sensitive:
    """What is sensitive: domestic abuse, sexual offences, children."""
    data = load("sensitive")
    _needs("sensitive", data, {"flags", "codes"})
    return Sensitive(frozenset(data["flags"]), tuple(str(c) for c in data["codes"]))


@functools.cache
def set_apart() -> Mapping[str, Message]:
    """Kinds of premises that are set apart from repeat addresses, by slug, with their titles."""
    data = load("premises")
    _needs("premises", data, {"apart"})
    return dict(data["apart"])


def _needs(file: str, data: Any, names: set[str], what: str = "the file") -> None:
    if not isinstance(data, Mapping):
        raise ForestallError(f"{path(file)}: {what} must be a mapping of names to values")
    missing = names - set(data)
    if missing:
        raise ForestallError(f"{path(file)}: {what} lacks {', '.join(sorted(missing))}")
