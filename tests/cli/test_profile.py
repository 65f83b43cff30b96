"""``forestall profile``: each format, each language, and each mistake as a sentence."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from forestall import sample
from forestall.cli import main
from forestall.results import Profile, read

AREAS = "X01000118,X01000119,X01000120,X01000132"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of the sample's crimes, with places and a recorded scan."""
    folder = tmp_path_factory.mktemp("profile")
    made = sample.make(folder / "force", seed=1)
    files = [str(made / "records" / f"crimes-{y}.csv") for y in (2024, 2025)]
    where = str(folder / "store")
    assert main(["ingest", *files, "--store", where, "--mapping", str(made / "mappings" / "crimes.yaml")]) == 0
    places = sorted(str(p) for p in (made / "places").iterdir())
    assert main(["places", "add", *places, "--store", where]) == 0
    assert main(["scan", "--store", where, "--record", "--replicates", "99", "--lookback", "24"]) == 0
    return folder / "store"


def asked(store: Path, *words: str) -> list[str]:
    return ["profile", "--store", str(store), "--areas", AREAS, "--category", "burglary", "--since", "2025-11", *words]


def test_as_text_json_and_tables(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(store)) == 0
    text = capsys.readouterr().out
    assert "rear door forced" in text
    assert "What can’t be told" in text
    assert main(asked(store, "--format", "json")) == 0
    found = read(json.loads(capsys.readouterr().out))
    assert isinstance(found, Profile)
    assert main(asked(store, "--format", "csv", "--out", str(tmp_path / "tables"))) == 0
    with (tmp_path / "tables" / "week.csv").open(encoding="utf-8") as f:
        assert len(list(csv.reader(f))) == 169


@pytest.mark.parametrize("language", ["en", "cy"])
def test_as_a_page(store: Path, tmp_path: Path, language: str) -> None:
    out = tmp_path / "page.html"
    assert main(asked(store, "--format", "html", "--out", str(out), "--language", language)) == 0
    page = out.read_text(encoding="utf-8")
    assert f'lang="{language}"' in page
    assert "Content-Security-Policy" in page
    assert page.count("<figure>") >= 6
    assert str(store.parent) not in page
    assert "<script" not in page


def test_as_pdf(store: Path, tmp_path: Path) -> None:
    pytest.importorskip("typst", reason="typst is not installed in this environment: uv sync installs it")
    out = tmp_path / "page.pdf"
    assert main(asked(store, "--format", "pdf", "--out", str(out))) == 0
    content = out.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"pdfuaid" in content
    assert b"StructTreeRoot" in content
    assert main(asked(store, "--format", "pdf", "--out", str(tmp_path / "again.pdf"))) == 0
    assert len((tmp_path / "again.pdf").read_bytes()) == len(content)


def test_of_a_signal(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forestall.results import Scan, Shelf

    last = Shelf(store).latest("scan")
    assert isinstance(last, Scan)
    signal = next(s for s in last.signals if s.kind == "rising")
    assert main(["profile", "--store", str(store), "--signal", signal.id]) == 0
    out = capsys.readouterr().out
    assert signal.why.render() in out
    assert "The signal was found by looking through all areas" in out


def test_the_public_form(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(store, "--public")) == 0
    out = capsys.readouterr().out
    assert "rear door forced" not in out
    assert "left out of the public form" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--signal ID, or --areas"),
        (["--signal", "abc", "--areas", AREAS], "not both"),
        (["--signal", "zzzz"], "no signal 'zzzz'"),
        (["--areas", AREAS, "--category", "burglary", "--format", "pdf"], "needs --out"),
        (["--areas", AREAS, "--category", "burglary", "--harm", "none"], "no catalogue file"),
        (["--areas", AREAS, "--category", "burglary", "--costs", "none"], "no catalogue file"),
        (["--areas", AREAS, "--category", "burglary", "--seed", "-1"], "--seed"),
        (["--areas", AREAS, "--category", "burglary", "--since", "soon"], "is no month"),
        (["--areas", "here", "--category", "burglary"], "no area 'here'"),
    ],
)
def test_mistakes_are_sentences(store: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["profile", "--store", str(store), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_place_that_cannot_be_written(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(store, "--format", "html", "--out", str(tmp_path / "none" / "page.html"))) == 2
    assert "can't be written" in capsys.readouterr().err
