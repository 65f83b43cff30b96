"""The workplace on a small store. Settings come from the environment, as they do when a program serves.

``FORESTALL_TEST_DATABASE_URL`` names a PostgreSQL cluster on which the same tests run (``scripts/postgres`` makes one)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

_FOLDER = tempfile.TemporaryDirectory(prefix="forestall-web-")
os.environ["FORESTALL_STORE"] = str(Path(_FOLDER.name) / "store")
os.environ["FORESTALL_DB"] = str(Path(_FOLDER.name) / "workplace.sqlite3")
if os.environ.get("FORESTALL_TEST_DATABASE_URL"):
    os.environ["FORESTALL_DATABASE_URL"] = os.environ["FORESTALL_TEST_DATABASE_URL"]
os.environ["DJANGO_SETTINGS_MODULE"] = "forestall.web.settings"

import django  # noqa: E402 - the settings read the environment when they are loaded

django.setup()

from web.clearing import let_tests_clear_the_log  # noqa: E402

let_tests_clear_the_log()

PASSWORD = "a long and dull password"  # of accounts in a database that the tests throw away


def pytest_collection_modifyitems(config, items):
    """On PostgreSQL only what touches the database runs again; the rest would find nothing new."""
    if not os.environ.get("FORESTALL_TEST_DATABASE_URL"):
        return
    touches = {"db", "transactional_db", "person", "reader"}
    kept = [i for i in items if i.get_closest_marker("django_db") or touches & set(getattr(i, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[i for i in items if i not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def made_store() -> Path:
    from web import build

    return build.store(Path(_FOLDER.name) / "made")


@pytest.fixture(autouse=True)
def store(settings, made_store):
    settings.STORE = made_store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return made_store


@pytest.fixture
def person(db):  # noqa: ARG001 - it opens the database
    """Makes a person with a role: ``person("analyst")``."""
    from forestall.web.people.models import HeldRole, User

    def make(role: str, area: str = "", username: str | None = None):
        user, _ = User.objects.get_or_create(username=username or role)
        user.set_password(PASSWORD)
        user.save()
        if role:
            HeldRole.objects.create(user=user, role=role, area=area)
        return user

    return make


@pytest.fixture
def reader(client, person):
    """Signs a person of a role in and hands the client over: ``reader("analyst")``."""

    def sign_in(role: str, area: str = ""):
        client.force_login(person(role, area))
        return client

    return sign_in
