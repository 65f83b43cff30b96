import csv
import datetime as dt
import gzip
import io
import json
import re

import pytest

from forestall.records.erasure import Rule, erase
from forestall.records.store import Store
from forestall.web.audit.models import Event
from forestall.web.signals.pinned import pinned
from web import build

pytestmark = pytest.mark.django_db


def text(answer):
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


def listed(page):
    return re.findall(r'data-signal="(\w+)"', page)


def test_home_opens_with_the_top_three_of_each_theme(reader):
    page = text(reader("analyst").get("/"))
    assert listed(page) == [f"{i:010x}" for i in (2, 1, 4, 5, 7, 3)]
    assert "1 more in this theme" in page
    assert "Up to October 2022, 2 rises are established and 1 small place holds an outsize share." in page
    assert "4 more rises are listed that could be chance." in page
    assert "2 suspected recording events" in page


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("?theme=neighbourhood", (1, 4, 5, 6)),
        ("?category=burglary", (4, 6)),
        ("?kind=concentrated", (3,)),
        ("?area=W06000002", (2, 4, 5, 3)),
        ("?area=W06000002&kind=rising", (4, 5)),
        ("?sort=harm", (7, 6, 5, 4, 3, 2, 1)),
        ("?sort=harm&kind=rising", (7, 6, 5, 4, 1)),
        ("?theme=nonsense&sort=%3Cscript%3E&area=%27", (2, 1, 4, 5, 7, 3)),
        ("?kind=rising&category=public-order", ()),
    ],
)
def test_a_choice_is_a_link(reader, query, ids):
    page = text(reader("analyst").get("/" + query))
    assert listed(page) == [f"{i:010x}" for i in ids]


def test_sorts_are_what_they_say(reader):
    client = reader("analyst")
    by_id = {s.id: s for s in build.scan("x", "y").signals}
    counts = [by_id[i].observed for i in listed(text(client.get("/?sort=count")))]
    changes = [by_id[i].interval[0] for i in listed(text(client.get("/?sort=change")))]
    assert counts == sorted(counts, reverse=True)
    assert changes == sorted(changes, reverse=True)
    assert len(counts) == len(changes) == 7


def test_the_map_is_there_without_scripts_and_links_each_zone(reader):
    page = text(reader("analyst").get("/"))
    assert page.count('data-code="W0100') == 24
    drawn = re.findall(r'<a href="/signals/(\w+)/" aria-label="(\d+)\.', page)
    assert [number for _, number in drawn] == ["2", "3", "4", "5", "6"]


def test_a_signal_page_in_its_order(reader):
    page = text(reader("analyst").get("/signals/0000000001/"))
    order = [
        "Vehicle crime: up in Northtown 1 since August 2022",
        "Where</h2>",
        "When</h2>",
        "Numbers",
        "Download CSV",
        "Beware",
        "What these data can",
        "Where the figures come from",
        "forestall scan --store STORE --force gwent --until 2022-10",
    ]
    at = [page.index(words) for words in order]
    assert at == sorted(at)
    assert "set aside" in page
    assert page.count("<tr") == 1 + len(build.MONTHS)
    assert "1.41 to 2.88" in page
    assert "Few records: 14." in page


def test_an_open_interval_says_so(reader):
    assert "1.20 or more" in text(reader("analyst").get("/signals/0000000007/"))


def test_no_reader_meets_a_probability_of_many_noughts(reader):
    page = text(reader("analyst").get("/signals/0000000007/"))
    assert "<dt>p</dt><dd>under 0.001 " in page
    assert "<dt>q</dt><dd>0.010 " in page
    assert "e-0" not in re.sub(r"<[^>]*>", "", page)


def test_an_unknown_signal_is_not_found(reader):
    client = reader("analyst")
    for path in ("/signals/ffffffffff/", "/signals/x/series.csv", "/signals/..%2F..%2Fetc/", "/map/secret.geojson"):
        assert client.get(path).status_code == 404


def test_csv(reader):
    client = reader("analyst")
    answer = client.get("/signals/0000000001/series.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [r["month"] for r in rows] == list(build.MONTHS)
    assert rows[3]["expected"] == ""
    assert rows[3]["set_aside"] == "True"
    assert re.search(r'filename="OFFICIAL-problem-0000000001-\w{12}\.csv"', answer.headers["Content-Disposition"])
    rows = list(csv.DictReader(io.StringIO(client.get("/signals.csv?kind=rising").content.decode("utf-8-sig"))))
    assert {r["kind"] for r in rows} == {"rising"}
    assert len(rows) == 5
    rows = list(csv.DictReader(io.StringIO(client.get("/recording-events.csv").content.decode("utf-8-sig"))))
    assert [r["shape"] for r in rows] == ["passing", "step"]


@pytest.mark.parametrize(
    ("role", "status"), [("officer", 200), ("registrar", 403), ("commissioner", 403), ("partner", 403)]
)
def test_reading_recording_events_is_not_taking_them_away(reader, role, status):
    client = reader(role)
    assert client.get("/recording-events.csv").status_code == status
    page = client.get("/recording-events/").content.decode()
    assert ("/recording-events.csv" in page) is (status == 200)
    kept = set(Event.objects.filter(act="export-events").values_list("operation", flat=True))
    assert kept == ({"disclosure"} if status == 200 else set())


def test_recording_events_are_shown_and_said_to_be_suspected(reader):
    page = text(reader("registrar").get("/recording-events/"))
    assert "2 changes in the figures look like changes of recording" in page
    assert "900 recorded in April 2020" in page
    assert "Northtown 10" in page
    assert page.count("Suspected</td>") == 2


def test_area_layer(reader):
    client = reader("analyst")
    answer = client.get("/map/lsoa.geojson")
    assert answer.headers["Content-Encoding"] == "gzip"
    features = json.loads(gzip.decompress(answer.content))["features"]
    assert [f["properties"]["code"] for f in features] == list(build.CODES)
    again = client.get("/map/lsoa.geojson", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    hubs = json.loads(gzip.decompress(client.get("/map/lad.geojson").content))["features"]
    assert [f["properties"]["name_cy"] for f in hubs] == ["Tref y Gogledd", "Southport"]


def test_a_partner_sees_how_many_and_nothing_nearer(reader):
    client = reader("partner")
    page = text(client.get("/"))
    assert "3 problems stand out" in page
    assert "Northtown 1" not in page.replace("Northtown</th>", "")
    assert not listed(page)
    for path in ("/signals/0000000001/", "/signals/ffffffffff/", "/signals.csv", "/recording-events/", "/map/lsoa.geojson"):
        assert client.get(path).status_code == 403


def test_a_local_role_sees_its_area_alone(reader):
    client = reader("officer", area="W06000001")
    assert set(listed(text(client.get("/?sort=harm")))) == {f"{i:010x}" for i in (1, 2, 6, 7)}
    assert client.get("/signals/0000000004/").status_code == 404
    assert client.get("/signals/0000000001/").status_code == 200
    assert "0000000004" not in client.get("/signals.csv").content.decode()


def test_data_protection_officer_sees_no_problem(reader):
    client = reader("data-protection")
    assert client.get("/").headers["Location"] == "/audit/"
    assert client.get("/signals/0000000001/").status_code == 403


def test_no_scan_yet(client, settings, person, tmp_path):
    settings.STORE = build.store(tmp_path, record=False)
    client.force_login(person("analyst"))
    page = text(client.get("/"))
    assert "No scan is recorded yet" in page
    assert f"forestall scan --store {tmp_path / 'store'} --record" in page


def test_a_newer_scan_is_followed(client, settings, person, tmp_path):
    from forestall.records.store import Store
    from forestall.results import Scan, Shelf

    path = settings.STORE = build.store(tmp_path)
    client.force_login(person("analyst"))
    assert len(listed(text(client.get("/?sort=harm")))) == 7
    old = build.scan(str(Store.open(path).current), build.places().version)
    Shelf(path).put(Scan(old.signals[:2], old.events, old.provenance))
    assert len(listed(text(client.get("/?sort=harm")))) == 2


def test_the_pages_outlive_the_records_that_were_scanned(client, settings, person, tmp_path):
    """Without places loaded the areas are read from the records; the last of these may be erased."""
    settings.STORE = build.store(tmp_path, with_places=False)
    assert erase(Store.open(settings.STORE), Rule(before=dt.date(2030, 1, 1)), reason="retention").tombstone is not None
    client.force_login(person("analyst"))
    assert client.get("/").status_code == 200
    assert pinned() is not None


def test_the_sample_says_that_it_is_made_up(client, settings, person, tmp_path):
    settings.STORE = build.store(tmp_path, source="sample-crimes")
    client.force_login(person("analyst"))
    assert "Made-up records." in text(client.get("/"))
    assert 'filename="SYNTHETIC-' in client.get("/signals.csv").headers["Content-Disposition"]


def test_real_records_carry_no_such_band(reader):
    assert "Made-up records." not in text(reader("analyst").get("/"))


def test_a_store_that_cannot_be_read_is_told_in_a_sentence(client, settings, person, tmp_path):
    path = settings.STORE = build.store(tmp_path)
    (path / "forestall-store.json").write_text('{"store": "forestall", "version": 99}')
    client.force_login(person("analyst"))
    answer = client.get("/")
    assert answer.status_code == 503
    assert "newer Forestall" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "most"), [("/", 8), ("/signals/0000000001/", 8), ("/recording-events/", 8), ("/map/lsoa.geojson", 5)]
)
def test_few_queries(reader, django_assert_max_num_queries, path, most):
    client = reader("analyst")
    with django_assert_max_num_queries(most):
        assert client.get(path).status_code == 200


def test_a_local_role_sees_the_recording_events_of_its_areas_and_of_the_whole_force(reader):
    here, whole = "Its level shifted with its map points", "Suspected recording event: 900"
    page = reader("analyst", build.HUBS[0]).get("/recording-events/").content.decode()
    assert here in page
    assert whole in page
    client = reader("supervisor", build.HUBS[1])
    for path in ("/recording-events/", "/recording-events.csv"):
        page = client.get(path).content.decode()
        assert here not in page
        assert whole in page


def test_an_interval_is_written_as_its_figure_is():
    from forestall.web.signals import present

    row = present.Row(
        1, build.signal(1, "rising", "burglary", "neighbourhood", build.CODES[:1], ratio=2.9, interval=(1.2, 4.1))
    )
    assert (row.figure, str(row.figure_note)) == ("+190%", "+20% to +310%")
    row = present.Row(
        1, build.signal(1, "rising", "burglary", "neighbourhood", build.CODES[:1], ratio=3.2, interval=(1.5, 7.0))
    )
    assert (row.figure, str(row.figure_note)) == ("×3.2", "×1.5 to ×7.0")


@pytest.mark.parametrize(
    ("kind", "number", "against", "times"),
    [
        ("rising", "Recorded", "Expected", "Times expected"),
        ("near-repeat", "Near pairs", "Expected", "Times expected"),
        ("repeat-victim", "Recorded", "On average", "Times the average"),
        ("concentrated", "Recorded", "In proportion", "Times in proportion"),
    ],
)
def test_each_number_is_called_what_it_is(kind, number, against, times):
    from forestall.web.signals import present

    made = build.signal(1, kind, "burglary", "neighbourhood", build.CODES[:1])
    assert str(present.counted(made)) == number
    assert tuple(map(str, present.compared(made))) == (against, times)
