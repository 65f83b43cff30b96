"""Do the p-values of the local statistics keep their promise? Maps without any pattern, and how often a test fires.

python benchmarks/local_calibration.py [--maps 400] [--write]
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from scipy import stats as ss

from forestall.stats.local_statistics import getis_ord, local_join_count, local_moran
from forestall.stats.neighbours import Neighbours

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "local-calibration.md"
SIDE = 20
LEVELS = (0.01, 0.05, 0.2)

#: Values without any pattern; each is as likely at one cell as at another.
NULLS: dict[str, Callable[[Any], Any]] = {
    "60 events on 400 cells": lambda rng: rng.multinomial(60, np.full(SIDE * SIDE, 1 / SIDE**2)),
    "Poisson, mean 1": lambda rng: rng.poisson(1, SIDE * SIDE),
    "Poisson, mean 10": lambda rng: rng.poisson(10, SIDE * SIDE),
    "overdispersed, mean 4.5, variance 45": lambda rng: rng.negative_binomial(0.5, 0.1, SIDE * SIDE),
    "half empty, else Poisson of mean 3": lambda rng: rng.poisson(3, SIDE * SIDE) * (rng.random(SIDE * SIDE) < 0.5),
}
REAL: dict[str, Callable[[Any], Any]] = {
    "normal": lambda rng: rng.normal(size=SIDE * SIDE),
    "exponential": lambda rng: rng.exponential(size=SIDE * SIDE),
    "lognormal, log sd 1": lambda rng: rng.lognormal(size=SIDE * SIDE),
}
_QUEEN = Neighbours.queen(SIDE, SIDE)
UNEVEN = Neighbours(
    _QUEEN.indptr, _QUEEN.indices, np.random.default_rng(0).uniform(0.5, 1.5, _QUEEN.indices.size), _QUEEN.own
)
#: p-values by name, of one map.
Judge = Callable[[Any, Neighbours, int], dict[str, Any]]


def counts(x: Any, near: Neighbours, seed: int) -> dict[str, Any]:  # noqa: ARG001
    star, moran, dealt = getis_ord(x, near), local_moran(x, near), getis_ord(x, near, own="dealt")
    high = getis_ord(x, near, alternative="greater")
    joins = local_join_count(x > np.median(x), near)
    return {
        "Gi*, exact p": star,
        "Gi*, mid-p": star.mid_p,
        "Gi*, exact p, one-sided": high,
        "Gi*, own count dealt, exact p": dealt,
        "Gi*, own count dealt, mid-p": dealt.mid_p,
        "local Moran, exact p": moran,
        "local Moran, mid-p": moran.mid_p,
        "joins, exact p, one-sided": joins,
        "Gi*, z-score and normal distribution": 2 * ss.norm.sf(np.abs(star.z_score)),
    }


def reals(x: Any, near: Neighbours, seed: int) -> dict[str, Any]:
    found, moments = getis_ord(x, near), getis_ord(x, near, null="moments", permutations=0)
    uneven = getis_ord(x, UNEVEN, permutations=999, seed=seed)
    return {
        "Gi*, exact p of the rounded values": found,
        "Gi*, moments and Pearson III (only if asked for)": moments,
        f"Gi*, weights that differ: {uneven.null}": uneven,
        "Gi*, z-score and normal distribution": 2 * ss.norm.sf(np.abs(found.z_score)),
    }


def calibrate(nulls: dict[str, Callable[[Any], Any]], judge: Judge, maps: int, seed: int = 2027) -> dict[str, Any]:
    """For each null and way of judging: the share of tests with p at or below each level, shape (levels,), and the share of
    maps with any cell flagged (NaN where the way has no q-values)."""
    near = _QUEEN
    out: dict[str, Any] = {}
    rng = np.random.default_rng(seed)
    for null, draw in nulls.items():
        fired: dict[str, list[Any]] = {}
        flagged: dict[str, list[bool]] = {}
        for k in track(range(maps), description=null, transient=True):
            for way, found in judge(draw(rng), near, k).items():
                p = found if isinstance(found, np.ndarray) else found.p_value
                p = p[np.isfinite(p)]
                fired.setdefault(way, []).append([(p <= level).mean() for level in LEVELS])
                if not isinstance(found, np.ndarray):
                    flagged.setdefault(way, []).append(bool(found.flagged.any()))
        out[null] = {
            way: (np.mean(rows, 0), np.std(rows, 0) / np.sqrt(maps), np.mean(flagged.get(way, [np.nan])))
            for way, rows in fired.items()
        }
    return out


def table(found: dict[str, Any]) -> list[str]:
    heads = " | ".join(f"p ≤ {level:g}" for level in LEVELS)
    lines = [f"| values | judged by | {heads} | maps with a flag |", "|---|---|" + "---:|" * (len(LEVELS) + 1)]
    for null, ways in found.items():
        for way, (rate, _, flagged) in ways.items():
            shares = " | ".join(f"{r:.4f}" for r in rate)
            lines.append(f"| {null} | {way} | {shares} | {'–' if np.isnan(flagged) else f'{flagged:.3f}'} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=400)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    whole, real = calibrate(NULLS, counts, args.maps), calibrate(REAL, reals, max(1, args.maps // 4))
    error = max(float(np.max(e)) for f in (whole, real) for ways in f.values() for _, e, _ in ways.values())
    text = "\n".join(
        [
            "# Calibration of the local statistics",
            "",
            textwrap.fill(
                f"Made by `python benchmarks/local_calibration.py --write`: {args.maps} maps of {SIDE} by {SIDE} "
                "cells, queen "
                "neighbours, values without any pattern. The share of tests whose p is at or below a level: a fair test "
                "fires as often as the level says, an exact one of counts no oftener, and its mid-p about as often. "
                "Tests are "
                f"two-sided unless it says so. No share's standard error is above {error:.4f}. The last column is the "
                "share "
                "of maps on which any cell is flagged at a false discovery rate of 5 %, which is to be 0.05 or less "
                "(but for "
                f"drawing: two standard errors of it are {2 * (0.05 * 0.95 / args.maps) ** 0.5:.3f}).",
                120,
            ),
            "",
            "## Counts",
            "",
            *table(whole),
            "",
            "## Values that are not whole numbers",
            "",
            f"{max(1, args.maps // 4)} maps.",
            "",
            *table(real),
            "",
        ]
    )
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
