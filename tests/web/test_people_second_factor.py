"""The second factor: set up at the first sign-in, asked at each, used once, slowed down, recovered and reset."""

import datetime as dt
import re
import time

import pyotp
import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from forestall.errors import ForestallError
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people import actions, backend, door, second_factor
from forestall.web.people.models import FailedSignIn, RecoveryCode, SecondFactor, User
from web.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def password(client, username="analyst"):
    return client.post("/sign-in/", {"username": username, "password": PASSWORD, "next": "/recording-events/"})


def app():
    """The app of the one person there is."""
    return pyotp.TOTP(second_factor.secret_of(SecondFactor.objects.get()))


def codes_in(answer):
    return re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", answer.content.decode())


@pytest.fixture
def enrolled(client, person):
    """A person with an app and recovery codes, signed out."""
    user = person("analyst")
    password(client)
    codes = codes_in(client.post("/sign-in/set-up/", {"code": app().now()}))
    client.post("/sign-out/")
    SecondFactor.objects.update(last_step=0)
    return user, codes


def test_the_first_sign_in_sets_it_up(client, person):
    person("analyst")
    answer = password(client)
    assert answer.headers["Location"] == "/sign-in/set-up/?next=%2Frecording-events%2F"
    assert client.get("/").status_code == 302, "a password alone opens nothing"
    page = client.get("/sign-in/set-up/?next=/recording-events/").content.decode()
    secret = second_factor.secret_of(SecondFactor.objects.get())
    assert secret in page.replace(" ", "")
    assert "<svg" in page
    assert client.get("/sign-in/code/").status_code == 200, "it shows the set-up, for that is due"
    assert client.post("/sign-in/set-up/", {"code": "000000" if app().now() != "000000" else "1"}).status_code == 422
    done = client.post("/sign-in/set-up/", {"code": app().now(), "next": "/recording-events/"})
    assert len(codes_in(done)) == second_factor.RECOVERY_CODES
    assert 'href="/recording-events/"' in done.content.decode()
    assert client.get("/").status_code == 200
    assert [e.act for e in Event.objects.filter(actor__isnull=False)][:4] == [
        "password-accepted", "second-factor-failed", "confirm-second-factor", "sign-in",
    ]  # fmt: skip


def test_the_secret_and_the_codes_are_not_in_the_database_as_they_are(enrolled):
    _, codes = enrolled
    factor = SecondFactor.objects.get()
    assert second_factor.secret_of(factor) not in factor.secret
    kept = set(RecoveryCode.objects.values_list("code_hash", flat=True))
    assert not kept & {*codes, *(c.replace("-", "") for c in codes)}


@pytest.mark.usefixtures("enrolled")
def test_each_sign_in_asks_for_a_code_and_takes_it_once(client):
    assert password(client).headers["Location"].startswith("/sign-in/code/")
    before = client.session.session_key
    now = app().now()
    answer = client.post("/sign-in/code/", {"code": f"{now[:3]} {now[3:]}", "next": "/recording-events/"})
    assert answer.headers["Location"] == "/recording-events/"
    assert client.session.session_key != before, "the session gets a new key"
    other = Client()
    password(other)
    again = other.post("/sign-in/code/", {"code": now})
    assert again.status_code == 422
    assert "used before" in again.content.decode()
    assert other.get("/").status_code == 302


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
@pytest.mark.usefixtures("enrolled")
def test_clocks_may_differ_by_one_step(steps, good):
    at = time.time()
    code = app().at(at + 30 * steps)
    assert second_factor.take(SecondFactor.objects.get(), code, at) is good


@pytest.mark.usefixtures("enrolled")
def test_an_older_code_than_the_last_is_refused():
    factor, at = SecondFactor.objects.get(), time.time()
    assert second_factor.take(factor, app().at(at + 30), at)
    assert not second_factor.take(factor, app().at(at), at)


@pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00", "x" * 500])
@pytest.mark.usefixtures("enrolled")
def test_what_is_no_code_is_told_so(client, code):
    password(client)
    assert client.post("/sign-in/code/", {"code": code}).status_code == 422


@pytest.mark.usefixtures("enrolled")
def test_guessing_codes_is_slowed_down(client):
    password(client)
    for _ in range(backend.PER_PAIR):
        assert client.post("/sign-in/code/", {"code": "abc"}).status_code == 422
    refused = client.post("/sign-in/code/", {"code": app().now()})
    assert refused.status_code == 429
    assert "wait 15 minutes" in refused.content.decode()
    elsewhere = Client(REMOTE_ADDR="127.0.0.9")
    password(elsewhere)
    for _ in range(backend.PER_CODE - backend.PER_PAIR):
        assert elsewhere.post("/sign-in/code/", {"code": "abc"}).status_code == 422
    third = Client(REMOTE_ADDR="127.0.0.10")
    password(third)
    assert third.post("/sign-in/code/", {"code": app().now()}).status_code == 429
    assert FailedSignIn.objects.count() == backend.PER_CODE


def test_a_recovery_code_works_once(client, enrolled):
    _, codes = enrolled
    password(client)
    assert client.post("/sign-in/code/", {"code": codes[3].upper().replace("-", " ")}).status_code == 302
    assert client.get("/").status_code == 200
    assert Event.objects.filter(act="sign-in").last().detail == {"with": "recovery-code"}
    again = Client()
    password(again)
    assert again.post("/sign-in/code/", {"code": codes[3]}).status_code == 422
    assert "9 recovery codes are left" in client.get("/account/").content.decode()


def test_new_recovery_codes_need_the_app_and_end_the_old_ones(client, enrolled):
    user, codes = enrolled
    client.force_login(user)
    assert client.post("/account/recovery-codes/", {"code": codes[0]}).status_code == 422
    new = codes_in(client.post("/account/recovery-codes/", {"code": app().now()}))
    assert len(new) == 10
    assert not second_factor.take_recovery_code(user, codes[0], timezone.now())
    assert second_factor.take_recovery_code(user, new[0], timezone.now())


@pytest.mark.usefixtures("enrolled")
def test_the_door_stands_open_for_ten_minutes_only(client, monkeypatch):
    password(client)
    later = time.time() + door.LASTS + 1
    monkeypatch.setattr("forestall.web.people.door.time.time", lambda: later)
    assert client.post("/sign-in/code/", {"code": app().now()}).status_code == 401
    assert client.get("/").status_code == 302


def test_a_new_password_or_a_closed_account_ends_the_way_in(client, enrolled):
    user, _ = enrolled
    password(client)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.post("/sign-in/code/", {"code": app().now()}).status_code == 401
    User.objects.filter(pk=user.pk).update(is_active=True, session_stamp="another")
    assert client.post("/sign-in/code/", {"code": app().now()}).status_code == 401


def test_another_key_opens_no_secret_and_recovery_codes_still_work(client, enrolled, settings):
    _, codes = enrolled
    now = app().now()
    settings.SECRET_KEY = "another key that is as long as a key should be"
    password(client)
    assert client.post("/sign-in/code/", {"code": now}).status_code == 422
    assert client.post("/sign-in/code/", {"code": codes[0]}).status_code == 302


def test_the_operator_resets_it(client, enrolled):
    user, codes = enrolled
    client.force_login(user)
    actions.reset_second_factor(username=" Analyst", trail=Trail.operator())
    assert client.get("/").status_code == 302, "every session ends"
    assert password(client).headers["Location"].startswith("/sign-in/set-up/")
    assert not second_factor.take_recovery_code(user, codes[0], timezone.now())
    assert Event.objects.filter(act="reset-second-factor", record=f"user:{user.pk}").exists()
    with pytest.raises(ForestallError, match="no account named nobody"):
        actions.reset_second_factor(username="nobody", trail=Trail.operator())


def test_only_demo_accounts_on_loopback_go_without(person, settings):
    user = person("analyst")
    assert second_factor.needed(user)
    user.is_demo = True
    assert not second_factor.needed(user)
    settings.LOOPBACK = False
    assert second_factor.needed(user)


def test_signing_out_everywhere_ends_every_session(enrolled):
    user, _ = enrolled
    here, there = Client(), Client()
    here.force_login(user)
    there.force_login(user)
    assert there.get("/").status_code == 200
    here.post("/account/sign-out-everywhere/")
    assert here.get("/").status_code == there.get("/").status_code == 302


def test_changing_the_password(enrolled):
    user, _ = enrolled
    here, there = Client(), Client()
    here.force_login(user)
    there.force_login(user)
    new = "four words that differ"
    assert here.post("/account/password/", {"old_password": "wrong", "password": new}).status_code == 422
    for weak in ("short", "password1234", ""):
        assert here.post("/account/password/", {"old_password": PASSWORD, "password": weak}).status_code == 422
    assert here.post("/account/password/", {"old_password": PASSWORD, "password": new}).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert User.objects.get(pk=user.pk).check_password(new)


def test_guessing_the_old_password_in_a_session_left_open_is_slowed_down(enrolled):
    user, _ = enrolled
    here = Client()
    here.force_login(user)
    given = {"old_password": "guess", "password": "four words that differ"}
    for _ in range(backend.PER_PAIR):
        assert here.post("/account/password/", given).status_code == 422
    assert here.post("/account/password/", {**given, "old_password": PASSWORD}).status_code == 429


def test_an_old_session_key_is_worth_nothing_after_signing_in(client, person):
    """Session fixation: who plants a session key before the sign-in gains nothing by it."""
    person("analyst")
    client.get("/sign-in/")
    planted = client.session
    planted["x"] = 1
    planted.save()
    client.cookies["forestall_session"] = planted.session_key
    password(client)
    client.post("/sign-in/set-up/", {"code": app().now()})
    assert client.get("/").status_code == 200
    assert not Session.objects.filter(session_key=planted.session_key).exists()
    thief = Client()
    thief.cookies["forestall_session"] = planted.session_key
    assert thief.get("/").status_code == 302


def test_a_set_up_that_was_begun_and_left_gives_a_new_secret(client, person):
    person("analyst")
    password(client)
    first = app().secret
    password(client)
    assert app().secret != first
    assert SecondFactor.objects.get().made_at > timezone.now() - dt.timedelta(minutes=1)
