"""What every request passes: headers, the reader's language, the door, and plain words for errors."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from forestall.errors import ForestallError
from forestall.text import LANGUAGES

Next = Callable[[HttpRequest], HttpResponse]

#: Nothing is loaded from anywhere else, nothing is inline, nothing is evaluated. ``data:`` images are the small icons
#: inside the style sheets.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "geolocation",
        "gyroscope",
        "microphone",
        "payment",
        "usb",
        "browsing-topics",
    )
)


class Headers:
    """Security headers on every answer, static files included; pages are never kept by a shared or a browser's cache."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class Language:
    """The reader's language: the account's choice, else the cookie's, else the browser's, else English."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = chosen_language(request)
        request.language = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response


def chosen_language(request: HttpRequest) -> str:
    """``en`` or ``cy``."""
    user = request.user
    if user.is_authenticated and user.language in LANGUAGES:
        return user.language
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if cookie in LANGUAGES:
        return cookie
    return translation.get_language_from_request(request)[:2] or "en"


class SignedInOnly:
    """Every page is behind the door unless its view says ``@public``. What somebody typed whose session was over meanwhile
    is kept in the sign-in page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            _remember_whose(request, response)
        return response

    def process_view(self, request: HttpRequest, view: object, *_: object) -> HttpResponse | None:
        from forestall.web.people.views import signed_out

        if request.user.is_authenticated or getattr(view, "public", False):
            return None
        onwards = f"{reverse('sign-in')}?next={quote(request.get_full_path())}"
        if request.headers.get("HX-Request"):  # a part of a page: the page itself stays as it is, with what was typed
            headers = {"HX-Redirect": onwards} if request.method == "GET" else {}
            return HttpResponse(status=401, headers=headers)
        if request.method in ("GET", "HEAD"):
            return redirect(onwards)
        return signed_out(request)


def _remember_whose(request: HttpRequest, response: HttpResponse) -> None:
    """The cookie that says whose unsent form a browser holds; it outlives the session and opens nothing."""
    from forestall.web.people import drafts

    mark = drafts.mark_of(request.user.pk)
    if request.COOKIES.get(drafts.COOKIE) != mark:
        response.set_cookie(drafts.COOKIE, mark, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")


class PlainErrors:
    """A :class:`ForestallError` becomes a page with its sentence."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ForestallError):
            return render(request, "sentence.html", {"words": str(error)}, status=503)
        return None
