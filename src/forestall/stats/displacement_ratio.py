"""Displacement quotient: how did the change in the ring compare with the gain inside it?

Bowers and Johnson, *Measuring the geographical displacement and diffusion of benefit effects of crime prevention activity*,
Journal of Quantitative Criminology 19 (2003) 275-301. It describes and does not test: it has no standard error, and it is
only to be read where the treated area did better than the comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._unfit import Unfit
from forestall.stats.rates import SCHEMA, check_counts
from forestall.text import Message, msg


@register
@dataclass(frozen=True, kw_only=True)
class DisplacementQuotient(Figures):
    """``estimate``: ``ring`` over ``success``, the changes of the ring's and the treated area's counts as shares of the
    comparison's; NaN where ``success`` is not negative. ``standard_error``, ``interval`` and ``p_value`` are NaN: the
    quotient has none. Counts are (before, after)."""

    type_name: ClassVar[str] = "displacement-quotient"

    estimate: float
    standard_error: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    p_value: float = math.nan
    level: float = math.nan
    ring: float
    success: float
    treated: tuple[float, float]
    control: tuple[float, float]
    displacement: tuple[float, float]

    def table(self) -> Table:
        columns = (
            Column("area", msg("Area")),
            Column("before", msg("Before"), None, True),
            Column("after", msg("After"), None, True),
            Column("share_before", msg("Over the comparison, before"), None, True),
            Column("share_after", msg("Over the comparison, after"), None, True),
            Column("change", msg("Change"), None, True),
        )
        c0, c1 = self.control
        rows: list[tuple[Any, ...]] = [
            (name, b, a, b / c0, a / c1, a / c1 - b / c0)
            for name, (b, a) in ((msg("Treated area"), self.treated), (msg("Ring around it"), self.displacement))
        ]
        rows.append((msg("Its comparison"), c0, c1, 1.0, 1.0, 0.0))
        caption = (
            msg("The quotient can't be read here")
            if math.isnan(self.estimate)
            else msg("Displacement quotient {q:ratio}", q=self.estimate)
        )
        return Table(columns, tuple(rows), caption)

    def chart(self, language: str = "en") -> dict[str, Any]:
        rows = [
            {"area": name.render(language), "change": v}
            for name, v in ((msg("Treated area"), self.success), (msg("Ring around it"), self.ring))
        ]
        title = msg("Change of the share of the comparison's count").render(language)
        return {
            "$schema": SCHEMA,
            "width": 320,
            "height": {"step": 34},
            "data": {"values": rows},
            "mark": {"type": "bar", "style": "observed", "height": 14},
            "encoding": {
                "y": {"field": "area", "type": "nominal", "sort": None, "title": None},
                "x": {"field": "change", "type": "quantitative", "title": title},
            },
        }

    def explain(self, language: str = "en") -> str:
        no_test = msg(
            "The quotient has no standard error, so it can't say whether chance alone would make it, and small counts "
            "swing it widely: the weighted displacement difference can."
        )
        return f"{self.reading().render(language)} {no_test.render(language)}"

    def reading(self) -> Message:
        """What the quotient says, by the bands of Bowers and Johnson."""
        q = self.estimate
        if math.isnan(q):
            return msg(
                "The treated area did no better than its comparison, so there is no gain that could have moved or spread, "
                "and no quotient."
            )
        if q > 1:
            return msg("The quotient is {q:ratio}: the ring gained, and by more than the treated area did.", q=q)
        if q > 0:
            return msg("The quotient is {q:ratio}: the ring gained too, by less than the treated area did.", q=q)
        if q == 0:
            return msg("The quotient is 0: the ring did neither better nor worse than the comparison.")
        if q > -1:
            return msg("The quotient is {q:ratio}: some of the gain was lost in the ring, and less than was won.", q=q)
        return msg("The quotient is {q:ratio}: the ring lost as much as the treated area won, or more.", q=q)


def displacement_quotient(
    treated: npt.ArrayLike, control: npt.ArrayLike, displacement: npt.ArrayLike
) -> DisplacementQuotient:
    """(D₁/C₁ - D₀/C₀) over (T₁/C₁ - T₀/C₀), of (before, after) counts of the ring, the comparison and the treated area.

    Above 0 the benefit spread, and above 1 by more than the direct effect; below 0 crime moved, and below -1 more than was
    won. Raises ``ValueError`` for counts that are negative, missing or of another shape, or a comparison without events.
    """
    given = {"treated": treated, "control": control, "displacement": displacement}
    arrays = {name: np.asarray(values, float) for name, values in given.items()}
    for name, x in arrays.items():
        if x.shape != (2,):
            raise ValueError(f"{name} must be two counts, before and after, not of shape {x.shape}")
        check_counts(name, x)
    t, c, d = arrays["treated"], arrays["control"], arrays["displacement"]
    if (c == 0).any():
        raise Unfit(msg("The comparison has no events before, or none after, so no share of it can be taken."))
    success, ring = float(t[1] / c[1] - t[0] / c[0]), float(d[1] / c[1] - d[0] / c[0])
    won = success < 0
    return DisplacementQuotient(
        estimate=ring / success if won else math.nan,
        ring=ring,
        success=success,
        treated=(float(t[0]), float(t[1])),
        control=(float(c[0]), float(c[1])),
        displacement=(float(d[0]), float(d[1])),
        parameters={"formula": "Bowers and Johnson 2003"},
        checks=(
            Check(
                "success",
                won,
                msg("The treated area did better than its comparison.")
                if won
                else msg("The treated area did no better than its comparison."),
            ),
        ),
    )
