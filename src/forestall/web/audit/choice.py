"""What of the log a reader asks for, as the page's address says it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import urlencode

from django.utils import timezone

from forestall.text import Message, msg
from forestall.web.audit.models import Operation

#: Letters of a box; longer text is cut.
LONGEST = 200

NO_DATE = msg("“{text}” is no date: choose one, or write it as 2026-11-24")
BACKWARDS = msg("The first day must not come after the last")


@dataclass(frozen=True)
class Choice:
    """``person``: an account's name; ``act``, ``operation``: their slugs; ``record``: its whole id, or its beginning and a
    ``*``; ``since``, ``until``: days, both in it; ``text``: words in record, detail, reason, recipient or address.
    ``errors``: what of the address could not be read, by box."""

    person: str = ""
    act: str = ""
    operation: str = ""
    record: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    errors: Mapping[str, Message] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(query: Mapping[str, str]) -> Choice:
        """Reads an address, a form or the command line's options."""
        given = {name: _clean(query.get(name, "")) for name in NAMES}
        if given["operation"] not in Operation.values:
            given["operation"] = ""
        errors = {}
        for name in ("since", "until"):
            if given[name] and _day(given[name]) is None:
                errors[name] = msg(NO_DATE.id, text=given[name])
        choice = Choice(**given, errors=errors)
        if not errors and choice.since and choice.until and choice.since > choice.until:
            choice = replace(choice, errors={"since": BACKWARDS})
        return choice

    @property
    def chosen(self) -> dict[str, str]:
        """What is not left open."""
        return {k: v for k, v in asdict(replace(self, errors={})).items() if v and k != "errors"}

    def query(self, **more: str) -> str:
        return "?" + urlencode({**self.chosen, **more}) if self.chosen or more else ""

    def after(self) -> dt.datetime | None:
        """The first moment in it."""
        day = _day(self.since)
        return _midnight(day) if day else None

    def before(self) -> dt.datetime | None:
        """The first moment no longer in it."""
        day = _day(self.until)
        return _midnight(day + dt.timedelta(days=1)) if day and day < dt.date.max else None


NAMES = ("person", "act", "operation", "record", "since", "until", "text")


def _clean(text: str) -> str:
    return "".join(c for c in str(text) if c.isprintable()).strip()[:LONGEST]


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 1970 <= day.year <= 9998 else None


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
