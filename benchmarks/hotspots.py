"""How long a prospective hot-spot forecast takes, beside open_cp and the plain NumPy way.

    python benchmarks/hotspots.py [--write]

100,000 events of 8 weeks on 100 by 100 cells. open_cp (QuantCrimAtLeeds/PredictCode) is in no package index: it takes part
where a checkout of it is on PYTHONPATH; otherwise the slow twin of the tests stands for it, and the page says so.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench_clock import clocked
from forestall.stats.hotspot_scores import hotspot_accuracy
from forestall.stats.hotspots import forecast_hotspots

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "hotspots.md"
EVENTS, CELLS, CELL, AT = 100_000, 100, 50.0, 56.0
SIDE = CELLS * CELL
BOUNDS = (0.0, 0.0, SIDE, SIDE)


def events(seed: int = 0) -> tuple[Any, Any, Any]:
    """Half of them in ten clusters; times in whole minutes, none of them exactly on a boundary between weeks."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, SIDE, (2, EVENTS))
    middle = rng.uniform(0, SIDE, (2, 10))[:, rng.integers(10, size=EVENTS // 2)]
    x[: EVENTS // 2], y[: EVENTS // 2] = middle + rng.normal(0, 200, middle.shape)
    t = (rng.integers(0, int(AT * 1440), EVENTS) + 0.5) / 1440
    return np.clip(x, 0, SIDE - 0.001), np.clip(y, 0, SIDE - 0.001), t


def peer(x: Any, y: Any, t: Any) -> Any:
    """open_cp's risk of the same cells."""
    import open_cp  # type: ignore[import-not-found, unused-ignore]
    import open_cp.prohotspot as prohotspot  # type: ignore[import-not-found, unused-ignore]

    order = np.argsort(t)
    start = np.datetime64("2020-01-01T00:00", "ms")
    stamps = start + (t[order] * 86_400_000).astype("timedelta64[ms]")
    predictor = prohotspot.ProspectiveHotSpot(open_cp.RectangularRegion(0, SIDE, 0, SIDE), grid_size=CELL)
    predictor.data = open_cp.TimedPoints(stamps, np.array([x[order], y[order]]))
    now = start + np.timedelta64(int(AT), "D")
    return predictor.predict(now, now).intensity_matrix


def twin(x: Any, y: Any, t: Any) -> Any:
    sys.path.insert(0, str(ROOT / "tests" / "oracles"))
    import slow_hotspots  # type: ignore[import-not-found, unused-ignore]

    return slow_hotspots.prospective_rings(x, y, AT - t, np.ones(x.size), (0, 0), CELL, (CELLS, CELLS), 400.0)


def times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    x, y, t = events()

    def ours(**options: Any) -> Any:
        return forecast_hotspots(x, y, t, **{"at": AT, "cell": CELL, "bounds": BOUNDS, **options})

    ours()
    published = float(np.median([clocked(ours)[0] for _ in range(7)]))
    by_cells = float(np.median([clocked(lambda: ours(distance="cells"))[0] for _ in range(7)]))
    risk = ours(distance="cells").risk
    seconds_twin, slow = clocked(lambda: twin(x, y, t))
    rows = [
        ("`forecast_hotspots`, half-cells from the event to the centre, as published", published, ""),
        ('the same with `distance="cells"`, as in open_cp', by_cells, ""),
        ("a NumPy pass over all events for every cell", seconds_twin, f"{np.abs(slow - risk).max() / slow.max():.1g}"),
    ]
    try:
        seconds_peer, theirs = clocked(lambda: peer(x, y, t))
        rows.append(("open_cp `ProspectiveHotSpot`", seconds_peer, f"{np.abs(theirs - risk).max() / theirs.max():.1g}"))
        said = "open_cp took part."
    except ImportError:
        said = "open_cp could not be imported and took no part: the NumPy pass does what it does."
    rest = [
        (f"method `{m}`", float(np.median([clocked(lambda m=m: ours(method=m, bandwidth=200.0))[0] for _ in range(3)])))
        for m in ("grid", "last_year", "kernel")
    ]
    later = np.random.default_rng(1).poisson(risk / risk.sum() * 5000)
    scored = float(np.median([clocked(lambda: hotspot_accuracy(ours(), later))[0] for _ in range(3)])) - published
    rest.append(("`hotspot_accuracy` at five shares, with the comparison", scored))
    text = "\n".join(
        [
            "# Speed of hot-spot forecasts",
            "",
            f"Made by `python benchmarks/hotspots.py --write`: {EVENTS:,} events of 8 weeks, {CELLS} by {CELLS} cells of",
            f"{CELL:.0f} m, 400 m and 56 days. Medians of up to 7 runs in one process, compiled code warm. {said}",
            "The last column is the largest difference from our answer by the same definition, over the largest risk.",
            "",
            "| work | seconds | times the published form | times `cells` | difference |",
            "|---|---:|---:|---:|---:|",
            *(f"| {name} | {s:.3f} | {times(s / published)} | {times(s / by_cells)} | {d} |" for name, s, d in rows),
            "",
            "| also | seconds |",
            "|---|---:|",
            *(f"| {name} | {s:.3f} |" for name, s in rest),
            "",
        ]
    )
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
