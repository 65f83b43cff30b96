"""The reason that a person gives for an act: from the form's box, or asked for on a page of its own.

A page that reads or exports by a link has no box. Where the policy requires a reason for it, the request is answered with
a page that asks, and what was typed there holds for that one address for a quarter of an hour of the same session. A
program sends its reason along in a header.
"""

from __future__ import annotations

import contextlib
import time
from urllib.parse import unquote

from django.http import HttpRequest

#: Letters of a reason; seconds for which one holds.
LONGEST = 500
HOLDS = 15 * 60
#: Of the form's box, and in the session.
FIELD = "reason"
#: In UTF-8, as it is or percent-encoded: many programs send nothing but ASCII in a header.
HEADER = "X-Reason"
_KEY = "reason-given"


def given(request: HttpRequest) -> str:
    """The reason that came with a request, or that was given for its address a moment ago; empty where there is none."""
    typed = _sent(request.headers.get(HEADER, ""))
    if not typed.strip() and request.method == "POST":
        typed = request.POST.get(FIELD, "")
    if typed.strip():
        return typed.strip()[:LONGEST]
    session = getattr(request, "session", None)
    kept = session.get(_KEY) if session is not None else None
    if not kept or kept["path"] != request.get_full_path() or not 0 <= time.time() - kept["at"] < HOLDS:
        return ""
    return str(kept["text"])


def _sent(value: str) -> str:
    """A header's text: servers hand its bytes over as Latin-1."""
    with contextlib.suppress(UnicodeError):
        value = value.encode("latin-1").decode("utf-8")
    return unquote(value)


def keep(request: HttpRequest, path: str, text: str) -> None:
    """Keeps a reason for an address of this workplace."""
    request.session[_KEY] = {"path": path, "text": text.strip()[:LONGEST], "at": time.time()}
