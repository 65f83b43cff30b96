"""The truth table: a row a role, a column an action."""

import importlib
import inspect
import pkgutil

import pytest
from django.core.exceptions import PermissionDenied

import forestall.web
from forestall.web.actions import ACTIONS, ANYONE, OPERATOR, action, allowed
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import ROLES, Permission

COLUMNS = (
    "signals.see_summary", "signals.see_signals", "signals.read_signal", "signals.see_map", "signals.export_signals",
    "signals.export_series", "signals.see_events", "signals.export_events", "people.sign_in", "people.sign_out",
    "people.choose_language", "people.make_account", "people.make_demo_accounts", "explore.see_analysis",
    "explore.export_analysis", "signals.read_profile", "signals.export_profile",
)  # fmt: skip
#                    summary see read map export series events csv | in out language | account demo | explore | profile
TABLE = {
    "analyst":         "yes  yes yes  yes yes   yes   yes    yes      yes yes yes       no      no      yes yes  yes yes",
    "officer":         "yes  yes yes  yes yes   yes   yes    yes      yes yes yes       no      no      no  no   yes yes",
    "supervisor":      "yes  yes yes  yes yes   yes   yes    yes      yes yes yes       no      no      yes yes  yes yes",
    "chief-officer":   "yes  yes yes  yes yes   yes   yes    yes      yes yes yes       no      no      yes yes  yes yes",
    "partner":         "yes  no  no   no  no    no    no     no       yes yes yes       no      no      no  no   no  no",
    "commissioner":    "yes  yes yes  yes no    no    yes    no       yes yes yes       no      no      no  no   yes no",
    "registrar":       "yes  yes yes  yes no    no    yes    no       yes yes yes       no      no      no  no   yes no",
    "data-protection": "no   no  no   no  no    no    no     no       yes yes yes       no      no      no  no   no  no",
}  # fmt: skip


def load_all_actions():
    found = set()
    for app in pkgutil.iter_modules(forestall.web.__path__):
        if not app.ispkg:
            continue
        name = f"forestall.web.{app.name}.actions"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        found |= {
            f"{app.name}.{n}"
            for n, f in inspect.getmembers(module, inspect.isfunction)
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
    assert [("yes" if allowed(name, user) else "no") for name in COLUMNS] == TABLE[role].split()


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
