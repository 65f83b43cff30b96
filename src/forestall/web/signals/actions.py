"""Every reading of signals that the log must know of, with the permission that it needs."""

from __future__ import annotations

from forestall.results import Finding, Signal
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.signals import selectors
from forestall.web.signals.choice import Choice
from forestall.web.signals.pinned import Pinned


@action(Permission.SEE_SIGNALS)
def see_signals(*, held: Pinned, choice: Choice, trail: Trail) -> tuple[Signal, ...]:
    """The list, as a reader chose it."""
    trail.record(Operation.CONSULTATION, "see-signals", f"snapshot:{held.scan.provenance.snapshot}", choice.to_json())
    return selectors.chosen(selectors.visible(trail.actor, held), choice, held)


@action(Permission.SEE_SIGNALS)
def read_signal(*, held: Pinned, signal_id: str, trail: Trail) -> Signal:
    """One signal, to read."""
    signal = selectors.one(trail.actor, held, signal_id)
    trail.record(Operation.CONSULTATION, "read-signal", f"signal:{signal.id}", _snapshot(held))
    return signal


@action(Permission.SEE_SIGNALS)
def see_map(*, held: Pinned, level: str, trail: Trail) -> bytes:
    """The outlines of areas, gzipped GeoJSON. They are no record of anybody: no event is written."""
    del trail
    return held.packed[level]


@action(Permission.EXPORT_SIGNALS)
def export_signals(*, held: Pinned, choice: Choice, trail: Trail) -> tuple[Signal, ...]:
    """The list, to take away."""
    trail.record(Operation.DISCLOSURE, "export-signals", f"snapshot:{held.scan.provenance.snapshot}", choice.to_json())
    return selectors.chosen(selectors.visible(trail.actor, held), choice, held)


@action(Permission.EXPORT_SIGNALS)
def export_series(*, held: Pinned, signal_id: str, trail: Trail) -> Signal:
    """A signal's monthly counts, to take away."""
    signal = selectors.one(trail.actor, held, signal_id)
    trail.record(Operation.DISCLOSURE, "export-series", f"signal:{signal.id}", _snapshot(held))
    return signal


@action(Permission.SEE_SIGNALS)
def read_profile(*, held: Pinned, signal_id: str, trail: Trail) -> Signal:
    """One signal, to read its profile. It is worked out after the event is written and outside of its transaction."""
    signal = selectors.one(trail.actor, held, signal_id)
    trail.record(Operation.CONSULTATION, "read-profile", f"signal:{signal.id}", _snapshot(held))
    return signal


@action(Permission.EXPORT_SIGNALS)
def export_profile(*, held: Pinned, signal_id: str, table: str, trail: Trail) -> Signal:
    """A table of a signal's profile, to take away."""
    signal = selectors.one(trail.actor, held, signal_id)
    trail.record(Operation.DISCLOSURE, "export-profile", f"signal:{signal.id}", {**_snapshot(held), "table": table})
    return signal


@action(Permission.SEE_EVENTS)
def see_events(*, held: Pinned, trail: Trail) -> tuple[Finding, ...]:
    """The suspected recording events."""
    trail.record(Operation.CONSULTATION, "see-events", f"snapshot:{held.scan.provenance.snapshot}")
    return selectors.events(trail.actor, held)


@action(Permission.EXPORT_SIGNALS)
def export_events(*, held: Pinned, trail: Trail) -> tuple[Finding, ...]:
    """The suspected recording events, to take away."""
    trail.record(Operation.DISCLOSURE, "export-events", f"snapshot:{held.scan.provenance.snapshot}")
    return selectors.events(trail.actor, held)


@action(Permission.SEE_SUMMARY)
def see_summary(*, held: Pinned, trail: Trail) -> tuple[int, dict[tuple[str, str], int]]:
    """How many problems there are, by theme and local authority."""
    trail.record(Operation.CONSULTATION, "see-summary", f"snapshot:{held.scan.provenance.snapshot}")
    return selectors.summary(trail.actor, held)


def _snapshot(held: Pinned) -> dict[str, str]:
    return {"snapshot": held.scan.provenance.snapshot}
