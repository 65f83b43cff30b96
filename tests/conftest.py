"""Shared fixtures: where the real records lie, and a store made from the sample."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real records and published cases; the test skips where it is absent."""
    path = Path(os.environ.get("FORESTALL_SHARED", ROOT.parent / "shared"))
    if not (path / "data").is_dir():
        pytest.skip(f"no real records at {path}: set FORESTALL_SHARED to the folder that holds data/")
    return path
