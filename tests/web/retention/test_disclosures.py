"""Subject access: who asks about whom, what is held, the answer, and every file that went out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re

import pytest
from django.utils import timezone

from forestall.web.audit.models import Event
from forestall.web.retention import selectors
from forestall.web.retention.models import Disclosure, Request
from web.retention.cases import decide

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calls")]


@pytest.fixture
def desk(client, officer):
    client.force_login(officer)
    return client


def asked(desk, **given):
    """Registers a request about Ann Prosser, as the records write her."""
    form = {
        "kind": "subject-access", "asked_by": "Ann Prosser", "identifiers": "PROSSER\nann", "received_on": "2025-01-31",
        **given,
    }  # fmt: skip
    return desk.post("/disclosures/add/", form)


def test_a_request_keeps_a_hash_and_the_day_one_month_on(desk):
    assert asked(desk).status_code == 302
    made = Request.objects.get()
    assert made.due_on == dt.date(2025, 2, 28)
    assert len(made.person_hash) == 32
    assert "PROSSER" not in str(Event.objects.filter(act="open-request").values())
    assert Event.objects.filter(act="open-request").get().operation == "collection"
    page = desk.get("/disclosures/").content.decode()
    assert "1 request is open, and 1 past its day." in page


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": ""}, "Choose what is asked for"),
        ({"asked_by": " "}, "Enter who asks"),
        ({"identifiers": " \n "}, "Choose an account, or say"),
        ({"received_on": "yesterday"}, "Enter a day"),
        ({"received_on": "2999-01-01"}, "not in the future"),
        ({"kind": "disclosure"}, "Enter the purpose and the legal basis"),
        ({"account": "nobody-here"}, "There is no account with this name"),
    ],
)
def test_what_is_missing_is_told(desk, given, told):
    answer = asked(desk, **given)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Request.objects.exists()


def test_without_the_key_a_sentence(desk, monkeypatch, tmp_path):
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(tmp_path / "not-here"))
    answer = asked(desk)
    assert answer.status_code == 422
    assert "needs the hash key" in answer.content.decode()
    assert "PROSSER" not in answer.content.decode(), "what was typed to find a person is not sent back"
    assert not (tmp_path / "not-here").exists()


def test_a_store_that_names_nobody_says_so(desk, settings, made_store):
    settings.STORE = made_store
    answer = asked(desk)
    assert answer.status_code == 422
    assert "names a person" in answer.content.decode()


def test_what_is_held_is_apart_by_role_and_names_nobody_else(desk, officer):
    asked(desk)
    held = selectors.held(officer, Request.objects.get())
    assert [(h.name, len(h.table.rows)) for h in held] == [("records-caller", 2), ("requests", 1)]
    page = desk.get(f"/disclosures/{Request.objects.get().pk}/").content.decode()
    assert "loud music" in page
    assert not re.search(r"\bC2\b", page), "a form's token may have these letters in it"
    assert Request.objects.get().person_hash not in page
    assert Event.objects.filter(act="read-request", operation="consultation").exists()


def test_an_answer_in_part_leaves_out_what_was_said_and_is_registered(desk, calls):
    asked(desk)
    pk = Request.objects.get().pk
    early = desk.post(f"/disclosures/{pk}/export/", {"form": "json", "recipient": "Ann"})
    assert early.status_code == 422
    assert desk.post(f"/disclosures/{pk}/answer/", {"decision": "part"}).status_code == 422
    desk.post(f"/disclosures/{pk}/answer/", {"decision": "part", "redactions": "free text, schedule 2"})
    left = ["records-caller.free-text", "requests"]
    sent = desk.post(f"/disclosures/{pk}/export/", {"form": "json", "recipient": "Ann Prosser", "left_out": left})
    assert sent.status_code == 200
    assert "OFFICIAL-SENSITIVE" in sent["Content-Disposition"]
    data = json.loads(sent.content)
    assert data["withheld"] == "free text, schedule 2"
    assert [h["part"] for h in data["held"]] == ["records-caller"]
    assert data["held"][0]["role"] == "caller"
    refs = [c["name"] for c in data["held"][0]["columns"]].index("source_ref")
    assert [r[refs] for r in data["held"][0]["rows"]] == ["C1", "C3"]
    assert "loud music" not in sent.content.decode()
    made = Disclosure.objects.get()
    assert (made.recipient, made.rows, made.withheld) == ("Ann Prosser", 2, left)
    assert made.digest == hashlib.sha256(sent.content).hexdigest()
    assert made.snapshot == calls.current
    event = Event.objects.filter(act="disclose").get()
    assert (event.operation, event.recipient) == ("disclosure", "Ann Prosser")


def test_an_answer_in_full_is_a_page_that_prints(desk):
    asked(desk)
    pk = Request.objects.get().pk
    desk.post(f"/disclosures/{pk}/answer/", {"decision": "full"})
    page = desk.post(f"/disclosures/{pk}/export/", {"form": "html", "recipient": "Ann Prosser"})
    text = page.content.decode()
    assert "loud music" in text
    assert "OFFICIAL-SENSITIVE" in text
    assert "<script" not in text
    refused = desk.post(f"/disclosures/{pk}/export/", {"form": "json", "recipient": "A", "left_out": "requests"})
    assert refused.status_code == 422
    assert desk.post(f"/disclosures/{pk}/export/", {"form": "json", "recipient": " "}).status_code == 422
    assert desk.post(f"/disclosures/{pk}/answer/", {"decision": "refused", "redactions": "x"}).status_code == 422


def test_a_refused_request_gives_nothing(desk):
    asked(desk)
    pk = Request.objects.get().pk
    desk.post(f"/disclosures/{pk}/answer/", {"decision": "refused", "redactions": "manifestly unfounded"})
    assert desk.post(f"/disclosures/{pk}/export/", {"form": "json", "recipient": "Ann"}).status_code == 422
    assert not Disclosure.objects.exists()


def test_an_account_has_its_own_parts(desk, person, officer):
    user = person("analyst", username="ann")
    Event.objects.create(actor=user, actor_name="ann", operation="access", act="sign-in", address="127.0.0.1")
    asked(desk, account=" ANN ", identifiers="")
    held = selectors.held(officer, Request.objects.get())
    assert [h.name for h in held] == ["account", "roles", "log", "requests"]


def test_after_its_time_a_request_is_emptied_and_the_answer_still_shown_to_have_been_given(desk, officer):
    asked(desk)
    pk = Request.objects.get().pk
    desk.post(f"/disclosures/{pk}/answer/", {"decision": "full"})
    desk.post(f"/disclosures/{pk}/export/", {"form": "html", "recipient": "Ann Prosser"})
    Request.objects.update(decided_at=timezone.now() - dt.timedelta(days=366 * 2))
    decide(officer, f"disclosure:{pk}")
    kept = Request.objects.get()
    assert (kept.asked_by, kept.person_hash, kept.decision) == ("[erased]", "", "full")
    assert Disclosure.objects.get().recipient == "[erased]"
    page = desk.get(f"/disclosures/{pk}/").content.decode()
    assert "Prosser" not in page
    assert desk.post(f"/disclosures/{pk}/export/", {"form": "json", "recipient": "x"}).status_code == 422


def test_hostile_text_is_shown_as_text(desk):
    asked(desk, asked_by="<script>alert(1)</script> \u202e ŵ 😀")
    page = desk.get("/disclosures/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "ŵ 😀" in page


@pytest.mark.parametrize("path", ["/disclosures/999/", "/disclosures/999/answer/", "/disclosures/999/export/"])
def test_forged_numbers_are_not_found(desk, path):
    answer = desk.get(path) if path.endswith("999/") else desk.post(path, {"decision": "full"})
    assert answer.status_code == 404
