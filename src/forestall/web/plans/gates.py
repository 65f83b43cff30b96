"""What must hold before a plan moves on: each check of ``plan/moves.yaml`` is a function here and says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.plans.models import Answer, Hypothesis, Plan, Referral, Response, Task

#: A bare word is no answer to whom something affects.
BARE = {"none", "no", "n/a", "na", "nil", "nobody", "no one", "nothing", "-", "dim", "neb", "na fydd", "dim byd", "nac oes"}
LEAST_WORDS = 4


@dataclass
class Sheet:
    """A plan with what hangs on it, each read once. ``detail``: what was said with the move."""

    plan: Plan
    detail: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def answers(self) -> dict[str, Answer]:
        return {a.question: a for a in self.plan.answers.all() if a.current}

    @cached_property
    def responses(self) -> list[Response]:
        return list(self.plan.responses.all())

    @cached_property
    def hypotheses(self) -> list[Hypothesis]:
        return list(self.plan.hypotheses.all())

    @cached_property
    def tasks(self) -> list[Task]:
        return list(self.plan.tasks.all())

    @cached_property
    def referrals(self) -> list[Referral]:
        return list(self.plan.referrals.all())

    def value(self, slug: str) -> Any:
        found = self.answers.get(slug)
        return found.value if found else None

    def missing(self, stage: str) -> list[catalogue.Question]:
        """The questions of a stage that this plan needs answered and that are not."""
        return [
            q
            for q in catalogue.stage(stage).questions
            if self.plan.weight in q.needed and self.value(q.slug) in (None, "", [])
        ]


Check = Callable[[Sheet], list[Message]]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def obstacles(move: catalogue.Move, sheet: Sheet) -> list[Message]:
    """What stands in the way of a move; [] where nothing does."""
    return [words for name in move.checks for words in CHECKS[name](sheet)]


def _stage(sheet: Sheet, stage: str) -> list[Message]:
    title = catalogue.stage(stage).title
    return [msg("{stage}: {question}", stage=title, question=q.asks) for q in sheet.missing(stage)]


@check
def objective(sheet: Sheet) -> list[Message]:
    return _stage(sheet, "objective")


@check
def scanning(sheet: Sheet) -> list[Message]:
    return [m for m, q in zip(_stage(sheet, "scanning"), sheet.missing("scanning"), strict=True) if not q.cheers]


@check
def cheers(sheet: Sheet) -> list[Message]:
    """All six of CHEERS hold: else it is no problem of this kind."""
    found = []
    for q in catalogue.stage("scanning").questions:
        value = sheet.value(q.slug) if q.cheers else "yes"
        if value == "no":
            found.append(msg("{question} No: send it to investigation, or handle it as a single incident", question=q.asks))
        elif value != "yes":
            found.append(msg("Scanning: {question}", question=q.asks))
    return found


@check
def duplicates_seen(sheet: Sheet) -> list[Message]:
    if "duplicates" in sheet.plan.seed:
        return []
    return [msg("Look first whether there is a plan for this problem already")]


@check
def tasking_questions(sheet: Sheet) -> list[Message]:
    """Does each level help the other?"""
    found = []
    if not str(sheet.detail.get("local_to_global") or "").strip():
        found.append(msg("Say what this plan does for the force's and the national priorities"))
    if not str(sheet.detail.get("global_to_local") or "").strip():
        found.append(msg("Say what the force or a national programme can do for this plan"))
    return found


@check
def analysis(sheet: Sheet) -> list[Message]:
    found = _stage(sheet, "analysis")
    if sheet.plan.weight != "quick" and all(h.standing == "dropped" for h in sheet.hypotheses):
        found.append(msg("Analysis: write down at least one idea why it goes on, with what speaks for and against it"))
    return found


@check
def response(sheet: Sheet) -> list[Message]:
    """There is a response, and each has an owner, a date and the evidence that it rests on."""
    live = [r for r in sheet.responses if r.standing != Response.Standing.STOPPED]
    found = [] if live else [msg("Response: plan at least one")]
    for r in live:
        name = r.action[:60]
        if not (r.owner_id or r.organisation_id):
            found.append(msg("Response “{name}”: who owns it?", name=name))
        if r.due is None:
            found.append(msg("Response “{name}”: by when?", name=name))
        if not r.mechanism.strip():
            found.append(msg("Response “{name}”: how is it meant to work?", name=name))
        if not r.practice and not r.trial:
            found.append(msg("Response “{name}”: cite a practice of the library, or mark it as a trial", name=name))
    return found


@check
def equality(sheet: Sheet) -> list[Message]:
    """Whom it affects and how one knows: a bare "none" is refused."""
    found = []
    for slug in ("equality-who", "equality-how"):
        q = catalogue.questions()[slug]
        value = str(sheet.value(slug) or "")
        if not value:
            found.append(msg("Response: {question}", question=q.asks))
        elif is_bare(value):
            found.append(
                msg("{question} A bare “{value}” is no answer: say of whom, and how you know", question=q.asks, value=value)
            )
    return found


def is_bare(value: str) -> bool:
    """Whether words say no more than "none"."""
    words = value.strip().strip(".!").lower()
    return words in BARE or len(words.split()) < LEAST_WORDS


@check
def ethics(sheet: Sheet) -> list[Message]:
    """A plan about people has asked the ethics body, and it said yes."""
    if not sheet.plan.about_people:
        return []
    if any(r.allowed for r in sheet.referrals):
        return []
    if any(r.allowed is None for r in sheet.referrals):
        return [msg("The ethics body has not answered yet")]
    return [msg("This plan is about people: refer it to the ethics body first")]


@check
def outcome(sheet: Sheet) -> list[Message]:
    return _stage(sheet, "assessment")


@check
def urgent(sheet: Sheet) -> list[Message]:
    if sheet.plan.urgent_at and not sheet.plan.fixed_at:
        return []
    return [msg("Only an urgent response has its design settled afterwards")]


@check
def settled(sheet: Sheet) -> list[Message]:
    return [] if sheet.plan.fixed_at else [msg("Settle the design first: outcome, date and comparison")]


def needed_after(stage: str, weight: str) -> tuple[str, ...]:
    """The questions that must be answered before a plan closes, which are asked once its response has begun."""
    if stage == "assessment":
        return ("delivered", "found", "residents", "verdict") if weight == "quick" else ("delivered", "found", "verdict")
    return ("lessons", "maintenance", "next-review") if stage == "closure" else ()


@check
def assessed(sheet: Sheet) -> list[Message]:
    return _needed_now(sheet, needed_after("assessment", sheet.plan.weight))


@check
def lessons(sheet: Sheet) -> list[Message]:
    return _needed_now(sheet, needed_after("closure", sheet.plan.weight))


@check
def no_open_tasks(sheet: Sheet) -> list[Message]:
    return [
        msg("Task “{title}” is still open: have it finished or cancel it", title=t.title) for t in sheet.tasks if t.open
    ]


def _needed_now(sheet: Sheet, slugs: tuple[str, ...]) -> list[Message]:
    questions = catalogue.questions()
    titles = {s.slug: s.title for s in catalogue.stages()}
    return [
        msg("{stage}: {question}", stage=titles[questions[s].stage], question=questions[s].asks)
        for s in slugs
        if sheet.value(s) in (None, "", [])
    ]
