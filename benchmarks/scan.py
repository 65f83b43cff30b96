"""How long a force's scan takes, as ratios to two yardsticks in the same run.

    python benchmarks/scan.py [--repeats 5] [--write]

400 areas, 14 categories, 36 months, zones of up to 25 neighbours, windows of 1 to 6 months, 999 replicates. The yardsticks
work on replicate counts that are drawn already; the scan draws its own, fits the dispersion and reads off the clusters too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, prange

from bench_clock import timed
from forestall.stats.scan_statistics import nearest, space_time_scan

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "scan.md"
AREAS, MONTHS, NEIGHBOURS, WINDOWS, REPLICATES = 400, 36, 25, 6, 999
#: Records a month of each of the fourteen categories, as in a force of 590,000 people.
MONTHLY = (1177, 26, 156, 79, 111, 117, 290, 23, 749, 23, 191, 16, 189, 1806)


def problem(seed: int = 1) -> tuple[list[Any], Any]:
    """Counts of each category, (areas, months), and each area's nearest."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 40_000, (2, AREAS))
    share = rng.dirichlet(np.ones(AREAS))
    return [rng.poisson(m * share[:, None] * np.ones(MONTHS)) for m in MONTHLY], nearest(x, y, NEIGHBOURS)


def replicates_of(counts: Any, seed: int) -> tuple[Any, Any]:
    """Replicate counts of the windows, (replicates, areas, windows), and of all months, (replicates, areas)."""
    rng = np.random.default_rng(seed)
    mean = counts.mean(1)
    window = rng.poisson(mean[None, :, None], (REPLICATES, AREAS, WINDOWS)).cumsum(2).astype(np.int32)
    rest = rng.poisson(mean * (MONTHS - WINDOWS), (REPLICATES, AREAS))
    return window, (window[:, :, -1] + rest).astype(np.int32)


@njit(parallel=True, cache=True)
def plain_loop(window: Any, total: Any, near: Any, share: Any) -> Any:
    """Every likelihood of every zone and window, each with its logarithms."""
    replicates, areas, windows = window.shape
    out = np.zeros(replicates)
    for rep in prange(replicates):
        best = 0.0
        c = np.empty(windows)
        for a in range(areas):
            c[:] = 0.0
            r = 0.0
            for k in range(near.shape[1]):
                b = near[a, k]
                r += total[rep, b]
                for w in range(windows):
                    c[w] += window[rep, b, w]
                    p = share[w]
                    if c[w] > r * p and r > c[w]:
                        value = c[w] * np.log(c[w] / (r * p)) + (r - c[w]) * np.log((r - c[w]) / (r * (1 - p)))
                        best = max(best, value)
        out[rep] = best
    return out


@njit(parallel=True, cache=True)
def every_logarithm(window: Any, near: Any, expected: Any) -> Any:
    """The same zones with one logarithm each, computed always (expectation-based Poisson)."""
    replicates, areas, windows = window.shape
    out = np.zeros(replicates)
    for rep in prange(replicates):
        best = 0.0
        c = np.empty(windows)
        for a in range(areas):
            c[:] = 0.0
            for k in range(near.shape[1]):
                b = near[a, k]
                for w in range(windows):
                    c[w] += window[rep, b, w]
                    e = expected[a, k, w]
                    value = c[w] * np.log((c[w] + 1e-9) / e) - c[w] + e
                    if c[w] > e and value > best:
                        best = value
        out[rep] = best
    return out


def numpy_pass(window: Any, near: Any) -> float:
    """Adds up every zone of every replicate, without any likelihood."""
    highest = 0.0
    for block in np.array_split(window, 40):
        zone = np.zeros_like(block)
        for k in range(near.shape[1]):
            zone += block[:, near[:, k]]
        highest = max(highest, float(zone.max()))
    return highest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    data, near = problem()
    drawn = [replicates_of(x, i) for i, x in enumerate(data)]
    share = np.arange(1, WINDOWS + 1) / MONTHS
    months = np.arange(1, WINDOWS + 1)
    expected = [np.cumsum(x.mean(1)[near], 1)[:, :, None] * months + 1e-9 for x in data]

    def ours() -> None:
        for i, x in enumerate(data):
            space_time_scan(x, near, windows=WINDOWS, replicates=REPLICATES, seed=i, least=3)

    def loop() -> None:
        for w, t in drawn:
            plain_loop(w, t, near, share)

    def logs() -> None:
        for (w, _), e in zip(drawn, expected, strict=True):
            every_logarithm(w, near, e)

    def adds() -> None:
        for w, _ in drawn:
            numpy_pass(w, near)

    for warm in (ours, loop, logs):
        warm()
    rows = np.array([[timed(f) for f in (ours, logs, loop, adds)] for _ in range(args.repeats)])
    seconds = np.median(rows, 0)
    ratio = np.median(rows[:, 1:] / rows[:, :1], 0)
    likelihoods = len(data) * REPLICATES * AREAS * near.shape[1] * WINDOWS
    text = "\n".join(
        [
            "# Speed of the scan",
            "",
            f"Made by `python benchmarks/scan.py --write`: {AREAS} areas, {len(data)} categories, {MONTHS} months, zones",
            f"of an area with up to {NEIGHBOURS} neighbours, windows of 1 to {WINDOWS} months, {REPLICATES} replicates:",
            f"{likelihoods / 1e6:,.0f} million likelihoods. Medians of {args.repeats} runs in turn, in one process,",
            "compiled code warm. The yardsticks are given replicate counts; the scan draws its own and does all the rest",
            "as well.",
            "",
            "| work | seconds | over the scan |",
            "|---|---:|---:|",
            f"| `space_time_scan` of all categories, whole | {seconds[0]:.2f} | 1 |",
            f"| Numba loop, one logarithm for every likelihood ({likelihoods / seconds[1] / 1e6:.0f} million a second) "
            f"| {seconds[1]:.2f} | {ratio[0]:.2f} |",
            f"| Numba loop, the scan's own likelihood with its two logarithms | {seconds[2]:.2f} | {ratio[1]:.2f} |",
            f"| one NumPy pass that adds up the zones, no likelihood | {seconds[3]:.2f} | {ratio[2]:.2f} |",
            "",
        ]
    )
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
