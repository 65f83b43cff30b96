"""Organisations and their units, people, the roles that they hold and what lets them in."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.crypto import salted_hmac

from forestall.text import LANGUAGES, Name
from forestall.web.people.permissions import ROLES, Permission


class Organisation(models.Model):
    """A force, a policing body, a council, a health board, a landlord, a charity."""

    class Kind(models.TextChoices):
        FORCE = "force"
        POLICING_BODY = "policing-body"
        COUNCIL = "council"
        HEALTH = "health"
        HOUSING = "housing"
        VOLUNTARY = "voluntary"
        OTHER = "other"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    name_cy = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> Name:
        """The name, which has a Welsh form where one is kept."""
        return Name(self.name, self.name_cy)


def area_codes(value: Any) -> None:
    """:class:`ValidationError` unless ``value`` is a list of area codes."""
    if not isinstance(value, list) or not all(isinstance(code, str) and 0 < len(code) <= 20 for code in value):
        raise ValidationError("a unit's areas are a list of codes")


class Unit(models.Model):
    """A part of an organisation: a force, its local policing areas, their neighbourhood teams, their wards.

    ``areas``: the codes that it looks after, of any level of the places; [] where it is no part of a map."""

    class Kind(models.TextChoices):
        FORCE = "force"
        LOCAL_POLICING_AREA = "local-policing-area"
        NEIGHBOURHOOD_TEAM = "neighbourhood-team"
        WARD = "ward"
        TEAM = "team"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="units")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    slug = models.SlugField(max_length=100)
    name = models.CharField(max_length=200)
    name_cy = models.CharField(max_length=200, blank=True)
    areas = models.JSONField(default=list, blank=True, validators=[area_codes])

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organisation", "slug"], name="a_unit_stands_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> Name:
        return Name(self.name, self.name_cy)


class UserManager(BaseUserManager):
    def get_by_natural_key(self, username: str) -> User:
        return self.get(username=username.strip().lower())


def new_stamp() -> str:
    return secrets.token_hex(16)


class User(AbstractBaseUser):
    """A person with an account. A demo account works on the loopback address alone.

    ``session_stamp``: every session carries a keyed hash of it, so that a new one signs the person out everywhere.
    ``left_at``: when the person left; the account is then closed and its record stays for the log's sake."""

    username = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    language = models.CharField(max_length=2, blank=True, choices=[(code, code) for code in LANGUAGES])
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    session_stamp = models.CharField(max_length=32, default=new_stamp)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.username

    def get_session_auth_hash(self) -> str:
        """What a session must carry to be this person's: it changes with the password and with the stamp."""
        secret = f"{self.password}|{self.session_stamp}"
        return salted_hmac("forestall.web.people.session", secret, algorithm="sha256").hexdigest()

    def held(self) -> list[HeldRole]:
        """The roles held now; one query a request."""
        if not hasattr(self, "_held"):
            now = timezone.now()
            fetched = "roles" in getattr(self, "_prefetched_objects_cache", {})
            roles = self.roles.all() if fetched else self.roles.select_related("organisation", "unit")
            self._held = [r for r in roles if r.since <= now and (r.until is None or now < r.until)]
        return self._held

    def may(self, permission: Permission) -> bool:
        return any(permission in r.permissions for r in self.held())

    def areas(self, permission: Permission) -> frozenset[str] | None:
        """The codes of the areas in which a permission holds; None where it holds everywhere."""
        out: set[str] = set()
        for role in self.held():
            if permission in role.permissions:
                codes = role.areas
                if codes is None:
                    return None
                out |= codes
        return frozenset(out)

    def organisations(self, permission: Permission) -> frozenset[int]:
        """The ids of the organisations for which a permission is held."""
        ids = (r.organisation_id or self.organisation_id for r in self.held() if permission in r.permissions)
        return frozenset(i for i in ids if i is not None)

    def reach(self, permission: Permission) -> frozenset[int] | None:
        """The ids of the organisations that somebody who manages may manage; None: all."""
        held = [r for r in self.held() if permission in r.permissions]
        if any(r.organisation_id is None for r in held):
            return None
        return frozenset(r.organisation_id for r in held)


class HeldRole(models.Model):
    """A role that a person holds: for an organisation (none: the person's own, and all where it manages them), in an area
    (its code) or in the areas of a unit (neither: everywhere), and for a time. ``by_provider``: the person's organisation
    gave it by OpenID Connect, and takes it away."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=40, choices=[(slug, str(role.name)) for slug, role in ROLES.items()])
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    area = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    by_provider = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "user", "role", "area", Coalesce("organisation", 0), Coalesce("unit", 0),
                name="a_role_is_held_once_for_an_organisation_in_an_area",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user}: {self.role} {self.area}".strip()

    @property
    def permissions(self) -> frozenset[Permission]:
        return ROLES[self.role].permissions if self.role in ROLES else frozenset()

    @property
    def areas(self) -> frozenset[str] | None:
        """The codes of the areas in which it is held; None: everywhere. A unit without areas is nowhere."""
        if self.unit is not None:
            return frozenset(self.unit.areas) | ({self.area} if self.area else frozenset())
        return frozenset([self.area]) if self.area else None


class Invitation(models.Model):
    """A link that lets a person choose a password, once and for a few days. Its token is kept as a hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} until {self.expires_at:%Y-%m-%d %H:%M}"


class SecondFactor(models.Model):
    """The secret of a person's authenticator app, encrypted, and the last time step whose code was used.

    ``confirmed_at`` is empty until a first code showed that the app has the secret."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_factor")
    secret = models.CharField(max_length=300)
    made_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user} since {self.made_at:%Y-%m-%d}"


class RecoveryCode(models.Model):
    """One of ten codes that each stand in once for the app, kept as a hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=128)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} {'used' if self.used_at else 'unused'}"


class Identity(models.Model):
    """How a provider of OpenID Connect knows a person: its address and its name for the person, which never changes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["issuer", "subject"], name="an_identity_is_one_persons"),)

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"


class FailedSignIn(models.Model):
    """A failed attempt, kept for a day to slow down guessing. The name that was typed is kept as a keyed hash."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    name_hash = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=45, db_index=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.address}"


class AgreementQuerySet(models.QuerySet):
    def in_force(self, day: Any = None) -> AgreementQuerySet:
        """Those that may be relied on on a day (today): begun, not over and not withdrawn."""
        day = day or timezone.localdate()
        begun = self.filter(starts__lte=day, expires__gte=day)
        return begun.filter(models.Q(withdrawn_on__isnull=True) | models.Q(withdrawn_on__gt=day))


class Agreement(models.Model):
    """An agreement on which information is shared: who, what for, on what legal basis and until when (inclusive)."""

    class Kind(models.TextChoices):
        WASPI_ISP = "waspi-isp"
        DISCLOSURE = "data-disclosure"
        JOINT_CONTROLLER = "joint-controller"
        OTHER = "other-isa"

    reference = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    parties = models.ManyToManyField(Organisation, related_name="agreements")
    purpose = models.TextField()
    legal_basis = models.TextField()
    starts = models.DateField()
    expires = models.DateField()
    review_on = models.DateField()
    withdrawn_on = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        ordering = ("expires", "reference")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(expires__gte=models.F("starts")), name="an_agreement_ends_after_it_starts"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference}: {self.title}"

    def is_in_force(self, day: Any = None) -> bool:
        """Whether it may be relied on on a day (today)."""
        day = day or timezone.localdate()
        return self.starts <= day <= self.expires and (self.withdrawn_on is None or day < self.withdrawn_on)
