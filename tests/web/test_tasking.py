"""The tasking lists: in full for those who may see persons, in the partners' form for partners, and written to the log."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil

import pytest

from forestall.records.erasure import Rule, erase
from forestall.records.store import Store
from forestall.web.audit.models import Event, Operation
from web import build

pytestmark = pytest.mark.django_db
NORTH, SOUTH = build.HUBS
LISTS = ("repeat-victims", "repeat-suspects", "frequent-callers", "hot-spots")


@pytest.fixture(scope="module")
def peopled(tmp_path_factory):
    return build.peopled(tmp_path_factory.mktemp("tasking"))


@pytest.fixture(autouse=True)
def with_persons(settings, peopled):
    settings.STORE = peopled


def words(response) -> str:
    assert response.status_code == 200, response.content.decode()[:300]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def section(response, name: str) -> str:
    page = response.content.decode()
    found = re.search(rf'<section class="f-tasking" aria-labelledby="{name}">.*?</section>', page, re.S)
    assert found is not None
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])))


def table(response) -> list[dict[str, str]]:
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_four_lists_with_curve_table_and_occurrence_numbers(reader, language):
    client = reader("officer")
    client.cookies["forestall_language"] = language
    answer = client.get(f"/tasking/?hub={NORTH}")
    page = answer.content.decode()
    for name in LISTS:
        assert f'id="{name}"' in page
    assert page.count("<svg") >= 4 + 1
    assert page.count("<caption") == 4
    assert "OFFICIAL-SENSITIVE" in page
    assert page.count("<h1") == 1
    assert "{" not in re.sub(r"<svg.*?</svg>", "", page[page.index("<main") :], flags=re.S)
    victims = section(answer, "repeat-victims")
    assert "9 records in the year" in victims or language == "cy"
    assert len(re.findall(r"\bR1\d{5}\b|SECRET", victims)) >= 9
    assert not re.search(r"HURT|NAMED|IN-NEED", page), "an identifier is shown to nobody"
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_frequent_callers_are_a_need_for_support(reader):
    callers = section(reader("officer").get("/tasking/"), "frequent-callers")
    assert "may need support" in callers
    assert "8 records in the year" in callers


def test_suspects_are_offenders_by_a_recorded_outcome_alone(reader):
    suspects = section(reader("officer").get("/tasking/"), "repeat-suspects")
    assert "7 records in the year" in suspects
    assert "2 recorded outcomes name the person as an offender" in suspects
    assert "A suspect is not an offender" in suspects


def test_restricted_records_are_marked_for_the_force(reader):
    victims = section(reader("officer").get("/tasking/"), "repeat-victims")
    assert "3 of these are of domestic abuse" in victims
    assert "7 of these are of domestic abuse" in victims


def partners_form(client, path="/tasking/"):
    answer = client.get(path)
    said = words(answer)
    assert "The form for partners" in said
    assert not re.search(r"\bR1\d{5}\b|\bC\d+\b|SECRET|Secret Street", said), "no occurrence number, nothing protected"
    victims = section(answer, "repeat-victims")
    assert "6 records in the year" in victims, "nine less the three of domestic abuse"
    assert "7 records in the year" not in victims, "the one of domestic abuse alone is not there"
    assert "Market Street" in section(answer, "hot-spots")
    assert "OFFICIAL-SENSITIVE" not in answer.content.decode()
    return answer


def test_a_partner_reads_the_partners_form_whatever_is_asked(reader):
    client = reader("partner")
    page = partners_form(client).content.decode()
    partners_form(client, "/tasking/?form=force")
    assert 'name="form"' not in page
    assert ".csv" not in page
    for name in ("lists", "concentration"):
        assert client.get(f"/tasking/{name}.csv").status_code == 403


def test_the_force_sees_what_partners_see_before_it_shares_it(reader):
    client = reader("supervisor")
    partners_form(client, "/tasking/?form=partner")
    rows = table(client.get("/tasking/lists.csv?form=partner"))
    assert rows
    assert "occurrences" not in rows[0]


def test_the_tables_to_take_away(reader):
    client = reader("analyst")
    answer = client.get(f"/tasking/lists.csv?hub={NORTH}")
    assert f"OFFICIAL-SENSITIVE-tasking-lists-force-{NORTH}-2022-10-" in answer["Content-Disposition"]
    rows = table(answer)
    assert {r["list"] for r in rows} == set(LISTS)
    first = next(r for r in rows if r["list"] == "repeat-victims")
    assert (first["records"], len(first["occurrences"].split())) == ("9", 9)
    curve = table(client.get("/tasking/concentration.csv"))
    assert {r["list"] for r in curve} == set(LISTS)
    assert all(0 < float(r["subjects"]) <= float(r["records"]) <= 1 for r in curve)
    assert client.get("/tasking/nothing.csv").status_code == 404


def test_a_hub_has_its_own_lists_and_an_unknown_one_none(reader):
    client = reader("analyst")
    assert "9 records in the year" not in section(client.get(f"/tasking/?hub={SOUTH}"), "repeat-victims")
    assert client.get("/tasking/?hub=W06009999").status_code == 404
    assert client.get("/tasking/lists.csv?hub=W06009999").status_code == 404


def test_a_local_role_has_its_own_hub_alone(reader):
    client = reader("officer", SOUTH)
    page = client.get("/tasking/").content.decode()
    assert "Southport" in page
    assert "The whole force area" not in page
    for elsewhere in (NORTH, ""):
        assert client.get(f"/tasking/?hub={elsewhere}").status_code == 404
        assert client.get(f"/tasking/lists.csv?hub={elsewhere}").status_code == 404


def test_a_role_in_full_here_and_as_a_partner_there(client, person):
    from forestall.web.people.models import HeldRole

    user = person("officer", NORTH)
    HeldRole.objects.create(user=user, role="partner", area=SOUTH)
    client.force_login(user)
    assert "For the force" in words(client.get(f"/tasking/?hub={NORTH}"))
    assert "The form for partners" in words(client.get(f"/tasking/?hub={SOUTH}"))


def test_a_role_smaller_than_a_hub_is_told_why_there_is_nothing(reader):
    client = reader("officer", build.CODES[0])
    assert "covers no whole local authority" in words(client.get("/tasking/"))
    assert client.get("/tasking/lists.csv").status_code == 404
    assert not Event.objects.filter(act__endswith="-tasking").exists()


@pytest.mark.parametrize("role", ["commissioner", "registrar", "data-protection", "administrator"])
def test_who_tasks_nobody_sees_no_list(reader, role):
    client = reader(role)
    assert client.get("/tasking/").status_code == 403
    assert client.get("/tasking/lists.csv").status_code == 403
    assert 'href="/tasking/"' not in client.get("/").content.decode()


@pytest.mark.parametrize("role", ["analyst", "officer", "partner"])
def test_who_may_is_led_there(reader, role):
    assert 'href="/tasking/"' in reader(role).get("/").content.decode()


def test_a_visitor_is_led_to_the_door(client):
    assert client.get("/tasking/").status_code == 302
    assert client.get("/tasking/lists.csv").status_code == 302


def test_reading_and_taking_away_are_in_the_log_with_the_form(reader):
    client = reader("analyst")
    client.get(f"/tasking/?hub={NORTH}")
    client.get("/tasking/lists.csv?form=partner")
    seen, taken = Event.objects.filter(act__endswith="-tasking").order_by("id")
    assert (seen.operation, seen.act, seen.detail) == (
        Operation.CONSULTATION, "see-tasking", {"hub": NORTH, "audience": "force"},
    )  # fmt: skip
    assert (taken.operation, taken.detail) == (
        Operation.DISCLOSURE, {"hub": "", "audience": "partner", "table": "lists"},
    )  # fmt: skip


def test_what_was_erased_is_on_no_list_that_was_made_before(reader, settings, peopled, tmp_path):
    """No list of the scanned snapshot can be made again; the next scan has new ones."""
    settings.STORE = shutil.copytree(peopled, tmp_path / "store")
    analyst = reader("analyst")
    ref = table(analyst.get("/tasking/lists.csv"))[0]["occurrences"].split()[0]
    assert ref in analyst.get("/tasking/").content.decode()
    assert erase(Store.open(settings.STORE), Rule(source_ref=ref), reason="retention").tombstone is not None
    after = analyst.get("/tasking/")
    assert after.status_code == 503
    assert "erased on" in after.content.decode()
    assert analyst.get("/tasking/lists.csv").status_code == 503


def test_a_signal_about_a_person_leads_to_its_list(reader):
    page = reader("officer").get(f"/signals/{build.number('repeat-victim')}/").content.decode()
    assert f'href="/tasking/?hub={SOUTH}#repeat-victims"' in page


def test_records_without_persons_say_so(reader, settings, made_store):
    settings.STORE = made_store
    assert "no days or no identifiers for it" in words(reader("officer").get("/tasking/"))
