"""The register of agreements: which there are, what ends soon, and entering, renewing and withdrawing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forestall.text import Message
from forestall.web.audit.trail import Trail
from forestall.web.people import agreement_actions, present, selectors
from forestall.web.people.forms import Dates, NewAgreement, Withdrawal
from forestall.web.people.models import Agreement, Organisation
from forestall.web.people.permissions import Permission
from forestall.web.people.refusal import RefusedError
from forestall.web.views import needing


@require_safe
@needing(Permission.MANAGE_AGREEMENTS)
def agreements(request: HttpRequest) -> HttpResponse:
    rows = [(a, present.state(a)) for a in selectors.agreements(request.user)]
    order = list(present.STATES)
    rows.sort(key=lambda row: (order.index(row[1]), row[0].expires))
    context = {
        "rows": rows,
        "states": present.STATES,
        "kinds": present.AGREEMENT_KINDS,
        "soon": sum(state == "soon" for _, state in rows),
        "over": sum(state == "over" for _, state in rows),
        "days": selectors.SOON,
    }
    return render(request, "people/agreements.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needing(Permission.MANAGE_AGREEMENTS)
def add(request: HttpRequest) -> HttpResponse:
    form = NewAgreement(request.POST or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            made = agreement_actions.add_agreement(trail=Trail.of(request), **form.cleaned_data)
            return redirect("agreement", pk=made.pk)
        except RefusedError as error:
            refused = error.told
    errors = form.told() if request.method == "POST" else {}
    context = {
        "organisations": Organisation.objects.order_by("name"),
        "chosen": request.POST.getlist("parties"),
        "kinds": present.AGREEMENT_KINDS,
        "form": form, "errors": errors, "refused": refused,
    }  # fmt: skip
    return render(request, "people/agreement_add.html", context, status=422 if errors or refused else 200)


@require_safe
@needing(Permission.MANAGE_AGREEMENTS)
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, selectors.agreement(request.user, pk))


@require_POST
@needing(Permission.MANAGE_AGREEMENTS)
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, Dates(request.POST), agreement_actions.renew_agreement)


@require_POST
@needing(Permission.MANAGE_AGREEMENTS)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, Withdrawal(request.POST), agreement_actions.withdraw_agreement)


def _change(request: HttpRequest, pk: int, form: Any, act: Callable[..., None]) -> HttpResponse:
    one = selectors.agreement(request.user, pk)
    if not form.is_valid():
        return _page(request, one, form.told())
    try:
        act(agreement=one, trail=Trail.of(request), **form.cleaned_data)
    except RefusedError as error:
        return _page(request, selectors.agreement(request.user, pk), refused=error.told)
    return redirect("agreement", pk=pk)


def _page(
    request: HttpRequest, one: Agreement, errors: dict[str, Message] | None = None, refused: Message | None = None
) -> HttpResponse:
    context = {
        "agreement": one,
        "state": present.state(one),
        "states": present.STATES,
        "kinds": present.AGREEMENT_KINDS,
        "today": timezone.localdate(),
        "values": request.POST,
        "errors": errors or {},
        "refused": refused,
    }
    return render(request, "people/agreement.html", context, status=422 if errors or refused else 200)
