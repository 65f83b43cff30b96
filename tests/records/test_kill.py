"""Kill the ingest at any moment: the store opens at the last good snapshot, and running again completes it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from records_files import row, text

from forestall.errors import ForestallError
from forestall.records.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")

#: Runs an ingest and says when the work begins, so that the kill falls within it and not into the imports.
CODE = """
import sys, pyarrow.csv, pyarrow.parquet, pyarrow.compute, ibis, pyproj
from forestall.cli import main
print("go", flush=True)
sys.exit(main(["ingest", sys.argv[1], "--store", sys.argv[2]]))
"""
#: Kills itself at the n-th of the moments that matter: every fsync, rename and removal.
AT_A_CALL = """
import os, signal, sys
left = int(sys.argv[3])
def mortal(call):
    def wrapped(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return wrapped
from forestall.cli import main
os.fsync, os.replace, os.unlink = mortal(os.fsync), mortal(os.replace), mortal(os.unlink)
sys.exit(main(["ingest", sys.argv[1], "--store", sys.argv[2]]))
"""


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Path, Path, str, str]:
    """A folder of months, a store that holds an earlier state of one of them, and both snapshot ids."""
    folder = tmp_path / "in"
    folder.mkdir()
    for m in range(1, 9):
        rows = [row(f"{m}-{i}", month=f"2022-{m:02d}", category="Robbery") for i in range(400)] + [
            row(month=f"2022-{m:02d}")
        ] * 100
        (folder / f"2022-{m:02d}-gwent-street.csv").write_text(text([*rows, row(month="2022-13")]))
    first = tmp_path / "first"
    first.mkdir()
    (first / "2022-01-gwent-street.csv").write_text(text([row()]))
    store = Store.open(tmp_path / "base", create=True)
    store.ingest([first])
    whole = tmp_path / "whole"
    shutil.copytree(store.path, whole)
    after = Store.open(whole).ingest([folder]).snapshot
    assert store.current is not None
    return folder, store.path, store.current, after


def check(folder: Path, path: Path, before: str, after: str) -> str:
    """The store is at the old snapshot or the new one, whole; running again completes it and leaves nothing behind."""
    store = Store.open(path)
    found = store.current
    assert found in (before, after)
    counts = {before: 1, after: 8 * 500}
    cube = store.records().cube()
    assert cube.counts.sum() == counts[found]
    assert store.ingest([folder]).snapshot == after
    assert store.records().cube().counts.sum() == counts[after]
    assert store.records().rejects().num_rows == 8
    assert not list(path.rglob(".tmp-*"))
    assert len(list((path / "parts").glob("*.parquet"))) == 9
    return found


def kill_at_times(scene: tuple[Path, Path, str, str], tmp_path: Path, runs: int, seed: int) -> None:
    folder, base, before, after = scene
    rng = random.Random(seed)
    for n in range(runs):
        path = tmp_path / f"run{n}"
        shutil.copytree(base, path)
        run = subprocess.Popen([sys.executable, "-c", CODE, str(folder), str(path)], stdout=subprocess.PIPE)
        assert run.stdout is not None
        assert run.stdout.readline() == b"go\n"
        time.sleep(rng.uniform(0, 0.3))
        run.kill()
        run.wait()
        check(folder, path, before, after)


def kill_at_calls(scene: tuple[Path, Path, str, str], tmp_path: Path, moments: list[int]) -> set[str]:
    folder, base, before, after = scene
    found = set()
    for n in moments:
        path = tmp_path / f"call{n}"
        shutil.copytree(base, path)
        run = subprocess.run([sys.executable, "-c", AT_A_CALL, str(folder), str(path), str(n)], capture_output=True)
        assert run.returncode in (0, -9), run.stderr
        found.add(check(folder, path, before, after) if run.returncode else "ran through")
        shutil.rmtree(path)
    return found


def test_killed_at_a_few_moments(scene, tmp_path: Path) -> None:
    kill_at_times(scene, tmp_path, runs=3, seed=1)


def test_killed_at_the_calls_that_matter(scene, tmp_path: Path) -> None:
    # 8 parts and 8 reject lists, each an fsync and a rename; then the manifest and CURRENT, each with its folder's fsync
    found = kill_at_calls(scene, tmp_path, [1, 18, 34, 37, 38])
    _, _, before, after = scene
    assert {before, after} <= found, "the moments lie on both sides of the commit"


@pytest.mark.slow
def test_killed_at_every_call_and_many_moments(scene, tmp_path: Path) -> None:
    found = kill_at_calls(scene, tmp_path, list(range(1, 50)))
    assert "ran through" in found
    kill_at_times(scene, tmp_path, runs=60, seed=2)


def test_the_first_ingest_killed_leaves_a_store_without_records(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "2022-01-gwent-street.csv").write_text(text([row()] * 10))
    path = tmp_path / "store"
    run = subprocess.run([sys.executable, "-c", AT_A_CALL, str(folder), str(path), "2"], capture_output=True)
    assert run.returncode == -9
    with pytest.raises(ForestallError, match="holds no records yet"):
        Store.open(path).records()
    assert Store.open(path).ingest([folder]).rows == 10
