"""The library: results that arrive when a plan closes, who reads what of them, peers, search, toolkits, tables."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from forestall.catalogue.practices import practices
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.library import actions, selectors
from forestall.web.library import found as finding
from forestall.web.library.found import Found
from forestall.web.library.models import LocalResult, PeerReview
from forestall.web.library.suggesting import of_plan
from forestall.web.library.wanted import Wanted
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.plans import actions as plan_actions
from forestall.web.plans import holdings, oversight_actions
from forestall.web.plans.models import Answer, Hypothesis, Member, Plan, Response
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.seed import Seed
from forestall.web.retention.sources import ERASE, REDACT
from forestall.web.work.models import Notice

pytestmark = pytest.mark.django_db

LESSON = "Ask Mrs Sioned Parry of number 7 for the key first"
TITLE = "Back lane of Tudor Street"
LOGIC = "Nobody gets to the doors from behind"
PAGES = (
    "/library/",
    "/library/practices/cctv/",
    "/library/toolkits/",
    "/library/toolkits/burglary/",
    "/library/local/",
    "/library/trials/",
)


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="sirhowy", name="Sirhowy Constabulary", kind="force")


@pytest.fixture
def colleague(person, force):
    """Makes somebody of a role, in the force or elsewhere."""

    def make(role, name=None, organisation=None):
        user = person(role, username=name or role)
        user.organisation, user.name = organisation or force, (name or role).title()
        user.save()
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def officer(colleague):
    return colleague("officer")


@pytest.fixture
def boss(colleague):
    return colleague("supervisor", "boss")


def again(user):
    return User.objects.get(pk=user.pk)


def begun(officer, *, verdict="worked", practice="alley-gating", category="burglary", **changes):
    """A plan that waits for closure, with one response."""
    plan = plan_actions.start_plan(
        seed=Seed(origin="complaint", words=TITLE, category=category),
        scan=None,
        weight="quick",
        language="en",
        duplicates=(),
        title=TITLE,
        trail=Trail(again(officer)),
    )
    said = {
        "delivered": "All",
        "found": "Less",
        "residents": "Better",
        "verdict": verdict,
        "lessons": LESSON,
        "maintenance": "The council",
        "next-review": "2030-01-01",
    }
    for question, value in said.items():
        Answer.objects.create(plan=plan, question=question, value=value, by=officer)
    respond(plan, practice=practice, **changes)
    Plan.objects.filter(pk=plan.pk).update(state="closing", fixed_at=timezone.now())
    return Plan.objects.get(pk=plan.pk)


def respond(plan, *, practice="alley-gating", **changes):
    given = {
        "action": "Gates",
        "mechanism": LOGIC,
        "side": "place",
        "technique": "control-access",
        "driver": "opportunity",
        "tiers": {"national": "primary"},
        "cost": Decimal(3100),
        "organisation": plan.organisation,
        "by": plan.owner,
        "practice": practice,
        "trial": not practice,
    }
    return Response.objects.create(plan=plan, **{**given, **changes})


def close(plan, boss):
    plan_actions.move(key=plan.key, move="close", trail=Trail(again(boss)))
    return Plan.objects.get(pk=plan.pk)


@pytest.fixture
def closed(officer, boss):
    return close(begun(officer), boss)


def page(client, user, path, status=200):
    client.force_login(again(user))
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:1500]
    return answer.content.decode()


# Results arrive by themselves


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("worked", "worked"),
        ("partly", "worked"),
        ("no-change", "no-evidence"),
        ("worse", "backfired"),
        ("unknown", "cant-tell"),
    ],
)
def test_a_plan_that_closes_files_what_it_found_whatever_came_of_it(officer, boss, said, verdict):
    plan = close(begun(officer, verdict=said), boss)
    row = plan.local_results.get()
    assert (row.practice, row.verdict, row.said, row.method) == ("alley-gating", verdict, said, "own-words")
    assert (row.lessons, row.mechanism, row.cost, row.band) == (LESSON, LOGIC, Decimal(3100), "under-10000")
    assert (row.category, row.side, row.technique, row.tiers) == (
        "burglary",
        "place",
        "control-access",
        {"national": "primary"},
    )
    assert (row.closed_at, row.review, row.evaluation) == (plan.closed_at, "waiting", "")
    assert (row.estimate, row.low, row.p_value, row.maryland, row.fidelity) == (None,) * 5, "nothing is made up"
    assert Event.objects.filter(act="file-result", record=row.record).count() == 1


def test_each_practice_has_its_row_and_says_with_what_it_went_together(officer, boss):
    plan = begun(officer)
    respond(plan, practice="street-lighting")
    respond(plan, practice="", action="Something new")
    respond(plan, practice="cctv", standing="stopped")
    close(plan, boss)
    assert {r.practice: r.together for r in plan.local_results.all()} == {
        "alley-gating": ["street-lighting"],
        "street-lighting": ["alley-gating"],
        "": ["alley-gating", "street-lighting"],
    }


@pytest.mark.parametrize(
    ("said", "dose", "delivered", "verdict"),
    [
        ("worked", 10, 4, "not-tested"),
        ("no-change", 10, 4, "not-tested"),
        ("worked", 10, 5, "worked"),
        ("worked", 10, None, "worked"),
        ("worse", 10, 1, "backfired"),
        ("worked", 10, 30, "worked"),
    ],
)
def test_fidelity_comes_before_effect(officer, boss, said, dose, delivered, verdict):
    plan = close(begun(officer, verdict=said, dose=dose, delivered=delivered), boss)
    row = plan.local_results.get()
    assert row.verdict == verdict
    assert row.fidelity == (None if delivered is None else min(1.0, delivered / dose))


def test_an_evaluation_s_figures_replace_the_plan_s_own_words(closed, boss):
    PeerReview.objects.create(result=closed.local_results.get(), revision=1, decision="accepted", by=boss)
    LocalResult.objects.update(review="accepted", lessons_open=True)
    found = Found(
        "no-evidence",
        -3.0,
        (-9.0, 3.0),
        0.31,
        "records",
        "weighted-displacement",
        3,
        0.9,
        Decimal(120_000),
        "Try longer",
        "dwelling",
        "ab" * 32,
    )
    actions.file_local_result(key=closed.key, found=found, trail=Trail(again(boss)))
    row = closed.local_results.get()
    assert (row.verdict, row.estimate, row.low, row.high, row.p_value, row.unit) == (
        "no-evidence",
        -3.0,
        -9.0,
        3.0,
        0.31,
        "records",
    )
    assert (row.method, row.maryland, row.fidelity, row.band, row.place, row.evaluation) == (
        "weighted-displacement",
        3,
        0.9,
        "over-100000",
        "dwelling",
        "ab" * 32,
    )
    assert (row.revision, row.review, row.lessons, row.lessons_open) == (2, "waiting", "Try longer", False)
    assert row.said == "worked", "what the plan itself says stays beside"


def test_a_room_of_evaluations_gives_its_figures_at_the_closing_itself(officer, boss, monkeypatch):
    monkeypatch.setattr(finding, "SOURCES", [])
    finding.register(
        lambda _: Found("worked", -2.0, (-3.0, float("nan")), float("nan"), method="quick", evaluation="e" * 64)
    )
    row = close(begun(officer), boss).local_results.get()
    assert (row.method, row.estimate, row.low, row.high, row.p_value) == ("quick", -2.0, -3.0, None, None)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"verdict": "splendid"}, "no verdict"),
        ({"interval": (2.0, 1.0)}, "begins at"),
        ({"p_value": 1.2}, "between 0 and 1"),
        ({"maryland": 6}, "from 1 to 5"),
        ({"fidelity": -0.1}, "share of 0 or more"),
        ({"fidelity": float("nan")}, "share of 0 or more"),
    ],
)
def test_figures_that_can_t_be_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        Found(**{"verdict": "worked", **given})


def test_only_who_has_authority_files_and_only_of_a_closed_plan(officer, boss, colleague):
    plan = begun(officer)
    with pytest.raises(RefusedError):
        actions.file_local_result(key=plan.key, trail=Trail(again(boss)))
    plan = close(plan, boss)
    with pytest.raises(PermissionDenied):
        actions.file_local_result(key=plan.key, trail=Trail(again(officer)))
    other = Organisation.objects.create(slug="other", name="Other Police", kind="force")
    with pytest.raises(Http404):
        actions.file_local_result(key=plan.key, trail=Trail(colleague("supervisor", "stranger", other)))


def test_a_plan_that_opens_again_and_closes_again_is_filed_anew_and_what_it_no_longer_cites_goes(closed, boss):
    plan_actions.move(key=closed.key, move="reopen", reason="It came back", trail=Trail(again(boss)))
    Response.objects.filter(plan=closed).update(practice="cctv")
    Answer.objects.filter(plan=closed, question="verdict").update(value="no-change")
    Plan.objects.filter(pk=closed.pk).update(state="closing")
    close(closed, boss)
    assert {(r.practice, r.verdict) for r in closed.local_results.all()} == {("cctv", "no-evidence")}


def test_a_closing_that_fails_files_nothing(officer, boss, monkeypatch):
    plan = begun(officer)
    monkeypatch.setattr(finding, "of", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        close(plan, boss)
    assert Plan.objects.get(pk=plan.pk).state == "closing"
    assert not LocalResult.objects.exists()


# Need to know


@pytest.fixture
def elsewhere(db):  # noqa: ARG001
    return Organisation.objects.create(slug="other", name="Other Police", kind="force")


def test_the_own_force_reads_all_of_it(client, closed, officer):
    row = closed.local_results.get()
    for words in (page(client, officer, f"/library/local/{row.key}/"),):
        assert LESSON in words
        assert LOGIC in words
        assert TITLE in words
        assert "£3,100" in words
        assert words.count("OFFICIAL-SENSITIVE") == 2  # at the head and at the foot
    assert TITLE in page(client, officer, "/library/local/")


@pytest.mark.parametrize("role", ["officer", "supervisor", "analyst", "hub", "partner", "commissioner"])
def test_others_read_what_was_found_and_not_whose_plan_it_was(client, closed, colleague, elsewhere, role):
    """Nothing of the plan is on any page or in any file, and the columns are never fetched."""
    stranger, row = colleague(role, f"strange-{role}", elsewhere), closed.local_results.get()
    for path in (
        *PAGES,
        f"/library/local/{row.key}/",
        "/library/local.csv",
        "/library/trials.csv",
        "/library/practices.csv",
        "/library/toolkit.csv?category=burglary",
        "/library/practices/alley-gating/",
    ):
        words = page(client, stranger, path)
        for secret in (LESSON, TITLE, LOGIC, closed.key, "3,100", "3100", "Sirhowy"):
            assert secret not in words, (path, secret)
    assert "Gates across alleys: those who did it say that it worked" in page(
        client, stranger, f"/library/local/{row.key}/"
    )
    seen = selectors.one(again(stranger), row.key)
    assert (seen.plan, seen.title, seen.lessons, seen.mechanism, seen.cost, seen.closed_at) == ("", "", "", "", None, None)
    assert (seen.verdict, seen.band, seen.year) == ("worked", "under-10000", closed.closed_at.year)


def test_who_reads_a_published_plan_reads_its_title_here_and_no_more(client, closed, boss, colleague, elsewhere):
    oversight_actions.publish_plan(key=closed.key, trail=Trail(again(boss)))
    pcc = colleague("commissioner", "pcc", elsewhere)
    words = page(client, pcc, f"/library/local/{closed.local_results.get().key}/")
    assert TITLE in words
    assert f"/published/{closed.key}/" in words
    assert LESSON not in words
    assert "3,100" not in words


def test_a_partner_on_the_plan_is_led_to_it_and_reads_no_words_that_were_not_opened(
    client, closed, colleague, force, officer
):
    council = Organisation.objects.create(slug="council", name="Newport", kind="council")
    day = timezone.localdate()
    agreement = Agreement.objects.create(
        reference="ISP 1",
        title="Safety",
        kind="waspi-isp",
        purpose="p",
        legal_basis="b",
        starts=day - dt.timedelta(days=9),
        expires=day + dt.timedelta(days=90),
        review_on=day,
    )
    agreement.parties.set([force, council])
    Member.objects.create(
        plan=closed,
        organisation=council,
        purpose="prevent",
        basis="section-115",
        agreement=agreement,
        until=day + dt.timedelta(days=9),
        added_by=officer,
    )
    words = page(client, colleague("partner", "guest", council), f"/library/local/{closed.local_results.get().key}/")
    assert f"/plans/{closed.key}/" in words
    assert LESSON not in words


def test_trials_of_sensitive_plans_are_for_those_who_may_open_them(client, officer, colleague, elsewhere):
    plan = begun(officer)
    Plan.objects.filter(pk=plan.pk).update(state="responding")
    stranger = colleague("officer", "stranger", elsewhere)
    assert selectors.trial_counts(again(stranger)) == {"alley-gating": 1}
    words = page(client, stranger, "/library/trials/")
    assert "1 trial is in progress" in words
    assert TITLE not in words
    assert TITLE in page(client, officer, "/library/trials/")
    for hidden in ({"marking": "OFFICIAL-SENSITIVE"}, {"marking": "OFFICIAL", "about_people": True}):
        Plan.objects.filter(pk=plan.pk).update(**hidden)
        assert selectors.trial_counts(again(stranger)) == {}
        assert selectors.trials(again(stranger), Wanted()) == []
        assert selectors.trial_counts(again(officer)) == {"alley-gating": 1}


@pytest.mark.parametrize("role", ["registrar", "data-protection", "administrator"])
def test_who_has_no_business_in_the_library_finds_none(client, closed, colleague, role):
    user = colleague(role)
    for path in (*PAGES, f"/library/local/{closed.local_results.get().key}/", "/library/review/", "/library/local.csv"):
        assert page(client, user, path, 404)
    assert selectors.rows(user, LocalResult.objects.all()) == []


def test_forged_addresses_are_not_found(client, officer):
    for path in (
        "/library/practices/nothing/",
        "/library/toolkits/nothing/",
        "/library/local/ZZZZZZZZ/",
        "/library/nothing.csv",
        "/library/review/",
    ):
        page(client, officer, path, 404)


# Peers


@pytest.fixture
def peer(colleague):
    return colleague("hub", "peer")


def test_the_queue_is_for_peers_who_were_not_in_it(client, closed, peer, boss, colleague, elsewhere):
    row = closed.local_results.get()
    assert TITLE in page(client, peer, "/library/review/")
    assert not selectors.queue(again(boss)), "who closed the plan filed the result"
    assert not selectors.queue(colleague("hub", "strange-hub", elsewhere))
    Plan.objects.filter(pk=closed.pk).update(owner=peer)
    assert not selectors.queue(again(peer))
    with pytest.raises(Http404):
        actions.review_result(key=row.key, decision="accepted", trail=Trail(again(peer)))


def test_a_peer_accepts_and_opens_the_words_for_everybody(client, closed, peer, colleague, elsewhere):
    row, stranger = closed.local_results.get(), colleague("officer", "stranger", elsewhere)
    client.force_login(again(peer))
    sent = client.post(f"/library/local/{row.key}/", {"do": "accepted", "open": "yes", "note": "Clear"})
    assert sent.status_code == 302
    row.refresh_from_db()
    assert (row.review, row.lessons_open) == ("accepted", True)
    assert Event.objects.filter(act="review-result", record=row.record, actor=peer).count() == 1
    words = page(client, stranger, f"/library/local/{row.key}/")
    assert LESSON in words
    assert TITLE not in words
    assert "Clear" not in words, "what peers and owners say to each other stays with them"
    with pytest.raises(RefusedError):
        actions.review_result(key=row.key, decision="asked-back", note="x", trail=Trail(again(peer)))


def test_a_peer_asks_back_the_owner_is_told_mends_it_and_it_waits_again(client, closed, peer, officer):
    row = closed.local_results.get()
    client.force_login(again(peer))
    assert client.post(f"/library/local/{row.key}/", {"do": "asked-back", "note": " "}).status_code == 422
    client.post(f"/library/local/{row.key}/", {"do": "asked-back", "note": "Who is Mrs Parry?"})
    notice = Notice.objects.get(person=officer, kind="result-asked-back")
    assert notice.link == f"/library/local/{row.key}/"
    words = page(client, officer, notice.link)
    assert "Who is Mrs Parry?" in words
    assert "Save and hand it to a peer" in words
    assert client.post(notice.link, {"do": "mend", "lessons": ""}).status_code == 422
    client.post(notice.link, {"do": "mend", "lessons": "Ask for the key first", "note": "Name taken out"})
    row.refresh_from_db()
    assert (row.lessons, row.review, row.verdict, row.revision) == ("Ask for the key first", "waiting", "worked", 2)
    assert [v.decision for v in row.reviews.all()] == ["asked-back", "mended"]
    assert selectors.queue(again(peer))


def test_words_of_a_sensitive_plan_are_never_opened(closed, peer):
    row = closed.local_results.get()
    Plan.objects.filter(pk=closed.pk).update(about_people=True)
    with pytest.raises(RefusedError):
        actions.review_result(key=row.key, decision="accepted", open_lessons=True, trail=Trail(again(peer)))
    assert LocalResult.objects.get().review == "waiting"
    with pytest.raises(RefusedError):
        actions.review_result(key=row.key, decision="splendid", trail=Trail(again(peer)))
    actions.review_result(key=row.key, decision="accepted", trail=Trail(again(peer)))


def test_nobody_mends_a_result_of_others(closed, colleague, elsewhere):
    key = closed.local_results.get().key
    for user, refusal in (
        (colleague("officer", "passer-by"), PermissionDenied),
        (colleague("officer", "far", elsewhere), Http404),
    ):
        with pytest.raises(refusal):
            actions.amend_result(key=key, lessons="x", note="", trail=Trail(again(user)))


# Search, toolkits, suggestions, tables


def test_here_says_worked_failed_both_or_that_nobody_tested_it(client, officer, boss):
    close(begun(officer, verdict="worked"), boss)
    close(begun(officer, verdict="worse"), boss)
    close(begun(officer, verdict="unknown", practice="cctv"), boss)
    words = page(client, officer, "/library/practices/alley-gating/")
    assert "worked here" in words
    assert "failed here" in words
    assert "nobody has tested this here" in page(client, officer, "/library/practices/cctv/")
    for here, n in (("worked", 1), ("failed", 1), ("untested", len(practices()) - 1)):
        assert page(client, officer, f"/library/?here={here}").count('class="f-practice"') == n


@pytest.mark.parametrize(
    ("query", "has", "lacks"),
    [
        ("category=burglary", "alley-gating", "licensed-premises"),
        ("place=nightclub", "licensed-premises", "alley-gating"),
        ("driver=alcohol", "licensed-premises", "cctv"),
        ("mechanism=reward", "stolen-goods-markets", "cctv"),
        ("tier=public-health:tertiary", "drug-courts", "cctv"),
        ("cost=unknown", "cctv", "nothing"),
        ("words=drug+court", "drug-courts", "cctv"),
        ("words=lleoedd", "nothing", "nothing"),
        ("category=nonsense&page=x", "cctv", "nothing"),
    ],
)
def test_practices_are_found_by_problem_place_driver_mechanism_tier_cost_and_words(client, officer, query, has, lacks):
    words = page(client, officer, f"/library/?{query}")
    assert has == "nothing" or f"/library/practices/{has}/" in words
    assert f"/library/practices/{lacks}/" not in words


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("", 2),
        ("verdict=worked", 1),
        ("verdict=backfired", 1),
        ("practice=cctv", 1),
        ("category=burglary", 1),
        ("driver=opportunity", 2),
        ("mechanism=effort", 2),
        ("mechanism=provocation", 0),
        ("tier=national:primary", 2),
        ("tier=national:tertiary", 0),
        ("cost=under-10000", 2),
        ("cost=unknown", 0),
        ("place=dwelling", 0),
    ],
)
def test_results_are_found_the_same_way_and_the_file_holds_what_the_page_shows(client, officer, boss, query, n):
    close(begun(officer), boss)
    close(begun(officer, verdict="worse", practice="cctv", category="vehicle-crime"), boss)
    assert len(selectors.page(again(officer), Wanted.of(dict(p.split("=") for p in query.split("&") if p)))[0]) == n
    page(client, officer, f"/library/local/?{query}")
    file = client.get(f"/library/local.csv?{query}")
    assert len(list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))) == n
    marking = "OFFICIAL-SENSITIVE" if n else "OFFICIAL"
    assert f'"{marking}-library-local.csv"' in file.headers["Content-Disposition"]
    assert Event.objects.filter(act="export-library").count() == 1


def test_effect_and_quality_are_two_columns_and_unknown_is_empty(client, officer):
    client.force_login(again(officer))
    rows = list(csv.DictReader(io.StringIO(client.get("/library/practices.csv").content.decode("utf-8-sig"))))
    assert len(rows) == len(practices())
    cctv = next(r for r in rows if r["practice"] == "cctv")
    assert cctv["effect_e"].startswith("A small reduction")
    assert (cctv["effect_q"], cctv["economics_e"], cctv["verified"], cctv["date"]) == ("", "", "False", "2015-03")


def test_the_practice_s_page_has_all_dimensions_and_says_what_is_not_known(client, officer):
    words = page(client, officer, "/library/practices/cctv/")
    for said in (
        "Effect",
        "Mechanism",
        "Moderators",
        "Implementation",
        "Economics",
        "Intelligence",
        "Involvement",
        "Impact",
        "Verify before use",
        "Quality not known",
        "Not known: no document at hand says",
    ):
        assert said in words
    assert "It can make things worse." in page(client, officer, "/library/practices/scared-straight/")


def test_a_toolkit_is_a_view_of_the_library(client, officer, boss):
    close(begun(officer), boss)
    words = page(client, officer, "/library/toolkits/burglary/")
    assert words.index("/library/practices/alley-gating/") < words.index("/library/practices/hot-spot-policing/")
    assert TITLE in words
    assert "Reviews say that it can make things worse." in words
    assert "neither effect, quality, cost nor local results move a line" in words


def test_a_plan_s_response_shows_what_fits_its_analysis_and_what_was_found_here(client, officer, boss):
    close(begun(officer), boss)
    plan = begun(officer, category="burglary")
    Plan.objects.filter(pk=plan.pk).update(state="active", fixed_at=None)
    Hypothesis.objects.create(plan=plan, text="x", side="victim", rule="repeat-victims", standing="kept", by=officer)
    Hypothesis.objects.create(plan=plan, text="y", side="place", rule="empty-by-day", standing="dropped", by=officer)
    Hypothesis.objects.create(plan=plan, text="z", side="", rule="gone", by=officer)
    words = page(client, officer, f"/plans/{plan.key}/responses/new/")
    assert "Locks, lights and doors for those at risk</a>: It is meant for burglary." in words
    assert "It answers an idea that fits: the same victims are hit again." in words
    assert "Worked here" in words
    problem = of_plan(plan, plan.hypotheses.all(), plan.responses.all())
    assert (problem.ideas, problem.against, problem.sides) == (("repeat-victims",), ("empty-by-day",), ("victim",))
    assert problem.drivers == ("opportunity",)


def test_what_fits_a_signal(client, officer):
    words = page(client, officer, "/signals/0000000001/suggestion/")
    assert "of the library fit this problem" in words
    page(client, officer, "/signals/ffffffffff/suggestion/", 404)


# Retention


@pytest.mark.parametrize("decision", [REDACT, ERASE])
def test_when_a_plan_is_redacted_or_erased_nothing_that_was_written_stays_here(closed, peer, decision):
    row = closed.local_results.get()
    actions.review_result(key=row.key, decision="asked-back", note=LESSON, trail=Trail(again(peer)))
    holdings.carry_out(closed.record, decision, None)
    left = list(LocalResult.objects.values_list("lessons", "mechanism", "lessons_open"))
    assert left == ([("", "", False)] if decision == REDACT else [])
    assert not PeerReview.objects.exists()
