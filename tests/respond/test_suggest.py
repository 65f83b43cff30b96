"""What is suggested for a problem: against a slow twin, and that nothing is merged, hidden or made up."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall import respond
from forestall.catalogue import analysis, categories, library, plans
from forestall.catalogue.practices import practices
from forestall.errors import ForestallError
from forestall.respond import LocalResult, Problem
from forestall.results import read
from forestall.text import Message
from oracles import slow_suggest

IDEAS = [r.slug for r in analysis.hypotheses()]


def line(found, practice):
    return next(x for x in (*found.lines, *found.set_aside) if x.practice == practice)


def some(known):
    return st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True).map(tuple)


@st.composite
def problems(draw):
    ideas = draw(st.permutations(IDEAS))
    a, b, c = sorted(draw(st.tuples(*[st.integers(0, 6)] * 3)))
    return Problem(
        draw(st.sampled_from(["", *categories()])),
        tuple(ideas[:a]),
        tuple(ideas[a:b]),
        tuple(ideas[b:c]),
        draw(some(analysis.SIDES)),
        draw(some(o.slug for o in library.words("places"))),
        draw(some(o.slug for o in plans.choices("drivers"))),
        draw(some(o.slug for o in library.words("mechanisms"))),
    )


@settings(max_examples=200, deadline=None)
@given(problems())
def test_the_order_is_that_of_the_slow_twin(problem):
    found = respond.suggest(problem)
    shown, rest = slow_suggest.order(dataclasses.asdict(problem))
    assert [(x.practice, x.fit) for x in found.lines] == shown
    assert {x.practice: x.fit for x in found.set_aside} == rest


@settings(max_examples=50, deadline=None)
@given(problems())
def test_nothing_is_refused_silently_and_every_point_has_its_sentence(problem):
    found = respond.suggest(problem)
    assert sorted(x.practice for x in (*found.lines, *found.set_aside)) == [p.slug for p in practices()]
    assert [x.rank for x in found.lines] == list(range(1, len(found.lines) + 1))
    for x in (*found.lines, *found.set_aside):
        assert x.fit == sum(r.points for r in x.reasons)
        assert all(r.text.render() and "{" not in r.text.render() for r in x.reasons)
        assert (x.rank is None) == (x.aside is not None)


def known(**changes):
    return respond.described(
        category="vehicle-crime", ideas=["car-parks"], places=["parking-area"], sides=["place"], **changes
    )


def test_effect_quality_cost_and_local_results_move_no_line():
    """Practices with every effect known and of the best quality, or unknown, stand in the same order."""
    better = [
        dataclasses.replace(
            p,
            direction="reduction",
            cost="under-1000",
            verified=True,
            emmie={**p.emmie, "effect": dataclasses.replace(p.emmie["effect"], quality=4)},
        )
        for p in practices()
        if p.direction not in ("increase", "none")
    ]
    worse = [
        dataclasses.replace(
            p,
            direction="unknown",
            cost="unknown",
            emmie={**p.emmie, "effect": dataclasses.replace(p.emmie["effect"], quality=0)},
        )
        for p in better
    ]
    local = [LocalResult("cctv", "backfired", "vehicle-crime")] * 9
    a = respond.suggest(known(), practices=better)
    b = respond.suggest(known(), practices=worse, local=local)
    assert [x.practice for x in a.lines] == [x.practice for x in b.lines]
    assert {x.quality for x in a.lines} == {4}
    assert {x.quality for x in b.lines} == {0}


def test_what_can_do_harm_or_was_seen_to_do_nothing_is_set_aside_with_that_reason():
    everything = Problem("violence-and-sexual-offences", tuple(IDEAS), sides=analysis.SIDES)
    aside = {x.practice: x.aside.render() for x in respond.suggest(everything).set_aside}
    assert aside["scared-straight"] == "Reviews say that it can make things worse."
    assert aside["boot-camps"] == "Reviews found no reduction."
    assert aside["cctv"] == "No effect was seen for violence and sexual offences."


def test_local_results_stand_beside_failures_included():
    local = [
        LocalResult("cctv", "worked", "vehicle-crime", Decimal(900)),
        LocalResult("cctv", "no-evidence", "burglary", Decimal(4000)),
        LocalResult("alley-gating", "cant-tell"),
        LocalResult("street-lighting", "backfired"),
    ]
    found = respond.suggest(known(), local=local, trials={"street-lighting": 2})
    cctv, lights = line(found, "cctv"), line(found, "street-lighting")
    assert (cctv.local, cctv.spent) == ({"worked": 1, "no-evidence": 1}, (Decimal(900), Decimal(4000)))
    assert cctv.here == ("worked", "failed")
    assert (lights.here, lights.trials) == (("failed",), 2)
    assert line(found, "alley-gating").here == ("untested",), "could not tell is no test"
    assert line(respond.suggest(known()), "cctv").here == ("unseen",), "nobody looked, and nobody says that it is untested"
    with pytest.raises(ValueError, match="'splendid' is no verdict"):
        respond.suggest(known(), local=[LocalResult("cctv", "splendid")])


def test_it_shows_explains_and_reads_itself():
    found = respond.suggest(known(), local=[LocalResult("cctv", "worked", cost=Decimal("12.50"))])
    assert read(json.loads(json.dumps(found.to_json()))) == found
    for language in ("en", "cy"):
        said = found.explain(language)
        assert "{" not in said
    assert "quality not known" in found.explain()
    assert "what to look into, and not what to do" in found.explain()
    head, *rows = found.table().to_csv().splitlines()
    assert len(rows) == len(practices())
    assert "effect" in head.split(",")
    assert "quality" in head.split(",")
    assert {row["practice"] for row in found.chart()["data"]["values"]} <= {x.title.render() for x in found.lines}
    assert [c.name for c in found.checks if not c.passed] == ["evidence"]


def test_nothing_known_suggests_nothing_and_says_so():
    found = respond.suggest(Problem())
    assert found.lines == ()
    assert "No practice of the library fits" in found.explain()
    assert len(found.set_aside) == len(practices())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"category": "x"}, "no category 'x'"),
        ({"ideas": ["x"]}, "no idea 'x'"),
        ({"places": ["x"]}, "no kind of place 'x'"),
        ({"sides": ["x"]}, "no side 'x'"),
        ({"drivers": ["x"]}, "no driver 'x'"),
        ({"mechanisms": ["x"]}, "no mechanism 'x'"),
    ],
)
def test_a_slug_that_is_not_there_is_named(given, says):
    with pytest.raises(ForestallError, match=says):
        respond.described(**given)


def test_a_profile_gives_its_ideas_sides_and_places():
    from types import SimpleNamespace as Of

    idea = lambda slug, side, standing: Of(slug=slug, side=side, standing=standing)  # noqa: E731
    made = Of(
        subject=Of(category="burglary"),
        ideas=(
            idea("repeat-victims", "victim", "fits"),
            idea("season", "place", "mixed"),
            idea("alcohol", "offender", "against"),
            idea("shops", "place", "no-sign"),
        ),
        indicators={
            "premises_share:dwelling": 0.7,
            "premises_share:shop": 0.1,
            "premises_share:garage": 0.5,
            "premises_share:school": None,
            "records": 90.0,
        },
    )
    assert respond.of_profile(made) == Problem(
        "burglary", ("repeat-victims",), ("season",), ("alcohol",), ("victim",), ("dwelling",)
    )
    assert isinstance(respond.suggest(respond.of_profile(made)).category, Message)
