"""A plan's test: only a locked design is evaluated, closure needs a verdict or somebody above the owner, and the library
gets the figures."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import Message
from forestall.web.assessing import actions, selectors, to_library, working
from forestall.web.assessing.gate import MISSING
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Organisation, User
from forestall.web.plans import actions as plan_actions
from forestall.web.plans import gates
from forestall.web.plans.models import Plan, PlanArea, Response
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.seed import Seed
from forestall.web.work.models import Notice
from web.trial import a_design, an_evaluation

pytestmark = pytest.mark.django_db


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")


@pytest.fixture
def people(person, force):
    made = []
    for role in ("officer", "supervisor"):
        user = person(role)
        user.organisation = force
        user.save()
        made.append(User.objects.get(pk=user.pk))
    return made


@pytest.fixture
def plan(people):
    made = plan_actions.start_plan(
        seed=Seed(origin="complaint", words="Locks", category="burglary"), scan=None, weight="standard", language="en",
        duplicates=(), title="Locks", trail=Trail(people[0]),
    )  # fmt: skip
    Plan.objects.filter(pk=made.pk).update(state="closing", fixed_at=timezone.now())
    return Plan.objects.get(pk=made.pk)


def locked(plan, people):
    actions.propose_design(key=plan.key, made=a_design(plan), trail=Trail(people[0]))
    kept = selectors.design(plan)
    return actions.lock_design(key=plan.key, hash=kept.hash, trail=Trail(people[0]))


def missing(plan):
    return MISSING in gates.CHECKS["evaluated"](gates.Sheet(plan))


def test_a_lock_keeps_hash_day_and_person_and_says_that_it_is_late(plan, people):
    kept = locked(plan, people)
    assert kept.made.locked
    assert kept.made.lock.by == (f"account:{people[0].pk}",), "the lock names an account, so that nobody's name stays in it"
    assert kept.late == kept.made.lock.late > 365
    with pytest.raises(RefusedError, match="locked already"):
        actions.lock_design(key=plan.key, hash=kept.hash, trail=Trail(people[0]))


def test_another_design_after_a_lock_takes_a_reason_and_the_first_stays(plan, people):
    first = locked(plan, people)
    with pytest.raises(RefusedError, match="another takes its place"):
        actions.propose_design(key=plan.key, made=a_design(plan, "2022-02"), trail=Trail(people[0]))
    actions.propose_design(key=plan.key, made=a_design(plan, "2022-02"), reason="A month late", trail=Trail(people[0]))
    assert [d.pk for d in selectors.locked_before(plan)] == [first.pk]
    assert selectors.design(plan).reason == "A month late"


def test_only_a_locked_design_is_evaluated(plan, people):
    actions.propose_design(key=plan.key, made=a_design(plan), trail=Trail(people[0]))
    with pytest.raises(RefusedError, match="locked design"):
        actions.evaluate_design(key=plan.key, made=an_evaluation(a_design(plan)), trail=Trail(people[0]))


def test_closure_waits_for_a_verdict_and_interim_figures_are_none(plan, people):
    design = locked(plan, people).made
    assert "evaluated" in catalogue.moves()["close"].checks
    assert missing(plan)
    actions.reassess_design(plan=plan, made=an_evaluation(design, ""), trail=Trail(None))
    assert missing(plan)
    assert to_library.found(plan) is None
    actions.reassess_design(plan=plan, made=an_evaluation(design), trail=Trail(None))
    assert not missing(plan)


def test_a_new_verdict_is_told_once_and_a_changed_one_again(plan, people):
    design = locked(plan, people).made
    for verdict in ("worked", "worked", "cant-tell"):
        actions.reassess_design(plan=plan, made=an_evaluation(design, verdict), trail=Trail(None))
    assert Notice.objects.filter(person=people[0], kind="plan-verdict").count() == 2


def test_not_evaluable_is_said_by_somebody_above_with_a_reason(plan, people):
    with pytest.raises(PermissionDenied):
        actions.rule_not_evaluable(key=plan.key, reason="Too few", trail=Trail(people[0]))
    with pytest.raises(RefusedError, match="Say why"):
        actions.rule_not_evaluable(key=plan.key, reason=" ", trail=Trail(people[1]))
    actions.rule_not_evaluable(key=plan.key, reason="Too few", trail=Trail(people[1]))
    assert not missing(plan)


def test_quick_plans_close_as_ever(plan):
    assert not missing(Plan(pk=plan.pk, weight="quick"))


def test_the_library_gets_ratio_interval_and_hash(plan, people):
    design = locked(plan, people).made
    kept = actions.reassess_design(plan=plan, made=an_evaluation(design), trail=Trail(None))
    found = to_library.found(plan)
    assert (found.verdict, found.estimate, found.interval, found.p_value) == ("worked", 0.5, (0.3, 0.8), 0.01)
    assert (found.unit, found.maryland, found.fidelity, found.evaluation) == ("ratio", 3, 1.0, kept.hash)


def test_dose_of_one_response_in_its_unit_and_of_several_as_a_share():
    one = Response(dose=10, delivered=5, dose_unit="visits")
    assert working.fidelity([one]).share == 0.5
    assert working.fidelity([one, Response(dose=4, delivered=8)]).share == pytest.approx(0.75)
    assert working.fidelity([Response(dose=4)]).share is None


@pytest.mark.parametrize("role", ["partner", "commissioner"])
def test_a_plan_s_test_is_not_found_by_others(reader, plan, role):
    client = reader(role)
    for page in ("test", "evaluation"):
        assert client.get(f"/plans/{plan.key}/{page}/").status_code == 404


def test_the_pages_show_the_test_and_its_verdict(client, plan, people):
    design = locked(plan, people).made
    actions.reassess_design(plan=plan, made=replace(an_evaluation(design), harms="Noise"), trail=Trail(None))
    client.force_login(people[0])
    assert "Locked late" in client.get(f"/plans/{plan.key}/test/").content.decode()
    words = client.get(f"/plans/{plan.key}/evaluation/").content.decode()
    assert words.index("What was counted") < words.index("Was it done?") < words.index("What changed, beside")
    assert "Noise" in words


@pytest.mark.parametrize(
    ("sent", "says"),
    [({"months": "x"}, "Months after the start"), ({"before": "5"}, "Months before the start"),
     ({"hoped": "much"}, "such as 20"), ({"hoped": "0"}, "between 1 and 100"), ({"starts": "March"}, "a year and a month")],
)  # fmt: skip
def test_what_makes_no_sense_is_said_in_the_reader_s_language(plan, sent, says):
    form = replace(working.Form("burglary", "count", "2022-01", "6", "24", "20"), **sent)
    PlanArea.objects.create(plan=plan, code="W01000001", own=True)
    with pytest.raises(RefusedError, match=says) as refused:
        working.proposed(plan, Held(), form)
    assert all(isinstance(r, Message) for r in refused.value.reasons)


class Held:
    """What a proposal asks of a scan before it reads any record."""

    force = "gwent"
