"""Saving several answers of a plan at once, and what a person typed but did not save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forestall.text import Message, msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import answering, responding, values
from forestall.web.plans.models import Draft
from forestall.web.plans.rules import RefusedError, asked, held
from forestall.web.plans.saving import Saved, Sent, UnansweredError, save_all


@action(Permission.WORK_ON_PLANS)
def answer_stage(*, key: str, sent: Mapping[str, Sent], trail: Trail) -> Saved:
    """Keeps the answers of a form that say something else than what the person saw; all, or none where one is no answer."""
    plan = held(key, trail)
    return save_all(plan, sent, trail)


@action(Permission.WORK_ON_PLANS)
def save_quick(*, key: str, sent: Mapping[str, Sent], response: Mapping[str, str] | None, trail: Trail) -> Saved:
    """Keeps one of the two screens of a quick plan: its answers, and a first response where one was written; all or
    nothing. The names of a response's errors begin with ``r-``."""
    plan = held(key, trail)
    errors: dict[str, Message] = {}
    reasons: dict[str, Message] = {}
    saved = Saved(plan)
    try:
        saved = save_all(plan, sent, trail)
    except UnansweredError as unanswered:
        errors, reasons = dict(unanswered.errors), dict(unanswered.reasons)
    if response is not None and (response.get("action") or response.get("mechanism")):
        try:
            responding.keep(plan, None, 0, {}, response, trail)
        except UnansweredError as unanswered:
            errors |= {f"r-{name}": words for name, words in unanswered.errors.items()}
    if errors or reasons:
        raise UnansweredError(errors, reasons)
    return saved


@action(Permission.WORK_ON_PLANS)
def drop_draft(*, key: str, question: str, trail: Trail) -> None:
    """Throws away what a person typed and did not save."""
    plan = held(key, trail)
    gone, _ = Draft.objects.filter(plan=plan, user=trail.actor, question=question).delete()
    if gone:
        trail.record(Operation.ERASURE, "drop-draft", plan.record, {"question": question})


@action(Permission.WORK_ON_PLANS)
def merge_answer(
    *, key: str, question: str, choice: str, raw: Sequence[str], base: int, trail: Trail, reason: str = ""
) -> bool:
    """Settles which of two answers stands. ``choice``: ``theirs``, ``mine`` (the draft) or ``both`` (``raw``, joined by
    hand). ``base``: the revision that was shown as theirs. False where yet another came meanwhile: what was chosen is then
    the draft, to be looked at again."""
    plan = held(key, trail)
    q = asked(plan, question)
    draft = Draft.objects.filter(plan=plan, user=trail.actor, question=question).first()
    if choice == "theirs":
        Draft.objects.filter(plan=plan, user=trail.actor, question=question).delete()
        trail.record(Operation.ALTERATION, "merge-answer", plan.record, {"question": question, "choice": choice})
        return True
    if choice not in ("mine", "both") or (choice == "mine" and draft is None):
        raise RefusedError(msg("Choose which of the two stands"))
    if choice == "mine":
        raw = values.typed(draft.value)
    saved = save_all(plan, {question: Sent(raw, base, reason)}, trail)
    if saved.conflicts:
        answering.keep_typed(plan, q, raw, base, trail)
    trail.record(Operation.ALTERATION, "merge-answer", plan.record, {"question": question, "choice": choice})
    return not saved.conflicts
