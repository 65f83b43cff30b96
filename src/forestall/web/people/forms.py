"""What people type at the door and in the pages of people and agreements. Each field has one sentence for what is wrong
with it, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password

from forestall.text import Message, msg
from forestall.web.people.models import Agreement, Organisation, Unit, User, area_codes
from forestall.web.people.permissions import ROLES

DATE = msg("Give a day such as 2026-03-31")
LENGTH = 12
#: More than a search or a name needs; a text of an agreement may be long.
LONG = 4000


class Told(forms.Form):
    """``tell``: field -> the sentence of any mistake in it."""

    tell: ClassVar[Mapping[str, Message]] = {}

    def told(self) -> dict[str, Message]:
        return {name: self.tell[name] for name in self.fields if name in self.errors}


class SignIn(Told):
    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=1000, strip=False)
    tell: ClassVar = {"username": msg("Enter your name"), "password": msg("Enter your password")}


class Code(Told):
    code = forms.CharField(max_length=40)
    tell: ClassVar = {"code": msg("Enter the code")}


class NewPassword(Told):
    """A new password, typed once: the page can show it."""

    password = forms.CharField(max_length=1000, strip=False)
    tell: ClassVar = {
        "password": msg(
            "Choose at least {length} letters, not digits alone, and no password that many people use", length=LENGTH
        )
    }

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]


class ChangePassword(NewPassword):
    old_password = forms.CharField(max_length=1000, strip=False)
    tell: ClassVar = {**NewPassword.tell, "old_password": msg("Enter your password of until now")}


class Person(Told):
    name = forms.CharField(max_length=200)
    email = forms.EmailField(max_length=254, required=False)
    organisation = forms.ModelChoiceField(Organisation.objects.none())
    unit = forms.ModelChoiceField(Unit.objects.none(), required=False)
    tell: ClassVar = {
        "name": msg("Enter the person's name"),
        "email": msg("Give an e-mail address such as name@example.org, or none"),
        "organisation": msg("Choose the person's organisation"),
        "unit": msg("Choose one of the units, or none"),
    }

    def __init__(self, *args: Any, organisations: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset, self.fields["unit"].queryset = organisations, units


class NewPerson(Person):
    username = forms.RegexField(r"^[^\s/]+$", max_length=150)
    tell: ClassVar = {**Person.tell, "username": msg("Give the account a name of one word, without spaces")}


class Role(Told):
    role = forms.ChoiceField(choices=[(slug, slug) for slug in ROLES])
    organisation = forms.ModelChoiceField(Organisation.objects.none(), required=False)
    unit = forms.ModelChoiceField(Unit.objects.none(), required=False)
    area = forms.CharField(max_length=20, required=False)
    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    tell: ClassVar = {
        "role": msg("Choose a role"),
        "organisation": msg("Choose the organisation that the role is held for"),
        "unit": msg("Choose one of the units, or none"),
        "area": msg("Give the code of one area, or none"),
        "since": DATE,
        "until": DATE,
    }

    def __init__(self, *args: Any, organisations: Any, units: Any, may_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset, self.fields["unit"].queryset = organisations, units
        self.fields["organisation"].required = not may_all


class NewOrganisation(Told):
    name = forms.CharField(max_length=200)
    name_cy = forms.CharField(max_length=200, required=False)
    kind = forms.ChoiceField(choices=Organisation.Kind.choices)
    tell: ClassVar = {
        "name": msg("Enter the organisation's name"),
        "name_cy": msg("Give a Welsh name of at most 200 letters, or none"),
        "kind": msg("Choose what kind of organisation it is"),
    }


class NewUnit(Told):
    name = forms.CharField(max_length=200)
    name_cy = forms.CharField(max_length=200, required=False)
    kind = forms.ChoiceField(choices=Unit.Kind.choices)
    parent = forms.ModelChoiceField(Unit.objects.none(), required=False)
    areas = forms.CharField(max_length=LONG, required=False)
    tell: ClassVar = {
        "name": msg("Enter the unit's name"),
        "name_cy": msg("Give a Welsh name of at most 200 letters, or none"),
        "kind": msg("Choose what kind of unit it is"),
        "parent": msg("Choose one of the units, or none"),
        "areas": msg("Give the codes of the unit's areas with spaces between, each of at most 20 letters"),
    }

    def __init__(self, *args: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = units

    def clean_areas(self) -> list[str]:
        codes = self.cleaned_data["areas"].replace(",", " ").split()
        area_codes(codes)
        return codes


class Dates(Told):
    """When an agreement is looked at again, and its last day."""

    review_on = forms.DateField(input_formats=["%Y-%m-%d"])
    expires = forms.DateField(input_formats=["%Y-%m-%d"])
    tell: ClassVar = {"review_on": DATE, "expires": DATE}


class Withdrawal(Told):
    on = forms.DateField(input_formats=["%Y-%m-%d"])
    tell: ClassVar = {"on": DATE}


class NewAgreement(Dates):
    reference = forms.CharField(max_length=60)
    title = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=Agreement.Kind.choices)
    parties = forms.ModelMultipleChoiceField(Organisation.objects.order_by("name"))
    purpose = forms.CharField(max_length=LONG)
    legal_basis = forms.CharField(max_length=LONG)
    starts = forms.DateField(input_formats=["%Y-%m-%d"])
    field_order = ("reference", "title", "kind", "parties", "purpose", "legal_basis", "starts", "review_on", "expires")
    tell: ClassVar = {
        **Dates.tell,
        "reference": msg("Enter the agreement's reference"),
        "title": msg("Enter the agreement's title"),
        "kind": msg("Choose what kind of agreement it is"),
        "parties": msg("Choose at least two parties"),
        "purpose": msg("Say what the information is shared for"),
        "legal_basis": msg("Say which law allows it"),
        "starts": DATE,
    }


def initial(person: User) -> dict[str, Any]:
    """What the form of a person starts with."""
    return {
        "name": person.name,
        "email": person.email,
        "organisation": person.organisation_id,
        "unit": person.unit_id,
    }
