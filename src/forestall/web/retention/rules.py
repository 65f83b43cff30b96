"""What a decision must have, and the clocks."""

from __future__ import annotations

import calendar
import datetime as dt

from forestall.text import Message, msg

#: The longest text that is taken in.
LONGEST = 2000
NO_REASON = msg("Enter a reason")
NO_DECISION = msg("Choose what to do")
NO_DAY = msg("Enter a day as 2027-04-30")
EARLY = msg("The next review must lie in the future")
FAR = msg("The next review must lie within ten years")
DECIDED = msg("Somebody has decided on this record meanwhile")


class RefusedError(Exception):
    """An act that is not done; ``told`` says why, ``field`` where on the form."""

    def __init__(self, told: Message | str, field: str) -> None:
        super().__init__(str(told))
        self.told, self.field = told, field


def month_after(day: dt.date) -> dt.date:
    """The corresponding day of the next month, its last where there is none: one calendar month."""
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def day_of(text: str) -> dt.date | None:
    """A day as a form sends it, or None."""
    try:
        return dt.date.fromisoformat(text.strip()) if len(text.strip()) == 10 else None
    except ValueError:
        return None


def plain(text: str, longest: int = LONGEST) -> str:
    """What a person typed, as both databases keep it."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode().strip()[:longest]
