"""A task that a test kills half-way: it tells a person of two things and waits between them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django_tasks import task

from forestall.text import msg
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.work.actions import post_notice
from forestall.web.work.kinds import kind

TOLD = kind("test-told", msg("Something was told"))


@task()
def tell_twice(username: str, folder: str) -> dict[str, int]:
    """Marks its beginning with a file named by its process, and goes on when the file ``go`` is there."""
    person, where = User.objects.get(username=username), Path(folder)
    post_notice(person=person, kind=TOLD, message=msg("First"), key="first", trail=Trail(None, "worker"))
    (where / f"begun-{os.getpid()}").touch()
    while not (where / "go").exists():
        time.sleep(0.05)
    post_notice(person=person, kind=TOLD, message=msg("Second"), key="second", trail=Trail(None, "worker"))
    return {"told": 2}
