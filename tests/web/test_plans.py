"""Plans by their actions alone: what is filled in, who may see and change what, and which moves are legal."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.web.assessing import actions as testing
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, HeldRole, Organisation, User
from forestall.web.plans import actions, gates, rules, selectors, values
from forestall.web.plans.models import Hypothesis, Member, Plan, Response
from forestall.web.plans.seed import from_signal
from forestall.web.signals.pinned import pinned

pytestmark = pytest.mark.django_db
SIGNAL = "0000000001"


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")


@pytest.fixture
def colleague(person, force):
    def make(role: str, area: str = "", name: str | None = None, organisation=None):
        user = person(role, area, name)
        user.organisation = organisation or force
        user.save()
        return User.objects.get(pk=user.pk)

    return make


def trail(user):
    return Trail(User.objects.get(pk=user.pk))


def start(user, weight="standard", signal=SIGNAL, **more):
    held = pinned()
    s = next(s for s in held.scan.signals if s.id == signal)
    given = {"duplicates": (), "language": "en", **more}
    return actions.start_plan(seed=from_signal(held, s), scan=held, weight=weight, trail=trail(user), **given)


def say(user, plan, question, text, base=None, **more):
    now = plan.answers.filter(question=question, current=True).first()
    base = (now.revision if now else 0) if base is None else base
    raw = [text] if isinstance(text, str) else text
    return actions.answer(key=plan.key, question=question, raw=raw, base=base, trail=trail(user), **more)


def go(user, plan, move, **more):
    actions.move(key=plan.key, move=move, trail=trail(user), **more)
    plan.refresh_from_db()
    return plan


def designed(user, plan):
    """Everything that a standard plan must have before it responds."""
    given = {"date": "2027-06-30", "number": "12", "percent": "20", "yes-no": "yes"}
    for q in catalogue.questions().values():
        if plan.weight in q.needed and gates.Sheet(plan).value(q.slug) in (None, "", []):
            option = [q.options[0].slug] if q.options else None
            say(user, plan, q.slug, option or given.get(q.kind, "Young people in the park, as residents told us"))
    Hypothesis.objects.create(plan=plan, text="Nobody watches the car park", by=user)
    Response.objects.create(
        plan=plan, action="Lights", mechanism="Seen, they leave", owner=user, due=dt.date(2027, 1, 31), trial=True, by=user
    )


def test_a_plan_from_a_signal_begins_with_what_the_signal_knows(colleague):
    plan = start(colleague("officer"))
    sheet = gates.Sheet(plan)
    assert sheet.value("cheers-events") == "yes"
    assert sheet.value("measure") == "recorded"
    assert plan.title
    assert all(a.cites for a in sheet.answers.values())
    assert SIGNAL in sheet.answers["baseline"].cites.render("en")
    assert set(plan.areas.filter(own=True).values_list("code", flat=True)) == set(plan.seed["areas"])
    assert plan.areas.filter(own=False).exists(), "the authority above is named, so that reads are cut to it"
    assert Event.objects.filter(act="start-plan", record=plan.record).exists()


@pytest.mark.parametrize("weight", ["quick", "standard", "full"])
def test_a_weight_asks_its_own_questions(colleague, weight):
    user = colleague("officer")
    plan = start(user, weight)
    for q in catalogue.questions().values():
        if weight in q.weights:
            continue
        with pytest.raises(rules.RefusedError):
            say(user, plan, q.slug, "x")
    assert {a.question for a in plan.answers.all()} <= {q.slug for s in catalogue.stages() for q in s.asked(weight)}


def test_two_people_at_one_answer_never_overwrite_one_another(colleague):
    one, other = colleague("officer"), colleague("supervisor")
    plan = start(one)
    say(one, plan, "why", "Nobody looks after the car park", base=0)
    with pytest.raises(rules.ConflictError) as conflict:
        say(other, plan, "why", "The pub shuts at two", base=0)
    assert conflict.value.theirs.value == "Nobody looks after the car park"
    say(other, plan, "why", "Both of it", base=1)
    assert list(plan.answers.filter(question="why").order_by("revision").values_list("value", "current")) == [
        ("Nobody looks after the car park", False),
        ("Both of it", True),
    ]


def test_saying_the_same_again_makes_no_revision(colleague):
    user = colleague("officer")
    plan = start(user)
    first = say(user, plan, "why", "Because")
    assert say(user, plan, "why", "Because", base=0).pk == first.pk


def test_the_whole_way(colleague):
    officer, boss = colleague("officer"), colleague("supervisor")
    plan = start(officer)
    with pytest.raises(rules.RefusedError):
        go(officer, plan, "respond")
    designed(officer, plan)
    go(officer, plan, "submit")
    with pytest.raises(PermissionDenied):
        go(officer, plan, "agree", detail={"local_to_global": "a", "global_to_local": "b"})
    with pytest.raises(rules.RefusedError):
        go(boss, plan, "agree")
    go(boss, plan, "agree", detail={"local_to_global": "Fewer burglaries", "global_to_local": "Money for locks"})
    go(officer, plan, "respond")
    assert plan.fixed_at
    with pytest.raises(rules.RefusedError):
        say(officer, plan, "outcome", "harm")
    assert say(officer, plan, "outcome", "harm", reason="The count misses what hurts").reason
    go(officer, plan, "assess")
    with pytest.raises(rules.RefusedError):
        go(officer, plan, "ask-to-close")
    for slug in ("delivered", "found", "lessons", "maintenance"):
        say(officer, plan, slug, "All of the lights, and they are still on")
    say(officer, plan, "verdict", "unknown")
    say(officer, plan, "next-review", "2028-01-31")
    go(officer, plan, "ask-to-close")
    with pytest.raises(PermissionDenied):
        go(officer, plan, "close")
    with pytest.raises(rules.RefusedError, match="evaluation with a verdict"):
        go(boss, plan, "close")
    testing.rule_not_evaluable(key=plan.key, reason="Three events a year", trail=Trail(boss))
    go(boss, plan, "close")
    assert not plan.open
    assert plan.closed_at
    with pytest.raises(rules.RefusedError):
        say(officer, plan, "why", "After all")
    assert [m.move for m in plan.moves.all()] == ["submit", "agree", "respond", "assess", "ask-to-close", "close"]


def test_nobody_agrees_to_a_plan_of_their_own(colleague):
    boss = colleague("supervisor")
    plan = start(boss)
    designed(boss, plan)
    go(boss, plan, "submit")
    with pytest.raises(PermissionDenied):
        go(boss, plan, "agree", detail={"local_to_global": "a", "global_to_local": "b"})


def test_what_is_no_problem_goes_elsewhere(colleague):
    user = colleague("officer")
    plan = start(user)
    designed(user, plan)
    say(user, plan, "cheers-recurring", "no")
    with pytest.raises(rules.RefusedError, match="investigation"):
        go(user, plan, "submit")
    go(user, plan, "route-incident", reason="It happened once")
    assert (plan.state, plan.open) == ("routed", False)


def test_urgent_work_starts_at_once_and_its_design_follows_within_a_fortnight(colleague):
    user = colleague("officer")
    plan = start(user)
    go(user, plan, "act-now", reason="A child is at risk")
    assert plan.state == "responding"
    today = timezone.localdate()
    assert not plan.design_late(today + dt.timedelta(days=14))
    assert plan.design_late(today + dt.timedelta(days=15))
    with pytest.raises(rules.RefusedError):
        go(user, plan, "assess")
    designed(user, plan)
    go(user, plan, "settle")
    assert not plan.design_late()
    go(user, plan, "assess")


@pytest.mark.parametrize("words", ["none", "None.", "n/a", "No one", "Dim", "not many"])
def test_a_bare_none_is_no_equality_note(colleague, words):
    user = colleague("officer")
    plan = start(user)
    designed(user, plan)
    say(user, plan, "equality-who", words)
    assert gates.equality(gates.Sheet(plan))


def test_a_plan_about_people_asks_the_ethics_body(colleague):
    plan = start(colleague("officer"))
    assert not gates.ethics(gates.Sheet(plan))
    plan.about_people = True
    assert gates.ethics(gates.Sheet(plan))


# Need to know


def test_a_local_role_sees_the_plans_of_its_areas(colleague):
    author = colleague("officer", name="author")
    plan = start(author)
    hub = plan.areas.filter(own=False).first().code
    here, elsewhere = colleague("officer", hub, "here"), colleague("officer", "W09999999", "elsewhere")
    assert selectors.one(here, plan.key) == plan
    with pytest.raises(Http404):
        selectors.one(elsewhere, plan.key)


def test_another_force_sees_nothing(colleague):
    plan = start(colleague("officer", name="author"))
    other = Organisation.objects.create(slug="dyfed", name="Dyfed-Powys Police", kind="force")
    stranger = colleague("chief-officer", organisation=other)
    assert not selectors.visible(stranger).exists()
    with pytest.raises(Http404):
        actions.read_plan(key=plan.key, page="overview", trail=trail(stranger))


def test_a_sensitive_plan_is_for_those_on_it_and_those_who_agree(colleague):
    author, peer, boss = colleague("officer", name="author"), colleague("officer", name="peer"), colleague("supervisor")
    plan = start(author)
    Plan.objects.filter(pk=plan.pk).update(marking="OFFICIAL-SENSITIVE")
    assert [selectors.visible(u).filter(pk=plan.pk).exists() for u in (author, peer, boss)] == [True, False, True]


@pytest.mark.parametrize(
    ("until", "expires", "ended", "sees"),
    [(30, 365, False, True), (-1, 365, False, False), (30, -1, False, False), (30, 365, True, False)],
)
def test_a_partner_sees_only_what_a_membership_under_an_agreement_shows(colleague, until, expires, ended, sees):
    today = timezone.localdate()
    plan, other = start(colleague("officer", name="author")), start(colleague("officer", name="second"))
    council = Organisation.objects.create(slug="council", name="Newport", kind="council")
    guest = colleague("partner", organisation=council)
    agreement = Agreement.objects.create(
        reference="ISP 1", title="Community safety", kind="waspi-isp", purpose="p", legal_basis="b",
        starts=today - dt.timedelta(days=400), expires=today + dt.timedelta(days=expires), review_on=today,
    )  # fmt: skip
    assert not selectors.visible(guest).exists()
    Member.objects.create(
        plan=plan, organisation=council, purpose="community-safety", basis="section-115", agreement=agreement,
        until=today + dt.timedelta(days=until), added_by=plan.owner, ended_at=timezone.now() if ended else None,
    )  # fmt: skip
    assert list(selectors.visible(guest)) == ([plan] if sees else [])
    assert not selectors.visible(guest).filter(pk=other.pk).exists()
    if sees:
        assert selectors.shared_only(guest, plan)
        assert not selectors.may_work(guest, plan)


def test_without_a_role_for_plans_there_are_none(colleague):
    start(colleague("officer", name="author"))
    for role in ("commissioner", "registrar", "data-protection", "administrator", ""):
        assert not selectors.visible(colleague(role, name=f"no-{role}")).exists()


def test_a_role_for_another_organisation_counts_there(colleague, force):
    plan = start(colleague("officer", name="author"))
    council = Organisation.objects.create(slug="council", name="Newport", kind="council")
    seconded = colleague("partner", organisation=council)
    assert not selectors.visible(seconded).exists()
    HeldRole.objects.create(user=seconded, role="analyst", organisation=force)
    assert selectors.one(User.objects.get(pk=seconded.pk), plan.key) == plan


# What a person types


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "’; DROP TABLE plans; --",
        "Tŷ'r Ŵyl ŷ ŵ Ŷ",
        "🚓🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        "مرحبا بالعالم",
        "x" * 20_000,
        "{{ 7 * 7 }} %s",
    ],
)
def test_text_is_kept_as_it_was_typed(colleague, text):
    user = colleague("officer")
    assert say(user, start(user), "why", text).value == text


def test_control_characters_go_and_lines_stay():
    assert values.clean_text("a\x00b\r\nc\x07\n") == "ab\nc"


@pytest.mark.parametrize(
    ("slug", "raw"),
    [
        ("target-date", "31/13/2027"), ("target-date", "tomorrow"), ("target-date", "0001-01-01"), ("target", "120"),
        ("target", "-1"), ("target", "many"), ("baseline", "nan"), ("baseline", "inf"), ("measure", "everything"),
        ("cheers-harm", "maybe"), ("why", "x" * 20_001),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_in_a_sentence(slug, raw):
    with pytest.raises(values.InvalidAnswer) as refused:
        values.clean(catalogue.questions()[slug], [raw])
    assert refused.value.words.render("cy")


@pytest.mark.parametrize("typed", ["2027-03-31", "31/3/2027", "31.03.2027", "31 3 2027"])
def test_dates_as_people_write_them(typed):
    assert values.clean(catalogue.questions()["target-date"], [typed]) == "2027-03-31"


# The catalogue


def test_every_check_and_filler_that_the_catalogue_names_exists():
    from forestall.web.plans.fill import FILLERS

    assert {c for m in catalogue.moves().values() for c in m.checks} <= set(gates.CHECKS)
    later = {"what", "where", "when", "who", "how", "triangle_place", "triangle_victim", "triangle_offender", "delivered"}
    assert {q.fills for q in catalogue.questions().values() if q.fills} - later <= set(FILLERS)


def test_every_state_can_be_reached_and_every_open_one_left():
    reached = {"draft"} | {m.target for m in catalogue.moves().values()}
    left = {s for m in catalogue.moves().values() for s in m.sources}
    assert reached == set(catalogue.states())
    assert {s.slug for s in catalogue.states().values() if s.open} <= left
    assert sum(len(g.options) for g in catalogue.techniques()) == 25
