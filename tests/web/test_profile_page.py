"""The profile of a signal in the workplace: for who may see the signal, written to the log, with its tables."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

import bench_store
from forestall.report import html as report
from forestall.web.audit.models import Event, Operation
from forestall.web.signals import profiles

pytestmark = pytest.mark.django_db
#: Of the small scan: in some areas; in the whole force; in places; of a category that the records don't hold.
RISING, FORCE_WIDE, CONCENTRATED, NOT_HELD = (f"/signals/{i:010x}/profile/" for i in (1, 2, 3, 5))


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    return bench_store.make(tmp_path_factory.mktemp("profile"), source="sample-crimes", record=True)


@pytest.fixture(autouse=True)
def with_records(settings, profiled):
    settings.STORE = profiled


def words(response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_the_signal_leads_to_its_profile_where_there_is_one(reader):
    client = reader("analyst")
    assert f'href="{RISING}"' in client.get(RISING.removesuffix("profile/")).content.decode()
    assert f'href="{FORCE_WIDE}"' not in client.get(FORCE_WIDE.removesuffix("profile/")).content.decode()


@pytest.mark.parametrize("path", [RISING, CONCENTRATED])
@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_page_has_every_part_in_the_frame_of_the_workplace(reader, path, language):
    client = reader("analyst")
    client.cookies["forestall_language"] = language
    answer = client.get(path)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in page
    for part in ("see", "triangle", "ideas", "who", "how", "differs", "weight", "doubt"):
        assert f'<section id="{part}"' in page
    assert page.count("<h1") == page.count("<main") == 1
    assert "<svg" in page
    assert "f-band" in page, "the records are made up, and the page says so"
    assert "OFFICIAL" in page
    assert "forestall profile --store STORE --signal" in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_nothing_that_the_policy_refuses(reader):
    page = reader("analyst").get(RISING).content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|data:text", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


def test_every_table_is_there_to_take_away(reader):
    client = reader("analyst")
    links = set(re.findall(rf'href="({RISING}[\w-]+\.csv)"', client.get(RISING).content.decode()))
    assert {f"{RISING}{name}.csv" for name in ("locations", "areas", "trend", "profile")} <= links
    for link in links:
        answer = client.get(link)
        name = link.rsplit("/", 1)[1].removesuffix(".csv")
        assert answer["Content-Type"].startswith("text/csv")
        assert f"SYNTHETIC-problem-0000000001-{name}-" in answer["Content-Disposition"]
        assert len(list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))) > 1, link
    assert client.get(f"{RISING}nothing.csv").status_code == 404
    assert client.get(f"{FORCE_WIDE}trend.csv").status_code == 404


def test_the_page_links_each_table_that_the_profile_has(reader):
    from forestall.web.signals.pinned import pinned

    page = reader("analyst").get(RISING).content.decode()
    held = pinned()
    made = profiles.of(held, next(s for s in held.scan.signals if s.id == "0000000001"), full=True)
    assert {f"{RISING}{name}.csv" for name in profiles.tables(made)} == set(re.findall(rf'"({RISING}[^"]+\.csv)"', page))


def test_reading_and_taking_away_are_in_the_log(reader):
    client = reader("analyst")
    client.get(RISING)
    client.get(f"{RISING}trend.csv")
    client.get(f"{RISING}nothing.csv")
    seen, taken = Event.objects.filter(act__endswith="-profile").order_by("id")
    assert (seen.operation, seen.act, seen.record) == (Operation.CONSULTATION, "read-profile", "signal:0000000001")
    assert (taken.operation, taken.act, taken.record) == (Operation.DISCLOSURE, "export-profile", "signal:0000000001")
    assert taken.detail["table"] == "trend"
    assert seen.detail["snapshot"] == taken.detail["snapshot"]


@pytest.mark.parametrize("role", ["partner", "data-protection"])
def test_who_sees_no_signal_sees_no_profile(reader, role):
    client = reader(role)
    assert client.get(RISING).status_code == 403
    assert client.get(f"{RISING}trend.csv").status_code == 403
    assert not Event.objects.filter(act__endswith="-profile").exists()


@pytest.mark.parametrize("role", ["commissioner", "registrar"])
def test_who_takes_nothing_out_reads_without_links_to_tables(reader, role):
    client = reader(role)
    page = client.get(RISING).content.decode()
    assert ".csv" not in page
    assert "public form" in page, "they hold to account: locations, methods and small numbers they need not know"
    assert client.get(f"{RISING}trend.csv").status_code == 403


def test_who_acts_reads_the_whole_profile(reader):
    assert "public form" not in reader("officer").get(RISING).content.decode()


def test_a_local_role_sees_the_profiles_of_its_own_area(reader):
    client = reader("analyst", "W06000002")
    assert client.get(CONCENTRATED).status_code == 200
    assert client.get(RISING).status_code == 404
    assert client.get(f"{RISING}trend.csv").status_code == 404


def test_a_visitor_is_led_to_the_door(client):
    assert client.get(RISING).status_code == 302
    assert client.get(f"{RISING}trend.csv").status_code == 302


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (FORCE_WIDE, "this problem is in the whole force area"),
        (NOT_HELD, "There is no category 'robbery' in these records"),
    ],
)
@pytest.mark.parametrize("language", ["en", "cy"])
def test_where_there_is_none_a_sentence_says_why(reader, path, said, language):
    client = reader("analyst")
    client.cookies["forestall_language"] = language
    answer = client.get(path)
    assert answer.status_code == 200
    assert "<section" not in answer.content.decode()
    assert 'lang="en"' not in answer.content.decode().split("<main")[1] or language == "en"
    if language == "en":
        assert said in words(answer)


def test_what_is_ready_beforehand_nobody_waits_for(reader, monkeypatch):
    from forestall.web import ready
    from forestall.web.signals.pinned import pinned
    from forestall.web.tasking import selectors as tasking

    profiles._made.clear()
    ready.make_ready(pinned())
    monkeypatch.setattr(profiles, "_make", None)
    monkeypatch.setattr(tasking, "_made", None)
    client = reader("analyst")
    assert client.get(RISING).status_code == 200
    assert client.get("/tasking/").status_code == 200


def test_a_signal_about_one_person_has_none():
    from dataclasses import replace

    from forestall.web.signals.pinned import pinned

    held = pinned()
    person = replace(held.scan.signals[0], kind="repeat-victim")
    assert profiles.of(held, person, full=True) == profiles.Refusal(profiles.ONE_PERSON)
    assert not profiles.has_profile(person)


def test_a_second_visit_works_nothing_out(reader, monkeypatch):
    client = reader("analyst")
    first = client.get(RISING).content.decode().split("<main")[1]
    monkeypatch.setattr(profiles, "_make", None)
    monkeypatch.setattr(profiles.html, "body", None)
    assert client.get(RISING).content.decode().split("<main")[1] == first


def test_no_identifier_of_a_person_or_an_occurrence_is_on_the_page(reader):
    client = reader("analyst")
    assert not re.search(r">R\d+<", client.get(RISING).content.decode())


def test_the_reports_style_holds_inside_of_the_profile_alone(reader):
    answer = reader("analyst").get("/profile.css")
    assert answer["Content-Type"].startswith("text/css")
    assert "max-age" in answer["Cache-Control"]
    sheet = answer.content.decode()
    selectors = re.findall(r"(?:^|[{}])\s*([^{}@]+?)\s*\{", sheet)
    assert len(selectors) > 60
    for one in (s for group in selectors for s in group.split(",")):
        assert one.strip().startswith(".f-profile"), one
    assert sheet.count("{") == sheet.count("}") == report.style().count("{")
    declared = re.compile(r"\{([^{}]*)\}")
    assert declared.findall(sheet) == declared.findall(report.style())
