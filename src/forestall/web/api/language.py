"""The language in which the interface answers."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

from forestall.text import LANGUAGES


def language_of(request: HttpRequest) -> str:
    """``en`` or ``cy``: of Accept-Language, else of the account of whoever asks, which a token tells first."""
    for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]):
        if code[:2] in LANGUAGES:
            return code[:2]
    return getattr(request.user, "language", "") or "en"
