"""Signing in with an organisation's own account: the code flow of OpenID Connect with state, nonce and PKCE.

mozilla-django-oidc runs the flow; this file adds what it leaves open: the provider's addresses by discovery, and a token
that must be for us, from the provider that we asked, about one person, and not over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jwt
import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from forestall.text import Message, msg
from forestall.web.people.backend import LocalAccounts
from forestall.web.people.models import User

BACKEND = "forestall.web.people.oidc.OrganisationAccounts"
TIMEOUT = 10
LEEWAY = 60
KEPT = 3600
FAILED = msg("Your organisation's sign-in did not work: try again, and tell an administrator if it fails again")
UNREACHED = msg("Your organisation's sign-in can't be reached now: try again later")
UNKNOWN = msg("Your organisation knows you, but you have no account here yet: ask an administrator to add you")
TAKEN = msg(
    "Your organisation knows you, but the account with your name or address is not open to you: ask an administrator"
)


class RefusedError(Exception):
    """A sign-in that must not succeed, with what the person is told."""

    def __init__(self, told: Message, why: str) -> None:
        super().__init__(why)
        self.told, self.why = told, why


@dataclass(frozen=True)
class Provider:
    """The provider's addresses, as it publishes them. ``basic``: it takes our secret in a header, not in the form."""

    authorization: str
    token: str
    user: str
    keys: str
    basic: bool


_found: dict[str, tuple[float, Provider]] = {}


def provider() -> Provider:
    """The provider's addresses, read at most once an hour; :class:`RefusedError` where it does not answer as one."""
    issuer = settings.OIDC.issuer
    at, found = _found.get(issuer, (0.0, None))
    if found is None or time.monotonic() - at > KEPT:
        found = _discover(issuer)
        _found[issuer] = (time.monotonic(), found)
    return found


def _discover(issuer: str) -> Provider:
    try:
        answer = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT)
        answer.raise_for_status()
        told = answer.json()
        if told["issuer"].rstrip("/") != issuer:
            raise RefusedError(FAILED, "the provider names another issuer")
        return Provider(
            authorization=told["authorization_endpoint"],
            token=told["token_endpoint"],
            user=told["userinfo_endpoint"],
            keys=told["jwks_uri"],
            basic="client_secret_post" not in told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
        )
    except requests.RequestException as error:
        raise RefusedError(UNREACHED, f"discovery failed: {type(error).__name__}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(FAILED, "discovery is not in the form of the standard") from error


def get_settings(name: str, *default: Any) -> Any:
    """The settings that mozilla-django-oidc asks for."""
    client = settings.OIDC
    fixed = {
        "OIDC_RP_CLIENT_ID": client.client,
        "OIDC_RP_CLIENT_SECRET": client.secret,
        "OIDC_RP_SIGN_ALGO": client.algorithm,
        "OIDC_RP_SCOPES": "openid email profile",
        "OIDC_USE_PKCE": True,
        "OIDC_AUTHENTICATION_CALLBACK_URL": "organisation-back",
        "OIDC_TIMEOUT": TIMEOUT,
    }
    if name in fixed:
        return fixed[name]
    if name == "OIDC_OP_AUTHORIZATION_ENDPOINT":
        return provider().authorization
    if name == "OIDC_TOKEN_USE_BASIC_AUTH":
        return provider().basic
    return default[0] if default else None


class OrganisationAccounts(OIDCAuthenticationBackend):
    """Recognises the person whom the provider vouches for. It writes nothing: the action that signs in does."""

    get_settings = staticmethod(get_settings)

    def __init__(self) -> None:
        """Reads no settings, so that a workplace without a provider, and every other way in, need not have any."""

    def authenticate(self, request: HttpRequest, *, nonce: str, code_verifier: str) -> User | None:
        addresses, client = provider(), settings.OIDC
        self.OIDC_OP_TOKEN_ENDPOINT, self.OIDC_OP_USER_ENDPOINT = addresses.token, addresses.user
        self.OIDC_OP_JWKS_ENDPOINT, self.OIDC_RP_IDP_SIGN_KEY = addresses.keys, None
        self.OIDC_RP_CLIENT_ID, self.OIDC_RP_CLIENT_SECRET = client.client, client.secret
        self.OIDC_RP_SIGN_ALGO = client.algorithm
        try:
            return super().authenticate(request, nonce=nonce, code_verifier=code_verifier)
        except requests.RequestException as error:
            raise RefusedError(FAILED, f"the provider refused: {type(error).__name__}") from error
        except (SuspiciousOperation, jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise RefusedError(FAILED, f"the token is not good: {error}"[:200]) from error

    def retrieve_matching_jwk(self, token: str) -> jwt.PyJWK:
        """The provider's key that a token names; the standard lets a provider with one key leave its name out."""
        answer = requests.get(self.OIDC_OP_JWKS_ENDPOINT, timeout=TIMEOUT)
        answer.raise_for_status()
        named = jwt.get_unverified_header(token).get("kid")
        family = {"R": "RSA", "E": "EC"}[self.OIDC_RP_SIGN_ALGO[0]]
        found = [
            key
            for key in answer.json()["keys"]
            if key.get("kty") == family
            and key.get("use", "sig") == "sig"
            and key.get("alg", self.OIDC_RP_SIGN_ALGO) == self.OIDC_RP_SIGN_ALGO
            and (named is None or key.get("kid", named) == named)
        ]
        if len(found) != 1:
            raise SuspiciousOperation("the provider has no one key of that name")
        return jwt.PyJWK(found[0], algorithm=self.OIDC_RP_SIGN_ALGO)

    def _verify_jws(self, payload: str, key: Any) -> dict[str, Any]:
        """A token that is signed by the provider, for us, from it, about somebody, and in its time."""
        algorithm = settings.OIDC.algorithm
        if jwt.get_unverified_header(payload).get("alg") != algorithm:
            raise SuspiciousOperation("signed in another way than agreed")
        told = jwt.decode(
            payload, key, algorithms=[algorithm], audience=settings.OIDC.client, leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss", "sub"]},
        )  # fmt: skip
        if told["iss"].rstrip("/") != settings.OIDC.issuer:
            raise SuspiciousOperation("issued by another provider")
        if isinstance(told["aud"], list) and len(told["aud"]) > 1 and told.get("azp") != settings.OIDC.client:
            raise SuspiciousOperation("issued for another client")
        return told

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User:
        """The person, with ``claims``; a new one is not saved yet."""
        from forestall.web.people import selectors

        told = self.get_userinfo(access_token, id_token, payload)
        if told.get("sub") != payload["sub"]:
            raise SuspiciousOperation("token and user information are about two people")
        claims = {**told, **payload}
        user = selectors.claimed(settings.OIDC, claims)
        if user is None and settings.OIDC.make:
            if selectors.is_taken(settings.OIDC, claims):
                raise RefusedError(TAKEN, "no account is made beside one that is closed or another's")
            email = selectors.vouched_email(settings.OIDC, claims)[:254]
            user = User(username=_free_name(claims), name=str(claims.get("name") or "")[:200], email=email)
            user.set_unusable_password()
        if user is None:
            raise RefusedError(UNKNOWN, "no account")
        user.claims = claims
        return user

    def get_user(self, user_id: int) -> User | None:
        return LocalAccounts().get_user(user_id)


def _free_name(claims: dict[str, Any]) -> str:
    """A name for a new account: what the provider calls the person, with a number where that is taken."""
    wish = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
    wish = "".join(wish.split()).lower()[:140] or "person"
    taken = set(User.objects.filter(username__startswith=wish).values_list("username", flat=True))
    return next(name for name in (wish, *(f"{wish}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
