"""Plans and what hangs on them: answers, hypotheses, responses, tasks, the organisations on them, and every move.

What may change and by whom stands in the catalogue (``plan/moves.yaml``); these tables only keep it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import Message

#: Letters of a plan's key: none that is taken for another when it is read aloud.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
#: How long after an urgent start the design must be settled.
DESIGN_DAYS = 14
USER = settings.AUTH_USER_MODEL


def new_key() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(8))


class Weight(models.TextChoices):
    QUICK = "quick"
    STANDARD = "standard"
    FULL = "full"


class Marking(models.TextChoices):
    """Protective markings that the workplace takes; nothing higher is accepted."""

    OFFICIAL = "OFFICIAL"
    SENSITIVE = "OFFICIAL-SENSITIVE"

    @classmethod
    def highest(cls, plans: Iterable[Plan]) -> Marking:
        """What a page that names these plans is marked."""
        return cls.SENSITIVE if any(p.marking != cls.OFFICIAL for p in plans) else cls.OFFICIAL


class Origin(models.TextChoices):
    SIGNAL = "signal"
    MAP = "map"
    OCCURRENCES = "occurrences"
    COMPLAINT = "complaint"
    TASKING = "tasking"
    SURVEY = "survey"
    OTHER = "other"


class Plan(models.Model):
    """A problem and what is done about it.

    ``key``: its reference, in addresses and in talk. ``state``: a slug of ``plan/moves.yaml``. ``seed``: what it began with
    (JSON of :class:`forestall.web.plans.seed.Seed`). ``level``: of the National Intelligence Model. ``fixed_at``: when the
    outcome was settled. ``urgent_at``: when it was begun before its design. ``quality``: the share of the rubric's
    criteria that it meets, in per cent, as last worked out.
    """

    key = models.CharField(max_length=8, unique=True, default=new_key, editable=False)
    title = models.CharField(max_length=200)
    weight = models.CharField(max_length=10, choices=Weight.choices, default=Weight.STANDARD)
    state = models.CharField(max_length=20, default="draft")
    marking = models.CharField(max_length=20, choices=Marking.choices, default=Marking.OFFICIAL)
    caveats = models.JSONField(default=list, blank=True)
    purpose = models.CharField(max_length=40, default="prevent")
    organisation = models.ForeignKey("people.Organisation", on_delete=models.PROTECT, related_name="plans")
    owner = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="plans_owned")
    deputy = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="plans_deputised")
    supervisor = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="plans_supervised")
    owner_left_at = models.DateTimeField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(default=1)
    origin = models.CharField(max_length=20, choices=Origin.choices, default=Origin.OTHER)
    seed = models.JSONField(default=dict)
    signal = models.CharField(max_length=20, blank=True, db_index=True)
    category = models.CharField(max_length=60, blank=True)
    about_people = models.BooleanField(default=False)
    words = models.TextField(blank=True)
    made_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    state_since = models.DateTimeField(default=timezone.now)
    fixed_at = models.DateTimeField(null=True, blank=True)
    urgent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    joined_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="joined_from")
    quality = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("-changed_at", "-id")
        indexes = (
            models.Index(fields=["organisation", "state", "-changed_at"], name="plans_of_a_force"),
            models.Index(fields=["owner", "state"], name="plans_of_an_owner"),
            models.Index(fields=["category", "state"], name="plans_of_a_category"),
            models.Index(fields=["-published_at"], name="plans_published"),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def record(self) -> str:
        """How the log names it."""
        return f"plan:{self.key}"

    @property
    def standing(self) -> catalogue.State:
        return catalogue.states()[self.state]

    @property
    def open(self) -> bool:
        return self.standing.open

    @property
    def design_due(self) -> dt.date | None:
        """When the design of an urgent response must be settled; None where the response was not urgent."""
        return timezone.localdate(self.urgent_at) + dt.timedelta(days=DESIGN_DAYS) if self.urgent_at else None

    def design_late(self, today: dt.date | None = None) -> bool:
        """Whether the design of an urgent response is, or was settled, late."""
        due = self.design_due
        settled = timezone.localdate(self.fixed_at) if self.fixed_at else today or timezone.localdate()
        return due is not None and settled > due


class PlanArea(models.Model):
    """An area that the plan is about, or one that holds such an area: so that reads are cut to areas in SQL.

    ``own``: the plan names it itself; False for its wards, authorities and forces above.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="areas")
    code = models.CharField(max_length=20, db_index=True)
    own = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["plan", "code"], name="an_area_is_named_once_in_a_plan"),)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.code}"


class Occurrence(models.Model):
    """A record that the plan rests on, by its occurrence number: for force users alone."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="occurrences")
    ref = models.CharField(max_length=60, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["plan", "ref"], name="an_occurrence_is_named_once_in_a_plan"),)

    def __str__(self) -> str:
        return self.ref


class Answer(models.Model):
    """One answer in one of its states; the newest is ``current``. Earlier ones stay, so that nobody overwrites a colleague.

    ``source``: a message that says where a filled-in answer comes from; None where a person wrote it. ``reason``: why one
    that was settled was changed all the same.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="answers")
    question = models.CharField(max_length=40)
    revision = models.PositiveIntegerField(default=1)
    current = models.BooleanField(default=True)
    value = models.JSONField()
    source = models.JSONField(null=True, blank=True)
    shared = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["plan", "question", "revision"], name="a_revision_is_made_once"),
            models.UniqueConstraint(
                fields=["plan", "question"], condition=models.Q(current=True), name="one_answer_is_current"
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan_id} {self.question} {self.revision}"

    @property
    def cites(self) -> Message | None:
        return Message.from_json(self.source) if self.source else None


class Draft(models.Model):
    """What a person has typed and not yet saved; ``base`` is the revision that they saw when they began."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="drafts")
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="drafts")
    question = models.CharField(max_length=40)
    value = models.JSONField()
    base = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "plan", "question"], name="one_draft_a_person"),)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.question}"


class Hypothesis(models.Model):
    """An idea why the problem goes on, with what speaks for and against it. ``rule``: the catalogue's, where it came from
    the records. ``standing``: open, kept or dropped."""

    class Standing(models.TextChoices):
        OPEN = "open"
        KEPT = "kept"
        DROPPED = "dropped"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="hypotheses")
    text = models.TextField()
    side = models.CharField(max_length=20, blank=True)
    supports = models.TextField(blank=True)
    contradicts = models.TextField(blank=True)
    test = models.TextField(blank=True)
    horizon = models.CharField(max_length=10, blank=True)
    rule = models.CharField(max_length=40, blank=True)
    source = models.JSONField(null=True, blank=True)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.OPEN)
    revision = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "hypotheses"

    def __str__(self) -> str:
        return self.text[:60]


class Response(models.Model):
    """Something that will be done about the problem.

    ``tiers``: scheme -> tier, in both schemes. ``dose`` and ``dose_unit``: how much is planned; ``delivered`` how much was.
    ``practice``: the library's entry that it rests on; '' where it is marked a trial.
    """

    class Standing(models.TextChoices):
        PLANNED = "planned"
        UNDER_WAY = "under-way"
        DONE = "done"
        STOPPED = "stopped"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="responses")
    action = models.TextField()
    mechanism = models.TextField(blank=True)
    side = models.CharField(max_length=20, blank=True)
    technique = models.CharField(max_length=40, blank=True)
    tiers = models.JSONField(default=dict, blank=True)
    driver = models.CharField(max_length=40, blank=True)
    dose = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    dose_unit = models.CharField(max_length=60, blank=True)
    delivered = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    side_effect = models.TextField(blank=True)
    owner = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="responses")
    organisation = models.ForeignKey("people.Organisation", null=True, on_delete=models.PROTECT, related_name="responses")
    due = models.DateField(null=True, blank=True)
    practice = models.CharField(max_length=60, blank=True)
    trial = models.BooleanField(default=False)
    shared = models.BooleanField(default=True)
    standing = models.CharField(max_length=12, choices=Standing.choices, default=Standing.PLANNED)
    revision = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.action[:60]


class Earlier(models.Model):
    """What an idea or a response said before it was changed. ``number``: the row's id. ``revision``, ``by`` and ``at``:
    which state of it this was, who had written it and when. ``fields``: as a form holds them, all text; ``changed``: the
    names of those that say something else since, by ``changed_by`` at ``changed_at``."""

    class Kind(models.TextChoices):
        IDEA = "idea"
        RESPONSE = "response"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="earlier")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.PositiveBigIntegerField()
    revision = models.PositiveIntegerField()
    fields = models.JSONField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    changed = models.JSONField(default=list)
    changed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["plan", "kind", "number", "revision"], name="an_earlier_state_is_kept_once"),
        )

    def __str__(self) -> str:
        return f"{self.plan_id} {self.kind} {self.number} {self.revision}"


class Task(models.Model):
    """What one organisation is asked to do by a date. ``asks``: work of a response (do) or something nobody knows yet (find
    out)."""

    class Asks(models.TextChoices):
        DO = "do"
        FIND_OUT = "find-out"

    class Standing(models.TextChoices):
        ASKED = "asked"
        ACCEPTED = "accepted"
        DONE = "done"
        DECLINED = "declined"
        CANCELLED = "cancelled"

    key = models.CharField(max_length=8, unique=True, default=new_key, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="tasks")
    response = models.ForeignKey(Response, null=True, blank=True, on_delete=models.SET_NULL, related_name="tasks")
    asks = models.CharField(max_length=10, choices=Asks.choices, default=Asks.DO)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    organisation = models.ForeignKey("people.Organisation", on_delete=models.PROTECT, related_name="tasks")
    owner = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    due = models.DateField(null=True, blank=True)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.ASKED)
    shared = models.BooleanField(default=True)
    outcome = models.TextField(blank=True)
    asked_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due", "id")
        indexes = (
            models.Index(fields=["owner", "standing", "due"], name="tasks_of_an_owner"),
            models.Index(fields=["organisation", "standing", "due"], name="tasks_of_an_organisation"),
            models.Index(fields=["standing", "due"], name="tasks_by_due_date"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        return self.standing in OPEN_TASKS


#: The standings of a task that still waits for somebody.
OPEN_TASKS = (Task.Standing.ASKED, Task.Standing.ACCEPTED)


class Member(models.Model):
    """An organisation, or one person of it, on a plan: why, on which basis and agreement, and until when."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="members")
    organisation = models.ForeignKey("people.Organisation", on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships")
    purpose = models.CharField(max_length=40)
    basis = models.CharField(max_length=40)
    agreement = models.ForeignKey("people.Agreement", null=True, on_delete=models.PROTECT, related_name="memberships")
    until = models.DateField()
    added_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["organisation", "until"], name="memberships_in_force"),)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.organisation_id}"


class Move(models.Model):
    """A step from one state to another: who, when, why. ``detail``: what a tasking decision was asked."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="moves")
    move = models.CharField(max_length=30)
    source = models.CharField(max_length=20)
    target = models.CharField(max_length=20)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=1000, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.move}"


class Handover(models.Model):
    """Ownership offered with a note; it moves when the other accepts, and never lapses in between."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="handovers")
    giver = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="handovers")
    note = models.TextField()
    offered_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.giver_id} to {self.taker_id}"


class LevelChange(models.Model):
    """A problem moved to another level of the National Intelligence Model: proposed, then adopted or declined there."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="level_changes")
    source = models.PositiveSmallIntegerField()
    target = models.PositiveSmallIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    adopted = models.BooleanField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    answered_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.source} to {self.target}"


class HelpRequest(models.Model):
    """A call for help to the problem-solving hub, or for a peer's review of the plan."""

    class Kind(models.TextChoices):
        ADVICE = "advice"
        REVIEW = "review"

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="help_requests")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ADVICE)
    stage = models.CharField(max_length=20, blank=True)
    text = models.TextField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    taken_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="help_given")
    taken_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:60]


class Referral(models.Model):
    """A question to the force's ethics body about a plan that concerns people, and its decision."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="referrals")
    question = models.TextField()
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    allowed = models.BooleanField(null=True, blank=True)
    decision = models.TextField(blank=True)
    decided_by = models.ForeignKey(USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.question[:60]


class Triage(models.Model):
    """What was decided about a signal: adopted or joined (``plan``), watched, or dismissed with a reason.

    ``seen``: the signal's figures when it was decided; a dismissed one comes back when they have changed.
    """

    class Decision(models.TextChoices):
        ADOPTED = "adopted"
        JOINED = "joined"
        WATCHED = "watched"
        DISMISSED = "dismissed"

    signal = models.CharField(max_length=20, db_index=True)
    organisation = models.ForeignKey("people.Organisation", on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.CASCADE, related_name="triaged")
    reason = models.CharField(max_length=1000, blank=True)
    snapshot = models.CharField(max_length=64, blank=True)
    seen = models.JSONField(default=dict)
    current = models.BooleanField(default=True)
    by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["signal", "organisation"], condition=models.Q(current=True), name="one_decision_is_current"
            ),
        )

    def __str__(self) -> str:
        return f"{self.signal}: {self.decision}"
