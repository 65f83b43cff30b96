"""What the profile of a signal answers of a plan's analysis: the six questions, the triangle, and ideas with evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from forestall.catalogue import plans as catalogue
from forestall.results import Profile
from forestall.results.profile import Part, Side
from forestall.text import Message, msg
from forestall.web.plans.models import Answer, Hypothesis, Plan
from forestall.web.plans.values import LONGEST, is_empty

#: Ideas with these standings are worth writing down: something speaks for them.
WORTH = ("fits", "mixed")


@dataclass(frozen=True)
class Filled:
    """How many answers and ideas were filled in."""

    answers: int
    ideas: int


def cites(made: Profile) -> Message:
    """Where an answer of the profile comes from."""
    signal = made.subject.signal or ""
    return msg("From the profile of problem {signal}, snapshot {snapshot}", signal=signal, snapshot=made.snapshot[:8])


def texts(made: Profile, language: str) -> dict[str, str]:
    """What the profile says to each question that it fills, by the name of the filling."""
    found = {name: _part(part, language) for name, part in _parts(made)}
    found |= {f"triangle_{s.side}": _side(s, language) for s in made.triangle}
    return {name: text[: LONGEST["long"]] for name, text in found.items() if text}


def _parts(made: Profile) -> Iterator[tuple[str, Part]]:
    yield from (("what", made.what), ("where", made.where), ("when", made.when), ("who", made.who), ("how", made.how))


def _part(part: Part, language: str) -> str:
    """The part's sentences; '' where it only says that the records don't hold it."""
    known = [m for m in (part.headline, *part.facts) if m not in part.missing]
    return " ".join(m.render(language) for m in known)


def _side(side: Side, language: str) -> str:
    lines = [m.render(language) for m in side.records]
    if side.unknown:
        unknown = " ".join(m.render(language) for m in side.unknown)
        lines.append(msg("Not known yet: {what}", what=unknown).render(language))
    return "\n".join(lines)


def fill(plan: Plan, made: Profile, language: str, by: Any, now: dt.datetime) -> Filled:
    """Writes down what the profile knows, cited. What a person wrote stays, and so does an idea that is there already, were
    it dropped."""
    source, said = cites(made).to_json(), texts(made, language)
    asked = [q for q in catalogue.stage("analysis").asked(plan.weight) if q.fills in said]
    stands = {a.question: a for a in Answer.objects.filter(plan=plan, current=True, question__in=[q.slug for q in asked])}
    new, old = [], []
    for q in asked:
        before = stands.get(q.slug)
        if before is not None and ((before.source is None and not is_empty(before.value)) or before.value == said[q.fills]):
            continue
        if before is not None:
            old.append(before.pk)
        new.append(
            Answer(plan=plan, question=q.slug, revision=before.revision + 1 if before else 1, value=said[q.fills],
                   source=source, shared=before.shared if before else q.shared, by=by, at=now)
        )  # fmt: skip
    Answer.objects.filter(pk__in=old).update(current=False)
    Answer.objects.bulk_create(new)
    ideas = _ideas(plan, made, language, source, by, now) if plan.weight != "quick" else []
    Hypothesis.objects.bulk_create(ideas)
    return Filled(len(new), len(ideas))


def _ideas(plan: Plan, made: Profile, language: str, source: dict[str, Any], by: Any, now: dt.datetime) -> list[Hypothesis]:
    there = set(Hypothesis.objects.filter(plan=plan).values_list("rule", flat=True))

    def said(messages: Iterable[Message]) -> str:
        return "\n".join(m.render(language) for m in messages)

    return [
        Hypothesis(
            plan=plan, text=i.title.render(language), side=i.side, supports=said(i.evidence_for),
            contradicts=said(i.evidence_against), test=said([*i.unknown, i.test]), rule=i.slug, source=source,
            by=by, at=now,
        )
        for i in made.ideas
        if i.standing in WORTH and i.slug not in there
    ]  # fmt: skip
