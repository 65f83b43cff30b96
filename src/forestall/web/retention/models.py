"""Decisions on what is kept, and requests for what is held about a person with every disclosure that answered them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Review(models.Model):
    """A decision on one record at one review. ``done_at`` is empty while an erasure or redaction waits to be carried out;
    ``trace`` is what stays of it: never content. ``failed``: why the last try did not do it."""

    class Decision(models.TextChoices):
        KEEP = "keep"
        ERASE = "erase"
        REDACT = "redact"

    record = models.CharField(max_length=120)
    kind = models.CharField(max_length=60)
    group = models.CharField(max_length=40)
    due = models.DateField()
    decision = models.CharField(max_length=10, choices=Decision.choices)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(max_length=2000)
    next_due = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    trace = models.JSONField(default=dict, blank=True)
    failed = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.UniqueConstraint(fields=["record", "due"], name="a_review_is_decided_once"),)
        indexes = (models.Index(fields=["next_due"], name="retention_next"),)

    def __str__(self) -> str:
        return f"{self.record}: {self.decision} on {self.at:%Y-%m-%d}"


class Request(models.Model):
    """Somebody asks what is held about a person. The person is an account, or known by the keyed hash alone: what the asker
    said to find it is never kept."""

    class Kind(models.TextChoices):
        SUBJECT_ACCESS = "subject-access"
        DISCLOSURE = "disclosure"

    class Decision(models.TextChoices):
        FULL = "full"
        PART = "part"
        REFUSED = "refused"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    asked_by = models.CharField(max_length=200)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    person_hash = models.CharField(max_length=32, blank=True)
    purpose = models.TextField(max_length=2000, blank=True)
    received_on = models.DateField()
    due_on = models.DateField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    redactions = models.TextField(max_length=5000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due_on", "id")

    def __str__(self) -> str:
        return f"request {self.pk}"


class Disclosure(models.Model):
    """What went out: when, to whom, and a hash of the very file, never its content."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="disclosures")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recipient = models.CharField(max_length=200)
    form = models.CharField(max_length=10)
    snapshot = models.CharField(max_length=20, blank=True)
    rows = models.IntegerField()
    withheld = models.JSONField(default=list, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.request_id} {self.form} {self.at:%Y-%m-%d}"
