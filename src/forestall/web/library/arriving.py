"""Results arrive by themselves: what the library does when a plan closes, within the closing's own transaction."""

from __future__ import annotations

from forestall.web.audit.trail import Trail
from forestall.web.library import actions
from forestall.web.plans.models import Plan


def on_closure(plan: Plan, trail: Trail) -> None:
    actions.file_local_result(key=plan.key, trail=trail)
