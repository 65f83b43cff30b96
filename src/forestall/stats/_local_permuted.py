"""Conditional permutations: the same null by drawing, as the check on what is worked out.

Each permutation draws M + 1 places at random, M the most neighbours that any place has. A place with m neighbours takes
the values of the first m; where it finds itself among them it takes that of the one after them instead, which leaves it
m of the others, each set as likely as any. So one draw serves all places (their p-values are each valid, and depend on
each other a little through the draws), and only the few places that drew themselves are done one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.stats.neighbours import Neighbours

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_BLOCK = 4_000_000


def permutation_ranks(
    values: Floats, near: Neighbours, sums: Floats, permutations: int, seed: int, tolerance: float, own: Floats | None
) -> tuple[Ints, Ints]:
    """How many of ``permutations`` give each place a sum at or above its own, and at or below it; shape (places,) each.

    ``values``, ``sums``: shape (places,); sums that differ by ``tolerance`` or less are ties. ``own``: what each place
    weighs in its sum where its own value is dealt with the others; None where the place keeps it and it is in no sum.
    """
    rng = np.random.default_rng(seed)
    most = int(near.counts.max())
    drawn = _draw(rng, permutations, values.size, most + 1)
    if near.equal and (own is None or bool((own == near.heaviest).all())):
        return _equal_ranks(values, near, sums, drawn, tolerance, own is None)
    return _weighted_ranks(values, near, sums, drawn, tolerance, own)


def _equal_ranks(
    values: Floats, near: Neighbours, sums: Floats, drawn: Ints, tolerance: float, kept: bool
) -> tuple[Ints, Ints]:
    """With neighbours that weigh the same, a draw's sum is one number for all places with as many neighbours."""
    weight = np.where(near.counts > 0, near.heaviest, 1.0)
    plain, slack = sums / weight, tolerance / weight
    running = np.cumsum(values[drawn], axis=1)
    above, below = np.zeros(len(near), np.int64), np.zeros(len(near), np.int64)
    for m in np.unique(near.counts[near.counts > 0]):
        places = np.flatnonzero(near.counts == m)
        ranked = np.sort(running[:, m - 1 if kept else m])
        above[places] = ranked.size - np.searchsorted(ranked, plain[places] - slack[places], side="left")
        below[places] = np.searchsorted(ranked, plain[places] + slack[places], side="right")
    if not kept:
        return above, below
    r, _, i = _drew_themselves(near, drawn)
    m = near.counts[i]
    wrong = running[r, m - 1]
    right = wrong - values[i] + values[drawn[r, m]]
    high, low = plain[i] - slack[i], plain[i] + slack[i]
    np.add.at(above, i, (right >= high).astype(np.int64) - (wrong >= high))
    np.add.at(below, i, (right <= low).astype(np.int64) - (wrong <= low))
    return above, below


def _weighted_ranks(
    values: Floats, near: Neighbours, sums: Floats, drawn: Ints, tolerance: float, own: Floats | None
) -> tuple[Ints, Ints]:
    most = drawn.shape[1] - 1
    taken = np.ascontiguousarray(values[drawn[:, :most]].T)
    above, below = np.zeros(len(near), np.int64), np.zeros(len(near), np.int64)
    step = max(1, _BLOCK // max(drawn.shape[0], most))
    which, at, themselves = _drew_themselves(near, drawn)
    order = np.argsort(themselves, kind="stable")
    which, at, themselves = which[order], at[order], themselves[order]
    mended = values[drawn[which, near.counts[themselves]]] - values[themselves]
    mended *= near.weights[near.indptr[themselves] + at]
    for begin in range(0, len(near), step):
        end = min(begin + step, len(near))
        dealt = _padded(near, begin, end, most) @ taken
        if own is not None:
            dealt += own[begin:end, None] * values[drawn[:, most]]
        first, last = np.searchsorted(themselves, [begin, end]) if own is None else (0, 0)
        dealt[themselves[first:last] - begin, which[first:last]] += mended[first:last]  # each pair comes once
        seen = sums[begin:end, None]
        above[begin:end] = (dealt >= seen - tolerance).sum(1)
        below[begin:end] = (dealt <= seen + tolerance).sum(1)
    return above, below


def _padded(near: Neighbours, begin: int, end: int, most: int) -> Floats:
    """The weights of places ``begin`` to ``end``, shape (places, most), 0 where a place has no more."""
    counts = near.counts[begin:end]
    out = np.zeros((end - begin, most))
    inside: Any = np.arange(most) < counts[:, None]
    out[inside] = near.weights[near.indptr[begin] : near.indptr[end]]
    return out


def _drew_themselves(near: Neighbours, drawn: Ints) -> tuple[Ints, Ints, Ints]:
    """Where a place is among the first that it takes: the permutation, the position in it, and the place."""
    r, k = np.nonzero(np.arange(drawn.shape[1]) < near.counts[drawn])
    return r, k, drawn[r, k]


def _draw(rng: np.random.Generator, permutations: int, places: int, size: int) -> Ints:
    """``size`` different places at random, in random order, for each permutation; shape (permutations, size)."""
    if 2 * size * size > places:
        step = max(1, _BLOCK // places)
        blocks = [min(step, permutations - begin) for begin in range(0, permutations, step)]
        return np.concatenate([np.argsort(rng.random((b, places)), axis=1)[:, :size] for b in blocks])
    out = rng.integers(places, size=(permutations, size))
    again = np.arange(permutations)
    while again.size:  # few hold a place twice, and those are drawn again
        ordered = np.sort(out[again], axis=1)
        again = again[(ordered[:, 1:] == ordered[:, :-1]).any(1)]
        out[again] = rng.integers(places, size=(again.size, size))
    return out
