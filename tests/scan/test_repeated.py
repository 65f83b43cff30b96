"""Repeats: who is in the records again and again is found and never shown; what can't be told is said."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, quiet
from scipy import stats as ss

from forestall import scan
from forestall.errors import ForestallError
from forestall.results import Scan, Signal, TaskingLists, read
from forestall.results.signal import PERSON_KINDS
from forestall.scan import repeated
from forestall.scan.repeated import chance_of
from made_extract import records, rows

ROLES = {r.kind: r for r in repeated.ROLES}


def planted() -> list[dict[str, Any]]:
    made = rows(600)
    late = [r for r in made if r["date"] >= "2023-02"]
    for r in late[:9]:
        r["victim"] = "HIT-AGAIN"
    for r in late[20:31]:
        r |= {"suspect": "NAMED-AGAIN", "outcome": "Charged or summonsed"}
    for r in late[40:60]:
        r |= {"loc": "SHOP", "premises": "Shop", "street": "High Street", "type": "Other theft", "code": "49"}
    for r in late[70:90]:
        r |= {"loc": "WARD", "premises": "Hospital", "type": "Other theft", "code": "49"}
    for r in late[120:170]:
        r |= {"type": "Other theft", "code": "49"}
    calls = rows(200, 2, kind="call", type="Concern for safety", code="", suspect="", victim="")
    for i, r in enumerate(calls):
        r["caller"] = "CALLS-OFTEN" if i < 40 else f"C{i}"
    return made + calls


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    return scan.find(records(tmp_path_factory.mktemp("extract"), planted()), replicates=19, merge=False)


def of(found: Scan, kind: str) -> list[Signal]:
    return [s for s in found.signals if s.kind == kind]


def test_each_kind_finds_what_is_planted(found: Scan) -> None:
    [victim] = of(found, "repeat-victim")
    assert (victim.observed, victim.established) == (9, True)
    assert victim.p_value is not None
    assert victim.q_value is not None
    assert victim.p_value <= victim.q_value
    [suspect] = of(found, "repeat-suspect")
    assert suspect.observed == 11
    assert suspect.details["outcomes"] == 11
    assert "offender in 11 of them" in str(suspect.why)
    [place] = of(found, "repeat-location")
    assert (place.observed, place.details["location"], place.category) == (20, "High Street", "other-theft")
    [caller] = of(found, "frequent-caller")
    assert "need for support" in str(caller.why)
    assert "suspect" not in str(caller.why)
    for s in (victim, suspect, place, caller):
        assert sum(s.series.observed) == s.observed
        assert s.interval[0] <= s.ratio <= s.interval[1]


def test_a_suspect_without_outcomes_is_no_offender(tmp_path: Path) -> None:
    made = rows(300)
    for r in [r for r in made if r["date"] >= "2023-02"][:12]:
        r["suspect"] = "NAMED"
    [s] = of(scan.find(records(tmp_path, made), replicates=19), "repeat-suspect")
    assert "offender" not in str(s.why)
    assert any("A suspect is not an offender" in str(c) for c in s.cautions)


def test_nobody_is_shown_an_identifier(found: Scan) -> None:
    for language in ("en", "cy"):
        text = json.dumps(found.to_json(language)) + found.table().to_csv(language)
        for s in found.signals:
            assert not s.subject or s.subject not in text
        assert "HIT-AGAIN" not in text
        assert "R1000" not in text, "nor an occurrence number"
    assert read(json.loads(json.dumps(found.to_json(), allow_nan=False))) == found
    assert {s.kind for s in found.signals if s.subject} == {*PERSON_KINDS, "repeat-location"}


def test_the_same_person_keeps_the_signal_s_name(tmp_path: Path) -> None:
    store = records(tmp_path, planted())
    before = scan.find(store, until="2023-11", replicates=19, kinds=("repeat-victim",))
    after = scan.find(store, replicates=19, kinds=("repeat-victim",), earlier=before.signals)
    assert [s.id for s in after.signals] == [s.id for s in before.signals]


def test_nothing_planted_nothing_found() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        counts = np.unique(rng.integers(0, 3000, 2000), return_counts=True)[1]
        hits += bool((chance_of(counts) * counts.size <= 0.05).any())
    assert hits <= 18, "ten of 200 are due; 19 come once in a hundred"


def test_the_tail_is_that_of_a_poisson_law_without_its_zeros() -> None:
    counts = np.array([1, 1, 1, 2, 2, 3, 4])
    rate = 1.5
    for _ in range(200):
        rate = counts.mean() * -np.expm1(-rate)
    assert chance_of(counts) == pytest.approx(ss.poisson.sf(counts - 1, rate) / ss.poisson.sf(0, rate))
    assert chance_of(np.ones(5, int)) == pytest.approx(1.0)


def test_police_generated_records_make_no_repeat(tmp_path: Path) -> None:
    made = rows(300)
    for r in [r for r in made if r["date"] >= "2023-02"][:12]:
        r |= {"suspect": "NAMED", "origin": "police"}
    for r in [r for r in made if r["date"] >= "2023-02"][20:32]:
        r |= {"suspect": "FOUND", "type": "Drugs", "code": "92E"}
    assert not of(scan.find(records(tmp_path, made), replicates=19), "repeat-suspect")


def test_counts_alone_say_what_they_cannot_tell() -> None:
    force = MadeForce(quiet(1))
    result = scan.find(force, force.places(), replicates=19)  # type: ignore[arg-type]
    check = next(c for c in result.checks if c.name == "kinds")
    assert not check.passed
    for name in ("Repeat victims", "Repeat suspects", "Repeat locations", "Frequent callers", "Near-repeat bursts"):
        assert name in str(check.text)


# -- tasking ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TaskingLists]:
    made = planted()
    hidden = [r for r in made if r["date"] >= "2023-02" and r["kind"] == "crime"][200:212]
    for r in hidden:
        r |= {"victim": "AT-HOME", "da": "Y", "loc": "HOME", "ref": "D" + r["ref"]}
    store = records(tmp_path_factory.mktemp("tasking"), made)
    return {a: scan.tasking(store, audience=a) for a in ("force", "partner")}


def test_force_users_get_occurrence_numbers_and_restricted_records(lists: dict[str, TaskingLists]) -> None:
    by_name = {part.name: part for part in lists["force"].lists}
    assert list(by_name) == ["repeat-victims", "repeat-suspects", "frequent-callers", "hot-spots"]
    first = by_name["repeat-victims"].rows[0]
    assert (first.records, first.restricted, len(first.occurrences)) == (12, 12, 12)
    assert by_name["repeat-suspects"].rows[0].outcomes == 11
    assert by_name["hot-spots"].rows[0].location == "High Street"
    assert by_name["hot-spots"].apart == {"hospital": 20}
    assert all(row.rank >= 1 and row.records >= 2 for part in lists["force"].lists for row in part.rows)


def test_partners_get_neither(lists: dict[str, TaskingLists]) -> None:
    partner = lists["partner"]
    text = json.dumps(partner.to_json()) + partner.table().to_csv()
    assert "R1000" not in text
    assert "DR1" not in text
    assert "AT-HOME" not in text
    victims = partner.lists[0]
    assert victims.rows[0].records == 9, "the victim of domestic abuse is not on it"
    assert all(row.records >= 5 and not row.occurrences and not row.restricted for p in partner.lists for row in p.rows)


def test_domestic_abuse_makes_no_hot_spot_for_anybody(lists: dict[str, TaskingLists]) -> None:
    for found in lists.values():
        spots = found.lists[3]
        assert not [row for row in spots.rows if any(o.startswith("D") for o in row.occurrences)]


def test_tasking_lists_read_back_draw_and_explain(lists: dict[str, TaskingLists]) -> None:
    from forestall.report.charts import chart_svg
    from forestall.text import msg

    for found in lists.values():
        assert read(json.loads(json.dumps(found.to_json(), allow_nan=False))) == found
        assert "the tenth with most has" in found.explain()
        assert chart_svg(found.chart(), "en", msg("x"), msg("y")).startswith("<svg")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"audience": "press"}, "force or partner, not 'press'"),
        ({"hub": "Nowhere"}, "no local authorities are loaded"),
        ({"until": "2031-01"}, "2031-01 lies outside"),
        ({"listed": 0}, "must be 1 or more, not 0"),
        ({"force": "kent"}, "no force 'kent'"),
    ],
)
def test_bad_asking_is_a_sentence(tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ForestallError, match=said):
        scan.tasking(records(tmp_path, rows(50)), **asked)


def test_a_record_tells_its_day_or_only_its_month() -> None:
    when = dt.datetime(2024, 3, 1)
    line = repeated.Line("a", None, "burglary", "2024-03", when, None, None, None, False, False, True)
    assert line.told == "2024-03-01"
    assert replace(line, dated=False).told == "2024-03"


def test_what_is_set_apart_is_told_where_nothing_else_is_left(tmp_path: Path) -> None:
    made = [r | {"loc": "WARD", "premises": "Hospital", "suspect": "SEEN"} for r in rows(60)]
    found = {part.name: part for part in scan.tasking(records(tmp_path, made)).lists}
    for name in ("repeat-suspects", "hot-spots"):
        assert not found[name].rows
        assert found[name].apart == {"hospital": sum(r["date"] >= "2023-01" for r in made)}
