"""How near the sample lies to real records: the same measures on both, side by side.

``python -m forestall.sample.realism FOLDER`` prints the tables of ``docs/methods/sample.md`` from a folder of one force's
police.uk street files; ``--write PAGE`` puts them between the page's marks. No real record enters the program: measures
are compared, and the model's constants (constants.yaml) were fitted to them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.sample.counts import MONTHS, Model, constants, model
from forestall.sample.dispersion import pearson, quarters
from forestall.sample.geography import Floats
from forestall.sample.points import points
from forestall.sample.writing import draw

#: The months of real records that the sample is held to: after the lockdowns, before their map points were replaced.
SINCE, UNTIL = "2021-03", "2022-06"
BEGIN, END = "<!-- realism: begin -->", "<!-- realism: end -->"


@dataclass(frozen=True)
class Real:
    """Real records of one force: counts (C, A, T), the months, and records at each map point by category (C, P)."""

    categories: tuple[str, ...]
    months: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    at_points: npt.NDArray[np.int64]
    residents: Floats | None = None

    def between(self, since: str, until: str) -> npt.NDArray[np.int64]:
        return self.counts[:, :, self.months.index(since) : self.months.index(until) + 1]


def read_real(folder: Path, *, area: str = "W01", fewest: int = 50) -> Real:
    """Counts of a folder of police.uk street files (plain or gzip).

    Areas that hold less than ``fewest`` records lie outside the force and are left out. Map points are counted in
    :data:`SINCE` to :data:`UNTIL` alone.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv

    files = sorted(folder.glob("*-street.csv*"))
    if not files:
        raise ForestallError(f"{folder} holds no police.uk street files: give the folder of one force's *-street.csv files")
    wanted = ["Month", "Longitude", "Latitude", "LSOA code", "Crime type"]
    text = dict.fromkeys(wanted, pa.string())
    options = csv.ConvertOptions(include_columns=wanted, column_types=text, strings_can_be_null=True)
    table = pa.concat_tables([csv.read_csv(f, convert_options=options) for f in files])
    table = table.filter(pc.starts_with(table["LSOA code"], area))
    size = table.group_by("LSOA code").aggregate([([], "count_all")])
    inside = size.filter(pc.greater_equal(size["count_all"], fewest))["LSOA code"]
    table = table.filter(pc.is_in(table["LSOA code"], inside.combine_chunks()))
    categories = tuple(sorted(constants()))
    slugs = np.array([str(c).lower().replace(" ", "-") for c in table["Crime type"].to_pylist()])
    c = np.searchsorted(categories, slugs)
    months, t = np.unique(np.array(table["Month"].to_pylist()), return_inverse=True)
    areas, a = np.unique(np.array(table["LSOA code"].to_pylist()), return_inverse=True)
    counts = np.zeros((len(categories), len(areas), len(months)), dtype=np.int64)
    np.add.at(counts, (c, a, t), 1)
    joined = pc.binary_join_element_wise(table["Longitude"], table["Latitude"], " ", null_handling="replace")
    recent = (months[t] >= SINCE) & (months[t] <= UNTIL)
    _, p = np.unique(np.array(joined.to_pylist())[recent], return_inverse=True)
    at_points = np.zeros((len(categories), int(p.max()) + 1), dtype=np.int64)
    np.add.at(at_points, (c[recent], p), 1)
    return Real(categories, tuple(str(m) for m in months), counts, at_points)


def sampled(seed: int, force: Model | None = None) -> Real:
    """The sample of ``seed`` with nothing planted, in the same form; map points over its last 16 months."""
    force = model(seed) if force is None else force
    counts = draw(force, seed, planted=False)
    where = points(seed, force.geography, force.categories)
    rng = np.random.default_rng([seed, 8])
    months = len_window()
    at_points = np.array(
        [
            np.bincount(
                where.draw(rng, c, np.repeat(np.arange(counts.shape[1]), counts[c, :, -months:].sum(axis=1))),
                minlength=len(where.area),
            )
            for c in range(len(force.categories))
        ]
    )
    return Real(force.categories, MONTHS, counts, at_points)


def len_window() -> int:
    """Number of months from :data:`SINCE` to :data:`UNTIL`."""
    return (int(UNTIL[:4]) - int(SINCE[:4])) * 12 + int(UNTIL[5:]) - int(SINCE[5:]) + 1


def share_holding_half(totals: npt.NDArray[np.int64]) -> float:
    """Share of the units that together hold half of all records, the busiest first."""
    ordered = np.sort(totals)[::-1]
    return float((np.searchsorted(np.cumsum(ordered), ordered.sum() / 2) + 1) / len(ordered))


def season(counts: npt.NDArray[np.int64], months: tuple[str, ...]) -> tuple[float, float]:
    """Amplitude (log) and peak month of a yearly wave fitted to monthly totals beside a trend and the months' lengths."""
    import calendar

    number = np.array([int(m[5:]) for m in months])
    days = np.array([calendar.monthrange(int(m[:4]), int(m[5:]))[1] for m in months]) / 30.4375
    t = np.arange(len(months)) / 12
    design = np.column_stack([np.ones_like(t), t - t.mean(), *(f(2 * np.pi * number / 12) for f in (np.cos, np.sin))])
    beta = np.array([np.log(counts.mean()), 0.0, 0.0, 0.0])
    for _ in range(25):
        rate = np.exp(design @ beta) * days
        beta = beta + np.linalg.solve((design.T * rate) @ design, design.T @ (counts - rate))
    peak = (np.arctan2(beta[3], beta[2]) / (2 * np.pi) * 12) % 12
    return float(np.hypot(beta[2], beta[3])), float(peak if peak >= 0.5 else peak + 12)


def area_curve(counts: npt.NDArray[np.int64]) -> Floats:
    """How an area's records compare with the mean area's at the 5th, 25th, 50th, 75th, 95th and 99th percentile."""
    total = counts.sum(axis=1) / counts.sum() * len(counts)
    return np.asarray(np.percentile(total, (5, 25, 50, 75, 95, 99)), dtype=np.float64)


def windows(counts: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """The sample's months cut into as many windows of the real records' length as fit."""
    n = len_window()
    return [counts[..., i : i + n] for i in range(0, counts.shape[-1] - n + 1, n)]


def dispersions(counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Pearson dispersion by category, by month and by quarter: means over windows of the real records' length."""
    cut = windows(counts)
    return np.mean([pearson(w) for w in cut], axis=0), np.mean([pearson(quarters(w)) for w in cut], axis=0)


def page(real: Real, seed: int = 1, seeds: int = 8) -> str:
    """The tables of docs/methods/sample.md: the real records, the default sample, and the range over ``seeds`` samples."""
    sample = sampled(seed)
    others = [dispersions(draw(model(s), s, planted=False)) for s in range(1, seeds + 1)]
    window = real.between(SINCE, UNTIL)
    real_month, real_quarter = pearson(window), pearson(quarters(window))
    own_month, own_quarter = dispersions(sample.counts)
    lines = [
        f"Real: one force's public records, {SINCE} to {UNTIL}, {window.shape[1]} areas. Sample: seed {seed}, nothing "
        f"planted, mean over windows of {len_window()} months; in brackets the range over seeds 1 to {seeds}.",
        "",
        "Dispersion over areas and months (1 is Poisson):",
        "",
        "| category | month, real | month, sample | ratio | quarter, real | quarter, sample | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for c, name in enumerate(real.categories):
        spread = [_spread([o[k][c] for o in others]) for k in (0, 1)]
        lines.append(
            f"| {name} | {real_month[c]:.2f} | {own_month[c]:.2f} ({spread[0]}) | {own_month[c] / real_month[c]:.2f} "
            f"| {real_quarter[c]:.2f} | {own_quarter[c]:.2f} ({spread[1]}) | {own_quarter[c] / real_quarter[c]:.2f} |"
        )
    lines += [
        "",
        "Share of records by category, and concentration: the share of areas, and of all map points with any record, that "
        "hold half of a category's records:",
        "",
        "| category | share, real | share, sample | areas, real | areas, sample | points, real | points, sample |",
        "|---|---|---|---|---|---|---|",
    ]
    last = windows(sample.counts)[-1]
    for c, name in enumerate(real.categories):
        halves = [
            f"{share_holding_half(k):.1%}"
            for k in (window[c].sum(axis=1), last[c].sum(axis=1), real.at_points[c], sample.at_points[c])
        ]
        shares = [f"{w[c].sum() / w.sum():.1%}" for w in (window, last)]
        lines.append(f"| {name} | {' | '.join(shares)} | {' | '.join(halves)} |")
    everything = [share_holding_half(k.sum(axis=0)) for k in (real.at_points, sample.at_points)]
    totals = [share_holding_half(k.sum(axis=(0, 2))) for k in (window, last)]
    lines.append(
        f"| all | 100.0% | 100.0% | {totals[0]:.1%} | {totals[1]:.1%} | {everything[0]:.1%} | {everything[1]:.1%} |"
    )
    lines += [
        "",
        "Records of an area over those of the mean area, at percentiles of areas:",
        "",
        "| category | | 5 % | 25 % | 50 % | 75 % | 95 % | 99 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ("violence-and-sexual-offences", "anti-social-behaviour", "vehicle-crime", "shoplifting"):
        c = real.categories.index(name)
        for label, counts in (("real", window[c]), ("sample", last[c])):
            lines.append(f"| {name} | {label} | " + " | ".join(f"{v:.2f}" for v in area_curve(counts)) + " |")
    recent = tuple(m for m in real.months if m >= "2021-04")
    lines += [
        "",
        f"The yearly wave: size (log; 0.10 is a tenth above the mean at the peak) and month of the peak, real records of "
        f"{recent[0]} to {recent[-1]}:",
        "",
        "| category | size, real | size, sample | peak, real | peak, sample |",
        "|---|---|---|---|---|",
    ]
    for c, name in enumerate(real.categories):
        r = season(real.between(recent[0], recent[-1])[c].sum(axis=0), recent)
        s = season(sample.counts[c].sum(axis=0), MONTHS)
        lines.append(f"| {name} | {r[0]:.2f} | {s[0]:.2f} | {r[1]:.1f} | {s[1]:.1f} |")
    return "\n".join(lines) + "\n"


def _spread(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def main(argv: list[str] | None = None) -> int:
    """Prints the tables, or writes them into a page between its marks."""
    parser = argparse.ArgumentParser(prog="python -m forestall.sample.realism", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="one force's police.uk street files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page that has the marks")
    args = parser.parse_args(argv)
    try:
        text = page(read_real(args.folder), args.seed)
        if args.write is None:
            print(text, end="")
            return 0
        old = args.write.read_text(encoding="utf-8")
        if BEGIN not in old or END not in old:
            raise ForestallError(f"{args.write} has no marks {BEGIN} and {END}: add them where the tables belong")
    except ForestallError as error:
        print(error, file=sys.stderr)
        return 2
    head, rest = old.split(BEGIN, 1)
    args.write.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
