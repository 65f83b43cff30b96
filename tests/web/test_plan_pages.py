"""The pages of a plan: list, overview, stages and questions, drafts and merges, moves, timeline."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forestall.catalogue import plans as catalogue
from forestall.web.audit.trail import Trail
from forestall.web.people.models import HeldRole, Organisation, User
from forestall.web.plans import actions, timeline
from forestall.web.plans.desk import Desk
from forestall.web.plans.models import Answer, Draft, Plan
from forestall.web.plans.seed import from_signal
from forestall.web.signals.pinned import pinned

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }} ' OR 1=1 -- ŵ ŷ Ŵyth 😀 مرحبا بالعالم"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }} &#39; OR 1=1 -- ŵ ŷ Ŵyth 😀 مرحبا بالعالم"


def text(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="force", name="Sample Police", kind="force")


@pytest.fixture
def colleague(person, force):
    """Makes a person of the force: ``colleague("officer")``."""

    def make(role, username=None, area=""):
        user = person(role, area, username)
        user.organisation = force
        user.name = f"{(username or role).title()} Bevan"
        user.save()
        return user

    return make


@pytest.fixture
def officer(colleague):
    return colleague("officer")


def begin(user, weight="standard", number=1, **changes):
    """A plan from a signal, by action."""
    scan = pinned()
    seed = from_signal(scan, scan.scan.signals[number - 1])
    return actions.start_plan(
        seed=seed, scan=scan, weight=weight, language="en", duplicates=[], trail=Trail(user), **changes
    )


@pytest.fixture
def plan(officer):
    return begin(officer)


@pytest.fixture
def mine(client, officer):
    client.force_login(officer)
    return client


def value(plan, question):
    found = Answer.objects.filter(plan=plan, question=question, current=True).first()
    return found.value if found else None


def sends(page, *questions):
    """What the form of a page would send for some questions as they stand: base revisions from the page itself."""
    found = dict(re.findall(r'name="base-([\w-]+)" value="(\d+)"', page))
    return {f"base-{q}": found[q] for q in questions}


def test_the_overview_says_how_far_each_stage_is_what_is_needed_and_who_owns_it(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/"))
    assert "Officer Bevan" in page
    assert "filled from the signal" in page
    for stage in catalogue.stages():
        assert f'href="/plans/{plan.key}/{stage.slug}/"' in page
    assert "Everything that it takes is there" in page
    assert f'href="/plans/{plan.key}/move/submit/"' in page


def test_the_marking_is_on_every_page_of_a_plan(mine, plan):
    Plan.objects.update(marking="OFFICIAL-SENSITIVE", caveats=["police-only"])
    for path in ("", "scanning/", "scanning/extent/", "timeline/", "move/submit/"):
        page = text(mine.get(f"/plans/{plan.key}/{path}"))
        assert page.count("OFFICIAL-SENSITIVE: Police only") == 2, "in the head and at the foot"


@pytest.mark.parametrize("path", ["", "objective/", "scanning/extent/", "timeline/", "move/submit/"])
def test_a_forged_key_and_a_stranger_get_the_same_not_found(client, colleague, plan, path):
    other = Organisation.objects.create(slug="other", name="Other Police", kind="force")
    stranger = colleague("officer", "stranger")
    User.objects.filter(pk=stranger.pk).update(organisation=other)
    client.force_login(User.objects.get(pk=stranger.pk))
    assert client.get(f"/plans/{plan.key}/{path}").status_code == 404
    assert client.get(f"/plans/ZZZZZZZZ/{path}").status_code == 404


def test_every_question_has_its_screen_and_says_where_its_answer_comes_from(mine, plan):
    for stage in catalogue.stages():
        text(mine.get(f"/plans/{plan.key}/{stage.slug}/"))
        for q in stage.asked(plan.weight):
            page = text(mine.get(f"/plans/{plan.key}/{stage.slug}/{q.slug}/"))
            assert page.count("<h1") == 1
            assert f'id="q-{q.slug}"' in page
    page = text(mine.get(f"/plans/{plan.key}/objective/baseline/"))
    assert re.search(r"From problem 0000000001 of the scan, snapshot \w{8}", page)
    assert mine.get(f"/plans/{plan.key}/objective/lessons/").status_code == 404


def test_save_and_next_keeps_the_answer_and_goes_on(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/objective/aim/"))
    told = mine.post(f"/plans/{plan.key}/objective/aim/", {**sends(page, "aim"), "q-aim": "Fewer cars lost"})
    assert told.url == f"/plans/{plan.key}/objective/measure/"
    assert value(plan, "aim") == "Fewer cars lost"
    last = text(mine.get(f"/plans/{plan.key}/objective/target-date/"))
    told = mine.post(
        f"/plans/{plan.key}/objective/target-date/", {**sends(last, "target-date"), "q-target-date": "31/3/2027"}
    )
    assert told.url == f"/plans/{plan.key}/objective/?saved=1"
    assert value(plan, "target-date") == "2027-03-31"


def test_a_desk_saves_all_and_writes_only_what_was_changed(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/objective/"))
    form = sends(page, "aim", "measure", "baseline", "target", "target-date")
    before = {a.question: a.revision for a in Answer.objects.filter(plan=plan, current=True)}
    given = {"q-aim": "Less of it", "q-measure": "calls"}
    for q in ("baseline", "target", "target-date"):
        given[f"q-{q}"] = re.search(rf'id="q-{q}"[^>]*value="([^"]*)"', page)[1]
    told = mine.post(f"/plans/{plan.key}/objective/", {**form, **given})
    assert told.url.endswith("?saved=2")
    after = {a.question: a.revision for a in Answer.objects.filter(plan=plan, current=True)}
    assert {q for q in after if after[q] != before[q]} == {"aim", "measure"}
    assert "2 answers were saved" in text(mine.get(told.url))


def test_what_is_no_answer_is_said_and_nothing_is_lost_or_written(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/objective/"))
    given = {"q-aim": HOSTILE, "q-target": "a lot", "q-target-date": "tomorrow"}
    told = mine.post(f"/plans/{plan.key}/objective/", {**sends(page, "aim", "target", "target-date"), **given})
    back = text(told, 422)
    assert "There is a problem" in back
    assert 'href="#q-target"' in back
    assert ESCAPED in back
    assert 'value="a lot"' in back
    assert 'value="tomorrow"' in back
    assert value(plan, "aim") != HOSTILE


def test_any_writing_is_kept_and_shown_as_text(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/scanning/extent/"))
    long = HOSTILE + "\n" + "hen wlad fy nhadau " * 1000
    mine.post(f"/plans/{plan.key}/scanning/extent/", {**sends(page, "extent"), "q-extent": long})
    assert value(plan, "extent") == long.strip()
    for path in ("scanning/", "scanning/extent/"):
        shown = text(mine.get(f"/plans/{plan.key}/{path}"))
        assert ESCAPED in shown
        assert "<script>alert" not in shown
    huge = "x" * 20_001
    page = text(mine.get(f"/plans/{plan.key}/scanning/extent/"))
    back = text(mine.post(f"/plans/{plan.key}/scanning/extent/", {**sends(page, "extent"), "q-extent": huge}), 422)
    assert "at most 20,000 characters: this has 20,001" in back
    assert huge in back


def test_an_answer_can_be_cleared(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/scanning/"))
    mine.post(f"/plans/{plan.key}/scanning/", {**sends(page, "extent", "who-says"), "q-extent": ""})
    assert value(plan, "extent") == ""
    assert value(plan, "who-says") == ""
    page = text(mine.get(f"/plans/{plan.key}/"))
    assert "Scanning: How large is it, and since when?" in page
    assert f'href="/plans/{plan.key}/scanning/extent/"' in page


def test_a_draft_is_kept_for_its_writer_alone_offered_and_thrown_away(mine, plan, client, colleague):
    where = f"/plans/{plan.key}/scanning/harm/"
    page = text(mine.get(where))
    kept = mine.post(f"{where}draft/", {**sends(page, "harm"), "q-harm": "People stay at home"})
    assert kept.json() == {"kept": True}
    page = text(mine.get(where))
    assert "People stay at home" in page
    assert "did not save it" in page
    used = text(mine.get(f"{where}?use=harm"))
    assert re.search(r"<textarea[^>]*>People stay at home</textarea>", used)
    mine.post(f"{where}draft/", {"do": "drop"})
    assert not Draft.objects.exists()
    mine.post(f"{where}draft/", {**sends(page, "harm"), "q-harm": "People stay at home"})
    client.force_login(colleague("supervisor"))
    assert "People stay at home" not in text(client.get(where))


def test_saving_ends_the_draft(mine, plan):
    where = f"/plans/{plan.key}/scanning/harm/"
    page = text(mine.get(where))
    mine.post(f"{where}draft/", {**sends(page, "harm"), "q-harm": "Half a sen"})
    mine.post(where, {**sends(page, "harm"), "q-harm": "Half a sentence more"})
    assert not Draft.objects.exists()


@pytest.fixture
def conflict(mine, plan, colleague):
    """The officer and the supervisor changed the same answer."""
    where = f"/plans/{plan.key}/scanning/harm/"
    seen = sends(text(mine.get(where)), "harm")
    chief = colleague("supervisor")
    actions.answer(
        key=plan.key, question="harm", raw=["Theirs: shops close early"], base=int(seen["base-harm"]), trail=Trail(chief)
    )
    told = mine.post(where, {**seen, "q-harm": "Mine: people stay at home"})
    assert told.url == f"{where}merge/"
    return told.url


@pytest.mark.parametrize(
    ("choice", "stands"),
    [
        ("theirs", "Theirs: shops close early"),
        ("mine", "Mine: people stay at home"),
        ("both", "Shops close early and people stay at home"),
    ],
)
def test_two_people_wrote_and_the_second_chooses(mine, plan, conflict, choice, stands):
    assert value(plan, "harm") == "Theirs: shops close early", "nothing is overwritten"
    page = text(mine.get(conflict))
    assert "Theirs: shops close early" in page
    assert "Mine: people stay at home" in page
    assert "Supervisor Bevan" in page
    base = re.search(r'name="base" value="(\d+)"', page)[1]
    told = mine.post(conflict, {"choice": choice, "base": base, "both": "Shops close early and people stay at home"})
    assert told.url == f"/plans/{plan.key}/scanning/"
    assert value(plan, "harm") == stands
    assert not Draft.objects.exists()
    said = [a.value for a in Answer.objects.filter(plan=plan, question="harm").order_by("revision")]
    assert "Theirs: shops close early" in said, "the other stays in the history"


def test_a_third_answer_while_choosing_is_no_overwrite_either(mine, plan, conflict):
    page = text(mine.get(conflict))
    base = re.search(r'name="base" value="(\d+)"', page)[1]
    chief = User.objects.get(username="supervisor")
    actions.answer(key=plan.key, question="harm", raw=["A third"], base=int(base), trail=Trail(chief))
    told = mine.post(conflict, {"choice": "mine", "base": base})
    assert told.url == conflict
    assert value(plan, "harm") == "A third"
    assert Draft.objects.get().value == "Mine: people stay at home"


def test_without_a_choice_the_page_comes_back(mine, conflict):
    back = text(mine.post(conflict, {"base": "2", "both": "half done"}), 422)
    assert "Choose which of the two stands" in back
    assert "half done" in back


def test_who_left_a_field_alone_overwrites_nobody(mine, plan, colleague):
    page = text(mine.get(f"/plans/{plan.key}/scanning/"))
    seen = sends(page, "extent", "harm")
    was = value(plan, "harm")
    actions.answer(key=plan.key, question="harm", raw=["Newer"], base=1, trail=Trail(colleague("supervisor")))
    told = mine.post(f"/plans/{plan.key}/scanning/", {**seen, "q-extent": "Larger", "q-harm": was})
    assert told.url.endswith("?saved=1")
    assert value(plan, "harm") == "Newer"
    assert value(plan, "extent") == "Larger"


def test_what_was_settled_takes_a_reason_and_shows_its_history(mine, plan):
    from django.utils import timezone

    Plan.objects.update(state="responding", fixed_at=timezone.now())
    where = f"/plans/{plan.key}/objective/target/"
    page = text(mine.get(where))
    assert "It was settled before the response began" in page
    back = text(mine.post(where, {**sends(page, "target"), "q-target": "5"}), 422)
    assert 'href="#reason-target"' in back
    assert 'value="5"' in back
    mine.post(where, {**sends(page, "target"), "q-target": "5", "reason-target": "The car park closed"})
    assert value(plan, "target") == 5
    page = text(mine.get(where))
    assert "2 revisions of this answer" in page
    assert "The car park closed" in page


def test_no_to_cheers_offers_the_two_ways_out(mine, plan):
    where = f"/plans/{plan.key}/scanning/cheers-recurring/"
    page = text(mine.get(where))
    told = mine.post(where, {**sends(page, "cheers-recurring"), "q-cheers-recurring": "no"})
    assert told.url == f"/plans/{plan.key}/scanning/"
    for path in ("scanning/", ""):
        page = text(mine.get(f"/plans/{plan.key}/{path}"))
        assert f"/plans/{plan.key}/move/route-investigation/" in page
        assert f"/plans/{plan.key}/move/route-incident/" in page
    told = mine.post(f"/plans/{plan.key}/move/route-incident/", {"reason": "It happened once"})
    assert told.url == f"/plans/{plan.key}/?done=route-incident"
    assert Plan.objects.get().state == "routed"


def test_a_move_says_what_is_missing_and_where_to_put_it_right(mine, plan):
    Answer.objects.filter(question="aim").delete()
    page = text(mine.get(f"/plans/{plan.key}/move/submit/"))
    assert "Objective: What should change, for whom?" in page
    assert f'href="/plans/{plan.key}/objective/aim/"' in page
    back = text(mine.post(f"/plans/{plan.key}/move/submit/", {}), 422)
    assert "There is a problem" in back
    assert Plan.objects.get().state == "draft"


def test_a_move_that_needs_a_reason_keeps_what_was_typed(mine, plan):
    back = text(mine.post(f"/plans/{plan.key}/move/join/", {"reason": HOSTILE, "other": "ABCDEFGH"}), 422)
    assert 'href="#other"' in back
    assert ESCAPED in back
    assert 'value="ABCDEFGH"' in back


def test_agreeing_asks_the_two_questions_of_tasking(client, mine, plan, colleague):
    mine.post(f"/plans/{plan.key}/move/submit/")
    assert Plan.objects.get().state == "submitted"
    assert mine.get(f"/plans/{plan.key}/move/agree/").status_code == 403
    client.force_login(colleague("supervisor"))
    page = text(client.get(f"/plans/{plan.key}/move/agree/"))
    assert "What does this plan do for the force&#39;s and the national priorities?" in page
    back = text(client.post(f"/plans/{plan.key}/move/agree/", {"local_to_global": "Vehicle crime is a priority"}), 422)
    assert 'href="#global_to_local"' in back
    assert "Vehicle crime is a priority" in back
    told = client.post(f"/plans/{plan.key}/move/agree/", {"local_to_global": "Priority", "global_to_local": "Funds"})
    assert Plan.objects.get().state == "active"
    assert "the plan is now “In analysis”" in text(client.get(told.url))
    again = text(client.get(f"/plans/{plan.key}/move/agree/"))
    assert "can't go that way from where it stands" in again
    assert 'name="local_to_global"' not in again


def test_a_plan_is_joined_to_another_by_its_key(mine, plan, officer):
    other = begin(officer, number=4)
    told = mine.post(f"/plans/{plan.key}/move/join/", {"reason": "The same car park", "other": other.key.lower()})
    page = text(mine.get(told.url))
    assert f'href="/plans/{other.key}/"' in page


def test_an_urgent_plan_says_when_its_design_is_due_and_that_it_is_late(mine, plan):
    import datetime as dt

    from django.utils import timezone

    mine.post(f"/plans/{plan.key}/move/act-now/", {"reason": "A child is at risk"})
    assert "Urgent: its design is due" in text(mine.get(f"/plans/{plan.key}/"))
    Plan.objects.update(urgent_at=timezone.now() - dt.timedelta(days=20))
    for path in (f"/plans/{plan.key}/", "/plans/"):
        assert "Urgent: its design is late" in text(mine.get(path))


def test_who_may_only_read_sees_answers_and_no_forms(client, colleague, plan):
    client.force_login(colleague("officer", "reader"))
    for path in ("objective/", "objective/aim/"):
        page = text(client.get(f"/plans/{plan.key}/{path}"))
        assert "Fewer people suffer vehicle crime" in page
        assert "base-aim" not in page
    assert client.post(f"/plans/{plan.key}/objective/aim/", {"base-aim": "1", "q-aim": "Mine"}).status_code == 403
    assert client.get(f"/plans/{plan.key}/move/submit/").status_code == 403


def test_the_list_finds_by_state_category_area_words_and_owner(mine, plan, officer, colleague):
    other = begin(officer, number=4)
    theirs = begin(colleague("analyst"), number=3)
    Plan.objects.filter(pk=other.pk).update(state="closed")

    def keys(query):
        return set(re.findall(r'href="/plans/([2-9A-Z]{8})/"', text(mine.get(f"/plans/{query}"))))

    assert keys("") == {plan.key, theirs.key}
    assert keys("?state=") == {plan.key, other.key, theirs.key}
    assert keys("?state=closed") == {other.key}
    assert keys("?category=vehicle-crime") == {plan.key}
    assert keys("?area=W06000002") == {theirs.key}
    assert keys("?words=VEHICLE northtown") == {plan.key}
    assert keys(f"?words={theirs.key}") == {theirs.key}
    assert keys("?mine=1") == {plan.key}
    assert keys("?words=%00%27%3B--") == set()


def test_the_list_goes_on_where_a_page_ends(mine, officer):
    scan = pinned()
    for i in range(27):
        actions.start_plan(
            seed=from_signal(scan, scan.scan.signals[0]), scan=None, weight="quick", language="en", duplicates=[],
            title=f"Plan {i}", trail=Trail(officer),
        )  # fmt: skip
    first = text(mine.get("/plans/?mine=1"))
    onward = re.search(r'href="(/plans/\?[^"]*after=[^"]*)"', first)[1].replace("&amp;", "&")
    second = text(mine.get(onward))
    seen = re.findall(r">Plan (\d+)<", first) + re.findall(r">Plan (\d+)<", second)
    assert sorted(map(int, seen)) == list(range(27))
    assert "after=" not in second.split("<main")[1]


def test_the_timeline_has_what_happened_newest_first_page_by_page(mine, plan, colleague):
    mine.post(f"/plans/{plan.key}/move/submit/")
    for i in range(30):
        chief = User.objects.filter(username="supervisor").first() or colleague("supervisor")
        actions.move(key=plan.key, move="return", reason=f"Round {i}", trail=Trail(chief))
        actions.move(key=plan.key, move="submit", trail=Trail(User.objects.get(username="officer")))
    seen, address = [], f"/plans/{plan.key}/timeline/"
    while address:
        page = text(mine.get(address))
        seen += re.findall(r"<li dir=\"auto\">Round (\d+)</li>", page)
        onward = re.search(r'href="(\?before=[^"]*)"', page)
        address = f"/plans/{plan.key}/timeline/{onward[1]}" if onward else ""
    assert list(map(int, seen)) == list(range(29, -1, -1))
    assert "The plan began" in page
    assert "answers were filled in from what is known" in page


#: Queries of each page, whoever reads it: never more with more answers, tasks or plans.
CEILINGS = {
    "/plans/": 8,
    "/plans/{key}/": 24,
    "/plans/{key}/objective/": 14,
    "/plans/{key}/scanning/": 14,
    "/plans/{key}/analysis/": 16,
    "/plans/{key}/response/": 16,
    "/plans/{key}/scanning/extent/": 13,
    "/plans/{key}/timeline/": 17,
    "/plans/{key}/move/submit/": 15,
}


@pytest.mark.parametrize("path", CEILINGS)
def test_each_page_asks_the_database_a_fixed_number_of_times(client, plan, colleague, path):
    client.force_login(colleague("supervisor"))
    address = path.format(key=plan.key)
    text(client.get(address))
    with CaptureQueriesContext(connection) as asked:
        text(client.get(address))
    assert len(asked) <= CEILINGS[path], [q["sql"][:150] for q in asked.captured_queries]


def test_saving_asks_the_database_in_proportion_to_what_changed(mine, plan):
    page = text(mine.get(f"/plans/{plan.key}/scanning/"))
    form = {**sends(page, "extent", "harm"), "q-extent": "New", "q-harm": value(plan, "harm")}
    with CaptureQueriesContext(connection) as asked:
        mine.post(f"/plans/{plan.key}/scanning/", form)
    assert len(asked) <= 24, [q["sql"][:150] for q in asked.captured_queries]


def test_a_partner_guest_sees_what_is_shared_and_no_more(client, person, plan, officer):
    import datetime as dt

    from forestall.web.people.models import Agreement
    from forestall.web.plans.models import Member

    council = Organisation.objects.create(slug="council", name="Sample Council", kind="council")
    guest = person("partner")
    User.objects.filter(pk=guest.pk).update(organisation=council)
    guest = User.objects.get(pk=guest.pk)
    client.force_login(guest)
    assert client.get(f"/plans/{plan.key}/").status_code == 404
    today = dt.date.today()
    agreement = Agreement.objects.create(
        reference="W1",
        title="Safer streets",
        kind="waspi-isp",
        starts=today,
        expires=today + dt.timedelta(days=30),
        review_on=today,
    )
    Member.objects.create(
        plan=plan, organisation=council, purpose="prevent", basis="part-3", agreement=agreement,
        until=today + dt.timedelta(days=10), added_by=officer,
    )  # fmt: skip
    Answer.objects.filter(question="extent").update(shared=False, value="Secret detail")
    assert plan.key in text(client.get("/plans/"))
    for path in ("", "scanning/", "objective/", "objective/aim/", "timeline/"):
        page = text(client.get(f"/plans/{plan.key}/{path}"))
        assert "Secret detail" not in page
        assert "0000000001" not in page, path
    assert client.get(f"/plans/{plan.key}/scanning/extent/").status_code == 404
    assert HeldRole.objects.filter(user=guest, role="partner").exists()


# Analysis: filled in from the profile, ideas, gaps.


@pytest.fixture
def profile_store(settings, tmp_path_factory):
    """A store whose records have times, places and streets, so that a profile has something to say."""
    import bench_store

    settings.STORE = bench_store.make(tmp_path_factory.mktemp("profiled"), record=True)
    return settings.STORE


def test_analysis_is_filled_from_the_profile_cited_and_nobody_is_overwritten(profile_store, mine, officer):  # noqa: ARG001
    plan = begin(officer)
    page = text(mine.get(f"/plans/{plan.key}/analysis/"))
    mine.post(f"/plans/{plan.key}/analysis/", {**sends(page, "where"), "q-where": "Behind the station"})
    told = mine.post(f"/plans/{plan.key}/fill/")
    page = text(mine.get(told.url))
    assert "were filled in from the profile" in page
    assert value(plan, "where") == "Behind the station"
    assert value(plan, "what").startswith("23 records of vehicle crime")
    assert value(plan, "how") is None, "what the records don't hold is no answer"
    assert "Not known yet:" in value(plan, "place")
    assert re.search(r"From the profile of problem 0000000001, snapshot \w{8}", page)
    ideas = list(plan.hypotheses.all())
    assert {h.rule for h in ideas} == {"part-of-a-wider-change", "something-changed"}
    assert all(h.supports and h.test and h.source for h in ideas)
    plan.hypotheses.update(standing="dropped")
    mine.post(f"/plans/{plan.key}/fill/")
    assert plan.hypotheses.count() == 2, "an idea that was dropped does not come back"
    assert set(plan.hypotheses.values_list("standing", flat=True)) == {"dropped"}


def test_a_plan_that_starts_beside_a_profile_has_its_analysis_at_once(profile_store, mine, officer):  # noqa: ARG001
    assert value(begin(officer), "what") is None, "nobody waits for a profile when a plan starts"
    text(mine.get("/signals/0000000001/profile/"))
    plan = begin(officer, number=1)
    assert value(plan, "what").startswith("23 records of vehicle crime")
    assert plan.hypotheses.exists()


def test_without_a_profile_the_page_says_so(mine, officer):
    plan = begin(officer, number=2)
    told = mine.post(f"/plans/{plan.key}/fill/")
    assert "There is no profile to fill in from" in text(mine.get(told.url))


def idea(page, **changes):
    """The form of an idea as the page holds it."""
    import html
    import json

    base = re.search(r'name="base" value="(\d+)"', page)[1]
    was = html.unescape(re.search(r'name="was" value="([^"]*)"', page)[1])
    fields = {f"h-{k}": v for k, v in json.loads(was).items()}
    return {"base": base, "was": was, **fields, **{f"h-{k}": v for k, v in changes.items()}}


def test_ideas_are_written_changed_and_dropped(mine, plan):
    where = f"/plans/{plan.key}/ideas/new/"
    back = text(mine.post(where, idea(text(mine.get(where)), supports=HOSTILE)), 422)
    assert 'href="#h-text"' in back
    assert ESCAPED in back
    mine.post(where, idea(text(mine.get(where)), text=HOSTILE, supports="Half of it at one car park", horizon="short"))
    h = plan.hypotheses.get()
    assert h.text == HOSTILE
    page = text(mine.get(f"/plans/{plan.key}/analysis/"))
    assert ESCAPED in page
    assert "Half of it at one car park" in page
    change = f"/plans/{plan.key}/ideas/{h.pk}/"
    mine.post(change, idea(text(mine.get(change)), standing="dropped", contradicts="It went on when it closed"))
    h.refresh_from_db()
    assert (h.standing, h.contradicts, h.revision) == ("dropped", "It went on when it closed", 2)
    assert mine.get(f"/plans/{plan.key}/ideas/{h.pk + 1}/").status_code == 404


def test_what_an_idea_and_a_response_said_before_is_kept_and_told(mine, plan):
    def change(page, where, form, **fields):
        assert mine.post(where, form(text(mine.get(page)), **fields)).status_code == 302

    new = f"/plans/{plan.key}/ideas/new/"
    change(new, new, idea, text="The gate is broken", supports="Seen twice")
    h = plan.hypotheses.get()
    mend = f"/plans/{plan.key}/ideas/{h.pk}/"
    change(mend, mend, idea, supports=HOSTILE, standing="kept")
    change(mend, mend, idea, text="The gate stands open")
    new = f"/plans/{plan.key}/responses/new/"
    change(new, new, reply, action="Mend the gate", cost="100")
    r = plan.responses.get()
    mend = f"/plans/{plan.key}/responses/{r.pk}/"
    change(mend, mend, reply, cost="250", side="place")
    mine.post(mend, {"do": "stop"})
    kept = [(e.kind, e.number, e.revision, e.changed) for e in plan.earlier.order_by("pk")]
    assert kept == [
        ("idea", h.pk, 1, ["supports", "standing"]), ("idea", h.pk, 2, ["text"]),
        ("response", r.pk, 1, ["side", "cost"]), ("response", r.pk, 2, ["standing"]),
    ]  # fmt: skip
    assert plan.earlier.get(kind="idea", revision=1).fields["supports"] == "Seen twice"
    told = [(str(t.title), [str(x) for x in t.text]) for t in timeline.history(Desk(plan, plan.owner)).happenings[:6]]
    assert told == [
        ("A response was changed", ["Mend the gate", "How does it stand?"]),
        ("A response was changed", ["Mend the gate", "On which side of the triangle does it work?",
                                    "What does it cost, in pounds? Before: 100"]),
        ("Sample Police was asked", ["Mend the gate"]),
        ("An idea why it goes on was changed", ["Why does it go on? Before: The gate is broken"]),
        ("An idea why it goes on was changed", ["The gate is broken", "What speaks for it? Before: Seen twice",
                                                "How does it stand?"]),
        ("An idea why it goes on was written down", ["The gate is broken"]),
    ]  # fmt: skip
    assert "Before: Seen twice" in text(mine.get(f"/plans/{plan.key}/timeline/"))
    pages, before = [], ""
    for _ in range(20):
        found = timeline.history(Desk(plan, plan.owner), before, 1)
        pages += [str(h.title) for h in found.happenings]
        before = found.before
        if not before:
            break
    assert pages[:6] == [title for title, _ in told], "page by page the same"


def test_two_people_change_one_idea(mine, client, plan, officer, colleague):
    where = f"/plans/{plan.key}/ideas/new/"
    mine.post(where, idea(text(mine.get(where)), text="The car park"))
    h = plan.hypotheses.get()
    change = f"/plans/{plan.key}/ideas/{h.pk}/"
    seen = text(mine.get(change))
    client.force_login(colleague("supervisor"))
    client.post(change, idea(text(client.get(change)), text="The car park at night", supports="Lamps are out"))
    client.force_login(officer)
    page = text(client.post(change, idea(seen, text="The car park at weekends", contradicts="Quiet in May")), 409)
    h.refresh_from_db()
    assert h.text == "The car park at night", "nothing is overwritten"
    assert "The car park at weekends" in page
    assert page.count('name="choose"') == 1, "only what both changed is to be chosen"
    form = {**idea(page), "choose": "text", "theirs-text": h.text, "both-text": "The car park at night and weekends"}
    form |= {"h-text": "The car park at weekends", "h-contradicts": "Quiet in May"}
    assert client.post(change, form).status_code == 422, "one must be chosen"
    client.post(change, {**form, "pick-text": "both"})
    h.refresh_from_db()
    assert (h.text, h.supports, h.contradicts) == ("The car park at night and weekends", "Lamps are out", "Quiet in May")


def test_changes_to_different_fields_of_an_idea_join_by_themselves(mine, client, plan, officer, colleague):
    where = f"/plans/{plan.key}/ideas/new/"
    mine.post(where, idea(text(mine.get(where)), text="The car park"))
    change = f"/plans/{plan.key}/ideas/{plan.hypotheses.get().pk}/"
    seen = text(mine.get(change))
    client.force_login(colleague("supervisor"))
    client.post(change, idea(text(client.get(change)), supports="Lamps are out"))
    client.force_login(officer)
    assert client.post(change, idea(seen, contradicts="Quiet in May")).status_code == 302
    h = plan.hypotheses.get()
    assert (h.supports, h.contradicts) == ("Lamps are out", "Quiet in May")


def test_what_nobody_knows_is_asked_of_an_organisation_on_the_plan(mine, plan, force):
    where = f"/plans/{plan.key}/find-out/?question=place-manager"
    assert "Who looks after the place?" in text(mine.get(where))
    stranger = Organisation.objects.create(slug="c", name="Council", kind="council")
    form = {"title": "Who runs the car park?", "organisation": stranger.pk, "due": "soon"}
    back = text(mine.post(where, form), 422)
    assert 'href="#organisation"' in back
    assert 'value="soon"' in back
    told = mine.post(where, {**form, "organisation": force.pk, "due": "31/3/2099"})
    assert told.url == f"/plans/{plan.key}/analysis/#gaps"
    task = plan.tasks.get()
    assert (task.asks, task.title, str(task.due)) == ("find-out", "Who runs the car park?", "2099-03-31")
    assert "Who runs the car park?" in text(mine.get(f"/plans/{plan.key}/analysis/"))


# Response.


def reply(page, **changes):
    """The form of a response as the page holds it."""
    return {k.replace("h-", "r-", 1) if k.startswith("h-") else k: v for k, v in idea(page).items()} | {
        f"r-{k.replace('_', '-') if k.startswith('tier') else k}": v for k, v in changes.items()
    }


FULL = {
    "action": "Light the car park", "mechanism": "Whoever breaks in is seen", "side": "place",
    "technique": "natural-surveillance", "tier_national": "primary", "tier_public_health": "secondary",
    "driver": "opportunity", "dose": "12", "dose_unit": "lamps", "cost": "8,400", "due": "31/3/2099", "trial": "yes",
}  # fmt: skip


def test_a_response_is_planned_in_full_and_asked_for_at_once(mine, plan, force, officer):
    where = f"/plans/{plan.key}/responses/new/"
    page = text(mine.get(where))
    assert page.count("<optgroup") == 5
    assert len(re.findall(r"<option", page.split('id="r-technique"')[1].split("</select>")[0])) == 26
    mine.post(where, reply(page, **FULL, owner=str(officer.pk)))
    r = plan.responses.get()
    assert r.tiers == {"national": "primary", "public-health": "secondary"}
    assert (str(r.dose), str(r.cost), r.technique, r.trial) == ("12.00", "8400.00", "natural-surveillance", True)
    task = plan.tasks.get()
    assert (task.response, task.organisation, task.owner, task.title) == (r, force, officer, "Light the car park")
    page = text(mine.get(f"/plans/{plan.key}/response/"))
    assert "12 lamps" in page
    assert "Assist natural surveillance" in page


def test_what_is_wrong_with_a_response_is_said_and_kept(mine, plan):
    where = f"/plans/{plan.key}/responses/new/"
    page = text(mine.get(where))
    back = text(
        mine.post(where, reply(page, mechanism=HOSTILE, dose="many", due="soon", technique="magic", owner="999")), 422
    )
    for field in ("action", "dose", "due", "technique", "owner"):
        assert f'href="#r-{field}"' in back, field
    assert ESCAPED in back
    assert 'value="many"' in back
    assert not plan.responses.exists()


def test_changing_and_stopping_a_response_carries_its_task_along(mine, plan):
    where = f"/plans/{plan.key}/responses/new/"
    mine.post(where, reply(text(mine.get(where)), **FULL))
    change = f"/plans/{plan.key}/responses/{plan.responses.get().pk}/"
    mine.post(change, reply(text(mine.get(change)), action="Light and mend the car park"))
    assert plan.tasks.get().title == "Light and mend the car park"
    mine.post(change, {"do": "stop"})
    assert plan.responses.get().standing == "stopped"
    assert plan.tasks.get().standing == "cancelled"


def test_a_response_for_another_organisation_is_that_organisations_task(mine, plan, officer):
    import datetime as dt

    from forestall.web.people.models import Agreement
    from forestall.web.plans.models import Member

    council = Organisation.objects.create(slug="council", name="Sample Council", kind="council")
    where = f"/plans/{plan.key}/responses/new/"
    page = text(mine.get(where))
    back = text(mine.post(where, reply(page, **FULL, organisation=str(council.pk))), 422)
    assert "Choose an organisation that is on the plan" in back
    today = dt.date.today()
    agreement = Agreement.objects.create(
        reference="W1", title="Safer streets", kind="waspi-isp", starts=today, expires=today + dt.timedelta(days=30),
        review_on=today,
    )  # fmt: skip
    agreement.parties.add(council, plan.organisation)
    Member.objects.create(
        plan=plan, organisation=council, purpose="prevent", basis="part-3", agreement=agreement,
        until=today + dt.timedelta(days=10), added_by=officer,
    )  # fmt: skip
    mine.post(where, reply(page, **FULL, organisation=str(council.pk)))
    assert plan.tasks.get().organisation == council
    change = f"/plans/{plan.key}/responses/{plan.responses.get().pk}/"
    mine.post(change, reply(text(mine.get(change)), organisation=str(plan.organisation_id)))
    assert {(t.organisation_id, t.standing) for t in plan.tasks.all()} == {
        (council.pk, "cancelled"), (plan.organisation_id, "asked"),
    }  # fmt: skip


def test_two_people_change_one_response(mine, client, plan, officer, colleague):
    where = f"/plans/{plan.key}/responses/new/"
    mine.post(where, reply(text(mine.get(where)), **FULL))
    change = f"/plans/{plan.key}/responses/{plan.responses.get().pk}/"
    seen = text(mine.get(change))
    client.force_login(colleague("supervisor"))
    client.post(change, reply(text(client.get(change)), technique="place-managers", cost="9000"))
    client.force_login(officer)
    page = text(client.post(change, reply(seen, technique="formal-surveillance", dose="14")), 409)
    assert "Use place managers" in page
    assert "Strengthen formal surveillance" in page
    assert plan.responses.get().technique == "place-managers"
    form = {**reply(page), "choose": "technique", "r-technique": "formal-surveillance", "r-dose": "14"}
    client.post(change, {**form, "theirs-technique": "place-managers", "pick-technique": "theirs"})
    r = plan.responses.get()
    assert (r.technique, str(r.dose), str(r.cost)) == ("place-managers", "14.00", "9000.00")


# Quick plans.


def test_a_quick_plan_is_two_screens_in_all(mine, officer):
    plan = begin(officer, "quick")
    assert f"/plans/{plan.key}/quick/1/" in text(mine.get(f"/plans/{plan.key}/"))
    first = text(mine.get(f"/plans/{plan.key}/quick/1/"))
    form = {**sends(first, "why", "place-manager"), "q-why": "Cars are left open", "q-place-manager": "The council"}
    told = mine.post(f"/plans/{plan.key}/quick/1/", form)
    assert told.url == f"/plans/{plan.key}/quick/2/"
    second = text(mine.get(told.url))
    shown = {f"r-{n}": "" for n in ("side", "technique", "tier-national", "tier-public-health", "driver", "dose", "owner")}
    form = {
        **sends(second, "equality-who", "equality-how", "outcome", "outcome-date"), **shown,
        "q-equality-who": "Night workers who park there", "q-equality-how": "Asked the two employers nearby",
        "q-outcome": "recorded", "q-outcome-date": "31/3/2099", "r-action": "Signs at the entrance", "r-mechanism": "",
        "r-organisation": str(plan.organisation_id), "r-due": "never", "r-trial": "yes", "r-shared": "yes",
        "r-standing": "planned",
    }  # fmt: skip
    back = text(mine.post(f"/plans/{plan.key}/quick/2/", form), 422)
    assert 'href="#r-due"' in back
    assert "Night workers who park there" in back
    assert value(plan, "equality-who") is None, "all or nothing"
    told = mine.post(f"/plans/{plan.key}/quick/2/", {**form, "r-due": "1/3/2099", "r-mechanism": "People lock up"})
    assert told.url == f"/plans/{plan.key}/"
    assert plan.responses.get().action == "Signs at the entrance"
    assert plan.tasks.get().response_id == plan.responses.get().pk
    mine.post(f"/plans/{plan.key}/move/submit/")
    assert Plan.objects.get().state == "submitted"


def test_only_quick_plans_have_the_two_screens(mine, plan):
    assert mine.get(f"/plans/{plan.key}/quick/1/").status_code == 404
    assert mine.get(f"/plans/{plan.key}/quick/3/").status_code == 404


MORE_CEILINGS = {"/plans/{key}/ideas/new/": 16, "/plans/{key}/responses/new/": 18, "/plans/{key}/find-out/": 16}


@pytest.mark.parametrize("path", MORE_CEILINGS)
def test_each_form_asks_the_database_a_fixed_number_of_times(mine, plan, path):
    address = path.format(key=plan.key)
    text(mine.get(address))
    with CaptureQueriesContext(connection) as asked:
        text(mine.get(address))
    assert len(asked) <= MORE_CEILINGS[path], [q["sql"][:150] for q in asked.captured_queries]


@pytest.mark.parametrize(
    "path",
    [
        "?after=0001-01-01T00:00:00%2B14:00~1", "?after=9999-12-31T23:59:59-14:00~99999999999999999999", "?after=~",
        "?after=x~y",
        "?state=%00&category=x&area=%F0%9F%98%80&mine=2", "{key}/timeline/?before=0001-01-01T00:00:00%2B14:00",
        "{key}/timeline/?before=nonsense", "{key}/scanning/?saved=%C2%B2&use=x", "{key}/analysis/?filled=9-9-9",
        "{key}/?done=x",
    ],
)  # fmt: skip
def test_an_address_that_nobody_made_is_read_as_far_as_it_makes_sense(mine, plan, path):
    text(mine.get("/plans/" + path.format(key=plan.key)))


def test_forged_forms_are_refused_without_a_broken_page(mine, plan, officer):
    quick = begin(officer, "quick")
    where = f"/plans/{quick.key}/scanning/extent/"
    assert mine.get(where).status_code == 404
    assert mine.post(where, {"base-extent": "0", "q-extent": "x"}).status_code == 404
    assert mine.post(f"{where}draft/", {"base-extent": "0", "q-extent": "x"}).status_code == 404
    assert mine.post(f"/plans/{plan.key}/scanning/extent/draft/", {}).status_code == 404
    assert mine.post(f"/plans/{plan.key}/ideas/99999999999999999999/", {"h-text": "x"}).status_code == 404
    assert mine.post(f"/plans/{plan.key}/responses/99999999999999999999/", {"do": "stop"}).status_code == 404
    told = mine.post(f"/plans/{plan.key}/scanning/", {"base-extent": "²", "q-extent": "Somebody's"})
    assert told.url.endswith("/merge/"), "without the revision that was seen nothing is overwritten"
    back = text(mine.post(f"/plans/{plan.key}/ideas/new/", {"was": "[1]", "base": "x", "h-side": "top"}), 422)
    assert 'href="#h-side"' in back
    assert mine.get(f"/plans/{plan.key}/move/fly/").status_code == 404
    assert mine.get(f"/plans/{plan.key}/nowhere/").status_code == 404
