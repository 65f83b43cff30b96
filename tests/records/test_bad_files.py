"""Files and rows that are wrong, one by one, through the command line: one sentence, exit 2 for files, 0 for rows."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from records_files import HEADER, row, text

from forestall.cli import main
from forestall.records.store import Store

GOOD = text([row(), row("c1", category="Robbery")]).encode()


def climbing_zip(entry: str = "../2022-01-gwent-street.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, GOOD)
    return out.getvalue()


BAD = {
    "empty": ("x.csv", b"", "is empty"),
    "header only": ("x.csv", (HEADER + "\n").encode(), "has column names and no rows"),
    "blank lines": ("x.csv", b"\n\n\n", "no column names"),
    "wrong delimiter": ("x.csv", GOOD.replace(b",", b";"), "by semicolons"),
    "tabs": ("x.csv", GOOD.replace(b",", b"\t"), "by tabs"),
    "UTF-16": ("x.csv", GOOD.decode().encode("utf-16"), "UTF-16: save it as CSV UTF-8"),
    "UTF-16 without a mark": ("x.csv", GOOD.decode().encode("utf-16-le"), "UTF-16"),
    "truncated gzip": ("x.csv.gz", gzip.compress(GOOD * 50)[:-30], "damaged or cut-off gzip"),
    "damaged gzip": ("x.csv.gz", gzip.compress(GOOD)[:40] + b"\0" * 20, "damaged or cut-off gzip"),
    "climbing zip": ("x.zip", climbing_zip(), "points outside of the archive"),
    "absolute zip": ("x.zip", climbing_zip("/etc/2022-01-gwent-street.csv"), "points outside of the archive"),
    "Windows zip": ("x.zip", climbing_zip("C:\\x\\2022-01-gwent-street.csv"), "points outside of the archive"),
    "truncated zip": ("x.zip", climbing_zip("a.csv")[:100], "not a whole zip"),
    "empty zip": ("x.zip", climbing_zip("a.txt"), "holds no CSV"),
    "binary": ("x.csv", bytes(range(256)) * 10, "binary file"),
    "PDF": ("x.csv", b"%PDF-1.7 ...", "is a PDF"),
    "another table": ("x.csv", b"a,b\n1,2\n", "'Latitude'; leave it out, or say what its columns are with --mapping"),
    "two columns of one name": ("x.csv", (HEADER + ",Month\n").encode(), "two columns named 'Month'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_sentence_and_loses_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, data, words = BAD[case]
    bad = tmp_path / name
    bad.write_bytes(data)
    good = tmp_path / "2022-01-gwent-street.csv"
    good.write_bytes(GOOD)
    store = tmp_path / "store"
    assert main(["ingest", str(bad), "--store", str(store)]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not store.exists()
    assert main(["ingest", str(good), str(bad), "--store", str(store)]) == 2
    assert not store.exists()
    assert main(["ingest", str(good), str(bad), "--store", str(store), "--skip-bad-files"]) == 0
    said = capsys.readouterr()
    assert words in said.err
    assert "read 1 file: 2 rows, 2022-01" in said.out
    assert Store.open(store).records().rows().num_rows == 2


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", str(tmp_path / "nowhere"), "--store", str(tmp_path / "store")]) == 2
    assert "is not there: check the path" in capsys.readouterr().err
    (tmp_path / "folder").mkdir()
    assert main(["ingest", str(tmp_path / "folder"), "--store", str(tmp_path / "store")]) == 2
    assert "holds no CSV, Parquet or zip file" in capsys.readouterr().err


def test_bad_rows_are_told_and_the_ingest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "2022-01-gwent-street.csv"
    path.write_bytes(
        text([row(), row(month="2022-13"), row(category="Piracy"), row(category="Piracy")]).encode() + b"\xff\xfe,x\n"
    )
    assert main(["ingest", str(path), "--store", str(tmp_path / "store")]) == 0
    out = capsys.readouterr().out
    assert "read 1 file: 1 row, 2022-01" in out
    assert "rejected 4 rows" in out
    assert "2 × unknown category 'Piracy'" in out
    reasons = Store.open(tmp_path / "store").records().rejects().to_pylist()
    assert [(r["line"], r["reason"]) for r in reasons][-1] == (6, "the line is not UTF-8")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_line_of_200_mb_is_one_reject_and_eats_no_memory(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "2022-01-gwent-street.csv"
    before, after = text([row(), row()]).encode(), (row("c1", category="Robbery") + "\n").encode()
    if zipped:
        path = tmp_path / "2022-01-gwent-street.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) if zipped else path.open("wb") as f:
        f.write(before)
        for _ in range(200):
            f.write(b"x" * 1_000_000)
        f.write(b"\n" + after)
    code = (
        "import re, sys; from pathlib import Path; from forestall.cli import main\n"
        "code = main(['ingest', sys.argv[1], '--store', sys.argv[2]])\n"
        # Of this program alone: getrusage begins with what the program that started it held.
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024\n"
        "print('peak', peak); sys.exit(code)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path), str(tmp_path / "store")], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    records = Store.open(tmp_path / "store").records()
    assert records.rows()["line"].to_pylist() == [2, 3, 5]
    reject = records.rejects().to_pylist()[0]
    assert (reject["line"], reject["reason"]) == (4, "the line is 200,000,000 bytes long; at most 1,000,000 are read")
    assert len(reject["raw"]) <= 500
    assert int(run.stdout.split("peak ")[1]) < 450, "MB, of which the libraries take most"


@pytest.mark.parametrize("length", [999_999, 1_000_001, 1_500_000, 3_999_000, 4_000_000, 4_000_001, 9_000_000])
def test_long_lines_at_the_edges_of_the_chunks(length: int) -> None:
    from forestall.records.lines import read_table, slurp

    data = b"a,b\n1,2\n" + b"x" * (length - 2) + b",y\n3,4\n" + b"z" * length + b"\n5,6"
    got = read_table(slurp(io.BytesIO(data), "x"), "x")
    keep = [row for row in zip(got.table["a"].to_pylist(), got.line.to_pylist(), strict=True) if len(row[0]) == 1]
    assert keep == [("1", 2), ("3", 4), ("5", 6)]
    assert [r.line for r in got.rejects] == ([5] if length <= 1_000_000 else [3, 5])
