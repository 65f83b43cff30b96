"""One's own account: what one may do here, the password, the recovery codes, and signing out everywhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from forestall.text import Message
from forestall.web.audit.trail import Trail
from forestall.web.people import actions, backend, second_factor, views
from forestall.web.people.forms import ChangePassword, Code
from forestall.web.people.present import role_rows


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


@sensitive_post_parameters("password", "old_password")
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    form = ChangePassword(request.POST)
    if not form.is_valid():
        return _page(request, form.told(), 422)
    old, new = form.cleaned_data["old_password"], form.cleaned_data["password"]
    try:
        if actions.change_password(request=request, old=old, new=new, trail=Trail.of(request)):
            return redirect("account")
    except backend.TooManyError:
        return _page(request, {"old_password": views.WAIT}, 429)
    return _page(request, {"old_password": form.tell["old_password"]}, 422)


@sensitive_post_parameters("code")
@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    form = Code(request.POST)
    if not form.is_valid():
        return _page(request, form.told(), 422)
    try:
        codes = actions.renew_recovery_codes(code=form.cleaned_data["code"], trail=Trail.of(request))
    except backend.TooManyError:
        return _page(request, {"code": views.WAIT}, 429)
    if codes is None:
        return _page(request, {"code": views.WRONG_CODE}, 422)
    return views.show_recovery_codes(request, codes)


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    actions.sign_out_everywhere(request=request, trail=Trail.of(request))
    return redirect("sign-in")


def _page(request: HttpRequest, errors: dict[str, Message] | None = None, status: int = 200) -> HttpResponse:
    user = request.user
    context = {
        "roles": role_rows(user.held()),
        "errors": errors or {},
        "local": user.has_usable_password(),
        "confirmed": second_factor.confirmed(user),
        "left": user.recovery_codes.filter(used_at__isnull=True).count(),
    }
    return render(request, "people/account.html", context, status=status)
