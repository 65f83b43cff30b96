"""What is begun once a day, by whichever worker comes first after the set hour."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forestall.web.work import bookmarks, tasks

#: Bookmark -> task, in the order in which they are queued.
DAILY = {"daily:nightly": tasks.nightly, "daily:remind": tasks.remind}


def night(now: dt.datetime) -> dt.date:
    """The day whose run is due at ``now``: today's from the set hour on, until then yesterday's."""
    return (timezone.localtime(now) - dt.timedelta(hours=settings.NIGHTLY_HOUR)).date()


def begin_due(now: dt.datetime | None = None) -> int:
    """Queues what is due and was not queued yet; returns how many tasks that was. Several workers may try at once."""
    day = night(now or timezone.now()).isoformat()
    begun = 0
    for name, task in DAILY.items():
        if bookmarks.at(name) >= day:
            continue
        with transaction.atomic():
            if bookmarks.move(name, day):
                task.enqueue()
                begun += 1
    return begun


def prune(now: dt.datetime | None = None) -> int:
    """Removes the traces of tasks that ended a week ago; returns how many."""
    before = (now or timezone.now()) - dt.timedelta(days=7)
    return DBTaskResult.objects.finished().filter(finished_at__lt=before).delete()[0]
