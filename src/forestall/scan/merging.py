"""Duplicates between kinds are one signal with several reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forestall.results import Reason, Signal
from forestall.results.signal import PERSON_KINDS
from forestall.scan.identity import overlap

#: Kinds from the strongest reason to act to the weakest, of those that are established (or, as a concentration, lasting).
STRENGTH = ("rising", "near-repeat", "concentrated", "repeat-location", "outlier", "seasonal-return")

#: What is never the same as anything else: the force is no place, a fall is the opposite, and persons are no place either.
ALONE = frozenset({"force-wide", "falling", *PERSON_KINDS})


def strength(signal: Signal) -> tuple[int, int, float]:
    """Sort key: the lower, the stronger."""
    sure = signal.established or signal.kind == "concentrated"
    at = STRENGTH.index(signal.kind) if signal.kind in STRENGTH else len(STRENGTH)
    return (0 if sure else 1, at, -signal.excess)


def same(a: Signal, b: Signal) -> bool:
    """Of two kinds, the same category, at least half of the areas in common, and windows that touch."""
    if a.kind == b.kind or a.category != b.category or ALONE & {a.kind, b.kind}:
        return False
    return bool(a.areas and b.areas) and overlap(a, b)


def merge(signals: Sequence[Signal]) -> list[Signal]:
    """The signals with duplicates merged under the strongest kind, in the order in which the strongest stood."""
    left = sorted(range(len(signals)), key=lambda i: (strength(signals[i]), i))
    out: dict[int, Signal] = {}
    while left:
        head = left.pop(0)
        joined = [i for i in left if same(signals[head], signals[i])]
        left = [i for i in left if i not in joined]
        reasons = tuple(Reason.of(signals[i]) for i in joined)
        out[head] = replace(signals[head], reasons=signals[head].reasons + reasons) if reasons else signals[head]
    return [out[i] for i in sorted(out)]
