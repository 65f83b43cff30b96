"""``forestall erase`` as somebody types it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from forestall.cli import main
from forestall.records.store import Store

MAPPING = """source: calls
replaces: ids
fields:
  source_ref: Ref
  force: {value: gwent}
  kind: {value: call}
  category: {value: nuisance}
  occurred_from: {column: Day, formats: iso}
  caller_id: {person: [Surname, Forename]}
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "hash.key").write_text("0123456789abcdef" * 4)
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(tmp_path / "hash.key"))
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "calls.csv").write_text(
        "Ref,Day,Surname,Forename\nC1,2010-03-04,Prosser,Ann\nC2,2012-05-06,Rees,Tom\nC3,2014-01-02,Prosser,Ann\n"
    )
    path = tmp_path / "store"
    Store.open(path, create=True).ingest([tmp_path / "calls.csv"], mapping=tmp_path / "m.yaml")
    return str(path)


def refs(store: str) -> list[str]:
    return sorted(Store.open(store).records().rows()["source_ref"].to_pylist())


def erase(store: str, *words: str) -> int:
    return main(["erase", "--store", store, *words])


def test_a_dry_run_says_and_does_not(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(store, "--source-ref", "C1", "--reason", "retention", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "would erase 1 record (1 of calls)" in said
    assert "nothing was changed" in said
    assert refs(store) == ["C1", "C2", "C3"]


def test_a_person_by_name_by_hash_and_from_standard_input(
    store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("rees\nTOM\n"))
    assert erase(store, "--person", "-", "--reason", "asked for") == 0
    assert refs(store) == ["C1", "C3"]
    hashed = Store.open(store).records().rows()["caller_id"][0].as_py()
    assert erase(store, "--person", hashed, "--reason", "asked for") == 0
    assert "erased 2 records" in capsys.readouterr().out
    assert refs(store) == []
    assert erase(store, "--person", "Prosser", "Ann", "--reason", "asked for") == 0
    assert "nothing there to erase" in capsys.readouterr().out


def test_days_and_kinds(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(store, "--before", "2013-01-01", "--since", "2012-01-01", "--kind", "call", "--reason", "retention") == 0
    assert refs(store) == ["C1", "C3"]
    assert "from rows is no longer read: snapshot" in capsys.readouterr().out


def test_the_old_snapshot_is_refused_with_the_reason(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = Store.open(store).current
    assert erase(store, "--record", "C1", "C2", "--reason", "entered in error") == 0
    with pytest.raises(Exception, match=f"snapshot {first} of .*entered in error"):
        Store.open(store).records(first)
    assert (
        main(
            [
                "ingest",
                store.replace("/store", "/calls.csv"),
                "--store",
                store,
                "--mapping",
                store.replace("/store", "/m.yaml"),
            ]
        )
        == 0
    )
    assert "erased before, and left out again: 2 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--source-ref", "C1"], "with its reason"),
        (["--source-ref", "C1", "--reason", "C1 was wrong"], "without their numbers or names"),
        (["--person", "Prosser", "Ann", "--reason", "Prosser asked"], "without their numbers or names"),
        (["--before", "soon", "--reason", "r"], "--before soon is no day"),
        (["--before", "2999-01-01", "--reason", "r"], "lies in the future"),
        (["--before", "2011-01-01", "--kind", "rumour", "--reason", "r"], "there is no kind of record 'rumour'"),
        (["--source-ref", "C1", "--kind", "call", "--reason", "r"], "narrows a date"),
        (["--person", " ", "--reason", "r"], "at least one value"),
    ],
)
def test_bad_input_is_a_sentence(store: str, words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(store, *words) == 2
    assert told in capsys.readouterr().err
    assert refs(store) == ["C1", "C2", "C3"]


def test_a_rule_is_needed(store: str) -> None:
    with pytest.raises(SystemExit):
        erase(store, "--reason", "r")
