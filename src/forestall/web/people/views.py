"""The door: name and password, second factor, invitation, what was typed before it, and the language of the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people import actions, backend, door, drafts, invitations, second_factor
from forestall.web.people.forms import Code, NewPassword, SignIn
from forestall.web.people.models import SecondFactor
from forestall.web.rooms import first_room
from forestall.web.views import public

WRONG = msg("The name and password do not belong together")
WRONG_CODE = msg("This code is not right, is over, or was used before: enter the next one that the app shows")
WAIT = msg("Too many tries: wait {minutes} minutes and try again", minutes=int(backend.PERIOD.total_seconds() // 60))
NO_INVITATION = msg("This link was used before, is over or was replaced: ask whoever sent it for a new one")
TOO_LONG = msg("You were signed out, and what you typed is too long to be kept: go back in your browser after signing in")
KEPT = msg("You were signed out. What you typed is kept for an hour: sign in, and you can send it")
GONE = msg("What was typed here was somebody else's, or too old, and is gone")


@public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    onwards = next_of(request)
    if request.method in ("GET", "HEAD"):
        return redirect(_landing(request, onwards)) if request.user.is_authenticated else first_step(request, onwards)
    form = SignIn(request.POST)
    if not form.is_valid():
        return first_step(request, onwards, errors=form.told(), status=422)
    trail, username = Trail.of(request), form.cleaned_data["username"]
    try:
        known = backend.recognise(request, username, form.cleaned_data["password"], trail.address)
        user = actions.sign_in(request=request, username=username, user=known, trail=trail)
    except backend.TooManyError:
        return first_step(request, onwards, errors={"username": WAIT}, status=429)
    if user is None:
        return first_step(request, onwards, errors={"username": WRONG}, status=422)
    return entered(request, onwards) if request.user.is_authenticated else _second_step(request, onwards)


@public
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The code of the app, or a recovery code."""
    return _code_step(request, actions.give_code, lambda _: entered(request, next_of(request)))


@public
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """The app gets its secret, and shows a first code."""
    return _code_step(request, actions.confirm_second_factor, lambda codes: show_recovery_codes(request, codes))


def _code_step(request: HttpRequest, act: Callable[..., Any], then: Callable[[Any], HttpResponse]) -> HttpResponse:
    onwards = next_of(request)
    if door.pending(request) is None:
        if request.user.is_authenticated:
            return redirect(_landing(request, onwards))
        return first_step(request, onwards, status=200 if request.method in ("GET", "HEAD") else 401)
    if request.method in ("GET", "HEAD"):
        return second_step_page(request, onwards)
    form = Code(request.POST)
    if not form.is_valid():
        return second_step_page(request, onwards, errors=form.told(), status=422)
    try:
        done = act(request=request, code=form.cleaned_data["code"], trail=Trail.of(request))
    except backend.TooManyError:
        return second_step_page(request, onwards, errors={"code": WAIT}, status=429)
    except PermissionDenied:  # of the two pages of this step the other one is due
        return _second_step(request, onwards)
    if done is None:
        return second_step_page(request, onwards, errors={"code": WRONG_CODE}, status=422)
    return then(done)


def first_step(
    request: HttpRequest, onwards: str, *, errors: dict[str, Message] | None = None, status: int = 200, notice: Any = None
) -> HttpResponse:
    """The page of name and password, with the draft that it carries on."""
    context = {
        "onwards": onwards,
        "sealed_draft": draft_of(request),
        "errors": errors or {},
        "username": request.POST.get("username", "") if request.path == reverse("sign-in") else "",
        "provider": settings.OIDC is not None,
        "notice": notice,
    }
    return render(request, "sign_in.html", context, status=status)


def _second_step(request: HttpRequest, onwards: str) -> HttpResponse:
    """To the page of the second factor: by its address, or here where there is a draft to carry on."""
    if draft_of(request):
        return second_step_page(request, onwards)
    name = "sign-in-code" if second_factor.confirmed(door.pending(request)) else "sign-in-set-up"
    return redirect(f"{reverse(name)}?{urlencode({'next': onwards})}")


def second_step_page(
    request: HttpRequest, onwards: str, *, errors: dict[str, Message] | None = None, status: int = 200
) -> HttpResponse:
    user = door.pending(request)
    factor = SecondFactor.objects.filter(user=user).first()
    context = {"onwards": onwards, "sealed_draft": draft_of(request), "errors": errors or {}}
    if factor is not None and factor.confirmed_at is not None:
        return render(request, "people/code.html", context, status=status)
    secret = second_factor.secret_of(factor) if factor else ""
    if not secret:
        return first_step(request, onwards, status=401)
    spaced = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    context |= {"picture": second_factor.picture(user, secret), "secret": spaced}
    return render(request, "people/set_up.html", context, status=status)


def show_recovery_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    context = {"codes": codes, "onwards": _landing(request, next_of(request)), "sealed_draft": draft_of(request)}
    return render(request, "people/recovery_codes.html", context)


def entered(request: HttpRequest, onwards: str) -> HttpResponse:
    """On to what the person came for: what was typed before, or a page."""
    return show_kept(request) if draft_of(request) else redirect(_landing(request, onwards))


def signed_out(request: HttpRequest) -> HttpResponse:
    """The answer to a form whose session was over: the door, with what was typed."""
    found = drafts.of(request)
    request.sealed_draft = drafts.seal(found) if found else ""
    onwards = urlsplit(request.headers.get("Referer", ""))._replace(scheme="", netloc="", fragment="").geturl()
    onwards = onwards if onwards.startswith("/") and _safe(request, onwards) else reverse("home")
    notice = KEPT if found else TOO_LONG if request.POST else None
    return first_step(request, onwards, status=401, notice=notice)


def stale(request: HttpRequest) -> HttpResponse | None:
    """What somebody typed in a page from before the last sign-in: shown again, where the browser says that it comes from
    this workplace and the person is the same; else None."""
    found = drafts.of(request) if request.user.is_authenticated else None
    origin = f"{'https' if request.is_secure() else 'http'}://{request.get_host()}"
    if found is None or found.owner != request.user.pk or request.headers.get("Origin") != origin:
        return None
    return _kept_page(request, found)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def kept(request: HttpRequest) -> HttpResponse:
    """What was typed before signing in, after the page of the recovery codes."""
    if request.method in ("GET", "HEAD"):
        return redirect("home")
    if not request.user.is_authenticated:
        return first_step(request, next_of(request), status=401, notice=KEPT if draft_of(request) else None)
    return show_kept(request)


def show_kept(request: HttpRequest) -> HttpResponse:
    """The draft, to be sent by its owner; whoever else signs in does not see it."""
    found = drafts.unseal(draft_of(request))
    if found is None or found.owner != request.user.pk:
        return render(request, "sentence.html", {"words": GONE}, status=200)
    return _kept_page(request, found)


def _kept_page(request: HttpRequest, found: drafts.Draft) -> HttpResponse:
    shown = [(name, value) for name, value in found.fields if value.strip()]
    return render(request, "people/kept.html", {"kept": found, "shown": shown})


def draft_of(request: HttpRequest) -> str:
    """The sealed draft that a page carries on; '' where there is none."""
    sealed = getattr(request, "sealed_draft", None)
    if sealed is not None:
        return sealed
    on_the_way = request.resolver_match and request.resolver_match.url_name in CARRYING
    return request.POST.get("draft", "") if on_the_way else ""


#: The pages that hand a draft on.
CARRYING = frozenset(
    {"sign-in", "sign-in-code", "sign-in-set-up", "sign-in-kept", "language", "organisation", "organisation-back"}
)


@public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choosing a password by an invitation's link; the second factor comes next."""
    found = invitations.find(token)
    if found is None:
        return render(request, "sentence.html", {"words": NO_INVITATION}, status=404)
    form = NewPassword(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.accept_invitation(
                request=request, token=token, password=form.cleaned_data["password"], trail=Trail.of(request)
            )
        except PermissionDenied:
            return render(request, "sentence.html", {"words": NO_INVITATION}, status=404)
        return redirect("sign-in-code" if second_factor.confirmed(found.user) else "sign-in-set-up")
    errors = form.told() if request.method == "POST" else {}
    context = {"person": found.user, "errors": errors}
    return render(request, "people/invitation.html", context, status=422 if errors else 200)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    actions.sign_out(request=request, trail=Trail.of(request))
    return redirect("sign-in")


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    chosen = actions.choose_language(language=request.POST.get("language", ""), trail=Trail.of(request))
    onwards = next_of(request)
    if draft_of(request) and not request.user.is_authenticated:
        with translation.override(chosen):
            waiting = door.pending(request) is not None
            response = second_step_page(request, onwards) if waiting else first_step(request, onwards, notice=KEPT)
            response.headers["Content-Language"] = chosen
    else:
        response = redirect(onwards)
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
    return onwards if onwards.startswith("/") and _safe(request, onwards) else reverse("home")


def _safe(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure())


def _landing(request: HttpRequest, onwards: str) -> str:
    """The page that somebody came for; who came for none in particular starts in the first room that is theirs."""
    return first_room(request.user) if onwards == reverse("home") else onwards
