"""Notices, reminders, leases and the day's schedule, each on its own. Real processes: ``test_worker.py``."""

import datetime as dt

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone
from django_tasks import TaskResultStatus as Status
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from forestall.text import msg
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.work import actions, bookmarks, kinds, leases, reminders, schedule, selectors, tasks, worker
from forestall.web.work.models import Lease, Notice

pytestmark = pytest.mark.django_db

WAITING = kinds.kind("test-waiting", msg("Something waits for you"))
SEEN: list[str] = []


def post(person, key="one", text="The burglaries at {place} wait for you", **more):
    return actions.post_notice(
        person=person, kind=WAITING, message=msg(text, place="Mill Lane"), key=key, trail=Trail(None, "worker"), **more
    )


@task()
def speak(word):
    SEEN.append(word)
    if word == "fail":
        raise ValueError("no such word")
    if word == "stop":
        raise worker.StoppedError
    return {"n": len(SEEN)}


@pytest.fixture
def one_worker():
    SEEN.clear()
    return worker.Worker()


def claimed(by, word="hello", queued=None):
    """A task that a worker has just taken from the queue."""
    result = DBTaskResult.objects.get(pk=(queued or speak.enqueue(word)).id)
    result.claim(by.worker_id)
    return result


def test_the_tests_run_on_the_database_that_was_asked_for():
    import os

    wanted = "postgresql" if os.environ.get("FORESTALL_TEST_DATABASE_URL") else "sqlite"
    assert connection.vendor == wanted


# Notices


def test_a_person_is_told_once_and_it_is_in_the_log(person):
    ann = person("analyst")
    assert post(ann) is not None
    assert post(ann) is None
    assert post(person("officer")) is not None, "another person's"
    assert post(ann, "two") is not None, "another occasion"
    assert selectors.unread(ann) == 2
    assert list(Event.objects.values_list("act", "address")) == [("post-notice", "worker")] * 3


def test_what_is_not_done_is_not_told(person):
    ann = person("analyst")
    with transaction.atomic():
        post(ann)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert not Event.objects.exists()


def test_the_page_shows_ones_own_and_marks_them_as_read(reader, person, django_assert_num_queries):
    client = reader("analyst")
    ann = User.objects.get(username="analyst")
    mine, other = post(ann, link="/signals/0000000001/"), post(person("officer"))
    post(ann, "hostile", text='<img src=x onerror="alert(1)"> {place} 🚲 dŵr')
    page = client.get("/notices/").content.decode()
    assert 'href="/signals/0000000001/">The burglaries at Mill Lane wait for you</a>' in page
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt; Mill Lane 🚲 dŵr" in page
    assert page.count("Mark as read") == 2
    assert 'f-notices__count">2<' in page
    assert client.post(f"/notices/{other.pk}/read/").status_code == 404
    assert client.post("/notices/999999999999999999/read/").status_code == 404
    assert client.get(f"/notices/{mine.pk}/read/").status_code == 405
    assert client.post(f"/notices/{mine.pk}/read/").headers["Location"] == "/notices/"
    assert client.get("/notices/").content.decode().count("Mark as read") == 1
    client.post("/notices/read/")
    page = client.get("/notices/").content.decode()
    assert "Mark" not in page
    assert "f-notices__count" not in page
    assert Notice.objects.get(pk=other.pk).read_at is None
    assert "read-notice" in Event.objects.values_list("act", flat=True)
    with django_assert_num_queries(1):
        assert selectors.unread(ann) == 0


def test_a_visitor_sees_none(client):
    assert client.get("/notices/").status_code == 302
    assert client.post("/notices/read/").status_code == 401, "the door keeps what was sent"
    assert actions.see_notices(trail=Trail(None)) == []
    assert actions.mark_read(trail=Trail(None)) == 0


def test_a_kind_is_declared_once_and_one_that_is_gone_has_words():
    assert kinds.kind("test-waiting", msg("Something waits for you")) == WAITING
    with pytest.raises(ValueError, match="declared twice"):
        kinds.kind("test-waiting", msg("Something else"))
    assert kinds.of("gone-since") is kinds.OTHER


def test_reminders_are_asked_for_and_posted_once(person, monkeypatch):
    ann = person("analyst")
    monkeypatch.setattr(reminders, "SOURCES", [])

    @reminders.source
    def overdue(now):
        yield reminders.Reminder(ann, WAITING, msg("It is due"), f"due:{now:%Y}", "/", "P-1")

    assert tasks.remind.call() == {"posted": 1}
    assert tasks.remind.call() == {"posted": 0}
    (notice,) = Notice.objects.all()
    assert (notice.link, notice.reference) == ("/", "P-1")


# Bookmarks and the schedule


@pytest.mark.django_db(transaction=True)
def test_a_bookmark_moves_once_and_only_with_its_effect():
    with pytest.raises(RuntimeError, match="in the transaction of what it marks"):
        bookmarks.move("y", "1")
    with transaction.atomic():
        assert bookmarks.move("y", "1")
        assert not bookmarks.move("y", "1")
    with transaction.atomic():
        assert bookmarks.move("y", "2")
        transaction.set_rollback(True)
    assert bookmarks.at("y") == "1"
    assert bookmarks.at("z") == ""


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2026-05-02T01:59:00+00:00", "2026-05-01"),  # 02:59 in summer
        ("2026-05-02T02:00:00+00:00", "2026-05-02"),
        ("2026-12-02T02:59:00+00:00", "2026-12-01"),
        ("2026-12-02T23:30:00+00:00", "2026-12-02"),
    ],
)
def test_the_night_begins_at_the_set_hour_of_the_local_clock(now, night):
    assert schedule.night(dt.datetime.fromisoformat(now)).isoformat() == night


def test_the_day_is_queued_once_a_day():
    now = dt.datetime(2026, 5, 2, 12, tzinfo=dt.UTC)
    assert schedule.begin_due(now) == len(schedule.DAILY) == 2
    assert schedule.begin_due(now + dt.timedelta(hours=13)) == 0
    assert schedule.begin_due(now + dt.timedelta(hours=15)) == 2
    assert schedule.begin_due(now) == 0, "a clock that runs behind begins nothing again"
    assert DBTaskResult.objects.filter(task_path="forestall.web.work.tasks.nightly").count() == 2


# Leases


def test_a_task_is_done_and_its_lease_given_up(one_worker):
    result = claimed(one_worker)
    one_worker.run_task(result)
    result.refresh_from_db()
    assert (result.status, result.return_value, SEEN) == (Status.SUCCESSFUL, {"n": 1}, ["hello"])
    assert not Lease.objects.exists()


def test_a_task_that_fails_says_why(one_worker):
    result = claimed(one_worker, "fail")
    one_worker.run_task(result)
    result.refresh_from_db()
    assert result.status == Status.FAILED
    assert "no such word" in result.traceback
    assert not Lease.objects.exists()


def test_a_task_that_was_told_to_stop_goes_back_and_that_is_no_attempt(one_worker):
    result = claimed(one_worker, "stop")
    one_worker.run_task(result)
    result.refresh_from_db()
    assert (result.status, result.worker_ids) == (Status.READY, [])
    assert not Lease.objects.exists()


def ended(result, seconds):
    Lease.objects.filter(task=result).update(until=timezone.now() - dt.timedelta(seconds=seconds))


def test_a_living_lease_is_left_alone_and_one_that_ran_out_is_not(one_worker):
    result = claimed(one_worker)
    leases.take(result, one_worker.worker_id)
    assert leases.reap() == 0
    ended(result, 1)
    assert leases.reap() == 1
    result.refresh_from_db()
    assert (result.status, result.worker_ids) == (Status.READY, [one_worker.worker_id])
    assert leases.reap() == 0
    assert not leases.renew(result.pk, one_worker.worker_id)


def test_a_worker_that_died_between_claim_and_lease(one_worker):
    result = claimed(one_worker)
    assert leases.reap() == 0, "it may be about to take its lease"
    DBTaskResult.objects.update(started_at=timezone.now() - dt.timedelta(seconds=django_settings.TASK_LEASE + 1))
    assert leases.reap() == 1
    result.refresh_from_db()
    assert result.status == Status.READY


def test_the_third_death_is_the_last():
    for attempt in (1, 2, 3):
        dying = worker.Worker()
        result = claimed(dying, queued=speak.enqueue("hello") if attempt == 1 else result_as_queued())
        leases.take(result, dying.worker_id)
        ended(result, 1)
        assert leases.reap() == 1
        result.refresh_from_db()
        assert result.status == (Status.FAILED if attempt == 3 else Status.READY)
    assert "given up: 3 workers died at it" in result.traceback
    assert result.exception_class_path.endswith("AbandonedError")


def result_as_queued():
    (result,) = DBTaskResult.objects.all()
    assert result.status == Status.READY
    return result


def test_what_a_slow_worker_reports_after_its_lease_is_not_believed(one_worker, monkeypatch):
    other = worker.Worker()
    result = claimed(one_worker)

    def slow(_):
        ended(result, 1)
        assert leases.reap() == 1
        again = DBTaskResult.objects.get(pk=result.pk)
        again.claim(other.worker_id)
        leases.take(again, other.worker_id)
        raise ValueError("too late")

    monkeypatch.setattr(worker, "call", slow)
    one_worker.run_task(result)
    result.refresh_from_db()
    assert (result.status, result.worker_ids) == (Status.RUNNING, [one_worker.worker_id, other.worker_id])
    assert Lease.objects.get().worker == other.worker_id


def test_a_second_signal_puts_the_task_back_and_ends(one_worker, monkeypatch):
    result = claimed(one_worker)

    def interrupted(_):
        one_worker.shutdown(15, None)
        one_worker.shutdown(15, None)

    monkeypatch.setattr(worker, "call", interrupted)
    try:
        with pytest.raises(SystemExit):
            one_worker.run_task(result)
    finally:
        worker.stopping.clear()
    result.refresh_from_db()
    assert result.status == Status.READY


def test_traces_and_old_notices_go(person, one_worker):
    ann = person("analyst")
    for key, read, made in (("new", None, 1), ("read", 100, 120), ("just-read", 5, 120), ("old", None, 400)):
        post(ann, key)
        when = timezone.now()
        Notice.objects.filter(key=key).update(
            made_at=when - dt.timedelta(days=made), read_at=read and when - dt.timedelta(days=read)
        )
    one_worker.run_task(claimed(one_worker))
    speak.enqueue("later")
    from forestall.web.work import nightly

    assert nightly.prune() == 2
    assert set(Notice.objects.values_list("key", flat=True)) == {"new", "just-read"}
    DBTaskResult.objects.update(finished_at=timezone.now() - dt.timedelta(days=8))
    assert nightly.prune() == 1
    assert [r.status for r in DBTaskResult.objects.all()] == [Status.READY], "what was not done is never pruned"
