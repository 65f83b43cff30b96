"""The explore page: an address in, an answer out, for those who may, written to the log."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

import bench_store
from forestall.analyse import bench
from forestall.cli import analyse
from forestall.report.html import cell_text
from forestall.results import Column, Table
from forestall.text import msg
from forestall.web.audit.models import Event, Operation
from forestall.web.explore import present, selectors

pytestmark = pytest.mark.django_db
METHODS = [m.slug for m in bench.methods() if not m.ethics]


@pytest.fixture(scope="module")
def bench_made(tmp_path_factory):
    return bench_store.make(tmp_path_factory.mktemp("explore"), record=True)


@pytest.fixture(autouse=True)
def with_bench(settings, bench_made):
    settings.STORE = bench_made


def words(response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_the_door_lists_what_can_be_asked_and_works_nothing_out(reader):
    answer = reader("analyst").get("/explore/")
    assert answer.status_code == 200
    for method in bench.methods():
        assert str(method.question) in words(answer)
    assert not Event.objects.filter(act="see-analysis").exists()


@pytest.mark.parametrize("slug", METHODS)
@pytest.mark.parametrize("language", ["en", "cy"])
def test_every_method_has_its_page(reader, slug, language):
    client = reader("analyst")
    client.cookies["forestall_language"] = language
    answer = client.get(f"/explore/?method={slug}&category=burglary")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<svg" in page
    assert f'lang="{language}"' in page
    assert f"/explore/?method={slug}&amp;category=burglary" in page  # its link
    assert f"forestall analyse {slug} --store STORE --category burglary" in html.unescape(page)
    assert "snapshot" in page.lower() or "ciplun" in page.lower()


def test_the_address_is_the_view(reader):
    client = reader("analyst")
    asked = (
        "method=near-repeat&category=burglary&hub=W06000001&since=2021-01&until=2022-06&distances=0%2C250&days=0%2C5%2C10"
    )
    page = client.get(f"/explore/?{asked}").content.decode()
    link = html.unescape(re.search(r'id="link"><code>([^<]*)', page)[1])
    assert link == f"http://testserver/explore/?{asked}"
    assert client.get(link).content.decode().split("<main")[1] == page.split("<main")[1]
    assert 'value="0,250"' in page
    assert '<option value="2021-01" selected>' in page


def test_the_form_sends_what_the_page_reads_back(reader):
    """As a browser without scripts would: every field of the form, defaults and empty ones too."""
    client = reader("analyst")
    form = {
        "method": "hours", "category": "shoplifting", "hub": "", "since": "", "until": "", "areas": "", "for": "hours",
        "wide": "24", "longest": "8",
    }  # fmt: skip
    page = client.get("/explore/", form).content.decode()
    assert html.unescape(re.search(r'id="link"><code>([^<]*)', page)[1]).endswith(
        "/explore/?method=hours&category=shoplifting"
    )


def test_settings_of_another_method_are_dropped_when_the_method_changes(reader):
    answer = reader("analyst").get("/explore/?method=seasonality&for=hours&wide=24&longest=8&category=burglary")
    assert answer.status_code == 200
    assert "can't be answered" not in words(answer)


@pytest.mark.parametrize(
    ("query", "said", "status"),
    [
        ("method=nope", "there is no method", 400),
        ("method=hours&wide=nan", "Wide must be a number from 1 to 168, not nan", 400),
        ("method=hours&cell=4", "is no setting of hours", 400),
        ("method=near-repeat&distances=9,3", "must be rising numbers", 400),
        ("method=hours&category=nope", "no records of the category", 200),
        ("method=hours&areas=nope", "there is no area", 200),
        ("method=hours&hub=nope", "there is no hub", 200),
        ("method=hours&since=1999-01", "lies outside of the records", 200),
        ("method=hours&since=2022-01&until=2021-01", "the earlier month first", 200),
        ("method=hours&since=%3Cscript%3Ealert(1)%3C/script%3E", "is no month", 200),
        ("method=hotspot-forecast&category=burglary", "ethics body has to switch it on", 200),
        ("method=repeats&by=victim", "victim_id", 200),
        ("method=control-chart&category=burglary&hub=W06000001&areas=W01000001", "give one of them", 200),
    ],
)
def test_what_can_not_be_answered_is_a_sentence_on_the_page(reader, query, said, status):
    answer = reader("analyst").get(f"/explore/?{query}")
    assert answer.status_code == status
    assert said.lower() in words(answer).lower()
    assert "<script>alert" not in answer.content.decode()
    assert 'id="link"' not in answer.content.decode()
    assert reader("supervisor").get(f"/explore.csv?{query}").status_code == 400


def test_a_method_on_numbers_refuses_in_the_readers_language(reader):
    client = reader("analyst")
    client.cookies["forestall_language"] = "cy"
    page = client.get("/explore/?method=forecast&category=burglary&since=2022-10").content.decode()
    alert = re.search(r'<div class="govuk-error-summary .*?</div>\s*</div>', page, re.S)
    assert alert is not None
    assert 'lang="en"' not in alert[0]
    assert "ragfynegi" in alert[0]
    assert client.get("/explore.csv?method=forecast&category=burglary&since=2022-10").status_code == 400


def test_csv_has_every_row(reader):
    answer = reader("analyst").get("/explore.csv?method=concentration&category=burglary")
    assert answer["Content-Type"].startswith("text/csv")
    assert "OFFICIAL-concentration-" in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 25
    assert rows[0][:3] == ["code", "name", "value"]


def test_reading_and_taking_away_are_in_the_log(reader):
    client = reader("analyst")
    client.get("/explore/?method=hours&category=burglary")
    client.get("/explore.csv?method=hours&category=burglary")
    seen, taken = Event.objects.filter(act__endswith="-analysis").order_by("id")
    assert (seen.operation, seen.act) == (Operation.CONSULTATION, "see-analysis")
    assert (taken.operation, taken.act) == (Operation.DISCLOSURE, "export-analysis")
    assert seen.detail == taken.detail == {"analysis": "method=hours&category=burglary"}
    assert seen.record.startswith("snapshot:")


@pytest.mark.parametrize("role", ["partner", "officer", "commissioner", "registrar", "data-protection"])
def test_who_may_not_explore_sees_nothing_of_it(reader, role):
    client = reader(role)
    assert client.get("/explore/").status_code == 403
    assert client.get("/explore/?method=hours&category=burglary").status_code == 403
    assert client.get("/explore.csv?method=hours&category=burglary").status_code == 403
    home = client.get("/")
    assert "/explore/" not in home.content.decode()
    assert not Event.objects.filter(act__endswith="-analysis").exists()


@pytest.mark.parametrize("role", ["analyst", "supervisor", "chief-officer"])
def test_who_may_explore_is_led_there(reader, role):
    assert 'href="/explore/"' in reader(role).get("/").content.decode()


def test_a_visitor_is_led_to_the_door(client):
    assert client.get("/explore/?method=hours").status_code == 302


def test_a_local_role_explores_its_own_area(reader):
    client = reader("analyst", "W06000001")
    whole = client.get("/explore/?method=concentration&category=burglary")
    assert len(list(csv.reader(io.StringIO(client.get("/explore.csv?method=concentration").content.decode())))) == 13
    assert "Northtown" in words(whole)
    assert "W01000020" not in whole.content.decode()
    assert "Southport" not in whole.content.decode()
    for elsewhere in ("hub=W06000002", "areas=W01000020", "areas=W01000001,W01000020"):
        answer = client.get(f"/explore/?method=concentration&category=burglary&{elsewhere}")
        assert "your role covers northtown alone" in words(answer).lower()
    inside = client.get("/explore/?method=control-chart&category=burglary&areas=W01000007")
    assert 'id="link"' in inside.content.decode()


def test_hot_spot_forecasts_open_by_the_setting_alone(reader, settings):
    client = reader("analyst")
    settings.HOTSPOT_FORECASTS = True
    assert 'id="link"' in client.get("/explore/?method=hotspot-forecast&category=burglary").content.decode()
    settings.HOTSPOT_FORECASTS = False
    assert 'id="link"' not in client.get("/explore/?method=hotspot-forecast&category=burglary").content.decode()
    settings.HOTSPOT_FORECASTS = True
    assert "police were" in words(client.get("/explore/?method=hotspot-forecast&category=drugs"))


def test_too_many_records_for_a_page_is_a_sentence(reader, monkeypatch):
    monkeypatch.setattr(selectors, "MOST", 50)
    selectors._answer.cache_clear()
    answer = reader("analyst").get("/explore/?method=density&category=burglary")
    assert "takes up to 50 records on this page" in words(answer)
    selectors._answer.cache_clear()


def test_no_identifier_of_a_person_or_an_occurrence_is_on_the_page(reader):
    page = reader("analyst").get("/explore/?method=repeats&category=burglary").content.decode()
    assert not re.search(r">R\d+<", page)


def test_a_store_without_what_a_method_needs_says_so(reader, settings, made_store):
    settings.STORE = made_store  # one day's records without points
    answer = reader("analyst").get("/explore/")
    assert "not here" in words(answer)
    assert "which these records leave empty" in words(answer)


@pytest.mark.parametrize("name", ["p", "q_value", "p_adjusted", "fits"])
def test_the_page_tells_a_chance_as_the_report_and_the_command_line_do(name):
    column = Column(name, msg("p"), numeric=True)
    for value in (1.8e-08, 0.0213, 0.4, float("nan"), None):
        assert present.cell(column, value, "en") == cell_text(value, name, "en")
        table = Table((column,), ((value,),))
        assert analyse._columns(table, "en")[-1].strip() == cell_text(value, name, "en")
