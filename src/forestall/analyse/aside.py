"""What recording events take out of a choice of records: months of all of it, a part of one category, or a category whole.

An event of one category says nothing about the others. Where several categories are chosen together, counts of places and
hours lose that category's months alone. A series can't: its total would fall as the part goes and rise as it comes back. So
a series of several categories is told without that category, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall import catalogue
from forestall.results import Check, Finding
from forestall.text import Message, msg, msg_n

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Aside:
    """``months``: those set aside of whatever is chosen, shape (months,). ``parts``: months set aside of one category
    alone. ``left_out``: categories that a series leaves out."""

    months: Bools
    parts: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...]

    def rows(self, table: Any) -> Any:
        """An Ibis table of records without what is set aside of single categories."""
        kept = table
        if self.left_out:
            kept = kept.filter(~kept.category.isin(list(self.left_out)))
        for category, months in self.parts.items():
            kept = kept.filter(~((kept.category == category) & kept.month.isin(list(months))))
        return kept

    def checks(self, months: Sequence[str]) -> list[Check]:
        """What a reader must know of it."""
        out = []
        if self.months.any():
            out.append(Check("recording-event", False, _told([m for m, a in zip(months, self.months, strict=True) if a])))
        for category, held in self.parts.items():
            title = catalogue.category(category).title
            words = msg("{category} alone: {months:low}", category=title, months=_told(list(held)))
            out.append(Check("recording-event", False, words))
        if self.left_out:
            words = msg(
                "Left out of this series, because a change of recording would show as a change of the whole: "
                "{categories:list}. Choose a category alone to see it.",
                categories=in_text(self.left_out),
            )
            out.append(Check("recording-event", False, words))
        return out


def set_aside(events: Sequence[Finding], months: Sequence[str], *, several: bool, series: bool) -> Aside:
    """What ``events`` (recording events that touch the choice) take out of it. ``several``: more than one category is
    chosen. ``series``: months or days are compared with one another."""
    aside = np.zeros(len(months), bool)
    parts: dict[str, list[str]] = {}
    left_out: list[str] = []
    for event in events:
        if event.areas or event.shape not in ("passing", "step"):
            continue
        alone = several and event.category is not None
        inside = [
            m for m in months if str(event.month) <= m and (event.shape == "step" or m <= (event.until or months[-1]))
        ]
        if event.shape == "step":
            inside = inside if str(event.month) > months[0] else []
        if not inside:
            continue
        if alone and series:
            left_out.append(str(event.category))
        elif event.shape == "passing" and alone:
            parts.setdefault(str(event.category), []).extend(inside)
        elif event.shape == "passing":
            aside |= np.isin(months, inside)
    told = {c: tuple(sorted(set(m))) for c, m in sorted(parts.items())}
    return Aside(aside, told, tuple(sorted(set(left_out))))


def in_text(categories: Sequence[str]) -> list[Message]:
    """Categories as a sentence names them."""
    return [msg("{category:low}", category=catalogue.category(c).title) for c in categories]


def _told(months: list[str]) -> Message:
    return msg_n(
        "{n:count} month of a suspected recording event is set aside ({first:month} to {last:month}).",
        "{n:count} months of suspected recording events are set aside ({first:month} to {last:month}).",
        n=len(months), first=months[0], last=months[-1],
    )  # fmt: skip
