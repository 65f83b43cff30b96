"""Keeping and erasing: what is due waits, every decision stays, and an erasure leaves a trace without content."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from forestall.catalogue import retention as catalogue
from forestall.errors import ForestallError
from forestall.records.store import Store
from forestall.text import Name
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people.models import HeldRole, Invitation, User
from forestall.web.retention import actions, rules, selectors, store_holdings, work
from forestall.web.retention.models import Review
from forestall.web.retention.rules import RefusedError
from forestall.web.retention.sources import SOURCES, Item, begun_by, years_after
from web.retention.cases import decide, leaver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calls")]


def test_every_source_is_in_the_catalogue_with_a_purpose_and_a_period():
    assert set(SOURCES) >= {"account", "audit", "disclosure", "records"}
    for kind in SOURCES:
        named = [k for k in catalogue.kinds() if k.split(":")[0] == kind]
        assert named, kind
        assert all(str(catalogue.kept(k).purpose) and catalogue.kept(k).group.years for k in named)
    with pytest.raises(ForestallError, match="says nothing of 'diary'"):
        catalogue.kept("diary")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("groups: {}", "needs 'groups' and 'kinds'"),
        ("groups: {g: {title: a, years: 0, text: b, verify: c}}\nkinds: {}", "whole number from 1 to 100"),
        ("groups: {g: {title: a}}\nkinds: {}", "'g' lacks"),
        ("groups: {}\nkinds: {k: {group: x, purpose: a, basis: b, clock: c}}", "names the group 'x'"),
    ],
)
def test_a_broken_catalogue_is_told(tmp_path, monkeypatch, text, told):
    (tmp_path / "retention.yaml").write_text(text)
    monkeypatch.setenv("FORESTALL_CATALOGUE", str(tmp_path))
    catalogue.kinds.cache_clear()
    try:
        with pytest.raises(ForestallError, match=told):
            catalogue.kinds()
    finally:
        catalogue.kinds.cache_clear()


def test_what_is_due_is_listed_and_what_is_not_is_not(officer, person):
    old, _ = leaver(person), leaver(person, "lately", years=0)
    assert [d.item.record for d in selectors.queue(officer)] == ["records:call:2010", f"account:{old.pk}"]
    assert selectors.queue(person("analyst")) == []
    assert selectors.queue(officer, dt.date(2016, 12, 30)) == []
    assert [d.item.record for d in selectors.queue(officer, dt.date(2016, 12, 31))] == ["records:call:2010"]


def test_an_account_is_erased_to_its_number(officer, person):
    gone = leaver(person)
    Invitation.objects.create(user=gone, token_hash="x", expires_at=timezone.now())
    with_events = Event.objects.create(actor=gone, actor_name="gone", operation="access", act="sign-in")
    review = decide(officer, f"account:{gone.pk}")
    after = User.objects.get(pk=gone.pk)
    assert (after.username, after.name, after.email, after.is_active) == (f"erased-{gone.pk}", "", "", False)
    assert not after.has_usable_password()
    assert not HeldRole.objects.filter(user=gone).exists()
    assert not Invitation.objects.exists()
    assert Event.objects.get(pk=with_events.pk).actor == after, "what it did can still be told apart"
    assert review.done_at is not None
    event = Event.objects.filter(act="erase-record").get()
    assert (event.operation, event.record, event.actor) == ("erasure", f"account:{gone.pk}", officer)
    assert "Blodwen" not in str(event.detail)
    assert f"account:{gone.pk}" not in [d.item.record for d in selectors.queue(officer)]
    with pytest.raises(Http404):
        decide(officer, f"account:{gone.pk}")


def test_a_decision_to_keep_sets_the_next_review_and_comes_back_then(officer, person):
    gone = leaver(person)
    record = f"account:{gone.pk}"
    later = timezone.localdate() + dt.timedelta(days=100)
    decide(officer, record, "keep", "a complaint is open", later)
    assert record not in [d.item.record for d in selectors.queue(officer)]
    assert (record, later) in [(d.item.record, d.due) for d in selectors.queue(officer, later)]
    assert Event.objects.filter(act="keep-record").get().operation == "alteration"
    assert User.objects.get(pk=gone.pk).name == "Blodwen Hughes"


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"decision": ""}, "decision"),
        ({"decision": "redact"}, "decision"),
        ({"reason": " \x00 "}, None),
        ({"reason": "  "}, "reason"),
        ({"decision": "keep"}, "next_due"),
        ({"decision": "keep", "next_due": dt.date(2020, 1, 1)}, "next_due"),
        ({"decision": "keep", "next_due": dt.date(2199, 1, 1)}, "next_due"),
    ],
)
def test_a_decision_needs_its_parts(officer, person, given_, field):
    gone = leaver(person)
    if field is None:
        assert decide(officer, f"account:{gone.pk}", **given_).reason == "�"
        return
    with pytest.raises(RefusedError) as refused:
        decide(officer, f"account:{gone.pk}", **given_)
    assert refused.value.field == field
    assert not Review.objects.exists()
    assert User.objects.get(pk=gone.pk).name


@pytest.mark.parametrize(
    "record",
    [
        "account:999999", "account:x", "account:", "diary:1", "records:call:2999", "records::", "audit:2999", "x",
        "audit:0000", "audit:9999", "audit:²", "records:call:2010:again", "records:call:02010",
    ],
)  # fmt: skip
def test_forged_records_are_not_found(officer, record, client):
    with pytest.raises(Http404):
        decide(officer, record)
    client.force_login(officer)
    assert client.get(f"/retention/decide/{record}/").status_code == 404


def test_a_record_is_decided_on_by_its_one_name(officer, person):
    gone = leaver(person)
    for name in (f"account:0{gone.pk}", f"account:{gone.pk}".translate({ord(str(n)): 0x0660 + n for n in range(10)})):
        with pytest.raises(Http404):
            decide(officer, name)
    assert not Review.objects.exists()


def test_two_who_decide_at_once_are_told(officer, person, monkeypatch):
    gone = leaver(person)
    record = f"account:{gone.pk}"
    seen = selectors.due_item(officer, record)
    decide(officer, record, "keep", "first", timezone.localdate() + dt.timedelta(days=9))
    monkeypatch.setattr(selectors, "due_item", lambda *_: seen)
    with pytest.raises(RefusedError, match="meanwhile"):
        decide(officer, record)
    assert User.objects.get(pk=gone.pk).name == "Blodwen Hughes"


def test_the_log_is_kept_by_decision_and_never_erased(officer):
    past = timezone.now() - dt.timedelta(days=366 * 9)
    Event.objects.create(at=past, operation="access", act="sign-in")
    record = f"audit:{past.year}"
    assert record in [d.item.record for d in selectors.queue(officer)]
    with pytest.raises(RefusedError):
        decide(officer, record)
    decide(officer, record, "keep", "a case is open", timezone.localdate() + dt.timedelta(days=365))
    assert record not in [d.item.record for d in selectors.queue(officer)]


def test_records_wait_for_the_background_and_go_from_every_snapshot(officer, calls):
    before = calls.current
    review = decide(officer, "records:call:2010")
    assert review.done_at is None
    assert calls.records().rows().num_rows == 3, "no request erases records"
    assert [r.pk for r in work.waiting()] == [review.pk]
    assert selectors.queue(officer) == []
    assert [r.pk for r in work.carry_out(trail=Trail.operator())] == [review.pk]
    review.refresh_from_db()
    stone = calls.tombstones()[0]
    assert review.trace["tombstone"] == stone.id
    assert (stone.rows, stone.kind, stone.since, stone.before) == (2, "call", "2010-01-01", "2011-01-01")
    assert calls.records().rows()["source_ref"].to_pylist() == ["C3"]
    with pytest.raises(ForestallError, match="erased on"):
        calls.records(before)
    acts = list(Event.objects.filter(operation="erasure").values_list("act", "record"))
    assert acts == [("decide-to-erase", "records:call:2010"), ("erase-record", "records:call:2010")]
    assert work.carry_out(trail=Trail.operator()) == []


def test_a_worker_killed_between_erasing_and_noting_does_it_once(officer, calls):
    review = decide(officer, "records:call:2010")
    first = store_holdings.erase(review.record, "erase", review)  # and here it is killed
    done = work.carry_out(trail=Trail.operator())
    assert done[0].trace["tombstone"] == first["tombstone"]
    assert len(calls.tombstones()) == 1
    actions.finish_erasure(review=review, trace={}, trail=Trail.operator())
    assert Event.objects.filter(act="erase-record").count() == 1


def test_an_erasure_that_fails_is_noted_and_tried_again(officer, monkeypatch, tmp_path):
    decide(officer, "records:call:2010")
    key = tmp_path / "keys" / "hash.key"
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ForestallError, match="not erased: records:call:2010"):
        work.carry_out(trail=Trail.operator())
    assert "needs the hash key" in Review.objects.get().failed
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(key))
    assert len(work.carry_out(trail=Trail.operator())) == 1
    assert Review.objects.get().failed == ""


def test_one_that_breaks_stops_no_other(officer, person, monkeypatch):
    gone = leaver(person)
    for record in ("records:call:2010", f"account:{gone.pk}"):
        Review.objects.create(
            record=record, kind=record.split(":")[0], group="x", due=dt.date(2020, 1, 1), decision="erase",
            decided_by=officer, reason="x",
        )  # fmt: skip

    def broken(*_, **__):
        raise KeyError("what is to be erased")

    monkeypatch.setattr(store_holdings.erasure, "erase", broken)
    with pytest.raises(ForestallError, match=r"not erased: records:call:2010 \(KeyError"):
        work.carry_out(trail=Trail.operator())
    failed, done = Review.objects.order_by("pk")
    assert (failed.done_at, "what is to be" in failed.failed, failed.failed[:8]) == (None, False, "KeyError")
    assert done.done_at is not None
    assert Event.objects.filter(act="erasure-failed", record="records:call:2010").exists()


def test_what_comes_to_a_year_that_was_erased_is_due_again(officer, calls, tmp_path):
    decide(officer, "records:call:2010")
    work.carry_out(trail=Trail.operator())
    today, tomorrow = timezone.localdate(), timezone.localdate() + dt.timedelta(days=1)
    assert selectors.queue(officer, tomorrow) == []
    (tmp_path / "late.csv").write_text("Ref,Day,Outcome,Suspect,Surname,Forename,Note\nC9,2010-07-08,none,,Rees,Tom,late\n")
    calls.ingest([tmp_path / "late.csv"], mapping=tmp_path / "mapping.yaml")
    assert selectors.queue(officer, today) == []
    again = [(d.item.record, d.due) for d in selectors.queue(officer, tomorrow)]
    assert again == [("records:call:2010", tomorrow)]
    yesterday = timezone.now() - dt.timedelta(days=1)
    Review.objects.update(done_at=yesterday)
    second = decide(officer, "records:call:2010")
    assert second.due == today
    assert selectors.queue(officer, tomorrow) == [], "it waits"
    work.carry_out(trail=Trail.operator())
    assert calls.records().rows()["source_ref"].to_pylist() == ["C3"]


def test_records_are_counted_before_any_transaction(officer, client, monkeypatch):
    store_holdings._counts.cache_clear()
    counted = []
    records = Store.records

    def looked(*given):
        counted.append(len(connection.savepoint_ids))
        return records(*given)

    monkeypatch.setattr(Store, "records", looked)
    outside = len(connection.savepoint_ids)
    client.force_login(officer)
    assert client.get("/retention/").status_code == 200
    assert counted == [outside]


def test_the_night_carries_it_out(officer):
    from forestall.web.retention import tasks
    from forestall.web.work import nightly

    assert tasks.at_night in nightly.BEFORE_SCAN
    decide(officer, "records:call:2010")
    assert tasks.at_night(Trail(None, "worker")) == 1


def test_the_pages(officer, person, client):
    gone = leaver(person)
    client.force_login(officer)
    page = client.get("/retention/").content.decode()
    assert "2 records are due for a decision" in page
    assert f"/retention/decide/account:{gone.pk}/" in page
    form = client.get(f"/retention/decide/account:{gone.pk}/").content.decode()
    assert "The clock began" in form
    empty = client.post(f"/retention/decide/account:{gone.pk}/", {"decision": "erase", "reason": ""})
    assert empty.status_code == 422
    assert "Enter a reason" in empty.content.decode()
    done = client.post(f"/retention/decide/account:{gone.pk}/", {"decision": "erase", "reason": "<b>left</b>"})
    assert done.status_code == 302
    page = client.get("/retention/history/").content.decode()
    assert "&lt;b&gt;left&lt;/b&gt;" in page
    assert "Blodwen" not in page
    assert Event.objects.filter(act="see-retention").exists()


@pytest.mark.parametrize(
    "path", ["/retention/", "/retention/history/", "/retention/decide/account:1/", "/disclosures/", "/disclosures/add/"]
)
def test_the_pages_are_for_those_alone_who_decide(reader, path):
    assert reader("supervisor").get(path).status_code == 403


def test_an_analyst_decides_nothing(person):
    with pytest.raises(PermissionDenied):
        decide(person("analyst"), "account:1")


@given(st.dates(dt.date(1900, 1, 1), dt.date(2150, 1, 1)))
def test_a_calendar_month_ends_in_the_next_month(day):
    after = rules.month_after(day)
    assert (after.year * 12 + after.month) - (day.year * 12 + day.month) == 1
    assert after.day == day.day or (after.day < day.day and (after + dt.timedelta(days=1)).day == 1)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2040, 12, 31)), st.sampled_from(["account", "plan", "disclosure"]))
@example(dt.date(2024, 2, 29), "account")
def test_what_is_cut_in_sql_leaves_nothing_out_that_is_due(since, kind):
    due = Item("x", kind, Name("x"), since).due
    assert since <= begun_by(kind, due)
    assert begun_by(kind, due - dt.timedelta(days=3)) < since


def test_a_leap_day_has_its_year():
    assert years_after(dt.date(2024, 2, 29), 1) == dt.date(2025, 2, 28)
    assert years_after(dt.date(2024, 2, 29), 4) == dt.date(2028, 2, 29)
