"""Do near-repeat p-values keep their promise? Times are shuffled, so that there is nothing to find, and counted how often
the p-value from moments is small.

    python benchmarks/knox_calibration.py [--sets 20] [--shuffles 2000] [--write]

The worlds are made to be hard: few events, places in clusters, days of very uneven weight, many events at one place or on
one day. The two-moment tail (negative binomial, Poisson or binomial by mean and variance) is shown beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from forestall.stats import _knox_pairs
from forestall.stats._knox_layout import lay_out
from forestall.stats._knox_moments import Moments, upper_tail

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "knox-calibration.md"
BOUNDS = (0.05, 0.01, 0.001)
SIZES = (12, 30, 100, 300, 1000)
SPACE, TIME = np.array([60.0, 150.0, 400.0]), np.array([1.0, 7.0, 14.0])
World = Callable[[Any, int], tuple[Any, Any, Any]]


def even(rng: Any, n: int) -> tuple[Any, Any, Any]:
    return rng.uniform(0, 1500, n), rng.uniform(0, 1500, n), rng.integers(0, 365, n).astype(float)


def clustered(rng: Any, n: int) -> tuple[Any, Any, Any]:
    """A few dense quarters, days of uneven weight."""
    centre = rng.uniform(0, 1500, (8, 2))[rng.choice(8, n, p=rng.dirichlet(np.full(8, 0.5)))]
    x, y = (centre + rng.normal(0, 60, (n, 2))).T
    return x, y, rng.choice(90, n, p=rng.dirichlet(np.full(90, 0.3))).astype(float)


def snapped(rng: Any, n: int) -> tuple[Any, Any, Any]:
    """The same, with places moved to points and days to a few dozen."""
    x, y, t = clustered(rng, n)
    return np.round(x / 90) * 90, np.round(y / 90) * 90, np.floor(t / 3) * 3


def great_day(rng: Any, n: int) -> tuple[Any, Any, Any]:
    """A fifth of all events at one place, and a fifth on one day, independently."""
    x, y, t = even(rng, n)
    x[rng.random(n) < 0.2] = 750
    y[x == 750] = 750
    return x, y, np.where(rng.random(n) < 0.2, 100.0, t)


WORLDS: dict[str, World] = {
    "even": even,
    "clustered places, uneven days": clustered,
    "snapped places, few days": snapped,
    "one great place, one great day": great_day,
}


@dataclass
class Tally:
    """How many p-values there were and how many lay below each bound; the same for the two-moment tail."""

    shuffles: int = 0
    tried: int = 0
    below: Any = field(default_factory=lambda: np.zeros(len(BOUNDS)))
    two_moments: Any = field(default_factory=lambda: np.zeros(len(BOUNDS)))
    mid: float = 0.0

    def add(self, counts: Any, moments: Moments) -> None:
        """``counts``: a cell's pairs in each shuffle."""
        values, times = np.unique(counts, return_counts=True)
        p, above = upper_tail(values, moments), upper_tail(values + 1, moments)
        v = moments.variance
        second = moments.mean and v * (2 * v / moments.mean - 1)
        usual = upper_tail(values, Moments(moments.mean, v, max(second, 0.0)))
        self.tried += counts.size
        self.below += [(times * (p <= b)).sum() for b in BOUNDS]
        self.two_moments += [(times * (usual <= b)).sum() for b in BOUNDS]
        self.mid += float((times * (p + above)).sum() / 2)

    @property
    def middle(self) -> float:
        """The mean mid-p, 0.5 where all is well."""
        return self.mid / self.tried

    def shares(self) -> list[tuple[float, float, float]]:
        """(bound, how often p was at or below it, standard error as if the cells of one shuffle were one)."""
        n = self.tried
        return [
            (b, float(k / n), float(np.sqrt(b * (1 - b) / self.shuffles))) for b, k in zip(BOUNDS, self.below, strict=True)
        ]


def sweep(
    sets: int, shuffles: int, seed: int, sizes: Sequence[int] = SIZES, follow: Callable[[Any], Any] = iter
) -> dict[tuple[str, int], Tally]:
    """Each world at each size: ``sets`` sets of events, each shuffled ``shuffles`` times; cells whose count is fixed under
    shuffles are left out."""
    rng = np.random.default_rng(seed)
    out: dict[tuple[str, int], Tally] = {}
    for name, n in follow([(name, n) for name in WORLDS for n in sizes]):
        tally = out[name, n] = Tally()
        for _ in range(sets):
            x, y, t = WORLDS[name](rng, n)
            pairs = _knox_pairs.Pairs(lay_out(x, y), t, SPACE**2, TIME, False, int(rng.integers(2**31)))
            with _knox_pairs.threads(n**2):
                moments = _knox_pairs.cell_moments(n, pairs.space_shapes(), pairs.time_shapes())
            draws = pairs.shuffled(shuffles, None)
            tally.shuffles += shuffles
            for r in range(draws.shape[1]):
                for c in range(draws.shape[2]):
                    if moments[r][c].variance > 0:
                        tally.add(draws[:, r, c], moments[r][c])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--shuffles", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} into docs/benchmarks")
    args = parser.parse_args()
    found = sweep(args.sets, args.shuffles, 2026, follow=lambda r: track(r, description="shuffling events", transient=True))
    lines = [
        "# Calibration of the near-repeat test",
        "",
        f"Made by `python benchmarks/knox_calibration.py --write`: in each row {args.sets} sets of events, each shuffled",
        f"{args.shuffles:,} times, so that nothing is there to find; same location and bands to 60, 150 and 400 m by",
        "bands to 1, 7 and 14 days. How often the one-sided p-value from the moments, which nobody shuffled for, is at or",
        "below a bound (it should be at most as often as the bound says), and the mean of the mid-p (0.5). In brackets the",
        "usual tail of two moments.",
        "",
        "| world | events | p ≤ 0.05 | p ≤ 0.01 | p ≤ 0.001 | mean mid-p |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for (name, n), tally in found.items():
        usual = tally.two_moments / tally.tried
        cells = [
            f"{share:.{digits}f} ({two:.{digits}f})"
            for (_, share, _), two, digits in zip(tally.shares(), usual, (3, 4, 4), strict=True)
        ]
        lines.append(f"| {name} | {n:,} | {' | '.join(cells)} | {tally.middle:.3f} |")
    worst = [max(t.below[i] / t.tried for t in found.values()) for i in range(len(BOUNDS))]
    lines += [
        "",
        f"At worst {worst[0]:.3f} at 0.05, {worst[1]:.4f} at 0.01 and {worst[2]:.4f} at 0.001. Counts are whole",
        "numbers, so where few pairs are expected p can't take every value, and small ones are rarer than they say; the",
        "mid-p makes up for it.",
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
