"""What can the scan see? Multiplies the rates of a zone in the last three months and counts how often that is established.

    python benchmarks/scan_power.py [--draws 200] [--write]

An *oracle* stands beside it: it is told how many areas the zone has and how far every such zone scatters without a rise
(from draws with nothing planted, which also give it its exact p-values), and tries zones of that size alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import track
from scipy.stats import gumbel_r

from forestall import sample
from forestall.scan.rising import scan_category
from forestall.stats.scan_statistics import history_statistic, nearest

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "scan-power.md"

#: A single rise among this many categories is established where its p is at most 0.05 over it (Benjamini-Hochberg).
FAMILIES = 12
MONTHS, LOOKBACK, EXPECTED = 3, 36, 20.0
WINDOWS = np.arange(1, 7)
CATEGORIES = (
    "shoplifting", "vehicle-crime", "burglary", "other-theft", "public-order", "violence-and-sexual-offences",
    "anti-social-behaviour",
)  # fmt: skip


def zone_of(
    mean: npt.NDArray[np.float64], near: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int64] | None:
    """A random area with the fewest of its nearest (three or more in all) that together expect 20 events a month."""
    sums = np.cumsum(mean[near], 1)
    size = np.maximum(3, 1 + np.argmax(sums >= EXPECTED, axis=1))
    ok = np.flatnonzero((sums[:, -1] >= EXPECTED) & (np.take_along_axis(sums, size[:, None] - 1, 1)[:, 0] < 2 * EXPECTED))
    if ok.size == 0:
        return None
    a = int(rng.choice(ok))
    return near[a, : size[a]]


class Oracle:
    """Scans zones of one size with their true dispersion; its p-values come from draws with nothing planted."""

    def __init__(self, null: list[npt.NDArray[np.int64]], near: npt.NDArray[np.int64], size: int) -> None:
        self.zones = near[:, :size]
        c, r, share = zip(*(self._counts(x) for x in null), strict=True)
        excess = np.array([ci - ri[:, None] * s for ci, ri, s in zip(c, r, share, strict=True)])
        scale = np.array([ri[:, None] * s * (1 - s) for ri, s in zip(r, share, strict=True)])
        self.phi = np.maximum(1.0, (excess**2).mean(0) / np.maximum(scale.mean(0), 1e-9))
        location, scale = gumbel_r.fit([self.highest(x) for x in null])
        self.critical = float(gumbel_r.isf(0.05 / FAMILIES, location, scale))

    def _counts(
        self, x: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        window = np.cumsum(x[:, ::-1], 1)[:, WINDOWS - 1][self.zones].sum(1)
        share = np.cumsum(x.sum(0)[::-1])[WINDOWS - 1] / x.sum()
        return window, x.sum(1)[self.zones].sum(1), share

    def highest(self, x: npt.NDArray[np.int64]) -> float:
        c, r, share = self._counts(x)
        return float(history_statistic(c, r[:, None], share, self.phi).max())


Draw = Callable[[np.random.Generator, npt.NDArray[np.int64] | None, float], npt.NDArray[np.int64]]


def category_draw(model: sample.Model, category: str) -> tuple[npt.NDArray[np.float64], Draw]:
    """The sample's model of a category: its mean by area, and draws with a zone's last months multiplied."""
    i = model.categories.index(category)
    months = np.arange(len(model.months) - MONTHS, len(model.months))

    def draw(rng: np.random.Generator, zone: npt.NDArray[np.int64] | None, factor: float) -> npt.NDArray[np.int64]:
        boost = None if zone is None else (category, zone, months, factor)
        return model.draw_counts(rng, boost=boost)[i][:, -LOOKBACK:]

    return model.mean[i][:, -LOOKBACK:].mean(1), draw


def plain_draw(model: sample.Model, dispersion: float, monthly: float = 1200.0) -> tuple[npt.NDArray[np.float64], Draw]:
    """Counts with one variance over mean everywhere and months that know nothing of each other (negative binomial)."""
    i = model.categories.index("public-order")
    mean = model.mean[i][:, -LOOKBACK:].mean(1)
    mean = mean * monthly / mean.sum()

    def draw(rng: np.random.Generator, zone: npt.NDArray[np.int64] | None, factor: float) -> npt.NDArray[np.int64]:
        mu = np.repeat(mean[:, None], LOOKBACK, 1)
        if zone is not None:
            mu[zone, -MONTHS:] *= factor
        if dispersion <= 1:
            return rng.poisson(mu)
        return rng.poisson(rng.gamma(mu / (dispersion - 1), dispersion - 1))

    return mean, draw


def power(
    mean: npt.NDArray[np.float64], draw: Draw, near: npt.NDArray[np.int64], factors: list[float], draws: int, seed: int
) -> dict[float, tuple[float, ...]]:
    """For each factor: established by us, established by us in the right place, established by the oracle."""
    rng = np.random.default_rng(seed)
    nothing, every = np.zeros(mean.size, bool), np.ones(LOOKBACK, bool)
    null = [draw(rng, None, 1.0) for _ in range(400)]
    oracles: dict[int, Oracle] = {}
    out = {}
    for factor in factors:
        hits = np.zeros(3)
        for d in track(range(draws), description=f"times {factor:g}", transient=True):
            zone = zone_of(mean, near, rng)
            if zone is None:
                return {}
            x = draw(rng, zone, factor)
            outcome = scan_category(x, near, every, nothing, windows=(1, 6), replicates=999, seed=d, secondary=0)
            assert outcome is not None
            best = outcome[0].clusters[0]
            established = best.p_value <= 0.05 / FAMILIES
            right = len(set(best.areas) & set(zone.tolist())) >= len(zone) / 2
            if len(zone) not in oracles:
                oracles[len(zone)] = Oracle(null, near, len(zone))
            oracle = oracles[len(zone)]
            hits += [established, established and right, oracle.highest(x) > oracle.critical]
        out[factor] = tuple(hits / draws)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--factors", default="1.5,2,2.5,3")
    parser.add_argument("--categories", default=",".join(CATEGORIES))
    parser.add_argument("--dispersions", default="1,1.3,1.7,2.2")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    factors = [float(f) for f in args.factors.split(",")]
    model = sample.model(1)
    near = nearest(model.easting, model.northing, 25)
    lines = [
        "# Power of the scan",
        "",
        f"Made by `python benchmarks/scan_power.py --draws {args.draws} --write`. The rates of three or more",
        f"neighbouring areas that together expect {EXPECTED:.0f} to {2 * EXPECTED:.0f} events a month are multiplied in",
        "the last three months.",
        f"*Established*: p at most 0.05 / {FAMILIES}, which is q at most 0.05 for a single rise among twelve categories;",
        "*right*: and at least half of the zone's areas are named. The oracle is told the zone's size and its true",
        "dispersion, and has exact p-values. It needs no protection against zones of other sizes.",
        "",
        "| counts | rates times | established | and right | oracle |",
        "|---|---:|---:|---:|---:|",
    ]
    cases = [
        (f"one dispersion everywhere: {d:g}", plain_draw(model, d)) for d in map(float, args.dispersions.split(",")) if d
    ]
    cases += [(f"sample: {c}", category_draw(model, c)) for c in args.categories.split(",") if c]
    for name, (mean, draw) in cases:
        result = power(mean, draw, near, factors, args.draws, seed=11)
        if not result:
            lines.append(f"| {name} | | no zone of 26 areas expects that many | | |")
        for factor, (ours, right, oracle) in result.items():
            lines.append(f"| {name} | {factor:g} | {ours:.0%} | {right:.0%} | {oracle:.0%} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
