"""Which records stay out of partners' lists and maps, which premises are set apart, and who may be called an offender."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass

from forestall.catalogue import load, path
from forestall.errors import ForestallError


@dataclass(frozen=True)
class Protection:
    """The lists of ``protected.yaml``, ready to be asked."""

    flags: frozenset[str]
    codes: frozenset[str]
    categories: frozenset[str]
    apart: frozenset[str]
    outcomes: tuple[str, ...]

    def covers(self, category: str, offence_code: str | None, flags: Collection[str] | None) -> bool:
        """Whether a record is of domestic abuse, a sexual offence or a child's, or can't be told from one."""
        if self.flags & set(flags or ()):
            return True
        if not offence_code:
            return category in self.categories
        code = offence_code.strip().upper().lstrip("0")
        number = re.match(r"\d+", code)
        return code in self.codes or (number is not None and number[0] in self.codes)

    def names_an_offender(self, outcome: str | None) -> bool:
        return bool(outcome) and str(outcome).replace("-", " ").strip().lower().startswith(self.outcomes)


@functools.cache
def protection() -> Protection:
    """Raises ``ForestallError`` where the file lacks a list."""
    data = load("protected")
    wanted = {"flags", "offence_codes", "categories", "apart", "offender_outcomes"}
    if not isinstance(data, dict) or wanted - set(data):
        raise ForestallError(f"{path('protected')} needs the lists {', '.join(sorted(wanted))}")
    codes = {str(c).upper() for group in data["offence_codes"].values() for c in group}
    return Protection(
        frozenset(data["flags"]), frozenset(codes), frozenset(data["categories"]), frozenset(data["apart"]),
        tuple(str(o).lower() for o in data["offender_outcomes"]),
    )  # fmt: skip
