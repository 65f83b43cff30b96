"""The profile of a signal, worked out once for a scan and written out once for a language."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.urls import reverse

from forestall import analyse
from forestall.analyse.refused import Refused
from forestall.errors import ForestallError
from forestall.records.store import Store
from forestall.report import html
from forestall.report import profile as page
from forestall.results import Profile, Signal, Table
from forestall.results.signal import PERSON_KINDS, UNMAPPED_KINDS
from forestall.text import Message, msg
from forestall.web.signals.pinned import Pinned

K, V = TypeVar("K"), TypeVar("V")

#: As many are kept: profiles, and pages of them.
KEPT = 64
#: The table of every sentence, beside the exhibits' own.
SENTENCES = "profile"

WHOLE_FORCE = msg(
    "There is no profile of this problem: a profile compares some areas with the rest of the force, and this problem is in "
    "the whole force area. To look into the part that matters to you, choose it on the explore page."
)
ONE_PERSON = msg("There is no profile of this problem: a profile is of places, and this problem is about one person.")


@dataclass(frozen=True)
class Refusal:
    """Why there is no profile. ``english``: the reason in English alone, where the engine gave it so."""

    words: Message
    english: str = ""


_turn = threading.Lock()
_made: dict[tuple[str, str, bool], Profile | Refusal] = {}
_written: dict[tuple[str, str, str, bool], str] = {}


def has_profile(s: Signal) -> bool:
    """Whether signals of this kind have one."""
    return s.kind not in UNMAPPED_KINDS


def of(held: Pinned, s: Signal, *, full: bool) -> Profile | Refusal:
    """The profile of a signal, or why there is none. The first reader waits; who comes meanwhile waits for the same.

    ``full``: with locations, methods and small numbers, which is for those who act on it; else the public form, which is
    what holding the force to account needs to know.
    """
    if s.kind in PERSON_KINDS:
        return Refusal(ONE_PERSON)
    if not has_profile(s):
        return Refusal(WHOLE_FORCE)
    return _kept(_made, (held.key, s.id, full), lambda: _make(held, s, full))


def at_hand(held: Pinned, s: Signal, *, full: bool) -> Profile | None:
    """The profile of a signal where somebody had it made already; nobody waits."""
    made = _made.get((held.key, s.id, full))
    return made if isinstance(made, Profile) else None


def tables(made: Profile) -> dict[str, Table]:
    """Every table of a profile by the name of its file."""
    return {SENTENCES: made.table(), **{e.name: e.table for p in made.parts for e in p.exhibits}}


def written(held: Pinned, made: Profile, s: Signal, language: str, may_export: bool) -> str:
    """The page's sections as HTML. ``may_export``: with links to the tables."""

    def write() -> str:
        document = page.document(made, command=_command(held, s) + (" --public" if made.public else ""))
        return html.body(document, language, lambda name: _address(s, name) if may_export else None)

    return _kept(_written, (held.key, s.id, language, may_export), write)


def _address(s: Signal, name: str) -> str:
    return reverse("signal-profile-csv", args=[s.id, name])


def _kept(kept: dict[K, V], key: K, make: Callable[[], V]) -> V:
    found = kept.get(key)
    if found is None:
        with _turn:
            found = kept.get(key)
            if found is None:
                found = make()
                if len(kept) >= KEPT:
                    kept.clear()
                kept[key] = found
    return found


def _make(held: Pinned, s: Signal, full: bool) -> Profile | Refusal:
    records = Store.open(Path(settings.STORE)).records(held.scan.provenance.snapshot)
    places = None if held.places.version == "none" else held.places
    try:
        return analyse.profile(records, places, signal=s, force=held.force or None, public=not full)
    except Refused as reason:
        return Refusal(reason.message, reason.english)
    except ForestallError as error:
        return Refusal(msg("No profile can be made of this problem from these records."), str(error))


def _command(held: Pinned, s: Signal) -> str:
    """What makes the profile again; STORE stands for where the store lies."""
    force = f" --force {held.force}" if held.force else ""
    return f"forestall profile --store STORE --signal {s.id}{force}"
