"""The sample in a store, with its places and what was planted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forestall import analyse, sample
from forestall.cli import main
from forestall.places import Places
from forestall.records.records import Records
from forestall.records.store import Store
from forestall.results import Profile


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of sample 1, everything planted."""
    return sample.make(tmp_path_factory.mktemp("analyse") / "force", seed=1)


@pytest.fixture(scope="session")
def store(made: Path) -> Path:
    """Its crimes and incidents in a store, with its places."""
    folder = made.parent / "store"
    for name in ("crimes", "incidents"):
        files = sorted(str(p) for p in (made / "records").glob(f"{name}-*.csv"))
        assert main(["ingest", *files, "--store", str(folder), "--mapping", str(made / "mappings" / f"{name}.yaml")]) == 0
    files = sorted(str(p) for p in (made / "places").iterdir())
    assert main(["places", "add", *files, "--store", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def records(store: Path) -> Records:
    return Store.open(store).records()


@pytest.fixture(scope="session")
def places(store: Path) -> Places:
    found = Places.open(store)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def planted(made: Path) -> dict[str, dict[str, Any]]:
    """What was planted, by kind."""
    truth = json.loads((made / "truth.json").read_text(encoding="utf-8"))
    return {p["kind"]: p for p in truth["planted"]}


@pytest.fixture(scope="session")
def profile_of(records: Records, places: Places, planted: dict[str, dict[str, Any]]) -> Callable[..., Profile]:
    """The profile of something planted, made once for each way of asking."""
    kept: dict[tuple[Any, ...], Profile] = {}

    def made(kind: str, **options: Any) -> Profile:
        key = (kind, *sorted(options.items()))
        if key not in kept:
            plant = planted[kind]
            asked = {"since": max(plant["since"], "2025-01"), **options}
            kept[key] = analyse.profile(records, places, areas=plant["areas"], category=plant["category"], **asked)
        return kept[key]

    return made
