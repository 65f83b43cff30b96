"""Designs and evaluations on a small made force: what is proposed, refused, found, and said."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from forestall.assess.evaluate import analyst, evaluate, resident
from forestall.assess.propose import outcome_of, propose
from forestall.assess.verdict import maryland, verdict
from forestall.assess.windows import windows
from forestall.errors import ForestallError
from forestall.results import Design, Effect, Evaluation, Fidelity
from forestall.results.design import VERDICTS, Lock

from . import made_panel as made

ROWS = made.block()
PANEL = made.made()
RING = [f"A{i:03d}" for i in PANEL.ring(np.array(ROWS))]
FAR = ["A000", "A001", "A002", "A003", "A013", "A183"]


def design(panel=PANEL, asked=None, **more: object) -> Design:
    return propose(None, None, asked or made.asked(ROWS), panel=panel, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def proposed() -> Design:
    return design()


def found(d: Design, panel=PANEL, **more: object) -> Evaluation:
    return evaluate(None, None, d, panel=panel, **more)  # type: ignore[arg-type]


def test_a_design_holds_all_that_its_test_needs(proposed: Design) -> None:
    assert proposed.method in {o.method for o in proposed.options if o.offered}
    assert proposed.pre == tuple(made.month(i) for i in range(4, 28))
    assert proposed.post == tuple(made.month(i) for i in range(28, 34))
    assert set(proposed.ring) == set(RING)
    compared = {a for a, _ in proposed.comparison}
    assert compared
    assert not compared & ({f"A{i:03d}" for i in ROWS} | set(RING))
    assert proposed.treated_course.tolist() == PANEL.counts[ROWS, 4:28].sum(0).tolist()
    assert proposed.compared_course.sum() == pytest.approx(proposed.treated_course.sum())
    assert proposed.power is not None
    assert proposed.power.detectable is not None
    for sentence in (*(o.why for o in proposed.options), *(c.text for c in proposed.checks)):
        assert sentence.render()[0].isupper()
        assert sentence.render().endswith(".")


def test_what_came_after_changes_no_design(proposed: Design) -> None:
    later = made.changed(PANEL, ROWS, 28, 0.2)
    assert design(later).hash() == proposed.hash()


def test_a_design_goes_to_json_and_back_with_its_hash(proposed: Design) -> None:
    locked = replace(proposed, lock=Lock(hash=proposed.hash(), on="2023-04-01", by=("A Sergeant",)))
    back = Design.from_json(json.loads(json.dumps(locked.to_json())))
    assert back.hash() == proposed.hash()
    assert back.locked
    assert not replace(back, method="synthetic-control").locked
    assert not proposed.locked


def test_overruling_needs_a_reason_and_areas_that_are_free() -> None:
    with pytest.raises(ForestallError, match="reason"):
        design(method="synthetic-control")
    with pytest.raises(ForestallError, match="both treated and compared"):
        design(comparison=[f"A{ROWS[0]:03d}"], reason="like it")
    with pytest.raises(ForestallError, match="touches the treated"):
        design(comparison=[RING[0]], reason="like it")
    with pytest.raises(ForestallError, match="no method"):
        design(method="guess", reason="why not")
    with pytest.raises(ForestallError, match="no area of"):
        design(comparison=["W0100"], reason="like it")
    other = design(method="synthetic-control", reason="the board asked for it")
    assert (other.method, other.overruled) == ("synthetic-control", "the board asked for it")
    chosen = design(comparison=FAR, reason="the inspector knows them")
    assert {a for a, _ in chosen.comparison} == set(FAR)
    assert any("the inspector knows them" in d.render() for d in found(chosen).deviations)


def test_what_can_not_be_tested_gets_no_method() -> None:
    nothing = made.replace(PANEL, counts=np.where(np.isin(np.arange(196), ROWS)[:, None], 0.0, PANEL.counts))
    broken = made.replace(PANEL, broken=np.isin(np.arange(196), ROWS[:1]))
    much = made.changed(PANEL, ROWS, 0, 30)
    few = made.made(mean=0.02)
    short = made.asked(ROWS, before=4)
    for panel, asked, words in (
        (nothing, None, "Nothing was counted"),
        (broken, None, "broke off"),
        (much, None, "Hardly any other place"),
        (few, None, "chance decides everything"),
        (PANEL, short, "usable months lie before"),
    ):
        d = design(made.cut(panel, 28), asked)
        assert (d.method, d.weight, d.power) == ("", "quick", None)
        assert words in d.explain()
        e = found(d, made.cut(panel, 34))
        assert not any(x.tested for x in e.effects)
        assert e.verdict == "cant-tell"
        assert e.level == 1


def test_bad_input_is_a_sentence() -> None:
    for asked, words in (
        (made.asked([]), "no area is named"),
        (made.asked(list(range(80))), "too few are left"),
        (made.asked(ROWS, start=0), "no records up to"),
        (made.asked(ROWS, start=1), "one usable month"),
        (made.asked(ROWS, start=60), "more than a year after"),
        (made.asked(ROWS, months=0), "ask for 1 or more"),
    ):
        with pytest.raises(ForestallError, match=words):
            design(asked=asked)
    with pytest.raises(ForestallError, match="no category"):
        outcome_of([])
    with pytest.raises(ForestallError, match="count, harm or rate"):
        outcome_of(["burglary"], kind="mood")
    with pytest.raises(ForestallError, match="nothing after it yet"):
        found(design(asked=made.asked(ROWS, start=36)))


def test_months_whose_recording_changed_are_set_aside() -> None:
    usable = np.ones(made.MONTHS, bool)
    usable[[10, 30]] = False
    w = windows(made.replace(PANEL, usable=usable), made.asked(ROWS))
    assert w.before.tolist() == [i for i in range(4, 28) if i != 10]
    assert w.after.tolist() == [28, 29, 31, 32, 33]
    assert [m for m, _ in w.left_out] == [made.month(10), made.month(30)]
    d = design(made.cut(made.replace(PANEL, usable=usable), 28))
    assert made.month(10) not in d.pre
    # the store at hand knows no recording event of the later month: the design counted on it
    e = found(d, made.cut(made.replace(PANEL, usable=usable), 34))
    assert made.month(30) not in e.months
    assert any(made.month(30) in x.render() for x in e.deviations)
    e.chart()


def test_a_planted_fall_is_found_and_a_planted_rise(proposed: Design) -> None:
    for times, slug, inside in ((0.25, "worked", (0.1, 0.5)), (2.5, "backfired", (1.6, 4.0)), (1.0, None, (0.6, 1.6))):
        e = found(proposed, made.changed(PANEL, ROWS, 28, times))
        local = e.effect()
        assert local is not None
        assert inside[0] < local.ratio < inside[1]
        assert local.interval[0] < times < local.interval[1]
        assert local.prevented == pytest.approx(local.expected - local.after)
        if slug:
            assert e.verdict == slug
        else:
            assert e.verdict in ("no-evidence", "cant-tell")
        text = e.explain()
        assert "{" not in text
        assert VERDICTS[e.verdict].render() in text


def test_before_the_end_there_is_no_verdict(proposed: Design) -> None:
    e = found(proposed, PANEL.upto(made.month(30)))
    assert (e.interim, e.verdict) == (True, "")
    assert "3 months of the test are still to come" in e.explain()
    assert len(e.months) == 3


def test_deviations_are_listed(proposed: Design) -> None:
    late = replace(proposed, lock=Lock(hash=proposed.hash(), on="2023-05-09", by=("A Sergeant",), late=8))
    changed = replace(proposed, lock=Lock(hash="0", on="2023-04-01", by=("A Sergeant",)))
    moved = replace(proposed, snapshot="1" * 12)
    for d, words in (
        (proposed, "never locked"),
        (late, "8 days after"),
        (changed, "changed after it was locked on 1 April 2023"),
        (moved, "records have changed"),
    ):
        assert any(words in x.render() for x in found(d).deviations)


def test_a_later_snapshot_says_what_changed(proposed: Design) -> None:
    first = found(proposed)
    later = found(proposed, made.changed(PANEL, ROWS, 28, 0.2), earlier=first)
    said = " ".join(m.render() for m in later.changed)
    assert "Counted after" in said
    assert "Worked now" in said
    (same,) = found(proposed, earlier=first).changed
    assert same.render() == "Nothing that counts has changed since the earlier evaluation."


def test_an_evaluation_goes_to_json_and_back(proposed: Design) -> None:
    e = found(proposed, harms=" none seen ", equality="who was stopped", fidelity=Fidelity(planned=40, delivered=36))
    back = Evaluation.from_json(json.loads(json.dumps(e.to_json())))
    assert back.explain() == e.explain()
    assert back.to_json() == e.to_json()
    assert (back.harms, back.fidelity.share) == ("none seen", 0.9)


def effect(ratio: float, low: float, high: float, p: float, part: str = "local") -> Effect:
    return Effect(
        part=part, areas=6, before=100, after=25 * ratio, expected=25, plain=25, ratio=ratio, interval=(low, high),
        p_value=p, prevented=25 * (1 - ratio), prevented_interval=(25 * (1 - high), 25 * (1 - low)),
    )  # fmt: skip


FALL, RISE = effect(0.5, 0.3, 0.8, 0.01), effect(1.6, 1.2, 2.2, 0.01)
UNTESTED = effect(math.nan, math.nan, math.nan, math.nan)
UP, DOWN = effect(1.5, 1.1, 2, 0.02, "ring"), effect(0.7, 0.5, 0.9, 0.02, "ring")


@pytest.mark.parametrize(
    ("local", "ring", "total", "fidelity", "slug"),
    [
        (FALL, None, None, Fidelity(planned=10, delivered=3), "not-tested"),
        (UNTESTED, None, None, Fidelity(planned=10, delivered=3), "not-tested"),
        (UNTESTED, None, None, Fidelity(planned=10, delivered=9), "cant-tell"),
        (RISE, None, None, Fidelity(), "backfired"),
        (FALL, None, None, Fidelity(planned=10, delivered=6), "worked"),
        (FALL, DOWN, None, Fidelity(), "worked"),
        (FALL, UP, effect(0.7, 0.5, 0.9, 0.02, "total"), Fidelity(), "worked"),
        (FALL, UP, effect(0.9, 0.7, 1.1, 0.3, "total"), Fidelity(), "no-evidence"),
        (effect(1.0, 0.7, 1.4, 0.9), None, None, Fidelity(), "no-evidence"),
        (effect(0.9, 0.5, 1.4, 0.6), None, None, Fidelity(), "cant-tell"),
    ],
)
def test_each_rule_gives_its_verdict(proposed, local, ring, total, fidelity, slug) -> None:
    assert proposed.asked.hoped == 0.4
    got, why = verdict(proposed, local, ring, total, fidelity)
    assert got == slug
    assert why.render().endswith(".")


def test_a_resident_reads_that_it_moved(proposed: Design) -> None:
    made_of = found(proposed, made.changed(PANEL, ROWS, 28, 0.25))
    parts = {
        "local": effect(0.4, 0.2, 0.7, 0.01), "ring": effect(1.9, 1.3, 2.6, 0.01, "ring"),
        "total": effect(0.97, 0.8, 1.2, 0.8, "total"),
    }  # fmt: skip
    nothing = "no sign that the response made a difference"

    def said(**changed: Effect) -> str:
        effects = tuple({**parts, **changed}.values())
        return " ".join(m.render() for m in resident(replace(made_of, verdict="no-evidence", effects=effects)))

    assert "It fell there and rose around it" in said()
    assert nothing not in said()
    assert nothing in said(local=effect(1.0, 0.9, 1.1, 0.9))
    assert nothing in said(ring=effect(1.1, 0.8, 1.4, 0.5, "ring"))


def test_an_analyst_reads_harm_where_harm_is_the_outcome(proposed: Design) -> None:
    counted = found(proposed, made.changed(PANEL, ROWS, 28, 0.25))
    weighed = replace(
        counted, design=replace(proposed, asked=replace(proposed.asked, outcome=outcome_of(["burglary"], "harm")))
    )
    assert "Counted " in " ".join(m.render() for m in analyst(counted))
    said = " ".join(m.render() for m in analyst(weighed))
    assert "The harm recorded weighed " in said
    assert "Counted " not in said


def test_maryland_levels(proposed: Design) -> None:
    assert maryland(replace(proposed, method="")) == 1
    assert maryland(replace(proposed, method="difference-in-differences")) == 3
    assert maryland(replace(proposed, method="calibration-weights")) == 4
    assert maryland(replace(proposed, randomised="ab" * 32)) == 5
