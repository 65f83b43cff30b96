"""Signing in with an organisation's own account: to its provider and back."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from forestall.text import Message
from forestall.web.audit.trail import Trail
from forestall.web.people import actions, oidc, views
from forestall.web.views import public

_DRAFT = "oidc_draft"


class _Begin(OIDCAuthenticationRequestView):
    get_settings = staticmethod(oidc.get_settings)


class _Back(OIDCAuthenticationCallbackView):
    """The flow is mozilla-django-oidc's; what a sign-in does, and what a refusal says, is ours."""

    get_settings = staticmethod(oidc.get_settings)

    def login_success(self) -> HttpResponse:
        session = self.request.session
        onwards = session.pop("oidc_login_next", None) or reverse("home")
        self.request.sealed_draft = session.pop(_DRAFT, "")
        actions.sign_in_by_organisation(request=self.request, user=self.user, trail=Trail.of(self.request))
        return views.entered(self.request, onwards)

    def login_failure(self) -> HttpResponse:
        raise oidc.RefusedError(oidc.FAILED, "the provider refused, or the session is another one")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider. A form that carries a draft keeps it in the session and goes on by a link: the policy of the pages
    lets no form be sent on to another site."""
    if settings.OIDC is None:
        raise Http404
    onwards = views.next_of(request)
    if request.user.is_authenticated:
        return redirect(onwards)
    if request.method == "POST":
        request.session[_DRAFT] = views.draft_of(request)
        address = f"{reverse('organisation')}?{urlencode({'next': onwards})}"
        return render(request, "people/to_organisation.html", {"address": address, "onwards": onwards})
    try:
        return _Begin.as_view()(request)
    except oidc.RefusedError as error:
        return _refused(request, error.told, error.why)


@public
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with its word on who it is."""
    if settings.OIDC is None:
        raise Http404
    if request.user.is_authenticated:
        return redirect("home")
    try:
        return _Back.as_view()(request)
    except oidc.RefusedError as error:
        return _refused(request, error.told, error.why)
    except SuspiciousOperation as error:
        return _refused(request, oidc.FAILED, str(error))


def _refused(request: HttpRequest, told: Message, why: str) -> HttpResponse:
    actions.refuse_organisation(why=why[:200], trail=Trail.of(request))
    request.sealed_draft = request.session.pop(_DRAFT, "")
    return views.first_step(request, reverse("home"), errors={"organisation": told}, status=422)
