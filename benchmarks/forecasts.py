"""Do 90 % intervals of forecasts hold 90 %, is the forecast better than naive, and how does it compare with a peer?

    python benchmarks/forecasts.py [--series 40] [--write]

Made series of seven kinds and five sizes, and the monthly counts of Gwent's fourteen categories, each forecast at every
month from the 28th on as it could have been then. The peer is ETS of statsmodels (additive errors, damped trend, seasonal
and not, chosen by AICc, with its own 90 % prediction intervals); it is not in the lock file, so it runs where it can be
imported (``uv run --with statsmodels python benchmarks/forecasts.py``) and the page says where it was absent. The real
records are looked for where FORESTALL_SHARED says, or in ../shared.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forestall.stats.forecasting import forecast

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "forecasts.md"
SHARED = Path(os.environ.get("FORESTALL_SHARED", ROOT.parent / "shared"))
KINDS = ("stable", "seasonal", "trend", "overdispersed", "all of these", "drifting level", "own seasons")
LEVELS = (1, 5, 50, 500, 5000)
LENGTHS = (36, 60, 120)
LEVEL, HORIZON, PERIOD = 0.9, 12, 12
FIRST, AHEAD = 28, 3
LOCKDOWN = ("2020-04", "2020-05")


def series(kind: str, size: float, n: int, rng: Any) -> Any:
    """``n`` counts of one kind about ``size`` a month."""
    t = np.arange(n)
    eta = np.zeros(n)
    if kind in ("seasonal", "all of these"):
        eta += 0.25 * np.sin(2 * np.pi * t / PERIOD + 1) + 0.1 * np.cos(4 * np.pi * t / PERIOD)
    if kind in ("trend", "all of these"):
        eta += 0.25 * (2 * t / n - 1)
    if kind == "drifting level":
        eta += np.cumsum(rng.normal(0, 0.05, n))
    if kind == "own seasons":  # each month of the year drifts by itself, so that only last year's tells of it
        effect = rng.normal(0, 0.3, PERIOD)
        for i in range(n):
            effect[i % PERIOD] += rng.normal(0, 0.15)
            eta[i] = effect[i % PERIOD]
    mean = size * np.exp(eta)
    phi = {"overdispersed": 3.0, "all of these": 2.0}.get(kind, 1.0)
    return rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)


def sweep(count: int) -> dict[tuple[str, float, int], tuple[float, float, float, float]]:
    """For each kind, size and length: share held, its simulation error, error over naive, share that claims to beat it."""
    out = {}
    for n in LENGTHS:
        for size in LEVELS:
            for kind in KINDS:
                held, ours, naive, claims = [], 0.0, 0.0, 0
                for seed in range(count):
                    y = series(kind, size, n + HORIZON, np.random.default_rng([seed, size, n, KINDS.index(kind)]))
                    made = forecast(y[:n], horizon=HORIZON, level=LEVEL)
                    came = y[n:]
                    held.append(float(np.mean((came >= made.lower) & (came <= made.upper))))
                    ours += float(np.abs(came - made.mean).mean())
                    naive += float(np.abs(came - y[n - PERIOD : n]).mean())
                    claims += made.beats_naive
                error = float(np.std(held) / np.sqrt(count))
                out[kind, size, n] = (float(np.mean(held)), error, ours / max(naive, 1e-9), claims / count)
    return out


def gwent() -> tuple[list[str], dict[str, Any]] | None:
    """Months, and the counts of each category; None where the records are absent."""
    folder = SHARED / "data" / "police_uk" / "gwent"
    files = sorted(folder.glob("*.csv.gz")) if folder.is_dir() else []
    if not files:
        return None
    count: Counter[tuple[str, str]] = Counter()
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") as f:
            count.update((row["Crime type"], row["Month"]) for row in csv.DictReader(f))
    months = [p.name[:7] for p in files]
    return months, {c: np.array([count[c, m] for m in months]) for c in sorted({c for c, _ in count})}


def ets(y: Any) -> tuple[Any, Any, Any]:
    """Mean and interval ends of statsmodels' ETS: with and without a season, the lower AICc."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    best = None
    for seasonal in ("add", None):
        try:
            fit = ETSModel(
                pd.Series(y.astype(float)), error="add", trend="add", damped_trend=True, seasonal=seasonal,
                seasonal_periods=PERIOD if seasonal else None,
            ).fit(disp=False)  # fmt: skip
        except ValueError:
            continue
        if best is None or fit.aicc < best.aicc:
            best = fit
    assert best is not None
    ahead = best.get_prediction(start=y.size, end=y.size + AHEAD - 1).summary_frame(alpha=1 - LEVEL)
    return np.asarray(ahead["mean"]), np.asarray(ahead["pi_lower"]), np.asarray(ahead["pi_upper"])


def ours(y: Any, out: Any) -> tuple[Any, Any, Any]:
    made = forecast(y, horizon=AHEAD, level=LEVEL, exclude=out)
    return made.mean, made.lower, made.upper


def rolling(
    series_of: dict[str, Any], months: list[str], method: Callable[[Any, Any], tuple[Any, Any, Any]]
) -> tuple[float, float, float, float]:
    """Mean absolute error over the one-year-ago error of each series, share held, mean width over that error, seconds."""
    error, held, width, took = [], [], [], 0.0
    for category, y in series_of.items():
        out = np.isin(months, LOCKDOWN) & (category == "Anti-social behaviour")
        known = ~out[PERIOD:] & ~out[:-PERIOD]
        scale = np.abs(y[PERIOD:] - y[:-PERIOD])[known].mean()
        for origin in range(FIRST + int(out.sum()), y.size - AHEAD + 1):
            start = time.perf_counter()
            mean, low, high = method(y[:origin], out[:origin])
            took += time.perf_counter() - start
            came = y[origin : origin + AHEAD]
            error.append(np.abs(came - mean).mean() / scale)
            held.append(np.mean((came >= low) & (came <= high)))
            width.append(np.mean(high - low) / scale)
    return float(np.mean(error)), float(np.mean(held)), float(np.mean(width)), took / len(error)


def _ets(y: Any, out: Any) -> tuple[Any, Any, Any]:
    """ETS can't leave months out, so what is set aside is filled in with a straight line."""
    x = y.astype(float)
    if out.any():
        x[out] = np.interp(np.flatnonzero(out), np.flatnonzero(~out), x[~out])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ets(x)


def _naive(y: Any, out: Any) -> tuple[Any, Any, Any]:
    made = forecast(y, horizon=AHEAD, level=LEVEL, exclude=out, models=["seasonal-naive"])
    return made.mean, made.lower, made.upper


def page_of_sweep(found: dict[tuple[str, float, int], tuple[float, float, float, float]], count: int) -> list[str]:
    every = [v[0] for v in found.values()]
    lines = [
        "## What 90 % intervals hold",
        "",
        f"{count} made series for each kind, size and length, {HORIZON} months ahead: the share of what came that lay in",
        f"the interval. Over all {100 * np.mean(every):.1f} %; the least {100 * min(every):.1f} %, the most "
        f"{100 * max(every):.1f} %; simulation error about "
        f"{100 * np.mean([v[1] for v in found.values()]):.1f} points each.",
        "Means over lengths of",
        f"{', '.join(map(str, LENGTHS))} months:",
        "",
        "| kind | " + " | ".join(f"{s:,} a month" for s in LEVELS) + " |",
        "|---|" + "---:|" * len(LEVELS),
    ]
    for kind in KINDS:
        cells = [f"{100 * np.mean([found[kind, s, n][0] for n in LENGTHS]):.1f}" for s in LEVELS]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    lines += ["", "By length, over kinds and sizes:", "", "| months known | held |", "|---:|---:|"]
    for n in LENGTHS:
        lines.append(f"| {n} | {100 * np.mean([v[0] for (_, _, m), v in found.items() if m == n]):.1f} |")
    lines += [
        "",
        "## Error over naive, and how often it is claimed to be less",
        "",
        "Mean absolute error over that of repeating the last year, and the share of forecasts that say they beat it. In",
        "*own seasons* naive is the best there is where counts are large; where they are small the others even out more",
        "noise.",
        "",
        "| kind | error over naive | claims |",
        "|---|---:|---:|",
    ]
    for kind in KINDS:
        of = [v for (k, _, _), v in found.items() if k == kind]
        lines.append(f"| {kind} | {np.mean([v[2] for v in of]):.2f} | {100 * np.mean([v[3] for v in of]):.0f} % |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    lines = ["# Forecasts", "", "Made by `python benchmarks/forecasts.py --write`.", ""]
    lines += page_of_sweep(sweep(args.series), args.series)
    real = gwent()
    lines += ["", "## Gwent's fourteen categories", ""]
    if real is None:
        lines.append("The real records were absent.")
    else:
        months, series_of = real
        methods: list[tuple[str, Callable[[Any, Any], tuple[Any, Any, Any]]]] = [
            ("`forecast`", ours),
            ("seasonal naive", _naive),
        ]
        try:
            import statsmodels

            methods.append((f"statsmodels {statsmodels.__version__} ETS", _ets))
        except ImportError:
            pass
        rows = [(name, *rolling(series_of, months, method)) for name, method in methods]
        lines += [
            f"{months[0]} to {months[-1]}, forecast at every month from the {FIRST}th on, {AHEAD} months ahead, "
            f"{sum(1 for _ in series_of)} series;",
            "the two months of lockdown breaches set aside in anti-social behaviour. Errors and widths are over the "
            "series'",
            "own mean difference to the year before. Months overlap and categories move together, so these are few",
            "independent tries.",
            "",
            "| method | error | held by 90 % | width | seconds each | over ours |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for name, error, held, width, took in rows:
            lines.append(
                f"| {name} | {error:.2f} | {100 * held:.0f} % | {width:.1f} | {took:.3f} | {took / rows[0][4]:.1f} |"
            )
        if len(methods) == 2:
            lines += ["", "The peer, statsmodels, was absent."]
    text = "\n".join(lines) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
