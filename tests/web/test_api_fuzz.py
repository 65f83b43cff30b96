"""The interface under requests that nobody would think of, made from its own description by schemathesis: nothing breaks,
every answer is as the description says, and nobody is shown what their pages don't show."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis import checks as known_checks
from schemathesis.specs.openapi import checks as openapi_checks

from forestall.web.api import actions
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.plans import actions as plan_actions
from forestall.web.plans import selectors, task_actions
from forestall.web.plans.models import Member, Plan, Task
from forestall.web.plans.seed import from_signal
from forestall.web.signals.pinned import pinned

pytestmark = pytest.mark.django_db
CHECKS = (
    known_checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
)
#: Who sends: role and organisation.
SENDERS = {
    "officer": ("officer", "gwent"), "supervisor": ("supervisor", "gwent"), "partner": ("partner", "northtown"),
    "elsewhere": ("partner", "southport"), "commissioner": ("commissioner", "gwent"), "dpo": ("data-protection", "gwent"),
    "stranger": ("chief-officer", "dyfed"), "nobody": ("", "gwent"),
}  # fmt: skip


class Door:
    """A workplace with plans of every kind, and a token for everybody who sends."""

    def __init__(self, person) -> None:
        day = timezone.localdate()
        kinds = {"gwent": "force", "dyfed": "force", "northtown": "council", "southport": "council"}
        at = {slug: Organisation.objects.create(slug=slug, name=slug.title(), kind=kind) for slug, kind in kinds.items()}
        self.tokens = {}
        for name, (role, slug) in SENDERS.items():
            user = person(role, username=name)
            User.objects.filter(pk=user.pk).update(organisation=at[slug])
            user = User.objects.get(pk=user.pk)
            _, self.tokens[name] = actions.make_token(name="fuzz", days=7, reads_only=False, trail=Trail(user))
        agreement = Agreement.objects.create(
            reference="ISP", title="t", kind="waspi-isp", purpose="p", legal_basis="b", starts=day,
            expires=day + dt.timedelta(days=90), review_on=day,
        )  # fmt: skip
        agreement.parties.set([at["gwent"], at["northtown"]])
        held, officer = pinned(), User.objects.get(username="officer")
        plans = [
            plan_actions.start_plan(
                seed=from_signal(held, s), scan=held, weight="standard", language="en", duplicates=(), trail=Trail(officer)
            )
            for s in held.scan.signals[:4]
        ]
        Member.objects.create(
            plan=plans[0], organisation=at["northtown"], purpose="prevent", basis="section-115", agreement=agreement,
            until=day, added_by=officer,
        )  # fmt: skip
        Plan.objects.filter(pk=plans[1].pk).update(marking="OFFICIAL-SENSITIVE")
        Plan.objects.filter(pk=plans[2].pk).update(published_at=timezone.now(), state="responding")
        for shared in (True, False):
            task_actions.ask_task(
                key=plans[0].key, title="Mend", organisation=at["northtown" if shared else "gwent"], due=None,
                shared=shared, trail=Trail(officer),
            )  # fmt: skip
        self.keys = [p.key for p in plans] + [t.key for t in Task.objects.all()] + ["ABCDEFGH"]
        self.signals = [s.id for s in held.scan.signals] + ["ffffffffff"]

    def may_see(self, name: str) -> set[str]:
        """Keys of the plans and tasks that a person's pages show, published plans included where they may see these."""
        user = User.objects.get(username=name)
        seen = set(selectors.visible(user).values_list("key", flat=True))
        seen |= set(selectors.tasks(user).values_list("key", flat=True))
        if any("see-published" in r.permissions for r in user.held()):
            seen |= set(selectors.published().values_list("key", flat=True))
        return seen


@pytest.fixture
def door(person):
    return Door(person)


@pytest.fixture
def description():
    """The live application, whose requests keep the test's own connection as Django's test client does."""
    from forestall.web.wsgi import application

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", app=application, headers={"Host": "127.0.0.1"})
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def fuzz(door: Door, description, examples: int) -> None:
    said = []
    for found in description.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @given(data=st.data(), case=operation.as_strategy(generation_mode=mode))
            @bounds(
                max_examples=examples, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            def attempt(data, case):
                name = data.draw(st.sampled_from([*door.tokens, *4 * ("officer",), *4 * ("supervisor",), "no token"]))
                for parameter, values in (("key", door.keys), ("signal_id", door.signals)):
                    if parameter in (case.path_parameters or {}) and data.draw(st.integers(0, 3)):
                        case.path_parameters[parameter] = data.draw(st.sampled_from(values))
                if isinstance(case.body, dict) and "signal" in case.body and data.draw(st.booleans()):
                    case.body["signal"] = data.draw(st.sampled_from(door.signals))
                headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {door.tokens.get(name, 'forestall_none')}"}
                answer = case.call(headers=headers)
                case.validate_response(answer, checks=CHECKS)
                said.append(answer.status_code)
                if name not in door.tokens:
                    assert answer.status_code in (401, 404, 405), answer.status_code
                if answer.status_code < 300:
                    everything = {*Plan.objects.values_list("key", flat=True), *Task.objects.values_list("key", flat=True)}
                    shown = set(re.findall(r"\b[2-9A-Z]{8}\b", answer.content.decode())) & everything
                    assert shown <= door.may_see(name), (name, case.method, case.path, shown)

            attempt()
    assert {200, 401, 403, 404, 422} <= set(said), sorted(set(said))


def test_a_few_odd_requests(door, description):
    before = Event.objects.count()
    fuzz(door, description, examples=5)
    assert Event.objects.count() > before


@pytest.mark.slow
def test_many_odd_requests(door, description):
    fuzz(door, description, examples=120)
