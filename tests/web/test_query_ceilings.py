"""Every page asks the database a bounded number of questions, however much there is.

A page is measured in a small workplace and in one with ten times the plans, tasks, acts and people, and ten times what
hangs on each plan; its ceiling, fixed here, holds for both. A new address without a ceiling fails, and so does a form's
address that answers a plain visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

import bench_store
import bench_workplace
from forestall.web.api.models import AccessToken
from forestall.web.assessing.models import PlanDesign, PlanEvaluation, Ruling
from forestall.web.library.models import LocalResult
from forestall.web.people import invitations
from forestall.web.people.models import Agreement, User
from forestall.web.plans.models import Draft, Hypothesis, Plan, Response
from forestall.web.retention.models import Request
from forestall.web.signals import profiles
from forestall.web.signals.pinned import pinned
from web.trial import a_design, an_evaluation

SMALL = bench_workplace.Size(forces=2, plans=30, tasks=300, events=300, staff=0.1, notices=10)
LARGE = bench_workplace.Size(forces=4, plans=300, tasks=9_000, events=3_000, staff=0.5, notices=90, hung=10)
SIGNAL = "0000000001"
#: Addresses that take a form and nothing else.
FORMS = {
    "plan-publish", "plan-draft", "plan-fill", "sign-out", "language", "account-password", "account-recovery-codes",
    "sign-out-everywhere", "disclosure-answer", "disclosure-export", "audit-export", "audit-reason", "role-take",
    "person-change", "role-give", "person-invite", "person-close", "person-open", "agreement-renew", "agreement-withdraw",
    "notices-read", "notice-read", "token-revoke", "api:answer", "api:move_plan", "api:change_response",
    "api:accept_task", "api:decline_task", "api:finish_task", "api:read_notices",
}  # fmt: skip
#: What an address is asked, where it answers nothing without.
ASKED = {"audit-record": "?record=plan:{key}", "explore-csv": "?method=hours&category=shoplifting"}
#: Addresses that don't show a page: no provider is configured, no operation stands there, nothing was kept at the door.
ABSENT = {"organisation": 404, "organisation-back": 404, "api-nothing": 404, "sign-in-kept": 302}
#: The most statements of a visit to each address, the session's and the log's own included.
CEILINGS = {
    "start-plan": 4, "signal-decide": 8, "my-ward": 4, "my-council": 11, "my-work": 11, "task": 9, "plan-tasks": 11,
    "plan-people": 19, "help": 6, "portfolio": 11, "portfolio-csv": 6, "coverage": 7, "coverage-csv": 6, "published": 7,
    "published-plan": 8, "my-portfolio": 11, "my-portfolio-csv": 10, "plan-quality": 12, "plan-briefing": 16,
    "plan-award": 14, "plan-json": 17, "home": 6, "signals-csv": 4, "signal": 6, "series-csv": 4, "signal-profile": 5,
    "signal-profile-csv": 4, "profile-style": 2, "explore": 4, "explore-csv": 4, "tasking": 5, "tasking-csv": 4,
    "events": 5, "events-csv": 4, "area-layer": 3, "sign-in": 3, "sign-in-code": 3, "sign-in-set-up": 3,
    "sign-in-kept": 2, "organisation": 4, "organisation-back": 4, "invitation": 5, "account": 6, "people": 8,
    "person-add": 6, "organisations": 5, "organisation-units": 6, "person": 8, "agreements": 6, "agreement-add": 5,
    "agreement": 6, "notices": 6, "retention": 13, "retention-history": 6, "retention-decide": 8, "disclosures": 7,
    "disclosure-add": 4, "disclosure": 7, "audit": 10, "audit-record": 6, "plans": 6, "plan": 22, "plan-timeline": 15,
    "plan-quick": 15, "plan-hypothesis-new": 9, "plan-hypothesis": 9, "plan-gap": 9, "plan-response-new": 13,
    "plan-response": 13, "plan-move": 6, "plan-stage": 12, "plan-question": 11, "plan-merge": 8, "account-tokens": 5,
    "library": 7, "library-csv": 9, "library-practice": 13, "library-toolkits": 5, "library-toolkit": 15,
    "plan-test": 16, "plan-test-csv": 8, "plan-evaluation": 14,
    "library-local": 11, "library-result": 16, "library-trials": 7, "library-review": 6, "signal-suggestion": 8,
    "api-reference": 4, "api-description": 2, "api:list_signals": 5, "api:read_signal": 8, "api:list_plans": 5,
    "api:start_plan": 5, "api:read_plan": 14, "api:list_plan_tasks": 6, "api:ask_task": 6, "api:list_responses": 6,
    "api:add_response": 6, "api:list_tasks": 10, "api:read_task": 5, "api:me": 3, "api:portfolio": 9,
    "api:list_published": 6, "api:read_published": 7, "api:list_notices": 4, "api:api-root": 4, "api-nothing": 2,
}  # fmt: skip
LOADS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def names(patterns=None, space="") -> Iterator[str]:
    """The name of every address of the workplace."""
    for p in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(p, URLPattern):
            yield f"{space}{p.name}"
        else:
            yield from names(p.url_patterns, f"{space}{p.namespace}:" if p.namespace else space)


class Visits:
    """Who visits what in a workplace that is filled."""

    def __init__(self, made: bench_workplace.Made) -> None:
        self.made = made
        self.clients = {"": Client()}
        for role, usernames in made.people.items():
            self.clients[role] = Client()
            self.clients[role].force_login(self.user(role, usernames[0]))
        officer = self.user("officer")
        open_plan = made.plans[officer.username][0]
        self.plan = Plan.objects.get(key=open_plan)
        shared = self.plan.tasks.filter(shared=True).first()
        Draft.objects.update_or_create(user=officer, plan=self.plan, question="why", defaults={"value": "mine"})
        Plan.objects.filter(pk=self.plan.pk).update(state="draft")
        quick = Plan.objects.filter(weight="quick", organisation=self.plan.organisation_id, closed_at=None).first()
        left = timezone.now() - dt.timedelta(days=4000)
        leaver = User.objects.create(username="gone", organisation=self.plan.organisation, is_active=False, left_at=left)
        self._tests(officer)
        invited = invitations.invite(User.objects.get(username=made.people["analyst"][0]))
        request = Request.objects.create(
            kind="subject-access", asked_by="somebody", received_on=timezone.localdate(), due_on=timezone.localdate(),
            opened_by=self.user("data-protection"),
        )  # fmt: skip
        token = AccessToken.objects.create(
            user=officer, name="t", hint="abcd", token_hash="0" * 64, stamp=officer.session_stamp, expires_at=timezone.now()
        )
        held = pinned()
        profile = profiles.of(held, next(s for s in held.scan.signals if s.id == SIGNAL), full=True)
        published = Plan.objects.filter(published_at__isnull=False).first()
        self.known = {
            "key": self.plan.key, "signal_id": SIGNAL, "stage": "analysis", "question": "why", "screen": 1,
            "move": "withdraw", "level": "lsoa", "table": "lists", "token": invited, "notice": 1, "rest": "nothing",
            "record": f"account:{leaver.pk}", "name": next(iter(profiles.tables(profile))),
            "slug": "cctv", "category": "burglary",
        }  # fmt: skip
        self.own = {
            "task": {"key": shared.key}, "api:read_task": {"key": shared.key}, "api:accept_task": {"key": shared.key},
            "api:decline_task": {"key": shared.key}, "api:finish_task": {"key": shared.key},
            "plan-quick": {"key": quick.key},
            "library-csv": {"table": "local"}, "plan-test-csv": {"table": "evaluation"},
            "published-plan": {"key": published.key},
            "library-result": {"key": LocalResult.objects.filter(plan__organisation=officer.organisation_id).first().key},
            "api:read_published": {"key": published.key},
            "plan-hypothesis": {"number": Hypothesis.objects.filter(plan=self.plan).first().pk},
            "plan-response": {"number": Response.objects.filter(plan=self.plan).first().pk},
            "api:change_response": {"number": Response.objects.filter(plan=self.plan).first().pk},
            "agreement": {"pk": Agreement.objects.first().pk}, "disclosure": {"pk": request.pk},
            "disclosure-export": {"pk": request.pk}, "disclosure-answer": {"pk": request.pk},
            "token-revoke": {"pk": token.pk}, "organisation-units": {"pk": self.plan.organisation_id},
        }  # fmt: skip
        self.known["pk"] = officer.pk

    def _tests(self, officer: User) -> None:
        """Tests of all the officer's plans, and on the plan that is visited as many more as other things hang on it."""
        again = max(2, self.plan.tasks.count())
        for plan in Plan.objects.filter(owner=officer):
            for n in range(1, (again if plan.pk == self.plan.pk else 1) + 1):
                PlanDesign.objects.filter(plan=plan).update(current=False)
                PlanEvaluation.objects.filter(plan=plan).update(current=False)
                design, rest = a_design(plan), {"by": officer, "hash": "h", "snapshot": "s"}
                kept = PlanDesign.objects.create(
                    plan=plan, revision=n, content=design.to_json(), locked_at=timezone.now(), locked_by=officer, **rest
                )
                found = PlanEvaluation.objects.create(
                    plan=plan, design=kept, content=an_evaluation(design).to_json(), interim=False, verdict="worked", **rest
                )
                Ruling.objects.create(plan=plan, evaluation=found, choice="continue", reason="It works", by=officer)

    def user(self, role: str, username: str = "") -> User:
        return User.objects.get(username=username or self.made.people[role][0])

    def path(self, name: str) -> str:
        """An address that is there, by its name."""
        for pattern in self._patterns(name):
            given = {k: {**self.known, **self.own.get(name, {})}[k] for k in pattern.pattern.converters}
            if name == "api-nothing":
                given = {"rest": "nothing"}
            return reverse(name, kwargs=given) + ASKED.get(name, "").format(**self.known)
        raise AssertionError(name)

    def _patterns(self, name: str) -> Iterator[URLPattern]:
        def walk(patterns, space=""):
            for p in patterns:
                if isinstance(p, URLPattern):
                    if f"{space}{p.name}" == name:
                        yield p
                else:
                    yield from walk(p.url_patterns, f"{space}{p.namespace}:" if p.namespace else space)

        return walk(get_resolver().url_patterns)

    def count(self, role: str, path: str, status: int) -> int | None:
        """Statements of a second visit, as the first may fill what the process keeps; None where the role is answered
        otherwise than by ``status``."""
        if self.clients[role].get(path).status_code != status:
            return None
        with CaptureQueriesContext(connection) as caught:
            self.clients[role].get(path)
        return sum(q["sql"].lstrip("( ").upper().startswith(LOADS) for q in caught.captured_queries)


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """A store whose records know enough for a profile and the tasking lists."""
    return bench_store.make(tmp_path_factory.mktemp("ceilings"), record=True)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_every_address_keeps_to_its_ceiling(size, rich, settings):
    settings.STORE = rich
    visits = Visits(bench_workplace.fill(size, pinned()))
    over, seen = [], {}
    for name in dict.fromkeys(names()):
        if name in FORMS:
            continue
        path = visits.path(name)
        for role in visits.clients:
            n = visits.count(role, path, ABSENT.get(name, 200))
            if n is not None:
                seen[name] = max(n, seen.get(name, 0))
        if name not in seen:
            over.append(f"{name}: nobody could open {path}")
        elif seen[name] > CEILINGS.get(name, -1):
            over.append(f"{name}: {seen[name]} statements, ceiling {CEILINGS.get(name, 'none')}")
    assert not over, "; ".join(over)
    assert set(CEILINGS) == set(seen), "ceilings of addresses that are gone"


@pytest.mark.django_db
def test_the_address_of_a_form_shows_nothing_to_a_visitor(rich, settings):
    settings.STORE = rich
    visits = Visits(bench_workplace.fill(SMALL, pinned()))
    assert not FORMS - set(names())
    for name in FORMS:
        path = visits.path(name)
        found = {role: client.get(path).status_code for role, client in visits.clients.items() if role}
        assert set(found.values()) <= {302, 403, 404, 405}, (name, found)
        assert {302, 405} & set(found.values()), (name, found)
