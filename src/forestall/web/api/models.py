"""Personal tokens: what lets a person's own program in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class AccessToken(models.Model):
    """A person's token, kept as a hash. A program that shows it is that person, until it ends.

    ``hint``: its last letters, by which its owner knows it. ``reads_only``: it changes nothing. ``stamp``: the person's
    session stamp when it was made: what signs the person out everywhere ends it too.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=4)
    token_hash = models.CharField(max_length=64, unique=True)
    reads_only = models.BooleanField(default=True)
    stamp = models.CharField(max_length=32)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"

    @property
    def works(self) -> bool:
        """Whether it lets its person in now."""
        return self.revoked_at is None and timezone.now() < self.expires_at and self.stamp == self.user.session_stamp

    @property
    def used_today(self) -> bool:
        """Whether its use of this day is noted."""
        return self.last_used_at is not None and timezone.localdate(self.last_used_at) >= timezone.localdate()
