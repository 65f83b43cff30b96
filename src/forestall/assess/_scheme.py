"""Which draws a randomised scheme could have made, all of them or a seeded sample, and how far out the real one lies.

Places stand in blocks; within a block the draw deals out arms. A block of as many places as arms gets each arm once, a
smaller one gets different arms, each set alike likely. The one engine serves matched pairs (two arms in blocks of two)
and the stepped wedge (as many arms as steps).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Up to so many possible draws all are looked at; beyond, a sample.
ALL = 65_536


def possible(blocks: Ints, arms: int) -> int:
    """How many different draws the scheme could have made."""
    return math.prod(math.perm(arms, int(m)) for m in np.bincount(blocks))


def deal(blocks: Ints, arms: int, rng: np.random.Generator) -> Ints:
    """One draw: the arm of each place, shape (places,)."""
    out = np.zeros(len(blocks), np.int64)
    for b in range(int(blocks.max()) + 1):
        inside = np.flatnonzero(blocks == b)
        out[inside] = rng.permutation(arms)[: len(inside)]
    return out


def every(blocks: Ints, arms: int) -> Ints:
    """All possible draws, shape (draws, places)."""
    parts: list[Ints] = []
    at: list[Ints] = []
    for b in range(int(blocks.max()) + 1):
        inside = np.flatnonzero(blocks == b)
        parts.append(np.array(list(itertools.permutations(range(arms), len(inside))), np.int64))
        at.append(inside)
    chosen = np.indices([len(p) for p in parts]).reshape(len(parts), -1)
    out = np.zeros((chosen.shape[1], len(blocks)), np.int64)
    for part, inside, which in zip(parts, at, chosen, strict=True):
        out[:, inside] = part[which]
    return out


def sample(blocks: Ints, arms: int, draws: int, seed: int) -> Ints:
    """``draws`` draws at random, shape (draws, places)."""
    rng = np.random.default_rng(seed)
    out = np.zeros((draws, len(blocks)), np.int64)
    for b in range(int(blocks.max()) + 1):
        inside = np.flatnonzero(blocks == b)
        shuffled = rng.permuted(np.tile(np.arange(arms), (draws, 1)), axis=1)
        out[:, inside] = shuffled[:, : len(inside)]
    return out


def tails(real: float, drawn: Floats, exact: bool) -> tuple[float, float]:
    """The chances of a statistic at most, and at least, the real one's. ``exact``: ``drawn`` is every possible draw, the
    real one among them; else the real one is counted in, (r + 1) / (n + 1)."""
    slack = 1e-9 * max(1.0, abs(real), float(np.abs(drawn).max()))
    low, high = int((drawn <= real + slack).sum()), int((drawn >= real - slack).sum())
    n = len(drawn)
    return (low / n, high / n) if exact else ((low + 1) / (n + 1), (high + 1) / (n + 1))
