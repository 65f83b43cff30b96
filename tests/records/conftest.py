"""Small police.uk files, made on the spot, and a hash key of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from records_files import text

MakeFile = Callable[..., Path]


@pytest.fixture
def street(tmp_path: Path) -> MakeFile:
    """``street(rows, name=…)`` writes a street file into a folder of its own and returns its path."""

    def make(rows: Sequence[str], name: str = "2022-01-gwent-street.csv", folder: str = "in") -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(rows), encoding="utf-8", newline="")
        return path

    return make


@pytest.fixture(autouse=True)
def hash_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test makes a key in the user's own configuration."""
    path = tmp_path / "keys" / "hash.key"
    path.parent.mkdir()
    path.write_text("0123456789abcdef" * 4 + "\n")
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(path))
    return path
