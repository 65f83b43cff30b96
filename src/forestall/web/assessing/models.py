"""Designs and evaluations of plans as JSON of :mod:`forestall.results.design`, and what people ruled on them."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.db import models
from django.utils import timezone

from forestall.results import Design, Evaluation

USER = settings.AUTH_USER_MODEL


class PlanDesign(models.Model):
    """A design; the newest is ``current``. ``hash``: of what a lock fixes. ``late``: days after the response began when it
    was locked. ``reason``: why it takes the place of one that was locked already."""

    plan = models.ForeignKey("plans.Plan", on_delete=models.CASCADE, related_name="designs")
    revision = models.PositiveIntegerField(default=1)
    current = models.BooleanField(default=True)
    content = models.JSONField()
    hash = models.CharField(max_length=64)
    snapshot = models.CharField(max_length=64)
    reason = models.CharField(max_length=1000, blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    late = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-revision",)
        constraints = (
            models.UniqueConstraint(fields=["plan", "revision"], name="a_design_is_made_once"),
            models.UniqueConstraint(fields=["plan"], condition=models.Q(current=True), name="one_design_is_current"),
        )

    def __str__(self) -> str:
        return f"{self.plan_id} {self.revision}"

    @cached_property
    def made(self) -> Design:
        return Design.from_json(self.content)


class PlanEvaluation(models.Model):
    """What a design found on one state of the records; the newest is ``current``. ``verdict``: '' while months are still to
    come (``interim``). ``by``: None where the nightly run made it."""

    plan = models.ForeignKey("plans.Plan", on_delete=models.CASCADE, related_name="evaluations")
    design = models.ForeignKey(PlanDesign, on_delete=models.CASCADE, related_name="evaluations")
    current = models.BooleanField(default=True)
    content = models.JSONField()
    hash = models.CharField(max_length=64)
    snapshot = models.CharField(max_length=64)
    interim = models.BooleanField()
    verdict = models.CharField(max_length=12, blank=True)
    by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=["plan"], condition=models.Q(current=True), name="one_evaluation_is_current"),
        )

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.verdict or 'interim'}"

    @cached_property
    def made(self) -> Evaluation:
        return Evaluation.from_json(self.content)


class Ruling(models.Model):
    """What people decided after a test: go on or not, or that it can't be evaluated at all, which takes somebody above the
    owner."""

    class Choice(models.TextChoices):
        CONTINUE = "continue"
        ADAPT = "adapt"
        STOP = "stop"
        SCALE = "scale"
        NOT_EVALUABLE = "not-evaluable"

    plan = models.ForeignKey("plans.Plan", on_delete=models.CASCADE, related_name="rulings")
    evaluation = models.ForeignKey(PlanEvaluation, null=True, blank=True, on_delete=models.CASCADE, related_name="rulings")
    choice = models.CharField(max_length=20, choices=Choice.choices)
    reason = models.CharField(max_length=1000)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.choice}"
