"""Who holds a running task, and what becomes of one whose holder died.

A worker takes a lease with the task and renews it while it works. Nobody renews the lease of a killed worker, so it runs
out, and any living worker puts the task back; after :data:`ATTEMPTS` such ends the task has failed. A worker that was only
slow finds its lease gone, and what it reports then is not believed. Tasks are idempotent, so that a second attempt on top
of half of a first does no harm.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_tasks import TaskResultStatus as Status
from django_tasks_db.models import DBTaskResult

from forestall.web.work.models import Lease

log = logging.getLogger("forestall.work")

#: A task whose workers died this often is not tried again: it may be what killed them.
ATTEMPTS = 3


class AbandonedError(Exception):
    """Why a task has failed: its workers died, or lost their leases, :data:`ATTEMPTS` times."""


class LostError(Exception):
    """The lease is another's by now, or nobody's."""


def period() -> dt.timedelta:
    return dt.timedelta(seconds=settings.TASK_LEASE)


def take(result: DBTaskResult, worker: str) -> None:
    """The lease of a task that this worker has just claimed."""
    Lease.objects.update_or_create(task=result, defaults={"worker": worker, "until": timezone.now() + period()})


def renew(task_id: object, worker: str) -> bool:
    """Moves the end of a lease on; False where it is no longer this worker's."""
    return Lease.objects.filter(task_id=task_id, worker=worker).update(until=timezone.now() + period()) == 1


@contextmanager
def ending(result: DBTaskResult, worker: str) -> Iterator[None]:
    """Around writing how a task ended: gives the lease up in the same transaction; :class:`LostError` where it is lost."""
    with transaction.atomic():
        mine = Lease.objects.select_for_update().filter(task=result, worker=worker).first()
        if mine is None:
            raise LostError
        yield
        mine.delete()


def put_back(result: DBTaskResult) -> None:
    """To the queue again, not counted as an attempt: its worker was told to stop."""
    result.status, result.started_at, result.worker_ids = Status.READY, None, result.worker_ids[:-1]
    result.save(update_fields=["status", "started_at", "worker_ids"])


def reap() -> int:
    """Puts back, or fails, every running task whose lease has run out, or that got none; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        expired = Lease.objects.select_for_update(skip_locked=True).filter(until__lt=now)
        ids = {lease.pk for lease in expired}
        without = ~Exists(Lease.objects.filter(task=OuterRef("pk")))
        orphans = DBTaskResult.objects.running().filter(without, started_at__lt=now - period())
        left = DBTaskResult.objects.running().filter(pk__in=ids | set(orphans.values_list("pk", flat=True)))
        reaped = list(left.select_for_update(skip_locked=True))
        for result in reaped:
            _reap(result)
        Lease.objects.filter(pk__in=ids).delete()
    return len(reaped)


def _reap(result: DBTaskResult) -> None:
    times = len(result.worker_ids)
    if times >= ATTEMPTS:
        reason = AbandonedError(
            f"given up: {times} workers died at it, or gave no sign of life for {settings.TASK_LEASE} s"
        )
        log.error("task %s %s %s", result.task_path, result.pk, reason)
        result.set_failed(reason)
        return
    log.warning("task %s %s was left by its worker (attempt %d): back to the queue", result.task_path, result.pk, times)
    result.status, result.started_at = Status.READY, None
    result.save(update_fields=["status", "started_at"])
