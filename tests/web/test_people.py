import datetime as dt
import json
import stat

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from forestall.errors import ForestallError
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people import actions, backend, demo
from forestall.web.people.models import Agreement, FailedSignIn, Organisation, Unit, User
from forestall.web.people.permissions import ROLES, Permission
from web.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client, username="analyst", password=PASSWORD, **more):
    return client.post("/sign-in/", {"username": username, "password": password, **more})


@pytest.fixture
def demo_person(person):
    """Makes a person of a role who needs no second factor here."""

    def make(role):
        user = person(role)
        User.objects.filter(pk=user.pk).update(is_demo=True)
        return user

    return make


def test_signing_in_and_out(client, demo_person):
    demo_person("analyst")
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"
    answer = sign_in(client, " Analyst ", next="/recording-events/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/recording-events/")
    assert client.get("/").status_code == 200
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302
    assert client.head("/sign-in/").status_code == 200, "what watches that a server is up asks for heads"
    kinds = [e.act for e in Event.objects.all()]
    assert kinds[0] == "sign-in"
    assert kinds[-1] == "sign-out"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("analyst", "wrong"), "do not belong together"),
        (("nobody", PASSWORD), "do not belong together"),
        (("", ""), "Enter your name"),
        (("analyst", ""), "Enter your password"),
        (("a\x00b", "x"), "Enter your name"),
        (("x" * 5000, "y" * 5000), "Enter your name"),
    ],
)
def test_what_a_failed_sign_in_says(client, person, given, told):
    person("analyst")
    answer = sign_in(client, *given)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert "Error: Sign in" in answer.content.decode()


def test_guessing_is_slowed_down_and_a_colleague_is_not_locked_out(client, person):
    person("analyst")
    for _ in range(backend.PER_PAIR):
        assert sign_in(client, password="guess").status_code == 422
    refused = sign_in(client)
    assert refused.status_code == 429
    assert "wait 15 minutes" in refused.content.decode()
    elsewhere = client.post("/sign-in/", {"username": "analyst", "password": PASSWORD}, REMOTE_ADDR="127.0.0.9")
    assert elsewhere.status_code == 302
    assert not FailedSignIn.objects.filter(name_hash__contains="analyst").exists()
    assert set(Event.objects.filter(act="sign-in-failed").values_list("record", flat=True)) == {
        f"user:{User.objects.get().pk}"
    }


def test_a_password_is_hashed_outside_the_transaction(client, demo_person, monkeypatch):
    """On SQLite a transaction holds the one write lock, and a hash takes a third of a second."""
    demo_person("analyst")
    depths, compare = [], User.check_password

    def check(self, password):
        depths.append(len(connection.savepoint_ids))
        return compare(self, password)

    outside = len(connection.savepoint_ids)
    monkeypatch.setattr(User, "check_password", check)
    assert sign_in(client, password="guess").status_code == 422
    assert sign_in(client).status_code == 302
    assert depths == [outside, outside]


def test_who_failed_too_often_while_a_password_was_read_is_refused(client, demo_person, monkeypatch):
    """Guesses at once: none may learn more than the failures allow."""
    demo_person("analyst")
    compare = User.check_password

    def check(self, password):
        for _ in range(backend.PER_PAIR):
            FailedSignIn.objects.create(name_hash=backend.name_hash("analyst"), address="127.0.0.1")
        return compare(self, password)

    monkeypatch.setattr(User, "check_password", check)
    assert sign_in(client).status_code == 429
    assert client.get("/account/").status_code == 302


def test_old_failures_are_forgotten(client, person):
    person("analyst")
    for days, count in ((2, 60), (0.02, 5)):
        for _ in range(count):
            FailedSignIn.objects.create(
                at=timezone.now() - dt.timedelta(days=days), name_hash=backend.name_hash("analyst"), address="127.0.0.1"
            )
    assert sign_in(client, password="guess").status_code == 422
    assert FailedSignIn.objects.count() == 6


def test_a_sign_in_clears_what_has_outlived_its_retention(client, person):
    person("analyst")
    now = timezone.now()
    for name, hours in (("old", -1), ("live", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=now + dt.timedelta(hours=hours))
    FailedSignIn.objects.create(name_hash="x", address="192.0.2.1", at=now - dt.timedelta(days=2))
    assert sign_in(client).status_code == 302
    kept = set(Session.objects.values_list("session_key", flat=True))
    assert "live" in kept
    assert "old" not in kept
    assert not FailedSignIn.objects.exists()


@pytest.mark.parametrize("onwards", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"])
def test_nobody_is_sent_to_another_site(client, demo_person, onwards):
    demo_person("analyst")
    assert sign_in(client, next=onwards).headers["Location"] == "/"


def test_a_form_without_its_token_is_refused_in_plain_words(person):
    from django.test import Client

    person("analyst")
    answer = sign_in(Client(enforce_csrf_checks=True))
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()


def test_the_language_is_kept_with_cookie_and_account(client, demo_person):
    demo_person("analyst")
    assert 'lang="en"' in client.get("/sign-in/").content.decode()
    answer = client.post("/language/", {"language": "cy", "next": "/sign-in/?next=/"})
    assert answer.headers["Location"] == "/sign-in/?next=/"
    assert '<html lang="cy"' in client.get("/sign-in/").content.decode()
    sign_in(client)
    client.post("/language/", {"language": "cy"})
    client.cookies.pop("forestall_language")
    assert client.get("/").headers["Content-Language"] == "cy"
    assert User.objects.get().language == "cy"
    client.post("/language/", {"language": "xx"})
    assert User.objects.get().language == "en"


def test_a_browser_set_to_welsh_gets_welsh(client):
    assert (
        client.get("/sign-in/", headers={"Accept-Language": "cy-GB,cy;q=0.9,en;q=0.5"}).headers["Content-Language"] == "cy"
    )


def test_demo_accounts(tmp_path):
    first = actions.make_demo_accounts(folder=tmp_path / "demo", trail=Trail.operator())
    kept = tmp_path / "demo" / demo.FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text()) == first
    assert set(first) == {
        "analyst", "officer", "supervisor", "chief", "hub", "partner", "health", "housing", "commissioner", "registrar",
        "dpo", "administrator",
    }  # fmt: skip
    assert len(set(first.values())) == 12
    assert actions.make_demo_accounts(folder=tmp_path / "demo", trail=Trail.operator()) == first
    assert actions.make_demo_accounts(folder=tmp_path / "other", trail=Trail.operator()) != first
    assert User.objects.count() == 12


def test_the_demo_is_a_force_with_its_partners(tmp_path):
    for _ in range(2):  # a second run changes nothing
        actions.make_demo_accounts(folder=tmp_path, trail=Trail.operator())
    kinds = [o.kind for o in Organisation.objects.all()]
    assert sorted(kinds) == ["council", "council", "force", "health", "housing", "policing-body", "voluntary"]
    assert {o.name_cy for o in Organisation.objects.filter(kind="council")} == {"Cyngor Tref y Gogledd", "Cyngor Southport"}
    officer = User.objects.get(username="officer")
    chain = [officer.unit, officer.unit.parent, officer.unit.parent.parent]
    assert [u.kind for u in chain] == ["neighbourhood-team", "local-policing-area", "force"]
    assert officer.areas(Permission.SEE_SIGNALS) == {"W06000001"}, "the first problem is there"
    assert User.objects.get(username="partner").organisation.name == "Northtown Council"
    assert Unit.objects.filter(kind="neighbourhood-team").count() == 2
    assert [a.is_in_force() for a in Agreement.objects.order_by("reference")] == [True, True, False]
    assert all(u.organisation and u.is_demo for u in User.objects.all())


def test_the_demo_needs_no_places(tmp_path, settings):
    settings.STORE = tmp_path / "no-store"
    actions.make_demo_accounts(folder=tmp_path, trail=Trail.operator())
    assert not Unit.objects.exists()
    assert User.objects.get(username="partner").organisation.name == "Sample Council"


def test_demo_accounts_work_on_loopback_alone(client, tmp_path, settings):
    password = actions.make_demo_accounts(folder=tmp_path, trail=Trail.operator())["analyst"]
    from_elsewhere = client.post("/sign-in/", {"username": "analyst", "password": password}, REMOTE_ADDR="192.0.2.7")
    assert from_elsewhere.status_code == 422
    assert sign_in(client, password=password).status_code == 302
    assert client.get("/").status_code == 200
    settings.LOOPBACK = False
    assert client.get("/").status_code == 302
    assert sign_in(client, password=password).status_code == 422


def test_a_demo_never_takes_a_real_account(tmp_path, person):
    person("analyst")
    with pytest.raises(ForestallError, match="real account named analyst"):
        actions.make_demo_accounts(folder=tmp_path, trail=Trail.operator())
    assert User.objects.count() == 1


def test_the_operator_makes_an_account():
    password = actions.make_account(username="Ann", role="supervisor", trail=Trail.operator())
    user = User.objects.get(username="ann")
    assert user.check_password(password)
    assert not user.is_demo
    assert actions.make_account(username="ann", role="supervisor", trail=Trail.operator()) != password
    assert user.roles.count() == 1
    with pytest.raises(ForestallError, match="no role king"):
        actions.make_account(username="bob", role="king", trail=Trail.operator())
    with pytest.raises(ForestallError, match="one word"):
        actions.make_account(username="two words", role="analyst", trail=Trail.operator())
    assert set(ROLES) >= {"analyst", "registrar"}


def test_an_account_made_again_holds_its_role_again_and_ends_every_session(client):
    password = actions.make_account(username="ann", role="supervisor", trail=Trail.operator())
    ann = User.objects.get()
    client.force_login(ann)
    assert client.get("/account/").status_code == 200
    ann.roles.update(until=timezone.now())
    actions.make_account(username="ann", role="supervisor", trail=Trail.operator())
    again = User.objects.get()
    assert again.may(Permission.AGREE_PLANS)
    assert again.roles.count() == 1
    assert not again.check_password(password)
    assert client.get("/account/").status_code == 302
    assert again.session_stamp != ann.session_stamp


def test_a_closed_account_is_not_made_again():
    actions.make_account(username="ann", role="supervisor", trail=Trail.operator())
    User.objects.update(is_active=False)
    before = User.objects.values().get()
    with pytest.raises(ForestallError, match="account ann is closed: open it again"):
        actions.make_account(username="Ann", role="analyst", trail=Trail.operator())
    assert User.objects.values().get() == before


def test_the_operator_s_accounts_hold_what_fits_their_organisation():
    Organisation.objects.create(slug="northtown", name="Northtown Council", kind="council")
    for role in ("analyst", "data-protection"):
        with pytest.raises(ForestallError, match=f"nobody of Northtown Council may hold the role {role}"):
            actions.make_account(username="kim", role=role, organisation="northtown", trail=Trail.operator())
    with pytest.raises(ForestallError, match="held everywhere"):
        actions.make_account(username="kim", role="administrator", area="W06000001", trail=Trail.operator())
    assert not User.objects.exists()
    actions.make_account(username="kim", role="partner", organisation="northtown", trail=Trail.operator())
    actions.make_account(username="pat", role="analyst", trail=Trail.operator())
    with pytest.raises(ForestallError, match="may hold the role analyst"):
        actions.make_account(username="pat", role="partner", organisation="northtown", trail=Trail.operator())
    assert User.objects.get(username="pat").organisation.slug == "gwent"


@pytest.mark.django_db
def test_the_first_account_belongs_to_the_force_of_the_records():
    actions.make_account(username="pat", role="analyst", trail=Trail.operator())
    actions.make_account(username="sam", role="officer", trail=Trail.operator())
    actions.make_account(username="root", role="administrator", trail=Trail.operator())
    of = {u.username: u.organisation and u.organisation.slug for u in User.objects.all()}
    assert of == {"pat": "gwent", "sam": "gwent", "root": None}
    with pytest.raises(ForestallError, match="there is no organisation named 'Kent'"):
        actions.make_account(username="kim", role="officer", organisation="Kent", trail=Trail.operator())
