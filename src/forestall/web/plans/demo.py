"""The demo's plans: what the people of the fictional force have done already, by the same actions as everybody's.

The content is ``catalogue/demo/plans.yaml``. Each step is taken by one of the demo's accounts. Between steps time passes,
the only thing that no action can do: the plan's own dates are moved back. The log keeps when everything really was written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone

from forestall import catalogue
from forestall.errors import ForestallError
from forestall.results import Signal
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.plans import (
    actions,
    analysis_actions,
    oversight_actions,
    people_actions,
    response_actions,
    seed,
    task_actions,
    triage_actions,
)
from forestall.web.plans.models import Answer, Plan, Response, Task
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.seed import Seed
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned
from forestall.web.work.models import Notice

FILE = "demo/plans"


def make(scan: Pinned, trail: Trail) -> int:
    """Makes the plans and decisions of the file; returns how many plans. One whose signal this scan lacks is left out."""
    content = catalogue.load(FILE)
    people = {u.username: u for u in User.objects.filter(is_demo=True).select_related("organisation", "unit")}
    n = 0
    for told in content["plans"]:
        person = people[told["by"]]
        begins = _begins(scan, person, told)
        if begins is None:
            continue
        made = actions.start_plan(
            seed=begins, scan=scan, weight=told["weight"], language="en", duplicates=[], trail=trail.by(person)
        )
        helper = people.get(told.get("supervisor", ""))
        if helper is not None:
            people_actions.name_helpers(key=made.key, deputy=None, supervisor=helper, trail=trail.by(person))
        story = Story(made, people, trail)
        for step in told["steps"]:
            story.take(step)
        n += 1
    for told in content["signals"]:
        _decide(scan, people[told["by"]], told, trail)
    return n


def _begins(scan: Pinned, person: User, told: Mapping[str, Any]) -> Seed | None:
    if "place" in told:
        areas = person.unit.areas if person.unit else []
        return seed.from_place(scan, areas[0], told["place"]) if areas else None
    found = _first(scan, person, told["from"])
    return seed.from_signal(scan, found) if found else None


def _first(scan: Pinned, person: User, wanted: Mapping[str, Any]) -> Signal | None:
    """The first signal that fits, of those that the person sees."""
    for s in signals.visible(person, scan):
        if (s.kind, s.category) == (wanted["kind"], wanted["category"]) and len(s.areas) <= wanted["areas"]:
            return s
    return None


def _decide(scan: Pinned, person: User, told: Mapping[str, Any], trail: Trail) -> None:
    s = _first(scan, person, told["from"])
    if s is None:
        return
    if "dismiss" in told:
        triage_actions.dismiss_signal(scan=scan, signal_id=s.id, reason=told["dismiss"], trail=trail.by(person))
    else:
        triage_actions.watch_signal(scan=scan, signal_id=s.id, trail=trail.by(person))


@dataclass
class Story:
    """One plan and what is done with it, step by step."""

    plan: Plan
    people: Mapping[str, User]
    trail: Trail

    def take(self, step: Mapping[str, Any]) -> None:
        """Takes a step; :class:`ForestallError` names one that the file spells wrongly or the plan's rules refuse."""
        name = next((n for n in STEPS if n in step), None)
        if name is None:
            raise ForestallError(
                f"{catalogue.path(FILE)}: no step is called {', '.join(step)}: use one of {', '.join(STEPS)}"
            )
        who = self.people[step["by"]] if "by" in step else self.plan.owner
        try:
            STEPS[name](self, step, self.trail.by(who))
        except RefusedError as refused:
            raise ForestallError(
                f"{catalogue.path(FILE)}: the step {name} of “{self.plan.title}” is refused: {refused}; mend the step"
            ) from refused

    @property
    def key(self) -> str:
        return self.plan.key

    def organisation(self, account: str) -> Organisation:
        """The organisation of an account; the council's account is the partner's."""
        found = self.people["partner" if account == "council" else account].organisation
        assert found is not None
        return found


def day(value: str) -> str:
    """``@+30``: a day that many days from today, in ISO's form; anything else as it stands."""
    if not value.startswith("@"):
        return value
    return (timezone.localdate() + dt.timedelta(days=int(value[1:]))).isoformat()


def date(value: str) -> dt.date:
    return dt.date.fromisoformat(day(value))


def _days(story: Story, step: Mapping[str, Any], trail: Trail) -> None:  # noqa: ARG001 - nobody acts
    let_pass(story.plan, int(step["days"]))


def _answers(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    for question, said in step["answers"].items():
        stands = Answer.objects.filter(plan=story.plan, question=question, current=True).first()
        said = {True: "yes", False: "no"}.get(said, said) if isinstance(said, bool) else said
        raw = said if isinstance(said, list) else [day(str(said))]
        base = stands.revision if stands else 0
        actions.answer(key=story.key, question=question, raw=raw, base=base, trail=trail)


def _idea(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    analysis_actions.keep_hypothesis(key=story.key, number=None, base=0, was={}, sent=step["idea"], trail=trail)


def _response(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    said = dict(step["response"])
    if "organisation" in said:
        said["organisation"] = str(story.organisation(said["organisation"]).pk)
    if "owner" in said:
        said["owner"] = str(story.people[said["owner"]].pk)
    said["due"] = day(said["due"])
    response_actions.keep_response(key=story.key, number=None, base=0, was={}, sent=said, trail=trail)


def _find_out(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    said = step["find-out"]
    task_actions.ask_task(
        key=story.key, title=said["title"], organisation=story.organisation(said["organisation"]), due=date(said["due"]),
        asks=Task.Asks.FIND_OUT, trail=trail,
    )  # fmt: skip


def _finish(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    person = story.people[step["finish"]]
    trail = trail.by(person)
    for t in Task.objects.filter(plan=story.plan, organisation=person.organisation).order_by("pk"):
        task_actions.accept_task(key=t.key, trail=trail)
        task_actions.finish_task(key=t.key, outcome=step["outcome"], trail=trail)


def _share(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    said = step["share"]
    people_actions.share_plan(
        key=story.key, organisation=story.organisation(said["with"]), purpose=said["purpose"], basis=said["basis"],
        agreement=Agreement.objects.get(reference=said["agreement"]), until=date(said["until"]), trail=trail,
    )  # fmt: skip


def _move(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    detail = {k: step[k] for k in ("local_to_global", "global_to_local") if k in step}
    actions.move(key=story.key, move=step["move"], reason=step.get("reason", ""), detail=detail, trail=trail)


def _help(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    people_actions.ask_for_help(key=story.key, trail=trail, **step["help"])


def _level(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    people_actions.propose_level(key=story.key, level=int(step["level"]["to"]), reason=step["level"]["reason"], trail=trail)


def _handover(story: Story, step: Mapping[str, Any], trail: Trail) -> None:
    people_actions.offer_handover(key=story.key, taker=story.people[step["handover"]], note=step["note"], trail=trail)


def _publish(story: Story, step: Mapping[str, Any], trail: Trail) -> None:  # noqa: ARG001 - there is nothing to say
    oversight_actions.publish_plan(key=story.key, trail=trail)


STEPS: dict[str, Callable[[Story, Mapping[str, Any], Trail], None]] = {
    "days": _days, "answers": _answers, "idea": _idea, "response": _response, "find-out": _find_out, "finish": _finish,
    "share": _share, "move": _move, "help": _help, "level": _level, "handover": _handover, "publish": _publish,
}  # fmt: skip


def let_pass(plan: Plan, days: int) -> None:
    """Lets days pass for a plan: every time in it, and every day by which something is due, moves back."""
    ago = dt.timedelta(days=days)
    moved: list[tuple[models.QuerySet[Any], type[models.Model]]] = [(Plan.objects.filter(pk=plan.pk), Plan)]
    moved += [
        (r.related_model.objects.filter(plan=plan), r.related_model)
        for r in Plan._meta.related_objects
        if r.field.name == "plan" and r.related_model._meta.app_label in ("plans", "library", "assessing")
    ]
    moved.append((Notice.objects.filter(reference=plan.key), Notice))
    for rows, model in moved:
        times = [f.name for f in model._meta.fields if isinstance(f, models.DateTimeField)]
        times += ["due"] if model in (Task, Response) else []
        if times:
            rows.update(**{name: F(name) - ago for name in times})
