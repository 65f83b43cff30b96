"""Before-and-after comparisons beside their peers, on the same data in the same run: agreement and time.

    python benchmarks/differences.py [--repeats 3] [--write]

Displacement: Wheeler's crimepy (github.com/apwheele/crimepy, not the package of the same name on PyPI, which is another's):
put a checkout of it on PYTHONPATH. Panels: pyfixest, statsmodels and diff-diff. What can't be imported is left out, and the
page says so.
"""

from __future__ import annotations

import argparse
import importlib
import math
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forestall.stats.displacement import weighted_displacement
from forestall.stats.panel_differences import DifferenceInDifferences, difference_in_differences

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "differences.md"
REPORT: list[str] = []
PERIODS, FIRST = 24, 12


def peer(name: str) -> Any:
    """The module, or None where it can't be imported."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def seconds(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median seconds of ``repeats`` runs after one that warms up, and the answer."""
    found = work()
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = work()
        spent.append(time.perf_counter() - start)
    return float(np.median(spent)), found


def panel(units: int, seed: int = 1) -> tuple[Any, Any]:
    """Restless counts of unlike units by month, and which of them were treated, from the middle on."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(1.8, 0.7, (units, 1)) + rng.normal(0, 0.2, PERIODS))
    x = rng.negative_binomial(mean, 0.5)
    treated = np.arange(units) < max(2, units // 10)
    x[np.ix_(treated, np.arange(FIRST, PERIODS))] = rng.binomial(x[treated][:, FIRST:], 0.8)
    return x[x.sum(1) > 0], treated[x.sum(1) > 0]


def frame(x: Any, treated: Any) -> Any:
    """The panel as a long table, as the peers take it."""
    pandas = importlib.import_module("pandas")
    units, periods = x.shape
    unit, month = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    mine = treated[unit].astype(int)
    after = (month >= FIRST).astype(int)
    columns = {"y": x.ravel(), "unit": unit, "month": month, "d": mine * after, "mine": mine, "after": after}
    return pandas.DataFrame(columns)


def cluster(found: DifferenceInDifferences) -> float:
    return next(w.standard_error for w in found.ways if w.name == "cluster")


def row(*cells: str) -> None:
    REPORT.append("| " + " | ".join(cells) + " |")


def displacement(repeats: int) -> None:
    wdd = peer("crimepy.wdd")
    rng = np.random.default_rng(0)
    tables = rng.poisson(rng.uniform(1, 300, (500, 4, 1)), (500, 4, 2)) + 1
    sizes = rng.uniform(0.5, 4, (500, 4))
    mine = [
        weighted_displacement(*t, area_weights=a, time_weights=(2, 1), level=0.9)
        for t, a in zip(tables, sizes, strict=True)
    ]
    spent, _ = seconds(lambda: [weighted_displacement(*t) for t in tables], repeats)
    REPORT.extend(
        [
            "",
            "## Weighted displacement difference",
            "",
            "500 tables of four areas, compared with area and time weights and timed without.",
            "",
        ]
    )
    row("work", "milliseconds a table", "largest difference, in standard errors")
    REPORT.append("|---|---:|---:|")
    row("`weighted_displacement`, with three parts, checks and p-values", f"{2 * spent:.3f}", "")
    if wdd is None:
        return
    far = 0.0
    for made, t, a in zip(mine, tables, sizes, strict=True):
        treated, control, ring, ring_control = t
        w = (a[1], a[0], a[3], a[2])
        r = wdd.wdd(control, treated, ring_control, ring, time_weights=(2, 1), area_weights=w)
        theirs = (r.Est_Total, r.SE_Total, r.LowCI, r.HighCI)
        ours = (made.estimate, made.standard_error, *made.interval)
        far = max(far, *(abs(p - q) / made.standard_error for p, q in zip(ours, theirs, strict=True)))
    if far > 1e-9:
        raise SystemExit(f"crimepy's answers differ by {far:.2g} standard errors")
    again, _ = seconds(lambda: [wdd.wdd(t[1], t[0], t[3], t[2]) for t in tables], repeats)
    row("crimepy, `wdd`", f"{2 * again:.3f}", f"{far:.0e}")


def agree(name: str, ours: tuple[float, ...], theirs: tuple[float, ...]) -> float:
    """The largest difference; ends the run where it is more than rounding."""
    far = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    if not far < 1e-5:
        raise SystemExit(f"{name} answers {theirs} and difference_in_differences {ours}")
    return far


def counts(units: int, repeats: int) -> None:
    x, treated = panel(units)
    data = None
    bare, found = seconds(lambda: difference_in_differences(x, treated, FIRST, draws=1), repeats)
    full, _ = seconds(lambda: difference_in_differences(x, treated, FIRST, draws=999), repeats)
    ours = (found.effect, cluster(found))
    size = f"{len(x):,} by {PERIODS}"
    row(size, "`difference_in_differences`, event study and pre-trend test with it", f"{bare:.4f}", "1", "")
    row(size, "the same with 999 placebos and their interval", f"{full:.4f}", f"{full / bare:,.1f}", "")
    fixest = peer("pyfixest")
    if fixest is not None:
        data = frame(x, treated)
        no_k = fixest.ssc(k_adj=False, G_adj=True)
        spent, fit = seconds(
            lambda: fixest.fepois("y ~ d | unit + month", data, vcov={"CRV1": "unit"}, ssc=no_k, fixef_tol=1e-9), repeats
        )
        far = agree("pyfixest", ours, (float(fit.coef()["d"]), float(fit.se()["d"])))
        row(size, "pyfixest, `fepois`, one effect", f"{spent:.4f}", f"{spent / bare:,.1f}", f"{far:.0e}")
        formula = f"y ~ i(month, mine, ref={FIRST - 1}) | unit + month"
        spent, fit = seconds(lambda: fixest.fepois(formula, data, vcov={"CRV1": "unit"}, fixef_tol=1e-9), repeats)
        effects = np.delete(found.study.effect, FIRST - 1)
        far = agree("pyfixest's event study", tuple(effects), tuple(fit.coef()))
        row(size, "pyfixest, `fepois`, event study", f"{spent:.4f}", f"{spent / bare:,.1f}", f"{far:.0e}")
    models = peer("statsmodels.api")
    if models is not None and units <= 100:
        import statsmodels.formula.api as smf

        data = frame(x, treated)
        fitting = smf.glm("y ~ d + C(unit) + C(month)", data, family=models.families.Poisson())
        how = {"cov_type": "cluster", "cov_kwds": {"groups": data["unit"], "use_correction": True}}
        spent, fit = seconds(lambda: fitting.fit(**how), repeats)
        # statsmodels corrects by (N - 1)/(N - K) as well, which the house leaves out.
        extra = math.sqrt((x.size - 1) / (x.size - fit.df_model - 1))
        far = agree("statsmodels", ours, (float(fit.params["d"]), float(fit.bse["d"]) / extra))
        row(size, "statsmodels, `glm` on dummies", f"{spent:.4f}", f"{spent / bare:,.1f}", f"{far:.0e}")


def levels(repeats: int) -> None:
    x, treated = panel(60)
    bare, found = seconds(lambda: difference_in_differences(x, treated, FIRST, model="levels", draws=1), repeats)
    ours = (found.estimate, cluster(found))
    size = f"{len(x)} by {PERIODS}"
    row(size, '`difference_in_differences`, `model="levels"`', f"{bare:.4f}", "1", "")
    fixest, differ = peer("pyfixest"), peer("diff_diff")
    if fixest is not None:
        data = frame(x, treated)
        no_k = fixest.ssc(k_adj=False, G_adj=True)
        spent, fit = seconds(lambda: fixest.feols("y ~ d | unit + month", data, vcov={"CRV1": "unit"}, ssc=no_k), repeats)
        far = agree("pyfixest", ours, (float(fit.coef()["d"]), float(fit.se()["d"])))
        row(size, "pyfixest, `feols`", f"{spent:.4f}", f"{spent / bare:,.1f}", f"{far:.0e}")
    if differ is not None:
        data = frame(x, treated)
        fitting = differ.DifferenceInDifferences(cluster="unit")
        spent, fit = seconds(lambda: fitting.fit(data, outcome="y", treatment="mine", time="after"), repeats)
        far = agree("diff-diff", ours[:1], (float(fit.att),))
        row(size, "diff-diff, `DifferenceInDifferences`", f"{spent:.4f}", f"{spent / bare:,.1f}", f"{far:.0e}")


def randomisation(repeats: int) -> None:
    fixest = peer("pyfixest")
    x, treated = panel(60)
    spent, found = seconds(lambda: difference_in_differences(x, treated, FIRST, draws=999), repeats)
    p = next(w.p_value for w in found.ways if w.name == "randomisation")
    REPORT.extend(["", "## Randomisation inference", "", "999 other choices of treated units, 60 units by 24 months.", ""])
    row("work", "seconds", "over ours", "p-value")
    REPORT.append("|---|---:|---:|---:|")
    row("`difference_in_differences`, with its interval", f"{spent:.3f}", "1", f"{p:.3f}")
    if fixest is None:
        return
    data = frame(x, treated)
    months = np.asarray(data["after"], bool)
    rng = np.random.default_rng(2)
    start = time.perf_counter()
    fit = fixest.fepois("y ~ d | unit + month", data)
    seen, more, draws = abs(float(fit.coef()["d"])), 0, 99
    for _ in range(draws):
        chosen = rng.permutation(treated)
        data["d"] = chosen[data["unit"]] & months
        more += abs(float(fixest.fepois("y ~ d | unit + month", data).coef()["d"])) >= seen
    again = (time.perf_counter() - start) * 999 / draws
    row(
        f"pyfixest's fit in a loop, of {draws} made 999", f"{again:.1f}", f"{again / spent:,.0f}", f"{(more + 1) / 100:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    REPORT.extend(
        [
            "# Before-and-after comparisons beside their peers",
            "",
            f"Made by `python benchmarks/differences.py --write`. Medians of {args.repeats} runs, all in one process.",
        ]
    )
    displacement(args.repeats)
    REPORT.extend(["", "## Difference in differences", ""])
    REPORT.append("The last column is the largest difference from the peer in the effects and, where it gives one with the")
    REPORT.append(
        "same correction, the cluster-robust standard error. The fit here is exact, so what differs is where the peer"
    )
    REPORT.extend(["stopped iterating.", ""])
    row("units by months", "work", "seconds", "over ours", "differs by")
    REPORT.append("|---|---|---:|---:|---:|")
    for units in (60, 1000, 35000):
        counts(units, args.repeats if units < 35000 else 1)
    levels(args.repeats)
    randomisation(args.repeats)
    names = ("crimepy.wdd", "pyfixest", "statsmodels.api", "diff_diff")
    absent = [n.split(".")[0] for n in names if peer(n) is None]
    if absent:
        REPORT.extend(["", f"Absent from this run: {', '.join(absent)}."])
    text = "\n".join(REPORT) + "\n"
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
