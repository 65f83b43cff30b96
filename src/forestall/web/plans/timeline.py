"""What happened on a plan, newest first: its start, moves, answers, ideas and responses with what they said before, tasks,
handovers and levels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg, msg_n
from forestall.web.plans import ideas, responses
from forestall.web.plans.desk import Desk
from forestall.web.plans.models import Answer, Earlier, Handover, Hypothesis, LevelChange, Move, Task

#: Events on a page. Answers that one person saved within this many seconds are one event.
SIZE, TOGETHER = 40, 60
WRITTEN = msg("An idea why it goes on was written down")
#: Fields of ideas and responses that hold words or numbers, and no choice of a list.
IN_WORDS = frozenset((*ideas.LONG, *responses.LONG, *responses.NUMBERS, "dose_unit", "due"))


@dataclass(frozen=True)
class Happening:
    """``who``: a name. ``text``: what people wrote with it."""

    at: dt.datetime
    title: Message
    who: str
    text: Sequence[Message | str] = ()


@dataclass(frozen=True)
class History:
    """``before``: where the next, older page begins; '' where there is none."""

    happenings: tuple[Happening, ...]
    before: str


def history(desk: Desk, before: str = "", size: int = SIZE) -> History:
    """A page of a plan's history; a partner sees the steps of the plan and what is shared."""
    until = _moment(before)
    answers, floor = _answers(desk, until, size)
    parts = [_moves(desk, until, size), answers, _tasks(desk, until, size)]
    if not desk.partners_view:
        parts += [
            _ideas(desk, until, size),
            _changes(desk, until, size),
            _handovers(desk, until, size),
            _levels(desk, until, size),
        ]
    found = [h for part in parts for h in part if until is None or h.at < until]
    if until is None or desk.plan.made_at < until:
        found.append(Happening(desk.plan.made_at, msg("The plan began"), str(desk.plan.made_by)))
    found.sort(key=lambda h: h.at, reverse=True)
    shown = [
        h for i, h in enumerate(found) if (i < size or h.at == found[size - 1].at) and (floor is None or h.at >= floor)
    ]
    return History(tuple(shown), shown[-1].at.isoformat() if len(shown) < len(found) or floor else "")


def _newest(rows: QuerySet, field: str, until: dt.datetime | None, size: int) -> QuerySet:
    rows = rows.filter(**{f"{field}__lt": until}) if until else rows
    return rows.order_by(f"-{field}", "-id")[: size + 1]


def _moves(desk: Desk, until: dt.datetime | None, size: int) -> Iterator[Happening]:
    rows = Move.objects.filter(plan=desk.plan).select_related("by")
    for m in _newest(rows, "at", until, size):
        step, state = catalogue.moves().get(m.move), catalogue.states().get(m.target)
        title = msg(
            "{step}: the plan is now “{state}”", step=step.title if step else m.move, state=state.title if state else ""
        )
        said = [] if desk.partners_view else [m.reason, *m.detail.values()]
        yield Happening(m.at, title, str(m.by), [s for s in said if s])


def _answers(desk: Desk, until: dt.datetime | None, size: int) -> tuple[list[Happening], dt.datetime | None]:
    """Answers that one person saved together are one event; what the system filled in is its own. With them the time
    before which there are more that were not read; None where there are none."""
    rows = desk.cut(Answer.objects.filter(plan=desk.plan)).select_related("by").defer("value")
    read = list(_newest(rows, "at", until, 4 * size))
    groups: list[list[Answer]] = []
    for a in read:
        if groups and _together(groups[-1][-1], a):
            groups[-1].append(a)
        else:
            groups.append([a])
    return [_saved(g) for g in groups], groups[-1][0].at if len(read) > 4 * size else None


def _together(a: Answer, b: Answer) -> bool:
    near = (a.at - b.at).total_seconds() <= TOGETHER
    return near and a.by_id == b.by_id and (a.source is None) is (b.source is None)


def _saved(group: list[Answer]) -> Happening:
    known = catalogue.questions()
    first = group[0]
    asks = [known[a.question].asks for a in reversed(group) if a.question in known]
    reasons = [msg("Why it was changed: {reason}", reason=a.reason) for a in group if a.reason]
    if first.source is not None:
        title = msg_n(
            "{n:count} answer was filled in from what is known",
            "{n:count} answers were filled in from what is known",
            n=len(group),
        )
        return Happening(first.at, title, str(first.by), [])
    title = msg_n("{n:count} answer was saved", "{n:count} answers were saved", n=len(group))
    return Happening(first.at, title, str(first.by), [*asks, *reasons])


def _ideas(desk: Desk, until: dt.datetime | None, size: int) -> Iterator[Happening]:
    """Ideas as they were written down and not changed since; the first state of others is told from what was kept."""
    kept = Earlier.objects.filter(plan=desk.plan, kind=Earlier.Kind.IDEA)
    rows = Hypothesis.objects.filter(plan=desk.plan).exclude(pk__in=kept.values("number")).select_related("by")
    for h in _newest(rows, "at", until, size):
        yield Happening(h.at, WRITTEN, str(h.by), [h.text[:300]])


def _changes(desk: Desk, until: dt.datetime | None, size: int) -> Iterator[Happening]:
    """Ideas and responses that were changed, with what each said before in words and numbers; and of such ideas, when they
    were written down. One query: a row's newest event that belongs to the page or to an older one says where it stands."""
    rows = Earlier.objects.filter(plan=desk.plan).select_related("by", "changed_by")
    newest: Any = F("changed_at")
    if until:
        rows = rows.filter(Q(changed_at__lt=until) | Q(kind=Earlier.Kind.IDEA, revision=1, at__lt=until))
        newest = Case(When(changed_at__lt=until, then=F("changed_at")), default=F("at"))
    for e in rows.order_by(newest.desc(), "-id")[: size + 1]:
        idea = e.kind == Earlier.Kind.IDEA
        title = msg("An idea why it goes on was changed") if idea else msg("A response was changed")
        name, fields = ("text", ideas.FIELDS) if idea else ("action", responses.FIELDS)
        said: list[Message | str] = [] if name in e.changed else [e.fields[name][:300]]
        said += [_before(fields[n], e.fields[n]) if n in IN_WORDS else fields[n] for n in e.changed if n in fields]
        yield Happening(e.changed_at, title, str(e.changed_by), said)
        if idea and e.revision == 1:
            yield Happening(e.at, WRITTEN, str(e.by), [e.fields["text"][:300]])


def _before(asks: Message, words: str) -> Message:
    if not words:
        return msg("{asks} Before: nothing", asks=asks)
    return msg("{asks} Before: {words}", asks=asks, words=words[:300])


def _tasks(desk: Desk, until: dt.datetime | None, size: int) -> Iterator[Happening]:
    rows = desk.cut(Task.objects.filter(plan=desk.plan)).select_related("asked_by", "organisation", "owner")
    for t in _newest(rows, "asked_at", until, size):
        yield Happening(t.asked_at, msg("{who} was asked", who=t.organisation.title), str(t.asked_by), [t.title])
    for t in _newest(rows.filter(done_at__isnull=False), "done_at", until, size):
        title = msg("{who} has done what was asked", who=t.organisation.title)
        yield Happening(t.done_at, title, str(t.owner or ""), [t.title, *([t.outcome[:300]] if t.outcome else [])])


def _handovers(desk: Desk, until: dt.datetime | None, size: int) -> Iterator[Happening]:
    rows = Handover.objects.filter(plan=desk.plan).select_related("giver", "taker")
    for h in _newest(rows, "offered_at", until, size):
        if h.accepted_at:
            yield Happening(h.accepted_at, msg("{taker} took the plan over", taker=str(h.taker)), str(h.taker), [])
        offered = msg("The plan was offered to {taker}", taker=str(h.taker))
        yield Happening(h.offered_at, offered, str(h.giver), [h.note[:300]])


def _levels(desk: Desk, until: dt.datetime | None, size: int) -> Iterator[Happening]:
    rows = LevelChange.objects.filter(plan=desk.plan).select_related("by")
    for c in _newest(rows, "at", until, size):
        title = msg("Level {source} was proposed to become {target}", source=c.source, target=c.target)
        yield Happening(c.at, title, str(c.by), [c.reason[:300]])


def _moment(text: Any) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(text))
        return (moment if moment.tzinfo else timezone.make_aware(moment)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
