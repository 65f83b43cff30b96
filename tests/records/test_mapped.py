from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forestall.errors import ForestallError
from forestall.records import mapping as mappings
from forestall.records.records import Records
from forestall.records.store import Store

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(mappings.__file__).parent / "examples"
NAMES = ("Angharad", "Blodwen", "Idris", "Morgan", "Prys", "07700", "example.org", "12/12/1985", "NP20 4AA")


def example(name: str) -> Records:
    return Records.from_files([DATA / f"{name}.csv"], mapping=EXAMPLES / f"{name}.yaml")


def by_line(records: Records) -> dict[int, dict]:
    return {r["line"]: r for r in records.arrow(records.table()).to_pylist()}


def test_the_crime_extract() -> None:
    records = example("niche-crime")
    rows = by_line(records)
    burglary, vehicle, violence, drugs, damage = (rows[i] for i in range(2, 7))
    assert (burglary["record_id"], burglary["category"], burglary["origin"]) == ("2200001/22", "burglary", "public")
    assert (burglary["occurred_from"], burglary["occurred_to"]) == (
        dt.datetime(2022, 1, 3, 18, 30),
        dt.datetime(2022, 1, 4, 7, 15),
    )
    assert (burglary["lon"], burglary["lat"]) == (pytest.approx(-2.9973, abs=1e-3), pytest.approx(51.5866, abs=1e-3))
    assert burglary["flags"] == ["repeat-victim"]
    assert (vehicle["precision"], vehicle["occurred_to"]) == ("day", dt.datetime(2022, 1, 5, 23, 59, 59))
    assert burglary["victim_id"] == violence["victim_id"] != vehicle["victim_id"]
    assert vehicle["victim_id"] == violence["suspect_id"] == drugs["suspect_id"], "one person, whatever the role"
    assert (drugs["origin"], drugs["victim_id"]) == ("police-generated", None)
    assert (damage["status"], damage["flags"], damage["origin"]) == ("cancelled", ["hate-crime"], "partner")
    assert records.rows()["line"].to_pylist() == [2, 5, 3, 4], "the cancelled crime leaves the counts"
    assert [(r["line"], r["reason"]) for r in records.rejects().to_pylist()] == [
        (7, "unknown category 'Piracy'"),
        (8, "occurred_from '31/02/2022 12:00' is no time in the format %d/%m/%Y %H:%M or %d/%m/%Y"),
    ]
    records.require({"occurred_from:instant", "victim_id"}, "A test")


def test_command_and_control() -> None:
    rows = by_line(example("command-and-control"))
    assert rows[2]["occurred_from"] == dt.datetime(2024, 6, 2, 0, 15, 2), "Zulu time becomes British Summer Time"
    assert rows[3]["occurred_from"] == dt.datetime(2024, 6, 2, 0, 5, 41)
    assert (rows[2]["kind"], rows[2]["category"], rows[2]["priority"], rows[2]["duration"]) == (
        "call",
        "noise-nuisance",
        "scheduled",
        12.5,
    )
    assert (rows[4]["status"], rows[5]["origin"], rows[3]["flags"]) == ("duplicate", "police-generated", ["mental-health"])
    assert example("command-and-control").rejects()["reason"].to_pylist() == ["longitude and latitude are swapped"]


def test_the_council_log() -> None:
    rows = by_line(example("council-asb"))
    assert [rows[i]["precision"] for i in (2, 3, 4, 5)] == ["day", "day", "month", "day"]
    assert rows[2]["location_text"] == "Café Made-up, Invented Square"
    assert rows[2]["caller_id"] == rows[4]["caller_id"] != rows[3]["caller_id"], "case and spacing do not matter"
    assert rows[2]["record_id"][:-2] == rows[5]["record_id"][:-2]
    assert {r["origin"] for r in rows.values()} == {"partner"}


@pytest.mark.parametrize("name", ["niche-crime", "command-and-control", "council-asb"])
def test_names_never_enter(name: str, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    store.ingest([DATA / f"{name}.csv"], mapping=EXAMPLES / f"{name}.yaml")
    kept = ""
    for path in [p for p in store.path.rglob("*") if p.is_file()]:
        data = path.read_bytes()
        kept += str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else data.decode()
    assert "Made-up Street" in kept
    assert [n for n in NAMES if n.lower() in kept.lower()] == []


def test_the_key_decides_the_hash_and_a_store_holds_to_one(tmp_path: Path, hash_key: Path) -> None:
    args = ([DATA / "council-asb.csv"],)
    how = {"mapping": EXAMPLES / "council-asb.yaml"}
    store = Store.open(tmp_path / "store", create=True)
    store.ingest(*args, **how)
    first = store.records().rows()["caller_id"][0].as_py()
    hash_key.write_text("f" * 64)
    second = Records.from_files(*args, **how).rows()["caller_id"][0].as_py()
    assert first != second
    assert len(first) == 32
    changed = tmp_path / "more.csv"
    changed.write_bytes((DATA / "council-asb.csv").read_bytes().replace(b"14/05/2024", b"13/05/2024"))
    with pytest.raises(ForestallError, match="hashed with another key"):
        store.ingest([changed], **how)


def test_a_key_is_made_outside_of_the_store_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORESTALL_HASH_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    example("council-asb")
    key = tmp_path / "config" / "forestall" / "hash.key"
    assert key.stat().st_mode & 0o077 == 0
    assert len(key.read_text().strip()) == 64
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ForestallError, match="which is not there"):
        example("council-asb")


# -- supersession ------------------------------------------------------------------------------------------------------


def mapping_file(tmp_path: Path, **changes: object) -> Path:
    data = {
        "source": "log",
        "fields": {
            "source_ref": "Id",
            "force": {"value": "gwent"},
            "kind": {"value": "crime"},
            "category": "Type",
            "occurred_from": "When",
        },
    }
    data.update(changes)
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def csv_file(tmp_path: Path, name: str, *lines: str) -> Path:
    path = tmp_path / name
    path.write_text("\n".join(["Id,Type,When", *lines]) + "\n")
    return path


def test_a_repeated_id_replaces_the_earlier_row_which_stays_in_history(tmp_path: Path) -> None:
    how = mapping_file(tmp_path)
    store = Store.open(tmp_path / "store", create=True)
    store.ingest([csv_file(tmp_path, "1.csv", "a,Burglary,2022-01-03", "b,Robbery,2022-01-04")], mapping=how)
    before = store.current
    store.ingest([csv_file(tmp_path, "2.csv", "a,Vehicle crime,2022-01-03", "c,Robbery,2022-02-01")], mapping=how)
    records = store.records()
    rows = {r["record_id"]: r["category"] for r in records.rows().to_pylist()}
    assert rows == {"a": "vehicle-crime", "b": "robbery", "c": "robbery"}
    assert [(v["category"], v["in_force"]) for v in records.history("a").to_pylist()] == [
        ("burglary", False),
        ("vehicle-crime", True),
    ]
    assert store.records(before).rows().num_rows == 2, "the earlier snapshot still says what it said"


def test_months_mode_replaces_whole_months(tmp_path: Path) -> None:
    how = mapping_file(tmp_path, replaces="months")
    store = Store.open(tmp_path / "store", create=True)
    store.ingest(
        [csv_file(tmp_path, "1.csv", "a,Burglary,2022-01-03", "b,Robbery,2022-02-04", "d,Robbery,2022-02-05")], mapping=how
    )
    store.ingest([csv_file(tmp_path, "2.csv", "c,Robbery,2022-02-01")], mapping=how)
    records = store.records()
    assert records.rows()["record_id"].to_pylist() == ["a", "c"]
    assert records.manifest.rows == 2
    assert records.cube().counts.sum() + records.cube().unplaced.sum() == 2


def test_nothing_mode_only_adds_and_a_mended_mapping_replaces_its_own_files(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    one = csv_file(tmp_path, "1.csv", "a,Burglary,2022-01-03")
    store.ingest([one], mapping=mapping_file(tmp_path, replaces="nothing"))
    first = store.current
    store.ingest(
        [csv_file(tmp_path, "2.csv", "a,Burglary,2022-01-03", "b,Robbery,2022-01-03")],
        mapping=mapping_file(tmp_path, replaces="nothing"),
    )
    assert store.records().rows().num_rows == 3
    store.ingest([one], mapping=mapping_file(tmp_path, replaces="nothing", title="mended"))
    assert store.records().rows().num_rows == 3, "the same bytes through another mapping are not counted twice"
    alone = Store.open(tmp_path / "other", create=True)
    for title in ("log", "mended", "log"):
        alone.ingest(
            [one], mapping=mapping_file(tmp_path, replaces="nothing", **({} if title == "log" else {"title": title}))
        )
    assert alone.current == first


def test_two_sources_of_one_kind_are_told(tmp_path: Path, street, capsys: pytest.CaptureFixture[str]) -> None:
    from records_files import row

    from forestall.cli import main

    store = tmp_path / "store"
    assert main(["ingest", str(street([row("c1", category="Robbery")])), "--store", str(store)]) == 0
    assert "caution" not in capsys.readouterr().out
    extract = csv_file(tmp_path, "1.csv", "a,Burglary,2022-01-03", "b,Burglary,2022-02-03")
    assert main(["ingest", str(extract), "--mapping", str(mapping_file(tmp_path)), "--store", str(store)]) == 0
    assert "caution: crime of gwent comes from log and police-uk in 1 month: counts take both" in capsys.readouterr().out


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    when = pa.array([dt.datetime(2022, 7, 3, 22, 30), None], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"Id": [1, 2], "Type": ["Burglary", "Robbery"], "When": when}), path)
    records = Records.from_files([path], mapping=mapping_file(tmp_path))
    assert records.rows().to_pylist()[0]["occurred_from"] == dt.datetime(2022, 7, 3, 23, 30)
    assert records.rejects().to_pylist()[0]["reason"] == "occurred_from is empty"


# -- round trip --------------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(WORDS, st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2050, 1, 1)), st.booleans(), WORDS),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_comes_back(tmp_path: Path, rows: list[tuple[str, dt.datetime, bool, str]]) -> None:
    import csv

    path = tmp_path / "round.csv"
    with path.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, quoting=csv.QUOTE_ALL)
        writer.writerow(["Place", "When", "DA", "Outcome"])
        writer.writerows(
            [place, when.strftime("%d/%m/%Y %H:%M:%S"), "Y" if flag else "N", out] for place, when, flag, out in rows
        )
    how = mapping_file(
        tmp_path,
        fields={
            "force": {"value": "gwent"},
            "kind": {"value": "crime"},
            "category": {"value": "burglary"},
            "occurred_from": {"column": "When", "formats": ["%d/%m/%Y %H:%M:%S"]},
            "location_text": "Place",
            "outcome": "Outcome",
            "flags": [{"column": "DA", "codes": {"Y": "domestic-abuse"}}],
        },
    )
    got = Records.from_files([path], mapping=how)
    back = [
        (r["location_text"], r["occurred_from"], bool(r["flags"]), r["outcome"]) for _, r in sorted(by_line(got).items())
    ]
    assert got.rejects().num_rows == 0
    assert back == [(p.strip() or None, w.replace(microsecond=0), flag, o.strip() or None) for p, w, flag, o in rows]
    ids = got.rows()["record_id"].to_pylist()
    assert len(set(ids)) == len(rows)


# -- mappings that are wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"source": "Police UK"}, "needs source:"),
        ({"replaces": "all"}, "write one of months, ids, nothing"),
        ({"time_zone": "Gwent"}, "no time zone"),
        ({"surname": "X"}, "means nothing"),
        ({"fields": {}}, "has no fields"),
        ({"fields": {"force": "F"}}, "must also fill kind, category, occurred_from"),
        ({"fields": {"weather": "W"}}, "no field to fill"),
        ({"fields": {"record_id": "W"}}, "no field to fill"),
        ({"fields": {"victim_id": "NAME"}}, "holds persons"),
        ({"fields": {"location_text": {"person": ["NAME"]}}}, "person: columns go into"),
        ({"fields": {"kind": {"value": "murder"}}}, "is not among crime, asb"),
        ({"fields": {"category": {"column": "A", "codes": {"a": "Vehicle Crime"}}}}, "is no slug"),
        ({"fields": {"occurred_from": {"column": "A", "formats": "%d/%m"}}}, "has no year"),
        ({"fields": {"force": {"column": "A", "value": "b"}}}, "give one of column, value and person"),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path: Path, changes: dict, sentence: str) -> None:
    with pytest.raises(ForestallError, match=sentence):
        mappings.load(mapping_file(tmp_path, **changes))


def test_a_persons_column_goes_nowhere_else(tmp_path: Path) -> None:
    fields = yaml.safe_load(mapping_file(tmp_path).read_text())["fields"] | {
        "victim_id": {"person": ["Name"]},
        "outcome": "Name",
    }
    with pytest.raises(ForestallError, match="persons enter as hashes only"):
        mappings.load(mapping_file(tmp_path, fields=fields))


def test_a_file_without_the_columns_or_with_another_delimiter(tmp_path: Path) -> None:
    how = mapping_file(tmp_path)
    path = tmp_path / "2.csv"
    path.write_text("Id;Type;When\na;b;c\n")
    with pytest.raises(ForestallError, match="separates its columns by semicolons"):
        Records.from_files([path], mapping=how)
    path.write_text("Id,Type\na,b\n")
    with pytest.raises(ForestallError, match="lacks the column 'When'; name its columns in the mapping"):
        Records.from_files([path], mapping=how)


def test_the_id_of_a_mapping_ignores_comments(tmp_path: Path) -> None:
    path = mapping_file(tmp_path)
    before = mappings.load(path).id
    path.write_text("# a comment\n" + path.read_text())
    assert mappings.load(path).id == before
