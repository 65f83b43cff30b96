"""How long events take to be spread over the hours of the week, as ratios to peers in the same run.

python benchmarks/aoristic.py [--repeats 5] [--write]

100,000 events of the kinds of a year's records, known to the second, from instants to two weeks. The peers are Wheeler's
crimepy (github.com/apwheele/crimepy, not the package of the same name on PyPI, which is another's): put a checkout of it
and pandas and matplotlib on the path, for instance with `PYTHONPATH=<checkout> uv run --with pandas --with matplotlib`;
where it can't be imported the page says so. And a plain loop over events and hours in NumPy and Python, always. The
answers are compared too, on the intervals of up to a week that all of them share.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench_clock import least, timed
from forestall.stats.hour_of_week import aoristic

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "aoristic.md"
EVENTS, MANY = 100_000, 5_000_000


def problem(events: int, seed: int = 1, longest: int = 14 * 24) -> tuple[Any, Any]:
    """Begin and end: four in ten up to two hours apart, three to eight, two to a day and one to ``longest`` hours."""
    rng = np.random.default_rng(seed)
    begin = np.datetime64("2023-01-02", "s") + rng.integers(0, 364 * 86_400, events)
    hours = rng.choice([2, 8, 24, longest], events, p=[0.4, 0.3, 0.2, 0.1])
    return begin, begin + (rng.random(events) * hours * 3600).astype(np.int64)


def loop(begin: Any, end: Any) -> Any:
    """One event after the other, hour by hour."""
    out = [0.0] * 168
    monday = int(np.datetime64("1969-12-29", "s").astype(np.int64))
    for b, e in zip(begin.astype(np.int64).tolist(), end.astype(np.int64).tolist(), strict=True):
        b, e = b - monday, e - monday
        if b == e:
            out[b // 3600 % 168] += 1.0
            continue
        at = b
        while at < e:
            until = min((at // 3600 + 1) * 3600, e)
            out[at // 3600 % 168] += (until - at) / (e - b)
            at = until
    return np.array(out)


def crimepy() -> Callable[[Any, Any], Any] | None:
    """Wheeler's function on the same arrays, or None where it is absent."""
    try:
        pandas, peer = importlib.import_module("pandas"), importlib.import_module("crimepy.aoristic")
        agg = peer.agg_weekhour
    except (ImportError, AttributeError):
        return None

    def run(begin: Any, end: Any) -> Any:
        data = pandas.DataFrame({"begin": begin, "end": end})
        return agg(data, "begin", "end")["weight"].to_numpy()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    begin, end = problem(EVENTS)
    short = problem(20_000, seed=2, longest=7 * 24)
    peer = crimepy()
    ours = aoristic(*short).hours
    far = {"the plain loop": float(np.abs(loop(*short) - ours).max())}
    if peer is not None:
        far["crimepy"] = float(np.abs(peer(*short) - ours).max())
    work: dict[str, Callable[[], Any]] = {}
    if peer is not None:
        run = peer
        work["crimepy, `agg_weekhour`"] = lambda: run(begin, end)
    work["plain loop over events and hours"] = lambda: loop(begin, end)
    aoristic(begin, end)
    # Rounds take turns, so that a busy spell of the machine falls on all; a call of ours is short, so a round has nine.
    rounds = []
    for _ in range(args.repeats):
        rounds.append([least(lambda: aoristic(begin, end), 9), *(timed(f) for f in work.values())])
    seconds = np.array(rounds).min(0)
    ratio = seconds / seconds[0]
    many = problem(MANY)
    large = min(timed(lambda: aoristic(*many)) for _ in range(2))
    compared = " and ".join(f"{name} by {gap:.1e}" for name, gap in far.items())
    text = "\n".join(
        [
            "# Speed of the hour of the week",
            "",
            f"Made by `python benchmarks/aoristic.py --write`: {EVENTS:,} events known to the second, from instants to "
            "two weeks.",
            f"The least of {args.repeats} rounds in one process (of nine calls each of ours), as other work only adds.",
            "Nothing is compiled.",
            "`aoristic` also finds the peak, its interval and what the intervals leave open, which the others don't.",
            *([] if peer is not None else ["", "Wheeler's crimepy was absent from this run."]),
            "",
            "| work | seconds | over ours |",
            "|---|---:|---:|",
            *(
                f"| {name} | {s:.4f} | {r:,.0f} |"
                for name, s, r in zip(["`aoristic`, whole", *work], seconds.tolist(), ratio.tolist(), strict=True)
            ),
            f"| `aoristic` of {MANY:,} events | {large:.3f} | |",
            "",
            f"On 20,000 events of up to a week the largest difference of an hour from ours is: {compared} events.",
            *(
                [
                    "",
                    "crimepy spreads an interval of more than a week evenly over the week; ours spreads it over its own "
                    "hours, so",
                    "that a day that it holds twice counts twice.",
                ]
                if peer is not None
                else []
            ),
            "",
        ]
    )
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
