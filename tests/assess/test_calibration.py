"""The test of a response keeps its promise where nothing was done, on real files, and finds what the sample plants."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import assess_calibration

        yield assess_calibration
    for name in ("assess_calibration", "bench_responses", "bench_planted"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def grounds(bench: Any, shared: Path) -> Any:
    with bench.bench_responses.gwent(shared) as store:
        return bench.bench_responses.panels(store)


def test_a_few_placebo_responses_seldom_reject(bench: Any, grounds: Any) -> None:
    rows = [r for c in ("random", "signal") for r in bench.bench_responses.run(grounds, c, 20, 7)]
    tested = bench.tested(rows)
    assert len(tested) >= 32
    # Seven in forty would come once in 200 such tests if one in twenty rejects.
    assert sum(r["p"] <= 0.05 for r in tested) <= 6
    assert all((r["low"] <= 1 <= r["high"]) == (r["p"] > 0.05) for r in tested if abs(r["p"] - 0.05) > 0.01)
    assert bench.mean(tested, "found") > 0.2


@pytest.mark.slow
def test_a_thousand_placebo_responses_reject_as_promised(bench: Any, grounds: Any) -> None:
    rows = [r for c in ("random", "signal") for r in bench.bench_responses.run(grounds, c, 500, 2028)]
    assert 0.03 <= bench.rate(rows) <= 0.07
    assert 0.93 <= bench.held(rows) <= 0.97
    assert bench.offered(rows) >= 0.8
    rng = np.random.default_rng(1)
    for way in bench.WAYS:
        low, high = bench.by_blocks([{**r, "p": r[way]} for r in rows], rng)
        assert low <= 0.05 <= high, way
    assert sum(r["propose"] + r["evaluate"] for r in rows) < 600


def test_what_the_sample_plants_is_found(bench: Any) -> None:
    rows = bench.bench_planted.run(1, 6, 3)
    found = {
        (r["kind"], part): np.mean([np.log(q[part][1]) for q in rows if q["kind"] == r["kind"] and part in q])
        for r in rows for part in ("local", "ring", "total")
    }  # fmt: skip
    assert np.exp(found["response-that-works", "local"]) == pytest.approx(0.6, abs=0.12)
    assert np.exp(found["response-that-displaces", "local"]) == pytest.approx(0.4, abs=0.12)
    assert np.exp(found["response-that-displaces", "ring"]) > 1.4
    assert np.exp(found["response-that-does-nothing", "local"]) == pytest.approx(1.0, abs=0.15)
    held = [q[part][2] <= q[part][0] <= q[part][3] for q in rows for part in ("local", "ring", "total") if part in q]
    assert np.mean(held) >= 0.85


@pytest.mark.slow
def test_intervals_hold_what_the_sample_plants(bench: Any) -> None:
    rows = bench.bench_planted.run(6, 20, 2028)
    held = [q[part][2] <= q[part][0] <= q[part][3] for q in rows for part in ("local", "ring", "total") if part in q]
    assert 0.93 <= np.mean(held) <= 0.97
