"""Keys made from the workplace's signing key, one for each purpose: what one opens, no other does."""

from __future__ import annotations

import base64
import functools

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def box(purpose: str) -> Fernet:
    """What encrypts and signs for a purpose. A new signing key opens nothing that the old one closed."""
    return _box(settings.SECRET_KEY, purpose)


@functools.lru_cache(maxsize=8)
def _box(secret: str, purpose: str) -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"forestall:{purpose}".encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(made))
