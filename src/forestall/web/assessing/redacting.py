"""What stays of a plan's test when the plan is redacted: figures, days and hashes, and no word that a person wrote."""

from __future__ import annotations

from typing import Any

from forestall.web.plans.models import Plan

#: Where the JSON of designs and evaluations, and the parameters of their messages, hold people's words and names.
WORDS = frozenset({"title", "overruled", "harms", "equality", "reason", "by"})


def without_words(content: Any) -> Any:
    """The same JSON with people's words empty. Messages are kept: their sentences are the system's own."""
    if isinstance(content, dict):
        return {k: type(v)() if k in WORDS and _written(v) else without_words(v) for k, v in content.items()}
    if isinstance(content, list):
        return [without_words(v) for v in content]
    return content


def _written(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def redact(plan: Plan) -> int:
    """Empties the words of a plan's designs, evaluations and rulings and names nobody who need not be named; returns how
    many rows. The hashes stay those of what was locked and found, so that a copy elsewhere can still be recognised."""
    rows = 0
    for kept in (*plan.designs.all(), *plan.evaluations.all()):
        kept.content = without_words(kept.content)
        kept.save(update_fields=["content"])
        rows += 1
    plan.designs.update(reason="", locked_by=None)
    plan.evaluations.update(by=None)
    return rows + plan.rulings.update(reason="")
