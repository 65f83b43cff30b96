"""The reason that a person gives for an act: from the form's box, or asked for on a page of its own.

A page that reads or exports by a link has no box. Where the policy requires a reason for it, the request is answered with
a page that asks, and what was typed there holds for that one address for a quarter of an hour of the same session.
"""

from __future__ import annotations

import time

from django.http import HttpRequest

#: Letters of a reason; seconds for which one holds.
LONGEST = 500
HOLDS = 15 * 60
#: Of the form's box, and in the session.
FIELD = "reason"
_KEY = "reason-given"


def given(request: HttpRequest) -> str:
    """The reason that came with a request, or that was given for its address a moment ago; empty where there is none."""
    typed = request.POST.get(FIELD, "") if request.method == "POST" else ""
    if typed.strip():
        return typed.strip()[:LONGEST]
    session = getattr(request, "session", None)
    kept = session.get(_KEY) if session is not None else None
    if not kept or kept["path"] != request.get_full_path() or not 0 <= time.time() - kept["at"] < HOLDS:
        return ""
    return str(kept["text"])


def keep(request: HttpRequest, path: str, text: str) -> None:
    """Keeps a reason for an address of this workplace."""
    request.session[_KEY] = {"path": path, "text": text.strip()[:LONGEST], "at": time.time()}
