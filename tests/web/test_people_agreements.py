"""The register of agreements: one that is over, withdrawn or not begun is not usable, and who keeps it is told in time."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people import agreement_actions, present, selectors
from forestall.web.people.models import Agreement, HeldRole, Organisation, User
from forestall.web.people.permissions import ROLES, Permission

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 6, 15)


@pytest.fixture
def parties():
    return [Organisation.objects.create(slug=s, name=s.title(), kind=s) for s in ("force", "council", "health")]


@pytest.fixture
def make(parties):
    def made(reference="R", starts=-100, review=50, expires=100, withdrawn=None):
        today = timezone.localdate()
        days = [today + dt.timedelta(days=d) if d is not None else None for d in (starts, review, expires, withdrawn)]
        agreement = Agreement.objects.create(
            reference=reference, title=f"Title {reference}", kind="waspi-isp", purpose="p", legal_basis="l",
            starts=days[0], review_on=days[1], expires=days[2], withdrawn_on=days[3],
        )  # fmt: skip
        agreement.parties.set(parties[:2])
        return agreement

    return made


@pytest.mark.parametrize(
    ("days", "usable", "state"),
    [
        ((-9, 50, 100, None), True, "in-force"), ((0, 50, 100, None), True, "in-force"),
        ((1, 50, 100, None), False, "coming"),
        ((-9, -3, 0, None), True, "soon"), ((-9, -3, 60, None), True, "soon"), ((-9, 9, 61, None), True, "in-force"),
        ((-9, 0, 61, None), True, "review"), ((-9, -3, -1, None), False, "over"), ((-9, 50, 100, 0), False, "withdrawn"),
        ((-9, 50, 100, 1), True, "in-force"), ((-9, -5, -1, -3), False, "withdrawn"),
    ],
)  # fmt: skip
def test_when_it_is_usable(make, parties, days, usable, state):
    agreement = make("R", *days)
    assert agreement.is_in_force() is usable
    assert list(selectors.agreements_in_force(parties[0])) == ([agreement] if usable else [])
    assert list(selectors.agreements_in_force()) == ([agreement] if usable else [])
    assert list(selectors.agreements_in_force(parties[2])) == []
    assert present.state(agreement) == state


def given(members, **more):
    return {
        "reference": "WASPI-1", "title": "Cymunedau diogel", "kind": "waspi-isp", "parties": [p.pk for p in members],
        "purpose": "To prevent.", "legal_basis": "CDA 1998 s.115", "starts": "2026-01-01", "review_on": "2026-06-01",
        "expires": "2027-01-01", **more,
    }  # fmt: skip


@pytest.mark.parametrize("role", ["data-protection", "administrator"])
def test_entering_one(reader, parties, role):
    browser = reader(role)
    answer = browser.post("/agreements/add/", given(parties))
    made = Agreement.objects.get()
    assert answer.headers["Location"] == f"/agreements/{made.pk}/"
    page = browser.get(f"/agreements/{made.pk}/").content.decode()
    for words in ("Cymunedau diogel", "CDA 1998 s.115", "1 January 2027", "Information sharing protocol (WASPI)"):
        assert words in page
    event = Event.objects.get(act="add-agreement")
    assert event.detail["parties"] == ["council", "force", "health"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"parties": []}, "at least two parties"), ({"reference": ""}, "reference"), ({"purpose": " "}, "shared for"),
        ({"legal_basis": ""}, "which law"), ({"expires": "soon"}, "such as 2026-03-31"), ({"kind": "x"}, "what kind"),
        ({"review_on": "2028-01-01"}, "between its first and its last day"), ({"expires": "2025-01-01"}, "between"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_one(reader, parties, wrong, told):
    answer = reader("data-protection").post("/agreements/add/", given(parties, **wrong))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Agreement.objects.exists()


def test_one_party_is_no_agreement_and_a_reference_stands_once(reader, parties, make):
    make("WASPI-1")
    browser = reader("data-protection")
    assert "at least two" in browser.post("/agreements/add/", given(parties[:1], reference="R2")).content.decode()
    assert "already" in browser.post("/agreements/add/", given(parties)).content.decode()


def test_renewing(reader, make):
    old = make("R", -400, -30, -1)
    assert not old.is_in_force()
    browser, address = reader("data-protection"), f"/agreements/{old.pk}/renew/"
    today = timezone.localdate()
    later = {"review_on": str(today + dt.timedelta(days=200)), "expires": str(today + dt.timedelta(days=365))}
    assert browser.post(address, {**later, "expires": str(old.expires)}).status_code == 422
    assert browser.post(address, {**later, "review_on": str(today - dt.timedelta(days=1))}).status_code == 422
    assert browser.post(address, later).status_code == 302
    assert Agreement.objects.get().is_in_force()
    assert Event.objects.get(act="renew-agreement").detail["from"] == str(old.expires)


def test_withdrawing(reader, make):
    agreement = make()
    browser, today = reader("data-protection"), timezone.localdate()
    assert browser.post(f"/agreements/{agreement.pk}/withdraw/", {"on": "2020-01-01"}).status_code == 422
    assert browser.post(f"/agreements/{agreement.pk}/withdraw/", {"on": str(today)}).status_code == 302
    assert not Agreement.objects.get().is_in_force()
    late = {"review_on": str(today + dt.timedelta(days=200)), "expires": str(today + dt.timedelta(days=365))}
    assert "withdrawn" in browser.post(f"/agreements/{agreement.pk}/renew/", late).content.decode()
    assert "Renew" not in browser.get(f"/agreements/{agreement.pk}/").content.decode()


def test_the_list_warns_in_time(reader, make):
    make("SOON", expires=30)
    make("OVER", review=-50, expires=-1)
    make("FINE")
    browser = reader("data-protection")
    page = browser.get("/agreements/").content.decode()
    assert "1 agreement on sharing information ends soon." in page
    assert "1 is over" in page
    assert page.index("SOON") < page.index("OVER") < page.index("FINE")


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"data-protection", "administrator"}))
def test_nobody_else_gets_in(reader, make, role):
    agreement = make()
    browser = reader(role)
    for path in ("/agreements/", "/agreements/add/", f"/agreements/{agreement.pk}/"):
        assert browser.get(path).status_code == 403
    for way in ("renew", "withdraw"):
        assert browser.post(f"/agreements/{agreement.pk}/{way}/").status_code == 403


def test_who_keeps_one_organisations_agreements_sees_no_others(client, person, parties, make):
    agreement = make()
    user = person("", username="local")
    HeldRole.objects.create(user=user, role="administrator", organisation=parties[2])
    user = User.objects.get(pk=user.pk)
    client.force_login(user)
    assert "Title R" not in client.get("/agreements/").content.decode()
    assert client.get(f"/agreements/{agreement.pk}/").status_code == 404
    with pytest.raises(PermissionDenied):
        agreement_actions.withdraw_agreement(agreement=agreement, on=timezone.localdate(), trail=Trail(user))
    assert client.post("/agreements/add/", given(parties[:2])).status_code == 403
    assert client.post("/agreements/add/", given(parties[1:])).status_code == 302
    assert user.reach(Permission.MANAGE_AGREEMENTS) == {parties[2].pk}


def test_what_people_typed_is_shown_as_text(reader, parties):
    hostile = "<script>alert(1)</script> Ŵ 🚲 \u202eabc"
    browser = reader("data-protection")
    browser.post("/agreements/add/", given(parties, title=hostile, purpose=hostile))
    page = browser.get(f"/agreements/{Agreement.objects.get().pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Ŵ 🚲" in page
