"""How long one proposal and one evaluation take in a small force and in a country of areas."""

from __future__ import annotations

import time

import numpy as np

from forestall.assess.evaluate import evaluate
from forestall.assess.panel import Panel
from forestall.assess.propose import propose
from forestall.results import Asked, Outcome


def made(areas: int, own: int, months: int = 36, seed: int = 1) -> Panel:
    """Overdispersed counts on a lattice of ``areas``, the first ``own`` of them the force's."""
    rng = np.random.default_rng(seed)
    side, at = int(np.ceil(np.sqrt(areas))), np.arange(areas)
    pairs = [at[(at % side + 1 < side) & (at + 1 < areas)][:, None] + [0, 1], at[at + side < areas][:, None] + [0, side]]
    level = np.exp(rng.normal(0.5, 0.9, areas))[:, None]
    raw = rng.poisson(rng.gamma(2, level / 2, (areas, months)))
    everything = raw + rng.poisson(level * 8, (areas, months))
    names = tuple(f"{2021 + t // 12}-{t % 12 + 1:02d}" for t in range(months))
    return Panel(
        force="made", snapshot="", categories=("burglary",), areas=tuple(f"E{i:08d}" for i in at), months=names,
        counts=raw.astype(float), raw=raw, everything=everything.astype(float),
        centre=rng.binomial(everything, 0.2).astype(float), usable=np.ones(months, bool), broken=np.zeros(areas, bool),
        pairs=np.concatenate(pairs), population=rng.normal(1600, 300, areas), own=at < own,
    )  # fmt: skip


def timed(areas: int, own: int, treated: int) -> tuple[float, float]:
    """Seconds of one proposal with its power (three ways of comparing, nothing kept from before) and one evaluation."""
    panel = made(areas, own)
    strips = np.convolve(panel.counts[:own].sum(1), np.ones(treated), "valid")
    rows = int(np.argsort(strips)[len(strips) // 2]) + np.arange(treated)  # a strip of a middling count
    asked = Asked(
        treated=tuple(panel.areas[i] for i in rows),
        outcome=Outcome(("burglary",)),
        starts="2023-07",
        months=6,
        force="made",
    )
    start = time.perf_counter()
    design = propose(None, None, asked, panel=panel)  # type: ignore[arg-type]
    between = time.perf_counter()
    evaluate(None, None, design, panel=panel)  # type: ignore[arg-type]
    if not design.method:
        raise ValueError("nothing was offered, so nothing was timed")
    return between - start, time.perf_counter() - between
