"""The administrator's pages: people, their roles, their organisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forestall.text import Message, Name, msg
from forestall.web.audit.trail import Trail
from forestall.web.people import invitations, people_actions, present, selectors
from forestall.web.people.forms import NewOrganisation, NewPerson, NewUnit, Person, Role, initial
from forestall.web.people.models import Unit, User
from forestall.web.people.permissions import ROLES, Permission
from forestall.web.people.refusal import RefusedError
from forestall.web.views import needing

PAGE = 50
SUBJECT = msg("Your invitation to Forestall")
LETTER = msg(
    "{name}, you have an account in Forestall, named {username}. Choose your password within {days} days at this "
    "address, which works once:",
    days=invitations.LASTS.days,
)


@require_safe
@needing(Permission.MANAGE_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "")[:200].replace("\x00", "")
    closed = request.GET.get("left") == "1"
    people_actions.see_people(search=search, trail=Trail.of(request))
    page = Paginator(selectors.people(request.user, search, closed=closed), PAGE).get_page(request.GET.get("page"))
    rows = [(p, present.role_rows(p.held())) for p in page]
    context = {"page": page, "rows": rows, "search": search, "closed": closed}
    return render(request, "people/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needing(Permission.MANAGE_PEOPLE)
def add(request: HttpRequest) -> HttpResponse:
    form = NewPerson(request.POST or None, **_choices(request))
    if request.method == "POST" and form.is_valid():
        try:
            user, token = people_actions.add_person(trail=Trail.of(request), **form.cleaned_data)
        except RefusedError as error:
            return _add_page(request, form, error.told)
        return _invited(request, user, token)
    return _add_page(request, form)


def _add_page(request: HttpRequest, form: NewPerson, refused: Message | None = None) -> HttpResponse:
    errors = form.told() if request.method == "POST" else {}
    context = {"form": form, "errors": errors, "refused": refused, "person": None, **_listed(request)}
    return render(request, "people/add.html", context, status=422 if errors or refused else 200)


@require_safe
@needing(Permission.MANAGE_PEOPLE)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _person_page(request, selectors.person(request.user, pk))


@require_POST
@needing(Permission.MANAGE_PEOPLE)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    one = selectors.person(request.user, pk)
    form = Person(request.POST, **_choices(request))
    return _done(request, one, form, lambda **given: people_actions.change_person(person=one, **given))


@require_POST
@needing(Permission.MANAGE_PEOPLE)
def give_role(request: HttpRequest, pk: int) -> HttpResponse:
    one = selectors.person(request.user, pk)
    may_all = request.user.reach(Permission.MANAGE_PEOPLE) is None
    form = Role(request.POST, may_all=may_all, **_choices(request))
    return _done(request, one, form, lambda **given: people_actions.give_role(person=one, **given))


def _done(request: HttpRequest, one: User, form: Any, act: Callable[..., Any]) -> HttpResponse:
    """Acts on what a form says and shows the person again, with what was wrong."""
    if not form.is_valid():
        return _person_page(request, selectors.person(request.user, one.pk), form=form, errors=form.told())
    try:
        act(trail=Trail.of(request), **form.cleaned_data)
    except RefusedError as error:
        return _person_page(request, selectors.person(request.user, one.pk), form=form, refused=error.told)
    return redirect("person", pk=one.pk)


@require_POST
@needing(Permission.MANAGE_PEOPLE)
def take_role(request: HttpRequest, pk: int) -> HttpResponse:
    held = selectors.role(request.user, pk)
    try:
        people_actions.take_role(held=held, trail=Trail.of(request))
    except RefusedError as error:
        return _person_page(request, selectors.person(request.user, held.user_id), refused=error.told)
    return redirect("person", pk=held.user_id)


@require_POST
@needing(Permission.MANAGE_PEOPLE)
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    return _with_link(request, pk, people_actions.invite_again)


@require_POST
@needing(Permission.MANAGE_PEOPLE)
def open_again(request: HttpRequest, pk: int) -> HttpResponse:
    return _with_link(request, pk, people_actions.open_account)


def _with_link(request: HttpRequest, pk: int, act: Callable[..., str]) -> HttpResponse:
    one = selectors.person(request.user, pk)
    try:
        token = act(person=one, trail=Trail.of(request))
    except RefusedError as error:
        return _person_page(request, one, refused=error.told)
    return _invited(request, one, token)


@require_POST
@needing(Permission.MANAGE_PEOPLE)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    one = selectors.person(request.user, pk)
    try:
        people_actions.close_account(person=one, trail=Trail.of(request))
    except RefusedError as error:
        return _person_page(request, one, refused=error.told)
    return redirect("person", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@needing(Permission.MANAGE_PEOPLE)
def organisations(request: HttpRequest) -> HttpResponse:
    form = NewOrganisation(request.POST or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            made = people_actions.add_organisation(trail=Trail.of(request), **form.cleaned_data)
            return redirect("organisation-units", pk=made.pk)
        except RefusedError as error:
            refused = error.told
    errors = form.told() if request.method == "POST" else {}
    context = {
        "organisations": selectors.organisations(request.user),
        "kinds": present.ORGANISATION_KINDS,
        "may_add": request.user.reach(Permission.MANAGE_PEOPLE) is None,
        "form": form, "errors": errors, "refused": refused,
    }  # fmt: skip
    return render(request, "people/organisations.html", context, status=422 if errors or refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needing(Permission.MANAGE_PEOPLE)
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    one = selectors.organisation(request.user, pk)
    units = selectors.units(request.user).filter(organisation=one)
    form = NewUnit(request.POST or None, units=units)
    refused = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            people_actions.add_unit(
                organisation=one, parent=given["parent"], kind=given["kind"], name=Name(given["name"], given["name_cy"]),
                areas=given["areas"], trail=Trail.of(request),
            )  # fmt: skip
            return redirect("organisation-units", pk=pk)
        except RefusedError as error:
            refused = error.told
    errors = form.told() if request.method == "POST" else {}
    context = {
        "organisation": one, "tree": present.tree(units), "unit_kinds": present.UNIT_KINDS,
        "kinds": present.ORGANISATION_KINDS,
        "form": form, "errors": errors, "refused": refused,
    }  # fmt: skip
    return render(request, "people/organisation.html", context, status=422 if errors or refused else 200)


def _choices(request: HttpRequest) -> dict[str, Any]:
    return {"organisations": selectors.organisations(request.user), "units": selectors.units(request.user)}


def _listed(request: HttpRequest) -> dict[str, Any]:
    """The organisations and units that a page offers; wards are left out, for nobody's place is a single ward."""
    return {
        "organisations": selectors.organisations(request.user),
        "units": selectors.units(request.user).exclude(kind=Unit.Kind.WARD),
    }


def _person_page(
    request: HttpRequest,
    one: User,
    *,
    form: Any = None,
    errors: dict[str, Message] | None = None,
    refused: Message | None = None,
) -> HttpResponse:
    context = {
        "person": one,
        "oneself": one.pk == request.user.pk,
        "roles": present.role_rows(one.roles.select_related("organisation", "unit")),
        "all_roles": ROLES.values(),
        "may_all": request.user.reach(Permission.MANAGE_PEOPLE) is None,
        "values": form.data if form is not None else initial(one),
        "which": type(form).__name__ if form is not None else "",
        "errors": errors or {},
        "refused": refused,
        **_listed(request),
    }
    return render(request, "people/person.html", context, status=422 if errors or refused else 200)


def _invited(request: HttpRequest, user: User, token: str) -> HttpResponse:
    """Shows an invitation's link, once, and sends it where the workplace sends e-mail and the person has an address."""
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    sent = bool(user.email and settings.MAIL)
    if sent:
        language = user.language or (get_language() or "en")[:2]
        words = Message(LETTER.id, {**LETTER.params, "name": str(user), "username": user.username}).render(language)
        sent = send_mail(SUBJECT.render(language), f"{words}\n\n{link}\n", None, [user.email], fail_silently=True) == 1
    context = {"person": user, "link": link, "sent": sent, "days": invitations.LASTS.days}
    return render(request, "people/invited.html", context)
