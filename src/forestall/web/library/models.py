"""What plans here found, one row for a plan and a practice, and what peers said of each.

National evidence is catalogue data and stands in no table; trials in progress are the open plans' own responses.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from forestall.web.plans.models import new_key

USER = settings.AUTH_USER_MODEL


class Verdict(models.TextChoices):
    WORKED = "worked"
    NO_EVIDENCE = "no-evidence"
    CANT_TELL = "cant-tell"
    NOT_TESTED = "not-tested"
    BACKFIRED = "backfired"


class LocalResult(models.Model):
    """What one closed plan found of one practice.

    ``practice``: '' where the responses were trials without one. ``together``: the plan's other practices, which no figure
    can be told apart from. ``said``: the plan's own answer to whether it worked. ``estimate``, ``low``, ``high``: of the
    effect, in ``unit``; None where nothing was estimated. ``method``: ``own-words`` without an evaluation. ``maryland``: 1
    to 5. ``fidelity``: delivered of planned, 1 is all. ``cost``: pounds; ``band``: where it lies. ``evaluation``: hash of
    the evaluation's JSON. ``lessons_open``: a peer saw that they name nobody and no place. ``review``: how peers see it.
    """

    class Review(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        ASKED_BACK = "asked-back"

    key = models.CharField(max_length=8, unique=True, default=new_key, editable=False)
    plan = models.ForeignKey("plans.Plan", on_delete=models.CASCADE, related_name="local_results")
    practice = models.CharField(max_length=60, blank=True)
    together = models.JSONField(default=list, blank=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    said = models.CharField(max_length=20, blank=True)
    estimate = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    p_value = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    method = models.CharField(max_length=60, default="own-words")
    maryland = models.PositiveSmallIntegerField(null=True, blank=True)
    fidelity = models.FloatField(null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    band = models.CharField(max_length=20, default="unknown")
    lessons = models.TextField(blank=True)
    mechanism = models.TextField(blank=True)
    category = models.CharField(max_length=60, blank=True)
    place = models.CharField(max_length=40, blank=True)
    side = models.CharField(max_length=20, blank=True)
    technique = models.CharField(max_length=40, blank=True)
    tiers = models.JSONField(default=dict, blank=True)
    driver = models.CharField(max_length=40, blank=True)
    closed_at = models.DateTimeField()
    evaluation = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(default=1)
    lessons_open = models.BooleanField(default=False)
    review = models.CharField(max_length=12, choices=Review.choices, default=Review.WAITING)
    filed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-closed_at", "-id")
        constraints = (models.UniqueConstraint(fields=["plan", "practice"], name="a_plan_has_one_result_a_practice"),)
        indexes = (
            models.Index(fields=["practice", "verdict"], name="results_of_a_practice"),
            models.Index(fields=["category", "-closed_at"], name="results_of_a_category"),
            models.Index(fields=["review", "filed_at"], name="results_to_review"),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.practice or 'trial'}: {self.verdict}"

    @property
    def record(self) -> str:
        """How the log names it."""
        return f"local-result:{self.key}"


class PeerReview(models.Model):
    """What a peer said of a result, and what its owners answered by mending it. ``revision``: of the result then."""

    class Decision(models.TextChoices):
        ACCEPTED = "accepted"
        ASKED_BACK = "asked-back"
        MENDED = "mended"

    result = models.ForeignKey(LocalResult, on_delete=models.CASCADE, related_name="reviews")
    revision = models.PositiveIntegerField()
    decision = models.CharField(max_length=12, choices=Decision.choices)
    note = models.TextField(blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.result_id}: {self.decision}"
