"""The door: signing in and out, and the language of the pages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people import actions, backend
from forestall.web.people.forms import SignIn
from forestall.web.views import public

WRONG = msg("The name and password do not belong together")
MISSING_NAME = msg("Enter your name")
MISSING_PASSWORD = msg("Enter your password")
WAIT = msg("Too many tries: wait {minutes} minutes and try again", minutes=int(backend.PERIOD.total_seconds() // 60))


@public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    onwards = next_of(request)
    if request.method in ("GET", "HEAD"):
        if request.user.is_authenticated:
            return redirect(onwards)
        return render(request, "sign_in.html", {"next": onwards, "errors": {}})
    form = SignIn(request.POST)
    errors: dict[str, Message] = {}
    status = 422
    if form.is_valid():
        try:
            if actions.sign_in(request=request, trail=Trail.of(request), **form.cleaned_data):
                return redirect(onwards)
            errors["username"] = WRONG
        except actions.TooManyError:
            errors["username"], status = WAIT, 429
    else:
        for name, message in (("username", MISSING_NAME), ("password", MISSING_PASSWORD)):
            if name in form.errors:
                errors[name] = message
    context = {"next": onwards, "errors": errors, "username": request.POST.get("username", "")}
    return render(request, "sign_in.html", context, status=status)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    actions.sign_out(request=request, trail=Trail.of(request))
    return redirect("sign-in")


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    chosen = actions.choose_language(language=request.POST.get("language", ""), trail=Trail.of(request))
    response = redirect(next_of(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
    return response


def next_of(request: HttpRequest) -> str:
    """Where to go on to: a page of this workplace, never of another site."""
    onwards = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(onwards, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return onwards if safe and onwards.startswith("/") else reverse("home")
