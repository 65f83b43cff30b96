"""From files to one page: what it says is what the files hold, and bad input gets one sentence."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import mini_force
from forestall.cli import main
from forestall.records.records import Records
from forestall.records.stray import in_part
from forestall.report import html
from forestall.scan.look import look


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mini_force.write(tmp_path_factory.mktemp("mini"))


@pytest.fixture(scope="module")
def page(files: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("out") / "a page.html"
    assert main(["look", str(files), "--out", str(out)]) == 0
    assert [p.name for p in out.parent.iterdir()] == ["a page.html"], "nothing but the page is left"
    return out.read_text(encoding="utf-8")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))))


def rows(files: Path) -> int:
    return sum(len(f.read_text(encoding="utf-8").splitlines()) - 1 for f in files.rglob("*.csv"))


def test_the_page_answers_the_five_questions(page: str, files: Path) -> None:
    text = words(page)
    assert re.findall(r'<section id="(\w+)"', page) == ["rose", "concentrated", "replayed", "traps", "limits"]
    assert f"{rows(files):,} records" in text
    assert "January 2020 to June 2022" in text
    assert "Vehicle crime: Mini" in text
    assert re.search(r"First on the list: vehicle crime in Mini 00\dA and \d areas around it", text)
    assert "of anti-social behaviour lies in 1 of 48 areas" in text
    assert "last year's counts" in text


def test_the_planted_rise_can_be_checked_in_the_files_to_the_count(page: str, files: Path) -> None:
    pattern = (
        r"Check it in the files of (\w+ \d{4}) to (\w+ \d{4}): rows with Crime type “Vehicle crime” and LSOA code "
        r"([W\d, and]+) are ([\d,]+)\."
    )
    found = re.findall(pattern, words(page))
    assert found
    since, until, areas, n = found[0]
    names = {m: m for m in mini_force.months()}
    from forestall.text import month_name

    between = [m for m in names if _at(month_name(m), since, until, m)]
    codes = set(re.findall(r"W\d+", areas))
    assert codes & set(mini_force.PLANTED)
    lines = [
        line for m in between for f in (files / m).iterdir() for line in f.read_text(encoding="utf-8").splitlines()
        if "Vehicle crime" in line and any(c in line for c in codes)
    ]  # fmt: skip
    assert len(lines) == int(n.replace(",", ""))


def _at(name: str, since: str, until: str, month: str) -> bool:
    from forestall.text import month_name

    order = mini_force.months()
    names = [month_name(m) for m in order]
    return bool(name) and names.index(since) <= order.index(month) <= names.index(until)


def test_street_names_with_markup_stay_text(page: str) -> None:
    assert "Street 0&lt;" in page
    assert not re.search(r"Street \d+<\d", page)


def test_zip_gz_and_folder_make_the_same_page(page: str, files: Path, tmp_path: Path) -> None:
    archive = tmp_path / "download.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
        for f in sorted(files.rglob("*.csv")):
            z.write(f, f.relative_to(files).as_posix())
    assert main(["look", str(archive), "--out", str(tmp_path / "zip.html")]) == 0
    text = (tmp_path / "zip.html").read_text(encoding="utf-8")

    def bare(p: str) -> str:
        return re.sub(r"<code>.*?</code>", "", p)

    assert bare(text) == bare(page), "the same records and seed give the same page to the byte"


def test_until_sees_nothing_later(files: Path, tmp_path: Path) -> None:
    short = tmp_path / "short"
    shutil.copytree(files, short)
    for m in mini_force.months():
        if m > "2021-04":
            shutil.rmtree(short / m)
    pages = []
    for source, args in ((files, ["--until", "2021-04"]), (short, [])):
        assert main(["look", str(source), *args, "--out", str(tmp_path / "p.html")]) == 0
        text = (tmp_path / "p.html").read_text(encoding="utf-8")
        pages.append(re.sub(r"<code>.*?</code>|snapshot \w+|<dd>\w+</dd>", "", text))
    assert pages[0] == pages[1]


def test_redrawn_areas_are_no_rises(tmp_path: Path) -> None:
    folder = mini_force.write(tmp_path, times=1.0)
    new = {mini_force.AREAS[i]: f"W0199{1900 + i}" for i in (10, 11, 12, 20)}
    for month in mini_force.months()[-5:]:
        for file in (folder / month).iterdir():
            text = file.read_text(encoding="utf-8")
            for before, after in new.items():
                text = text.replace(before, after)
            file.write_text(text, encoding="utf-8")
    found = look(Records.from_files([folder]), months=1, replicates=199)
    assert set(found.ground.broken) == {*new, *new.values()}
    assert not any(set(s.areas) & set(new.values()) for s in found.scan.signals if s.kind != "force-wide")
    assert "8 area codes came into use" in words(html.page(found.document()))


def test_an_area_with_few_records_is_not_taken_for_a_redrawn_one() -> None:
    quiet = [0, 0, 0, 1, 0, 2, 0, 0, 0, 0]
    late = [0, 0, 0, 0, 0, 0, 4, 5, 3, 6]
    gone = [4, 5, 3, 6, 0, 0, 0, 0, 0, 0]
    assert in_part(np.array([quiet, late, gone, [0] * 10, [3] * 10])).tolist() == [False, True, True, False, False]


def test_in_welsh(files: Path, tmp_path: Path) -> None:
    assert main(["look", str(files / "2022-06"), "--language", "cy", "--out", str(tmp_path / "p.html")]) == 0
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert '<html lang="cy">' in text
    assert "Mehefin 2022" in text


def test_one_month_still_gives_an_honest_page(files: Path, tmp_path: Path) -> None:
    assert main(["look", str(files / "2022-06"), "--out", str(tmp_path / "p.html")]) == 0
    text = words((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert "too few to replay" in text
    assert "Too few" in text.split("What is concentrated")[2]


def test_of_two_forces_the_larger_is_shown_and_said(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / "both"
    for m in mini_force.months()[:2]:
        shutil.copytree(files / m, both / m)
    month = mini_force.write(tmp_path / "other", force="Dyfed-Powys Police")
    for f in sorted(month.rglob("*.csv"))[:1]:
        shutil.copy(f, both / f.parent.name / f.name)
    assert main(["look", str(both), "--out", str(tmp_path / "p.html")]) == 0
    assert "this page is about gwent" in capsys.readouterr().err
    assert main(["look", str(both), "--force", "essex", "--out", str(tmp_path / "p.html")]) == 2
    said = capsys.readouterr().err
    assert "dyfed-powys, gwent" in said
    assert "essex" in said


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["nowhere"], "nowhere is not there"),
        (["empty"], "holds no CSV"),
        (["mini", "--force", "atlantis"], "there is no force 'atlantis' in these files; they hold: gwent"),
        (["mini", "--until", "2022-13"], "is not a month"),
        (["mini", "--until", "2019-01"], "lies outside of these records, which run from 2020-01 to 2022-06: name"),
        (["mini", "--out", "missing/page.html"], "there is no folder missing"),
        (["mini", "--out", "empty"], "is a folder"),
        (["notes.csv"], "notes.csv"),
    ],
)
def test_bad_input_gets_one_sentence(
    args: list[str], sentence: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    words_ = [str(files) if a == "mini" else a for a in args]
    out = [] if "--out" in args else ["--out", "page.html"]
    assert main(["look", *words_, *out]) == 2
    said = capsys.readouterr().err.strip()
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "notes.csv"], "nothing is left behind"


def test_it_runs_as_a_module_from_any_folder(files: Path, tmp_path: Path) -> None:
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "forestall", "look", str(files / "2022-06")],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "progress is for a terminal"
    assert (tmp_path / "forestall-look.html").is_file()


@pytest.mark.slow
def test_the_real_gwent_files(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.html"
    assert main(["look", str(shared / "data" / "police_uk" / "gwent"), "--out", str(out)]) == 0
    text = words(out.read_text(encoding="utf-8"))
    assert "180,012 records" in text
    assert "Anti-social behaviour, April 2020 to" in text
    assert "map points was replaced in July 2022" in text
    rose = text.split("What is concentrated")[1].split("Not established")[0]
    for trap in ("W01001662", "W01001626"):
        assert trap not in rose
    assert out.stat().st_size < 3_000_000
