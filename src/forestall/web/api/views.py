"""The interface's description, as data and as a page; and a person's tokens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forestall.text import Message
from forestall.web.api import actions, present, problems, selectors, tokens
from forestall.web.api.api import behind_its_own_door
from forestall.web.api.api import description as described
from forestall.web.audit.trail import Trail
from forestall.web.plans.rules import RefusedError


@behind_its_own_door
@require_safe
def description(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The OpenAPI description. It tells nothing of anybody and is for whoever asks."""
    return JsonResponse(described(get_script_prefix()), json_dumps_params={"ensure_ascii": False})


@csrf_exempt
@behind_its_own_door
def nothing(request: HttpRequest, rest: str) -> HttpResponse:  # noqa: ARG001
    """Where no operation is."""
    return problems.problem(request, 404, problems.NOT_FOUND)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The description, to read."""
    return render(request, "api/reference.html", {"groups": present.groups(described(get_script_prefix()))})


@require_http_methods(["GET", "HEAD", "POST"])
def account_tokens(request: HttpRequest) -> HttpResponse:
    """A person's tokens, and a form to make one; its letters are shown once."""
    errors: dict[str, Message] = {}
    if request.method == "POST":
        days = request.POST.get("days", "")
        try:
            made, plain = actions.make_token(
                name=request.POST.get("name", ""), days=int(days) if days.isdecimal() and len(days) < 5 else 0,
                reads_only=request.POST.get("changes") != "yes", trail=Trail.of(request),
            )  # fmt: skip
        except RefusedError as refused:
            errors["name"] = refused.reasons[0]
        else:
            return render(request, "api/token.html", {"made": made, "plain": plain})
    context = {"tokens": selectors.tokens(request.user), "days": tokens.DAYS, "errors": errors, "sent": request.POST}
    return render(request, "api/tokens.html", context, status=422 if errors else 200)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    actions.revoke_token(token=pk, trail=Trail.of(request))
    return redirect("account-tokens")
