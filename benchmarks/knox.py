"""How long the near-repeat test takes, beside pointpats where it can be imported, and beside plain NumPy.

    python benchmarks/knox.py [--repeats 5] [--write]
    uv run --with pointpats python benchmarks/knox.py --write    # or any environment where both are importable

Every work runs in a process of its own, which reports seconds (compiled code warm) and the peak of its memory. pointpats
runs once. Its close pairs are those up to a distance and a gap inclusive, so in whole days up to 14 is under 15 here, and
the counts are compared.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "knox.md"
SHUFFLES = 999
NEAR, SOON = 100.0, 14.0


def scattered(n: int, side: float, seed: int = 1) -> tuple[Any, Any, Any]:
    """Events spread evenly over a square of ``side`` metres and a year of days."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0, side, n), rng.uniform(0, side, n), np.floor(rng.uniform(0, 365, n))


def towns(n: int, side: float, seed: int = 1) -> tuple[Any, Any, Any]:
    """Half of the events in 200 towns and half anywhere in the square, over three years."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, side, (200, 2))[rng.integers(0, 200, n)] + rng.normal(0, 300, (n, 2))
    x, y = np.where(rng.random(n)[:, None] < 0.5, centre, rng.uniform(0, side, (n, 2))).T
    return x, y, np.floor(rng.uniform(0, 1095, n))


def ours(data: tuple[Any, Any, Any], space: Any, when: Any, permutations: int) -> dict[str, Any]:
    from forestall.stats.knox import near_repeat

    found = near_repeat(*data, space_bands=space, time_bands=when, permutations=permutations, seed=1)
    near = int(found.observed[:-1].sum())
    return {"pairs": int(found.observed[:-1, 0].sum()), "near": near, "p": float(found.p_value[1, 0])}


def one_band(n: int, side: float) -> dict[str, Any]:
    return ours(scattered(n, side), [0, NEAR], [0, SOON + 1], SHUFFLES)


def many_bands(n: int, side: float) -> dict[str, Any]:
    return ours(towns(n, side), np.arange(11) * 100.0, np.arange(9) * 7.0, 0)


def pointpats() -> dict[str, Any]:
    from pointpats.spacetime import Knox

    x, y, t = scattered(10_000, 10_000)
    found = Knox(np.stack([x, y], 1), t[:, None], NEAR, SOON, permutations=SHUFFLES)
    return {"pairs": int(found.nst), "p": float(found.p_sim)}


def plain_numpy() -> dict[str, Any]:
    """The close pairs by a tree once, and a fancy index for each shuffle."""
    from scipy.spatial import cKDTree

    x, y, t = scattered(10_000, 10_000)
    pairs = cKDTree(np.stack([x, y], 1)).query_pairs(NEAR, output_type="ndarray")
    rng = np.random.default_rng(1)

    def count(t: Any) -> int:
        return int((np.abs(t[pairs[:, 0]] - t[pairs[:, 1]]) <= SOON).sum())

    seen = count(t)
    more = sum(count(rng.permutation(t)) >= seen for _ in range(SHUFFLES))
    return {"pairs": seen, "p": (more + 1) / (SHUFFLES + 1)}


WORKS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "one-10k": ("10,000 events, one band, 999 shuffles", lambda: one_band(10_000, 10_000)),
    "pointpats": ("pointpats, the same", pointpats),
    "numpy": ("NumPy with a tree, the same", plain_numpy),
    "one-100k": ("100,000 events, one band, 999 shuffles", lambda: one_band(100_000, 31_600)),
    "bands-100k": ("100,000 events, 10 by 8 bands, exact moments", lambda: many_bands(100_000, 20_000)),
    "bands-1m": ("1,000,000 events, 10 by 8 bands, exact moments", lambda: many_bands(1_000_000, 40_000)),
}


def first_call(fresh: bool) -> float:
    """Seconds of a process's first call on a hundred events, with imports, and compiling (``fresh``) or loading."""
    code = (
        "import time; s = time.perf_counter(); import numpy as np; from forestall.stats.knox import near_repeat; "
        "r = np.random.default_rng(0); near_repeat(*r.uniform(0, 9, (2, 100)), r.integers(0, 99, 100), space_bands=[0, 1], "
        "time_bands=[0, 7], permutations=99); print(time.perf_counter() - s)"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **({"NUMBA_CACHE_DIR": folder} if fresh else {})}
        run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return float(run.stdout)


def measure(name: str, repeats: int) -> dict[str, Any]:
    """Runs one work in this process; once before, to compile, if it is ours and not the longest."""
    _, work = WORKS[name]
    if name.startswith("bands"):
        many_bands(20_000, 9_000)
    elif name.startswith("one"):
        one_band(5_000, 7_000)
    spent = []
    for _ in range(1 if name in ("pointpats", "bands-1m") else repeats):
        start, busy = time.perf_counter(), time.process_time()
        found = work()
        spent.append((time.perf_counter() - start, time.process_time() - busy))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, processor = np.median(spent, axis=0)
    return {**found, "seconds": float(seconds), "processor": float(processor), "megabytes": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=WORKS, help="run one work here and print its figures as JSON")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only, args.repeats)))
        return
    found = {}
    absent = importlib.util.find_spec("pointpats") is None
    for name in WORKS:
        if name == "pointpats" and absent:
            continue
        command = [sys.executable, __file__, "--only", name, "--repeats", str(args.repeats)]
        environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
        run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        found[name] = json.loads(run.stdout.splitlines()[-1])
    base = found["one-10k"]
    same = [n for n in ("pointpats", "numpy") if n in found]
    for name in same:
        if found[name]["pairs"] != base["pairs"]:
            raise SystemExit(f"{name} counts {found[name]['pairs']} close pairs and near_repeat {base['pairs']}")
    lines = [
        "# Speed of the near-repeat test",
        "",
        "Made by `python benchmarks/knox.py --write`. One band is the places within 100 m and the days within 14, events",
        "spread evenly at 100 a square kilometre over a year; 10 by 8 bands are of 100 m and 7 days, over three years,",
        f"half of the events in towns. Medians of {args.repeats} runs (pointpats and the million: one run), each work in a",
        "process of its own, compiled code warm, threads asleep while they wait (`OMP_WAIT_POLICY=passive`). Processor",
        "seconds are of all threads, and steadier than seconds on a busy machine. Memory is the process's peak, Python and",
        "its libraries included.",
        "",
        "| work | close pairs | seconds | over `near_repeat` | processor seconds | over `near_repeat` | memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in found.items():
        over = ["1", "1"] if name == "one-10k" else ["", ""]
        if name in same:
            over = [f"{row[k] / base[k]:,.1f}" for k in ("seconds", "processor")]
        pairs = f"{row.get('near', row['pairs']):,}" if name.startswith("bands") else f"{row['pairs']:,}"
        lines.append(
            f"| {WORKS[name][0]} | {pairs} | {row['seconds']:.3f} | {over[0]} | {row['processor']:.3f} | {over[1]} "
            f"| {row['megabytes']:.0f} |"
        )
    said = ", ".join(f"{n} {found[n]['p']:.3f}" for n in same)
    lines += [
        "",
        "Close pairs are pairs in both bands; for 10 by 8 bands, pairs within a kilometre. The works on 10,000 events",
        f"count the same pairs; p {base['p']:.3f} ({said}).",
        "",
        f"The first call ever, which compiles, takes {first_call(True):.0f} seconds; the first of a later process, which",
        f"imports and loads from disk, {first_call(False):.1f}.",
        *(["pointpats was not importable in this run."] if absent else []),
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
