"""A disk that is full, read-only or forbidden: one sentence, whatever a verb was doing, and no traceback."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from forestall.cli import main
from forestall.records.store import Store


@pytest.mark.parametrize(
    ("number", "say"),
    [
        (errno.ENOSPC, "the disk is full: free some room and run it again"),
        (errno.EROFS, "the disk is read-only: give a folder on a disk that can be written"),
        (errno.EACCES, "permission is denied: ask for the right to this folder"),
        (errno.EIO, f"{os.strerror(errno.EIO)}: check the path and the disk"),
    ],
)
def test_the_demo_says_what_ails_the_disk(
    number: int, say: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "write_text", broken)
    assert main(["demo", "--dir", str(tmp_path), "--no-serve"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"forestall demo: {tmp_path / 'steps-1.json'}: {say}")
    assert said.count("\n") == 1


def test_places_that_cannot_take_the_lock_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store.open(tmp_path / "store", create=True)
    (store.path / "LOCK").mkdir()
    areas = tmp_path / "lad.csv"
    areas.write_text("lad_code,lad_name,easting,northing\nW06000022,Newport,331000,188000\n", encoding="utf-8")
    assert main(["places", "add", str(areas), "--store", str(store.path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"forestall places: {store.path / 'LOCK'}: ")
    assert said.count("\n") == 1
