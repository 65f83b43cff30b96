"""Every kind of signal on the pages: what fell apart from the problems, further reasons, and persons for those who may."""

import re

import pytest

from forestall.results.signal import PERSON_KINDS
from web import build

pytestmark = pytest.mark.django_db


def text(answer):
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    return build.every_kind(build.store(tmp_path_factory.mktemp("kinds")))


@pytest.fixture(autouse=True)
def store(settings, every_kind):
    settings.STORE = every_kind
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return every_kind


def ids(page):
    return re.findall(r'data-signal="(\w+)"', page)


@pytest.mark.parametrize("kind", build.NEW)
def test_each_kind_has_its_filter_its_page_and_its_welsh(reader, kind):
    client = reader("analyst")
    [mine] = ids(text(client.get(f"/?kind={kind}")))
    for language in ("en", "cy"):
        client.post("/language/", {"language": language, "next": "/"})
        page = text(client.get(f"/signals/{mine}/"))
        assert "ab12" not in page
        main = re.sub(r"<svg.*?</svg>", "", page[page.index("<main") :], flags=re.S)
        assert "{" not in main


def test_what_fell_stands_apart_and_is_no_rise(reader):
    page = text(reader("analyst").get("/"))
    assert "What fell" in page
    assert page.index("What fell") > page.index("Anti-social behaviour, damage and public order")
    assert "2 rises are established" in page, "neither a fall nor a repeat is a rise"


def test_further_reasons_are_listed(reader):
    client = reader("analyst")
    assert "Also: Concentrated" in text(client.get("/"))
    page = text(client.get("/signals/0000000001/"))
    assert "Further reasons" in page
    assert ids(text(client.get("/?kind=concentrated"))) == ["0000000001", "0000000003"]


def test_persons_are_on_no_map(reader):
    client = reader("analyst")
    for kind in sorted(PERSON_KINDS):
        page = text(client.get(f"/?kind={kind}"))
        item = re.search(r'<li class="f-problem .*?>', page, re.S)
        assert item is not None
        assert "data-areas" not in item[0]
        detail = text(client.get(f"/signals/{ids(page)[0]}/"))
        assert "data-map" not in detail
        assert "on no map" in detail


@pytest.mark.parametrize("role", ["commissioner", "registrar"])
def test_others_see_no_persons(reader, role):
    client = reader(role)
    page = text(client.get("/?sort=harm"))
    assert "Repeat victim" not in page
    assert "Outlier" in page
    for kind in PERSON_KINDS:
        assert ids(text(client.get(f"/?kind={kind}"))) == []
        assert client.get(f"/signals/{build.number(kind)}/").status_code == 404


def test_nor_does_a_partner_who_counts_problems_alone(reader):
    page = text(reader("partner").get("/"))
    assert "Repeat victim" not in page
    assert "7 problems stand out" in page, "the three of old and outlier, near repeats, season and location"
