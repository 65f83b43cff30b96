"""The analyst's notebook runs whole on the sample, prints what it shows, and its page is its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def tour():
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "scripts" / "notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_cell_runs_and_prints_what_the_notebook_shows(tour, tmp_path, monkeypatch):
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", "")  # put back afterwards; the notebook names its own
    monkeypatch.setenv("STORE", "")
    notebook = tour.read()
    shown = ["".join("".join(o["text"]) for o in c["outputs"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    printed = tour.run(notebook, tour.make_store(tmp_path))
    assert len(printed) == len(shown) > 15
    for was, now in zip(shown, printed, strict=True):
        assert now.split() == was.split()


def test_the_page_is_the_notebooks(tour):
    assert tour.PAGE.read_text(encoding="utf-8") == tour.page(tour.read()), "run python scripts/notebook.py"


def test_the_notebook_covers_the_bench(tour):
    text = "".join(tour.source(c) for c in tour.read()["cells"])
    for method in (
        "concentration", "hours", "near-repeat", "local-statistics", "density", "control-chart", "change-point", "forecast",
        "repeats", "rates",
    ):  # fmt: skip
        assert f'ask("{method}"' in text
