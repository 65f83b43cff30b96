"""What a standard or full plan needs before it closes: an evaluation, or somebody's reasoned word that none can be had."""

from __future__ import annotations

from forestall.text import Message, msg
from forestall.web.assessing.models import PlanEvaluation, Ruling
from forestall.web.plans import gates

MISSING = msg(
    "Assessment: an evaluation with a verdict, or the reasoned word of somebody above the owner that it can't be evaluated"
)


@gates.check
def evaluated(sheet: gates.Sheet) -> list[Message]:
    """Quick plans close as ever, by their own words."""
    if sheet.plan.weight == "quick":
        return []
    if PlanEvaluation.objects.filter(plan=sheet.plan, current=True, interim=False).exists():
        return []
    if Ruling.objects.filter(plan=sheet.plan, choice=Ruling.Choice.NOT_EVALUABLE).exists():
        return []
    return [MISSING]
