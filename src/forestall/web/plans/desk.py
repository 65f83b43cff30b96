"""One plan as a reader has it before them: what hangs on it, each read once and cut to what the reader may see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.web.people.models import Organisation, User
from forestall.web.plans import gates, selectors
from forestall.web.plans.models import Answer, Draft, Hypothesis, Member, Plan, Referral, Response, Task
from forestall.web.plans.rules import Rights

#: States before the response has begun; what was delivered and found is asked from then on.
BEFORE = frozenset({"draft", "submitted", "active", "routed", "joined", "withdrawn"})


@dataclass
class Desk:
    """A plan that ``selectors.one`` found for ``user``."""

    plan: Plan
    user: User

    @cached_property
    def rights(self) -> Rights:
        return Rights(self.user, self.plan)

    @cached_property
    def partners_view(self) -> bool:
        """Whether the reader sees only what is marked for partners."""
        return selectors.shared_only(self.user, self.plan)

    @property
    def writes(self) -> bool:
        """Whether the reader may change the plan now."""
        return self.plan.open and self.rights.work

    @property
    def begun(self) -> bool:
        return self.plan.state not in BEFORE or self.plan.fixed_at is not None

    @property
    def quick(self) -> bool:
        return self.plan.weight == "quick"

    def cut(self, rows: QuerySet) -> QuerySet:
        """Rows with ``shared``, to what this reader may see."""
        return rows.filter(shared=True) if self.partners_view else rows

    @cached_property
    def answers(self) -> dict[str, Answer]:
        """The answers that stand, by question."""
        rows = self.cut(Answer.objects.filter(plan=self.plan, current=True)).select_related("by")
        return {a.question: a for a in rows}

    @cached_property
    def responses(self) -> list[Response]:
        return list(self.cut(Response.objects.filter(plan=self.plan)).select_related("owner", "organisation"))

    @cached_property
    def tasks(self) -> list[Task]:
        return list(self.cut(Task.objects.filter(plan=self.plan)).select_related("organisation", "owner"))

    @cached_property
    def hypotheses(self) -> list[Hypothesis]:
        return [] if self.partners_view else list(Hypothesis.objects.filter(plan=self.plan).select_related("by"))

    @cached_property
    def referrals(self) -> list[Referral]:
        return [] if self.partners_view else list(Referral.objects.filter(plan=self.plan))

    @cached_property
    def drafts(self) -> dict[str, Draft]:
        """What this reader typed and did not save, by question."""
        return {d.question: d for d in Draft.objects.filter(plan=self.plan, user=self.user)}

    @cached_property
    def sheet(self) -> gates.Sheet:
        """The plan as the gates look at it; what is read already is not read again."""
        sheet = gates.Sheet(self.plan)
        sheet.answers, sheet.responses, sheet.tasks = self.answers, self.responses, self.tasks
        sheet.referrals, sheet.hypotheses = self.referrals, self.hypotheses
        return sheet

    @cached_property
    def members(self) -> list[Member]:
        """The organisations and people on the plan today, under an agreement that is in force."""
        return list(selectors.in_force().filter(plan=self.plan).select_related("organisation", "user"))

    @property
    def organisations(self) -> list[Organisation]:
        """Whom something may be asked of: the plan's own organisation, and those on it."""
        found = {self.plan.organisation_id: self.plan.organisation}
        for m in self.members:
            found.setdefault(m.organisation_id, m.organisation)
        return list(found.values())

    @property
    def team(self) -> list[User]:
        """Who may own a part: owner, deputy, supervisor and those named on the plan."""
        named = [self.plan.owner, self.plan.deputy, self.plan.supervisor, *(m.user for m in self.members)]
        return list({u.pk: u for u in named if u is not None}.values())

    def stage(self, slug: str) -> tuple[catalogue.Question, ...]:
        """The questions of a stage that this plan is asked and this reader sees."""
        asked = catalogue.stage(slug).asked(self.plan.weight)
        return tuple(q for q in asked if q.slug in self.answers) if self.partners_view else asked

    def history(self, question: str) -> list[Answer]:
        """Every revision of an answer, newest first; those shared alone where the reader is a partner."""
        rows = self.cut(Answer.objects.filter(plan=self.plan, question=question))
        return list(rows.select_related("by").order_by("-revision"))


def age(since: dt.datetime) -> int:
    """Whole days since."""
    return (timezone.now() - since).days
