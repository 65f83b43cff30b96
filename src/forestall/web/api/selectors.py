"""A person's own tokens, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence

from forestall.web.api.models import AccessToken
from forestall.web.people.models import User

SHOWN = 50


def tokens(user: User) -> Sequence[AccessToken]:
    """A person's tokens, newest first; those that ended too."""
    return list(AccessToken.objects.filter(user=user).select_related("user")[:SHOWN])
