"""``forestall analyse`` as people call it: formats, files, bad input, an interruption."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import bench_store
from forestall.analyse import bench
from forestall.cli import main

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return bench_store.make(tmp_path_factory.mktemp("analyse"), source="sample-crimes")


def run(capsys, *words):
    status = main(["analyse", *map(str, words)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_table_for_a_terminal(store, capsys):
    status, out, err = run(capsys, "concentration", "--store", store, "--category", "burglary")
    assert status == 0
    assert out.startswith("Concentration: burglary, Gwent, January 2020 to December 2022\n")
    assert "chance alone would put half" in out
    assert "Northtown 8" in out
    assert "Snapshot " in out
    assert "analyse concentration 1" in out
    assert err == ""


def test_the_same_in_welsh(store, capsys):
    status, out, _ = run(capsys, "hours", "--store", store, "--category", "shoplifting", "--language", "cy")
    assert status == 0
    assert "Rhagfyr 2022" in out


def test_csv_and_parquet_hold_the_same_table(store, capsys, tmp_path):
    words = ("rates", "--store", store, "--category", "burglary")
    _, out, _ = run(capsys, *words, "--format", "csv")
    rows = list(csv.reader(io.StringIO(out)))
    status, _, err = run(capsys, *words, "--format", "parquet", "--out", tmp_path / "t.parquet")
    assert status == 0
    assert "wrote" in err
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.column_names == rows[0]
    assert len(table) == len(rows) - 1 == 24
    assert table.column(2).to_pylist()[0] == pytest.approx(float(rows[1][2]), rel=1e-4)


def test_json_goes_back_to_the_result(store, capsys):
    _, out, _ = run(capsys, "near-repeat", "--store", store, "--category", "burglary", "--format", "json")
    data = json.loads(out)
    assert data["words"]["title"].startswith("Near repeat")
    back = bench.read_result(data)
    assert back.main.observed.shape == (6, 5)
    words = {k: v for k, v in data.items() if k != "words"}
    assert json.loads(json.dumps(back.to_json())) == words


@pytest.mark.parametrize("method", [m.slug for m in bench.methods()])
def test_every_chart_draws_as_svg(store, capsys, method):
    status, out, _ = run(capsys, method, "--store", store, "--category", "burglary", "--format", "svg")
    assert status == 0
    assert out.startswith("<svg")
    assert "<title" in out


def test_png_html_and_maps(store, capsys, tmp_path):
    words = ("local-statistics", "--store", store, "--category", "burglary")
    assert run(capsys, *words, "--format", "png", "--out", tmp_path / "c.png")[0] == 0
    assert (tmp_path / "c.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    status, out, _ = run(capsys, *words, "--format", "svg", "--map")
    assert status == 0
    assert "<path" in out
    status, out, _ = run(capsys, *words, "--format", "geojson")
    assert len(json.loads(out)["features"]) == 24
    assert run(capsys, *words, "--format", "html", "--out", tmp_path / "p.html")[0] == 0
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "Made-up records" in page
    assert "forestall analyse local-statistics" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert not list(tmp_path.glob(".*.tmp"))


def test_list_says_what_each_needs_and_whether_the_store_has_it(store, capsys):
    status, out, _ = run(capsys, "--list")
    assert status == 0
    for method in bench.methods():
        assert f"{method.slug}: " in out
    assert "this store" not in out
    _, out, _ = run(capsys, "--list", "--store", store)
    assert out.count("+ this store can run it") == len(bench.methods())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "there is no method 'nope'"),
        ([], "name a method"),
        (["hours", "--wide", "nan"], "wide must be a number from 1 to 168, not nan"),
        (["hours", "--cell", "100"], "cell is no setting of hours"),
        (["density", "--cell", "0"], "cell must be a number from 25"),
        (["hours", "--category", "nope"], "no records of the category 'nope'"),
        (["hours", "--areas", "W1"], "there is no area 'W1'"),
        (["hours", "--since", "2022-03", "--until", "2021-03"], "the earlier month first"),
        (["hours", "--since", "1850-01"], "lies outside of the records"),
        (["hours", "--format", "png"], "name a file with --out"),
        (["hours", "--format", "csv", "--map"], "--map goes with"),
        (["hours", "--format", "svg", "--map"], "hours has no map"),
        (["hours", "--format", "geojson"], "hours has no map"),
        (["hours", "--out", "/no/such/folder/x"], "does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(store, capsys, words, said):
    status, out, err = run(capsys, *words, "--store", store)
    assert status == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_settings_come_before_and_after_and_with_an_equals_sign(store, capsys):
    wanted = run(capsys, "hours", "--store", store, "--longest", "2", "--category", "burglary")[1]
    assert run(capsys, "--store", store, "hours", "--longest=2", "--category", "burglary")[1] == wanted
    assert run(capsys, "hours", "--longest", "2", "--category", "burglary", "--store", store)[1] == wanted


@pytest.mark.parametrize(
    "words", [["hours", "--longest"], ["hours", "--longest", "--wide", "3"], ["hours", "more", "words"]]
)
def test_an_option_without_its_value_and_a_word_too_many(store, capsys, words):
    with pytest.raises(SystemExit) as stopped:
        run(capsys, *words, "--store", store)
    assert stopped.value.code == 2


def test_list_of_one_method_shows_its_settings(capsys):
    status, out, _ = run(capsys, "density", "--list")
    assert status == 0
    assert out.startswith("density: ")
    assert "--cell N  cell, metres (250)" in out
    assert "hours:" not in out


def test_without_a_store(capsys, tmp_path):
    assert run(capsys, "hours")[2] == "forestall analyse: name the store to analyse with --store DIR\n"
    status, _, err = run(capsys, "hours", "--store", tmp_path / "none")
    assert status == 2
    assert "there is no store" in err


def test_a_file_that_can_not_be_written_leaves_the_old_one(store, capsys, tmp_path, monkeypatch):
    target = tmp_path / "t.csv"
    target.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    status, _, err = run(capsys, "hours", "--store", store, "--category", "burglary", "--format", "csv", "--out", target)
    assert status == 2
    assert "the disk is full" in err
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interruption_stops_with_130_and_writes_nothing(store, tmp_path):
    target = tmp_path / "t.json"
    command = [
        sys.executable, "-m", "forestall", "analyse", "near-repeat", "--store", str(store), "--permutations", "9999",
        "--format", "json", "--out", str(target),
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130
    assert "stopped; nothing is half-written" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_inside_the_database_is_one_too(store, capsys, monkeypatch):
    def interrupted(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr("forestall.records.records.Records.arrow", interrupted)
    status, _, err = run(capsys, "hours", "--store", store)
    assert status == 130
    assert "stopped" in err


def test_a_hot_spot_forecast_is_for_the_command_line(store, capsys):
    status, out, _ = run(capsys, "hotspot-forecast", "--store", store, "--category", "burglary")
    assert status == 0
    assert "last year" in out
