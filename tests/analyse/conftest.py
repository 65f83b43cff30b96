"""One small store for the bench."""

from __future__ import annotations

import pytest

import bench_store
from forestall.places import Places
from forestall.records.store import Store


@pytest.fixture(scope="session")
def bench_folder(tmp_path_factory):
    return bench_store.make(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def ground(bench_folder):
    """Records and places."""
    return Store.open(bench_folder).records(), Places.open(bench_folder)
