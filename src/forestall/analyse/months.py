"""Months as ``YYYY-MM``."""

from __future__ import annotations

import re

from forestall.errors import ForestallError
from forestall.text import Message, msg


def shift(month: str, by: int) -> str:
    """The month ``by`` months later (earlier where negative)."""
    n = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{n // 12:04d}-{n % 12 + 1:02d}"


def between(first: str, last: str) -> int:
    """Months from ``first`` to ``last``: 0 where they are the same."""
    return int(last[:4]) * 12 + int(last[5:]) - int(first[:4]) * 12 - int(first[5:])


def check(month: str, what: str) -> str:
    """The month itself; ForestallError where it is none."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise ForestallError(f"{what} {month!r} is no month: write it as 2024-05")
    return month


def period(since: str, until: str) -> Message:
    """Two months, or the one, in words."""
    if since == until:
        return msg("{month:month}", month=since)
    return msg("{first:month} to {last:month}", first=since, last=until)
