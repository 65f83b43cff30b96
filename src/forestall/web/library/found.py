"""What a plan found: from its own answers, or from an evaluation where there is one.

An evaluation's room calls ``found.register(function)``: a plan in, :class:`Found` out, or None where it has no evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from forestall.web.library.models import Verdict
from forestall.web.plans.models import Plan, Response

#: Below this share of what was planned, a response was not tested, whatever followed.
ENOUGH = 0.5
#: The plan's own answer to whether it worked, as a verdict.
SAID = {
    "worked": Verdict.WORKED,
    "partly": Verdict.WORKED,
    "no-change": Verdict.NO_EVIDENCE,
    "worse": Verdict.BACKFIRED,
    "unknown": Verdict.CANT_TELL,
}
OWN_WORDS = "own-words"


@dataclass(frozen=True)
class Found:
    """``interval`` and ``estimate`` in ``unit``; a number that is none (NaN) is kept as not known. ``fidelity``: delivered
    of planned. None: taken from the plan. Raises ``ValueError`` for what can't be."""

    verdict: str
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    unit: str = ""
    method: str = OWN_WORDS
    maryland: int | None = None
    fidelity: float | None = None
    cost: Decimal | None = None
    lessons: str | None = None
    place: str = ""
    evaluation: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in Verdict.values:
            raise ValueError(f"{self.verdict!r} is no verdict; choose one of {', '.join(Verdict.values)}")
        low, high = self.interval or (math.nan, math.nan)
        if low > high:
            raise ValueError(f"the interval begins at {low} and ends below it at {high}")
        if self.p_value is not None and not (math.isnan(self.p_value) or 0 <= self.p_value <= 1):
            raise ValueError(f"a p-value lies between 0 and 1, and {self.p_value} does not")
        if self.maryland is not None and self.maryland not in range(1, 6):
            raise ValueError(f"the Maryland scale goes from 1 to 5, and {self.maryland} is not on it")
        if self.fidelity is not None and not self.fidelity >= 0:
            raise ValueError(f"what was delivered is a share of 0 or more, not {self.fidelity}")


def finite(value: float | None) -> float | None:
    """A number; None where there is none."""
    return None if value is None or not math.isfinite(value) else float(value)


Source = Callable[[Plan], Found | None]
SOURCES: list[Source] = []


def register(source: Source) -> Source:
    """Adds where evaluations come from; the first that has one for a plan gives it."""
    if source not in SOURCES:
        SOURCES.append(source)
    return source


def of(plan: Plan) -> Found:
    """What a plan found: its evaluation's word, else its own."""
    for source in SOURCES:
        found = source(plan)
        if found is not None:
            return found
    return own_words(said(plan))


def said(plan: Plan) -> str:
    """The plan's own answer to whether it worked; '' where it gave none."""
    answer = plan.answers.filter(question="verdict", current=True).first()
    return str(answer.value) if answer and answer.value else ""


def own_words(answer: str) -> Found:
    """A verdict without an evaluation: what those who did it say."""
    return Found(SAID.get(answer, Verdict.CANT_TELL))


def fidelity(responses: Sequence[Response]) -> float | None:
    """Delivered of planned, each response at most whole and weighing the same; None where no response says both."""
    shares = [
        min(1.0, float(r.delivered / r.dose))
        for r in responses
        if r.dose is not None and r.dose > 0 and r.delivered is not None
    ]
    return sum(shares) / len(shares) if shares else None


def verdict(found: Found, delivered: float | None) -> str:
    """Fidelity before effect: what was hardly delivered was not tested, unless it is said to have done harm."""
    if delivered is not None and delivered < ENOUGH and found.verdict != Verdict.BACKFIRED:
        return Verdict.NOT_TESTED
    return found.verdict


def cost(responses: Sequence[Response]) -> Decimal | None:
    """What responses cost together; None where none says."""
    told = [r.cost for r in responses if r.cost is not None]
    return sum(told, Decimal(0)) if told else None
