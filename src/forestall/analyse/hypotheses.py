"""Ideas to test: each rule of the catalogue held against the profile's figures. Nothing here is a cause."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from forestall.analyse.indicators import known
from forestall.catalogue import path
from forestall.catalogue.analysis import Condition, Rule
from forestall.errors import ForestallError
from forestall.results import Idea
from forestall.text import Message

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}
#: The order in which ideas stand.
_ORDER = ("fits", "mixed", "against", "no-sign", "not-known")


def judge(rules: Iterable[Rule], indicators: Mapping[str, float | None], category: str) -> tuple[Idea, ...]:
    """Each rule that is about ``category``, with the evidence; those that fit first. Raises ``ForestallError`` for a rule
    that names a figure which no profile has."""
    ideas = []
    for rule in rules:
        for condition in (*rule.evidence_for, *rule.evidence_against):
            for name in condition.names:
                if not known(name):
                    raise ForestallError(
                        f"{path(f'hypotheses/{rule.slug}')}: there is no figure {name!r}; docs/how-to/profile.md lists them"
                    )
        if not rule.categories or category in rule.categories:
            ideas.append(_judged(rule, indicators))
    return tuple(sorted(ideas, key=lambda i: (_ORDER.index(i.standing), -len(i.evidence_for))))


def _judged(rule: Rule, indicators: Mapping[str, float | None]) -> Idea:
    """``mixed`` where evidence stands on both sides; ``not-known`` where no condition could be held against a figure."""
    told = [[holds(c, indicators) for c in side] for side in (rule.evidence_for, rule.evidence_against)]
    pro, con = (
        tuple(_said(c, indicators) for c, h in zip(side, held, strict=True) if h)
        for side, held in zip((rule.evidence_for, rule.evidence_against), told, strict=True)
    )
    if pro or con:
        standing = "mixed" if pro and con else "fits" if pro else "against"
    else:
        standing = "not-known" if all(h is None for side in told for h in side) else "no-sign"
    return Idea(rule.slug, rule.title, rule.side, standing, pro, con, (rule.unknown,), rule.test)


def holds(condition: Condition, indicators: Mapping[str, float | None]) -> bool | None:
    """Whether a condition holds, with all that it is joined to; None where a figure that it needs is not known and no other
    of them settles it."""
    value = indicators.get(condition.indicator)
    own = None if value is None else bool(_HOLDS[condition.test](value, condition.threshold))
    told = [own, *(holds(c, indicators) for c in condition.also)]
    if any(t is False for t in told):
        return False
    return None if any(t is None for t in told) else True


def _said(condition: Condition, indicators: Mapping[str, float | None]) -> Message:
    says = condition.says
    assert says is not None  # the catalogue requires it of every condition that is not joined to another
    return Message(says.id, {"value": indicators[condition.indicator]}) if "{value" in says.id else says
