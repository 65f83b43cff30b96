"""An officer's ward since Monday, and a council's desk: what each must know at the start of a week, on one page."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone

from forestall import catalogue
from forestall.records.store import Store
from forestall.results import Signal
from forestall.text import Message, Name, msg, msg_n
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors, triage
from forestall.web.plans.models import OPEN_TASKS, Plan, PlanArea, Task, Triage
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned

#: Tasks that are due within as many days stand on the page.
AHEAD = 14
#: As many of a kind stand on a council's desk.
LISTED = 25


@dataclass(frozen=True)
class Line:
    """Records of a category: in the week (or month), and in an average one of the year before."""

    title: Message
    police: bool
    now: int
    usual: float


@dataclass(frozen=True)
class Ward:
    """``since``, ``until``: the days counted; where the records know only months, ``month`` is the one counted."""

    name: Name
    code: str
    since: dt.date | None
    until: dt.date | None
    month: str
    lines: tuple[Line, ...]
    problems: tuple[Signal, ...]
    decisions: dict[str, Triage]
    plans: tuple[Plan, ...]
    tasks: tuple[Task, ...]

    @property
    def named(self) -> tuple[Plan, ...]:
        """Every plan that the page names or has a task of."""
        return (*self.plans, *(t.plan for t in self.tasks))

    @property
    def total(self) -> int:
        return sum(line.now for line in self.lines)

    @property
    def headline(self) -> Message:
        """The sentence that the page opens with."""
        n = msg_n("{n:count} record", "{n:count} records", n=self.total)
        problems = msg_n("{n:count} problem", "{n:count} problems", n=len(self.problems))
        plans = msg_n("{n:count} open plan", "{n:count} open plans", n=len(self.plans))
        tasks = msg_n("{n:count} task of yours", "{n:count} tasks of yours", n=len(self.tasks))
        return msg("{place}: {records}, {problems}, {plans}, {tasks}", place=self.name, records=n, problems=problems,
                   plans=plans, tasks=tasks)  # fmt: skip


def wards(user: User, scan: Pinned) -> list[tuple[str, Name]]:
    """The places that a person may have on the page: of their role or unit; every ward where the role is everywhere."""
    own = user.areas(Permission.SEE_SIGNALS)
    if own is None and user.unit is not None and user.unit.areas:
        own = frozenset(user.unit.areas)
    if own is None:
        level = next((n for n in ("ward", "msoa") if n in scan.places.levels), "lsoa")
        own = frozenset(c for c in ((scan.places.parent(a, level) if level != "lsoa" else a) for a in scan.areas) if c)
    named = [(c, Name(scan.places.name(c), scan.places.name(c, "cy"))) for c in own]
    return sorted(named, key=lambda p: p[1].en)


def ward(user: User, scan: Pinned, code: str) -> Ward:
    """The page of one place."""
    areas = _areas(scan, code)
    since, until, month, lines = counted(scan, code)
    problems = tuple(s for s in signals.visible(user, scan) if s.kind != "force-wide" and set(s.areas) & set(areas))
    decisions = triage.decisions(user, problems)
    problems = tuple(s for s in problems if not triage.set_aside(decisions.get(s.id), s))[:8]
    there = PlanArea.objects.filter(code__in=areas, own=True).values("plan")
    plans = selectors.visible(user).filter(pk__in=there, closed_at=None).select_related("owner")
    return Ward(
        Name(scan.places.name(code), scan.places.name(code, "cy")), code, since, until, month, lines, problems, decisions,
        tuple(plans[:8]), tuple(own_tasks(user)[:8]),
    )  # fmt: skip


def _areas(scan: Pinned, code: str) -> tuple[str, ...]:
    known = set(scan.areas)
    return tuple(a for a in scan.places.within(code) if a in known) or (code,)


Counted = tuple[dt.date | None, dt.date | None, str, tuple[Line, ...]]


def counted(scan: Pinned, code: str) -> Counted:
    """What was recorded in a place: the days or the month counted, and a line a category. A page asks before its
    transaction begins, so that nobody waits for a lock meanwhile."""
    rows = year(scan)
    here = rows.filter(pc.is_in(rows["lsoa"], pa.array(_areas(scan, code))))
    return _week(here, scan.until) if scan.days else _month(here, scan.until)


def year(scan: Pinned) -> pa.Table:
    """The records of the last month and of the twelve before it: category, area, day and month. Read once for each scan."""
    return _year(str(settings.STORE), scan.scan.provenance.snapshot, scan.force, scan.until)


@functools.lru_cache(maxsize=2)
def _year(store: str, snapshot: str, force: str, until: str) -> pa.Table:
    since = f"{int(until[:4]) - 1}{until[4:]}"
    rows = Store.open(Path(store)).records(snapshot).rows(since=since, until=until, force=force or None)
    return rows.select(["category", "lsoa", "occurred_from", "month"])


def own_tasks(user: User) -> QuerySet[Task]:
    """A person's open tasks on plans that they may see, by when they are due."""
    return (
        Task.objects.filter(owner=user, standing__in=OPEN_TASKS, plan__in=selectors.visible(user))
        .select_related("plan")
        .order_by("due", "id")
    )


def _week(rows: pa.Table, until: str) -> Counted:
    """From Monday to the last day that the records know, against the average week of the year before."""
    days = [
        (c, d.date()) for c, d in zip(rows["category"].to_pylist(), rows["occurred_from"].to_pylist(), strict=True) if d
    ]
    if not days:
        return None, None, until, ()
    last = max(d for _, d in days)
    monday = last - dt.timedelta(days=last.weekday())
    before = [(c, d) for c, d in days if monday - dt.timedelta(weeks=52) <= d < monday]
    elapsed = (last - monday).days + 1
    now = Counter(c for c, d in days if d >= monday)
    usual = Counter(c for c, _ in before)
    return monday, last, "", _lines(now, {c: n / 52 * elapsed / 7 for c, n in usual.items()})


def _month(rows: pa.Table, until: str) -> Counted:
    """The last month, against the average month of the twelve before: all that records of months can say."""
    pairs = list(zip(rows["category"].to_pylist(), rows["month"].to_pylist(), strict=True))
    now = Counter(c for c, m in pairs if m == until)
    usual = Counter(c for c, m in pairs if m != until)
    return None, None, until, _lines(now, {c: n / 12 for c, n in usual.items()})


def _lines(now: Counter[str], usual: dict[str, float]) -> tuple[Line, ...]:
    known = {c: catalogue.category(c) for c in {*now, *usual}}
    lines = [Line(known[c].title, not known[c].targets, now[c], usual.get(c, 0.0)) for c in known]
    return tuple(sorted(lines, key=lambda line: (-line.now, -line.usual)))


@dataclass(frozen=True)
class Council:
    """A partner's desk: the tasks due first, with how many there are of each; ``plans`` with the membership that opens
    each, those that end first, and how many; agreements with days left."""

    asked: tuple[Task, ...]
    asked_count: int
    accepted: tuple[Task, ...]
    accepted_count: int
    plans: tuple[tuple[Plan, Message], ...]
    plans_count: int
    agreements: tuple[tuple[str, str, dt.date, int], ...]

    @property
    def named(self) -> tuple[Plan, ...]:
        """Every plan that the page names."""
        return (*(p for p, _ in self.plans), *(t.plan for t in (*self.asked, *self.accepted)))


def council(user: User) -> Council:
    """What is asked of a person's organisation, what is due, what it may see and under which agreement."""
    today = timezone.localdate()
    tasks = Task.objects.filter(
        organisation=user.organisation_id, standing__in=OPEN_TASKS, shared=True, plan__in=selectors.visible(user)
    )
    counts = dict(tasks.order_by().values_list("standing").annotate(n=Count("pk")))
    tasks = tasks.select_related("plan", "owner").order_by("due", "id")
    asked, accepted = (tuple(tasks.filter(standing=s)[:LISTED]) for s in OPEN_TASKS)
    lawful = selectors.memberships(user, today).filter(agreement__isnull=False)
    members = lawful.select_related("plan", "agreement").order_by("until", "id")[:LISTED]
    plans = tuple(
        (m.plan, msg("until {day:day}, under {agreement}", day=m.until.isoformat(), agreement=m.agreement.reference))
        for m in members
    )
    held = user.organisation.agreements.order_by("expires") if user.organisation else ()
    agreements = tuple((a.reference, a.title, a.expires, (a.expires - today).days) for a in held if a.is_in_force(today))
    return Council(
        asked,
        counts.get(Task.Standing.ASKED, 0),
        accepted,
        counts.get(Task.Standing.ACCEPTED, 0),
        plans,
        lawful.count(),
        agreements,
    )
