"""Tasks across organisations, sharing under agreements, hand-over, levels, marking, ethics, help; and their pages."""

import datetime as dt
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people import leaving
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.plans import actions, people_actions, selectors, task_actions, telling
from forestall.web.plans.models import Answer, Member, Plan, Task
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.seed import Seed
from forestall.web.work.models import Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")


@pytest.fixture
def council(db):  # noqa: ARG001
    return Organisation.objects.create(slug="newport", name="Newport", name_cy="Casnewydd", kind="council")


@pytest.fixture
def colleague(person, force):
    def make(role: str, name: str | None = None, organisation=None):
        user = person(role, username=name or role)
        user.organisation = organisation or force
        user.save()
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def agreement(force, council):
    today = timezone.localdate()
    made = Agreement.objects.create(
        reference="ISP 1", title="Community safety", kind="waspi-isp", purpose="p", legal_basis="b",
        starts=today - dt.timedelta(days=30), expires=today + dt.timedelta(days=200), review_on=today,
    )  # fmt: skip
    made.parties.set([force, council])
    return made


@pytest.fixture
def plan(colleague):
    return started(colleague("officer"))


def trail(user):
    return Trail(User.objects.get(pk=user.pk))


def started(user, title="Beiciau yn y parc"):
    return actions.start_plan(
        seed=Seed(origin="complaint", words=title), scan=None, weight="standard", language="en", duplicates=(), title=title,
        trail=trail(user),
    )  # fmt: skip


def share(plan, council, agreement=None, **more):
    given = {
        "key": plan.key, "organisation": council, "purpose": "community-safety", "basis": "section-115",
        "agreement": agreement, "until": timezone.localdate() + dt.timedelta(days=90), **more,
    }  # fmt: skip
    return people_actions.share_plan(trail=trail(plan.owner), **given)


def ask(plan, organisation, title="Light the underpass", **more):
    given = {"due": timezone.localdate() + dt.timedelta(days=20), **more}
    return task_actions.ask_task(key=plan.key, title=title, organisation=organisation, trail=trail(plan.owner), **given)


# Sharing


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"purpose": ""}, "purpose"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"basis": ""}, "legal basis"),
        ({"agreement": None}, "in force"),
        ({"until": None}, "until when"),
        ({"until": dt.date(2020, 1, 1)}, "until when"),
        ({"until": dt.date(2099, 1, 1)}, "agreement ends"),
    ],
)
def test_no_organisation_joins_without_purpose_basis_agreement_and_end(plan, council, agreement, change, words):
    with pytest.raises(RefusedError, match=words):
        share(plan, council, **{"agreement": agreement, **change})
    assert not Member.objects.exists()


def test_an_agreement_is_between_the_two(plan, council, agreement):
    agreement.parties.remove(council)
    with pytest.raises(RefusedError, match="not between"):
        share(plan, council, agreement)


def test_a_withdrawn_agreement_shuts_the_plan_at_once(plan, council, agreement, colleague):
    guest = colleague("partner", organisation=council)
    share(plan, council, agreement)
    assert selectors.one(guest, plan.key) == plan
    agreement.withdrawn_on = timezone.localdate()
    agreement.save()
    with pytest.raises(Http404):
        selectors.one(guest, plan.key)


def test_sharing_is_a_disclosure_in_the_log(plan, council, agreement):
    share(plan, council, agreement)
    event = Event.objects.get(act="share-plan")
    assert (event.operation, event.recipient) == ("disclosure", council.name)
    assert event.detail["agreement"] == "ISP 1"


def test_a_partner_may_not_share_on(plan, council, agreement, colleague):
    guest = colleague("partner", organisation=council)
    share(plan, council, agreement)
    with pytest.raises(PermissionDenied):
        people_actions.share_plan(
            key=plan.key, organisation=council, purpose="prevent", basis="part-3", agreement=agreement, until=None,
            trail=trail(guest),
        )  # fmt: skip


# Tasks


def test_a_task_goes_to_an_organisation_on_the_plan_alone(plan, council, agreement):
    with pytest.raises(RefusedError, match="not on this plan"):
        ask(plan, council)
    share(plan, council, agreement)
    assert ask(plan, council).shared


def test_a_guest_accepts_and_finishes_and_the_asker_hears(plan, council, agreement, colleague):
    guest = colleague("partner", organisation=council)
    share(plan, council, agreement)
    task = ask(plan, council)
    assert Notice.objects.get(person=guest).kind == "task-asked"
    task_actions.accept_task(key=task.key, trail=trail(guest))
    task_actions.finish_task(key=task.key, outcome="Lit since Friday", trail=trail(guest))
    task.refresh_from_db()
    assert (task.standing, task.owner, task.outcome) == ("done", guest, "Lit since Friday")
    assert set(Notice.objects.filter(person=plan.owner).values_list("kind", flat=True)) == {"task-answered"}
    with pytest.raises(RefusedError, match="not open"):
        task_actions.decline_task(key=task.key, reason="late", trail=trail(guest))


def test_a_guest_sees_no_task_that_is_not_marked_for_partners(plan, council, agreement, colleague, force):
    guest = colleague("partner", organisation=council)
    share(plan, council, agreement)
    inner = ask(plan, force, "Look at the CCTV", shared=False)
    with pytest.raises(Http404):
        selectors.task(guest, inner.key)
    assert selectors.task(plan.owner, inner.key) == inner


def test_another_organisations_task_is_not_theirs_to_answer(plan, force, council, agreement, colleague):
    guest = colleague("partner", organisation=council)
    share(plan, council, agreement)
    task = ask(plan, force, shared=True)
    with pytest.raises(PermissionDenied):
        task_actions.accept_task(key=task.key, trail=trail(guest))


@pytest.mark.parametrize(
    ("given", "words"), [({"title": " "}, "Say what"), ({"due": dt.date(2020, 1, 1)}, "still to come")]
)
def test_what_is_no_task_is_refused(plan, force, given, words):
    with pytest.raises(RefusedError, match=words):
        ask(plan, force, **given)


def test_what_was_to_be_found_out_is_written_down(plan, force):
    task = ask(plan, force, asks="find-out", owner=plan.owner)
    assert task.standing == "accepted", "one's own task needs no accepting"
    with pytest.raises(RefusedError, match="found out"):
        task_actions.finish_task(key=task.key, outcome="", trail=trail(plan.owner))


# Reminders


@pytest.mark.parametrize(("days", "n"), [(7, 1), (6, 0), (1, 1), (0, 1), (-1, 1), (-2, 0), (-7, 1), (-400, 0)])
def test_people_are_reminded_before_on_and_after_the_day(plan, force, days, n):
    task = ask(plan, force, owner=plan.owner)
    now = timezone.now()
    Task.objects.filter(pk=task.pk).update(due=timezone.localdate(now) + dt.timedelta(days=days))
    found = list(telling.tasks_due(now))
    assert len(found) == n
    for r in found:
        assert r.message.render("cy")


def test_done_tasks_remind_nobody(plan, force):
    task = ask(plan, force, owner=plan.owner)
    Task.objects.filter(pk=task.pk).update(due=timezone.localdate(), standing="done")
    assert not list(telling.tasks_due(timezone.now()))


@pytest.mark.parametrize(("waited", "n"), [(7, 1), (8, 0), (14, 1), (15, 1), (16, 0)])
def test_an_urgent_response_reminds_of_its_design(plan, waited, n):
    """It is due 14 days after: told a week before, on the day and the day after."""
    now = timezone.now()
    Plan.objects.filter(pk=plan.pk).update(urgent_at=now - dt.timedelta(days=waited))
    assert [(r.person, r.kind) for r in telling.designs_due(now)] == [(plan.owner, telling.PLAN_DUE)] * n
    Plan.objects.filter(pk=plan.pk).update(fixed_at=now)
    assert not list(telling.designs_due(now))


@pytest.mark.parametrize(
    ("days", "state", "n"), [(7, "responding", 1), (0, "assessing", 1), (3, "responding", 0), (0, "draft", 0)]
)
def test_an_outcome_reminds_of_its_day(plan, days, state, n):
    now = timezone.now()
    day = (timezone.localdate(now) + dt.timedelta(days=days)).isoformat()
    Plan.objects.filter(pk=plan.pk).update(state=state)
    given = {"plan": plan, "question": "outcome-date", "by": plan.owner, "at": now}
    Answer.objects.create(**given, value=day, current=False, revision=98)
    assert not list(telling.assessments_due(now)), "what was answered before reminds nobody"
    Answer.objects.filter(plan=plan, question="outcome-date").update(current=False)
    Answer.objects.create(**given, value=day, current=True, revision=99)
    found = list(telling.assessments_due(now))
    assert [r.link for r in found] == [f"/plans/{plan.key}/assessment/"] * n
    assert all(r.message.render("cy") for r in found)


def test_an_offer_reminds_after_a_week_until_it_is_answered(plan, colleague):
    taker = colleague("officer", "taker")
    h = people_actions.offer_handover(key=plan.key, taker=taker, note="The council waits", trail=trail(plan.owner))
    now = timezone.now()
    assert not list(telling.handovers_waiting(now + dt.timedelta(days=6)))
    (found,) = telling.handovers_waiting(now + dt.timedelta(days=8))
    assert found.person == taker
    people_actions.answer_handover(handover=h.pk, accept=True, trail=trail(taker))
    assert not list(telling.handovers_waiting(now + dt.timedelta(days=8)))


def test_the_owner_hears_that_a_partners_time_ends(plan, council, agreement):
    share(plan, council, agreement)
    until = Member.objects.get(plan=plan).until
    day = dt.datetime.combine(until, dt.time(12), tzinfo=dt.UTC)
    assert not list(telling.memberships_ending(day - dt.timedelta(days=15)))
    assert not list(telling.memberships_ending(day + dt.timedelta(days=1)))
    (found,) = telling.memberships_ending(day - dt.timedelta(days=14))
    assert found.person == plan.owner
    assert "Newport" in found.message.render("en")


# Ownership


def test_ownership_moves_when_the_other_accepts(plan, colleague):
    taker = colleague("officer", "taker")
    h = people_actions.offer_handover(key=plan.key, taker=taker, note="The council waits for us", trail=trail(plan.owner))
    plan.refresh_from_db()
    assert plan.owner != taker
    people_actions.answer_handover(handover=h.pk, accept=True, trail=trail(taker))
    plan.refresh_from_db()
    assert plan.owner == taker


def test_a_handover_needs_a_note_and_a_decline_a_reason(plan, colleague):
    taker = colleague("officer", "taker")
    with pytest.raises(RefusedError):
        people_actions.offer_handover(key=plan.key, taker=taker, note=" ", trail=trail(plan.owner))
    h = people_actions.offer_handover(key=plan.key, taker=taker, note="x", trail=trail(plan.owner))
    with pytest.raises(RefusedError):
        people_actions.answer_handover(handover=h.pk, accept=False, trail=trail(taker))


def test_a_plan_is_offered_to_who_may_own_it(plan, colleague, council):
    for stranger in (colleague("partner", organisation=council), colleague("data-protection")):
        with pytest.raises(RefusedError):
            people_actions.offer_handover(key=plan.key, taker=stranger, note="x", trail=trail(plan.owner))


def test_who_leaves_flags_every_plan_and_somebody_hears(plan, colleague):
    boss, owner = colleague("supervisor"), plan.owner
    other = started(owner, "Second")
    owner.is_active = False
    owner.save()
    with transaction.atomic():
        assert [n for _, n in leaving.left.send(sender=None, person=owner, trail=Trail.operator())] == [2]
        assert [n for _, n in leaving.left.send(sender=None, person=owner, trail=Trail.operator())] == [0]
    assert Plan.objects.filter(owner_left_at=None).count() == 0
    assert Notice.objects.filter(person=boss, kind="owner-left").count() == 2
    people_actions.assign_owner(key=other.key, owner=boss, reason="Sam left", trail=trail(boss))
    other.refresh_from_db()
    assert (other.owner, other.owner_left_at) == (boss, None)


# Level, marking, ethics, help


def test_a_level_is_proposed_and_adopted_by_another(plan, colleague):
    boss = colleague("supervisor")
    people_actions.propose_level(key=plan.key, level=2, reason="It crosses the border", trail=trail(plan.owner))
    with pytest.raises(PermissionDenied):
        people_actions.answer_level(key=plan.key, adopt=True, answer="", trail=trail(plan.owner))
    people_actions.answer_level(key=plan.key, adopt=True, answer="", trail=trail(boss))
    plan.refresh_from_db()
    assert plan.level == 2


@pytest.mark.parametrize("marking", ["SECRET", "TOP SECRET", "", "official"])
def test_nothing_higher_is_accepted(plan, marking):
    with pytest.raises(RefusedError):
        people_actions.mark_plan(key=plan.key, marking=marking, caveats=[], about_people=False, trail=trail(plan.owner))


def test_the_ethics_body_decides_and_the_owner_may_not(plan, colleague):
    chief = colleague("chief-officer")
    r = people_actions.refer_to_ethics(key=plan.key, question="May we visit them?", trail=trail(plan.owner))
    with pytest.raises(PermissionDenied):
        people_actions.decide_ethics(key=plan.key, referral=r.pk, allowed=True, decision="Yes", trail=trail(plan.owner))
    people_actions.decide_ethics(key=plan.key, referral=r.pk, allowed=True, decision="Twice a week", trail=trail(chief))
    r.refresh_from_db()
    assert r.allowed


def test_a_call_for_help_is_taken_once_and_answered(plan, colleague):
    adviser, second = colleague("hub"), colleague("hub", "second")
    h = people_actions.ask_for_help(key=plan.key, kind="advice", stage="analysis", text="Why?", trail=trail(plan.owner))
    people_actions.take_help(request=h.pk, trail=trail(adviser))
    with pytest.raises(RefusedError, match="taken"):
        people_actions.take_help(request=h.pk, trail=trail(second))
    people_actions.answer_help(request=h.pk, answer="Look at the hours", trail=trail(adviser))
    assert Notice.objects.filter(person=plan.owner, kind="help-answered").exists()


# Pages


def test_the_pages_of_work(client, plan, council, agreement, colleague):
    guest = colleague("partner", organisation=council)
    client.force_login(plan.owner)
    share_form = {
        "act": "share", "organisation": council.pk, "purpose": "community-safety", "basis": "section-115",
        "agreement": agreement.pk, "until": (timezone.localdate() + dt.timedelta(days=30)).isoformat(),
    }  # fmt: skip
    people = reverse("plan-people", args=[plan.key])
    assert client.post(people, {**share_form, "basis": ""}).status_code == 422
    answer = client.post(people, share_form)
    assert answer.url == f"{people}?done=share"
    page = client.get(answer.url).content.decode()
    assert "govuk-notification-banner--success" in page
    assert "The partner is on this plan now" in page
    assert "govuk-notification-banner" not in client.get(f"{people}?done=nonsense").content.decode()
    due = (timezone.localdate() + dt.timedelta(days=3)).isoformat()
    made = client.post(
        reverse("plan-tasks", args=[plan.key]), {"title": "Mend the <fence>", "organisation": council.pk, "due": due}
    )
    client.force_login(guest)
    desk = client.get(reverse("my-council")).content.decode()
    assert "Mend the &lt;fence&gt;" in desk
    assert "ISP 1" in desk
    assert client.get(people).status_code == 404, "who else is on a plan is not for partners"
    overview = client.get(reverse("plan", args=[plan.key])).content.decode()
    assert "answers shared" in overview
    assert not re.search(r"\d of \d\b", overview), "how much is done of what a partner may not see is not theirs to know"
    page = client.get(made.url).content.decode()
    assert "Accept" in page
    assert client.post(made.url, {"act": "accept"}).status_code == 302
    assert "Mend the" in client.get(reverse("my-work")).content.decode()
    assert client.post(made.url, {"act": "decline", "outcome": " "}).status_code == 422
    assert client.post(made.url, {"act": "finish", "outcome": "Mended"}).status_code == 302
    client.force_login(plan.owner)
    assert "Mended" in client.get(made.url).content.decode()


@pytest.mark.parametrize("path", ["/tasks/NOTTHERE/", "/plans/NOTTHERE/tasks/", "/plans/NOTTHERE/people/"])
def test_a_forged_key_is_not_found(client, colleague, path):
    client.force_login(colleague("supervisor"))
    assert client.get(path).status_code == 404
    assert client.post(path, {"act": "accept", "title": "x"}).status_code == 404


def test_a_form_of_another_role_is_refused(client, plan, colleague):
    client.force_login(colleague("analyst"))
    people = reverse("plan-people", args=[plan.key])
    assert client.post(people, {"act": "assign", "person": plan.owner_id, "reason": "x"}).status_code == 403
    assert client.post(people, {"act": "nonsense"}).status_code == 403


def test_the_queue_is_for_those_who_answer(client, plan, colleague):
    people_actions.ask_for_help(key=plan.key, kind="review", stage="", text="Is it any good?", trail=trail(plan.owner))
    client.force_login(plan.owner)
    assert client.get(reverse("help")).status_code == 404
    client.force_login(colleague("hub"))
    page = client.get(reverse("help")).content.decode()
    assert "Is it any good?" in page
    h = plan.help_requests.get()
    assert client.post(reverse("help"), {"act": "take", "request": h.pk}).status_code == 302
    assert client.post(reverse("help"), {"act": "answer", "request": h.pk, "answer": "Quite"}).status_code == 302


def test_what_becomes_sensitive_is_published_no_longer(plan):
    Plan.objects.filter(pk=plan.pk).update(published_at=timezone.now(), state="responding")
    given = {"key": plan.key, "caveats": (), "trail": trail(plan.owner)}
    people_actions.mark_plan(marking="OFFICIAL", about_people=False, **given)
    assert selectors.published().exists()
    people_actions.mark_plan(marking="OFFICIAL", about_people=True, **given)
    assert not selectors.published().exists()
    assert Event.objects.filter(act="withdraw-publication", record=plan.record).count() == 1


def test_an_owner_who_left_while_a_plan_was_closed_is_flagged_when_it_opens_again(colleague, plan):
    boss = colleague("supervisor")
    Plan.objects.filter(pk=plan.pk).update(state="closed", closed_at=timezone.now())
    User.objects.filter(pk=plan.owner_id).update(is_active=False)
    actions.move(key=plan.key, move="reopen", reason="It is back", trail=trail(boss))
    plan.refresh_from_db()
    assert plan.owner_left_at
    assert Notice.objects.filter(person=boss, kind="owner-left").exists()


def test_what_waits_for_a_decision_is_on_the_work_of_those_who_decide(client, colleague, plan):
    """A plan that was submitted, a change of level and an offer; none of them for the plan's own owner."""
    chief, owner = colleague("supervisor", "jo"), plan.owner
    people_actions.propose_level(key=plan.key, level=2, reason="Three forces", trail=trail(owner))
    offered = people_actions.offer_handover(key=plan.key, taker=chief, note="All is in the plan", trail=trail(owner))
    Plan.objects.filter(pk=plan.pk).update(state="submitted")
    assert (work(owner).agree, work(owner).levels) == ((), ())
    desk = work(chief)
    assert [p.pk for p in desk.agree] == [plan.pk]
    assert [c.target for c in desk.levels] == [2]
    assert desk.waiting == 3
    client.force_login(chief)
    page = client.get(reverse("my-work")).content.decode()
    assert "3 things wait for you" in page
    assert "asks for level 2" in page
    form = {"act": "answer-offer", "handover": offered.pk, "accept": "yes"}
    assert reverse("plan-people", args=[plan.key]) in page
    client.post(reverse("plan-people", args=[plan.key]), form)
    assert Plan.objects.get().owner == chief
    assert work(chief).agree == (), "nobody agrees to a plan of their own"


def test_a_design_to_settle_is_on_the_owners_work(client, plan):
    Plan.objects.filter(pk=plan.pk).update(urgent_at=timezone.now() - dt.timedelta(days=20), state="responding")
    assert [p.pk for p in work(plan.owner).designs] == [plan.pk]
    client.force_login(plan.owner)
    page = client.get(reverse("my-work")).content.decode()
    assert page.count("design late") == 2
    Plan.objects.filter(pk=plan.pk).update(fixed_at=timezone.now())
    assert work(plan.owner).designs == ()


def work(user):
    from forestall.web.plans import my_work

    return my_work.of(User.objects.get(pk=user.pk))


def test_what_is_too_long_is_refused_and_never_cut(plan, colleague, client):
    """People read what they wrote a week later: half of it is worse than a refusal that leaves it in the form."""
    officer, other, force = trail(plan.owner), colleague("officer", "other"), plan.organisation
    task = task_actions.ask_task(key=plan.key, title="Look", organisation=force, due=None, trail=officer)
    long = "ŵ" * 10_001
    for act in (
        lambda: actions.move(key=plan.key, move="withdraw", reason=long, trail=officer),
        lambda: people_actions.offer_handover(key=plan.key, taker=other, note=long, trail=officer),
        lambda: people_actions.propose_level(key=plan.key, level=2, reason=long, trail=officer),
        lambda: people_actions.refer_to_ethics(key=plan.key, question=long, trail=officer),
        lambda: people_actions.ask_for_help(key=plan.key, kind="advice", stage="", text=long, trail=officer),
        lambda: task_actions.ask_task(key=plan.key, title=long, organisation=force, due=None, trail=officer),
        lambda: task_actions.ask_task(key=plan.key, title="T", detail=long, organisation=force, due=None, trail=officer),
        lambda: task_actions.finish_task(key=task.key, outcome=long, trail=officer),
        lambda: task_actions.decline_task(key=task.key, reason=long, trail=officer),
        lambda: started(plan.owner, long),
    ):
        with pytest.raises(RefusedError, match="Say it in at most"), transaction.atomic():
            act()
    client.force_login(plan.owner)
    page = client.post(reverse("plan-people", args=[plan.key]), {"act": "help", "kind": "advice", "text": long})
    assert page.status_code == 422
    assert long in page.content.decode(), "it is still there to be shortened"
    page = client.post(reverse("start-plan"), {"from": "complaint", "words": long})
    assert page.status_code == 422
    assert "Say it in at most 5,000 characters: this has 10,001" in page.content.decode()
    assert long in page.content.decode()


def test_a_page_that_names_a_sensitive_plan_is_marked_so_on_top_and_at_the_foot(plan, colleague, client):
    client.force_login(plan.owner)
    work, record = reverse("my-work"), reverse("my-portfolio")
    top = '<span class="govuk-visually-hidden">Protective marking: </span>{}</p>'
    foot = '<strong class="f-marking">{}</strong>'
    for marking in ("OFFICIAL", "OFFICIAL-SENSITIVE"):
        people_actions.mark_plan(key=plan.key, marking=marking, caveats=(), about_people=False, trail=trail(plan.owner))
        for address in (work, record, reverse("plan", args=[plan.key])):
            page = client.get(address).content.decode()
            assert top.format(marking) in page, address
            assert foot.format(marking) in page, address
        assert f'filename="{marking}-my-record.csv"' in client.get(f"{record[:-1]}.csv")["Content-Disposition"]
    supervisor = colleague("supervisor")
    client.force_login(supervisor)
    assert top.format("OFFICIAL") in client.get(work).content.decode(), "no plan waits for them"
    assert top.format("OFFICIAL-SENSITIVE") in client.get(reverse("portfolio")).content.decode()


def test_a_page_that_names_plans_is_marked_as_the_highest_of_them(client, plan, colleague):
    def foot(who, name):
        client.force_login(who)
        return re.search(r'<strong class="f-marking">([^<]*)', client.get(reverse(name)).content.decode())[1]

    boss = colleague("supervisor")
    assert {foot(plan.owner, "my-work"), foot(plan.owner, "plans"), foot(boss, "portfolio")} == {"OFFICIAL"}
    Plan.objects.filter(pk=plan.pk).update(marking="OFFICIAL-SENSITIVE")
    for who, name in ((plan.owner, "my-work"), (plan.owner, "plans"), (boss, "portfolio")):
        assert foot(who, name) == "OFFICIAL-SENSITIVE", name
    assert foot(colleague("partner"), "my-council") == "OFFICIAL"
