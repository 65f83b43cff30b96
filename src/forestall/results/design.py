"""A design: how the response of a plan will be tested, settled before it begins; and what its evaluation found."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results._design_drawing import course_drawing
from forestall.results.base import Column, Provenance, Table, register
from forestall.results.figures import Figures
from forestall.text import Message, msg, msg_n

Floats = npt.NDArray[np.float64]

#: How a design is made, by slug.
METHODS: Mapping[str, Message] = {
    "difference-in-differences": msg("Like areas (difference in differences)"),
    "synthetic-control": msg("Synthetic control"),
    "calibration-weights": msg("Calibration weights"),
    "interrupted-series": msg("Interrupted series"),
    "days-between": msg("Before and after, without comparison"),
}
VERDICTS: Mapping[str, Message] = {
    "worked": msg("Worked"),
    "no-evidence": msg("No evidence of effect"),
    "cant-tell": msg("Can't tell"),
    "not-tested": msg("Not tested"),
    "backfired": msg("Backfired"),
}


@dataclass(frozen=True)
class Outcome:
    """What is counted. ``kind``: ``count`` (events), ``harm`` (events weighted by ``scheme``) or ``rate`` (events over
    residents: tested as a count, shown per 1,000)."""

    categories: tuple[str, ...]
    kind: str = "count"
    scheme: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person says; the tool proposes the rest.

    ``treated``: codes of small areas. ``starts``: first month of the response, ``YYYY-MM``. ``months``: how many are looked
    at from then on. ``before``: how many before it, at most. ``hoped``: the fall hoped for, a share. ``others``: further
    forces whose areas may be compared with. ``plan`` and ``signal``: where it came from."""

    treated: tuple[str, ...]
    outcome: Outcome
    starts: str
    months: int = 6
    before: int = 24
    force: str | None = None
    hoped: float | None = None
    title: str = ""
    plan: str = ""
    signal: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Option:
    """A method that could be used. ``detectable``: the smallest fall, a share, that it would find four times in five."""

    method: str
    offered: bool
    why: Message
    detectable: float | None = None


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How the treated areas and their comparison stand in one thing before."""

    what: Message
    treated: float
    compared: float


@dataclass(frozen=True, kw_only=True)
class Power:
    """What the design could show. ``expected``: events to come without the response; ``detectable``: share of them; None
    where nothing would be found four times in five. ``falls`` and ``found``: the whole curve."""

    expected: float
    detectable: float | None
    falls: Floats
    found: Floats

    def chance(self, fall: float) -> float:
        """Chance of finding a fall, a share."""
        return float(np.interp(fall, self.falls, self.found))


@dataclass(frozen=True, kw_only=True)
class Lock:
    """``hash``: of the design as locked. ``on``: the day. ``by``: who. ``late``: days after the response began, or 0."""

    hash: str
    on: str
    by: tuple[str, ...]
    late: int = 0


@register
@dataclass(frozen=True, kw_only=True)
class Design(Figures):
    """The whole of a design; ``design.yaml`` holds nothing else.

    ``weight``: quick, standard or full. ``method``: '' where no method gives an honest p-value. ``pre`` and ``post``:
    months. ``left_out``: months set aside, each with its reason. ``comparison``: areas with their weights; ``ring``: areas
    around, neither treated nor compared; ``set_aside``: areas whose recording broke. ``months``, ``treated_course`` and
    ``compared_course``: what was counted month by month before, the comparison scaled to the treated areas' level.
    ``overruled``: why a person chose otherwise. ``randomised``: the hash of the draw that gave the areas, if one did."""

    type_name: ClassVar[str] = "design"

    asked: Asked
    force: str
    snapshot: str
    made_on: str
    weight: str
    method: str
    options: tuple[Option, ...]
    pre: tuple[str, ...]
    post: tuple[str, ...]
    left_out: tuple[tuple[str, Message], ...]
    comparison: tuple[tuple[str, float], ...]
    ring: tuple[str, ...]
    set_aside: tuple[str, ...]
    months: tuple[str, ...]
    treated_course: Floats
    compared_course: Floats
    likeness: tuple[Likeness, ...]
    power: Power | None
    placebos: int
    overruled: str = ""
    chosen: tuple[str, ...] = ()
    randomised: str = ""
    lock: Lock | None = None

    @property
    def provenance(self) -> Provenance:  # type: ignore[override]
        return Provenance(
            self.snapshot, f"design:{self.method or self.weight}", self.version, dict(self.parameters), self.seed
        )

    def hash(self) -> str:
        """Of all that a lock fixes, 64 hex digits."""
        content = {k: v for k, v in replace(self, lock=None).to_json().items() if k != "lock"}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def locked(self) -> bool:
        """Whether it is locked, and nothing has been changed since."""
        return self.lock is not None and self.lock.hash == self.hash()

    def said(self) -> Message:
        """What the design could show, in words: to be read before anybody commits to it."""
        p = self.power
        if p is None or not self.method:
            return msg("This design can't show whether the response worked.")
        n = len(self.post)
        if p.detectable is None:
            return msg_n(
                "Even a fall to nothing might not show in {n:count} month, with {e:count} expected without the response.",
                "Even a fall to nothing might not show in {n:count} months, with {e:count} expected without the response.",
                n=n, e=round(p.expected),
            )  # fmt: skip
        least = math.ceil(p.detectable * p.expected)
        if self.asked.hoped is None:
            return msg_n(
                "Could only show a fall of {least:count} or more ({share:percent}) from the {e:count} expected in "
                "{n:count} month without the response.",
                "Could only show a fall of {least:count} or more ({share:percent}) from the {e:count} expected in "
                "{n:count} months without the response.",
                n=n, least=least, share=p.detectable, e=round(p.expected),
            )  # fmt: skip
        return msg_n(
            "Could only show a fall of {least:count} or more ({share:percent}) in {n:count} month; you hope for "
            "{hoped:count}, which it would find with a chance of {chance:percent}.",
            "Could only show a fall of {least:count} or more ({share:percent}) in {n:count} months; you hope for "
            "{hoped:count}, which it would find with a chance of {chance:percent}.",
            n=n, least=least, share=p.detectable, hoped=round(self.asked.hoped * p.expected),
            chance=p.chance(self.asked.hoped),
        )  # fmt: skip

    def table(self) -> Table:
        """Treated areas and comparison month by month before."""
        columns = (
            Column("month", msg("Month")),
            Column("treated", msg("Treated areas"), None, True),
            Column("compared", msg("Comparison, scaled to the level of the treated areas"), None, True),
        )
        rows = zip(self.months, self.treated_course.tolist(), self.compared_course.tolist(), strict=True)
        return Table(columns, tuple(rows), msg("Before the response"))

    def comparison_table(self) -> Table:
        """The areas compared with, and what each weighs."""
        columns = (Column("area", msg("Area")), Column("weight", msg("Weight"), None, True))
        return Table(columns, self.comparison, msg("Comparison areas"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        return course_drawing(self.months, self.treated_course, self.compared_course, None, language)

    def explain(self, language: str = "en") -> str:
        lines = [self.said(), *(o.why for o in self.options if o.method == self.method)]
        lines += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in lines)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What was found in one set of areas. ``part``: ``local`` (treated), ``ring`` (around) or ``total`` (both). ``before``
    and ``after``: events (or harm) counted; ``expected``: after, without the response; ``plain``: the same without allowing
    for regression to the mean. ``ratio`` = after over expected, with its ``interval``; ``p_value`` two-sided. NaN where
    none is honest. ``prevented``: expected less counted, and between which numbers it lies."""

    part: str
    areas: int
    before: float
    after: float
    expected: float
    plain: float
    ratio: float
    interval: tuple[float, float]
    p_value: float
    prevented: float
    prevented_interval: tuple[float, float]

    @property
    def tested(self) -> bool:
        return math.isfinite(self.p_value)


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """``planned`` and ``delivered`` in ``unit``; both None where nobody said. ``least``: share below which the response
    counts as not tested."""

    planned: float | None = None
    delivered: float | None = None
    unit: str = ""
    least: float = 0.6

    @property
    def share(self) -> float | None:
        return None if not self.planned or self.delivered is None else self.delivered / self.planned


@register
@dataclass(frozen=True, kw_only=True)
class Evaluation(Figures):
    """What the response of a design did.

    ``interim``: whether months of the time after are still to come: figures, and no verdict. ``raw``: what was counted,
    before and after, in treated, ring and compared areas: (name, before, after). ``verdict``: '' where interim. ``rule``:
    why this verdict. ``resident`` and ``analyst``: one paragraph each. ``level``: Maryland scale, 1 … 5. ``deviations``:
    where the test departs from the locked design. ``harms`` and ``equality``: what was noted of side effects, and of whom
    it touched. ``economics``: the cost-benefit result's JSON."""

    type_name: ClassVar[str] = "evaluation"

    design: Design
    snapshot: str
    made_on: str
    interim: bool
    months: tuple[str, ...]
    raw: tuple[tuple[str, float, float], ...]
    effects: tuple[Effect, ...]
    fidelity: Fidelity
    verdict: str
    rule: Message
    resident: tuple[Message, ...]
    analyst: tuple[Message, ...]
    level: int
    deviations: tuple[Message, ...]
    course_months: tuple[str, ...]
    treated_course: Floats
    expected_course: Floats
    harms: str = ""
    equality: str = ""
    economics: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[Message, ...] = ()

    @property
    def provenance(self) -> Provenance:  # type: ignore[override]
        return Provenance(self.snapshot, "evaluation", self.version, dict(self.parameters), self.seed)

    def effect(self, part: str = "local") -> Effect | None:
        return next((e for e in self.effects if e.part == part), None)

    def table(self) -> Table:
        columns = (
            Column("part", msg("Where")),
            Column("areas", msg("Areas"), None, True),
            Column("before", msg("Before"), None, True),
            Column("after", msg("After"), None, True),
            Column("expected", msg("Expected"), None, True),
            Column("ratio", msg("Ratio"), None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("p", msg("p-value, two-sided"), None, True),
        )

        def known(x: float) -> float | None:
            return x if math.isfinite(x) else None

        rows = tuple(
            (e.part, e.areas, e.before, e.after, known(e.expected), known(e.ratio), known(e.interval[0]),
             known(e.interval[1]), known(e.p_value))
            for e in self.effects
        )  # fmt: skip
        return Table(columns, rows, msg("What was counted, and what was expected without the response"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        return course_drawing(
            self.course_months, self.treated_course, self.expected_course, self.design.asked.starts, language
        )

    def explain(self, language: str = "en") -> str:
        return " ".join(m.render(language) for m in self.analyst)
