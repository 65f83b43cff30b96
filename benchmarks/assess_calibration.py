"""Does the test of a response keep its promise where nothing was done, and does it see what was planted?

    python benchmarks/assess_calibration.py [--number 1000] [--forces 6] [--histories 20] [--seed 2027] [--write]

The peer is the promise: 5 % of tests find something where nothing is, and 95 % of intervals hold the truth. On the
street files of Gwent, which are looked for where FORESTALL_SHARED says, or in ../shared; and on the responses that the
sample plants.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import bench_planted
import bench_responses
import bench_wide
from forestall.assess.comparing import WAYS
from forestall.report import palette
from forestall.report.charts import chart_svg

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "assess_calibration.md"
CHART = ROOT / "docs" / "images" / "assess-calibration.svg"
SHARED = Path(os.environ.get("FORESTALL_SHARED", ROOT.parent / "shared"))
#: Events a window, before and to come, from which a method must be on offer.
ENOUGH = 10
NAMES = {"random": "at random", "signal": "as signals are chosen", "count": "highest count of the month"}
Told = Sequence[dict[str, Any]]

HOW = """
Each is a response in which nothing was done: one to twelve LSOAs that hang together, any category, any month, three
to twelve months, ten events or more in the two years before; proposed, given its power and evaluated by the same code
as every plan's. *As signals are chosen*: of 300 such groups the one whose last month before stood out most from the
twelve months before it (the highest scan likelihood ratio). *Highest count*: the one that counted most in that month,
which is how nobody should choose and many do. *On offer*: share of settings with ten events or more both before and
to come in which a method is offered. *Rejected*: p at most 0.05, of those that get a p-value. *Held*: 95 % intervals
that hold the ratio 1. *Halved*: every other event of the treated areas was taken out by lot; how often the design
said that it would find this, how often it did, and how often the interval held a half.
"""
PLANTED = """
Each response of the sample's `truth.json`, in {forces} forces with {histories} histories each drawn from the model:
the ratio that is planted and the mean of those found (geometric), intervals that hold the planted one, and how often
p is at most 0.05. *Around* are the areas that touch the treated ones. Where nothing is planted p should be so small
in 5 %.
"""

SPEED = """
One proposal with its power and one evaluation with ring and total, on made counts of 36 months, once the outcome is
read. What is promised is 2 seconds for 400 areas and 10 for 35,000 that could be compared with.
"""


def tested(rows: Told) -> Told:
    return [r for r in rows if math.isfinite(r["p"])]


def rate(rows: Told) -> float:
    """Share of those with a p-value that find something."""
    return float(np.mean([r["p"] <= 0.05 for r in tested(rows)]))


def held(rows: Told) -> float:
    return float(np.mean([r["low"] <= 1 <= r["high"] for r in tested(rows)]))


def offered(rows: Told) -> float:
    enough = [r for r in rows if min(r["before"], r["window"]) >= ENOUGH]
    return float(np.mean([bool(r["method"]) for r in enough]))


def mean(rows: Told, what: str) -> float:
    values = np.array([r[what] for r in rows], float)
    return float(values[np.isfinite(values)].mean())


def by_blocks(rows: Told, rng: np.random.Generator, draws: int = 4000) -> tuple[float, float]:
    """95 % interval of the rate, whole blocks (a category and quarter of a year) drawn again and again: the placebos of one
    block share its shocks."""
    blocks: dict[tuple[str, str, int], list[bool]] = {}
    for r in tested(rows):
        year, month = r["month"].split("-")
        blocks.setdefault((r["category"], year, (int(month) - 1) // 3), []).append(r["p"] <= 0.05)
    counts = np.array([(sum(b), len(b)) for b in blocks.values()], float)
    drawn = counts[rng.integers(len(counts), size=(draws, len(counts)))].sum(1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return float(low), float(high)


def placebo_lines(found: dict[str, Told], rng: np.random.Generator) -> list[str]:
    pooled = [r for c in ("random", "signal") for r in found[c]]
    lines = ["| chosen | responses | on offer | with p | rejected | held | halved: said | found | held |"]
    lines += ["|---|" + "---:|" * 8]
    for name, rows in [(NAMES["random"], found["random"]), (NAMES["signal"], found["signal"]), ("**both**", pooled),
                       (NAMES["count"], found["count"])]:  # fmt: skip
        some = tested(rows)
        lines.append(
            f"| {name} | {len(rows)} | {offered(rows):.0%} | {len(some)} | {rate(rows):.1%} | {held(rows):.1%} | "
            f"{mean(some, 'stated'):.0%} | {mean(some, 'found'):.0%} | {mean(some, 'half'):.1%} |"
        )
    lines += ["", "By method, in every setting in which it is on offer (both ways), with a block-bootstrap interval:", ""]
    lines += ["| method | chosen | with p | rejected | interval | holds 5 % |", "|---|---:|---:|---:|---|---|"]
    for way in (*WAYS, "p"):
        rows = [{**r, "p": r[way]} for r in pooled]
        low, high = by_blocks(rows, rng)
        chosen = sum(bool(r["method"]) if way == "p" else r["method"] == way for r in pooled)
        lines.append(
            f"| {'**as chosen**' if way == 'p' else way} | {chosen} | {len(tested(rows))} | {rate(rows):.1%} | "
            f"{low:.1%} to {high:.1%} | {'yes' if low <= 0.05 <= high else '**no**'} |"
        )
    lines += ["", "By what was expected after:", "", "| expected | with p | rejected | held | halved: said | found |"]
    lines += ["|---|" + "---:|" * 5]
    for low, high in ((0, 10), (10, 30), (30, 100), (100, math.inf)):
        rows = [r for r in tested(pooled) if low <= r["expected"] < high]
        if rows:
            name = f"{low} to {high}" if math.isfinite(high) else f"{low} or more"
            lines.append(
                f"| {name} | {len(rows)} | {rate(rows):.1%} | {held(rows):.1%} | {mean(rows, 'stated'):.0%} | "
                f"{mean(rows, 'found'):.0%} |"
            )
    seconds = sum(r["propose"] + r["evaluate"] for r in pooled)
    lines += [
        "",
        f"{len(pooled):,} proposals, powers and evaluations took {seconds:.0f} seconds of one core: "
        f"{mean(pooled, 'propose'):.2f} for a proposal with its power, {mean(pooled, 'evaluate'):.2f} for an evaluation.",
    ]
    return lines


def planted_lines(rows: Told) -> list[str]:
    lines = ["| response | where | tests | planted | found | held | p ≤ 0.05 |", "|---|---|" + "---:|" * 5]
    every: list[bool] = []
    for kind in dict.fromkeys(r["kind"] for r in rows):
        for part, name in (("local", "treated"), ("ring", "around"), ("total", "both")):
            x = np.array([r[part] for r in rows if r["kind"] == kind and part in r])
            holds = (x[:, 2] <= x[:, 0]) & (x[:, 0] <= x[:, 3])
            every += holds.tolist()
            found = np.exp(np.log(np.maximum(x[:, 1], 1e-9)).mean())
            lines.append(
                f"| {kind} | {name} | {len(x)} | {x[:, 0].mean():.2f} | {found:.2f} | "
                f"{holds.mean():.1%} | {(x[:, 4] <= 0.05).mean():.0%} |"
            )
    lines += ["", f"All intervals: {np.mean(every):.1%} of {len(every):,} hold what was planted.", ""]
    verdicts = sorted({r["verdict"] for r in rows})
    lines += ["| response | " + " | ".join(verdicts) + " |", "|---|" + "---:|" * len(verdicts)]
    for kind in dict.fromkeys(r["kind"] for r in rows):
        of = [r["verdict"] for r in rows if r["kind"] == kind]
        lines.append(f"| {kind} | " + " | ".join(f"{of.count(v) / len(of):.0%}" for v in verdicts) + " |")
    return lines


def speed_lines() -> list[str]:
    lines = ["| areas | of the force | treated | proposal | evaluation |", "|---:|---:|---:|---:|---:|"]
    for areas, own, treated in ((400, 400, 4), (400, 400, 12), (35_000, 400, 4), (35_000, 35_000, 12)):
        proposal, evaluation = bench_wide.timed(areas, own, treated)
        lines.append(f"| {areas:,} | {own:,} | {treated} | {proposal:.2f} s | {evaluation:.2f} s |")
    return lines


def chart(found: dict[str, Told]) -> str:
    """Share of placebos whose p is at most each level, against the level."""
    levels = np.arange(0.01, 0.2001, 0.01)
    values = [
        {"level": float(a), "share": float(np.mean([r["p"] <= a + 1e-9 for r in tested(found[c])])), "chosen": NAMES[c]}
        for c in bench_responses.CHOICES for a in levels
    ]  # fmt: skip
    values += [{"level": float(a), "share": float(a), "chosen": "what is promised"} for a in levels]
    names = [*NAMES.values(), "what is promised"]
    colours = [palette.ACCENT, palette.INK, palette.OTHER, palette.UNKNOWN_INK]
    spec = {
        "width": 560, "height": 300, "data": {"values": values}, "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": {"field": "level", "type": "quantitative", "title": "Level of the test", "axis": {"format": ".0%"}},
            "y": {"field": "share", "type": "quantitative", "title": "Placebos that reject", "axis": {"format": ".0%"}},
            "color": {"field": "chosen", "type": "nominal", "title": None, "sort": names,
                      "scale": {"domain": names, "range": colours}},
            "strokeDash": {"field": "chosen", "type": "nominal", "title": None, "sort": names,
                           "scale": {"domain": names, "range": [[1, 0], [6, 2], [2, 2], [8, 6]]}},
        },
    }  # fmt: skip
    title = "How often placebo responses reject, against the level of the test"
    return chart_svg(spec, "en", title, "A curve for each way of choosing places, beside what is promised.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=1000, help="placebo responses, half of each kind")
    parser.add_argument("--forces", type=int, default=6)
    parser.add_argument("--histories", type=int, default=20)
    parser.add_argument("--seed", type=int, default=2027)
    parser.add_argument("--store", type=Path, help="a store of the Gwent files with their places, instead of making one")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} and its chart into docs")
    args = parser.parse_args()
    half = args.number // 2
    if args.store is not None:
        grounds = bench_responses.panels(args.store)
    else:
        with bench_responses.gwent(SHARED) as store:
            grounds = bench_responses.panels(store)
    numbers = {"random": half, "signal": half, "count": half // 2}
    found = {c: bench_responses.run(grounds, c, n, args.seed) for c, n in numbers.items()}
    planted = bench_planted.run(args.forces, args.histories, args.seed)
    lines = [
        "# Calibration of the test of a response", "",
        f"Made by `python benchmarks/assess_calibration.py --number {args.number} --forces {args.forces} --histories "
        f"{args.histories} --seed {args.seed} --write`.", "",
        "## Nothing done, on the real files of Gwent", "", HOW.strip(), "",
        *placebo_lines(found, np.random.default_rng(args.seed)), "",
        f"![How often placebo responses reject, against the level of the test](../images/{CHART.name})", "",
        "## What the sample plants", "", PLANTED.strip().format(forces=args.forces, histories=args.histories), "",
        *planted_lines(planted), "",
        "## Time of one", "", SPEED.strip(), "", *speed_lines(),
    ]  # fmt: skip
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")
        CHART.write_text(chart(found), encoding="utf-8")


if __name__ == "__main__":
    main()
