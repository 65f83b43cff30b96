"""Shared fixtures: where the real records lie, and a store made from the sample."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """What a test starts can be interrupted, also where the tests run in the background: shells start that with
    interruptions ignored, and what it starts inherits this."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real records and published cases; the test skips where it is absent."""
    path = Path(os.environ.get("FORESTALL_SHARED", ROOT.parent / "shared"))
    if not (path / "data").is_dir():
        pytest.skip(f"no real records at {path}: set FORESTALL_SHARED to the folder that holds data/")
    return path
