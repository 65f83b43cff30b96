"""What can the scan see? Multiplies the rates of a zone in the last three months and counts how often that is established.

    python benchmarks/scan_power.py [--draws 200] [--write]

Two *oracles* stand beside it. Both are told how far every zone scatters without a rise and take p-values from draws with
nothing planted (the same that tell how zones scatter, so they are a little generous). The first tries the zones and windows
that the scan tries; the second is told how many areas the planted zone has, and tries zones of that size alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
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
    """Scans with the true dispersion of every zone; its p-values come from draws with nothing planted.

    ``sizes``: how many areas the zones that it tries have. Told the planted zone's, it tries no others; told all, it knows
    no more of the zone than the scan does.
    """

    def __init__(self, null: list[npt.NDArray[np.int64]], near: npt.NDArray[np.int64], sizes: Sequence[int]) -> None:
        self.near, self.sizes = near, np.asarray(sizes) - 1
        square = np.zeros((near.shape[0], self.sizes.size, WINDOWS.size))
        scale = np.zeros_like(square)
        for x in null:
            c, r, share = self._counts(x)
            square += (c - r * share) ** 2
            scale += r * share * (1 - share)
        self.phi = np.maximum(1.0, square / np.maximum(scale, 1e-9))
        ratios = np.array([self._ratios(x) for x in null])
        self.location, self.scale = ratios.mean(0), np.maximum(ratios.std(0), 1e-9)
        location, spread = gumbel_r.fit(((ratios - self.location) / self.scale).max(1))
        self.critical = float(gumbel_r.isf(0.05 / FAMILIES, location, spread))

    def _counts(
        self, x: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        recent = np.cumsum(x[:, ::-1], 1)[:, WINDOWS - 1]
        window = np.cumsum(recent[self.near], 1)[:, self.sizes]
        share = recent.sum(0) / x.sum()
        return window, np.cumsum(x.sum(1)[self.near], 1)[:, self.sizes, None], share

    def _ratios(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        c, r, share = self._counts(x)
        ratio = history_statistic(c, np.broadcast_to(r, c.shape), share, self.phi)
        return np.where(c >= 3, ratio, 0.0).max((0, 2))

    def sees(self, x: npt.NDArray[np.int64]) -> bool:
        """Whether it would call a rise established."""
        return bool(((self._ratios(x) - self.location) / self.scale).max() > self.critical)


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
    """For each factor: established by us, established by us in the right place, and what oracles see: one that knows the
    dispersion and the null, and one that is told the zone's size as well."""
    rng = np.random.default_rng(seed)
    nothing, every = np.zeros(mean.size, bool), np.ones(LOOKBACK, bool)
    null = [draw(rng, None, 1.0) for _ in range(400)]
    oracles: dict[int, Oracle] = {}
    knowing = Oracle(null, near, range(1, near.shape[1] + 1))
    out = {}
    for factor in factors:
        hits = np.zeros(4)
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
                oracles[len(zone)] = Oracle(null, near, [len(zone)])
            hits += [established, established and right, knowing.sees(x), oracles[len(zone)].sees(x)]
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
        f"Made by `python benchmarks/scan_power.py {' '.join(sys.argv[1:])}`. The rates of three or more",
        f"neighbouring areas that together expect {EXPECTED:.0f} to {2 * EXPECTED:.0f} events a month are multiplied in",
        "the last three months.",
        f"*Established*: p at most 0.05 / {FAMILIES}, which is q at most 0.05 for a single rise among twelve categories;",
        "*right*: and at least half of the zone's areas are named. Two oracles know the true dispersion of every zone and",
        "have p-values from 400 draws with nothing planted, which no scan of real records can.",
        "The first tries the same zones and windows as the scan;",
        "the second is also told how many areas the planted zone has, and so needs no protection against chance in zones",
        "of other sizes. What lies between the scan and the first is the price of fitting the scatter; what lies between",
        "the two oracles is the price of not knowing the size, which every method pays that is not told it.",
        "",
        "| counts | rates times | established | and right | oracle | told the size |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    cases = [
        (f"one dispersion everywhere: {d:g}", plain_draw(model, d)) for d in map(float, args.dispersions.split(",")) if d
    ]
    cases += [(f"sample: {c}", category_draw(model, c)) for c in args.categories.split(",") if c]
    for name, (mean, draw) in cases:
        result = power(mean, draw, near, factors, args.draws, seed=11)
        if not result:
            lines.append(f"| {name} | | no zone of 26 areas expects that many | | | |")
        for factor, (ours, right, knowing, told) in result.items():
            lines.append(f"| {name} | {factor:g} | {ours:.0%} | {right:.0%} | {knowing:.0%} | {told:.0%} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
