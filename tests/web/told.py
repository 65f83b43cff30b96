"""Notices to look at: one of today that is not read, with a link, one that is long and has none, one that was read."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from forestall.text import msg, msg_n
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.signals.notices import CHANGED
from forestall.web.work.actions import post_notice
from forestall.web.work.models import Notice

LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch "


def tell(username: str) -> None:
    person = User.objects.get(username=username)
    changes = [msg_n("{n:count} new problem", "{n:count} new problems", 3)]
    for key, message, link in (
        ("read", msg("The records were scanned again: {changes:list}", changes=changes), "/"),
        ("long", msg("{text}", text=LONG * 3), ""),
        ("new", msg("The records were scanned again: {changes:list}", changes=changes), "/signals/0000000001/"),
    ):
        post_notice(person=person, kind=CHANGED, message=message, key=key, link=link, trail=Trail.operator())
    day = timezone.now() - dt.timedelta(days=2)
    Notice.objects.filter(person=person, key="read").update(read_at=timezone.now(), made_at=day)
