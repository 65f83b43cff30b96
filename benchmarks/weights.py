"""Calibration weights and pooled effects as ratios to peers in the same run, and how often both are right.

    python benchmarks/weights.py [--draws 800] [--repeats 5] [--write]

The peers are not in the lock file: run it where Forestall and they can be imported, such as by `uv run --with ebal
--with empirical-calibration --with statsmodels python benchmarks/weights.py --write`. Where one is absent the page
says so; SciPy's general optimiser is always there.
"""

from __future__ import annotations

import argparse
import importlib
import math
import platform
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize

from bench_clock import clocked, least
from forestall.stats._balancing import balance
from forestall.stats.calibrating import calibration_weights
from forestall.stats.pooling import pool_effects

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "weights.md"
SIZES = ((400, 12, 10), (5_000, 24, 20), (35_000, 24, 20))


def force(rng: Any, places: int, periods: int = 24) -> Any:
    """Counts that scatter as a force's do, (places, periods): places differ, drift, share a season, and vary more than
    Poisson counts."""
    return force_and_rates(rng, places, periods)[0]


def force_and_rates(rng: Any, places: int, periods: int = 24) -> tuple[Any, Any]:
    """The counts, and the true rate of each place at the beginning, (places,)."""
    rates = rng.gamma(1.5, 2, places)
    level = rates[:, None] * np.exp(np.cumsum(rng.normal(0, 0.03, (places, periods)), axis=1))
    season = 1 + 0.2 * np.sin(np.arange(periods) / 12 * 2 * np.pi)
    return rng.poisson(level * season * rng.gamma(4, 0.25, (places, periods))).astype(float), rates


def by_scipy(x: Any, mean: Any) -> Any:
    """Weights that add up to 1, by SciPy's general optimiser on the dual, gradient given."""

    def dual(slope: Any) -> tuple[float, Any]:
        e = x @ slope
        top = e.max()
        w = np.exp(e - top)
        return float(top + math.log(w.sum()) - slope @ mean), x.T @ w / w.sum() - mean

    found = optimize.minimize(dual, np.zeros(x.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 5000})
    e = x @ found.x
    w = np.exp(e - e.max())
    return w / w.sum()


def by_ebal(x: Any, treated: Any) -> Any:
    """Weights that add up to 1, by the package ebal, which fits its regression of an outcome beside."""
    module = importlib.import_module("ebal")
    solver = module.ebal_bin(effect="ATT", print_level=-1, constraint_tolerance=1e-6, max_iterations=500)
    mark = np.concatenate([np.ones(len(treated)), np.zeros(len(x))])
    both = np.vstack([treated, x])
    out = solver.ebalance(mark, both, np.zeros(len(both)))
    w = np.asarray(out["w"], float)[len(treated) :]
    return w / w.sum()


def by_empirical_calibration(x: Any, treated: Any) -> Any:
    """Weights that add up to 1, by Google's empirical_calibration, entropy."""
    module = importlib.import_module("empirical_calibration")
    weights, met = module.calibrate(
        covariates=x, target_covariates=treated, objective=module.Objective.ENTROPY, max_weight=1.0
    )
    if not met:
        raise RuntimeError("it did not converge")
    return np.asarray(weights, float)


def beside_peers(repeats: int) -> list[str]:
    """A table of times, and of how far the weights agree."""
    lines = ["| places | totals | by | seconds | over ours | largest miss | largest difference of a weight |"]
    lines.append("|---:|---:|---|---:|---:|---:|---:|")
    rng = np.random.default_rng(3)
    for places, periods, size in SIZES:
        y = force(rng, places, periods)
        x = (y - y.mean(0)) / y.std(0)
        treated = rng.choice(np.argsort(-y.sum(1))[places // 10 :], size, replace=False)
        rest = np.setdiff1d(np.arange(places), treated)
        mean = x[treated].mean(0)
        free = np.ones((1, rest.size), bool)

        def ours(x: Any = x[rest], mean: Any = mean, free: Any = free) -> Any:
            return balance(x, mean[None], np.ones(1), free)

        made = ours()
        base = least(ours, repeats)
        peers = {
            "SciPy, BFGS on the dual": lambda x=x, r=rest, m=mean: by_scipy(x[r], m),
            "empirical_calibration": lambda x=x, r=rest, t=treated: by_empirical_calibration(x[r], x[t]),
            "ebal": lambda x=x, r=rest, t=treated: by_ebal(x[r], x[t]),
        }
        miss = np.abs(made.weights[0] @ x[rest] - mean).max()
        lines.append(f"| {places:,} | {periods + 1} | Forestall | {base:.4f} | 1 | {miss:.0e} | |")
        for name, work in peers.items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    w = work()
                    took = least(work, repeats)
            except ModuleNotFoundError:
                lines.append(f"| {places:,} | {periods + 1} | {name} | absent | | | |")
                continue
            except (RuntimeError, ValueError, np.linalg.LinAlgError) as error:
                lines.append(f"| {places:,} | {periods + 1} | {name} | {str(error).splitlines()[0][:60]} | | | |")
                continue
            miss = np.abs(w @ x[rest] - mean).max()
            apart = np.abs(w - made.weights[0]).max() / made.weights[0].max()
            lines.append(
                f"| {places:,} | {periods + 1} | {name} | {took:.4f} | {took / base:,.1f} | {miss:.0e} | {apart:.0e} |"
            )
    return lines


def placebo_speed() -> list[str]:
    """Seconds of a whole answer with its placebo groups."""
    lines = ["| places | placebo groups | totals | seconds |", "|---:|---:|---:|---:|"]
    rng = np.random.default_rng(5)
    for places, draws in ((400, 999), (5_000, 999), (35_000, 199)):
        y = force(rng, places)
        treated = np.zeros(places, bool)
        treated[rng.choice(np.argsort(-y.sum(1))[places // 10 :], 10, replace=False)] = True
        took, made = clocked(lambda y=y, t=treated, d=draws: calibration_weights(y, t, 18, every=3, draws=d))
        lines.append(f"| {places:,} | {draws} | 7 | {took:.2f} |")
        if not made.exact:
            raise SystemExit(f"the weights on {places} places are not exact: the page would say something else")
    return lines


def chosen(how: str, y: Any, rates: Any, rng: Any, size: int) -> Any:
    """Which places are treated, (places,)."""
    before = y[:, :18].sum(1)
    treated = np.zeros(len(y), bool)
    if how == "highest of a quarter, the ten highest apart":
        pool = np.argsort(-y[:, 15:18].sum(1))[10 : 10 + 4 * size]
    elif how == "the highest of a quarter":
        pool = np.argsort(-y[:, 15:18].sum(1))[:size]
    elif how == "among the sixty of highest true rate":
        pool = np.argsort(-rates)[:60]
    else:
        pool = np.argsort(-before)[len(y) // 20 :]
    treated[rng.choice(pool, size, replace=False)] = True
    return treated


def calibration(draws: int) -> list[str]:
    """How often a 5 % test fires where nothing was done, how often the interval holds 0, and how often a halving is
    found."""
    lines = [
        "| treated places | totals | asked | answered | fires | holds 0 | finds a halving |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for how in (
        "at random",
        "highest of a quarter, the ten highest apart",
        "among the sixty of highest true rate",
        "the highest of a quarter",
    ):
        for every in (3, 1):
            asked = draws if every == 3 else draws // 3
            p, held, found = [], 0, 0
            for seed in range(asked):
                rng = np.random.default_rng([7, seed])
                y, rates = force_and_rates(rng, 200)
                treated = chosen(how, y, rates, rng, 8)
                made = calibration_weights(y, treated, 18, every=every, draws=99, seed=seed)
                if math.isnan(made.p_value):
                    continue
                p.append(made.p_value)
                held += made.interval[0] <= 0 <= made.interval[1]
                y[treated, 18:] = rng.binomial(y[treated, 18:].astype(int), 0.5)
                found += calibration_weights(y, treated, 18, every=every, draws=99, seed=seed).p_value <= 0.05
            n = len(p)
            if n < 20:
                lines.append(
                    f"| {how} | {'quarters' if every == 3 else 'months'} | {asked:,} | {n / asked:.0%} | – | – | – |"
                )
                continue
            fires = float((np.array(p) <= 0.05).mean())
            lines.append(
                f"| {how} | {'quarters' if every == 3 else 'months'} | {asked:,} | {n / asked:.0%} | {fires:.1%} | "
                f"{held / n:.1%} | {found / n:.0%} |"
            )
    return lines


def pooled(draws: int, repeats: int) -> list[str]:
    """Coverage of pooled intervals beside the plain random-effects one, and the peer's answer."""
    lines = ["| evaluations | spread τ | holds the mean | never narrower | plain z | next place |"]
    lines.append("|---:|---:|---:|---:|---:|---:|")
    for k, tau in ((3, 0.0), (3, 0.2), (6, 0.1), (6, 0.3), (15, 0.2)):
        rng = np.random.default_rng([11, k, int(tau * 10)])
        hit = np.zeros(4)
        for _ in range(draws):
            s = rng.uniform(0.08, 0.35, k)
            y = rng.normal(-0.2, np.hypot(tau, s))
            made, wide = pool_effects(y, s), pool_effects(y, s, never_narrower=True)
            plain = 1.959964 / math.sqrt((1 / (s**2 + made.tau2)).sum())
            hit += (
                made.interval[0] <= -0.2 <= made.interval[1],
                wide.interval[0] <= -0.2 <= wide.interval[1],
                abs(made.estimate + 0.2) <= plain,
                made.prediction[0] <= rng.normal(-0.2, tau) <= made.prediction[1],
            )
        lines.append(f"| {k} | {tau} | " + " | ".join(f"{v / draws:.1%}" for v in hit) + " |")
    rng = np.random.default_rng(1)
    s = rng.uniform(0.08, 0.35, 13)
    y = rng.normal(-0.2, np.hypot(0.2, s))
    ours = pool_effects(y, s, method="paule-mandel")
    took = least(lambda: pool_effects(y, s, method="paule-mandel"), repeats)
    try:
        from statsmodels.stats.meta_analysis import combine_effects

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = combine_effects(y, s**2, method_re="iterated", use_t=True)
            its = least(lambda: combine_effects(y, s**2, method_re="iterated", use_t=True), repeats)
        lines += [
            "",
            f"Thirteen evaluations by Paule and Mandel: statsmodels {its * 1e3:.2f} ms, Forestall {took * 1e3:.2f} ms,",
            "in which each evaluation is left out once and τ² has its interval. The answers differ by",
            f"{abs(peer.tau2 - ours.tau2):.0e} (τ²), {abs(peer.mean_effect_re - ours.estimate):.0e} (mean) and "
            f"{abs(peer.sd_eff_w_re_hksj - ours.standard_error):.0e} (its standard error).",
        ]
    except ModuleNotFoundError:
        lines += ["", "statsmodels was absent."]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=800)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    lines = [
        "# Calibration weights and pooled effects",
        "",
        f"Made by `python benchmarks/weights.py --write` on Python {platform.python_version()}.",
        "",
        "## Weights beside peers",
        "",
        "The same target, exact weights by entropy balancing; the least of some warm runs of each. A miss is in standard",
        "deviations of a place; the difference of a weight is over our largest.",
        "",
        *beside_peers(args.repeats),
        "",
        "## With placebo groups",
        "",
        *placebo_speed(),
        "",
        "## How often it fires",
        "",
        "Two hundred places, 18 months before and 6 after, counts with drift, season and gamma frailty, 8 places treated.",
        "Where the places treated are the highest of all, nobody is like them and no p-value is given: that is the column",
        "*answered*. In months most groups are not reproduced exactly, and the nearest miss stands in for them. A "
        "rate of 5 % asked",
        f"{args.draws:,} times is known to within {196 * math.sqrt(0.05 * 0.95 / args.draws):.1f} points.",
        "",
        *calibration(args.draws),
        "",
        "## Pooled effects",
        "",
        *pooled(args.draws, args.repeats),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
