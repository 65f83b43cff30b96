"""Does the list keep its promise? Scans counts with nothing planted and counts how often any rise is established.

python benchmarks/scan_calibration.py [--draws 500] [--write]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from bench_ground import Field
from forestall import sample
from forestall.scan import force_wide, rising

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "scan-calibration.md"


def level(model: sample.Model) -> sample.Model:
    """The model without its categories' yearly trends, so that no whole series rises."""
    total = model.mean.sum(1)
    t = np.arange(total.shape[1])
    slope = np.array([np.polyfit(t, np.log(row), 1)[0] for row in total])
    return replace(model, mean=model.mean * np.exp(-slope[:, None] * (t - t.mean()))[:, None, :].astype(model.mean.dtype))


def calibrate(draws: int, *, replicates: int = 999, seed: int = 2026) -> dict[str, object]:
    """Scans ``draws`` draws of the sample's model without planted problems.

    Force-wide signals are looked for in draws without the categories' yearly trends, which are true rises. The seed is
    another than the one that the scan's margins were set on.

    Returns how many show any established rising and any established force-wide signal, and the p-values of each
    category's strongest zone, shape (draws, categories).
    """
    model = sample.model()
    flat, field = level(model), Field(model)
    rng = np.random.default_rng(seed)
    p: dict[str, list[float]] = {}
    rises = wide = 0
    for draw in track(range(draws), description="scanning draws with nothing planted", transient=True):
        ground = field.ground(model.draw_counts(rng))
        found, _ = rising.find(ground, windows=(1, 6), replicates=replicates, seed=draw)
        rises += any(r.q_value <= 0.05 for r in found)
        series, _ = force_wide.find(field.ground(flat.draw_counts(rng)), windows=(1, 6), seed=draw)
        wide += any(f.q_value <= 0.05 for f in series)
        first: dict[str, float] = {}
        for r in found:
            first[r.category] = min(first.get(r.category, 1.0), r.p_value)
        for category, value in first.items():
            p.setdefault(category, []).append(value)
    return {"draws": draws, "rising": rises, "force-wide": wide, "p": p}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--replicates", type=int, default=999)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} into docs/benchmarks")
    args = parser.parse_args()
    out = calibrate(args.draws, replicates=args.replicates)
    p = out["p"]
    assert isinstance(p, dict)
    lines = [
        "# Calibration of the scan",
        "",
        f"Made by `python benchmarks/scan_calibration.py {' '.join(sys.argv[1:])}`. Area-month counts are drawn from the",
        "sample's own model",
        "(overdispersed, seasonal, neighbours moving together, nothing planted) and scanned as `forestall scan` does; for",
        "force-wide signals, without the model's yearly trends, which are true rises. The seed is not the one on which the",
        "scan's margins were set.",
        "",
        f"Of {args.draws} draws, **{out['rising']}** show any established rising signal (at most "
        f"{round(37 * args.draws / 500)} allowed, 5 % is {args.draws / 20:.0f}) and **{out['force-wide']}** any",
        "established force-wide one.",
        "",
        "How often the strongest zone of a category has p below a bound (a fair test: as often as the bound says):",
        "",
        "| category | p < 0.01 | p < 0.05 | p < 0.20 |",
        "|---|---:|---:|---:|",
    ]
    for category, values in sorted(p.items()):
        v = np.array(values)
        lines.append(f"| {category} | {np.mean(v < 0.01):.3f} | {np.mean(v < 0.05):.3f} | {np.mean(v < 0.2):.3f} |")
    every = np.concatenate([np.array(v) for v in p.values()])
    lines.append(f"| all | {np.mean(every < 0.01):.3f} | {np.mean(every < 0.05):.3f} | {np.mean(every < 0.2):.3f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
