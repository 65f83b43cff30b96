"""What somebody typed when the session was over: kept in the sign-in page itself, encrypted, for an hour.

A draft holds where the form was to go, its fields (no files, no passwords) and whose it is. Nothing of it is stored on
the server. Whose it is comes from a signed cookie that outlives the session: on a shared machine nobody finds what a
colleague typed."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from django.core import signing
from django.http import HttpRequest

from forestall.web.people.keys import box

LASTS = 3600
MOST = 200_000
COOKIE = "forestall_whose"
_PURPOSE = "draft"
_SIGNER_SALT = "forestall.web.people.drafts"


@dataclass(frozen=True)
class Draft:
    """``owner``: the person's id. ``path``: where the form was sent. ``files``: names of the files that are not kept."""

    owner: int
    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()


def whose(request: HttpRequest) -> int | None:
    """The id of the person who was signed in last in this browser."""
    try:
        return int(signing.Signer(salt=_SIGNER_SALT).unsign(request.COOKIES.get(COOKIE, "")))
    except (signing.BadSignature, ValueError):
        return None


def mark_of(user_id: int) -> str:
    """The cookie's value for a person."""
    return signing.Signer(salt=_SIGNER_SALT).sign(str(user_id))


def of(request: HttpRequest) -> Draft | None:
    """The draft in a request; None where it has no owner, no fields, or more than 200 kB of them."""
    owner = whose(request)
    fields = tuple((name, value) for name in request.POST for value in request.POST.getlist(name) if _kept(name))
    size = sum(len(name.encode()) + len(value.encode()) for name, value in fields)
    if owner is None or not fields or size > MOST:
        return None
    return Draft(owner, request.get_full_path(), fields, tuple(f.name for f in request.FILES.values()))


def seal(draft: Draft) -> str:
    plain = json.dumps([draft.owner, draft.path, draft.fields, draft.files], ensure_ascii=False)
    return box(_PURPOSE).encrypt(zlib.compress(plain.encode())).decode()


def unseal(sealed: str) -> Draft | None:
    """The draft; None where it is over an hour old, or not ours."""
    try:
        plain = zlib.decompress(box(_PURPOSE).decrypt(sealed.encode(), ttl=LASTS)).decode()
    except (InvalidToken, UnicodeEncodeError):
        return None
    owner, path, fields, files = json.loads(plain)
    return Draft(owner, path, tuple((name, value) for name, value in fields), tuple(files))


def _kept(name: str) -> bool:
    return name != "csrfmiddlewaretoken" and "password" not in name.lower()
