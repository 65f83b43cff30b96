"""Figures go to JSON and come back the same, whatever numbers they hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from forestall.results import Check, Figures, read, register
from forestall.text import Message, msg


@dataclass(frozen=True)
class Part:
    name: str
    at: tuple[float, float]


@register
@dataclass(frozen=True, kw_only=True)
class Example(Figures):
    type_name: ClassVar[str] = "example-of-the-tests"

    estimate: float
    counts: npt.NDArray[np.int64]
    grid: npt.NDArray[np.float64]
    parts: tuple[Part, ...]
    best: Part | None
    note: Message
    by_name: dict[str, float]


def example() -> Example:
    return Example(
        estimate=float("inf"),
        counts=np.array([3, 1, 4]),
        grid=np.array([[0.5, np.nan], [np.inf, -1.0]]),
        parts=(Part("a", (0.0, 1.0)), Part("b", (float("nan"), 2.0))),
        best=Part("a", (0.0, 1.0)),
        note=msg("Month by month"),
        by_name={"x": 1.0},
        parameters={"bands": [0, 1]},
        seed=3,
        checks=(Check("enough", True, msg("Month by month")),),
    )


def test_figures_come_back_from_json() -> None:
    before = example()
    text = json.dumps(before.to_json(), allow_nan=False)
    after = read(json.loads(text))
    assert isinstance(after, Example)
    assert json.dumps(after.to_json()) == text
    assert after.estimate == float("inf")
    assert after.counts.dtype == np.int64
    np.testing.assert_array_equal(after.grid, before.grid)
    assert after.parts[0] == before.parts[0]
    assert after.best == before.best
    assert after.checks == before.checks
    assert after.provenance == before.provenance


def test_figures_of_another_version_are_refused_with_the_remedy() -> None:
    data = example().to_json() | {"version": "0"}
    with pytest.raises(ValueError, match="make it again from the records"):
        read(data)
