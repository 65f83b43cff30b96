"""What a token is made of, and whose a token is."""

from __future__ import annotations

import hashlib
import secrets

from forestall.web.api.models import AccessToken

#: A token says what it is, so that one left lying in a file is found by searches for secrets.
PREFIX = "forestall_"
#: Days that a token may last, the first proposed; and how many of a person work at a time.
DAYS, MOST = (90, 7, 30, 365), 10


def new() -> str:
    """A token; it is told once and kept nowhere."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """A token as it is kept. It is random enough that a fast hash is safe."""
    return hashlib.sha256(b"forestall access token " + token.encode("utf-8", "surrogatepass")).hexdigest()


def find(token: str) -> AccessToken | None:
    """The token that works and is this one, with its person."""
    if not token.startswith(PREFIX):
        return None
    users = ("user", "user__organisation", "user__unit")
    found = AccessToken.objects.select_related(*users).filter(token_hash=hash_of(token)).first()
    return found if found is not None and found.works else None
