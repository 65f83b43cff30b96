"""What the library is told of a plan when it closes: its evaluation's figures."""

from __future__ import annotations

import math

from forestall.web.assessing import selectors
from forestall.web.library.found import Found
from forestall.web.plans.models import Plan


def found(plan: Plan) -> Found | None:
    """None where there is no evaluation with a verdict: then the plan's own words stand. The effect is counted over
    expected."""
    kept = selectors.evaluation(plan)
    if kept is None or kept.interim:
        return None
    made, effect = kept.made, kept.made.effect()
    tested = effect is not None and effect.tested
    return Found(
        verdict=made.verdict,
        estimate=effect.ratio if tested else None,
        interval=effect.interval if tested else None,
        p_value=effect.p_value if tested else None,
        unit="ratio" if tested else "",
        method=made.design.method or "days-between",
        maryland=made.level,
        fidelity=share if (share := made.fidelity.share) is not None and math.isfinite(share) else None,
        evaluation=kept.hash,
    )
