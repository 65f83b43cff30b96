"""The administrator's pages: people, invitations, roles, leavers, organisations and units."""

import datetime as dt
import html
import itertools
import re

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from forestall.web.actions import ACTIONS, OPERATOR
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people import people_actions
from forestall.web.people.fitting import fits, may_hold
from forestall.web.people.leaving import left
from forestall.web.people.models import HeldRole, Invitation, Organisation, Unit, User
from forestall.web.people.permissions import ROLES, Permission
from forestall.web.people.refusal import RefusedError

pytestmark = pytest.mark.django_db
LOG = {Permission.SEE_AUDIT, Permission.EXPORT_AUDIT}
STRONG = "four words that differ"


@pytest.fixture
def force():
    return Organisation.objects.create(slug="force", name="Gwent Police", name_cy="Heddlu Gwent", kind="force")


@pytest.fixture
def council():
    return Organisation.objects.create(slug="council", name="Northtown Council", kind="council")


@pytest.fixture
def team(force):
    return Unit.objects.create(organisation=force, kind="neighbourhood-team", slug="t", name="North", areas=["W06000001"])


@pytest.fixture
def admin(client, person, force):
    """An administrator of everything, signed in."""
    user = person("administrator")
    User.objects.filter(pk=user.pk).update(organisation=force)
    client.force_login(user)
    return User.objects.get(pk=user.pk)


def add(client, place, **more):
    given = {"username": "1234", "name": "Sam Bevan", "email": "sam@example.org", "organisation": place.pk, "unit": ""}
    return client.post("/people/add/", {**given, **more})


def link_in(answer):
    return re.search(r'id="link">http://testserver(/invitation/[^<]+)<', answer.content.decode()).group(1)


@pytest.mark.usefixtures("admin")
def test_from_an_invitation_to_a_first_sign_in(client, force, team):
    answer = add(client, force, unit=team.pk)
    link = link_in(answer)
    assert "was not sent" in answer.content.decode()
    sam = User.objects.get(username="1234")
    assert (sam.name, sam.organisation, sam.unit, sam.has_usable_password()) == ("Sam Bevan", force, team, False)
    assert link.split("/")[2] not in str(list(Invitation.objects.values()))
    newcomer = Client()
    assert "Sam Bevan" in newcomer.get(link).content.decode()
    for weak in ("", "short", "123456789012"):
        assert newcomer.post(link, {"password": weak}).status_code == 422
    assert newcomer.post(link, {"password": STRONG}).headers["Location"] == "/sign-in/set-up/"
    assert newcomer.get("/account/").status_code == 302, "the second factor comes first"
    assert "QR" in newcomer.get("/sign-in/set-up/").content.decode()
    again = Client()
    assert again.get(link).status_code == 404
    assert again.post(link, {"password": "another good password"}).status_code == 404
    assert User.objects.get(pk=sam.pk).check_password(STRONG)
    assert [e.act for e in Event.objects.filter(record=f"user:{sam.pk}")] == ["add-person", "accept-invitation"]


@pytest.mark.usefixtures("admin")
def test_a_link_ends_after_a_week_and_with_the_next_one(client, force):
    first = link_in(add(client, force))
    sam = User.objects.get(username="1234")
    second = link_in(client.post(f"/people/{sam.pk}/invite/"))
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    Invitation.objects.update(expires_at=timezone.now())
    assert Client().get(second).status_code == 404
    third = link_in(client.post(f"/people/{sam.pk}/invite/"))
    client.post(f"/people/{sam.pk}/close/")
    assert Client().get(third).status_code == 404
    assert Client().get("/invitation/forged/").status_code == 404


@pytest.mark.usefixtures("admin")
def test_it_is_sent_where_the_workplace_sends_mail(client, force, settings):
    settings.MAIL = True
    User.objects.filter(username="administrator").update(language="cy")
    answer = add(client, force)
    assert link_in(answer) in mail.outbox[0].body
    assert mail.outbox[0].to == ["sam@example.org"]
    assert "sam@example.org" in answer.content.decode()


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"username": ""}, "one word"), ({"username": "two words"}, "one word"), ({"username": "a/b"}, "one word"),
        ({"username": "Administrator"}, "already"), ({"name": ""}, "person's name"),
        ({"email": "x"}, "e-mail address such"),
        ({"organisation": 999}, "person's organisation"), ({"unit": 999}, "one of the units"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_person(client, force, wrong, told):
    answer = add(client, force, **wrong)
    assert answer.status_code == 422
    assert told in html.unescape(answer.content.decode())
    assert User.objects.count() == 1


@pytest.mark.usefixtures("admin")
def test_an_address_is_one_persons_and_a_unit_one_organisations(client, force, council, team):
    add(client, force)
    assert "another person" in add(client, force, username="2", email="SAM@example.org").content.decode()
    assert "another organisation" in add(client, council, username="2", email="", unit=team.pk).content.decode()
    sam = User.objects.get(username="1234")
    changed = {"name": "Sam B", "email": "sam@example.org", "organisation": council.pk, "unit": ""}
    assert client.post(f"/people/{sam.pk}/change/", changed).status_code == 302
    assert User.objects.get(pk=sam.pk).organisation == council
    assert Event.objects.get(act="change-person").detail == {"changed": ["name", "organisation"]}


@pytest.mark.usefixtures("admin")
def test_roles_come_and_go_with_their_days(client, person, force, team):
    sam = person("", username="sam")
    User.objects.filter(pk=sam.pk).update(organisation=force)
    today = timezone.localdate()

    def give(**more):
        return client.post(f"/people/{sam.pk}/roles/", {"role": "officer", "organisation": force.pk, **more})

    assert give(unit=team.pk, until=today.isoformat()).status_code == 302
    held = User.objects.get(pk=sam.pk)
    assert held.areas(Permission.SEE_SIGNALS) == {"W06000001"}
    assert held.organisations(Permission.SEE_SIGNALS) == {force.pk}
    role = HeldRole.objects.get(user=sam)
    assert role.until == timezone.make_aware(dt.datetime.combine(today + dt.timedelta(days=1), dt.time()))
    assert "North" in client.get(f"/people/{sam.pk}/").content.decode()
    assert client.post(f"/people/roles/{role.pk}/take/").status_code == 302
    assert not User.objects.get(pk=sam.pk).may(Permission.SEE_SIGNALS)
    give(role="registrar", since=(today + dt.timedelta(days=3)).isoformat())
    assert not User.objects.get(pk=sam.pk).may(Permission.JUDGE_EVENTS), "it begins in three days"
    for wrong in (
        {"role": "king"},
        {"until": "2020-01-01"},
        {"since": "soon"},
        {"organisation": 999},
        {"organisation": ""},
    ):
        assert give(**wrong).status_code == 422
    assert [e.act for e in Event.objects.filter(record=f"user:{sam.pk}")] == ["give-role", "take-role", "give-role"]


@pytest.mark.usefixtures("admin")
def test_nobody_takes_a_role_along_to_an_organisation_that_it_does_not_fit(client, person, force, council):
    sam = person("", username="sam")
    User.objects.filter(pk=sam.pk).update(organisation=force)
    moved = {"name": "Sam", "email": "", "organisation": council.pk, "unit": ""}
    for how in ({"organisation": force}, {}, {"organisation": force, "since": timezone.now() + dt.timedelta(days=3)}):
        held = HeldRole.objects.create(user=sam, role="analyst", **how)
        answer = client.post(f"/people/{sam.pk}/change/", moved)
        assert answer.status_code == 422
        assert "Nobody of Northtown Council may hold the role Analyst" in answer.content.decode()
        assert User.objects.get(pk=sam.pk).organisation == force
        held.delete()
    HeldRole.objects.create(user=sam, role="analyst", organisation=force, until=timezone.now())
    assert client.post(f"/people/{sam.pk}/change/", moved).status_code == 302, "what is over hinders nobody"
    for role, organisation in (("analyst", force.pk), ("data-protection", "")):
        answer = client.post(f"/people/{sam.pk}/roles/", {"role": role, "organisation": organisation})
        assert answer.status_code == 422, "a person of the council gets no view of the force"
    assert User.objects.get(pk=sam.pk).held() == []


@pytest.mark.usefixtures("admin")
def test_no_area_is_given_to_a_role_that_none_confines(client, person, force, team):
    sam = person("", username="sam")
    User.objects.filter(pk=sam.pk).update(organisation=force)
    for where in ({"area": "W06000001"}, {"unit": team.pk}):
        for role in ("administrator", "data-protection"):
            given = {"role": role, "organisation": force.pk, **where}
            answer = client.post(f"/people/{sam.pk}/roles/", given)
            assert answer.status_code == 422
            assert "held everywhere" in answer.content.decode()


def test_a_unit_without_areas_is_nowhere_and_not_everywhere(person, force):
    nowhere = Unit.objects.create(organisation=force, kind="team", slug="n", name="N")
    user = person("officer")
    user.roles.update(unit=nowhere)
    assert User.objects.get(pk=user.pk).areas(Permission.SEE_SIGNALS) == frozenset()


def test_a_role_is_held_once_for_the_same_thing(person, force):
    from django.db import IntegrityError, transaction

    user = person("officer")
    HeldRole.objects.create(user=user, role="officer", organisation=force)
    for same in ({}, {"organisation": force}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HeldRole.objects.create(user=user, role="officer", **same)


@pytest.mark.parametrize("kind", ["council", "health", "housing", "voluntary", "other"])
def test_no_partner_gets_the_forces_view(kind):
    organisation = Organisation(kind=kind)
    seeing = {r for r in ROLES if ROLES[r].permissions & {Permission.SEE_SIGNALS, Permission.SEE_AUDIT}}
    assert {r for r in ROLES if fits(r, organisation)} & seeing == set()
    assert {r for r in ROLES if fits(r, Organisation(kind="force"))} >= seeing - {"commissioner"}
    assert {r for r in ROLES if fits(r, None)} == {"administrator", "data-protection"}
    assert not any(may_hold(r, None, organisation) or may_hold(r, Organisation(kind="force"), organisation) for r in seeing)


def test_the_log_is_read_by_nobody_of_the_policing_body():
    """It is the whole force's log: a role of the policing body that read it would see who of the force looked at what."""
    body = Organisation(kind="policing-body")
    assert {r for r in ROLES if fits(r, body)} == {"commissioner", "partner", "administrator"}
    assert not [r for r in ROLES if ROLES[r].permissions & LOG and (fits(r, body) or may_hold(r, None, body))]


def every_change(person, admin, force):
    """Each thing that an administrator does to a person."""
    trail = Trail(admin)
    return {
        "change_person": lambda: people_actions.change_person(
            person=person, name="x", email="", organisation=force, unit=None, trail=trail
        ),
        "give_role": lambda: people_actions.give_role(
            person=person, role="chief-officer", organisation=force, unit=None, area="", since=None, until=None, trail=trail
        ),
        "take_role": lambda: people_actions.take_role(held=HeldRole.objects.filter(user=person).first(), trail=trail),
        "invite_again": lambda: people_actions.invite_again(person=person, trail=trail),
        "close_account": lambda: people_actions.close_account(person=person, trail=trail),
        "open_account": lambda: people_actions.open_account(person=person, trail=trail),
    }


def test_nobody_changes_their_own_rights(client, admin, force):
    before = (list(admin.roles.values()), User.objects.values().get(pk=admin.pk))
    for act in every_change(admin, admin, force).values():
        with pytest.raises(RefusedError, match="own rights"):
            act()
    for way in ("change", "roles", "invite", "close", "open"):
        given = {"name": "x", "organisation": force.pk, "role": "chief-officer"}
        assert client.post(f"/people/{admin.pk}/{way}/", given).status_code == 422
    own = HeldRole.objects.get(user=admin)
    assert client.post(f"/people/roles/{own.pk}/take/").status_code == 422
    changed = User.objects.values().get(pk=admin.pk)
    assert (list(admin.roles.values()), {**changed, "last_login": None}) == (before[0], {**before[1], "last_login": None})
    page = client.get(f"/people/{admin.pk}/").content.decode()
    assert "This is you" in page
    assert "Close the account" not in page


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"administrator"}))
def test_nobody_else_gets_in(reader, role, force):
    browser = reader(role)
    other = User.objects.create(username="other", organisation=force)
    for path in ("/people/", "/people/add/", f"/people/{other.pk}/", "/people/organisations/"):
        assert browser.get(path).status_code == 403
    for path in (f"/people/{other.pk}/close/", f"/people/{other.pk}/roles/", f"/people/{other.pk}/invite/"):
        assert browser.post(path).status_code == 403
    assert User.objects.get(pk=other.pk).is_active


@pytest.fixture
def local_admin(person, council):
    """An administrator of the council's people alone."""
    user = person("", username="local")
    User.objects.filter(pk=user.pk).update(organisation=council)
    HeldRole.objects.create(user=user, role="administrator", organisation=council)
    return User.objects.get(pk=user.pk)


def test_who_manages_one_organisation_sees_and_changes_its_people_only(local_admin, force, council):
    of_force = User.objects.create(username="chief", name="Chief", organisation=force)
    of_none = User.objects.create(username="none", name="None")
    HeldRole.objects.create(user=of_force, role="officer")
    own = User.objects.create(username="clerk", name="Clerk", organisation=council)
    browser = Client()
    browser.force_login(local_admin)
    page = browser.get("/people/").content.decode()
    assert "Clerk" in page
    assert "Chief" not in page
    for other in (of_force, of_none):
        assert browser.get(f"/people/{other.pk}/").status_code == 404, "as if there were none"
        for act in every_change(other, local_admin, council).values():
            with pytest.raises((PermissionDenied, AttributeError)):
                act()
    assert browser.post(f"/people/roles/{of_force.roles.get().pk}/take/").status_code == 404
    assert browser.get(f"/people/organisations/{force.pk}/").status_code == 404
    assert browser.post("/people/organisations/", {"name": "New", "kind": "other"}).status_code == 403
    assert add(browser, force).status_code == 422
    assert add(browser, council).status_code == 200
    for role, organisation, status in (
        ("partner", council.pk, 302), ("analyst", council.pk, 422), ("analyst", force.pk, 422), ("administrator", "", 422),
    ):  # fmt: skip
        given = {"role": role, "organisation": organisation}
        assert browser.post(f"/people/{own.pk}/roles/", given).status_code == status, given
    with pytest.raises(PermissionDenied):
        people_actions.give_role(
            person=own, role="administrator", organisation=None, unit=None, area="", since=None, until=None,
            trail=Trail(local_admin),
        )  # fmt: skip


@pytest.mark.parametrize("wide", ["all", "another", "later"])
def test_who_manages_one_organisation_changes_nobody_whose_role_reaches_further(local_admin, force, council, wide):
    other = User.objects.create(username="wide", name="Wide", organisation=council)
    since = timezone.now() + dt.timedelta(days=wide == "later")
    HeldRole.objects.create(user=other, role="partner", organisation=council)
    reaching = HeldRole.objects.create(
        user=other, role="administrator", organisation=force if wide == "another" else None, since=since
    )
    before = (list(HeldRole.objects.order_by("pk").values()), User.objects.values().get(pk=other.pk))
    browser = Client()
    browser.force_login(local_admin)
    for act in every_change(other, local_admin, council).values():
        with pytest.raises(RefusedError, match="reach further than yours"):
            act()
    for way in ("change", "roles", "invite", "close", "open"):
        given = {"name": "x", "organisation": council.pk, "role": "partner"}
        answer = browser.post(f"/people/{other.pk}/{way}/", given)
        assert answer.status_code == 422, way
    assert (list(HeldRole.objects.order_by("pk").values()), User.objects.values().get(pk=other.pk)) == before
    assert not Invitation.objects.exists()
    HeldRole.objects.filter(pk=reaching.pk).update(since=timezone.now(), until=timezone.now())
    assert browser.post(f"/people/{other.pk}/close/").status_code == 302, "the wider role is over"


@pytest.mark.usefixtures("admin")
def test_a_leaver_is_out_at_once_and_others_hear_of_it(client, person, force):
    sam = person("analyst", username="sam")
    User.objects.filter(pk=sam.pk).update(organisation=force)
    HeldRole.objects.create(user=sam, role="hub", until=timezone.now() + dt.timedelta(days=9))
    session = Client()
    session.force_login(sam)
    assert session.get("/").status_code == 200
    heard = []

    def hear(person, trail, **_):
        heard.append((person.pk, trail.actor.username))

    left.connect(hear)
    try:
        client.post(f"/people/{sam.pk}/close/")
    finally:
        left.disconnect(hear)
    assert heard == [(sam.pk, "administrator")]
    assert session.get("/").status_code == 302
    gone = User.objects.get(pk=sam.pk)
    assert (gone.is_active, gone.left_at is not None, gone.held()) == (False, True, [])
    assert "sam" not in client.get("/people/").content.decode()
    assert "sam" in client.get("/people/?left=1").content.decode()
    link = link_in(client.post(f"/people/{sam.pk}/open/"))
    assert Client().get(link).status_code == 200
    assert User.objects.get(pk=sam.pk).held() == [], "who comes back has no role"


def test_a_listener_that_fails_keeps_the_account_open(admin, person):
    """Otherwise plans of somebody who left would stay unflagged."""
    sam = person("analyst", username="sam")

    def fail(**_):
        raise ValueError("no")

    left.connect(fail)
    try:
        with pytest.raises(ValueError, match="no"):
            people_actions.close_account(person=sam, trail=Trail(admin))
    finally:
        left.disconnect(fail)
    assert User.objects.get(pk=sam.pk).is_active
    assert not Event.objects.filter(act="close-account").exists()


@pytest.mark.usefixtures("admin")
def test_looking_for_people(client, force):
    for i in range(60):
        User.objects.create(username=f"u{i}", name=f"Person {i}", organisation=force)
    page = client.get("/people/").content.decode()
    assert "61 people have an account" in page
    assert "page=2" in page
    assert client.get("/people/?page=2").status_code == 200
    assert client.get("/people/?page=x").status_code == 200
    assert "1 person fits" in client.get("/people/?q=person+42").content.decode()
    assert "0 people fit" in client.get("/people/?q=%00<script>").content.decode()


def test_the_list_takes_a_fixed_number_of_queries(client, force, admin, django_assert_max_num_queries):
    del admin
    for i in range(50):
        user = User.objects.create(username=f"u{i}", name=f"Person {i}", organisation=force)
        HeldRole.objects.create(user=user, role="officer")
    with django_assert_max_num_queries(14):
        client.get("/people/")


@pytest.mark.usefixtures("admin")
def test_organisations_and_their_units(client, force, team):
    assert client.post("/people/organisations/", {"name": "Cartrefi", "kind": "housing"}).status_code == 302
    made = Organisation.objects.get(slug="cartrefi")
    assert client.post("/people/organisations/", {"name": "CARTREFI", "kind": "housing"}).status_code == 422
    assert client.post("/people/organisations/", {"name": "日本", "kind": "housing"}).status_code == 422
    address = f"/people/organisations/{force.pk}/"
    ward = {"name": "Ward one", "kind": "ward", "parent": team.pk, "areas": "W05000001, W05000002"}
    assert client.post(address, ward).status_code == 302
    assert Unit.objects.get(slug="ward-one").areas == ["W05000001", "W05000002"]
    assert client.post(address, ward).status_code == 422
    assert client.post(address, {**ward, "name": "x", "areas": "a" * 21}).status_code == 422
    other = client.post(f"/people/organisations/{made.pk}/", {**ward, "name": "Two"})
    assert other.status_code == 422, "a unit is part of its own organisation"
    assert "f-tree__1" in client.get(address).content.decode()
    assert client.get("/people/organisations/999/").status_code == 404


ROLE_NAMES = sorted(ROLES)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(ROLE_NAMES), st.integers(0, 2),
                          st.sampled_from(["give", "take", "close", "open", "move"])), max_size=12))  # fmt: skip
def test_no_sequence_of_changes_raises_anybodys_own_rights(db, moves):
    """Whoever acts on whom: what a person may do never changes by the person's own act, nobody gets a role that does not
    fit its organisation and theirs, and who is confined to an organisation changes nobody else's people and nobody whose
    role reaches further."""
    del db
    from django.db import transaction

    with transaction.atomic():
        places = [
            Organisation.objects.create(slug=f"o{i}", name=f"O{i}", kind=k) for i, k in enumerate(("force", "council"))
        ]
        people = [User.objects.create(username=f"p{i}", organisation=places[i % 2]) for i in range(4)]
        HeldRole.objects.create(user=people[0], role="administrator")
        HeldRole.objects.create(user=people[1], role="administrator", organisation=places[1])
        for actor, target, role, where, what in moves:
            who, whom = (User.objects.get(pk=people[i].pk) for i in (actor, target))
            place = (*places, None)[where]
            before = {(r.role, r.organisation_id) for r in whom.held()}
            reach = who.reach(Permission.MANAGE_PEOPLE)
            theirs = {whom.organisation_id, *(r.organisation_id for r in whom.held())}
            outside = reach is not None and not theirs <= reach
            try:
                with transaction.atomic():
                    _do(what, who, whom, role, place)
            except (RefusedError, PermissionDenied):
                pass
            after = {(r.role, r.organisation_id) for r in User.objects.get(pk=whom.pk).held()}
            if actor == target or outside or not who.may(Permission.MANAGE_PEOPLE):
                assert after == before
        named = {p.pk: p for p in places}
        for held in HeldRole.objects.filter(until=None).select_related("user"):
            assert may_hold(held.role, named.get(held.organisation_id), named[held.user.organisation_id])
        transaction.set_rollback(True)


def _do(what, who, whom, role, place):
    trail = Trail(who)
    if what == "give":
        people_actions.give_role(
            person=whom, role=role, organisation=place, unit=None, area="", since=None, until=None, trail=trail
        )
    elif what == "take":
        for held in HeldRole.objects.filter(user=whom):
            people_actions.take_role(held=held, trail=trail)
    elif what == "close":
        people_actions.close_account(person=whom, trail=trail)
    elif what == "open":
        people_actions.open_account(person=whom, trail=trail)
    elif place is not None:
        people_actions.change_person(person=whom, name="x", email="", organisation=place, unit=None, trail=trail)


def test_no_page_offers_what_only_the_operator_does():
    only = {name for name, needs in ACTIONS.items() if needs == OPERATOR and name.startswith("people.")}
    assert only == {"people.make_account", "people.make_demo_accounts", "people.reset_second_factor"}
    from pathlib import Path

    import forestall.web.people as app

    views = "".join(f.read_text(encoding="utf-8") for f in Path(app.__path__[0]).glob("*views.py"))
    assert not [name for name in itertools.chain(only) if name.split(".")[1] in views]
