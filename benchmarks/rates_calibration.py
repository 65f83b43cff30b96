"""Do intervals of rates cover what they promise, and do funnels and tests fire as seldom as they should?

    python benchmarks/rates_calibration.py [--sets 400] [--write]

The peer is the promise: 95 % intervals over what true rates they hold, 95 % and 99.8 % limits over places that don't differ
(or differ in an ordinary way), and a 5 % test over counts that chance dealt.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as ss

from forestall.stats.funnel_plot import funnel
from forestall.stats.lorenz_curve import concentration
from forestall.stats.place_stability import concentration_stability
from forestall.stats.rates import poisson_interval
from forestall.stats.small_area_rates import shrunk_rates
from forestall.stats.standardisation import direct

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "rates-calibration.md"


def plain_rates(rng: Any, sets: int) -> list[tuple[str, float]]:
    """Share of exact intervals that hold the mean, over Poisson and overdispersed counts."""
    rows = []
    for mean in (0.5, 3, 30, 300):
        low, high = poisson_interval(rng.poisson(mean, 50 * sets))
        rows.append((f"{mean:g} expected, Poisson", float(np.mean((low <= mean) & (mean <= high)))))
    for mean, phi in ((10, 2.0), (100, 4.0)):
        x = rng.negative_binomial(mean / (phi - 1), 1 / phi, 50 * sets)
        low, high = poisson_interval(x, dispersion=phi)
        rows.append((f"{mean:g} expected, dispersion {phi:g} given", float(np.mean((low <= mean) & (mean <= high)))))
    return rows


def direct_rates(rng: Any, sets: int) -> list[tuple[str, float]]:
    """Share of Fay-Feuer intervals that hold the standardised rate."""
    n, share = np.array([900.0, 400.0, 100.0]), np.array([0.2, 0.3, 0.5])
    rows = []
    for total in (2, 10, 100):
        mean = np.array([0.3, 0.45, 0.25]) * total
        truth, held = float(share @ (mean / n)), 0
        for x in rng.poisson(mean, (5 * sets, 3)).astype(float):
            _, (low, high) = direct(x, n, share, level=0.95)
            held += low <= truth <= high
        rows.append((f"{total} expected in three unlike strata", held / (5 * sets)))
    return rows


def shrunk(rng: Any, sets: int) -> list[tuple[str, float, float]]:
    """Share of shrunk rates' intervals that hold the true rate, and of those with a fitted prior put in as if known."""
    rows = []
    for areas, spread, size in ((8, 0.6, 5), (30, 0.1, 2), (30, 0.8, 0.7), (30, 0.8, 5), (100, 0.4, 2), (100, 0.8, 20)):
        held, plugged = [], []
        for _ in range(sets // 2):
            e = rng.lognormal(0, 0.6, areas) * size
            true = rng.gamma(1 / spread**2, spread**2, areas)
            y = rng.poisson(e * true)
            if not y.sum():
                continue
            made = shrunk_rates(y, e, per=1)
            held.append(np.mean((made.lower <= true) & (true <= made.upper)))
            common = y.sum() / e.sum()
            extra = ((y - common * e) ** 2 - y).sum() / (common**2 * (e**2).sum())
            k = 1 / max(extra, 1e-4)
            ends = ss.gamma.ppf([[0.025], [0.975]], k + y, scale=1 / (k / common + e))
            plugged.append(np.mean((ends[0] <= true) & (true <= ends[1])))
        name = f"{areas} areas, about {size:g} events each, spread {100 * spread:.0f} %"
        rows.append((name, float(np.mean(held)), float(np.mean(plugged))))
    return rows


def funnels(rng: Any, sets: int) -> list[tuple[str, float, float]]:
    """Share of places outside 95 % and 99.8 % limits where none is different, and where all differ in the same way."""
    rows = []
    for tau in (0.0, 0.2, 0.5):
        for size in (5, 50, 500):
            inner, outer = [], []
            for _ in range(sets):
                e = rng.lognormal(0, 0.6, 120) * size
                true = rng.gamma(1 / tau**2, tau**2, e.size) if tau else 1.0
                made = funnel(rng.poisson(e * true), e)
                inner.append(np.mean(made.position != 0))
                outer.append(np.mean(np.abs(made.position) == 2))
            rows.append((f"about {size} events, spread {100 * tau:.0f} %", float(np.mean(inner)), float(np.mean(outer))))
    return rows


def tests(rng: Any, sets: int) -> list[tuple[str, float]]:
    """How often 5 % tests fire on chance alone."""
    p = [concentration(rng.multinomial(150, np.full(200, 1 / 200)), draws=99, seed=s).p_value for s in range(sets)]
    rows = [("concentration, 150 events dealt to 200 places", float(np.mean(np.array(p) <= 0.05)))]
    for name, rate in (
        ("gamma", lambda: rng.gamma(0.8, 5, (200, 1))),
        ("lognormal", lambda: rng.lognormal(0.5, 1, (200, 1))),
    ):
        p = [
            concentration_stability(rng.poisson(np.tile(rate(), 3)), draws=59, seed=s).p_value
            for s in range(max(40, sets // 4))
        ]
        rows.append((f"staying on top, constant {name} rates", float(np.mean(np.array(p) <= 0.05))))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rng = np.random.default_rng(20)
    lines = [
        "# Calibration of rates, funnels and concentration",
        "",
        "Made by `python benchmarks/rates_calibration.py --write`.",
    ]
    lines += ["", "## 95 % intervals of a rate", "", "| counts | held |", "|---|---:|"]
    lines += [f"| {name} | {100 * v:.1f} % |" for name, v in (*plain_rates(rng, args.sets), *direct_rates(rng, args.sets))]
    lines += [
        "",
        "## 95 % intervals of shrunk rates",
        "",
        "Beside them those that put a fitted prior (by moments) in as if it were known.",
        "",
        "| areas | held | prior put in |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {100 * v:.1f} % | {100 * w:.1f} % |" for name, v, w in shrunk(rng, args.sets)]
    lines += [
        "",
        "## Funnels: places outside the limits",
        "",
        "120 places, none of them different from what all are: with a spread, all true rates scatter by so much.",
        "",
        "| places | outside 95 % | outside 99.8 % |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {100 * v:.1f} % | {100 * w:.2f} % |" for name, v, w in funnels(rng, args.sets)]
    lines += ["", "## 5 % tests on chance alone", "", "| test | fires |", "|---|---:|"]
    lines += [f"| {name} | {100 * v:.1f} % |" for name, v in tests(rng, args.sets)]
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
