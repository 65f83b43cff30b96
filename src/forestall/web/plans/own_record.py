"""What one person has done in plans: for appraisal, promotion and the log of professional development."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from forestall.catalogue import plans as catalogue
from forestall.results import Column, Table
from forestall.text import Message, msg
from forestall.web.assessing.models import PlanDesign, PlanEvaluation, Ruling
from forestall.web.people.models import User
from forestall.web.plans.models import Answer, HelpRequest, Move, Plan, Task

MOST = 1000


@dataclass(frozen=True)
class Work:
    """One plan, and what the person did in it. ``verdict``: an option of the catalogue, or None."""

    plan: Plan
    part: Message
    answers: int
    moves: int
    tasks: int
    verdict: Message | str | None


@dataclass(frozen=True)
class OwnRecord:
    works: tuple[Work, ...]
    tasks_done: int
    helped: int

    @property
    def finished(self) -> int:
        """Plans of their own that were closed with an assessment."""
        return sum(w.plan.state == "closed" for w in self.works)

    def table(self) -> Table:
        columns = (
            Column("key", msg("Reference")), Column("title", msg("Title")), Column("part", msg("Part")),
            Column("state", msg("State")), Column("quality", msg("Quality"), msg("%"), True),
            Column("started", msg("Started")), Column("closed", msg("Closed")),
            Column("answers", msg("Answers written"), msg("count"), True),
            Column("moves", msg("Steps taken"), msg("count"), True),
            Column("tasks", msg("Tasks done"), msg("count"), True), Column("verdict", msg("Verdict")),
        )  # fmt: skip
        rows = tuple(
            (
                w.plan.key, w.plan.title, w.part, w.plan.standing.title, w.plan.quality, w.plan.made_at.date().isoformat(),
                w.plan.closed_at.date().isoformat() if w.plan.closed_at else None, w.answers, w.moves, w.tasks, w.verdict,
            )
            for w in self.works
        )  # fmt: skip
        return Table(columns, rows)


def of(user: User) -> OwnRecord:
    """A person's own record; eight queries, however many plans."""
    answered = _by_plan(Answer.objects.filter(by=user, source__isnull=True))
    moved = _by_plan(Move.objects.filter(by=user))
    done = _by_plan(Task.objects.filter(owner=user, standing="done"))
    keys = {*answered, *moved, *done}
    designs = PlanDesign.objects.filter(Q(by=user) | Q(locked_by=user))
    tested = Q(pk__in=designs.values("plan"))
    for rows in (PlanEvaluation.objects, Ruling.objects):
        tested |= Q(pk__in=rows.filter(by=user).values("plan"))
    found = Plan.objects.filter(tested | Q(pk__in=keys) | Q(owner=user) | Q(deputy=user) | Q(supervisor=user)).order_by(
        "-made_at"
    )
    plans = list(found[:MOST])
    verdicts = dict(Answer.objects.filter(plan__in=plans, question="verdict", current=True).values_list("plan", "value"))
    q = catalogue.questions()["verdict"]
    works = tuple(
        Work(
            p, _part(user, p), answered.get(p.pk, 0), moved.get(p.pk, 0), done.get(p.pk, 0),
            q.title_of(verdicts[p.pk]) if verdicts.get(p.pk) else None,
        )
        for p in plans
    )  # fmt: skip
    helped = HelpRequest.objects.filter(taken_by=user, answered_at__isnull=False).count()
    return OwnRecord(works, sum(done.values()), helped)


def _part(user: User, plan: Plan) -> Message:
    if plan.owner_id == user.pk:
        return msg("owner")
    if plan.deputy_id == user.pk:
        return msg("deputy")
    if plan.supervisor_id == user.pk:
        return msg("supervisor")
    return msg("took part")


def _by_plan(rows: QuerySet) -> dict[int, int]:
    """How many of some rows each plan has."""
    return dict(rows.order_by().values_list("plan").annotate(n=Count("pk")))
