"""What a scan stands on: months and areas set aside as recording events, and how it is told that they are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_force import MadeForce, block, code, event, quiet, trebled

from forestall import scan
from forestall.errors import ForestallError
from forestall.records import months as mm
from forestall.records.ground import Ground, discontinuous, lay
from forestall.results import Finding


def laid(force: MadeForce, **kw: Any) -> Ground:
    given: Any = {"force": None, "until": None, "lookback": 36, "neighbours": 25, **kw}
    return lay(force, force.places(), **given)  # type: ignore[arg-type]


def usable(*events: Finding, category: str = "burglary", **kw: Any) -> set[str]:
    ground = laid(MadeForce(quiet(), events=events), **kw)
    return {m for m, u in zip(ground.cube.months, ground.usable[category], strict=True) if u}


ALL = set(mm.between("2020-01", "2022-12"))


def test_without_events_everything_counts() -> None:
    assert usable() == ALL


def test_a_passing_event_s_months_are_set_aside_for_its_category_alone() -> None:
    passing = event("2020-04", "passing", until="2020-06", category="burglary")
    assert usable(passing) == ALL - set(mm.between("2020-04", "2020-06"))
    assert usable(passing, category="shoplifting") == ALL
    assert usable(replace(passing, category=None), category="shoplifting") == ALL - set(mm.between("2020-04", "2020-06"))


def test_a_passing_event_that_goes_on_takes_all_months_to_the_last() -> None:
    assert usable(event("2022-05", "passing")) == set(mm.between("2020-01", "2022-04"))


def test_a_step_cuts_off_what_came_before() -> None:
    assert usable(event("2021-03", "step", category="burglary")) == set(mm.between("2021-03", "2022-12"))


def test_events_of_areas_and_turnover_take_no_month() -> None:
    assert usable(event("2021-03", "step", areas=(code(1),)), event("2021-03", "turnover")) == ALL


@pytest.mark.parametrize("shape", ["passing", "step", "turnover"])
def test_what_the_registrar_rejects_is_not_set_aside(shape: str) -> None:
    rejected = event("2021-03", shape, standing="rejected")
    assert usable(rejected) == ALL
    of_area = event("2021-03", "step", areas=(code(1),), standing="rejected")
    assert not laid(MadeForce(quiet(), events=[rejected, of_area])).broken["burglary"].any()
    assert usable(replace(rejected, standing="confirmed")) == usable(replace(rejected, standing="suspected"))


def test_an_area_that_stepped_is_left_out_while_the_history_crosses_the_step() -> None:
    of_area = event("2021-03", "step", areas=(code(5), "W99"), category="burglary")
    force = MadeForce(quiet(), events=[of_area])
    assert np.flatnonzero(laid(force).broken["burglary"]).tolist() == [5]
    assert not laid(force).broken["shoplifting"].any()
    assert not laid(force, lookback=22).broken["burglary"].any(), "March 2021 is the first month looked at"
    assert laid(force, lookback=23).broken["burglary"].any()
    assert not laid(force, until="2021-02", lookback=14).broken["burglary"].any()


def test_turnover_breaks_the_areas_whose_level_changed_and_no_others() -> None:
    counts = quiet(3)
    for c in counts:
        counts[c][[7, 30], 20:] *= 4
    force = MadeForce(counts, events=[event("2021-09", "turnover")])
    broken = laid(force).broken
    for c in counts:
        assert {7, 30} <= set(np.flatnonzero(broken[c]).tolist())
        assert broken[c].sum() <= 4
    rises = [s for s in find(force) if s.kind == "rising"]
    assert not [s for s in rises if {code(7), code(30)} & set(s.areas)]
    without = MadeForce(counts)
    assert not laid(without).broken["burglary"].any()


def find(force: MadeForce, **kw: Any) -> Any:
    return scan.find(force, force.places(), **{"replicates": 99, **kw}).signals  # type: ignore[arg-type]


def test_an_area_that_stepped_hides_no_rise_beside_it() -> None:
    counts = trebled(4, rows=block(18))
    force = MadeForce(counts, events=[event("2022-03", "step", areas=(code(18),), category="burglary")])
    best = next(s for s in find(force) if s.kind == "rising" and s.established)
    assert best.category == "burglary"
    assert {code(19), code(26), code(27)} <= set(best.areas)
    assert code(18) not in best.areas
    assert force.raw(best) == best.observed


@pytest.mark.parametrize(("before", "after", "scatter"), [(12, 12, 1.0), (12, 3, 1.0), (5, 20, 1.0), (12, 12, 2.5)])
def test_chance_breaks_about_one_area_in_a_hundred(before: int, after: int, scatter: float) -> None:
    rng = np.random.default_rng(11)
    shape = (400, before + after)
    broken = 0
    for _ in range(20):
        mean = rng.gamma(3, 5, (400, 1)) * np.linspace(1, 1.6, before + after)
        counts = rng.poisson(mean) if scatter == 1 else rng.negative_binomial(mean / (scatter - 1), 1 / scatter, shape)
        broken += int(discontinuous(counts, before).sum())
    assert 0.003 <= broken / 8000 <= 0.02


def test_a_broken_level_is_seen_and_a_common_one_is_not() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(20, (100, 24))
    counts[:, 12:] *= 2
    assert discontinuous(counts, 12).mean() < 0.06
    counts[4, 12:] = 5
    counts[9, 12:] = 90
    assert discontinuous(counts, 12)[[4, 9]].all()
    assert not discontinuous(counts, 2).any(), "less than three months before say nothing"


# -- in a whole scan -------------------------------------------------------------------------------------------------------


def test_a_spell_at_the_end_is_no_signal_and_is_named() -> None:
    counts = trebled(2, rows=block(0))
    spell = event("2022-10", "passing", until="2022-12", category="burglary")
    force = MadeForce(counts, events=[spell])
    result = scan.find(force, force.places(), replicates=99)  # type: ignore[arg-type]
    assert not [s for s in result.signals if s.category == "burglary" and s.kind in ("rising", "force-wide")]
    assert result.events == (spell,)
    history = next(c for c in result.checks if c.name == "history")
    assert "Burglary" in str(history.text)
    assert "Shoplifting" not in str(history.text)
    told = scan.find(MadeForce(counts, events=[replace(spell, standing="rejected")]), force.places(), replicates=99)  # type: ignore[arg-type]
    assert next(s for s in told.signals if s.kind == "rising").established


@pytest.mark.parametrize("month", ["2022-09", "2022-10", "2022-11"])
def test_no_window_steps_over_months_set_aside(month: str) -> None:
    counts = trebled(2, rows=block(0), last=6)
    counts["burglary"][:, -5:] *= 3
    force = MadeForce(counts, events=[event(month, "passing", until=month, category="burglary")])
    signals = [s for s in find(force) if s.kind in ("rising", "force-wide")]
    assert [s for s in signals if s.category == "burglary"]
    for s in signals:
        assert s.category != "burglary" or s.since > month
        assert force.raw(s) == s.observed


def test_months_set_aside_are_marked_and_said() -> None:
    spell = event("2021-04", "passing", until="2021-05", category="burglary")
    force = MadeForce(trebled(2, rows=block(0)), events=[spell])
    best = next(s for s in find(force) if s.kind == "rising" and s.established)
    masked = {m for m, x in zip(best.series.months, best.series.masked, strict=True) if x}
    assert masked == {"2021-04", "2021-05"}
    assert {m for m, e in zip(best.series.months, best.series.expected, strict=True) if e is None} == masked
    assert [c for c in best.cautions if "April 2021 to May 2021 were set aside" in str(c)]
    other = next(s for s in find(force) if s.category == "shoplifting")
    assert not any(other.series.masked)


def test_a_doubled_level_after_a_step_is_no_force_wide_rise() -> None:
    counts = quiet(6)
    counts["burglary"][:, -14:] *= 2
    step = event("2021-11", "step", category="burglary")
    wide = [s for s in find(MadeForce(counts)) if s.kind == "force-wide" and s.category == "burglary"]
    after = [s for s in find(MadeForce(counts, events=[step])) if s.kind == "force-wide" and s.category == "burglary"]
    assert not [s for s in after if s.established]
    assert all(s.since >= "2021-11" for s in wide + after)


# -- bad input -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"force": "gwent"}, "there is no force 'gwent' in these records; they hold: made"),
        ({"until": "2019-12"}, "is before the first month of these records, 2020-01"),
        ({"until": "2023-01"}, "is after the last month of these records, 2022-12"),
        ({"until": "2022-1"}, "'2022-1' is not a month"),
        ({"windows": (0, 3)}, "windows 0-3 make no sense"),
        ({"windows": (4, 3)}, "windows 4-3 make no sense"),
        ({"lookback": 17}, "allow at least 18"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], sentence: str) -> None:
    force = MadeForce(quiet())
    with pytest.raises(ForestallError, match=sentence):
        scan.find(force, force.places(), **asked)  # type: ignore[arg-type]


def test_places_of_another_country_are_refused() -> None:
    from forestall.places import Places

    elsewhere = Places.from_points(["E01", "E02"], [0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ForestallError, match="none of the 2 areas loaded is in the records"):
        scan.find(MadeForce(quiet()), elsewhere)  # type: ignore[arg-type]


def test_areas_loaded_beyond_the_records_count_nothing_and_records_beyond_them_are_said() -> None:
    from forestall.places import Places

    force = MadeForce(quiet(1, areas=48))
    cube = force.cube()
    codes = [*cube.areas[:40], "W01999999"]
    places = Places.from_points(codes, [*cube.easting[:40], 9e5], [*cube.northing[:40], 9e5])
    ground = lay(force, places, force=None, until=None, lookback=36, neighbours=8)  # type: ignore[arg-type]
    assert ground.cube.areas == tuple(codes)
    assert not ground.cube.counts[:, 40].any()
    assert (ground.cube.counts[:, :40] == cube.counts[:, :40]).all()
    assert ground.outside == cube.counts[:, 40:].sum()
    result = scan.find(force, places, replicates=19)  # type: ignore[arg-type]
    placed = next(c for c in result.checks if c.name == "placed")
    assert not placed.passed
    assert f"{ground.outside:,} records" in str(placed.text)
