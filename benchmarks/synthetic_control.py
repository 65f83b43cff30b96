"""Synthetic controls with all their placebos beside pysyncon, on the same data with the same predictor weights, in one run;
and how often each inference finds an effect where nothing was done.

    python benchmarks/synthetic_control.py [--repeats 5] [--runs 300] [--write]

pysyncon takes part where it can be imported, for instance by ``uv run --with pysyncon python benchmarks/…``, and is named
as absent otherwise.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench_clock import clocked, least
from forestall.stats._synthetic_fit import Panel, plain
from forestall.stats.segmented_series import interrupted_series
from forestall.stats.synthetic_controls import NEEDED, synthetic_control

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "synthetic-control.md"
SOME = 12
#: More threads than this make the peer slower on small tables, by up to fifty times, which would flatter ours.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def counts(units: int, pre: int, post: int, rng: Any, lasting: float = 0.0) -> Any:
    """Overdispersed monthly counts (variance twice the mean) of places of unlike size, with a season, shocks that all share
    and, where ``lasting``, shocks of each that die away."""
    length = pre + post
    own = np.zeros((units, length))
    if lasting:
        own[:, 0] = rng.standard_normal(units)
        for t in range(1, length):
            own[:, t] = lasting * own[:, t - 1] + math.sqrt(1 - lasting**2) * rng.standard_normal(units)
    season = 0.2 * np.sin(2 * np.pi * np.arange(length) / 12) + 0.1 * rng.standard_normal(length)
    mean = np.exp(rng.normal(2.5, 0.8, units)[:, None] + season + 0.3 * own)
    return rng.negative_binomial(mean, 0.5).astype(float)


def ours_weights(y: Any, pre: int) -> tuple[Any, Any]:
    """Weights of the treated unit 0 from all others, and of each other from the rest without unit 0."""
    panel = Panel(y, np.arange(pre), np.arange(pre, y.shape[1]), y[:, :pre].T, np.full(pre, 1 / pre))
    pool = np.ones(y.shape[0], bool)
    pool[0] = False
    first = plain(panel, np.array([0]), pool).weights[1:]
    rest = []
    for j in range(1, y.shape[0]):
        held = pool.copy()
        held[j] = False
        rest.append(plain(panel, np.array([j]), held).weights[held])
    return first, np.array(rest)


class Peer:
    """pysyncon on the same table: every period before is a predictor, and all weigh alike."""

    def __init__(self, y: Any, pre: int) -> None:
        import pandas as pd  # type: ignore[import-untyped, unused-ignore]
        from pysyncon import Dataprep, Synth  # type: ignore[import-not-found, unused-ignore]
        from pysyncon.utils import PlaceboTest  # type: ignore[import-not-found, unused-ignore]

        self.synth, self.placebo, self.pre, self.y = Synth, PlaceboTest, pre, y
        n, length = y.shape
        frame = pd.DataFrame({"unit": np.repeat(np.arange(n), length), "t": np.tile(np.arange(length), n), "y": y.ravel()})
        self.prepared = Dataprep(
            foo=frame, predictors=[], predictors_op="mean", time_predictors_prior=range(pre), dependent="y",
            unit_variable="unit", time_variable="t", treatment_identifier=0, controls_identifier=list(range(1, n)),
            time_optimize_ssr=range(pre), special_predictors=[("y", [t], "mean") for t in range(pre)],
        )  # fmt: skip
        self.weigh = np.full(pre, 1 / pre)

    def whole(self) -> None:
        """Its own way: a fit, and its placebo test over all processors."""
        synth = self.synth()
        synth.fit(self.prepared, custom_V=self.weigh)
        test = self.placebo()
        test.fit(self.prepared, self.synth(), scm_options={"custom_V": self.weigh}, verbose=False)

    def bare(self, most: int, **options: Any) -> tuple[Any, Any]:
        """Its quadratic programme alone for the treated and the first ``most`` placebos, without its tables."""
        n = self.y.shape[0]
        rest = [self._one(j, [i for i in range(1, n) if i != j], options) for j in range(1, min(n, most + 1))]
        return self._one(0, range(1, n), options), np.array(rest)

    def _one(self, treated: int, pool: Any, options: dict[str, Any]) -> Any:
        x = self.y[[treated, *pool], : self.pre].T
        x = x / x.std(1, ddof=1, keepdims=True)
        given = {"qp_options": options} if options else {}
        return self.synth.w_optimize(V_mat=np.diag(self.weigh), X0=x[:, 1:], X1=x[:, 0], **given)[0]


def race(name: str, y: Any, pre: int, repeats: int, lines: list[str]) -> bool:
    """A row of the table: times, ratios and the agreement of weights. False where the peer is absent."""
    x = y[:, :pre].T

    def run() -> Any:
        return synthetic_control(y, 0, pre, predictors=x, predictor_weights=np.ones(pre))

    run()
    own = least(run, repeats)
    try:
        peer = Peer(y, pre)
    except ImportError:
        lines.append(f"| {name} | {own:.4f} | | | | |")
        return False
    whole = least(peer.whole, 2)
    bare, loose = min((clocked(lambda: peer.bare(y.shape[0])) for _ in range(repeats)), key=lambda run: run[0])
    exact = peer.bare(SOME, maxiter=3000, ftol=1e-12)
    first, rest = ours_weights(y, pre)
    apart = [max(float(np.abs(first - a).max()), float(np.abs(rest[: len(b)] - b).max())) for a, b in (loose, exact)]
    lines.append(
        f"| {name} | {own:.4f} | {whole:.2f} ({whole / own:,.0f} times) | {bare:.2f} ({bare / own:,.0f} times) | "
        f"{apart[0]:.4f} | {apart[1]:.5f} |"
    )
    return True


def highest(y: Any, pre: int) -> int:
    return int(np.argmax(y[:, pre - 1]))


def risen(y: Any, pre: int) -> int:
    before = y[:, : pre - 1].mean(1)
    return int(np.argmax((y[:, pre - 1] - before) / np.sqrt(before + 0.5)))


def calibrate(runs: int) -> list[str]:
    """Share of p-values of 0.05 or less where nothing was done, by how the treated was chosen; unguarded, and how often the
    guard gives one."""
    ways: dict[str, Callable[[Any, int], Any]] = {
        "control, scaled": lambda y, i: synthetic_control(y, i, 24, guard=False),
        "control, ratio of errors": lambda y, i: synthetic_control(y, i, 24, guard=False, inference="ratio"),
        "control, placebos' spread": lambda y, i: synthetic_control(y, i, 24, guard=False, inference="placebo"),
        "did, scaled": lambda y, i: synthetic_control(y, i, 24, guard=False, method="did"),
        "did, placebos' spread": lambda y, i: synthetic_control(y, i, 24, guard=False, method="did", inference="placebo"),
        "series, lasting": lambda y, i: interrupted_series(y[i], 24),
        "series, Newey-West": lambda y, i: interrupted_series(y[i], 24, errors="newey-west"),
        "series, Poisson": lambda y, i: interrupted_series(y[i], 24, errors="poisson"),
    }
    fired: dict[tuple[str, float, str], list[tuple[bool, bool]]] = {}
    for lasting in (0.0, 0.5):
        rng = np.random.default_rng(11)
        for _ in range(runs):
            y = counts(40, 24, 10, rng, lasting)
            for choice, i in (
                ("at random", int(rng.integers(40))),
                ("highest", highest(y, 24)),
                ("risen most", risen(y, 24)),
            ):
                for way, ask in ways.items():
                    try:
                        found = ask(y, i)
                    except ValueError:
                        continue
                    needed = NEEDED.get(getattr(found, "inference", ""), ())  # a series alone has no guard here
                    kept = all(c.passed for c in found.checks if c.name in needed)
                    fired.setdefault((way, lasting, choice), []).append((found.p_value <= 0.05, kept))
    lines = []
    for way in ways:
        cells = []
        for lasting in (0.0, 0.5):
            for choice in ("at random", "highest", "risen most"):
                got = fired[way, lasting, choice]
                share, kept = float(np.mean([f for f, _ in got])), float(np.mean([k for _, k in got]))
                said = [f for f, k in got if k]
                guard = f" ({np.mean(said):.1%} of {kept:.0%})" if kept < 1 and said else (" (none)" if not said else "")
                cells.append(f"{share:.1%}{guard}")
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in THREADS.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **THREADS})
    lines: list[str] = []
    rng = np.random.default_rng(3)
    there = True
    for units, pre in ((39, 19), (60, 24)):
        there &= race(f"{units} by {pre}", counts(units, pre, 12, rng), pre, args.repeats, lines)
    big = counts(400, 24, 6, rng)
    many = counts(35_000, 24, 6, rng)
    panel = Panel(many, np.arange(24), np.arange(24, 30))
    pool = np.ones(35_000, bool)
    pool[0] = False
    whole = least(lambda: synthetic_control(big, 0, 24), 3)
    did = least(lambda: synthetic_control(big, 0, 24, method="did"), 3)
    plain(panel, np.array([0]), pool)
    one = least(lambda: plain(panel, np.array([0]), pool), 3)
    text = "\n".join(
        [
            "# Synthetic controls",
            "",
            "Made by `python benchmarks/synthetic_control.py --write`, all in one run on one machine.",
            "",
            "## Speed and agreement",
            "",
            "Overdispersed counts, unit 0 treated, every period before a predictor of equal weight over its standard",
            "deviation, and every other unit a placebo from the rest. Ours is the whole call with checks, compiled",
            "code warm; pysyncon's own way is `fit` and `PlaceboTest.fit`, which start processes on all processors;",
            "its programme alone is its solver called for each unit on arrays, in one process. The least of",
            f"{args.repeats} runs each, of two for its own way; one thread of linear algebra for both, because with",
            "more the peer takes many times longer. Weights are those of the treated and all placebos: the largest",
            f"difference from its solver as it is set, and (of the treated and {SOME} placebos, because it takes long)",
            "from the same solver told to go on to 1e-12.",
            *([] if there else ["", "pysyncon could not be imported and took no part."]),
            "",
            "| units by periods before | ours, seconds | pysyncon | its programme alone | weights apart | told to go on |",
            "|---|---:|---:|---:|---:|---:|",
            *lines,
            "",
            f"Ours with 400 units and all 399 placebos: {whole:.2f} s; its difference-in-differences form {did:.2f} s.",
            f"One fit from 35,000 units: {one:.2f} s.",
            "",
            "## Calibration",
            "",
            f"Nothing was done in {args.runs} forces of 40 places, 24 months before and 10 after, variance twice the mean;",
            "the treated was drawn at random, or was the highest of the last month before, or what had risen most in it.",
            "The share of p-values of 0.05 or less without the guard; in brackets, where the guard withholds some, the",
            "share among those given, and how many are given. Shocks of each place pass with the month, or last with a",
            "correlation of 0.5.",
            "",
            "| | at random | highest | risen most | at random, lasting | highest, lasting | risen most, lasting |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *calibrate(args.runs),
            "",
            "Placebos that are not held against their own fit find effects that are not there whenever the highest place",
            "was chosen: large places scatter more than the placebos do. Hence `inference=\"scaled\"` is the default.",
            "",
        ]
    )  # fmt: skip
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
