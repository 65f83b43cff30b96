"""Every night: each plan with a locked design is evaluated again where the records have moved on."""

from __future__ import annotations

import logging

from forestall.errors import ForestallError
from forestall.web.assessing import actions, selectors, working
from forestall.web.audit.trail import Trail
from forestall.web.plans.rules import RefusedError
from forestall.web.signals.pinned import pinned

log = logging.getLogger("forestall.assessing")


def reassess(trail: Trail) -> int:
    """Returns how many plans were evaluated. Each is kept in a transaction of its own; one that can't be evaluated yet,
    or was changed meanwhile, is left for the next night and stops no other."""
    held = pinned()
    if held is None:
        return 0
    n = 0
    for design in selectors.waiting(working.snapshot()):
        if design.made.asked.starts > held.until[:7]:
            continue
        try:
            made = working.evaluated(design.plan, design, held, selectors.evaluation(design.plan))
            actions.reassess_design(plan=design.plan, made=made, trail=trail)
            n += 1
        except (ForestallError, RefusedError) as error:
            log.info("plan %s is not evaluated: %s", design.plan.key, error)
    return n
