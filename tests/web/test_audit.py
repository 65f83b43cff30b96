import pytest
from django.db import transaction

from forestall.web.audit.models import Event, Operation
from forestall.web.audit.trail import Trail

pytestmark = pytest.mark.django_db


def acts():
    return list(Event.objects.values_list("act", "operation", "record"))


def test_reading_and_taking_away_are_in_the_log(reader):
    client = reader("analyst")
    client.get("/?theme=violence")
    client.get("/signals/0000000001/")
    client.get("/signals/0000000001/series.csv")
    client.get("/signals.csv")
    client.get("/recording-events/")
    assert [a[:2] for a in acts()] == [
        ("see-signals", "consultation"),
        ("read-signal", "consultation"),
        ("export-series", "disclosure"),
        ("export-signals", "disclosure"),
        ("see-events", "consultation"),
    ]
    first, second = Event.objects.all()[:2]
    assert first.detail == {"theme": "violence", "sort": "themes"}
    assert (second.record, second.actor_name, second.address) == ("signal:0000000001", "analyst", "127.0.0.1")


def test_what_is_not_there_or_not_allowed_leaves_no_reading(reader):
    client = reader("commissioner")
    assert client.get("/signals/ffffffffff/").status_code == 404
    assert client.get("/signals.csv").status_code == 403
    assert acts() == []


def test_events_are_never_changed_or_deleted():
    with transaction.atomic():
        event = Trail.operator().record(Operation.ACCESS, "test")
    event.act = "other"
    for change in (event.save, event.delete, Event.objects.all().delete, lambda: Event.objects.update(act="other")):
        with pytest.raises(TypeError, match="never"):
            change()
    assert acts() == [("test", "access", "")]


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_its_acts_transaction_is_refused():
    with pytest.raises(RuntimeError, match="transaction"):
        Trail.operator().record(Operation.ACCESS, "test")


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_leaves_no_event():
    from forestall.web.actions import ACTIONS, ANYONE, action

    def fail(*, trail):
        trail.record(Operation.ALTERATION, "fail")
        raise ValueError("no")

    fail.__module__ = "forestall.web.test.actions"
    try:
        with pytest.raises(ValueError, match="no"):
            action(ANYONE)(fail)(trail=Trail.operator())
    finally:
        ACTIONS.pop("test.fail")
    assert acts() == []
