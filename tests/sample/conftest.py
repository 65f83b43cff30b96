"""A sample made once, and its model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forestall import sample
from forestall.sample import Model


@pytest.fixture(scope="session")
def force() -> Model:
    return sample.model(1)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of sample 1, everything planted."""
    return sample.make(tmp_path_factory.mktemp("sample") / "force", seed=1)


@pytest.fixture(scope="session")
def truth(made: Path) -> dict[str, Any]:
    return json.loads((made / "truth.json").read_text(encoding="utf-8"))
