"""The rules of the catalogue: each can be judged, each can fit and be spoken against, and a bad one is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from forestall.analyse.hypotheses import holds, judge
from forestall.analyse.indicators import FAMILIES, NAMES, known
from forestall.catalogue import analysis
from forestall.catalogue.analysis import Condition, Rule
from forestall.errors import ForestallError

RULES = analysis.hypotheses()


def satisfying(condition: Condition) -> dict[str, float | None]:
    """Figures on which a condition holds."""
    by = {"at_least": 0.0, "at_most": 0.0, "above": 0.01, "below": -0.01}[condition.test]
    out: dict[str, float | None] = {}
    for other in condition.also:
        out.update(satisfying(other))
    return {**out, condition.indicator: condition.threshold + by}


def test_there_are_enough_and_their_names_are_distinct() -> None:
    assert len(RULES) >= 10
    assert len({r.title.id for r in RULES}) == len(RULES)
    assert {r.side for r in RULES} == {"place", "victim", "offender"}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.slug)
def test_each_rule_fits_where_its_evidence_holds_and_is_spoken_against(rule: Rule) -> None:
    for condition in (*rule.evidence_for, *rule.evidence_against):
        assert all(known(n) for n in condition.names), condition.names
        figures = satisfying(condition)
        assert holds(condition, figures) is True
        category = rule.categories[0] if rule.categories else "burglary"
        idea = judge([rule], figures, category)[0]
        said = idea.evidence_for if condition in rule.evidence_for else idea.evidence_against
        assert any(m.render("en") for m in said)
        assert "{" not in " ".join(m.render("en") for m in said)
    assert rule.evidence_against
    assert rule.test.id.endswith((".", "?"))


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.slug)
def test_without_figures_nothing_is_known(rule: Rule) -> None:
    category = rule.categories[0] if rule.categories else "burglary"
    assert judge([rule], {}, category)[0].standing == "not-known"


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.slug)
def test_no_rule_asserts_a_cause(rule: Rule) -> None:
    words = [rule.title.id, rule.test.id, *(c.says.id for c in (*rule.evidence_for, *rule.evidence_against) if c.says)]
    for text in words:
        assert not {"because", "caused", "causes", "due to", "proves"} & set(text.lower().split()), text


def test_what_is_about_another_category_is_left_out() -> None:
    assert "shops" not in {i.slug for i in judge(RULES, {}, "burglary")}
    assert "shops" in {i.slug for i in judge(RULES, {}, "shoplifting")}


def test_an_unknown_part_of_a_condition_settles_nothing_unless_another_fails() -> None:
    joined = Condition("records", "at_least", 10, None, (Condition("peak_p", "at_most", 0.05, None),))
    assert holds(joined, {"records": 20}) is None
    assert holds(joined, {"records": 5}) is False
    assert holds(joined, {"records": 20, "peak_p": 0.01}) is True


GOOD = (
    'title: !msg T\nside: place\nfor:\n  - {indicator: records, at_least: 1, says: !msg "S {value:count}."}\n'
    "unknown: !msg U\ntest: !msg V.\n"
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("side: place", "side: moon"), "side is one of"),
        (("at_least: 1", "at_least: many"), "must be a number"),
        (("at_least: 1, ", ""), "needs one of"),
        (("unknown: !msg U\n", ""), "lacks unknown"),
        (("test: !msg V.", "test: !msg V.\nreason: x"), "reason is not known"),
        (("indicator: records", "indicator: recrods"), "no figure 'recrods'"),
    ],
)
def test_a_bad_rule_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], said: str
) -> None:
    folder = tmp_path / "hypotheses"
    folder.mkdir()
    (folder / "own.yaml").write_text(GOOD.replace(*change), encoding="utf-8")
    monkeypatch.setenv("FORESTALL_CATALOGUE", str(tmp_path))
    analysis.hypotheses.cache_clear()
    try:
        with pytest.raises(ForestallError, match=said):
            judge(analysis.hypotheses(), {}, "burglary")
    finally:
        analysis.hypotheses.cache_clear()


def test_a_new_rule_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "hypotheses"
    folder.mkdir()
    (folder / "own.yaml").write_text(GOOD, encoding="utf-8")
    monkeypatch.setenv("FORESTALL_CATALOGUE", str(tmp_path))
    analysis.hypotheses.cache_clear()
    try:
        idea = next(i for i in judge(analysis.hypotheses(), {"records": 3.0}, "burglary") if i.slug == "own")
    finally:
        analysis.hypotheses.cache_clear()
    assert idea.standing == "fits"
    assert idea.evidence_for[0].render() == "S 3."


def test_every_figure_says_what_it_is() -> None:
    assert all(NAMES.values())
    assert known("flag_ratio:alcohol")
    assert not known("flag_ratio")
    assert len(set(FAMILIES)) == len(FAMILIES)
