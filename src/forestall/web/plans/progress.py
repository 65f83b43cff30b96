"""How far each stage of a plan has come, and what stands in the way of its next step."""

from __future__ import annotations

from dataclasses import dataclass

from forestall.catalogue import plans as catalogue
from forestall.text import Message
from forestall.web.plans import gates
from forestall.web.plans.desk import Desk
from forestall.web.plans.values import is_empty


@dataclass(frozen=True)
class Progress:
    """``done`` of ``of`` things that the plan needs from a stage; ``answered`` questions, of them ``filled`` by the system
    and left as they were. ``later``: nothing is asked yet. ``shared``: what a partner may see was counted, which says
    nothing about the rest."""

    stage: catalogue.Stage
    done: int
    of: int
    answered: int
    filled: int
    later: bool
    shared: bool = False

    @property
    def standing(self) -> str:
        if self.shared:
            return "shared"
        if self.later:
            return "later"
        if self.done >= self.of:
            return "done" if self.of or self.answered else "not-started"
        return "part" if self.answered or self.done else "not-started"


@dataclass(frozen=True)
class Obstacle:
    """What is missing, and where it is put right: ``place`` is a kind of page, ``slug`` what it shows there."""

    words: Message
    place: str = ""
    slug: str = ""


def needed_now(desk: Desk, stage: catalogue.Stage) -> list[catalogue.Question]:
    """The questions of a stage without which the plan can't go on."""
    needed = [q for q in stage.questions if desk.plan.weight in q.needed]
    if desk.begun:
        after = gates.needed_after(stage.slug, desk.plan.weight)
        needed += [q for q in stage.questions if q.slug in after]
    return needed


def satisfied(desk: Desk, q: catalogue.Question) -> bool:
    """Whether a question has the answer that lets the plan go on."""
    found = desk.answers.get(q.slug)
    if found is None or is_empty(found.value):
        return False
    if q.cheers:
        return found.value == "yes"
    return not (q.slug.startswith("equality") and gates.is_bare(str(found.value)))


def progress(desk: Desk, stage: catalogue.Stage) -> Progress:
    """How far one stage has come."""
    needed = needed_now(desk, stage)
    done, of = sum(satisfied(desk, q) for q in needed), len(needed)
    if stage.slug == "analysis" and not desk.quick and not desk.partners_view:
        of += 1
        done += any(h.standing != "dropped" for h in desk.hypotheses)
    if stage.slug == "response":
        of += 1
        done += any(r.standing != "stopped" for r in desk.responses)
    given = [a for q in stage.questions if (a := desk.answers.get(q.slug)) and not is_empty(a.value)]
    later = not desk.begun and not of and all(q.after for q in stage.questions)
    return Progress(stage, done, of, len(given), sum(a.source is not None for a in given), later, desk.partners_view)


def next_move(desk: Desk) -> catalogue.Move | None:
    """The step that the plan is on its way to; None where it has arrived."""
    for step in catalogue.moves().values():
        forward = desk.plan.state in step.sources and not step.reason
        if forward and (step.slug != "settle" or needs_design(desk)):
            return step
    return None


def needs_design(desk: Desk) -> bool:
    return desk.plan.urgent_at is not None and desk.plan.fixed_at is None


def legal_moves(desk: Desk) -> list[catalogue.Move]:
    """The steps that the reader may take from where the plan stands."""
    found = [m for m in catalogue.moves().values() if desk.plan.state in m.sources and desk.rights.may(m)]
    return [m for m in found if m.slug != "settle" or needs_design(desk)]


#: Checks whose answer is given with the move itself.
WITH_THE_MOVE = frozenset({"tasking_questions"})
_STAGES = {"objective": "objective", "scanning": "scanning", "cheers": "scanning", "outcome": "assessment"}
_PLACES = {
    "analysis": ("idea", ""),
    "response": ("response", ""),
    "ethics": ("people", ""),
    "settled": ("stage", "assessment"),
    "no_open_tasks": ("tasks", ""),
    "evaluated": ("evaluation", ""),
}


def obstacles(desk: Desk, step: catalogue.Move) -> list[Obstacle]:
    """What keeps a plan from a step, beside what is said with the step itself."""
    out = []
    for name in step.checks:
        if name not in WITH_THE_MOVE:
            out += [_placed(desk, name, words) for words in gates.CHECKS[name](desk.sheet)]
    return out


def _placed(desk: Desk, check: str, words: Message) -> Obstacle:
    asks, response = words.params.get("question"), words.params.get("name")
    if isinstance(asks, Message):
        slug = next((q.slug for q in catalogue.questions().values() if q.asks.id == asks.id), "")
        return Obstacle(words, "question", slug)
    if response is not None:
        return Obstacle(words, "response", next((str(r.pk) for r in desk.responses if r.action[:60] == response), ""))
    if check in _STAGES:
        return Obstacle(words, "stage", _STAGES[check])
    return Obstacle(words, *_PLACES.get(check, ("", "")))
