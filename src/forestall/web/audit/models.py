"""The log's tables: events, the seals over them, and which seals are anchored. Rows are added and read; the models refuse
anything else, and so does the database (:mod:`forestall.web.audit.guards`)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone


class Operation(models.TextChoices):
    """The six operations that the law on policing data asks to be logged, and access to the workplace itself."""

    COLLECTION = "collection"
    ALTERATION = "alteration"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"
    ACCESS = "access"


class AppendOnly(models.QuerySet):
    def update(self, **_: Any) -> NoReturn:
        raise TypeError("audit events are never changed")

    def delete(self) -> NoReturn:
        raise TypeError("audit events are never deleted")

    bulk_update = update


class Kept(models.Model):
    """A row that is written once."""

    objects = AppendOnly.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding or kwargs.get("force_update"):
            raise TypeError("audit events are never changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("audit events are never deleted")


class Event(Kept):
    """One act: who, when, what, on which record, from where, to whom, and why where the policy asks for it."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    operation = models.CharField(max_length=20, choices=Operation.choices)
    act = models.CharField(max_length=60)
    record = models.CharField(max_length=200, blank=True)
    #: To whom, of a disclosure.
    recipient = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)

    class Meta:
        ordering = ("id",)
        #: One for each question that the page of the log answers, newest first.
        indexes = (
            models.Index(fields=["at", "id"], name="audit_event_when"),
            models.Index(fields=["actor_name", "at", "id"], name="audit_event_who"),
            models.Index(fields=["act", "at", "id"], name="audit_event_what"),
            models.Index(fields=["operation", "at", "id"], name="audit_event_operation"),
            models.Index(fields=["record", "at", "id"], name="audit_event_record"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name or '-'} {self.act} {self.record}"


class Seal(Kept):
    """A seal over the events after the seal before it, up to ``last``. The number makes one of two sealers win."""

    number = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    count = models.IntegerField()
    at = models.DateTimeField()
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.number}: {self.first}-{self.last}"


class Anchor(Kept):
    """Says that a seal's line is in the file of anchors, on disk."""

    seal = models.OneToOneField(Seal, primary_key=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("seal",)

    def __str__(self) -> str:
        return str(self.seal_id)
