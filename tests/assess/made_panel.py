"""A small made force: a grid of areas that differ in level, a shared season, counts that scatter more than chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forestall.assess.panel import Panel
from forestall.results import Asked, Outcome

SIDE, MONTHS = 14, 36
FIRST_MONTH = "2021-01"


def month(i: int) -> str:
    return f"{2021 + i // 12}-{i % 12 + 1:02d}"


def grid(side: int = SIDE) -> np.ndarray:
    """Pairs of squares that share an edge."""
    at = np.arange(side * side).reshape(side, side)
    return np.vstack(
        [np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]), np.column_stack([at[:-1].ravel(), at[1:].ravel()])]
    )


def made(seed: int = 0, side: int = SIDE, months: int = MONTHS, mean: float = 6.0) -> Panel:
    """Nothing is done anywhere."""
    rng = np.random.default_rng(seed)
    n = side * side
    level = mean * np.exp(rng.normal(0, 0.5, n))
    season = 1 + 0.2 * np.sin(np.arange(months) * 2 * np.pi / 12)
    rate = level[:, None] * season[None, :]
    counts = rng.negative_binomial(rate / 0.3, 1 / 1.3)
    everything = counts + rng.poisson(3 * rate)
    return Panel(
        force="made", snapshot="0" * 12, categories=("burglary",), areas=tuple(f"A{i:03d}" for i in range(n)),
        months=tuple(month(i) for i in range(months)), counts=counts.astype(float), raw=counts.astype(np.int64),
        everything=everything.astype(float), centre=rng.poisson(0.5 * rate).astype(float),
        usable=np.ones(months, bool), broken=np.zeros(n, bool), pairs=grid(side), population=None,
        own=np.ones(n, bool),
    )  # fmt: skip


def changed(panel: Panel, rows: list[int], start: int, times: float, seed: int = 1) -> Panel:
    """The same with ``times`` as many events in ``rows`` from month ``start`` on."""
    counts = panel.raw.copy()
    rng = np.random.default_rng(seed)
    whole, part = divmod(times, 1)
    block = counts[rows, start:]
    counts[rows, start:] = block * int(whole) + rng.binomial(block, part)
    return replace(panel, raw=counts, counts=counts.astype(float))


def cut(panel: Panel, months: int) -> Panel:
    """Its first months, with areas and months set aside as they are."""
    return replace(
        panel, months=panel.months[:months], counts=panel.counts[:, :months], raw=panel.raw[:, :months],
        everything=panel.everything[:, :months], centre=panel.centre[:, :months], usable=panel.usable[:months],
    )  # fmt: skip


def block(top: int = 5, left: int = 5, high: int = 2, wide: int = 3, side: int = SIDE) -> list[int]:
    return [(top + i) * side + left + j for i in range(high) for j in range(wide)]


def asked(rows: list[int], start: int = 28, **more: object) -> Asked:
    given = {"months": 6, "before": 24, "hoped": 0.4, "force": "made", **more}
    return Asked(
        treated=tuple(f"A{i:03d}" for i in rows),
        outcome=Outcome(("burglary",)),
        starts=month(start),
        **given,  # type: ignore[arg-type]
    )
