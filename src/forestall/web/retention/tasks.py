"""The background's part: idempotent, so that a worker may die in the middle of it."""

from __future__ import annotations

from django_tasks import task

from forestall.web.audit.trail import Trail


@task()
def carry_out() -> dict[str, int]:
    """Carries out every erasure that was decided and waits."""
    from forestall.web.retention import work

    return {"done": len(work.carry_out(trail=Trail(None, "worker")))}


def at_night(trail: Trail) -> int:
    """The same as a step of the nightly run, for what no worker came to."""
    from forestall.web.retention import work

    return len(work.carry_out(trail=trail))
