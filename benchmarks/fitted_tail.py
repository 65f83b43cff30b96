"""Is the tail fitted to 999 replicates right where 999 can't see? Checked against 99,999 draws.

python benchmarks/fitted_tail.py [--write]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rich.progress import track

from forestall import sample
from forestall.stats.scan_statistics import fit_excesses, nearest, space_time_scan

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "fitted-tail.md"
CATEGORIES = ("violence-and-sexual-offences", "burglary", "shoplifting", "bicycle-theft")
TAILS = (0.01, 0.001, 0.0001)
DRAWS = 99_999


def tails(category: str, draws: int = DRAWS, fits: int = 50) -> dict[float, tuple[float, float, float]]:
    """For each true tail probability, what tails fitted to 999 of the draws give there: median and 90 % range."""
    model = sample.model(1)
    counts = model.draw_counts(np.random.default_rng(1))[model.categories.index(category)][:, -36:]
    near = nearest(model.easting, model.northing, 25)
    maxima = space_time_scan(counts, near, replicates=draws, seed=1, least=3).maxima
    fitted = [fit_excesses(part) for part in np.array_split(maxima, max(1, draws // 999))[:fits]]
    out = {}
    for p in TAILS:
        level = float(np.quantile(maxima, 1 - p))
        given = [f.sf(level) for f in fitted]
        out[p] = (float(np.median(given)), float(np.quantile(given, 0.05)), float(np.quantile(given, 0.95)))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    lines = [
        "# The fitted tail",
        "",
        f"Made by `python benchmarks/fitted_tail.py --write`. The levels that {DRAWS:,} replicates exceed with the true",
        "probability, and what tails fitted to 999 of them say there (the median of fifty fits, and the range of",
        "nine in ten). The scan uses the tail only where none of its 999 replicates reaches a cluster.",
        "",
        "| category | true probability | fitted | nine in ten fits |",
        "|---|---:|---:|---:|",
    ]
    for category in track(CATEGORIES, description="drawing", transient=True):
        for p, (middle, low, high) in tails(category).items():
            lines.append(f"| {category} | {p:g} | {middle:.2g} | {low:.2g} to {high:.2g} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
