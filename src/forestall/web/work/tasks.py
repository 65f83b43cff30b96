"""The tasks. Each is idempotent: a worker may die in the middle of any, and another begins it anew."""

from __future__ import annotations

import datetime as dt
import smtplib
from typing import Any

from django.utils import timezone
from django_tasks import task

from forestall.errors import ForestallError
from forestall.text import msg
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.work import actions, letter, reminders
from forestall.web.work import nightly as night
from forestall.web.work.kinds import kind
from forestall.web.work.models import Notice

FAILED = kind("nightly-failed", msg("The nightly run did not finish"))
WHY = msg(
    "The nightly run did not finish. The worker's log says why; it is tried again tomorrow, or now with forestall nightly."
)
#: How long an e-mail waits after each try that the mail server did not take.
WAITS = tuple(dt.timedelta(minutes=m) for m in (1, 5, 25, 120, 600))


def trail() -> Trail:
    """The worker's own trail."""
    return Trail(None, "worker")


@task()
def nightly() -> dict[str, Any]:
    """The nightly run; see :mod:`forestall.web.work.nightly`. Where it fails, those who look after the workplace
    are told."""
    try:
        return night.run(trail=trail())
    except ForestallError:
        for person in User.objects.filter(is_active=True, roles__role="administrator").distinct():
            key = f"nightly-failed:{timezone.localdate()}"
            actions.post_notice(person=person, kind=FAILED, message=WHY, key=key, trail=trail())
        raise


@task()
def remind() -> dict[str, int]:
    """Posts every reminder that is due and was not posted yet."""
    posted = sum(actions.post_notice(**r.arguments(), trail=trail()) is not None for r in reminders.due(timezone.now()))
    return {"posted": posted}


@task()
def mail_notice(notice_id: int, attempt: int = 1) -> dict[str, int]:
    """Sends the e-mail of a notice, unless it was sent, or read, before. Where the mail server can't be reached or does not
    take it now, it is tried again after :data:`WAITS`."""
    notice = Notice.objects.select_related("person").filter(pk=notice_id, mailed_at=None, read_at=None).first()
    if notice is None or not notice.person.email or not notice.person.is_active:
        return {"sent": 0}
    try:
        letter.write(notice).send()
    except (OSError, smtplib.SMTPException) as error:
        if letter.refused_for_good(error) or attempt > len(WAITS):
            raise
        mail_notice.using(run_after=timezone.now() + WAITS[attempt - 1]).enqueue(notice_id, attempt + 1)
        return {"sent": 0, "attempt": attempt}
    actions.mark_mailed(notice=notice, trail=trail())
    return {"sent": 1}
