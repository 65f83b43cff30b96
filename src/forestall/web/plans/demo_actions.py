"""The demo's plans, made once for a store by the machine's own operator."""

from __future__ import annotations

from forestall.web.actions import OPERATOR, action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.plans import demo
from forestall.web.plans.models import Plan
from forestall.web.signals.pinned import pinned


@action(OPERATOR)
def make_demo_plans(*, trail: Trail) -> int:
    """Makes the plans with which the demo opens, all or none, where there is no plan yet and the scan is of made-up
    records; returns how many."""
    scan = pinned()
    if scan is None or not scan.synthetic or Plan.objects.exists():
        return 0
    n = demo.make(scan, trail)
    trail.record(Operation.COLLECTION, "make-demo-plans", detail={"plans": n})
    return n
