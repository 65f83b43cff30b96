"""Plans in the review of what is kept: what is due, what redacting and erasing leave, what a person is told."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import transaction
from django.utils import timezone

from forestall.results.design import Lock
from forestall.text import msg
from forestall.web.assessing import selectors
from forestall.web.assessing.models import PlanDesign, PlanEvaluation, Ruling
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Organisation, User
from forestall.web.plans import actions, analysis_actions, holdings, ideas
from forestall.web.plans.models import Hypothesis, Plan, Response, Task
from forestall.web.plans.seed import Seed
from forestall.web.retention.sources import ERASE, REDACT, SOURCES, Subject
from web.trial import a_design, an_evaluation

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
    _test(made, user)
    return made


def _test(plan: Plan, user: User) -> None:
    """A test with words and names wherever it has room for them."""
    design = a_design(plan)
    design = replace(
        design,
        asked=replace(design.asked, title=SECRET),
        overruled=SECRET,
        lock=Lock(hash="", on="2022-01-01", by=(SECRET,)),
    )
    by = {"by": user, "hash": "h", "snapshot": "s"}
    kept = PlanDesign.objects.create(
        plan=plan, content=design.to_json(), reason=SECRET, locked_by=user, locked_at=timezone.now(), **by
    )
    found = replace(
        an_evaluation(design), harms=SECRET, equality=SECRET, economics={"ledger": [{"title": SECRET, "amount": 5}]},
        deviations=(msg("a design locked before was replaced: {reason}", reason=SECRET),),
    )  # fmt: skip
    done = PlanEvaluation.objects.create(
        plan=plan, design=kept, content=found.to_json(), interim=False, verdict="worked", **by
    )
    Ruling.objects.create(plan=plan, evaluation=done, choice="adapt", reason=SECRET, by=user)


def everything() -> str:
    """All that the tables of plans and of their tests hold, as text."""
    from django.apps import apps
    from django.core import serializers

    return "".join(
        serializers.serialize("json", m.objects.all())
        for a in ("plans", "assessing")
        for m in apps.get_app_config(a).get_models()
    )


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
        assert not any(m.objects.exists() for m in (PlanDesign, PlanEvaluation, Ruling))
    else:
        assert plan.answers.get(question="verdict").value == "worked"
        assert plan.responses.get().driver == "opportunity"
        design, found = plan.designs.get(), plan.evaluations.get()
        assert (design.locked_by, design.made.lock.by, found.by) == (None, (), None)
        assert found.made.effect().ratio == 0.5
        assert found.made.economics["ledger"][0]["amount"] == 5
        assert plan.rulings.get().choice == "adapt"
        assert not selectors.waiting("another"), "nothing further is worked out from a redacted plan"


def test_who_ruled_on_a_test_is_told_of_it(plan, person):
    other = person("supervisor")
    assert not list(holdings.gather(Subject(account=other)))
    Ruling.objects.create(plan=plan, choice="not-evaluable", reason="Too few", by=other)
    assert [h.table.rows[0][0] for h in holdings.gather(Subject(account=other))] == [plan.key]


def test_a_colleague_is_told_of_their_part(plan):
    told = list(holdings.gather(Subject(account=plan.owner)))
    assert [h.name for h in told] == ["plans"]
    assert told[0].table.rows[0][0] == plan.key
    assert list(holdings.gather(Subject(person_hash="ab"))) == []
