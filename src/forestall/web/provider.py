"""What the settings say of signing in with an organisation's own accounts (OpenID Connect).

``FORESTALL_OIDC_ISSUER``       the provider's address, https unless it is this machine; setting it switches this on
``FORESTALL_OIDC_CLIENT``       what the provider calls the workplace
``FORESTALL_OIDC_SECRET_FILE``  the file of the secret that the provider gave it
``FORESTALL_OIDC_ALGORITHM``    how the provider signs: RS256 (default), RS384, RS512, ES256, ES384 or ES512
``FORESTALL_OIDC_TRUST_EMAIL``  1 where every e-mail address that the provider names is known to be the person's, though it
                                does not say ``email_verified``
``FORESTALL_OIDC_MAKE``         1 where whoever the provider lets in gets an account, with the roles below and no other
``FORESTALL_OIDC_ROLE_CLAIM``   the claim that lists a person's groups
``FORESTALL_OIDC_ROLES``        which group holds which role: ``group=role``, with commas
``FORESTALL_OIDC_ORGANISATION`` the slug of the organisation whose provider it is, for accounts and roles that it makes
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from forestall.errors import ForestallError
from forestall.web.environment import is_loopback, switch, words

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")


@dataclass(frozen=True)
class Client:
    """The workplace as a provider's client. ``roles``: group -> role."""

    issuer: str
    client: str
    secret: str
    algorithm: str = "RS256"
    trust_email: bool = False
    make: bool = False
    role_claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    organisation: str = ""


def from_environment() -> Client | None:
    """None where no provider is named; :class:`ForestallError` where what is said of one does not fit together."""
    issuer = os.environ.get("FORESTALL_OIDC_ISSUER", "").strip().rstrip("/")
    if not issuer:
        return None
    parts = urlsplit(issuer)
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        raise ForestallError(f"FORESTALL_OIDC_ISSUER is {issuer!r}: give the provider's address with https")
    client = os.environ.get("FORESTALL_OIDC_CLIENT", "").strip()
    if not client:
        raise ForestallError("FORESTALL_OIDC_CLIENT is missing: say what the provider calls the workplace")
    algorithm = os.environ.get("FORESTALL_OIDC_ALGORITHM", "RS256").strip()
    if algorithm not in ALGORITHMS:
        raise ForestallError(f"FORESTALL_OIDC_ALGORITHM is {algorithm!r}: choose one of {', '.join(ALGORITHMS)}")
    return Client(
        issuer=issuer,
        client=client,
        secret=_secret(os.environ.get("FORESTALL_OIDC_SECRET_FILE", "")),
        algorithm=algorithm,
        trust_email=switch("FORESTALL_OIDC_TRUST_EMAIL", default=False),
        make=switch("FORESTALL_OIDC_MAKE", default=False),
        role_claim=os.environ.get("FORESTALL_OIDC_ROLE_CLAIM", "").strip(),
        roles=_roles(words("FORESTALL_OIDC_ROLES")),
        organisation=os.environ.get("FORESTALL_OIDC_ORGANISATION", "").strip(),
    )


def _secret(path: str) -> str:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ForestallError(f"cannot read FORESTALL_OIDC_SECRET_FILE {path}: check its place and rights") from error
    if not secret:
        raise ForestallError("FORESTALL_OIDC_SECRET_FILE must name a file with the secret that the provider gave: set it")
    return secret


def _roles(pairs: list[str]) -> dict[str, str]:
    from forestall.web.people.permissions import ROLES

    out = {}
    for pair in pairs:
        group, _, role = (part.strip() for part in pair.rpartition("="))
        if not group or role not in ROLES:
            raise ForestallError(f"FORESTALL_OIDC_ROLES holds {pair!r}: write group=role, with one of {', '.join(ROLES)}")
        out[group] = role
    return out
