"""Organisations, people and the roles that they hold, by area where a role is local."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from forestall.text import LANGUAGES
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


class UserManager(BaseUserManager):
    def get_by_natural_key(self, username: str) -> User:
        return self.get(username=username.strip().lower())


class User(AbstractBaseUser):
    """A person with an account. A demo account works on the loopback address alone."""

    username = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    language = models.CharField(max_length=2, blank=True, choices=[(code, code) for code in LANGUAGES])
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.username

    def held(self) -> list[HeldRole]:
        """The roles held now; one query a request."""
        if not hasattr(self, "_held"):
            now = timezone.now()
            self._held = [r for r in self.roles.all() if r.since <= now and (r.until is None or now < r.until)]
        return self._held

    def may(self, permission: Permission) -> bool:
        return any(permission in r.permissions for r in self.held())

    def areas(self, permission: Permission) -> frozenset[str] | None:
        """The codes of the areas in which a permission holds; None where it holds everywhere."""
        codes = {r.area for r in self.held() if permission in r.permissions}
        return None if "" in codes else frozenset(codes)


class HeldRole(models.Model):
    """A role that a person holds, in an area (its code; '' everywhere) and for a time."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=40, choices=[(slug, str(role.name)) for slug, role in ROLES.items()])
    area = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "role", "area"], name="a_role_is_held_once_in_an_area"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.role} {self.area}".strip()

    @property
    def permissions(self) -> frozenset[Permission]:
        return ROLES[self.role].permissions if self.role in ROLES else frozenset()


class FailedSignIn(models.Model):
    """A failed attempt, kept for a day to slow down guessing. The name that was typed is kept as a keyed hash."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    name_hash = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=45, db_index=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.address}"
