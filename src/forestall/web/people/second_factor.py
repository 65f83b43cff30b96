"""The second factor of a local account: a code of an authenticator app (RFC 6238: six digits, 30 seconds), and ten recovery
codes for the day on which the phone is lost. Nothing here opens a door; :mod:`forestall.web.people.actions` does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time

import pyotp
import segno
from cryptography.fernet import InvalidToken
from django.conf import settings

from forestall.web.people.keys import box
from forestall.web.people.models import RecoveryCode, SecondFactor, User

STEP = 30
#: A code of the step before or after is taken too: clocks differ.
DRIFT = 1
RECOVERY_CODES = 10
_PURPOSE = "second factor"


def needed(user: User) -> bool:
    """Whether a person must show a second factor: all but demo accounts on a server that only this machine reaches."""
    return not (user.is_demo and settings.LOOPBACK)


def confirmed(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def fresh(user: User) -> SecondFactor:
    """A new secret for a person who has shown none yet; whatever was not confirmed goes."""
    SecondFactor.objects.filter(user=user).delete()
    return SecondFactor.objects.create(user=user, secret=box(_PURPOSE).encrypt(pyotp.random_base32().encode()).decode())


def secret_of(factor: SecondFactor) -> str:
    """The secret, base 32; '' where another signing key encrypted it."""
    try:
        return box(_PURPOSE).decrypt(factor.secret.encode()).decode()
    except InvalidToken:
        return ""


def picture(user: User, secret: str) -> str:
    """The secret as a QR code that an app reads: SVG to stand in the page."""
    address = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Forestall")
    return segno.make(address, error="m").svg_inline(scale=5, border=3, svgclass="f-qr", lineclass=None)


def take(factor: SecondFactor, code: str, at: float | None = None) -> bool:
    """Whether ``code`` is the app's code of now and was not used before; it is used up then, whoever else tries it."""
    secret = secret_of(factor)
    code = "".join(code.split())
    if not secret or not (code.isascii() and code.isdigit() and len(code) == 6):
        return False
    now = int((time.time() if at is None else at) // STEP)
    totp = pyotp.TOTP(secret)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(totp.at(step * STEP), code):
            used = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step)
            return used == 1
    return False


def new_recovery_codes(user: User) -> list[str]:
    """Ten codes of 80 random bits each, in place of all earlier ones. They are told once and kept as hashes."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = []
    for _ in range(RECOVERY_CODES):
        plain = base64.b32encode(secrets.token_bytes(10)).decode().lower()
        codes.append("-".join(plain[i : i + 4] for i in range(0, 16, 4)))
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code_hash=_hash(code)) for code in codes)
    return codes


def take_recovery_code(user: User, code: str, now: object) -> bool:
    """Whether ``code`` is one of the person's that was not used before; it is used up then."""
    unused = RecoveryCode.objects.filter(user=user, code_hash=_hash(code), used_at__isnull=True)
    return unused.update(used_at=now) == 1


def _hash(code: str) -> str:
    bare = "".join(c for c in code.lower() if c.isalnum())
    return hashlib.sha256(b"forestall recovery code " + bare.encode()).hexdigest()
