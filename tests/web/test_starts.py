"""From signals, places, numbers and words to plans; decisions about signals that stand while nothing changes."""

from dataclasses import replace

import pytest
from django.urls import reverse

from forestall.web.audit.trail import Trail
from forestall.web.people.models import Organisation, User
from forestall.web.plans import actions, duplicates, seed, triage, triage_actions, watching
from forestall.web.plans.models import Plan, Triage
from forestall.web.plans.rules import RefusedError
from forestall.web.signals.pinned import pinned
from forestall.web.work.models import Notice

pytestmark = pytest.mark.django_db
SIGNAL = "0000000001"


@pytest.fixture
def officer(person):
    user = person("officer")
    user.organisation = Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    user.save()
    return User.objects.get(pk=user.pk)


def signal(signal_id=SIGNAL):
    return next(s for s in pinned().scan.signals if s.id == signal_id)


def started(user, s=None, **more):
    given = {"weight": "standard", "language": "en", "duplicates": (), **more}
    return actions.start_plan(seed=seed.from_signal(pinned(), s or signal()), scan=pinned(), trail=Trail(user), **given)


def dismissed(user):
    return triage_actions.dismiss_signal(scan=pinned(), signal_id=SIGNAL, reason="Roadworks", trail=Trail(user))


def test_from_the_signal_to_the_plan_in_two_steps(client, officer):
    client.force_login(officer)
    page = client.get(reverse("signal", args=[SIGNAL])).content.decode()
    assert f"{reverse('start-plan')}?signal={SIGNAL}" in page
    page = client.get(reverse("start-plan"), {"signal": SIGNAL}).content.decode()
    assert "No other plan" in page
    answer = client.post(reverse("start-plan"), {"signal": SIGNAL, "begin": "1", "weight": "quick", "title": "Cars"})
    plan = Plan.objects.get()
    assert answer.url.endswith(f"/plans/{plan.key}/")
    assert (plan.title, plan.weight, plan.signal, plan.seed["duplicates"]) == ("Cars", "quick", SIGNAL, [])
    assert Triage.objects.get().decision == "adopted"
    page = client.get("/").content.decode()
    assert plan.key in page


def test_what_may_be_the_same_is_shown_before_anything_is_typed(client, officer):
    plan = started(officer)
    client.force_login(officer)
    page = client.get(reverse("start-plan"), {"signal": SIGNAL}).content.decode()
    assert plan.key in page
    assert "it began with the same problem" in page


def test_a_plan_that_one_may_not_see_is_no_hint_of_itself(officer, person):
    started(officer)
    other = person("officer", username="elsewhere")
    other.organisation = Organisation.objects.create(slug="dyfed", name="Dyfed-Powys Police", kind="force")
    other.save()
    assert duplicates.alike(User.objects.get(pk=other.pk), seed.from_signal(pinned(), signal())) == []


def test_closed_plans_are_among_the_alike_and_withdrawn_ones_are_not(officer):
    plan = started(officer)
    s = seed.from_signal(pinned(), signal())
    Plan.objects.filter(pk=plan.pk).update(state="closed", closed_at=plan.made_at)
    assert [d.plan for d in duplicates.alike(officer, s)] == [plan]
    Plan.objects.filter(pk=plan.pk).update(state="withdrawn")
    assert duplicates.alike(officer, s) == []


def test_another_place_and_category_is_no_duplicate(officer):
    started(officer)
    elsewhere = seed.Seed(origin="map", category="shoplifting", areas=("W01009999",))
    assert duplicates.alike(officer, elsewhere) == []


def test_words_find_a_plan_in_either_accent(officer):
    plan = started(officer, title="Beiciau modur oddi ar y ffordd, Tŷ Gwyn")
    found = duplicates.alike(officer, seed.Seed(origin="complaint", words="beiciau modur oddi ar y ffordd ger Ty Gwyn"))
    assert [d.plan for d in found] == [plan]


def test_a_dismissed_signal_stays_away_while_nothing_changes(client, officer):
    client.force_login(officer)
    before = client.get("/?sort=harm").content.decode()
    assert reverse("signal", args=[SIGNAL]) in before
    t = dismissed(officer)
    after = client.get("/?sort=harm").content.decode()
    assert f'data-signal="{SIGNAL}"' not in after
    assert f'data-signal="{SIGNAL}"' in client.get("/?sort=harm&decided=dismissed").content.decode()
    t.seen = {**t.seen, "established": False}
    t.save()
    assert f'data-signal="{SIGNAL}"' in client.get("/?sort=harm").content.decode()


def test_a_dismissal_needs_a_reason(client, officer):
    client.force_login(officer)
    answer = client.post(reverse("signal-decide", args=[SIGNAL]), {"decision": "dismiss", "reason": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not Triage.objects.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, 0),
        ({"established": False}, 1),
        ({"interval": [0.5, 0.9]}, 1),
        ({"interval": [0.5, 99.0]}, 0),
        ({"kinds": []}, 1),
        ({"areas": ["W01009999"]}, 1),
    ],
)
def test_what_brings_a_dismissed_signal_back(officer, change, says):
    t = dismissed(officer)
    t.seen = {**t.seen, **change}
    assert len(triage.changes(t, signal())) == says
    assert triage.set_aside(t, signal()) is (says == 0)


def test_one_decision_stands_at_a_time(officer):
    dismissed(officer)
    triage_actions.watch_signal(scan=pinned(), signal_id=SIGNAL, trail=Trail(officer))
    assert list(Triage.objects.filter(current=True).values_list("decision", flat=True)) == ["watched"]
    triage_actions.undo_decision(scan=pinned(), signal_id=SIGNAL, trail=Trail(officer))
    assert not Triage.objects.filter(current=True).exists()


def test_joining_takes_the_areas_along(officer):
    plan = started(officer, signal("0000000003"))
    triage_actions.join_signal(scan=pinned(), signal_id=SIGNAL, key=plan.key.lower(), trail=Trail(officer))
    assert set(signal().areas) <= set(plan.areas.filter(own=True).values_list("code", flat=True))
    with pytest.raises(RefusedError, match="no plan"):
        triage_actions.join_signal(scan=pinned(), signal_id=SIGNAL, key="NOTTHERE", trail=Trail(officer))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"from": "map"}, "Choose a place"),
        ({"from": "map", "area": "nowhere"}, "Choose a place"),
        ({"from": "complaint", "words": "  "}, "Enter what was said"),
        ({"from": "occurrences", "refs": ""}, "Enter at least one"),
        ({"from": "occurrences", "refs": "X1 X2"}, "The records hold none"),
        ({"from": "occurrences", "refs": " ".join(str(i) for i in range(201))}, "Enter at most 200"),
    ],
)
def test_what_can_not_be_begun_from_is_said(client, officer, given, words):
    client.force_login(officer)
    answer = client.post(reverse("start-plan"), given)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_from_a_place_with_what_the_records_know(client, officer):
    client.force_login(officer)
    area = pinned().areas[0]
    page = client.post(reverse("start-plan"), {"from": "map", "area": area, "category": "burglary"}).content.decode()
    assert "Recorded" in page
    client.post(reverse("start-plan"), {"from": "map", "area": area, "category": "burglary", "begin": "1"})
    plan = Plan.objects.get()
    assert list(plan.areas.filter(own=True).values_list("code", flat=True)) == [area]
    assert plan.origin == "map"


def test_from_a_point(officer):  # noqa: ARG001 - the store is there
    from forestall.places.project import to_wgs84

    scan = pinned()
    lon, lat = to_wgs84(325_500, 190_500)
    assert seed.area_at(scan, float(lon), float(lat)) == scan.areas[0]
    assert seed.area_at(scan, 0.0, 0.0) is None


def test_from_a_complaint_without_a_place(client, officer):
    client.force_login(officer)
    client.post(reverse("start-plan"), {"from": "complaint", "words": "Beiciau <b>oddi</b> ar y ffordd", "begin": "1",
                                        "title": "Beiciau"})  # fmt: skip
    plan = Plan.objects.get()
    assert "<b>oddi</b>" in plan.answers.get(question="extent").value


@pytest.mark.parametrize("role", ["partner", "commissioner", "registrar", "data-protection", "administrator"])
def test_who_may_not_begin_finds_no_page(reader, role):
    client = reader(role)
    assert client.get(reverse("start-plan")).status_code == 404
    assert client.post(reverse("signal-decide", args=[SIGNAL]), {"decision": "watch"}).status_code == 404


def test_a_forged_signal_is_not_found(client, officer):
    client.force_login(officer)
    assert client.get(reverse("start-plan"), {"signal": "ffffffffff"}).status_code == 404
    assert client.get(reverse("signal-decide", args=["ffffffffff"])).status_code == 404


def test_my_ward_and_my_organisation(client, officer, person):
    client.force_login(officer)
    assert "Choose a place" in client.get(reverse("my-ward")).content.decode()
    page = client.get(reverse("my-ward"), {"area": pinned().areas[0]}).content.decode()
    assert "Recorded" in page
    council = person("partner")
    client.force_login(council)
    assert client.get(reverse("my-ward")).status_code == 404
    assert "We are on no plan now" in client.get(reverse("my-council")).content.decode()


def test_after_a_scan_people_hear_once_what_changed(officer):
    t = dismissed(officer)
    scan = pinned().scan
    watching.after_scan(earlier=None, now=scan, trail=Trail.operator())
    assert not Notice.objects.exists()
    t.seen = {**t.seen, "established": False}
    t.save()
    for _ in range(2):
        watching.after_scan(earlier=None, now=scan, trail=Trail.operator())
    assert Notice.objects.get().kind == "signal-back"


def test_what_was_told_after_one_scan_is_not_told_again_after_the_next(officer):
    """A night brings a new snapshot, and most signals are as they were the night before."""
    t = dismissed(officer)
    scan = pinned().scan
    t.seen = {**t.seen, "established": False}
    t.save()
    watching.after_scan(earlier=scan, now=scan, trail=Trail.operator())
    assert not Notice.objects.exists(), "the scan before showed it too"
    weaker = replace(scan, signals=tuple(replace(s, established=s.established and s.id != SIGNAL) for s in scan.signals))
    watching.after_scan(earlier=weaker, now=scan, trail=Trail.operator())
    assert "is established now" in Notice.objects.get().message["params"]["change"]["message"]


def test_growing_further_is_told_again(officer):
    t, s = dismissed(officer), signal()
    t.seen = {**t.seen, "ratio": 0.5, "interval": [0.4, 0.6]}
    grown = triage.changes(t, s)
    assert len(grown) == 1
    assert triage.news(t, None, s) == grown
    assert triage.news(t, s, s) == []
    assert triage.news(t, replace(s, interval=(0.5, s.ratio / 2)), s) == grown
    assert triage.news(t, replace(s, ratio=0.55), s) == grown, "it had not grown yet"


def test_a_watched_signal_that_is_gone_is_told_of_once(officer):
    watched = triage_actions.watch_signal(scan=pinned(), signal_id=SIGNAL, trail=Trail(officer))
    watched.signal = "0000000000"
    watched.save()
    scan = pinned().scan
    watching.after_scan(earlier=scan, now=scan, trail=Trail.operator())
    assert not Notice.objects.exists(), "it was gone the night before"
    there = replace(scan, signals=(*scan.signals, replace(scan.signals[0], id="0000000000")))
    watching.after_scan(earlier=there, now=scan, trail=Trail.operator())
    assert "is not in the newest scan any more" in Notice.objects.get().message["message"]


def test_a_watched_signal_can_be_let_go_on_its_page(client, officer):
    client.force_login(officer)
    here, decide = reverse("signal", args=[SIGNAL]), reverse("signal-decide", args=[SIGNAL])
    assert "Stop watching" not in client.get(here).content.decode()
    client.post(decide, {"decision": "watch"})
    page = client.get(here).content.decode()
    assert "Stop watching" in page
    assert 'value="watch"' not in page
    client.post(decide, {"decision": "undo"})
    assert "Stop watching" not in client.get(here).content.decode()


def test_a_complaint_without_a_category_has_its_first_words_as_title():
    words = "Residents of the estate say that cars race past the school at night, and nobody has come to look at it yet"
    title = seed.from_words(None, words).title("en")
    assert words.startswith(title.removesuffix("…"))
    assert 20 < len(title) <= seed.TITLE
