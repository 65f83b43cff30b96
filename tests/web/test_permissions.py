"""The truth tables, one an app: a row a role, a column an action."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

import forestall.web
from forestall.web.actions import ACTIONS, ANYONE, OPERATOR, action, allowed
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import ROLES, Permission

HERE = Path(__file__).parent / "truth"


def truth() -> dict[str, dict[str, bool]]:
    """role -> action -> whether it may, from one table an app: ``truth/<app>.txt``."""
    table: dict[str, dict[str, bool]] = {}
    for file in sorted(HERE.glob("*.txt")):
        head, *rows = (line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
        assert {role for role, *_ in rows} == set(ROLES), file.name
        for role, *cells in rows:
            assert len(cells) == len(head) - 1, (file.name, role)
            assert set(cells) <= {"yes", "no"}, (file.name, role)
            row = table.setdefault(role, {})
            row.update({f"{file.stem}.{name}": cell == "yes" for name, cell in zip(head[1:], cells, strict=True)})
    return table


TABLE = truth()
COLUMNS = tuple(TABLE["analyst"])


def load_all_actions():
    found = set()
    for app in pkgutil.iter_modules(forestall.web.__path__):
        if not app.ispkg:
            continue
        package = importlib.import_module(f"forestall.web.{app.name}")
        for part in pkgutil.iter_modules(package.__path__):
            if part.name != "actions" and not part.name.endswith("_actions"):
                continue
            name = f"{package.__name__}.{part.name}"
            found |= {
                f"{app.name}.{n}"
                for n, f in inspect.getmembers(importlib.import_module(name), inspect.isfunction)
                if inspect.unwrap(f).__module__ == name and not n.startswith("_")
            }
    return found


@pytest.fixture(autouse=True)
def every_action():
    """Each test knows all actions, whichever was imported before it."""
    load_all_actions()


def test_every_action_has_a_column_and_every_role_a_row():
    assert load_all_actions() == set(ACTIONS) == set(COLUMNS)
    assert set(TABLE) == set(ROLES)


@pytest.mark.django_db
@pytest.mark.parametrize("role", TABLE)
def test_truth_table(role, person):
    user = person(role)
    assert {name: allowed(name, user) for name in COLUMNS} == TABLE[role]


@pytest.mark.django_db
def test_without_a_role_nothing_is_seen_and_the_operator_sees_nothing_either(person):
    nobody = person("", username="nobody")
    for name in COLUMNS:
        needs = ACTIONS[name]
        assert allowed(name, nobody) is (needs == ANYONE)
        assert allowed(name, None) is (needs in (ANYONE, OPERATOR))


@pytest.mark.django_db
def test_an_action_refuses_before_it_acts(person):
    done = []

    def mend(*, trail):
        done.append(trail)

    mend.__module__ = "forestall.web.test.actions"
    try:
        guarded = action(Permission.SEE_AUDIT)(mend)
        with pytest.raises(PermissionDenied):
            guarded(trail=Trail(person("analyst")))
        assert not done
        guarded(trail=Trail(person("data-protection")))
        assert len(done) == 1
    finally:
        ACTIONS.pop("test.mend")


def test_an_action_must_take_a_trail():
    def forgetful(*, name):
        return name

    with pytest.raises(TypeError, match="trail"):
        action(ANYONE)(forgetful)


@pytest.mark.django_db
def test_a_role_ends_when_its_time_is_over(person):
    import datetime as dt

    from django.utils import timezone

    user = person("analyst")
    user.roles.update(until=timezone.now() - dt.timedelta(seconds=1))
    assert not type(user).objects.get(pk=user.pk).may(Permission.SEE_SIGNALS)
