"""The interface for programs: who comes in, what is refused in which words, and that it shows no more than the pages."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forestall.web.api.api import api
from forestall.web.api.models import AccessToken
from forestall.web.audit.models import Event
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.people.permissions import ROLES
from forestall.web.plans.models import Member, Plan, Task
from web.conftest import PASSWORD

pytestmark = pytest.mark.django_db
SIGNAL = "0000000001"


@pytest.fixture
def force(db):  # noqa: ARG001 - it opens the database
    return Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")


@pytest.fixture
def council(force):
    made = Organisation.objects.create(slug="northtown", name="Northtown Council", kind="council")
    day = timezone.localdate()
    agreement = Agreement.objects.create(
        reference="ISP 1", title="Community safety", kind="waspi-isp", purpose="p", legal_basis="b",
        starts=day, expires=day + dt.timedelta(days=300), review_on=day,
    )  # fmt: skip
    agreement.parties.set([force, made])
    return made


@pytest.fixture
def someone(person, force):
    """Makes a person of the force, or of another organisation, and a client that is signed in as them."""

    def make(role, name=None, organisation=None):
        user = person(role, username=name)
        User.objects.filter(pk=user.pk).update(organisation=organisation or force)
        client = Client()
        client.force_login(user)
        client.user = User.objects.get(pk=user.pk)
        return client

    return make


def sent(client, method, path, body=None, **more):
    return client.generic(method.upper(), f"/api{path}", json.dumps(body), content_type="application/json", **more)


def begun(client, **more):
    given = {"signal": SIGNAL, "weight": "standard", **more}
    answer = sent(client, "post", "/plans", given)
    assert answer.status_code == 201, answer.content
    return answer.json()["key"]


def token(client, **more):
    """A fresh client that has nothing but a token of the person's."""
    page = client.post(reverse("account-tokens"), {"name": "briefing", "days": "30", **more})
    plain = page.content.decode().split('id="token">')[1].split("<")[0]
    return Client(headers={"Authorization": f"Bearer {plain}"}), plain


def operations():
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, about in methods.items():
            yield method, path.format(key="ABCDEFGH", signal_id="x", question="why", number=1).removeprefix("/api"), about


# Who comes in


def test_nobody_comes_in_without_saying_who():
    for method, path, about in operations():
        answer = sent(Client(), method, path, {})
        assert answer.status_code == 401, about
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_its_person_and_is_kept_as_a_hash(someone):
    client, plain = token(someone("officer"))
    assert client.get("/api/me").json()["roles"] == ["officer"]
    kept = AccessToken.objects.get()
    assert plain not in json.dumps(list(AccessToken.objects.values()), default=str)
    assert kept.hint == plain[-4:]
    assert kept.last_used_at
    client.get("/api/me")
    assert Event.objects.filter(act="use-token").count() == 1, "once a day"
    assert Event.objects.filter(act="make-token").count() == 1


def test_a_token_takes_no_transaction_of_its_own_but_once_a_day(someone):
    """On SQLite each would take the one write lock."""
    client, _ = token(someone("officer"))
    with CaptureQueriesContext(connection) as first:
        client.get("/api/me")
    with CaptureQueriesContext(connection) as second:
        client.get("/api/me")
    began = [sum("SAVEPOINT" in q["sql"] and "RELEASE" not in q["sql"] for q in found) for found in (first, second)]
    assert began == [1, 0]
    AccessToken.objects.update(last_used_at=timezone.now() - dt.timedelta(days=1))
    client.get("/api/me")
    assert Event.objects.filter(act="use-token").count() == 2


def test_a_token_that_only_reads_changes_nothing(someone):
    officer = someone("officer")
    reads, _ = token(officer)
    answer = sent(reads, "post", "/notices/read", {})
    assert (answer.status_code, "changes nothing" in answer.json()["title"]) == (403, True)
    changes, _ = token(officer, changes="yes")
    assert sent(changes, "post", "/notices/read", {}).status_code == 200


@pytest.mark.parametrize("end", ["revoke", "time", "leave", "everywhere", "password"])
def test_a_token_ends(someone, end):
    officer = someone("officer")
    client, _ = token(officer)
    assert client.get("/api/me").status_code == 200
    kept = AccessToken.objects.get()
    if end == "revoke":
        officer.post(reverse("token-revoke", args=[kept.pk]))
        assert Event.objects.filter(act="revoke-token").exists()
    elif end == "time":
        AccessToken.objects.update(expires_at=timezone.now())
    elif end == "leave":
        User.objects.filter(pk=officer.user.pk).update(is_active=False)
    elif end == "everywhere":
        officer.post(reverse("sign-out-everywhere"))
    else:
        new = "another long and dull one"
        assert officer.post(reverse("account-password"), {"old_password": PASSWORD, "password": new}).status_code == 302
    assert client.get("/api/me").status_code == 401


def test_a_token_that_does_not_work_is_refused_whatever_session_comes_with_it(someone):
    officer = someone("officer")
    for header in ("Bearer nonsense", "Bearer forestall_x", "Basic YTpi", "Bearer \udcff", ""):
        answer = officer.get("/api/me", headers={"Authorization": header})
        assert answer.status_code == 401, header


def test_a_demo_account_s_token_works_on_this_machine_alone(someone):
    officer = someone("officer")
    client, _ = token(officer)
    User.objects.filter(pk=officer.user.pk).update(is_demo=True)
    assert client.get("/api/me").status_code == 200
    assert client.get("/api/me", REMOTE_ADDR="192.0.2.1").status_code == 401


def test_nobody_revokes_somebody_else_s_token(someone):
    token(someone("officer"))
    kept = AccessToken.objects.get()
    assert someone("analyst").post(reverse("token-revoke", args=[kept.pk])).status_code == 404
    kept.refresh_from_db()
    assert kept.works


def test_ten_tokens_and_no_more(someone):
    officer = someone("officer")
    for _ in range(10):
        token(officer)
    page = officer.post(reverse("account-tokens"), {"name": "one more", "days": "30"})
    assert page.status_code == 422
    assert AccessToken.objects.count() == 10


@pytest.mark.parametrize(("name", "days"), [("", "30"), ("x", "9999"), ("x", "many"), ("x", "")])
def test_a_token_needs_a_name_and_an_end(someone, name, days):
    assert someone("officer").post(reverse("account-tokens"), {"name": name, "days": days}).status_code == 422
    assert not AccessToken.objects.exists()


def test_a_session_changes_things_only_with_the_pages_own_token(someone):
    officer = someone("officer")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(officer.user)
    assert sent(strict, "post", "/notices/read", {}).status_code == 403
    csrf = strict.get("/api/me").json()["csrf"]
    assert sent(strict, "post", "/notices/read", {}, headers={"X-CSRFToken": csrf}).status_code == 200
    assert token(officer)[0].get("/api/me").json()["csrf"] is None


# What is refused, and how


def test_a_plan_from_a_signal_and_on(someone, council):
    officer, boss, guest = someone("officer"), someone("supervisor"), someone("partner", organisation=council)
    signals = officer.get("/api/signals").json()
    assert signals["source"]["snapshot"]
    assert SIGNAL in {s["id"] for s in signals["signals"]}
    key = begun(officer)
    same = officer.get(f"/api/signals/{SIGNAL}").json()
    assert same["decision"] == "adopted"
    assert [a["key"] for a in same["alike"]] == [key]
    again = sent(boss, "post", "/plans", {"signal": SIGNAL, "weight": "quick"})
    assert again.status_code == 422
    assert any(key in reason for reason in again.json()["reasons"])
    assert sent(boss, "post", "/plans", {"signal": SIGNAL, "weight": "quick", "seen": [key]}).status_code == 201

    first = sent(officer, "put", f"/plans/{key}/answers/why", {"value": "Nobody watches", "base": 0})
    assert (first.status_code, first.json()["revision"]) == (200, 1)
    other = sent(boss, "put", f"/plans/{key}/answers/why", {"value": "The pub shuts at two", "base": 0})
    assert (other.status_code, other.json()["theirs"]["value"]) == (409, "Nobody watches")
    for value in ("many", 250, -1, True, ["x"]):
        assert sent(officer, "put", f"/plans/{key}/answers/target", {"value": value, "base": 1}).status_code in (409, 422)
    nothing = sent(officer, "put", f"/plans/{key}/answers/nothing", {"value": "x", "base": 0})
    assert (nothing.status_code, len(nothing.json()["reasons"])) == (422, 1)
    refused = sent(officer, "post", f"/plans/{key}/moves", {"move": "respond"})
    assert refused.status_code == 422
    assert refused.json()["reasons"]

    Member.objects.create(
        plan=Plan.objects.get(key=key), organisation=council, purpose="prevent", basis="section-115",
        agreement=Agreement.objects.get(), until=timezone.localdate(), added_by=officer.user,
    )  # fmt: skip
    planned = sent(
        officer, "post", f"/plans/{key}/responses", {"action": "Lights", "organisation": "northtown", "trial": True}
    )
    assert planned.status_code == 201
    number, base = planned.json()["number"], planned.json()["revision"]
    due = (timezone.localdate() + dt.timedelta(days=9)).isoformat()
    change = {"action": "More lights", "organisation": "northtown", "trial": True, "due": due, "base": base}
    assert sent(officer, "put", f"/plans/{key}/responses/{number}", change).json()["revision"] == base + 1
    again = sent(officer, "put", f"/plans/{key}/responses/{number}", change)
    assert (again.status_code, again.json()["revision"]) == (200, base + 1), "what stands already is no conflict"
    late = sent(boss, "put", f"/plans/{key}/responses/{number}", {**change, "action": "A warden"})
    assert (late.status_code, late.json()["theirs"]["action"], late.json()["fields"]) == (409, "More lights", ["action"])
    assert sent(boss, "put", f"/plans/{key}/responses/9999", change).status_code == 404
    asked = sent(officer, "post", f"/plans/{key}/tasks", {"title": "Mend the fence", "organisation": "northtown"})
    assert asked.status_code == 201
    stranger = sent(officer, "post", f"/plans/{key}/tasks", {"title": "x", "organisation": "nobody"})
    assert stranger.status_code == 422

    waiting = guest.get("/api/tasks").json()["unowned"]
    assert {t["title"] for t in waiting} == {"Mend the fence", "More lights"}
    mine = asked.json()["key"]
    assert sent(officer, "post", f"/tasks/{mine}/accept", {}).status_code == 403
    assert sent(guest, "post", f"/tasks/{mine}/accept", {}).json()["standing"] == "accepted"
    assert sent(guest, "post", f"/tasks/{mine}/finish", {"outcome": "Mended"}).json()["standing"] == "done"
    assert sent(guest, "post", f"/tasks/{mine}/finish", {"outcome": "Mended"}).status_code == 422
    whole, shared = officer.get(f"/api/plans/{key}").json(), guest.get(f"/api/plans/{key}").json()
    assert whole["next"] == "submit"
    assert (shared["next"], shared["steps"], shared["ideas"], shared["quality"]) == (None, [], [], None)
    assert all(a["source"] is None for s in shared["stages"] for a in s["answers"])
    assert any(a["source"] for s in whole["stages"] for a in s["answers"])
    acts = set(Event.objects.values_list("act", flat=True))
    assert {"start-plan", "answer", "keep-response", "ask-task", "accept-task", "finish-task", "read-plan"} <= acts


def test_what_is_settled_changes_only_with_a_reason(someone):
    officer = someone("officer")
    key = begun(officer)
    Plan.objects.filter(key=key).update(fixed_at=timezone.now(), state="responding")
    path, now = f"/plans/{key}/answers/measure", {"value": "calls", "base": 1}
    assert sent(officer, "put", path, now).status_code == 422
    assert sent(officer, "put", path, {**now, "reason": "What is recorded misses it"}).status_code == 200


def test_the_sentences_are_in_the_language_that_is_asked_for(someone):
    officer = someone("officer")
    for client in (officer, Client()):
        words = {
            code: client.get("/api/plans/ABCDEFGH", headers={"Accept-Language": language}).json()["title"]
            for code, language in (("en", "en-GB,cy;q=0.5"), ("cy", "cy-GB, en;q=0.5"), ("other", "de"))
        }
        assert words["en"] == words["other"]
    made = officer.get("/api/signals", headers={"Accept-Language": "cy"})
    assert made.headers["Content-Language"] == "cy"
    assert "Tref y Gogledd" in json.dumps(made.json())
    User.objects.filter(pk=officer.user.pk).update(language="cy")
    assert officer.get("/api/signals").headers["Content-Language"] == "cy"


def test_a_token_answers_in_its_persons_language(someone):
    officer = someone("officer")
    client, _ = token(officer, changes="yes")
    User.objects.filter(pk=officer.user.pk).update(language="cy")
    key = begun(client)
    for address in ("/api/signals", f"/api/plans/{key}"):
        program, person = client.get(address), officer.get(address)
        assert program.headers["Content-Language"] == "cy"
        assert program.json() == person.json()
    assert client.get("/api/plans/ABCDEFGH").json() == officer.get("/api/plans/ABCDEFGH").json()
    assert client.get("/api/signals", headers={"Accept-Language": "en"}).headers["Content-Language"] == "en"
    reads, _ = token(officer)
    refused = sent(reads, "post", "/notices/read", {})
    assert (refused.status_code, refused.headers["Content-Language"]) == (403, "cy")
    assert Client().get("/api/openapi.json").headers["Content-Language"] == "en", "the next one is not answered in it"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/plans/ABCDEFGH", 404), ("get", "/plans/abcdefgh", 404), ("get", "/plans/ABCDEFGH%00", 404),
        ("get", "/signals/ffffffffff", 404), ("get", "/nothing", 404),
        ("get", "/signals/a%0Ab", 404), ("delete", "/plans", 405), ("post", "/me", 405),
        ("get", "/portfolio?page=0", 422), ("get", "/portfolio", 403), ("post", "/tasks/ABCDEFGH/accept", 404),
        ("post", "/notices/read", 400), ("get", "/plans?words=%00&area=%00&after=%00~1", 200),
    ],
)  # fmt: skip
def test_what_is_not_done_is_a_problem_object(someone, method, path, status):
    answer = someone("officer").generic(method.upper(), f"/api{path}", "{", content_type="application/json")
    assert answer.status_code == status
    if status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.json()["title"]


@pytest.mark.parametrize("text", ["a\x00b", "x" * 19_000, "<script>", "ŷ🚓مرحبا"])
def test_hostile_text_is_kept_as_text(someone, text):
    officer = someone("officer")
    key = begun(officer, title=text[:100])
    assert sent(officer, "put", f"/plans/{key}/answers/why", {"value": text, "base": 0}).status_code == 200
    for body in ({"move": text[:30]}, {"move": "join", "reason": text[:500], "other": text[:20]}):
        assert sent(officer, "post", f"/plans/{key}/moves", body).status_code == 422
    answer = sent(officer, "post", f"/plans/{key}/tasks", {"title": "T", "detail": text, "organisation": text[:50]})
    assert answer.status_code == 422


def test_half_a_letter_is_refused(someone):
    officer = someone("officer")
    answer = sent(officer, "put", f"/plans/{begun(officer)}/answers/why", {"value": "\ud800", "base": 0})
    assert answer.status_code == 422


# Never more than the pages


def test_no_role_sees_more_than_on_the_pages(someone, council):
    author = someone("officer", "author")
    shared, other = begun(author), begun(author, signal="0000000003")
    Member.objects.create(
        plan=Plan.objects.get(key=shared), organisation=council, purpose="prevent", basis="section-115",
        agreement=Agreement.objects.get(), until=timezone.localdate(), added_by=author.user,
    )  # fmt: skip
    Plan.objects.filter(key=other).update(marking="OFFICIAL-SENSITIVE", published_at=timezone.now(), state="responding")
    sent(author, "post", f"/plans/{shared}/tasks", {"title": "T", "organisation": "northtown"})
    task = Task.objects.get().key
    sides = {
        "/signals": "/",
        "/tasks": "/work/",
        **{p: f"{p}/" for p in (f"/signals/{SIGNAL}", "/plans", "/portfolio", "/published", "/notices", f"/tasks/{task}")},
        **{p: f"{p}/" for p in (f"/plans/{shared}", f"/plans/{other}", f"/plans/{other}/tasks", f"/published/{other}")},
    }
    elsewhere = (f"/signals/{SIGNAL}", "/tasks")  # their pages name plans by a link or a title
    differ = []
    for role in (*ROLES, ""):
        client = someone(role, f"a-{role}", council if role == "partner" else None)
        for path, page in sides.items():
            by_program, by_page = client.get(f"/api{path}"), client.get(page)
            if by_program.status_code == 200 and by_page.status_code != 200:
                differ.append((role, path, by_page.status_code))
            for key in (shared, other):
                if by_program.status_code == 200 and key in by_program.content.decode() and path not in elsewhere:
                    assert key in by_page.content.decode(), (role, path)
        listed = client.get("/api/signals")
        if listed.status_code == 200:
            for s in listed.json()["signals"]:
                assert client.get(f"/signals/{s['id']}/").status_code == 200, (role, s["id"])
    assert not differ


def test_every_operation_is_described_in_a_sentence_and_on_the_page(someone):
    from forestall.web.api.said import OPERATIONS

    assert {about["operationId"] for _, _, about in operations()} == set(OPERATIONS)
    page = someone("officer").get("/api/").content.decode()
    for _, _, about in operations():
        assert f'id="{about["operationId"]}"' in page
    assert "<script>" not in page
    assert "style=" not in page


def test_the_description_is_worked_out_once(monkeypatch):
    from django.test.utils import override_script_prefix

    from forestall.web.api.api import description

    description.cache_clear()
    asked, whole = [], type(api).get_openapi_schema
    monkeypatch.setattr(type(api), "get_openapi_schema", lambda self, **o: asked.append(1) or whole(self, **o))
    first = Client().get("/api/openapi.json")
    again = Client().get("/api/openapi.json", headers={"Accept-Language": "cy"})
    assert (first.json(), len(asked)) == (again.json(), 1)
    assert "/api/plans" in first.json()["paths"]
    with override_script_prefix("/prevention/"):
        assert "/prevention/api/plans" in Client().get("/api/openapi.json").json()["paths"]
    assert Client().get("/api/openapi.json").json() == first.json()
    assert len(asked) == 2


def test_the_operator_makes_and_revokes_tokens(someone):
    from forestall.errors import ForestallError
    from forestall.web.api import actions
    from forestall.web.audit.trail import Trail

    someone("officer")
    made = actions.make_token_for(username="Officer", name="", days=7, reads_only=True, trail=Trail.operator())
    assert Client(headers={"Authorization": f"Bearer {made}"}).get("/api/me").status_code == 200
    with pytest.raises(ForestallError):
        actions.make_token_for(username="officer", name="", days=0, reads_only=True, trail=Trail.operator())
    with pytest.raises(ForestallError):
        actions.revoke_tokens_of(username="nobody", trail=Trail.operator())
    assert actions.revoke_tokens_of(username="officer", trail=Trail.operator()) == 1
    assert Client(headers={"Authorization": f"Bearer {made}"}).get("/api/me").status_code == 401


@pytest.mark.parametrize(
    ("role", "address"),
    [
        ("officer", "/signals?kind=burglary"), ("officer", "/signals?area=W99999999"), ("officer", "/signals?sort=best"),
        ("officer", "/plans?state=opened"), ("officer", "/plans?category=burglaries"),
        ("supervisor", "/portfolio?flag=lately"), ("supervisor", "/portfolio?level=9"),
    ],
)  # fmt: skip
def test_a_filter_that_is_not_known_is_refused_and_not_left_out(someone, role, address):
    """A program would take the whole list for the part that it asked for."""
    client = someone(role)
    name, value = address.split("?")[1].split("=")
    reply = sent(client, "get", address)
    assert reply.status_code == 422
    assert reply.json()["reasons"][0].startswith(f"“{value}” is nothing that {name} takes")
    assert sent(client, "get", address.split("?")[0] + f"?{name}=").status_code == 200


def test_a_body_that_is_too_large_is_refused_in_words(someone):
    client = someone("officer")
    key = begun(client)
    reply = sent(client, "put", f"/plans/{key}/answers/aim", {"value": "x" * 1_100_000, "base": 0})
    assert (reply.status_code, reply["Content-Type"]) == (413, "application/problem+json")
    assert "larger than the workplace takes" in reply.json()["title"]
