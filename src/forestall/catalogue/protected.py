"""Which records stay out of partners' lists and maps, which premises are set apart, and who may be called an offender."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass

from forestall.catalogue import load, path
from forestall.catalogue.analysis import Sensitive, sensitive, set_apart
from forestall.errors import ForestallError


@dataclass(frozen=True)
class Protection:
    """The lists of ``sensitive.yaml``, ``premises.yaml`` and ``protected.yaml``, ready to be asked."""

    sensitive: Sensitive
    categories: frozenset[str]
    apart: frozenset[str]
    outcomes: tuple[str, ...]

    def covers(self, category: str, offence_code: str | None, flags: Collection[str] | None) -> bool:
        """Whether a record is of domestic abuse, a sexual offence or a child's, or can't be told from one."""
        code = (offence_code or "").strip().upper()
        return self.sensitive.has(tuple(flags or ()), code) or (not code and category in self.categories)

    def names_an_offender(self, outcome: str | None) -> bool:
        return bool(outcome) and str(outcome).replace("-", " ").strip().lower().startswith(self.outcomes)


@functools.cache
def protection() -> Protection:
    """Raises ``ForestallError`` where a file lacks a list."""
    data = load("protected")
    wanted = {"codes", "categories", "offender_outcomes"}
    if not isinstance(data, dict) or wanted - set(data):
        raise ForestallError(f"{path('protected')} needs the lists {', '.join(sorted(wanted))}")
    known = sensitive()
    return Protection(
        Sensitive(known.flags, (*known.codes, *(str(c) for c in data["codes"]))),
        frozenset(data["categories"]),
        frozenset(set_apart()),
        tuple(str(o).lower() for o in data["offender_outcomes"]),
    )
