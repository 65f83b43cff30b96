"""The audit log's table. Rows are added and read; the model refuses anything else."""

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


class Event(models.Model):
    """One act: who, when, what, on which record, from where."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    operation = models.CharField(max_length=20, choices=Operation.choices)
    act = models.CharField(max_length=60)
    record = models.CharField(max_length=200, blank=True, db_index=True)
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name or '-'} {self.act} {self.record}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("audit events are never changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("audit events are never deleted")
