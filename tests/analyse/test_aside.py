"""A recording event of one category is no event of the others."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.analyse import bench
from forestall.analyse.aside import set_aside
from forestall.analyse.bench import Analysis
from forestall.places import Places
from forestall.records.store import Store
from forestall.results import Finding
from forestall.text import msg

MONTHS = tuple(str(m) for m in np.arange("2020-01", "2021-01", dtype="datetime64[M]"))


def event(shape: str, month: str, until: str | None = None, category: str | None = "burglary", **more) -> Finding:
    return Finding(
        kind="recording-event", text=msg("x"), month=month, until=until, category=category, shape=shape, **more
    )  # fmt: skip


def test_a_passing_event_of_one_category_takes_its_own_months_from_places_and_the_category_from_a_series():
    lockdown = [event("passing", "2020-04", "2020-05")]
    places = set_aside(lockdown, MONTHS, several=True, series=False)
    assert not places.months.any()
    assert places.left_out == ()
    assert places.parts == {"burglary": ("2020-04", "2020-05")}
    series = set_aside(lockdown, MONTHS, several=True, series=True)
    assert not series.months.any()
    assert series.parts == {}
    assert series.left_out == ("burglary",)


def test_of_the_category_itself_the_months_are_set_aside():
    for several, category in ((False, "burglary"), (True, None)):
        found = set_aside([event("passing", "2020-11", None, category)], MONTHS, several=several, series=True)
        assert found.months.tolist() == [m >= "2020-11" for m in MONTHS]
        assert found.parts == {}
        assert found.left_out == ()


def test_a_lasting_step_leaves_a_series_and_no_months():
    steps = [event("step", "2020-06"), event("step", "2020-01", category="robbery")]
    assert set_aside(steps, MONTHS, several=True, series=True).left_out == ("burglary",)  # the other began with the months
    found = set_aside(steps, MONTHS, several=True, series=False)
    assert found.left_out == ()
    assert found.parts == {}
    assert not found.months.any()


def test_events_of_areas_and_of_other_months_take_nothing():
    events = [event("step", "2020-06", category=None, areas=("E01000001",)), event("passing", "2019-04", "2019-05")]
    found = set_aside(events, MONTHS, several=True, series=True)
    assert not found.months.any()
    assert found.parts == {}
    assert found.left_out == ()
    assert found.checks(MONTHS) == []


@pytest.fixture(scope="module")
def gwent(shared, tmp_path_factory):
    store = Store.open(tmp_path_factory.mktemp("aside") / "store", create=True)
    store.ingest([shared / "data" / "police_uk" / "gwent"])
    return store.records()


def ask(records, method, **given):
    return bench.run(Analysis.of_json({"method": method, **given}), records, Places.open("nowhere"))


@pytest.mark.parametrize("method", ["seasonality", "forecast", "change-point", "control-chart"])
def test_all_of_gwent_is_told_without_the_category_of_the_lockdown(gwent, method):
    found = ask(gwent, method)
    asb = gwent.counted("gwent").filter(lambda t: t.category == "anti-social-behaviour").count().to_pyarrow().as_py()
    assert found.records == gwent.counted("gwent").count().to_pyarrow().as_py() - asb
    assert "without anti-social behaviour" in found.title.render()
    assert "Left out of this series" in " ".join(c.text.render() for c in found.checks)


def test_places_of_gwent_lose_the_months_of_that_category_alone(gwent):
    found = ask(gwent, "concentration")
    table = gwent.counted("gwent")
    told = (table.category == "anti-social-behaviour") & (table.month >= "2020-03") & (table.month <= "2021-08")
    assert found.records == table.filter(~told).count().to_pyarrow().as_py()
    words = " ".join(c.text.render() for c in found.checks)
    assert "Anti-social behaviour alone: 18 months of suspected recording events are set aside (March 2020" in words
    assert "What is said of years leaves out anti-social behaviour." in " ".join(n.render() for n in found.notes)
