"""Every analysis that a person makes here, as the log knows it, with the permission that it needs.

The figures are worked out after the event is written and outside of its transaction, which would hold the database's one
write lock for seconds; :mod:`forestall.web.explore.selectors` checks the permission again.
"""

from __future__ import annotations

from forestall.analyse.bench import Analysis
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.explore import selectors
from forestall.web.people.permissions import Permission
from forestall.web.signals.pinned import Pinned


@action(Permission.EXPLORE)
def see_analysis(*, held: Pinned, analysis: Analysis, trail: Trail) -> Analysis:
    """An analysis to read, cut to the areas of a local role."""
    cut = selectors.permitted(trail.actor, held, analysis)
    trail.record(Operation.CONSULTATION, "see-analysis", _record(held), {"analysis": cut.query()})
    return cut


@action(Permission.EXPLORE)
def export_analysis(*, held: Pinned, analysis: Analysis, trail: Trail) -> Analysis:
    """An analysis's table to take away."""
    cut = selectors.permitted(trail.actor, held, analysis)
    trail.record(Operation.DISCLOSURE, "export-analysis", _record(held), {"analysis": cut.query()})
    return cut


def _record(held: Pinned) -> str:
    return f"snapshot:{held.scan.provenance.snapshot}"
