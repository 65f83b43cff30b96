"""What a plan is made of, from the catalogue: its stages and their questions, its states and the legal moves, and what a
response chooses from (``catalogue/plan/*.yaml``)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forestall.catalogue import load, path
from forestall.errors import ForestallError
from forestall.text import Message

WEIGHTS = ("quick", "standard", "full")
KINDS = ("text", "long", "choice", "choices", "number", "percent", "date", "yes-no")
WHO = ("owner", "team", "authority")


@dataclass(frozen=True)
class Option:
    """Something to choose from."""

    slug: str
    title: Message


@dataclass(frozen=True)
class Question:
    """One thing that a stage asks. ``weights``: the plans that it is asked of; ``needed``: those that may not go on without
    an answer. ``fills``: what the records know of it. ``fixed``: stands once the response has begun. ``after``: asked only
    then. ``side``: of the problem analysis triangle."""

    slug: str
    stage: str
    asks: Message
    hint: Message | None
    kind: str
    options: tuple[Option, ...]
    weights: tuple[str, ...]
    needed: tuple[str, ...]
    fills: str
    shared: bool
    fixed: bool
    after: bool
    cheers: bool
    side: str

    def title_of(self, slug: str) -> Message | str:
        """An option's title; the slug itself where the catalogue no longer has it."""
        return next((o.title for o in self.options if o.slug == slug), slug)


@dataclass(frozen=True)
class Stage:
    """A part of the work, with what it asks."""

    slug: str
    title: Message
    about: Message
    questions: tuple[Question, ...]

    def asked(self, weight: str) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if weight in q.weights)


@dataclass(frozen=True)
class State:
    """``open``: whether work goes on. ``stage``: the one that is worked on."""

    slug: str
    title: Message
    open: bool
    stage: str


@dataclass(frozen=True)
class Move:
    """A legal step. ``checks``: names of what must hold. ``reason``: it must be said why. ``fixes``: the outcome stands
    from here on. ``urgent``: it starts at once, and the design follows. ``names``: another plan must be named."""

    slug: str
    title: Message
    sources: tuple[str, ...]
    target: str
    who: str
    permission: str
    checks: tuple[str, ...]
    reason: bool
    fixes: bool
    urgent: bool
    names: bool


@dataclass(frozen=True)
class Group:
    """A family of techniques, or a scheme of prevention tiers."""

    slug: str
    title: Message
    options: tuple[Option, ...]


@functools.cache
def stages() -> tuple[Stage, ...]:
    """The stages in their order. :class:`ForestallError` with file and entry where the catalogue is at fault."""
    data, file = load("plan/stages"), str(path("plan/stages"))
    known = {name: options(entries, file) for name, entries in data.get("options", {}).items()}
    made = tuple(
        Stage(s["slug"], s["title"], s["about"], tuple(_question(file, s["slug"], q, known) for q in s["questions"]))
        for s in _entries(file, data, "stages", {"slug", "title", "about", "questions"})
    )
    slugs = [q.slug for s in made for q in s.questions]
    twice = sorted({s for s in slugs if slugs.count(s) > 1})
    if twice:
        raise ForestallError(f"{file}: the question {twice[0]!r} stands there twice; give one another slug")
    return made


@functools.cache
def questions() -> Mapping[str, Question]:
    """Every question by its slug, in the order of the stages."""
    return {q.slug: q for s in stages() for q in s.questions}


def stage(slug: str) -> Stage:
    """A stage; KeyError where there is none."""
    return {s.slug: s for s in stages()}[slug]


@functools.cache
def states() -> Mapping[str, State]:
    """The states of a plan by slug."""
    file = str(path("plan/moves"))
    entries = _entries(file, load("plan/moves"), "states", {"slug", "title", "open", "stage"})
    return {s["slug"]: State(s["slug"], s["title"], bool(s["open"]), s["stage"]) for s in entries}


@functools.cache
def moves() -> Mapping[str, Move]:
    """The legal moves by slug. :class:`ForestallError` where one names a state that is not there."""
    file = str(path("plan/moves"))
    out = {}
    for m in _entries(file, load("plan/moves"), "moves", {"slug", "title", "from", "to", "who", "permission"}):
        for state in (*m["from"], m["to"]):
            if state not in states():
                raise ForestallError(f"{file}: move {m['slug']!r} names the state {state!r}, which is not in the list")
        if m["who"] not in WHO:
            raise ForestallError(f"{file}: move {m['slug']!r} is for {m['who']!r}; choose one of {', '.join(WHO)}")
        out[m["slug"]] = Move(
            m["slug"], m["title"], tuple(m["from"]), m["to"], m["who"], m["permission"], tuple(m.get("checks", ())),
            bool(m.get("reason")), bool(m.get("fixes")), bool(m.get("urgent")), bool(m.get("names")),
        )  # fmt: skip
    return out


@functools.cache
def choices(name: str) -> tuple[Option, ...]:
    """A flat list of ``plan/choices.yaml``: drivers, sides, levels, horizons, caveats, purposes, bases."""
    return options(load("plan/choices")[name], str(path("plan/choices")))


@functools.cache
def techniques() -> tuple[Group, ...]:
    """The twenty-five techniques of situational prevention, in their five families."""
    return _groups("techniques", "techniques")


@functools.cache
def schemes() -> tuple[Group, ...]:
    """The schemes of prevention tiers: the same word means another thing in each."""
    return _groups("schemes", "tiers")


def options(entries: Any, file: str) -> tuple[Option, ...]:
    """A list of options as ``file`` has it."""
    if not isinstance(entries, list) or not all(isinstance(e, dict) and {"slug", "title"} <= set(e) for e in entries):
        raise ForestallError(f"{file}: a list of options holds entries with a slug and a title")
    return tuple(Option(str(e["slug"]), e["title"]) for e in entries)


def _groups(name: str, inner: str) -> tuple[Group, ...]:
    file = str(path("plan/choices"))
    return tuple(
        Group(g["slug"], g["title"], options(g[inner], file))
        for g in _entries(file, load("plan/choices"), name, {"slug", "title", inner})
    )


def _question(file: str, stage_slug: str, data: Any, known: Mapping[str, tuple[Option, ...]]) -> Question:
    where = f"{file}: question {data.get('slug')!r} of stage {stage_slug!r}"
    missing = {"slug", "asks", "kind", "weights"} - set(data)
    if missing:
        raise ForestallError(f"{where} lacks {', '.join(sorted(missing))}")
    if data["kind"] not in KINDS:
        raise ForestallError(f"{where} is of kind {data['kind']!r}; choose one of {', '.join(KINDS)}")
    for weight in (*data["weights"], *data.get("needed", ())):
        if weight not in WEIGHTS:
            raise ForestallError(f"{where} names the weight {weight!r}; choose one of {', '.join(WEIGHTS)}")
    if data["kind"] in ("choice", "choices") and data.get("options") not in known:
        raise ForestallError(f"{where} needs options, one of {', '.join(sorted(known))}")
    return Question(
        data["slug"], stage_slug, data["asks"], data.get("hint"), data["kind"], known.get(data.get("options", ""), ()),
        tuple(data["weights"]), tuple(data.get("needed", ())), data.get("fills", ""), bool(data.get("shared")),
        bool(data.get("fixed")), bool(data.get("after")), bool(data.get("cheers")), data.get("side", ""),
    )  # fmt: skip


def _entries(file: str, data: Any, key: str, needs: set[str]) -> Sequence[Mapping[str, Any]]:
    entries = data.get(key) if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise ForestallError(f"{file} must hold a list named {key}")
    for entry in entries:
        missing = needs - set(entry)
        if missing:
            raise ForestallError(f"{file}: an entry of {key} lacks {', '.join(sorted(missing))}: {entry.get('slug')}")
    return entries


@dataclass(frozen=True)
class Criterion:
    """One thing that makes a plan good. ``check``: the name of what looks for it; ``raises``: what would meet it."""

    slug: str
    stage: str
    check: str
    text: Message
    raises: Message


@dataclass(frozen=True)
class Rubric:
    """``about``: what the score says and what it does not."""

    version: str
    about: Message
    criteria: tuple[Criterion, ...]


@functools.cache
def rubric() -> Rubric:
    """How good a plan is, as everyone may read it."""
    data, file = load("plan/rubric"), str(path("plan/rubric"))
    entries = _entries(file, data, "criteria", {"slug", "stage", "check", "text", "raises"})
    known = {s.slug for s in stages()}
    for e in entries:
        if e["stage"] not in known:
            raise ForestallError(
                f"{file}: criterion {e['slug']!r} names the stage {e['stage']!r}, which is not in the list"
            )
    made = tuple(Criterion(e["slug"], e["stage"], e["check"], e["text"], e["raises"]) for e in entries)
    return Rubric(str(data["version"]), data["about"], made)
