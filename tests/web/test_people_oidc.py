"""Signing in with an organisation's own account, against a real provider on loopback."""

import datetime as dt
import html
import re
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import oidc_provider_mock
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import SuspiciousOperation
from django.test import Client as Browser

from forestall.errors import ForestallError
from forestall.web import provider
from forestall.web.audit.models import Event
from forestall.web.people import oidc, provided, selectors
from forestall.web.people.models import HeldRole, Identity, Organisation, User
from forestall.web.people.permissions import Permission

pytestmark = pytest.mark.django_db
ANN = {"email": "ann@example.org", "email_verified": True, "name": "Ann Price", "preferred_username": "Ann P"}


def serve(**more):
    return oidc_provider_mock.run_server_in_thread(**more)


@pytest.fixture(scope="module")
def running():
    with serve() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def issuer(running, settings):
    """The workplace as a client of the provider, which knows Ann."""
    settings.OIDC = provider.Client(issuer=running, client="forestall", secret="told")
    tell(running, "ann", **ANN)
    return running


@pytest.fixture
def ann():
    return User.objects.create(username="ann", email="Ann@example.org")


def tell(issuer, subject, **claims):
    assert requests.put(f"{issuer}/users/{subject}", json=claims, timeout=5).status_code == 204


def begin(client, **more):
    """To the provider: its address, as the browser gets it."""
    answer = client.get("/sign-in/organisation/", more)
    assert answer.status_code == 302
    return answer.headers["Location"]


def allow(address, subject="ann"):
    """The person agrees at the provider, which sends the browser back: the path and query of that."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def through(client, subject="ann", **more):
    return client.get(allow(begin(client, **more), subject))


def refusal(client):
    """Why the last sign-in failed, as the log has it; nobody is signed in."""
    assert client.get("/account/").status_code == 302
    return Event.objects.filter(act="sign-in-failed").last().detail["why"]


@pytest.mark.usefixtures("issuer")
def test_a_known_person_signs_in(client, ann):
    assert "Sign in with your organisation" in client.get("/sign-in/").content.decode()
    asked = parse_qs(urlsplit(begin(client)).query)
    assert asked["scope"] == ["openid email profile"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/sign-in/organisation/back/"]
    assert asked["state"]
    assert asked["nonce"]
    answer = through(client, next="/account/")
    assert answer.headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    event = Event.objects.get(act="sign-in")
    assert (event.actor, event.detail) == (ann, {"with": "organisation"})
    assert Identity.objects.get().user == ann


def test_after_the_first_time_the_providers_own_name_counts(client, issuer, ann):
    through(client)
    client.post("/sign-out/")
    User.objects.filter(pk=ann.pk).update(email="")
    assert through(client).status_code == 302
    client.post("/sign-out/")
    User.objects.filter(pk=ann.pk).update(email=ANN["email"])
    tell(issuer, "mallory", **ANN)
    answer = through(client, "mallory")
    assert answer.status_code == 422
    assert "no account" in refusal(client), "another subject with her address is not her"


@pytest.mark.parametrize(
    "claims",
    [
        {**ANN, "email_verified": False},
        {"email": ANN["email"]},
        {"name": "Ann"},
        {"email": "other@example.org", "email_verified": True},
    ],
)
@pytest.mark.usefixtures("ann")
def test_who_is_not_known_is_refused(client, issuer, claims):
    tell(issuer, "stranger", **claims)
    answer = through(client, "stranger")
    assert "no account here yet" in html.unescape(answer.content.decode())
    assert refusal(client) == "no account"
    assert User.objects.count() == 1


@pytest.mark.usefixtures("issuer", "ann")
def test_an_address_of_two_people_is_nobodys(client):
    User.objects.create(username="other", email=ANN["email"])
    assert through(client).status_code == 422


@pytest.mark.parametrize("make", [False, True])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("change", [{"is_active": False}, {"is_demo": True}])
def test_closed_and_demo_accounts_stay_out(client, issuer, settings, ann, change, known, make):
    """Known by the provider's own name or by the address alone; and where accounts are made, none is made beside them."""
    if known:
        through(client)
        client.post("/sign-out/")
    User.objects.filter(pk=ann.pk).update(**change)
    settings.OIDC = provider.Client(issuer=issuer, client="forestall", secret="told", make=make)
    assert through(client).status_code == 422
    assert ("no account is made" if make else "no account") in refusal(client)
    assert User.objects.count() == 1


def test_no_account_is_made_with_the_address_of_another(client, issuer, settings, ann):
    settings.OIDC = provider.Client(issuer=issuer, client="forestall", secret="told", make=True)
    through(client)
    client.post("/sign-out/")
    tell(issuer, "mallory", **ANN)
    answer = through(client, "mallory")
    assert "ask an administrator" in answer.content.decode()
    tell(issuer, "unsure", **{**ANN, "email_verified": False})
    assert through(client, "unsure").status_code == 302
    assert [u.email for u in User.objects.exclude(pk=ann.pk)] == [""], "an address that nobody verified is not kept"


@pytest.mark.usefixtures("issuer", "ann")
def test_a_wrong_state_is_refused(client):
    back = allow(begin(client))
    wrong = re.sub(r"state=[^&]+", "state=forged", back)
    assert client.get(wrong).status_code == 422
    assert "state" in refusal(client)
    assert Browser().get(back).status_code == 422, "another browser has not asked for it"
    assert client.get(back).status_code == 302
    assert Browser().get(back).status_code == 422


@pytest.mark.usefixtures("issuer", "ann")
def test_a_code_works_once(client):
    address = begin(client)
    back = allow(address)
    assert client.get(back).status_code == 302
    client.post("/sign-out/")
    begin(client)
    assert client.get(back).status_code == 422


@pytest.mark.usefixtures("issuer", "ann")
def test_a_wrong_nonce_is_refused(client):
    address = begin(client)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    other = f"{address.split('?')[0]}?{urlencode({**asked, 'nonce': 'another'})}"
    assert client.get(allow(other)).status_code == 422
    assert "Nonce" in refusal(client)


@pytest.mark.usefixtures("ann")
def test_a_token_that_is_over_is_refused(client, settings):
    with serve(access_token_max_age=dt.timedelta(minutes=-5)) as server:
        issuer = f"http://localhost:{server.server_port}"
        settings.OIDC = provider.Client(issuer=issuer, client="forestall", secret="told")
        tell(issuer, "ann", **ANN)
        assert through(client).status_code == 422
    assert "expired" in refusal(client)


@pytest.mark.usefixtures("issuer", "ann")
def test_saying_no_at_the_provider(client):
    address = begin(client)
    answer = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["Location"])
    refused = client.get(f"/sign-in/organisation/back/?{back.query}")
    assert refused.status_code == 422
    assert "did not work" in refused.content.decode()


def test_a_provider_that_does_not_answer(client, settings):
    settings.OIDC = provider.Client(issuer="http://localhost:9", client="forestall", secret="told")
    answer = client.get("/sign-in/organisation/")
    assert answer.status_code == 422
    assert "reached" in answer.content.decode()
    assert refusal(client).startswith("discovery failed")


def test_a_provider_that_calls_itself_something_else(client, settings, running):
    settings.OIDC = provider.Client(issuer=running.replace("localhost", "127.0.0.1"), client="forestall", secret="x")
    oidc._found.pop(settings.OIDC.issuer, None)
    answer = client.get("/sign-in/organisation/")
    assert answer.status_code == 302, "127.0.0.1 names itself by the name that it was asked by"
    settings.OIDC = provider.Client(issuer=f"{running}/users/..", client="forestall", secret="x")
    assert client.get("/sign-in/organisation/").status_code == 422


def test_without_a_provider_there_is_no_such_page(client):
    assert client.get("/sign-in/organisation/").status_code == 404
    assert client.get("/sign-in/organisation/back/?code=x&state=y").status_code == 404
    assert "your organisation" not in client.get("/sign-in/").content.decode()


def test_accounts_and_roles_from_the_provider(client, issuer, settings):
    force = Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    settings.OIDC = provider.Client(
        issuer=issuer, client="forestall", secret="told", make=True, role_claim="groups", organisation="gwent",
        roles={"f-analysts": "analyst", "f-officers": "officer"},
    )  # fmt: skip
    tell(issuer, "new", groups=["f-analysts", "canteen"], **{**ANN, "email": "new@example.org"})
    assert through(client, "new").status_code == 302
    user = User.objects.get()
    assert (user.username, user.name, user.organisation) == ("annp", "Ann Price", force)
    assert not user.has_usable_password()
    assert user.may(Permission.EXPLORE)
    HeldRole.objects.create(user=user, role="registrar")
    client.post("/sign-out/")
    tell(issuer, "new", groups=["f-officers"], **{**ANN, "email": "new@example.org"})
    through(client, "new")
    user = User.objects.get()
    assert {r.role for r in user.held()} == {"officer", "registrar"}, "what a person gave by hand stays"
    client.post("/sign-out/")
    tell(issuer, "new", groups=["f-officers", "f-analysts"], **{**ANN, "email": "new@example.org"})
    through(client, "new")
    assert {r.role for r in User.objects.get().held()} == {"analyst", "officer", "registrar"}
    acts = [(e.act, e.detail.get("role")) for e in Event.objects.filter(act__endswith="-role")]
    assert acts == [("give-role", "analyst"), ("take-role", "analyst"), ("give-role", "officer"), ("give-role", "analyst")]


def grouped(issuer, settings, organisation, **roles):
    """The provider says of Ann which groups she is in; the workplace makes accounts for ``organisation``."""
    tell(issuer, "ann", groups=sorted(roles), **ANN)
    settings.OIDC = provider.Client(
        issuer=issuer, client="forestall", secret="told", make=True, role_claim="groups", roles=roles,
        organisation=organisation,
    )  # fmt: skip


def test_an_organisation_that_is_not_there_lets_nobody_in(client, issuer, settings):
    Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    grouped(issuer, settings, "gwnet", admins="administrator")
    assert through(client).status_code == 422
    assert refusal(client).startswith("FORESTALL_OIDC_ORGANISATION is 'gwnet'")
    assert not User.objects.exists()
    with pytest.raises(ForestallError, match="no organisation's slug: there are gwent"):
        provided.check(settings.OIDC)


def test_groups_give_no_role_that_does_not_fit(client, issuer, settings):
    council = Organisation.objects.create(slug="council", name="Northtown Council", kind="council")
    force = Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    grouped(issuer, settings, "council", a="analyst", b="partner", c="data-protection")
    with pytest.raises(ForestallError, match="gives analyst, data-protection, which nobody of Northtown Council may hold"):
        provided.check(settings.OIDC)
    through(client)
    ann = User.objects.get()
    assert [(r.role, r.organisation) for r in ann.held()] == [("partner", council)]
    client.post("/sign-out/")
    grouped(issuer, settings, "gwent", a="analyst")
    provided.check(settings.OIDC)
    through(client)
    assert User.objects.get().held() == [], "she is the council's, whichever organisation's provider says it"
    client.post("/sign-out/")
    User.objects.update(organisation=force)
    through(client)
    assert [(r.role, r.organisation) for r in User.objects.get().held()] == [("analyst", force)]


def test_without_an_organisation_groups_give_no_view_of_the_force(client, issuer, settings):
    grouped(issuer, settings, "", a="analyst")
    through(client)
    assert User.objects.get().held() == []


def test_a_role_that_the_provider_gave_for_another_organisation_ends(client, issuer, settings):
    force = Organisation.objects.create(slug="gwent", name="Gwent Police", kind="force")
    grouped(issuer, settings, "", a="administrator")
    through(client)
    assert User.objects.get().reach(Permission.MANAGE_PEOPLE) is None
    client.post("/sign-out/")
    grouped(issuer, settings, "gwent", a="administrator")
    through(client)
    assert User.objects.get().reach(Permission.MANAGE_PEOPLE) == {force.pk}


@pytest.mark.usefixtures("issuer")
def test_what_was_typed_before_comes_back(client, person):
    ann = person("data-protection")
    User.objects.filter(pk=ann.pk).update(email=ANN["email"])
    client.force_login(ann)
    client.get("/account/")
    client.cookies.pop("forestall_session")
    door = client.post("/agreements/add/", {"title": "kept words"})
    draft = html.unescape(re.search(r'name="draft" value="([^"]*)"', door.content.decode()).group(1))
    onwards = client.post("/sign-in/organisation/", {"draft": draft, "next": "/"})
    assert 'href="/sign-in/organisation/?next=%2F"' in onwards.content.decode()
    answer = through(client)
    assert "kept words" in answer.content.decode()
    assert "oidc_draft" not in client.session


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"}, {"aud": ["forestall", "another"]}, {"iss": "https://evil.example"}, {"exp": 1},
        {"iat": time.time() + 9999}, {"sub": None}, {"exp": None}, {"aud": None},
    ],
)  # fmt: skip
def test_a_token_must_be_for_us_from_the_provider_and_in_time(settings, change):
    settings.OIDC = provider.Client(issuer="https://id.example", client="forestall", secret="x")
    now = time.time()
    good = {"iss": "https://id.example", "aud": "forestall", "sub": "1", "iat": now, "exp": now + 60}
    backend = oidc.OrganisationAccounts()
    assert backend._verify_jws(jwt.encode(good, KEY, "RS256"), KEY.public_key())["sub"] == "1"
    bad = {k: v for k, v in {**good, **change}.items() if v is not None}
    with pytest.raises((jwt.PyJWTError, SuspiciousOperation)):
        backend._verify_jws(jwt.encode(bad, KEY, "RS256"), KEY.public_key())


def test_a_token_signed_in_another_way_is_refused(settings):
    settings.OIDC = provider.Client(issuer="https://id.example", client="forestall", secret="x" * 40)
    for token in (jwt.encode({"sub": "1"}, "x" * 40, "HS256"), jwt.encode({"sub": "1"}, None, "none")):
        with pytest.raises(SuspiciousOperation):
            oidc.OrganisationAccounts()._verify_jws(token, KEY.public_key())


def test_a_claim_of_an_address_needs_the_providers_word_or_the_operators(ann):
    client = provider.Client(issuer="https://id.example", client="c", secret="s")
    claims = {"sub": "1", "email": "ANN@example.org"}
    assert selectors.claimed(client, claims) is None
    trusting = provider.Client(issuer="https://id.example", client="c", secret="s", trust_email=True)
    assert selectors.claimed(trusting, claims) == ann


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ISSUER": "http://id.example"}, "with https"),
        ({"ISSUER": "https://id.example"}, "FORESTALL_OIDC_CLIENT is missing"),
        ({"ISSUER": "https://id.example", "CLIENT": "c"}, "FORESTALL_OIDC_SECRET_FILE must name"),
        ({"ISSUER": "https://id.example", "CLIENT": "c", "SECRET_FILE": "/nowhere"}, "cannot read"),
        ({"ISSUER": "https://id.example", "CLIENT": "c", "ALGORITHM": "none"}, "choose one of RS256"),
        ({"ISSUER": "https://id.example", "CLIENT": "c", "ROLES": "g=king", "SECRET_FILE": "SECRET"}, "write group=role"),
    ],
)
def test_settings_that_do_not_fit_are_told(monkeypatch, tmp_path, given, told):
    secret = tmp_path / "secret"
    secret.write_text("told\n")
    for name, value in given.items():
        monkeypatch.setenv(f"FORESTALL_OIDC_{name}", value.replace("SECRET", str(secret)))
    with pytest.raises(ForestallError, match=told):
        provider.from_environment()


def test_settings(monkeypatch, tmp_path):
    assert provider.from_environment() is None
    secret = tmp_path / "secret"
    secret.write_text("told\n")
    for name, value in {
        "ISSUER": "https://id.example/x/", "CLIENT": "c", "SECRET_FILE": str(secret), "MAKE": "1", "ROLE_CLAIM": "groups",
        "ROLES": "CN=a=analyst, b=officer", "ORGANISATION": "gwent",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FORESTALL_OIDC_{name}", value)
    assert provider.from_environment() == provider.Client(
        issuer="https://id.example/x", client="c", secret="told", make=True, role_claim="groups",
        roles={"CN=a": "analyst", "b": "officer"}, organisation="gwent",
    )  # fmt: skip
