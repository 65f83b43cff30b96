"""The rubric, the portfolio, what is published, paper and data, and one's own record."""

import datetime as dt
import json
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Organisation, User
from forestall.web.plans import actions, briefing, oversight_actions, portfolio, quality
from forestall.web.plans.gates import Sheet
from forestall.web.plans.models import Answer, Hypothesis, Plan, PlanArea, Response, Task
from forestall.web.plans.portfolio import Wanted
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.seed import Seed

pytestmark = pytest.mark.django_db


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")


@pytest.fixture
def colleague(person, force):
    def make(role: str, name: str | None = None, organisation=None):
        user = person(role, username=name or role)
        user.organisation = organisation or force
        user.save()
        return User.objects.get(pk=user.pk)

    return make


def started(user, title="Bikes in the park", weight="standard"):
    return actions.start_plan(
        seed=Seed(origin="complaint", words=title), scan=None, weight=weight, language="en", duplicates=(), title=title,
        trail=Trail(User.objects.get(pk=user.pk)),
    )  # fmt: skip


def answer(plan, **values):
    for slug, value in values.items():
        slug = slug.replace("_", "-")
        Answer.objects.filter(plan=plan, question=slug).delete()
        shared = catalogue.questions()[slug].shared
        Answer.objects.create(plan=plan, question=slug, value=value, by=plan.owner, shared=shared)


@pytest.fixture
def plan(colleague):
    return started(colleague("officer"))


@pytest.fixture
def good(plan):
    """A plan that has everything."""
    council = Organisation.objects.create(slug="newport", name="Newport", kind="council")
    cheers = {q.slug.replace("-", "_"): "yes" for q in catalogue.stage("scanning").questions if q.cheers}
    answer(
        plan, aim="Fewer people are hurt", measure="recorded", baseline=60, target=40, target_date="2027-06-30", **cheers,
        extent="Sixty a month since May", harm="Two were hurt", who_says=["residents", "records"],
        place_manager="The council's parks team", guardian="Families", handler="The youth club",
        equality_who="Young people who use the park, as they told us", equality_how="We asked twenty of them in May",
        outcome="recorded", outcome_date="2027-07-31", comparison="The other two parks of the town",
        delivered="All of it", found="40 after 60; 58 and 57 in the others", verdict="worked", lessons="Ask first",
        maintenance="The council", next_review="2028-01-31",
    )  # fmt: skip
    for text in ("Nobody looks after the gate", "The shop sells to them"):
        Hypothesis.objects.create(plan=plan, text=text, side="place", supports="a", contradicts="b", by=plan.owner)
    Response.objects.create(
        plan=plan, action="Close the gate at dusk", mechanism="They can't ride in", side="place",
        technique="control-access", tiers={"national": "primary", "public-health": "secondary"},
        driver="opportunity", dose=30, dose_unit="nights",
        cost=1200, owner=plan.owner, organisation=council, due=dt.date(2027, 1, 31), trial=True, by=plan.owner,
    )  # fmt: skip
    Task.objects.create(plan=plan, title="Who has keys?", organisation=council, asks="find-out", asked_by=plan.owner)
    plan.seed = {**plan.seed, "observed": 60}
    plan.state, plan.fixed_at = "closing", timezone.now()
    plan.save()
    return plan


# The rubric


def test_a_plan_that_has_everything_meets_everything(good):
    judged = quality.judge(Sheet(good))
    assert [j.criterion.slug for j in judged.judged if j.met is not True] == []
    assert judged.percent == 100
    assert judged.raises() == []


def test_an_empty_plan_meets_little_and_is_told_what_would_raise_it(plan):
    judged = quality.judge(Sheet(plan))
    assert judged.percent < 15
    assert len(judged.raises()) == judged.applies - judged.met
    assert judged.of("response")[1] >= 1


@pytest.mark.parametrize("criterion", [c.slug for c in catalogue.rubric().criteria])
def test_every_criterion_can_fail(good, criterion):
    """Each criterion is lost by taking away what it looks for, so that none is a gift."""
    take = {
        "outcome-measured": lambda: answer(good, measure=""),
        "target-dated": lambda: answer(good, target_date=""),
        "target-visible": lambda: answer(good, baseline=1, target=5),
        "cheers-complete": lambda: answer(good, cheers_harm="unsure"),
        "said-by-others": lambda: answer(good, who_says=["records", "officers"]),
        "rests-on-records": lambda: setattr(good, "seed", {}),
        "ideas-compared": lambda: good.hypotheses.last().delete(),
        "ideas-doubted": lambda: good.hypotheses.update(contradicts=" "),
        "triangle-whole": lambda: answer(good, handler=""),
        "gaps-asked": lambda: good.tasks.update(asks="do"),
        "response-follows": lambda: good.responses.update(side="offender"),
        "mechanism-said": lambda: good.responses.update(mechanism=""),
        "evidence-cited": lambda: good.responses.update(trial=False),
        "more-than-patrol": lambda: good.responses.update(technique="formal-surveillance"),
        "shared-work": lambda: (good.responses.update(organisation=good.organisation), good.tasks.all().delete()),
        "dose-planned": lambda: good.responses.update(dose=None),
        "equality-known": lambda: answer(good, equality_who="None"),
        "outcome-first": lambda: setattr(good, "fixed_at", None),
        "fairly-compared": lambda: answer(good, comparison=""),
        "delivery-known": lambda: answer(good, delivered=""),
        "verdict-given": lambda: answer(good, verdict=""),
        "lessons-kept": lambda: answer(good, maintenance=""),
    }
    take[criterion]()
    met = {j.criterion.slug: j.met for j in quality.judge(Sheet(good)).judged}
    assert met[criterion] is False


def test_longer_words_are_no_better(good):
    before = quality.judge(Sheet(good)).percent
    answer(good, extent="x" * 5000, why="y" * 5000)
    assert quality.judge(Sheet(good)).percent == before


def test_quality_is_kept_for_lists_when_a_plan_changes(good, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        actions.answer(key=good.key, question="why", raw=["The gate"], base=0, trail=Trail(good.owner))
    good.refresh_from_db()
    assert good.quality == 100


# The portfolio


def test_the_portfolio_in_numbers_and_by_flag(good, colleague):
    boss, owner = colleague("supervisor"), good.owner
    stuck = started(owner, "Stuck")
    Plan.objects.filter(pk=stuck.pk).update(changed_at=timezone.now() - dt.timedelta(days=90), quality=10)
    Task.objects.create(
        plan=stuck,
        title="Late",
        organisation=stuck.organisation,
        asked_by=owner,
        due=timezone.localdate() - dt.timedelta(days=1),
    )
    now = portfolio.summary(boss)
    assert (now.open, now.closed) == (2, 0)
    assert now.flags == {"overdue": 1, "late": 0, "stuck": 1, "weak": 1, "ownerless": 0, "duplicate": 0, "waiting": 1}
    for flag, found in (("overdue", [stuck]), ("stuck", [stuck]), ("weak", [stuck]), ("waiting", [good]), ("late", [])):
        assert list(portfolio.chosen(boss, Wanted(flag=flag))) == found
    assert portfolio.overdue([stuck.pk, good.pk]) == {stuck.pk: 1}


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"driver": "opportunity"}, True), ({"driver": "drugs"}, False), ({"tier": "national:primary"}, True),
        ({"tier": "public-health:primary"}, False), ({"level": "2"}, False), ({"state": "closing"}, True),
        ({"state": "closed"}, False), ({"state": "open"}, True),
    ],
)  # fmt: skip
def test_the_portfolio_by_driver_tier_level_and_state(good, colleague, wanted, fits):
    assert (good in portfolio.chosen(colleague("supervisor"), Wanted.of(wanted))) is fits


def test_coverage_counts_a_plan_once_in_each_scheme(good, colleague):
    Response.objects.create(
        plan=good, action="Again", driver="opportunity", tiers={"national": "primary", "public-health": "secondary"},
        by=good.owner, organisation=good.organisation,
    )  # fmt: skip
    started(good.owner, "Nothing yet")
    found = portfolio.coverage(colleague("supervisor"))
    assert (found.plans, found.without) == (2, 1)
    assert found.counts["national"] == {("opportunity", "primary"): 1}
    assert found.counts["public-health"] == {("opportunity", "secondary"): 1}
    assert len(found.table().rows) == 2 * 7 * 4


def test_another_forces_portfolio_is_empty(good, colleague):
    other = Organisation.objects.create(slug="dyfed", name="Dyfed-Powys Police", kind="force")
    boss = colleague("supervisor", organisation=other)
    assert portfolio.summary(boss).open == 0
    assert good not in portfolio.chosen(boss, Wanted())


def test_the_pages_of_oversight(client, good, colleague):
    client.force_login(colleague("supervisor"))
    for name in ("portfolio", "coverage", "my-portfolio", "published"):
        assert client.get(reverse(name)).status_code == 200, name
    page = client.get(reverse("plan-quality", args=[good.key])).content.decode()
    assert "22 of 22 criteria are met" in page
    for name in ("portfolio-csv", "coverage-csv", "my-portfolio-csv"):
        answer_ = client.get(reverse(name))
        assert answer_["Content-Type"].startswith("text/csv")
        assert "OFFICIAL" in answer_["Content-Disposition"]
    assert set(Event.objects.filter(operation="disclosure").values_list("act", flat=True)) == {
        "export-portfolio", "export-coverage", "export-own-record",
    }  # fmt: skip


@pytest.mark.parametrize("role", ["officer", "partner", "commissioner", "data-protection"])
def test_the_portfolio_is_not_for_everyone(reader, role):
    client = reader(role)
    for name in ("portfolio", "coverage"):
        assert client.get(reverse(name)).status_code == 404


# Paper and data


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("kind", ["briefing", "award"])
def test_a_plan_on_paper_is_marked_and_tagged(client, good, language, kind):
    owner = good.owner
    owner.language = language
    owner.save()
    good.marking, good.caveats = "OFFICIAL-SENSITIVE", ["police-only"]
    good.save()
    client.force_login(owner)
    answer_ = client.get(reverse(f"plan-{kind}", args=[good.key]))
    assert answer_["Content-Disposition"] == f'attachment; filename="OFFICIAL-SENSITIVE-{kind}-{good.key}.pdf"'
    body = answer_.content
    assert b"pdfuaid" in body
    assert f"/Lang ({language})".encode() in body or f"/Lang({language})".encode() in body
    if kind == "briefing":
        assert len(re.findall(rb"/Type\s*/Page\b", body)) <= 2


def test_a_briefing_of_long_answers_still_has_two_pages(client, good):
    long = {q.slug.replace("-", "_"): "Words and words. " * 400 for q in catalogue.questions().values() if q.kind == "long"}
    answer(good, **long)
    for i in range(12):
        Hypothesis.objects.create(plan=good, text="idea " * 200, supports="s " * 400, contradicts="c " * 400, by=good.owner)
        Response.objects.create(plan=good, action=f"{i} " * 200, by=good.owner, organisation=good.organisation)
        Task.objects.create(plan=good, title="t" * 200, organisation=good.organisation, asked_by=good.owner)
    client.force_login(good.owner)
    body = client.get(reverse("plan-briefing", args=[good.key])).content
    assert len(re.findall(rb"/Type\s*/Page\b", body)) <= 2


def test_a_plan_as_data(client, good):
    client.force_login(good.owner)
    answer_ = client.get(reverse("plan-json", args=[good.key]))
    data = json.loads(answer_.content)
    assert data == briefing.as_json(Plan.objects.get(pk=good.pk))
    assert data["answers"]["target"]["value"] == 40
    assert data["responses"][0]["cost"] == "1200.00"
    assert data["quality"]["verdict-given"] is True
    assert Event.objects.get(act="export-plan").detail == {"kind": "json", "marking": "OFFICIAL"}


# Publication


def test_what_is_published_is_what_is_shared(client, good, colleague):
    boss, office = colleague("supervisor"), colleague("commissioner", organisation=None)
    answer(good, offender="Two brothers from the next street")
    client.force_login(boss)
    client.post(reverse("plan-publish", args=[good.key]), {"act": "publish"})
    client.force_login(office)
    page = client.get(reverse("published-plan", args=[good.key])).content.decode()
    assert "It worked" in page
    assert "Close the gate" in page
    assert "brothers" not in page
    assert client.get(reverse("plan", args=[good.key])).status_code == 404
    client.force_login(boss)
    client.post(reverse("plan-publish", args=[good.key]), {"act": "withdraw"})
    client.force_login(office)
    assert client.get(reverse("published-plan", args=[good.key])).status_code == 404


@pytest.mark.parametrize(
    "change", [{"marking": "OFFICIAL-SENSITIVE"}, {"about_people": True}, {"state": "draft"}, {"state": "withdrawn"}]
)
def test_what_is_not_published(good, colleague, change):
    Plan.objects.filter(pk=good.pk).update(**change)
    with pytest.raises(RefusedError):
        oversight_actions.publish_plan(key=good.key, trail=Trail(colleague("supervisor")))


def test_nobody_publishes_without_the_right(good):
    with pytest.raises(PermissionDenied):
        oversight_actions.publish_plan(key=good.key, trail=Trail(good.owner))


def test_the_verdict_stands_at_the_head_of_a_published_plan(client, good, colleague):
    colleague("supervisor", "jo")
    Plan.objects.filter(pk=good.pk).update(published_at=timezone.now())
    client.force_login(colleague("commissioner", "lee"))
    page = client.get(reverse("published-plan", args=[good.key])).content.decode()
    assert page.index("It worked") < page.index("Objective")
    Answer.objects.filter(plan=good, question="verdict").delete()
    assert "There is no verdict yet." in client.get(reverse("published-plan", args=[good.key])).content.decode()


def test_whoever_comes_back_to_publishing_is_shown_the_form(client, good, colleague):
    client.force_login(colleague("supervisor", "jo"))
    answer = client.get(reverse("plan-publish", args=[good.key]))
    assert answer.url == reverse("plan-quality", args=[good.key])


def test_a_record_of_ones_own(good, colleague):
    actions.answer(key=good.key, question="why", raw=["The gate"], base=0, trail=Trail(good.owner))
    own = oversight_actions.see_own_record(trail=Trail(good.owner))
    assert [(w.plan, str(w.part), w.answers > 0) for w in own.works] == [(good, "owner", True)]
    assert str(own.works[0].verdict) == "It worked"
    assert oversight_actions.see_own_record(trail=Trail(colleague("analyst"))).works == ()


def test_open_plans_for_one_place_and_category_are_flagged_as_twins(colleague):
    boss, officer = colleague("supervisor"), colleague("officer")
    made = [started(officer, f"Plan {i}") for i in range(4)]
    for plan, category, code in zip(made, ("burglary", "burglary", "shoplifting", "burglary"), "AABB", strict=True):
        Plan.objects.filter(pk=plan.pk).update(category=category)
        PlanArea.objects.create(plan=plan, code=code)
    assert set(portfolio.chosen(boss, Wanted(flag="duplicate"))) == set(made[:2])
    Plan.objects.filter(pk=made[0].pk).update(closed_at=timezone.now(), state="closed")
    assert not portfolio.chosen(boss, Wanted(flag="duplicate"))
    assert portfolio.summary(boss).flags["duplicate"] == 0
