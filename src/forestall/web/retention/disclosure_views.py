"""The register of requests, one request, and the file that answers it: thin."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forestall.errors import ForestallError
from forestall.records.store import Store
from forestall.text import Message
from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.retention import actions, present, rules, selectors
from forestall.web.retention.models import Request
from forestall.web.retention.present import Answer
from forestall.web.retention.rules import RefusedError

PAGE = 50


@require_safe
def disclosures(request: HttpRequest) -> HttpResponse:
    found = actions.see_requests(trail=Trail.of(request))
    open_ = list(found.filter(decision=""))
    answered = Paginator(found.exclude(decision="").order_by("-decided_at"), PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "open": open_, "page": answered, "words": present, "today": today, "answer": present.requests_answer(open_, today),
    }  # fmt: skip
    return render(request, "retention/disclosures.html", context)


@sensitive_post_parameters("identifiers", "asked_by")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    if not allowed("retention.open_request", request.user):
        raise PermissionDenied
    given, errors = request.POST, {}
    if request.method == "POST":
        try:
            return redirect("disclosure", pk=_opened(request).pk)
        except RefusedError as refused:
            errors[refused.field] = refused.told
        except ForestallError as error:  # the key is not on this machine, or no record names a person
            errors["identifiers"] = str(error)
    context = {
        "given": given, "errors": errors, "words": present, "accounts": selectors.accounts(request.user),
        "received_on": given.get("received_on") or timezone.localdate().isoformat(),
    }  # fmt: skip
    return render(request, "retention/add.html", context, status=422 if errors else 200)


def _opened(request: HttpRequest) -> Request:
    given = request.POST
    account = None
    if given.get("account"):
        name = given["account"].strip().lower()[:150].replace("\x00", "")
        account = selectors.accounts(request.user).filter(username=name).first()
        if account is None:
            raise RefusedError(present.NO_ACCOUNT, "account")
    received = rules.day_of(given.get("received_on", ""))
    if received is None:
        raise RefusedError(rules.NO_DAY, "received_on")
    return actions.open_request(
        kind=given.get("kind", ""), asked_by=given.get("asked_by", ""), account=account,
        identifiers=given.get("identifiers", "").splitlines(), purpose=given.get("purpose", ""), received_on=received,
        trail=Trail.of(request),
    )  # fmt: skip


@require_safe
def disclosure(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, actions.read_request(pk=pk, trail=Trail.of(request)), {})


def _page(request: HttpRequest, asked: Request, errors: dict[str, Message]) -> HttpResponse:
    context = {
        "asked": asked, "parts": selectors.held(request.user, asked), "synthetic": selectors.synthetic(), "errors": errors,
        "words": present, "given": request.POST, "today": timezone.localdate(), "rows": present.ROWS,
        "disclosures": asked.disclosures.select_related("by"),
    }  # fmt: skip
    return render(request, "retention/disclosure.html", context, status=422 if errors else 200)


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        actions.answer_request(
            pk=pk, decision=request.POST.get("decision", ""), redactions=request.POST.get("redactions", ""),
            trail=Trail.of(request),
        )  # fmt: skip
    except RefusedError as refused:
        return _page(request, selectors.request(request.user, pk), {refused.field: refused.told})
    return redirect("disclosure", pk=pk)


@require_POST
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The file. It is made before it is registered, because its hash is, and leaves only once it was."""
    if not allowed("retention.disclose", request.user):
        raise PermissionDenied
    asked = selectors.request(request.user, pk)
    form = "json" if request.POST.get("form") == "json" else "html"
    held = selectors.held(request.user, asked)
    snapshot = (Store.open(settings.STORE).current or "") if asked.person_hash else ""
    made = Answer.of(asked, held, request.POST.getlist("left_out"), snapshot, selectors.synthetic())
    content = made.to_json(request.language) if form == "json" else made.to_html(request.language)
    try:
        actions.disclose(
            pk=pk, recipient=request.POST.get("recipient", ""), form=form, content=content, snapshot=snapshot,
            held=made.held, withheld=made.left_out, trail=Trail.of(request),
        )  # fmt: skip
    except RefusedError as refused:
        return _page(request, asked, {refused.field: refused.told})
    kind = "application/json" if form == "json" else "text/html; charset=utf-8"
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{present.MARKING}-request-{pk}.{form}"'
    return response
