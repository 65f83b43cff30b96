"""The data protection officer's page of the log, the reasons that the policy asks for, and who may see any of it."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forestall.catalogue import audit as policy
from forestall.errors import ForestallError
from forestall.web.audit import selectors
from forestall.web.audit.choice import Choice
from forestall.web.audit.models import Event, Operation
from forestall.web.audit.trail import ReasonNeededError, Trail

pytestmark = pytest.mark.django_db


def text(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:500]
    return html.unescape(answer.content.decode())


def rows(answer):
    return re.findall(r'<tr role="row">\s*<td.*?</tr>', text(answer), re.S)


def fill(n, *, act="read-signal", name="ann", start=None, **more):
    """Events a second apart, the oldest first."""
    start = start or dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    Event.objects.bulk_create(
        Event(
            at=start + dt.timedelta(seconds=i),
            actor_name=name,
            operation="consultation",
            act=act,
            record=f"signal:{i:04}",
            **more,
        )
        for i in range(n)
    )


def found(user, **boxes):
    return [e.record for e in selectors.page(user, Choice.of(boxes)).events]


def test_each_row_says_who_when_what_which_record_from_where_and_to_whom(reader, person):
    ann = person("officer", username="ann")
    ann.name = "Ann Llŷr"
    ann.save()
    with transaction.atomic():
        Trail(ann, "10.1.2.3").record(
            Operation.DISCLOSURE, "export-signals", "snapshot:abc", {"theme": "violence"}, to="Cyngor Casnewydd"
        )
    (row,) = rows(reader("data-protection").get("/audit/"))
    for words in (
        "Ann Llŷr (ann)", "Took the list of problems away", "Disclosure", "snapshot:abc", "Cyngor Casnewydd", "10.1.2.3",
        "theme", timezone.localtime().strftime("%Y"),
    ):  # fmt: skip
        assert words in row


def test_hostile_text_is_shown_as_text(reader):
    for words in ('"><script>alert(1)</script>', "😀 \u202eright to left", "ŵŷâêîôû", "a\0b"):
        with transaction.atomic():
            Trail.operator().record(Operation.ACCESS, "test", words, {"x": words, "\0": [words]}, name=words, to=words)
    raw = reader("data-protection").get("/audit/").content.decode()
    assert "<script>alert" not in raw
    assert "&lt;script&gt;alert(1)" in raw
    for words in ("😀", "ŵŷâêîôû", "a\ufffdb"):
        assert words in raw


def test_a_disclosure_without_a_recipient_went_to_who_took_it(person):
    with transaction.atomic():
        taken = Trail(person("analyst")).record(Operation.DISCLOSURE, "export-signals")
        read = Trail(person("analyst", area="x")).record(Operation.CONSULTATION, "see-signals")
    assert (taken.recipient, read.recipient) == ("analyst", "")


def test_searching(person):
    officer = person("data-protection")
    fill(5)
    fill(
        2,
        act="export-log",
        name="ben",
        start=dt.datetime(2026, 5, 1, 22, 59, 59, tzinfo=dt.UTC),
        reason="Cais y llys ŵ",
        recipient="Llys y Goron",
    )
    fill(1, name="cai", start=dt.datetime(2026, 6, 1, tzinfo=dt.UTC), detail={"text": "Tŷ-du", "n": 3})
    assert found(officer, person="ann") == [f"signal:{i:04}" for i in (4, 3, 2, 1, 0)]
    assert found(officer, person="ben", act="export-log", operation="consultation") == ["signal:0001", "signal:0000"]
    assert found(officer, person="ben", act="read-signal") == []
    assert found(officer, record="signal:0001") == ["signal:0001", "signal:0001"]
    assert len(found(officer, record="signal:*")) == 8
    assert found(officer, since="2026-05-01", until="2026-05-01") == ["signal:0000"], "days are the force's own, not UTC's"
    assert found(officer, since="2026-05-02", until="2026-05-02") == ["signal:0001"]
    for words in ("llys", "y goron", "LLYS Y GORON"):
        assert len(found(officer, text=words)) == 2, words
    assert found(officer, text="Tŷ-du") == ["signal:0000"], "letters beyond ASCII in the detail"
    assert found(officer, text="%") == []
    assert [e.actor_name for e in selectors.of_record(officer, "signal:0000")] == ["cai", "ben", "ann"]
    assert selectors.acts(officer) == ["export-log", "read-signal"]


def test_pages_follow_by_key_and_miss_and_repeat_nothing(reader):
    fill(120, start=dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    moment = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    Event.objects.bulk_create(  # many of one moment: the id decides
        Event(at=moment, actor_name="ann", operation="access", act="test", record=f"r:{i}") for i in range(60)
    )
    client, seen, address = reader("data-protection"), [], "/audit/?person=ann"
    for _ in range(10):
        page = text(client.get(address))
        seen += re.findall(r"\?record=[^\"]+\">([^<]+)", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        address = following[1]
    assert seen == [f"r:{i}" for i in range(59, -1, -1)] + [f"signal:{i:04}" for i in range(119, -1, -1)]


def test_a_rare_word_is_looked_for_in_pieces(person, monkeypatch):
    officer = person("data-protection")
    monkeypatch.setattr(selectors, "BUDGET", 30)
    fill(100)
    Event.objects.bulk_create(
        [
            Event(
                at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
                actor_name="ann",
                operation="access",
                act="x",
                record="old",
                reason="rare",
            )
        ]
    )
    choice, key, pages, seen = Choice.of({"text": "rare"}), None, 0, []
    while True:
        page = selectors.page(officer, choice, key)
        seen += [e.record for e in page.events]
        pages += 1
        if page.older is None:
            break
        assert page.looked_back is not None
        key = page.older
    assert (seen, pages) == (["old"], 4)


def test_a_name_that_several_have_is_asked_about(reader, person):
    for username in ("bevan1", "bevan2"):
        user = person("officer", username=username)
        user.name = "Sam Bevan"
        user.save()
    fill(1, name="bevan2")
    client = reader("data-protection")
    page = text(client.get("/audit/?person=Bevan"))
    assert "Who is meant?" in page
    assert "?person=bevan2" in page
    assert len(rows(client.get("/audit/?person=bevan2"))) == 1
    person("officer", username="owen")
    fill(1, name="owen")
    assert len(rows(client.get("/audit/?person=OWE"))) == 1, "one who may be meant is meant"
    fill(1, name="gone")
    assert len(rows(client.get("/audit/?person=gone"))) == 1, "an account that is gone is found by its name"


def test_searching_and_taking_away_are_in_the_log(reader):
    fill(3)
    client = reader("data-protection")
    client.get("/audit/?person=ann&before=20300101T000000.000000-5")
    answer = client.post("/audit/export.csv", {"person": "ann", "reason": "Complaint 7"})
    assert "OFFICIAL-SENSITIVE-audit-log-" in answer["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [r["record"] for r in table] == ["signal:0002", "signal:0001", "signal:0000"]
    client.get("/audit/record/?record=signal:0001")
    said = Event.objects.exclude(actor_name="ann").values_list(
        "act", "operation", "record", "reason", "recipient", "detail"
    )
    assert list(said) == [
        ("search-log", "consultation", "", "", "", {"person": "ann", "older_than": "20300101T000000.000000-5"}),
        ("export-log", "disclosure", "", "Complaint 7", "data-protection", {"person": "ann", "at_most": 100_000}),
        ("read-record-log", "consultation", "signal:0001", "", "", {}),
    ]


def test_a_spreadsheet_runs_nothing_of_the_log(reader):
    fill(1, name="=cmd()", recipient="@SUM(A1)")
    answer = reader("data-protection").post("/audit/export.csv", {})
    taken = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=cmd()" in taken
    assert "'@SUM(A1)" in taken


@pytest.mark.parametrize(
    "role", ["analyst", "officer", "supervisor", "chief-officer", "partner", "commissioner", "administrator"]
)
def test_nobody_else_sees_the_log(reader, role):
    client = reader(role)
    for address in ("/audit/", "/audit/?person=ann", "/audit/?since=x", "/audit/record/?record=a"):
        assert client.get(address).status_code == 403
    assert client.post("/audit/export.csv").status_code == 403
    assert 'href="/audit/"' not in client.get("/").content.decode()


def test_the_officer_is_at_home_in_the_log(reader):
    assert reader("data-protection").get("/").headers["Location"] == "/audit/"


@pytest.mark.parametrize(
    "query", ["before=x", "before=20260101T000000.000000-99999999999999999999", "before=20260101T000000.000000--1"]
)
def test_a_forged_place_in_the_log_is_not_found(reader, query):
    assert reader("data-protection").get(f"/audit/?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["since=yesterday", "until=2026-02-30", "since=2026-05-02&until=2026-05-01", "since=0001-01-01"]
)
def test_a_day_that_is_none_is_said_and_searches_nothing(reader, query):
    page = text(reader("data-protection").get(f"/audit/?{query}"), 400)
    assert "There is a problem" in page
    assert Event.objects.count() == 0


def test_the_page_says_how_the_chain_stands(reader):
    client = reader("data-protection")
    assert "No event of the log is sealed yet." in text(client.get("/audit/"))
    sound = {"sound": False, "findings": [{"message": "seal {number} is missing", "params": {"number": 3}}]}
    fill(1, act="verify-log", detail=sound)
    from forestall.web.audit.models import Seal

    Seal.objects.create(number=1, first=1, last=1, count=1, at=timezone.now(), hash="0" * 64)
    page = text(client.get("/audit/"))
    assert "found signs that the log was tampered with" in page
    assert "Seal 3 is missing." in page
    assert "1 seal is not in the file of anchors yet" in page
    assert re.search(r"\d events? waits? for the next seal", page)


def test_a_page_costs_a_fixed_number_of_queries(reader, person):
    client = reader("data-protection")
    counts = []
    for first, last in ((0, 1), (1, 60)):
        for i in range(first, last):
            with transaction.atomic():
                Trail(person("officer", username=f"u{i}")).record(Operation.ACCESS, "test", f"r:{i}")
        with CaptureQueriesContext(connection) as context:
            assert client.get("/audit/").status_code == 200
        counts.append(len(context))
    assert counts[0] == counts[1]
    assert counts[0] <= 16


def test_who_may_see_both_finds_from_a_record_who_looked_at_it(reader, client):
    from forestall.web.people.models import HeldRole, User

    link = 'href="/audit/record/?record=signal%3A0000000001"'
    assert link not in text(reader("analyst").get("/signals/0000000001/"))
    HeldRole.objects.create(user=User.objects.get(username="analyst"), role="data-protection")
    assert link in text(client.get("/signals/0000000001/"))
    (newest, first) = rows(client.get("/audit/record/?record=signal%3A0000000001"))
    assert "Read a problem" in newest
    assert "Read a problem" in first


# Reasons, as the policy asks for them.


@pytest.fixture
def asks(tmp_path, monkeypatch):
    """Sets the policy: ``asks("export-signals: required")``."""
    own = (policy.path("audit")).read_text(encoding="utf-8")

    def make(*lines):
        acts = "".join(f"    {line}\n" for line in lines)
        (tmp_path / "audit.yaml").write_text(
            re.sub(r"  acts:\n(    .*\n)+", f"  acts:\n{acts}", own, count=1), encoding="utf-8"
        )
        monkeypatch.setenv("FORESTALL_CATALOGUE", str(tmp_path))
        policy.policy.cache_clear()

    yield make
    policy.policy.cache_clear()


def test_a_required_reason_is_asked_for_and_the_act_is_not_done_without(reader, asks):
    asks("export-signals: required")
    client = reader("analyst")
    page = text(client.get("/signals.csv?theme=violence"), 428)
    assert "asks for a reason" in page
    assert Event.objects.count() == 0
    assert "Enter a reason" in text(
        client.post("/audit/reason/", {"next": "/signals.csv?theme=violence", "reason": "  "}), 428
    )
    answer = client.post(
        "/audit/reason/", {"next": "/signals.csv?theme=violence", "reason": "For the tasking meeting"}, follow=True
    )
    assert answer["Content-Type"].startswith("text/csv")
    assert list(Event.objects.values_list("act", "reason")) == [("export-signals", "For the tasking meeting")]
    assert client.get("/signals.csv?theme=burglary").status_code == 428, "it holds for one address"


def test_a_program_is_asked_for_a_reason_and_sends_it_in_a_header(reader, asks):
    asks("see-signals: required")
    client = reader("analyst")
    answer = client.get("/api/signals", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (428, "application/problem+json")
    assert answer.json()["status"] == 428
    assert "X-Reason" in answer.json()["title"]
    assert policy.policy().title("see-signals").render("en") in answer.json()["title"]
    assert Event.objects.count() == 0
    assert client.get("/api/signals", headers={"X-Reason": "  %20 "}).status_code == 428
    for sent, kept in (
        ("For the tasking meeting", "For the tasking meeting"),
        ("D%C5%B5r, 100% o'r ardal", "Dŵr, 100% o'r ardal"),
        ("Dŵr".encode().decode("latin-1"), "Dŵr"),
        ("caf\xe9", "café"),
        ("x" * 900, "x" * 500),
    ):
        assert client.get("/api/signals", headers={"X-Reason": sent}).status_code == 200
        assert Event.objects.order_by("pk").last().reason == kept


def test_a_change_by_a_program_is_not_done_without_its_reason(reader, asks):
    from forestall.web.people.models import Organisation, User
    from forestall.web.plans.models import Plan

    asks("start-plan: required")
    client = reader("analyst")
    User.objects.update(organisation=Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force"))

    def begin(**headers):
        given = {"signal": "0000000001", "weight": "standard"}
        return client.post("/api/plans", given, content_type="application/json", headers=headers)

    assert begin().status_code == 428
    assert not Plan.objects.exists()
    assert begin(**{"X-Reason": "Asked by the tasking meeting"}).status_code == 201
    assert Event.objects.get(act="start-plan").reason == "Asked by the tasking meeting"


def test_a_reason_holds_for_a_quarter_of_an_hour(reader, asks, monkeypatch):
    asks("export-signals: required")
    client = reader("analyst")
    client.post("/audit/reason/", {"next": "/signals.csv", "reason": "x"})
    assert client.get("/signals.csv").status_code == 200
    from forestall.web.audit import reasons

    later = reasons.time.time() + 15 * 60 + 1
    monkeypatch.setattr(reasons.time, "time", lambda: later)
    assert client.get("/signals.csv").status_code == 428


def test_a_form_without_its_reason_loses_nothing(reader, asks):
    asks("export-log: required")
    client = reader("data-protection")
    answer = client.post("/audit/export.csv", {"person": 'a <b>"c"', "record": "x"})
    assert answer.status_code == 428
    page = answer.content.decode()
    assert 'action="/audit/export.csv"' in page
    sent = re.findall(r'<input type="hidden" name="(person|record)" value="([^"]*)">', page)
    assert {k: html.unescape(v) for k, v in sent} == {"person": 'a <b>"c"', "record": "x"}
    fill(1)
    assert re.search(r'name="reason"[^>]* required', text(client.get("/audit/")))
    assert client.post("/audit/export.csv", {"record": "x", "reason": "y"}).status_code == 200


def test_a_part_of_a_page_is_sent_to_the_whole_page_to_be_asked(reader, asks):
    asks("see-signals: required")
    answer = reader("analyst").get("/?theme=violence", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/?theme=violence"


def test_off_keeps_no_reason_optional_keeps_what_was_given_and_the_operator_is_not_asked(person, asks):
    asks("a: off", "b: optional", "c: required")
    with transaction.atomic():
        trail = Trail(person("analyst"), reason=" because ")
        assert [trail.record(Operation.CONSULTATION, act).reason for act in "abc"] == ["", "because", "because"]
        assert Trail.operator().record(Operation.CONSULTATION, "c").reason == ""
        assert Trail.operator("x" * 900).record(Operation.CONSULTATION, "c").reason == "x" * 500
        with pytest.raises(ReasonNeededError):
            Trail(person("officer")).record(Operation.CONSULTATION, "c")
        assert Trail(person("hub")).record(Operation.ACCESS, "c").reason == "", "signing in never asks"


@pytest.mark.parametrize(
    ("line", "said"),
    [("x: maybe", "off, optional or required"), ("x: [1]", "off, optional or required")],
)
def test_a_policy_that_says_something_else_is_refused(asks, line, said):
    asks(line)
    with pytest.raises(ForestallError, match=said):
        policy.policy()


def test_the_way_back_leads_to_no_other_site(reader, asks):
    asks("export-signals: required")
    answer = reader("analyst").post("/audit/reason/", {"next": "https://evil.example/", "reason": "x"})
    assert answer.headers["Location"] == "/"


def test_every_act_has_its_words():
    """An act without words would stand in the log as a name of the machine's."""
    from pathlib import Path

    import forestall.web

    recorded = re.compile(r"record\(\s*Operation\.\w+,\s*\"([a-z-]+)\"")
    used = {
        a for p in Path(forestall.web.__path__[0]).rglob("*.py") for a in recorded.findall(p.read_text(encoding="utf-8"))
    }
    assert len(used) > 15
    assert used <= set(policy.policy().titles), sorted(used - set(policy.policy().titles))
