"""Bank holidays of England and Wales that follow no rule: those moved or added by proclamation."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

from forestall.catalogue import load, path
from forestall.errors import ForestallError


@dataclass(frozen=True)
class Proclaimed:
    """``taken``: days that the rules name and a proclamation took away; ``given``: those given instead or besides."""

    taken: tuple[dt.date, ...]
    given: tuple[dt.date, ...]

    def between(self, first_year: int, last_year: int) -> Proclaimed:
        """Those of the years, both included."""
        inside = range(first_year, last_year + 1)
        return Proclaimed(
            tuple(d for d in self.taken if d.year in inside), tuple(d for d in self.given if d.year in inside)
        )


@functools.cache
def proclaimed() -> Proclaimed:
    """Raises ``ForestallError`` where the file lacks a list or holds something that is no date."""
    data = load("bank_holidays")
    if not isinstance(data, dict) or set(data) != {"taken", "given"}:
        raise ForestallError(f"{path('bank_holidays')} needs the lists given and taken")
    for name, days in data.items():
        wrong = [d for d in days or [] if not isinstance(d, dt.date)]
        if wrong:
            raise ForestallError(f"{path('bank_holidays')}: {name} holds {wrong[0]!r}, which is no date such as 2023-05-08")
    return Proclaimed(tuple(sorted(data["taken"] or [])), tuple(sorted(data["given"] or [])))
