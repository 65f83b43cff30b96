"""Answers that the records already know, each with where it comes from. A person may change every one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forestall import catalogue
from forestall.catalogue.plans import Question
from forestall.results.signal import KIND_WORDS
from forestall.text import Message, msg
from forestall.web.plans.seed import Seed

#: A first proposal of how long a response may take, and how long after it the records are complete enough to look.
RESPONSE_DAYS, LATE_DAYS = 182, 31
#: Fewer events than this are no pattern that comes back.
RECURRING = 3


@dataclass(frozen=True)
class Fill:
    """``value``: as the question keeps it. ``source``: what says so."""

    value: Any
    source: Message


Filler = Callable[[Seed, str, dt.date], Any]
FILLERS: dict[str, Filler] = {}


def filler(function: Filler) -> Filler:
    FILLERS[function.__name__] = function
    return function


def filled(question: Question, seed: Seed, language: str, today: dt.date) -> Fill | None:
    """What is known of a question's answer; None where nothing is."""
    make = FILLERS.get(question.fills)
    value = make(seed, language, today) if make else None
    if value is None:
        return None
    return value if isinstance(value, Fill) else Fill(value, cites(seed))


def cites(seed: Seed) -> Message:
    """Where a seed's knowledge comes from."""
    if seed.signal:
        return msg("From problem {signal} of the scan, snapshot {snapshot}", signal=seed.signal, snapshot=seed.snapshot[:8])
    if seed.occurrences:
        return msg("From the occurrences named, snapshot {snapshot}", snapshot=seed.snapshot[:8])
    if seed.point:
        return msg("From the records near the point, snapshot {snapshot}", snapshot=seed.snapshot[:8])
    return msg("From what was said when the plan began")


def _counted(seed: Seed) -> bool:
    return seed.observed is not None and seed.observed > 0


@filler
def aim(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if not seed.category:
        return None
    title, where = catalogue.category(seed.category).title, seed.where
    if where is None:
        return msg("Fewer people suffer {category:low}", category=title).render(language)
    return msg("Fewer people suffer {category:low} in {place}", category=title, place=where).render(language)


@filler
def measure(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    return ("repeat" if seed.about_people else "recorded") if _counted(seed) else None


outcome = FILLERS["outcome"] = measure


@filler
def baseline(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    return None if seed.monthly is None else round(seed.monthly, 1)


@filler
def target(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if seed.ratio is None or seed.ratio <= 1.05 or seed.kind == "falling":
        return None
    fall = round(100 * (1 - 1 / seed.ratio))
    return Fill(fall, msg("Back to what was expected before it rose: problem {signal} of the scan", signal=seed.signal))


@filler
def target_date(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    return Fill((today + dt.timedelta(days=RESPONSE_DAYS)).isoformat(), msg("Proposed: half a year from today"))


@filler
def outcome_date(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    day = today + dt.timedelta(days=RESPONSE_DAYS + LATE_DAYS)
    return Fill(day.isoformat(), msg("Proposed: a month after the target date, when late reports are in"))


def _yes(why: Message) -> Fill:
    return Fill("yes", why)


@filler
def cheers_community(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    return _yes(msg("The events were reported by people outside the police")) if _counted(seed) else None


@filler
def cheers_harm(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if not seed.harm:
        return None
    scheme = catalogue.harm()
    return _yes(msg("{scheme} gives the events a weight of harm", scheme=scheme.title))


@filler
def cheers_expectation(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    return _yes(msg("People reported them to the police")) if _counted(seed) else None


@filler
def cheers_events(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if not _counted(seed):
        return None
    return _yes(msg("{n:count} separate events were recorded", n=seed.observed))


@filler
def cheers_recurring(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if not _counted(seed) or (seed.observed or 0) < RECURRING:
        return None
    return _yes(
        msg("{n:count} from {since:month} to {until:month}", n=seed.observed, since=seed.since, until=seed.until)
        if seed.since
        else msg("{n:count} separate events were recorded", n=seed.observed)
    )


@filler
def cheers_similarity(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if not _counted(seed) or not seed.category or not (seed.areas or seed.about_people):
        return None
    return _yes(
        msg("The same category in the same place: {kind}", kind=KIND_WORDS.get(seed.kind, msg("recorded together")))
    )


@filler
def extent(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    parts = [Message.from_json(seed.why).render(language)] if seed.why else []
    if seed.words:
        parts.append(seed.words)
    return " ".join(parts) or None


@filler
def harm(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    if seed.harm is None or not _counted(seed):
        return None
    scheme = catalogue.harm()
    return msg("{harm:count} {unit} of harm above what was expected", harm=seed.harm, unit=scheme.unit).render(language)


@filler
def who_says(seed: Seed, language: str, today: dt.date) -> Any:  # noqa: ARG001
    said = {"signal": ["records"], "occurrences": ["records"], "map": ["officers"], "complaint": ["councillor"]}
    return said.get(seed.origin)
