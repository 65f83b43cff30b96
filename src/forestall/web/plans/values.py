"""What a question takes as its answer, and how an answer reads."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from forestall.catalogue.plans import Question
from forestall.text import Message, msg

LONGEST = {"text": 300, "long": 20_000}
TOO_LONG = msg("Say it in at most {n:count} characters: this has {m:count}")
YES_NO = {"yes": msg("Yes"), "no": msg("No"), "unsure": msg("Not sure")}


class InvalidAnswer(ValueError):  # noqa: N818 - it is what a person typed, not an error of ours
    """What was typed is no answer; ``words`` says why and what to do."""

    def __init__(self, words: Message) -> None:
        super().__init__(str(words))
        self.words = words


def is_empty(value: Any) -> bool:
    """Whether a kept value is no answer: none was given, or it was cleared."""
    return value is None or value == "" or value == []


def clean_text(text: str) -> str:
    """Text as it is kept: any writing of the world, no control characters beside the ends of lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def typed(value: Any) -> list[str]:
    """What a draft keeps, as a form sends it."""
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def revision(text: str | None) -> int:
    """The revision that a form says it saw; 0 where it says none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0


def clean(question: Question, raw: Sequence[str]) -> Any:
    """The answer in what a form sent for a question; None where it was left empty. :class:`InvalidAnswer` where
    it is none."""
    kind = question.kind
    if kind == "choices":
        known = {o.slug for o in question.options}
        chosen = [r for r in dict.fromkeys(raw) if r]
        if not set(chosen) <= known:
            raise InvalidAnswer(msg("Choose from the list"))
        return chosen or None
    text = clean_text(raw[-1]) if raw else ""
    if not text:
        return None
    if kind in LONGEST:
        if len(text) > LONGEST[kind]:
            raise InvalidAnswer(Message(TOO_LONG.id, {"n": LONGEST[kind], "m": len(text)}))
        return text
    if kind == "choice":
        if text not in {o.slug for o in question.options}:
            raise InvalidAnswer(msg("Choose from the list"))
        return text
    if kind == "yes-no":
        if text not in YES_NO:
            raise InvalidAnswer(msg("Choose yes, no or not sure"))
        return text
    if kind == "date":
        return day(text)
    return _number(text, percent=kind == "percent")


def day(text: str) -> str:
    """A day as people type it, in ISO's form; :class:`InvalidAnswer` where it is none."""
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %m %Y"):
        try:
            day = dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
        if not 2000 <= day.year <= 2100:
            break
        return day.isoformat()
    raise InvalidAnswer(msg("Enter a date like 31/3/2027"))


def day_or_none(text: str) -> dt.date | None:
    """A day as people type it, None where the field is empty; :class:`InvalidAnswer` where it is none."""
    text = clean_text(text)
    return dt.date.fromisoformat(day(text)) if text else None


def _number(text: str, *, percent: bool) -> float:
    try:
        number = float(text.replace(",", "").rstrip("%").strip())
    except ValueError:
        raise InvalidAnswer(msg("Enter a number, in digits")) from None
    if not 0 <= number <= (100 if percent else 1e9):
        raise InvalidAnswer(
            msg("Enter a number between 0 and 100") if percent else msg("Enter a number that is not negative")
        )
    return int(number) if number == int(number) else number


def shown(question: Question, value: Any, language: str) -> str:
    """An answer as a reader sees it."""

    def say(words: Message | str) -> str:
        return words.render(language) if isinstance(words, Message) else words

    if is_empty(value):
        return ""
    if question.kind == "choices":
        return ", ".join(say(question.title_of(v)) for v in value)
    if question.kind == "choice":
        return say(question.title_of(value))
    if question.kind == "yes-no":
        return say(YES_NO.get(value, str(value)))
    if question.kind == "date":
        return day_shown(value, language)
    if question.kind == "percent":
        return f"{value:g}%"
    if question.kind == "number":
        return f"{value:,g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value)


def day_shown(value: str | dt.date | dt.datetime, language: str) -> str:
    """A day in words: 3 May 2027, 3 Mai 2027. That of a moment is the one on which it was here."""
    from babel.dates import format_date

    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(day, dt.datetime):
        day = timezone.localdate(day)
    return format_date(day, "d MMMM y", locale=language)
