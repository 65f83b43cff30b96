"""What else happens when a plan closes: an app that has a part in it adds a function, called within its transaction."""

from __future__ import annotations

from collections.abc import Callable

from forestall.web.audit.trail import Trail
from forestall.web.plans.models import Plan

CLOSED: list[Callable[[Plan, Trail], object]] = []


def tell(plan: Plan, trail: Trail) -> None:
    """Tells whoever asked that a plan was closed just now."""
    for part in CLOSED:
        part(plan, trail)
