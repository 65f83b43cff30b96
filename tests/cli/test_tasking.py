"""The tasking verb, and the options of the scan that new kinds brought."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from forestall.cli import main
from forestall.records.store import Store

sys.path.insert(0, str(Path(__file__).parent.parent / "scan"))
import made_extract


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasking")
    made = made_extract.rows(400)
    for r in [r for r in made if r["date"] >= "2023-02"][:9]:
        r["victim"] = "HIT-AGAIN"
    mapping, path = folder / "mapping.yaml", folder / "rows.csv"
    mapping.write_text(made_extract.MAPPING, encoding="utf-8")
    with path.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, made_extract.COLUMNS)
        writer.writeheader()
        writer.writerows(made)
    kept = Store.open(folder / "store", create=True)
    kept.ingest([path], mapping=mapping)
    return folder / "store"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main([*words])
    out, err = capsys.readouterr()
    return status, out, err


def test_partners_by_default_and_force_on_request(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "tasking", "--store", str(store))
    assert status == 0
    assert "Repeat victims" in out
    assert "R100" not in out
    status, out, _ = run(capsys, "tasking", "--store", str(store), "--audience", "force")
    assert "R100" in out


def test_every_format_says_the_same(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "tasking", "--store", str(store), "--audience", "force", "--format", "json")
    data = json.loads(out)
    assert [part["name"] for part in data["lists"]] == [
        "repeat-victims", "repeat-suspects", "frequent-callers", "hot-spots",
    ]  # fmt: skip
    assert data["lists"][0]["rows"][0]["records"] == 9
    _, out, _ = run(capsys, "tasking", "--store", str(store), "--audience", "force", "--format", "csv")
    first = next(csv.DictReader(io.StringIO(out)))
    assert (first["list"], first["records"]) == ("repeat-victims", "9")
    assert len(first["occurrences"].split()) == 9
    _, out, _ = run(capsys, "tasking", "--store", str(store), "--format", "csv")
    assert "occurrences" not in out.splitlines()[0]


def test_a_list_that_the_records_cannot_make_says_why(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "tasking", "--store", str(store))
    assert "no days or no identifiers for it" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tasking", "--hub", "Nowhere"], "no local authorities are loaded"),
        (["tasking", "--until", "2023-13"], "is not a month"),
        (["scan", "--kind", "rumour"], "no kind of signal 'rumour'"),
        (["scan", "--late", "-2"], "must be 0 or more, not -2"),
    ],
)
def test_bad_asking(store: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    status, _, err = run(capsys, *words, "--store", str(store))
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_one_kind_alone_and_persons_on_no_map(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "scan", "--store", str(store), "--kind", "repeat-victim", "--format", "geojson")
    features = json.loads(out)["features"]
    assert [f["properties"]["kind"] for f in features] == ["repeat-victim"]
    assert features[0]["geometry"] is None
    assert "subject" not in out
    _, out, _ = run(capsys, "scan", "--store", str(store), "--replicates", "19", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert "reasons" in rows[0]
    assert "repeat-victim" in {r["kind"] for r in rows}
