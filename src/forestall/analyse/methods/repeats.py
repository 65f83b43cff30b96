"""The same victim, place, caller or suspect again: how many, how much, how soon."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import SEED, choice, whole
from forestall.catalogue.protected import protection
from forestall.results import Column, Table
from forestall.results.analysis import named
from forestall.text import msg

FIELDS = {"place": "location_id", "victim": "victim_id", "suspect": "suspect_id", "caller": "caller_id"}


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Who or what is in the records again and again."""
    from forestall.stats import repeats

    del progress
    if settings["by"] == "place":
        chosen.refuse_points_across(METHOD.title)
    field = FIELDS[settings["by"]]
    filled = chosen.records.filled()
    asked = ("premises_type", "location_text", "category", "offence_code", "flags")
    held = tuple(f for f in asked if f in filled) if settings["by"] == "place" else ()
    events, checks = chosen.dated(chosen.events((field, *held)))
    premises = events.more.get("premises_type")
    apart = None if premises is None else [p if p in protection().apart else "" for p in premises]
    found = repeats(
        events.more[field],
        events.begin,
        window=settings["window"],
        lookback=settings["lookback"],
        records_from=chosen.first_day if len(events) and events.begin.min() >= chosen.first_day else None,
        set_apart=apart,
        listed=settings["listed"] if settings["by"] == "place" else 0,
        seed=settings["seed"],
    )
    notes = []
    table = None
    if settings["by"] == "place":
        table, hidden = _places(found, events.more, field)
        found = dataclasses.replace(found, ranked=())
        if hidden:
            notes.append(msg("Places of domestic abuse, sexual offences or children are counted and not listed."))
    if settings["by"] == "suspect":
        notes.append(msg("These are suspects: named in a record and found guilty of nothing."))
    if settings["by"] == "caller":
        notes.append(msg("People who call often are often in need of support: a count of calls is no fault of theirs."))
    return Answer((found,), table, notes=tuple(notes), checks=checks)


def _places(found: Any, more: Mapping[str, list[Any]], field: str) -> tuple[Table | None, int]:
    """The repeat places by name, those with records of domestic abuse, sexual offences or children left out."""
    names: dict[str, str] = {}
    quiet: set[str] = set()
    covers = functools.cache(protection().covers)
    none: list[Any] = [None] * len(more[field])
    told = [more.get(f) or none for f in ("location_text", "category", "offence_code", "flags")]
    for code, text, category, offence, marks in zip(more[field], *told, strict=True):
        if code is not None:
            names.setdefault(str(code).strip(), text or str(code))
            if covers(category or "", offence, tuple(marks or ())):
                quiet.add(str(code).strip())
    shown = [r for r in found.ranked if r.id not in quiet]
    if not shown:
        return None, len(found.ranked)
    columns = (
        Column("rank", msg("rank"), numeric=True),
        Column("place", msg("Place")),
        Column("events", msg("Recorded"), msg("count"), True),
        Column("last", msg("the last on")),
    )
    rows = tuple((r.rank, named(names.get(r.id, r.id)), r.events, r.last) for r in shown)
    return Table(columns, rows, msg("Places with more than one record in the window")), len(found.ranked) - len(shown)


def needs(settings: Mapping[str, Any]) -> frozenset[str]:
    return frozenset({FIELDS[settings["by"]]})


METHOD = Method(
    slug="repeats",
    title=msg("Repeats"),
    question=msg("How much falls again on the same place, victim, caller or suspect, and how soon?"),
    needs=frozenset({"occurred_from:day"}),
    more=needs,
    answer=answer,
    gives=("repeats",),
    settings=(
        choice(
            "by", msg("the same"), "place", place=msg("place"), victim=msg("victim"), suspect=msg("suspect"),
            caller=msg("caller"),
        ),
        whole("window", msg("window"), 365, 7, 3660, msg("days")),
        whole("lookback", msg("look-back"), 365, 1, 3660, msg("days")),
        whole("listed", msg("listed"), 20, 0, 100),
        SEED,
    ),
)  # fmt: skip
