"""How often do before-and-after comparisons find an effect where nothing was done, and how often one that was planted?

    python benchmarks/difference_calibration.py [--placebos 300] [--sets 300] [--write]

The peer is the promise: a 5 % test fires 5 % of the time. On made counts that scatter and drift; and on the street files of
Gwent, which are looked for where FORESTALL_SHARED says, or in ../shared, up to June 2022 (the points were replaced after
that) and without anti-social behaviour: groups of neighbouring areas, five categories, any month.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
import os
import textwrap
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from forestall.stats.displacement import weighted_displacement
from forestall.stats.panel_differences import difference_in_differences
from forestall.stats.window_counts import window_scatter

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "difference-calibration.md"
SHARED = Path(os.environ.get("FORESTALL_SHARED", ROOT.parent / "shared"))
KINDS = ("Violence and sexual offences", "Criminal damage and arson", "Burglary", "Shoplifting", "Vehicle crime")
LAST = "2022-06"
REAL = (
    "Up to {n} responses each in which nothing was done, in an area or in four or ten neighbouring ones with ten events or "
    "more in the six months before: one of five categories, any month, against all other areas over twelve months before "
    "and six after. *Placebos*: other such groups of neighbours, 19 or more. *Difference*: the weighted displacement "
    "difference with the group of the most alike history, six months against six, with the scatter of the 24 most alike "
    "groups allowed for, and without (*plain*). *Highest of the month*: one of the five that stood out most in the last "
    "month before, as signals are chosen, with that month among those before, or left out. *Halved*: what each finds where "
    "every other event was taken out. *Held*: 95 % intervals by placebos that hold no effect. *Ratio*: "
    "the median estimate, 1 where there is no effect."
)
WORDS = (
    "Places chosen because they stood high are high by chance in that month, and fall back; and some are at the "
    "beginning of a rise, which lasts. A year before that holds the month dilutes both. With the month left out only "
    "the rise is left, and the ratio shows that it is what the tests then find: it would hide an effect, and not "
    "feign one. To need ten events before is to choose a little too, which is why ratios at random lie below 1."
)
SHOWN = ("randomisation", "placebos", "jackknife", "scatter", "cluster", "poisson")


def restless(rng: Any, units: int, periods: int, drift: float) -> Any:
    """Counts of unlike units that scatter twice as much as chance and drift slowly, each for itself."""
    level = np.exp(rng.normal(2.2, 0.7, units))
    walk = np.zeros((units, periods))
    walk[:, 0] = rng.normal(size=units)
    for t in range(1, periods):
        walk[:, t] = 0.9 * walk[:, t - 1] + math.sqrt(1 - 0.81) * rng.normal(size=units)
    return rng.negative_binomial(level[:, None] * np.exp(drift * walk + rng.normal(0, 0.15, periods)), 0.5)


def made(sets: int) -> list[str]:
    rows = []
    for units, own, drift in ((12, 1, 0.2), (41, 1, 0.2), (30, 3, 0.2), (45, 8, 0.0), (45, 8, 0.3), (60, 30, 0.3)):
        rng = np.random.default_rng(units * 100 + own)
        treated = np.arange(units) < own
        fired: dict[str, list[bool]] = defaultdict(list)
        held, apart = [], []
        for seed in range(sets):
            found = difference_in_differences(restless(rng, units, 18, drift), treated, 12, draws=199, seed=seed)
            for way in found.ways:
                fired[way.name].append(way.p_value <= 0.05)
            if not math.isnan(found.p_value):
                fired["chosen"].append(found.p_value <= 0.05)
                held.append(found.interval[0] <= 1 <= found.interval[1])
            apart.append(found.pre_trend.p_value < 0.05)
        cells = [f"{100 * np.mean(fired[n]):.1f} %" if fired[n] else "–" for n in ("chosen", *SHOWN) if n != "placebos"]
        what = f"{own} of {units}" + (", drifting" if drift else "")
        rows.append(f"| {what} | {' | '.join(cells)} | {100 * np.mean(held):.1f} % | {100 * np.mean(apart):.1f} % |")
    return rows


class Gwent:
    """Counts of shape (areas, months) by category, and each area's neighbours, nearest first (itself at the head)."""

    def __init__(self) -> None:
        tally: dict[tuple[str, str, str], int] = defaultdict(int)
        for path in sorted((SHARED / "data" / "police_uk" / "gwent").glob("*.csv.gz")):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as f:
                for line in csv.DictReader(f):
                    tally[line["Crime type"], line["LSOA code"], line["Month"]] += 1
        months = sorted({m for _, _, m in tally if m <= LAST})
        where: dict[str, list[tuple[float, float]]] = defaultdict(list)
        with gzip.open(SHARED / "data" / "geography" / "lsoa21_england_wales.csv.gz", "rt", encoding="utf-8") as f:
            for line in csv.DictReader(f):
                if "W06000018" <= line["ladcd"] <= "W06000022":
                    where[line["lsoa11cd"]].append((0.62 * float(line["longitude"]), float(line["latitude"])))
        areas = sorted(set(where) & {a for _, a, _ in tally})
        at = {a: i for i, a in enumerate(areas)}
        self.counts = {k: np.zeros((len(areas), len(months))) for k in KINDS}
        for (kind, area, month), n in tally.items():
            if kind in self.counts and area in at and month <= LAST:
                self.counts[kind][at[area], months.index(month)] = n
        xy = np.array([np.mean(where[a], axis=0) for a in areas])
        self.near = np.argsort(((xy[:, None] - xy) ** 2).sum(-1), axis=1, kind="stable")
        self.months = len(months)


def chosen_group(rng: Any, sums: Any, end: int, highest: bool) -> int | None:
    """A group, with ten events or more in the six months before ``end``, at random; or, as signals are chosen, one of the
    five that stand out most in the last month before."""
    able = np.flatnonzero(sums[:, end - 6 : end].sum(1) >= 10)
    if not able.size:
        return None
    if not highest:
        return int(rng.choice(able))
    mean = sums[able, end - 13 : end - 1].mean(1)
    z = (sums[able, end - 1] - mean) / np.sqrt(np.maximum(mean, 0.5))
    return int(able[rng.choice(np.argsort(-z)[:5])])


def placebo(rng: Any, gwent: Gwent, size: int, highest: bool, aside: bool, halve: bool, seed: int) -> dict[str, Any] | None:
    """One response in which nothing was done (or every other event was taken out): p-values by way. ``aside``: the month
    by which the group was chosen is left out."""
    x = gwent.counts[str(rng.choice(KINDS))]
    start = int(rng.integers(19, gwent.months - 5))
    groups = gwent.near[:, :size]
    everyone = np.stack([x[g].sum(0) for g in groups])
    pick = chosen_group(rng, everyone, start, highest)
    if pick is None:
        return None
    mine = groups[pick]
    end = start - 1 if aside else start
    used = np.r_[end - 12 : end, start : start + 6]
    y = x[:, used].copy()
    if halve:
        y[mine, 12:] = rng.binomial(y[mine, 12:].astype(int), 0.5)
    treated = np.isin(np.arange(len(y)), mine)
    masks = np.zeros((len(groups), len(y)), bool)
    masks[np.arange(len(groups))[:, None], groups] = True
    like = everyone[:, start - 6 : start].sum(1) >= 10
    masks = masks[like & ~(masks & treated).any(1)]
    if len(masks) < 19:
        return None
    out: dict[str, Any] = {}
    alone = difference_in_differences(y, treated, 12, draws=199, seed=seed)
    given = difference_in_differences(y, treated, 12, placebos=masks, seed=seed)
    for way in (*alone.ways, *given.ways[-1:]):
        out[way.name] = way.p_value <= 0.05
    out["ratio"] = given.estimate
    out["held"] = given.interval[0] <= 1 <= given.interval[1]
    # Displacement difference: six months against six, with the group of most alike history as the comparison.
    sums = np.stack([y[g].sum(0) for g in groups])
    free = ~(np.isin(groups, mine).any(1))
    gap = np.abs(sums[:, :12].sum(1) - sums[pick, :12].sum()) + 1e9 * ~free
    other = int(np.argmin(gap))
    windows = [(float(sums[g, 6:12].sum()), float(sums[g, 12:].sum())) for g in (pick, other)]
    alike = np.argsort(gap)[:24]
    history = everyone[alike, end - 18 : end]
    scatter = window_scatter(history, window=6)
    for name, allowed in (("plain difference", None), ("difference", scatter)):
        p = weighted_displacement(*windows, dispersion=allowed).p_value
        if not math.isnan(p):
            out[name] = p <= 0.05
    return out


def real(placebos: int) -> list[str]:
    gwent, rows = Gwent(), []
    names = ("placebos", "randomisation", "scatter", "jackknife", "cluster", "poisson", "difference", "plain difference")
    for size in (1, 4, 10):
        for what, highest, aside, halve in (
            ("at random", False, False, False),
            ("highest of the month", True, False, False),
            ("highest, that month left out", True, True, False),
            ("at random, halved", False, False, True),
        ):
            rng = np.random.default_rng(size)
            tried = (placebo(rng, gwent, size, highest, aside, halve, s) for s in range(placebos))
            some = [o for o in tried if o is not None]
            cells = []
            for name in names:
                fired = [o[name] for o in some if name in o]
                cells.append(f"{100 * np.mean(fired):.1f} %" if len(fired) >= placebos / 20 else "–")
            held = [o["held"] for o in some if "held" in o]
            cover = "–" if halve or not held else f"{100 * np.mean(held):.1f} %"
            ratio = float(np.median([o["ratio"] for o in some if "ratio" in o]))
            rows.append(f"| {size} | {what} | {len(some)} | {' | '.join(cells)} | {cover} | {ratio:.2f} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--placebos", type=int, default=300)
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    lines = [
        "# Calibration of before-and-after comparisons",
        "",
        "Made by `python benchmarks/difference_calibration.py --write`. Shares of 5 % tests that fire. *Chosen* is the",
        "answer that `difference_in_differences` gives of itself; *Poisson* is the textbook's.",
        "",
        "## Made counts with nothing done",
        "",
        f"{args.sets} panels each, twelve periods before and six after, unlike units that scatter twice as much as chance.",
        "The last two columns: 95 % intervals that hold no effect, and pre-trend tests that fire.",
        "",
        "| treated | chosen | randomisation | jackknife | scatter | cluster | Poisson | held | pre-trend |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *made(args.sets),
    ]
    if (SHARED / "data").is_dir():
        lines += [
            "",
            "## Placebos in Gwent",
            "",
            *textwrap.wrap(REAL.format(n=args.placebos), 120),
            "",
            "| areas | chosen | judged | placebos | randomisation | scatter | jackknife | cluster | Poisson | difference "
            "| plain | held | ratio |",
            "|---:|---|" + "---:|" * 11,
            *real(args.placebos),
            "",
            *textwrap.wrap(WORDS, 120),
        ]
    else:
        print(f"no records at {SHARED}: the placebos in Gwent are left out")
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
