"""Plans in the review of what is kept: what is due, what redacting and erasing leave, what a person is told."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from forestall.web.audit.trail import Trail
from forestall.web.people.models import Organisation, User
from forestall.web.plans import actions, analysis_actions, holdings, ideas
from forestall.web.plans.models import Hypothesis, Plan, Response, Task
from forestall.web.plans.seed import Seed
from forestall.web.retention.sources import ERASE, REDACT, SOURCES, Subject

pytestmark = pytest.mark.django_db
SECRET = "Sioned of number 7"


@pytest.fixture
def plan(person):
    user = person("officer")
    user.organisation = Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    user.save()
    user = User.objects.get(pk=user.pk)
    made = actions.start_plan(
        seed=Seed(origin="complaint", words=SECRET, category="burglary", occurrences=("23-1",)), scan=None,
        weight="standard", language="en", duplicates=(), title=f"Locks, {SECRET}", trail=Trail(user),
    )  # fmt: skip
    for text in ("first", "second"):
        now = made.answers.filter(question="why", current=True).first()
        actions.answer(
            key=made.key, question="why", raw=[f"{SECRET} {text}"], base=now.revision if now else 0, trail=Trail(user)
        )
    actions.answer(key=made.key, question="verdict", raw=["worked"], base=0, trail=Trail(user))
    idea = Hypothesis.objects.create(plan=made, text=SECRET, side="place", by=user)
    analysis_actions.keep_hypothesis(
        key=made.key, number=idea.pk, base=1, was=ideas.raw(idea), sent=ideas.raw(idea) | {"text": f"{SECRET} again"},
        trail=Trail(user),
    )  # fmt: skip
    assert made.earlier.count() == 1
    Response.objects.create(plan=made, action=SECRET, driver="opportunity", organisation=user.organisation, by=user)
    Task.objects.create(plan=made, title=SECRET, organisation=user.organisation, asked_by=user)
    return made


def everything() -> str:
    """All that the tables of plans hold, as text."""
    from django.apps import apps
    from django.core import serializers

    return "".join(serializers.serialize("json", m.objects.all()) for m in apps.get_app_config("plans").get_models())


def test_a_plan_is_due_when_its_years_are_over(plan):
    today = timezone.localdate()
    assert not list(holdings.due(today))
    Plan.objects.filter(pk=plan.pk).update(made_at=timezone.now() - dt.timedelta(days=6 * 366))
    assert [i.record for i in holdings.due(today)] == [plan.record]
    Plan.objects.filter(pk=plan.pk).update(closed_at=timezone.now())
    assert not list(holdings.due(today))
    assert "plan" in SOURCES


@pytest.mark.parametrize("decision", [REDACT, ERASE])
def test_nothing_that_was_written_stays(plan, decision):
    assert SECRET in everything()
    with transaction.atomic():
        trace = holdings.carry_out(plan.record, decision, None)
    assert trace["plan"] == plan.key
    left = everything()
    assert SECRET not in left
    assert "23-1" not in left
    if decision == ERASE:
        assert Plan.objects.get().title == holdings.ERASED
        assert holdings.one(plan.record) is None
    else:
        assert plan.answers.get(question="verdict").value == "worked"
        assert plan.responses.get().driver == "opportunity"


def test_a_colleague_is_told_of_their_part(plan):
    told = list(holdings.gather(Subject(account=plan.owner)))
    assert [h.name for h in told] == ["plans"]
    assert told[0].table.rows[0][0] == plan.key
    assert list(holdings.gather(Subject(person_hash="ab"))) == []
