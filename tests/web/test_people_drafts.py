"""What somebody typed when the session was over comes back after signing in, to the same person and to nobody else."""

import html
import re

import pyotp
import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from forestall.web.people import drafts, second_factor
from forestall.web.people.models import Agreement, SecondFactor, User
from web.conftest import PASSWORD

pytestmark = pytest.mark.django_db
TEXT = "Ŵyl y Gŵr — <script>alert(1)</script> \u202eabc\u202c 🚲\r\nline two"
PATH = "/agreements/add/"
FORM = {"title": TEXT, "purpose": "why", "parties": ["1", "2"], "password": "never", "old_password": "never"}


def hidden(answer, name="draft"):
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())
    return html.unescape(found.group(1)) if found else ""


@pytest.fixture
def away(client, person):
    """A data protection officer whose session has ended in this browser; demo, so that a password is enough."""
    user = person("data-protection")
    User.objects.filter(pk=user.pk).update(is_demo=True)
    client.force_login(user)
    client.get("/account/")
    client.cookies.pop("forestall_session")
    return user


def sign_in(client, draft, username="data-protection"):
    return client.post("/sign-in/", {"username": username, "password": PASSWORD, "next": "/", "draft": draft})


def fields_of(answer):
    form = answer.content.decode().split(f'<form method="post" action="{PATH}">')[1].split("</form>")[0]
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form, re.S)
    return [(html.unescape(n), html.unescape(v)) for n, v in pairs if n != "csrfmiddlewaretoken"]


@pytest.mark.usefixtures("away")
def test_it_comes_back_whole(client):
    answer = client.post(PATH, FORM)
    assert answer.status_code == 401
    text = answer.content.decode()
    assert "kept for an hour" in text
    assert "alert(1)" not in text
    assert "never" not in text
    shown = sign_in(client, hidden(answer))
    assert shown.status_code == 200
    page = shown.content.decode()
    assert "here is what you typed" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "OFFICIAL-SENSITIVE" in page
    assert fields_of(shown) == [("title", TEXT), ("purpose", "why"), ("parties", "1"), ("parties", "2")]


@pytest.mark.usefixtures("away")
def test_sending_it_does_what_was_meant(client):
    from forestall.web.people.models import Organisation

    two = [Organisation.objects.create(slug=s, name=s, kind="council").pk for s in ("a", "b")]
    given = {
        "reference": "R1", "title": "T", "kind": "waspi-isp", "parties": two, "purpose": "p", "legal_basis": "l",
        "starts": "2026-01-01", "review_on": "2026-06-01", "expires": "2027-01-01",
    }  # fmt: skip
    shown = sign_in(client, hidden(client.post(PATH, given)))
    assert not Agreement.objects.exists(), "nothing is done before it is sent"
    data: dict = {}
    for name, value in fields_of(shown):
        data.setdefault(name, []).append(value)
    assert client.post(PATH, data).status_code == 302
    assert Agreement.objects.get().parties.count() == 2


@pytest.mark.usefixtures("away")
def test_whoever_else_signs_in_does_not_see_it(client, person):
    person("administrator")
    User.objects.update(is_demo=True)
    answer = sign_in(client, hidden(client.post(PATH, FORM)), "administrator")
    assert "and is gone" in answer.content.decode()
    assert "Ŵyl" not in answer.content.decode()


@pytest.mark.usefixtures("away")
def test_it_is_encrypted_signed_and_over_after_an_hour(client, monkeypatch):
    import time

    draft = hidden(client.post(PATH, FORM))
    assert TEXT not in draft
    assert drafts.unseal(draft).path == PATH
    assert drafts.unseal(draft[:-4] + "AAAA") is None
    for forged in ("", "x", "ŵ", draft[:40]):
        assert drafts.unseal(forged) is None
    now = time.time()
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: now + drafts.LASTS + 61)
    assert drafts.unseal(draft) is None
    monkeypatch.undo()
    assert "too old" in sign_in(client, "forged").content.decode()


@pytest.mark.usefixtures("away")
def test_it_goes_through_the_second_factor(client):
    User.objects.update(is_demo=False)
    first = client.post(PATH, FORM)
    second = sign_in(client, hidden(first))
    assert "second factor" in second.content.decode()
    secret = second_factor.secret_of(SecondFactor.objects.get())
    wrong = client.post("/sign-in/set-up/", {"code": "x", "draft": hidden(second)})
    assert hidden(wrong) == hidden(second), "a wrong code loses nothing"
    third = client.post("/sign-in/set-up/", {"code": pyotp.TOTP(secret).now(), "draft": hidden(wrong)})
    assert "recovery codes" in third.content.decode()
    last = client.post("/sign-in/kept/", {"draft": hidden(third)})
    assert ("purpose", "why") in fields_of(last)


@pytest.mark.usefixtures("away")
def test_it_survives_a_wrong_password_and_a_change_of_language(client):
    draft = hidden(client.post(PATH, FORM))
    wrong = client.post("/sign-in/", {"username": "data-protection", "password": "x", "draft": draft})
    assert (wrong.status_code, hidden(wrong)) == (422, draft)
    welsh = client.post("/language/", {"language": "cy", "draft": draft, "next": "/"})
    assert 'lang="cy"' in welsh.content.decode()
    assert hidden(welsh) == draft


def test_what_is_not_kept(client, away):
    huge = client.post(PATH, {"purpose": "x" * (drafts.MOST + 1)})
    assert hidden(huge) == ""
    assert "too long to be kept" in huge.content.decode()
    nothing = client.post(PATH, {})
    assert hidden(nothing) == ""
    stranger = Client().post(PATH, FORM)
    assert (stranger.status_code, hidden(stranger)) == (401, "")
    forged = Client()
    forged.cookies[drafts.COOKIE] = f"{away.pk}:forged"
    assert hidden(forged.post(PATH, FORM)) == ""


@pytest.mark.usefixtures("away")
def test_the_largest_that_is_kept_passes_the_whole_way(client):
    import random

    rng = random.Random(1)
    text = "".join(rng.choices("abcdefghijklmnopqrstuvwxyzŵŷâê 😀", k=120_000))[:100_000]
    answer = client.post(PATH, {"purpose": text})
    assert ("purpose", text) in fields_of(sign_in(client, hidden(answer)))


@pytest.mark.usefixtures("away")
def test_files_are_named_as_left_out(client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = client.post(PATH, {"title": "t", "f": SimpleUploadedFile("plan of the park.txt", b"x")})
    assert "plan of the park.txt" in sign_in(client, hidden(answer)).content.decode()


@pytest.mark.usefixtures("away")
def test_a_part_of_a_page_is_told_without_a_page(client):
    typed = client.post(PATH, FORM, headers={"HX-Request": "true"})
    assert (typed.status_code, typed.content) == (401, b"")
    read = client.get(PATH, headers={"HX-Request": "true"})
    assert read.headers["HX-Redirect"] == "/sign-in/?next=/agreements/add/"


def test_an_old_page_of_the_same_person_loses_nothing(person):
    """Signed in again in another tab: the old page's form token is void, its text is not."""
    user = person("data-protection")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.get("/account/")
    own = {"Origin": "http://testserver"}
    kept = browser.post(PATH, FORM, headers=own)
    assert ("purpose", "why") in fields_of(kept)
    foreign = browser.post(PATH, FORM, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, "why" in foreign.content.decode()) == (403, False)
    assert browser.post(PATH, FORM).status_code == 403


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=200)), min_size=1, max_size=6))
def test_any_text_is_kept_as_it_is(fields):
    fields = tuple((n.encode("utf-8", "replace").decode(), v.encode("utf-8", "replace").decode()) for n, v in fields)
    draft = drafts.Draft(7, "/x/", fields, ("a",))
    assert drafts.unseal(drafts.seal(draft)) == draft
