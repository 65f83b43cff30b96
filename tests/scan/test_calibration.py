"""The promise holds for the list that a person sees: with nothing planted, one scan in twenty shows an established rise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture
def calibration(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import scan_calibration

    yield scan_calibration
    for name in ("scan_calibration", "bench_ground"):
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_of_500_draws_with_nothing_planted_at_most_37_show_an_established_rise(calibration: Any) -> None:
    out = calibration.calibrate(500)
    assert out["rising"] <= 37
    assert out["force-wide"] <= 37


def test_a_few_draws_with_nothing_planted_show_few_established_rises(calibration: Any) -> None:
    # Five in twelve would come once in 4,000 such tests if one in twenty is false.
    assert calibration.calibrate(12, replicates=99)["rising"] <= 4
