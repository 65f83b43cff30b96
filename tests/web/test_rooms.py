"""Where each role begins after signing in."""

from __future__ import annotations

import pytest
from django.urls import reverse

from forestall.web.people.permissions import ROLES
from web.conftest import PASSWORD

BEGINS = {
    "analyst": "home", "officer": "my-work", "supervisor": "portfolio", "chief-officer": "home", "hub": "home",
    "partner": "my-council", "commissioner": "published", "registrar": "home", "data-protection": "audit",
    "administrator": "people",
}  # fmt: skip


def test_every_role_has_a_beginning():
    assert set(BEGINS) == set(ROLES)


@pytest.mark.parametrize("role", BEGINS)
def test_each_role_begins_where_its_work_is(client, person, role):
    user = person(role)
    user.is_demo = True  # a real account shows a second factor first
    user.save()
    sent = client.post("/sign-in/", {"username": role, "password": PASSWORD})
    assert sent.status_code == 302, sent.content.decode()[:500]
    assert sent.headers["Location"] == reverse(BEGINS[role])
    assert client.get(sent.headers["Location"]).status_code == 200


def test_who_came_for_a_page_gets_that_page(client, person):
    user = person("officer")
    user.is_demo = True
    user.save()
    sent = client.post("/sign-in/", {"username": "officer", "password": PASSWORD, "next": "/plans/"})
    assert sent.headers["Location"] == "/plans/"
