"""What the library suggests to somebody who plans a response."""

from __future__ import annotations

from typing import Any

from forestall.catalogue.practices import practices
from forestall.web.library import present, suggesting
from forestall.web.plans.desk import Desk


def of(desk: Desk) -> dict[str, Any]:
    """``suggested``: the suggestion for the plan as its analysis stands; None where the library holds no practice."""
    problem = suggesting.of_plan(desk.plan, desk.hypotheses, desk.responses)
    return {"suggested": suggesting.of(desk.user, problem) if practices() else None, "library_words": present}
