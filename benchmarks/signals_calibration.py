"""Does the list that a person sees keep its promise for every kind of signal, and what can each kind see?

python benchmarks/signals_calibration.py [--draws 100] [--power 40] [--write]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import track

from bench_ground import Field
from forestall import sample
from forestall.records.ground import Ground
from forestall.scan import bursts, falling, outlier, repeated, seasonal
from forestall.stats.multiple import benjamini_hochberg

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "signals-calibration.md"
Ints = npt.NDArray[np.int64]

#: The category on which power is measured.
CATEGORY = "burglary"
#: The one for single areas, which expect few burglaries.
BUSY = "public-order"


def peopled(ground: Ground, model: sample.Model) -> Ground:
    """The ground with the model's residents."""
    return replace(ground, level=replace(ground.level, population={2025: model.population[2022]}))


def zone_of(field: Field, monthly: float, rng: np.random.Generator) -> Ints:
    """A random area with the fewest of its nearest that expect ``monthly`` records of the category between them."""
    model = field.model
    mean = model.mean[model.categories.index(CATEGORY)][:, -12:].mean(1)
    sums = np.cumsum(mean[field.neighbours], 1)
    ok = np.flatnonzero(sums[:, -1] >= monthly)
    a = int(rng.choice(ok))
    return field.neighbours[a, : 1 + int(np.argmax(sums[a] >= monthly))]


def calibrate(draws: int, seed: int = 2027) -> dict[str, int]:
    """In how many of ``draws`` with nothing planted each kind shows anything established."""
    model = sample.model()
    field, rng = Field(model), np.random.default_rng(seed)
    hits = dict.fromkeys(("falling", "seasonal-return", "outlier", "outlier, lognormal areas", "repeats", "near-repeat"), 0)
    people = model.population[2022]
    for _ in track(range(draws), description="nothing planted", transient=True):
        ground = peopled(field.ground(model.draw_counts(rng)), model)
        hits["falling"] += any(f.q_value <= 0.05 for f in falling.find(ground)[0])
        hits["seasonal-return"] += any(r.q_value <= 0.05 for r in seasonal.find(ground)[0])
        hits["outlier"] += any(o.q_value <= 0.05 for o in outlier.find(ground)[0])
        hits["outlier, lognormal areas"] += any(o.q_value <= 0.05 for o in outlier.find(lognormal(ground, people, rng))[0])
        counts = np.unique(rng.integers(0, 20_000, 15_000), return_counts=True)[1]
        hits["repeats"] += bool((benjamini_hochberg(repeated.chance_of(counts)) <= 0.05).any())
        p = [b.p_value for b in (chained(rng, 0) for _ in range(36)) if b is not None]
        hits["near-repeat"] += bool((benjamini_hochberg(p) <= 0.05).any())
    return hits


def lognormal(ground: Ground, people: npt.NDArray[np.float64], rng: np.random.Generator) -> Ground:
    """Counts whose areas differ by a log-normal rate alone, as the test takes them to."""
    n, areas, months = ground.cube.counts.shape
    level = ground.cube.counts.sum((1, 2)) / months
    rate = np.exp(0.6 * rng.standard_normal((n, areas)) - 0.18) * people / people.sum() * level[:, None]
    return replace(ground, cube=replace(ground.cube, counts=rng.poisson(np.repeat(rate[:, :, None], months, 2))))


def chained(rng: np.random.Generator, chain: int) -> bursts.Burst | None:
    """A year of 300 crimes at random in ten square kilometres, with a chain of so many in the last two months."""
    first, late = (float(np.datetime64(day).astype(int)) for day in ("2023-01-01", "2023-11-05"))
    steps = np.arange(chain)
    x = np.append(rng.uniform(0, 3200, 300), 1500.0 + 15 * steps)
    y = np.append(rng.uniform(0, 3200, 300), np.full(chain, 1500.0))
    t = np.append(first + rng.integers(365, size=300), late + 3 * steps)
    crimes = bursts.Crimes(x, y, t, np.repeat("W01000001", x.size))
    return bursts.burst(CATEGORY, crimes, "2023-11", "2023-12")


def power_of(draws: int, sizes: list[float], sees: Callable[[np.random.Generator, float], bool]) -> dict[float, float]:
    rng = np.random.default_rng(5)
    return {s: float(np.mean([sees(rng, s) for _ in range(draws)])) for s in track(sizes, transient=True)}


def powers(draws: int) -> dict[str, dict[float, float]]:
    model = sample.model()
    field = Field(model)
    months = len(model.months)

    def fell(rng: np.random.Generator, factor: float) -> bool:
        zone = zone_of(field, 20.0, rng)
        x = model.draw_counts(rng, boost=(CATEGORY, zone, np.arange(months - 6, months), factor))
        found, _ = falling.find(field.ground(x))
        mine = [f for f in found if f.category == CATEGORY and f.q_value <= 0.05]
        return any(len(set(f.rows) & set(zone.tolist())) * 2 >= min(len(f.rows), len(zone)) for f in mine)

    def out(rng: np.random.Generator, factor: float) -> bool:
        mean = model.mean[model.categories.index(BUSY)][:, -12:].sum(1)
        area = int(rng.choice(np.flatnonzero((mean > 15) & (mean < 30))))
        x = model.draw_counts(rng, boost=(BUSY, np.array([area]), np.arange(months - 12, months), factor))
        found, _ = outlier.find(peopled(field.ground(x), model))
        return any(o.category == BUSY and o.row == area and o.q_value <= 0.05 for o in found)

    def season(rng: np.random.Generator, factor: float) -> bool:
        zone = zone_of(field, 20.0, rng)
        winters = np.array([t for t in range(months) if t % 12 < 3])
        found, _ = seasonal.find(field.ground(model.draw_counts(rng, boost=(CATEGORY, zone, winters, factor))))
        mine = [r for r in found if r.category == CATEGORY and r.q_value <= 0.05]
        return any(set(r.rows) & set(zone.tolist()) for r in mine)

    def again(rng: np.random.Generator, records: float) -> bool:
        counts = np.unique(rng.integers(0, 20_000, 15_000), return_counts=True)[1]
        q = benjamini_hochberg(repeated.chance_of(np.append(counts, int(records))))
        return bool(q[-1] <= 0.05)

    def close(rng: np.random.Generator, chain: float) -> bool:
        b = chained(rng, int(chain))
        return b is not None and b.p_value <= 0.05 / 36

    return {
        "falling: rates of neighbouring areas that expect 20 burglaries a month, times … for six months": power_of(
            draws, [0.7, 0.5, 0.3, 0.1], fell
        ),
        "outlier: an area that expects 15 to 30 public order offences a year, times …": power_of(
            draws, [2.0, 4.0, 8.0, 16.0], out
        ),
        "seasonal return: areas that expect 20 burglaries a month, times … in each winter": power_of(
            draws, [1.5, 2.0, 3.0], season
        ),
        "repeats: one person with … records among 15,000 of 20,000 persons": power_of(draws, [4, 6, 7, 8], again),
        "near repeats: a chain of … among 300 crimes of a year in one authority": power_of(draws, [4, 6, 8, 12], close),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--power", type=int, default=40)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} into docs/benchmarks")
    args = parser.parse_args()
    hits = calibrate(args.draws)
    lines = [
        "# Calibration and power of the other kinds of signal",
        "",
        f"Made by `python benchmarks/signals_calibration.py --draws {args.draws} --power {args.power} --write`. (Rising",
        "and force-wide signals: [calibration](scan-calibration.md), [power](scan-power.md).)",
        "",
        "In how many lists with nothing planted a kind shows **anything** established (q at most 0.05 over all that the",
        "kind tested; 5 % is what is promised at the most). Falls, seasons and outliers are looked for in counts of the",
        "sample's own model; repeats in 15,000 records dealt to 20,000 persons; near repeats in 36 authorities and",
        "categories of 300 crimes at random. The model's areas differ for good reasons of their own, which are true",
        "outliers: so outliers are also looked for in counts whose areas differ by a log-normal rate and no more.",
        "",
        "| kind | lists | with anything established |",
        "|---|---:|---:|",
        *(f"| {kind} | {args.draws} | {n} |" for kind, n in hits.items()),
        "",
        "What each kind sees: share of draws in which the planted thing is established, at its place.",
        "",
    ]
    for name, curve in powers(args.power).items():
        lines += [f"{name[0].upper()}{name[1:]}:", "", "| " + " | ".join(f"{s:g}" for s in curve) + " |"]
        lines += ["|" + "---:|" * len(curve), "| " + " | ".join(f"{v:.0%}" for v in curve.values()) + " |", ""]
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
