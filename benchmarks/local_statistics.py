"""Gi*, local Moran and joins on a grid, as ratios to esda in the same run, and what each way of judging flags.

    python benchmarks/local_statistics.py [--side 500] [--repeats 5] [--write]

The peer is not in the lock file: run it where Forestall and esda can both be imported, such as by
`uv run --with esda --with libpysal python benchmarks/local_statistics.py --write`. Without it the yardstick is a plain
NumPy loop of conditional permutations over some of the places, and the page says that the peer was absent.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as ss

from bench_clock import clocked
from forestall.stats.local_statistics import getis_ord, local_join_count, local_moran
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.neighbours import Neighbours

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "local-statistics.md"
PERMUTATIONS = 999
#: Spots of four by four cells, planted a grid's tenth apart: how much is added to each cell.
PLANTED = 4

OURS_FIRST = (
    "from forestall.stats.local_statistics import getis_ord; from forestall.stats.neighbours import Neighbours; "
    "getis_ord([1, 0, 2, 5] * 25, Neighbours.queen(10, 10))"
)
PEER_FIRST = (
    "import warnings; warnings.simplefilter('ignore'); import numpy as np, libpysal; from esda.getisord import G_Local; "
    "G_Local(np.array([1.0, 0, 2, 5] * 25), libpysal.weights.lat2W(10, 10, rook=False), star=True, transform='B', "
    "permutations=99, n_jobs=1)"
)


def problem(side: int, seed: int = 1) -> tuple[Any, Any]:
    """Poisson counts of mean 2 on a square grid with planted spots, (cells,), and which cells are planted."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(2, (side, side))
    spot = np.zeros((side, side), bool)
    for r in range(side // 10, side - 4, side // 5):
        for c in range(side // 10, side - 4, side // 5):
            spot[r : r + 4, c : c + 4] = True
    x[spot] += rng.poisson(PLANTED, int(spot.sum()))
    return x.ravel(), spot.ravel()


def first_call(code: str) -> float:
    """Seconds of a new process from its start to its first answer."""
    return clocked(lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True))[0]


def numpy_twin(x: Any, near: Neighbours, places: int) -> float:
    """Seconds for all places of a loop of conditional permutations, from ``places`` of them."""

    def loop() -> None:
        rng = np.random.default_rng(0)
        seen = near.sums(x)
        draws = np.array([rng.choice(x.size - 1, int(near.counts.max()), replace=False) for _ in range(PERMUTATIONS)])
        for i in range(places):
            ids = draws[:, : near.counts[i]]
            (x[ids + (ids >= i)].sum(1) >= seen[i]).sum()

    return clocked(loop)[0] * x.size / places


def agreement(p_sim: Any, most: Any, least: Any) -> float:
    """Share of the peer's folded p within five standard errors of drawing of an upper tail from ``least`` (without ties) to
    ``most`` (with them), folded in the same way."""
    ends = np.minimum(most, 1 - most), np.minimum(least, 1 - least)
    low, high = np.minimum(*ends), np.where((least < 0.5) & (most > 0.5), 0.5, np.maximum(*ends))
    error = 5 * (np.sqrt(high * (1 - high) / PERMUTATIONS) + 1 / (PERMUTATIONS + 1))
    return float(np.mean((p_sim >= low - error) & (p_sim <= high + error)))


def peer_rows(x: Any, side: int, ours: dict[str, Any]) -> tuple[dict[str, float], list[str], Any]:
    """The peer's seconds, how far the answers agree, and its row-standardised Gi*."""
    warnings.simplefilter("ignore")
    import libpysal
    from esda.getisord import G_Local
    from esda.moran import Moran_Local

    y = x.astype(float)
    w = libpysal.weights.lat2W(side, side, rook=False)
    small = libpysal.weights.lat2W(10, 10, rook=False)
    options = {"permutations": PERMUTATIONS, "keep_simulations": False, "seed": 1, "n_jobs": 1}
    G_Local(y[:100], small, star=True, transform="B", **options)  # compile
    Moran_Local(y[:100], small, **options)
    t_g, g = clocked(lambda: G_Local(y, w, star=True, transform="B", **options))
    t_m, m = clocked(lambda: Moran_Local(y, w, **options))
    standard = G_Local(y, w, star=True, transform="R", permutations=0)

    star, moran = ours["Gi*"], ours["local Moran"]
    high = getis_ord(x, ours["near"], alternative="greater").p_value
    alike, unlike = (local_moran(x, ours["near"], alternative=a).p_value for a in ("greater", "less"))
    low = getis_ord(x, ours["near"], alternative="less").p_value
    worst = int(np.argmax(np.where(low < 0.5, low - g.p_sim, -1)))
    said = [
        f"- Gi*: the largest difference of z-scores is {np.abs(g.Zs - star.z_score).max():.1e}.",
        "- Local Moran: the largest difference of I, allowing for its n - 1 where Anselin has n, is "
        f"{np.abs(m.Is * x.size / (x.size - 1) - moran.statistic).max():.1e}.",
        "- Its p is the smaller tail, whichever it is: one-sided, and never above about 0.5. For Gi* it counts ties in the "
        "upper tail only; for Moran rounding decides which ties it counts. So compared, it is within five "
        "standard errors of "
        f"drawing of the exact tail at {agreement(g.p_sim, high, high):.2%} of cells (Gi*), and of what lies between the "
        f"exact tail with ties and without at {agreement(m.p_sim, alike, 1 - unlike):.2%} (Moran).",
        f"- Without the ties a low tail is too small: at worst it gives {g.p_sim[worst]:.3f} where the exact lower tail is "
        f"{low[worst]:.3f}.",
    ]
    flags = {
        "esda, z-scores of row-standardised weights": ss.norm.sf(np.abs(standard.Zs)) * 2,
        f"esda, p of {PERMUTATIONS} permutations, doubled": np.minimum(1, 2 * g.p_sim),
    }
    return {"Gi*": t_g, "local Moran": t_m}, said, flags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    x, spot = problem(args.side)
    build, near = clocked(lambda: Neighbours.queen(args.side, args.side))
    marks = x >= 4
    work: dict[str, Callable[[], Any]] = {
        "Gi*": lambda: getis_ord(x, near),
        "Gi*, own count dealt": lambda: getis_ord(x, near, own="dealt"),
        "local Moran": lambda: local_moran(x, near_standard),
        "local join count": lambda: local_join_count(marks, near),
        "Gi* with 999 permutations beside": lambda: getis_ord(x, near, permutations=PERMUTATIONS),
        "Gi* with 999 permutations, weights that differ": lambda: getis_ord(x, uneven),
    }
    near_standard = near.row_standardised()
    rng = np.random.default_rng(0)
    uneven = Neighbours(near.indptr, near.indices, rng.uniform(0.5, 1.5, near.indices.size), near.own)
    ours: dict[str, Any] = {"near": near}
    seconds: dict[str, float] = {}
    for name, f in work.items():
        runs = [clocked(f) for _ in range(args.repeats)]
        seconds[name], ours[name] = float(np.median([r[0] for r in runs])), runs[0][1]
    peer = importlib.util.find_spec("esda") is not None and importlib.util.find_spec("libpysal") is not None
    flags = ways(x, near, ours)
    if peer:
        import esda

        yardstick, said, more = peer_rows(x, args.side, ours)
        flags |= more
        name = f"esda {esda.__version__}, {PERMUTATIONS} permutations, one thread, compiled code warm, simulations not kept"
        starts = f"A new process gives its first answer after {first_call(OURS_FIRST):.1f} s"
        starts += f"; esda after {first_call(PEER_FIRST):.1f} s."
    else:
        twin = numpy_twin(x, near, min(x.size, 1000))
        yardstick, said = {"Gi*": twin, "local Moran": twin}, ["The peer was absent."]
        name = f"a plain NumPy loop of {PERMUTATIONS} conditional permutations over a part of the places (esda was absent)"
        starts = f"A new process gives its first answer after {first_call(OURS_FIRST):.1f} s."
    lines = [
        "# Local statistics: speed and what is flagged",
        "",
        f"Made by `python benchmarks/local_statistics.py --write` on Python {platform.python_version()}: {args.side} by",
        f"{args.side} cells, queen neighbours, Poisson counts of mean 2 with planted spots. Medians of {args.repeats}",
        f"runs; the yardstick, {name}, ran once.",
        f"The neighbours take {build:.2f} s to make and are made once.",
        starts,
        "",
        "| work | seconds | yardstick | over ours |",
        "|---|---:|---:|---:|",
    ]
    for title in work:
        beside = yardstick.get(title)
        lines.append(
            f"| {title} | {seconds[title]:.3f} | {beside:.1f} | {beside / seconds[title]:,.0f} |"
            if beside
            else f"| {title} | {seconds[title]:.3f} | – | – |"
        )
    lines += [
        "",
        "The answers agree:" if peer else "",
        "",
        *(textwrap.fill(line, 120, subsequent_indent="  ") for line in said),
        "",
    ]
    lines += [
        "## What each way of judging flags",
        "",
        f"The same map, {int(spot.sum()):,} of its {x.size:,} cells planted; flagged at a false discovery rate of 5 %. A",
        "cell beside a spot is rightly flagged too, so *elsewhere* means that none of its neighbourhood is planted.",
        "",
        "| judged by | planted cells flagged | elsewhere flagged |",
        "|---|---:|---:|",
    ]
    elsewhere = (near.sums(spot) == 0) & ~spot
    for title, p in flags.items():
        hit = benjamini_hochberg(p) <= 0.05
        lines.append(f"| {title} | {int((hit & spot).sum()):,} of {int(spot.sum()):,} | {int((hit & elsewhere).sum()):,} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


def ways(x: Any, near: Neighbours, ours: dict[str, Any]) -> dict[str, Any]:
    """Two-sided p-values of each way."""
    star = ours["Gi*"]
    size = near.counts + 1
    unscaled = ((near.sums(x) + x) / size - x.mean()) / x.std()
    return {
        "exact p, the place keeps its own count": star.p_value,
        "exact p, its own count is dealt too (own='dealt')": ours["Gi*, own count dealt"].p_value,
        "z-scores and the normal distribution": np.minimum(1, 2 * ss.norm.sf(np.abs(star.z_score))),
        "Gi* without its scaling, the normal distribution": 2 * ss.norm.sf(np.abs(unscaled)),
    }


if __name__ == "__main__":
    main()
