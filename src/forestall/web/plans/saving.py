"""How the answers of a form are kept: only what was changed, nothing over what somebody else wrote meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.plans import answering, values
from forestall.web.plans.models import Answer, Draft, Plan
from forestall.web.plans.rules import ConflictError, asked, needs_reason, touch

TAKES_REASON = msg("This was settled before the response began: say why it must change now")


@dataclass(frozen=True)
class Sent:
    """One question as a form sent it. ``base``: the revision that the person saw. ``shared``: None leaves it as it is."""

    raw: Sequence[str]
    base: int
    reason: str = ""
    shared: bool | None = None


class UnansweredError(Exception):
    """Something that was typed is no answer; nothing was saved. ``errors`` and ``reasons`` say why, by question."""

    def __init__(self, errors: Mapping[str, Message], reasons: Mapping[str, Message]) -> None:
        super().__init__("; ".join(str(m) for m in (*errors.values(), *reasons.values())))
        self.errors, self.reasons = errors, reasons


@dataclass
class Saved:
    """``changed``: questions that have a new answer. ``conflicts``: those that somebody else answered meanwhile; what this
    person typed is kept as a draft, and they choose."""

    plan: Plan
    changed: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def save_all(plan: Plan, sent: Mapping[str, Sent], trail: Trail) -> Saved:
    """Keeps the answers that say something else than what the person saw, inside an action that has locked the plan; all,
    or none where one is no answer. :class:`UnansweredError` says why."""
    rows = Answer.objects.filter(plan=plan, question__in=list(sent)).select_related("by")
    revisions = {(a.question, a.revision): a for a in rows}
    stands = {a.question: a for a in revisions.values() if a.current}
    cleaned, errors, reasons = {}, {}, {}
    for slug, one in sent.items():
        q = asked(plan, slug)
        try:
            value = values.clean(q, one.raw)
        except values.InvalidAnswer as invalid:
            errors[slug] = invalid.words
            continue
        if not _changed(one, value, revisions.get((slug, one.base)), stands.get(slug)):
            continue
        if needs_reason(plan, q, stands.get(slug)) and not values.clean_text(one.reason):
            reasons[slug] = TAKES_REASON
        cleaned[slug] = value
    if errors or reasons:
        raise UnansweredError(errors, reasons)
    saved = Saved(plan)
    for slug in cleaned:
        one, q = sent[slug], catalogue.questions()[slug]
        try:
            answering.keep(plan, q, cleaned[slug], one.base, trail, reason=one.reason, shared=one.shared)
            saved.changed.append(slug)
        except ConflictError:
            saved.conflicts.append(slug)
            answering.keep_typed(plan, q, one.raw, one.base, trail)
    if saved.changed:
        touch(plan)
    done = [s for s in sent if s not in saved.conflicts]
    Draft.objects.filter(plan=plan, user=trail.actor, question__in=done).delete()
    return saved


def _changed(one: Sent, value: Any, seen: Answer | None, stands: Answer | None) -> bool:
    """Whether a person changed what they saw; who left a field alone overwrites nobody."""
    before = None if seen is None or values.is_empty(seen.value) else seen.value
    shared = seen.shared if seen is not None else None
    return before != value or (one.shared is not None and stands is not None and one.shared != shared)
