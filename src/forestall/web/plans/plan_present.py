"""A plan in a reader's words: states, stages, questions with what stands in them, and where each thing is put right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg, msg_n
from forestall.web.jinja import language
from forestall.web.plans import values
from forestall.web.plans.desk import Desk
from forestall.web.plans.models import Answer, Draft, Plan
from forestall.web.plans.progress import Obstacle, Progress
from forestall.web.plans.rules import needs_reason

WEIGHT = {"quick": msg("Quick plan"), "standard": msg("Standard plan"), "full": msg("Full plan")}
STANDING = {
    "later": msg("Later"),
    "not-started": msg("Not started"),
    "done": msg("Done"),
}
HYPOTHESIS = {"open": msg("Open"), "kept": msg("Kept"), "dropped": msg("Dropped")}
RESPONSE = {"planned": msg("Planned"), "under-way": msg("Under way"), "done": msg("Done"), "stopped": msg("Stopped")}
TASK = {
    "asked": msg("Asked"),
    "accepted": msg("Accepted"),
    "done": msg("Done"),
    "declined": msg("Declined"),
    "cancelled": msg("Cancelled"),
}


#: What each step means for the plan, said before it is taken.
MEANS = {
    "submit": msg("Somebody who may agree to plans, and does not own this one, is asked to agree. You can work on."),
    "agree": msg("The plan goes into analysis. You put your name to it: two questions are asked at each tasking decision."),
    "return": msg("The plan goes back to its owner as a draft, with what you say."),
    "respond": msg(
        "The response begins. From now on the outcome, its date and the comparison stand: a change takes a reason."
    ),
    "act-now": msg(
        "The response begins at once, because somebody is at risk or it can't wait. The design must be settled within "
        "{n:count} days; until then, and if it is late, the plan says so.",
        n=14,
    ),
    "settle": msg("The outcome, its date and the comparison stand from now on; changing them takes a reason."),
    "look-again": msg("The plan goes back to analysis. What was done and answered stays."),
    "assess": msg("The response is over or far enough: now it is looked at whether it worked."),
    "respond-again": msg("The plan goes back to its response. What was answered stays."),
    "ask-to-close": msg("Somebody who may agree to plans, and does not own this one, is asked to close it."),
    "close": msg("The plan is closed. Its lessons stay to be found, and it is looked at again on the day that it names."),
    "not-yet": msg("The plan goes back to assessment, with what you say."),
    "reopen": msg("The plan goes back to analysis. What was answered stays."),
    "route-investigation": msg("Investigators take it, and the plan ends here. It stays to be found."),
    "route-incident": msg("It is handled as one incident, and the plan ends here. It stays to be found."),
    "join": msg("The other plan carries the problem on. This one ends here and points to it."),
    "withdraw": msg("The plan ends here. It stays to be found."),
}
TASKING = (
    ("local_to_global", msg("What does this plan do for the force's and the national priorities?")),
    ("global_to_local", msg("What can the force or a national programme do for this plan?")),
)
#: Characters of a line in a box of text, and how many lines it shows.
WIDTH, LEAST_ROWS, MOST_ROWS = 42, 3, 12
SIDES = (
    ("place", msg("Place"), msg("looked after by a manager")),
    ("victim", msg("Victim or target"), msg("protected by a guardian")),
    ("offender", msg("Offender"), msg("influenced by a handler")),
)


def cited(source: Mapping[str, Any]) -> Message:
    """Where something that was filled in comes from."""
    return Message.from_json(source)


def status(p: Progress) -> Message:
    """How far a stage has come, in words; for a partner, how much of it they may see."""
    if p.standing == "shared":
        return msg_n("{n:count} answer shared", "{n:count} answers shared", n=p.answered)
    return STANDING.get(p.standing) or msg("{done:count} of {of:count}", done=p.done, of=p.of)


def filled(p: Progress, plan: Plan) -> Message | None:
    """Whether the system filled a stage in, so that nobody types it again."""
    if not p.filled:
        return None
    signal = plan.origin == "signal"
    if p.filled == p.answered:
        return msg("filled from the signal") if signal else msg("filled from what is known")
    return (
        msg("{n:count} of {of:count} answers filled from the signal", n=p.filled, of=p.answered)
        if signal
        else msg("{n:count} of {of:count} answers filled from what is known", n=p.filled, of=p.answered)
    )


def urgent(plan: Plan) -> Message | None:
    """What an urgent plan owes: its design, by when, and whether that is late."""
    due = plan.design_due
    if due is None:
        return None
    day = values.day_shown(due, language())
    if plan.fixed_at is None:
        late = plan.design_late()
        return (
            msg("Urgent: its design is late, due {day}", day=day)
            if late
            else msg("Urgent: its design is due {day}", day=day)
        )
    return (
        msg("Urgent: its design was settled late, after {day}", day=day)
        if plan.design_late()
        else msg("Urgent: its design was settled in time")
    )


def address(desk: Desk, o: Obstacle) -> str:
    """Where an obstacle is put right; '' where no page does it."""
    key = desk.plan.key
    match o.place:
        case "question" if o.slug:
            return reverse("plan-question", args=[key, catalogue.questions()[o.slug].stage, o.slug])
        case "stage":
            return reverse("plan-stage", args=[key, o.slug])
        case "idea":
            return reverse("plan-hypothesis-new", args=[key])
        case "response":
            return reverse("plan-response", args=[key, o.slug]) if o.slug else reverse("plan-response-new", args=[key])
        case "people":
            return reverse("plan-people", args=[key])
        case "evaluation":
            return reverse("plan-evaluation", args=[key])
        case "tasks":
            return reverse("plan-tasks", args=[key])
    return ""


def form_value(q: catalogue.Question, value: Any) -> list[str]:
    """An answer as a form holds it."""
    if values.is_empty(value):
        return []
    if q.kind == "choices":
        return [str(v) for v in value]
    if q.kind == "date":
        day = dt.date.fromisoformat(value)
        return [f"{day.day}/{day.month}/{day.year}"]
    return [f"{value:g}"] if q.kind in ("number", "percent") and abs(value) < 1e6 else [str(value)]


@dataclass(frozen=True)
class Asked:
    """A question with what its form holds. ``raw``: as sent or as it stands. ``base``: the revision that was seen."""

    question: catalogue.Question
    answer: Answer | None
    raw: Sequence[str]
    base: int
    draft: Draft | None = None
    error: Message | None = None
    reason: str = ""
    reason_error: Message | None = None
    fixed: bool = False

    @property
    def text(self) -> str:
        return self.raw[-1] if self.raw else ""

    @property
    def rows(self) -> int:
        """Lines that a box needs to show the text, within reason."""
        lines = sum(1 + len(line) // WIDTH for line in self.text.split("\n"))
        return min(max(lines, LEAST_ROWS), MOST_ROWS)

    @property
    def answered(self) -> bool:
        return self.answer is not None and not values.is_empty(self.answer.value)

    @property
    def shown(self) -> str:
        return values.shown(self.question, self.answer.value, language()) if self.answer else ""

    @property
    def differs(self) -> bool:
        """Whether somebody else answered after the draft was begun."""
        return self.draft is not None and self.draft.base != (self.answer.revision if self.answer else 0)

    @property
    def draft_shown(self) -> str:
        return ", ".join(str(self.question.title_of(v)) for v in draft_raw(self.draft))

    @property
    def shared(self) -> bool:
        return self.answer.shared if self.answer else self.question.shared


def draft_raw(draft: Draft | None) -> list[str]:
    """What a draft holds, as a form sends it."""
    return [] if draft is None else values.typed(draft.value)


def asked(
    desk: Desk,
    questions: Sequence[catalogue.Question],
    *,
    use: Sequence[str] = (),
    sent: Mapping[str, Any] | None = None,
    errors: Mapping[str, Message] | None = None,
    reasons: Mapping[str, Message] | None = None,
) -> list[Asked]:
    """Questions with what stands in them. ``use``: those to be shown with their draft. ``sent``: a form that came back."""
    out, errors, reasons = [], errors or {}, reasons or {}
    for q in questions:
        answer = desk.answers.get(q.slug)
        draft = desk.drafts.get(q.slug) if desk.writes else None
        if draft is not None and answer is not None and draft_raw(draft) == form_value(q, answer.value):
            draft = None
        raw, base, reason = form_value(q, answer.value if answer else None), answer.revision if answer else 0, ""
        if draft is not None and q.slug in use:
            raw, base, draft = draft_raw(draft), draft.base, None
        if sent is not None and q.slug in sent:
            raw, base, reason = sent[q.slug].raw, sent[q.slug].base, sent[q.slug].reason
        out.append(
            Asked(q, answer, raw, base, draft, errors.get(q.slug), reason, reasons.get(q.slug),
                  needs_reason(desk.plan, q, answer))
        )  # fmt: skip
    return out


def cheers_failed(desk: Desk) -> list[catalogue.Question]:
    """The questions of the CHEERS test that were answered with no."""
    found = desk.answers
    return [
        q for q in catalogue.stage("scanning").questions if q.cheers and q.slug in found and found[q.slug].value == "no"
    ]
