"""A reader's own notices, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forestall.web.people.models import User
from forestall.web.work.models import Notice

#: How many the page shows; older ones are read ones, and go.
SHOWN = 100


def notices(user: User | None) -> Sequence[Notice]:
    """The latest notices of a reader; none for a visitor."""
    return list(Notice.objects.filter(person=user)[:SHOWN]) if user else []


def unread(user: Any) -> int:
    """How many notices a reader has not read: one query, over an index of the unread ones alone."""
    return Notice.objects.filter(person=user, read_at=None).count() if user and user.is_authenticated else 0
