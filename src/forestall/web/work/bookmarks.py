"""Doing once what is tried many times: a bookmark moves on in the transaction of the effect, so that either both stand or
neither does."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from forestall.web.work.models import Bookmark


def at(name: str) -> str:
    """Where a bookmark lies; '' where it was never set."""
    return Bookmark.objects.filter(name=name).values_list("value", flat=True).first() or ""


def move(name: str, value: str) -> bool:
    """Moves a bookmark to ``value``, in the caller's transaction; False where it lies there already, whoever moved it."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a bookmark moves in the transaction of what it marks")
    Bookmark.objects.get_or_create(name=name, defaults={"value": ""})
    return Bookmark.objects.filter(name=name).exclude(value=value).update(value=value, at=timezone.now()) == 1
