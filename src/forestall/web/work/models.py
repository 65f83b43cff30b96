"""What the background work keeps: who holds a running task, how far repeated work has come, and what people are told."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forestall.text import Message


class Lease(models.Model):
    """A running task's holder. A living holder moves ``until`` on; when it has passed, the task is another's to take."""

    task = models.OneToOneField(DBTaskResult, primary_key=True, on_delete=models.CASCADE, related_name="lease")
    worker = models.CharField(max_length=64)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.task_id} held by {self.worker} until {self.until:%H:%M:%S}"


class Bookmark(models.Model):
    """How far work that repeats has come: the last night that was begun, the last scan that was told of. It moves on in the
    transaction of the work's effects, so that whoever repeats the work finds it done."""

    name = models.CharField(max_length=100, unique=True)
    value = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Notice(models.Model):
    """One thing that a person is told. ``key`` names the occasion: a person is told of one occasion once, however often the
    work that tells is repeated.

    ``message``: a stored :class:`~forestall.text.Message`, read in the reader's language. ``link``: a path of this
    workplace. ``reference``: what an e-mail may quote (a plan's number), never a name or a place.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    message = models.JSONField()
    link = models.CharField(max_length=300, blank=True)
    reference = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=200)
    made_at = models.DateTimeField(default=timezone.now, db_index=True)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["person", "key"], name="a_person_is_told_once"),)
        indexes = (
            models.Index(fields=["person", "-id"], name="notices_of_a_person"),
            models.Index(fields=["person"], name="unread_notices", condition=models.Q(read_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id}: {self.key}"

    @property
    def text(self) -> Message:
        return Message.from_json(self.message)
