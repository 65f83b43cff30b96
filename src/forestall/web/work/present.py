"""What the page of notices shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

from babel.dates import format_date
from django.utils import timezone

from forestall.web.work.models import Notice


def by_day(notices: Sequence[Notice]) -> list[tuple[dt.date, list[Notice]]]:
    """The notices under the day, on the force's clock, on which each was posted."""
    return [(day, list(those)) for day, those in groupby(notices, lambda n: timezone.localdate(n.made_at))]


def unread(notices: Sequence[Notice]) -> int:
    return sum(n.read_at is None for n in notices)


def day(date: dt.date, language: str) -> str:
    """``Tuesday 24 November 2026``."""
    return str(format_date(date, "EEEE d MMMM y", locale=language))
