"""Moments of the number of pairs that two graphs share when the labels of one are shuffled, and the tail that they give.

The events are the nodes. One graph joins those that are close in space, the other those close in time, and X counts the
edges that they share. A set of edges of one graph falls on edges of the other as often as shapes of that kind are found
there: E[X] needs the numbers of edges, the variance also those of paths of two (from degrees alone: Barton and David 1966),
the third moment those of stars, longer paths and triangles. All is added up in whole numbers, because the moments are
small differences of large ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: No smaller p-value is told: the approximation is not known so far out.
LEAST_P = 1e-12


@dataclass(frozen=True)
class Shapes:
    """How often small shapes are found in a graph: edges, paths of two edges, triangles, stars of three and paths of
    three."""

    edges: int
    paths: int
    triangles: int
    stars: int
    long_paths: int

    @property
    def apart(self) -> int:
        """Pairs of edges without a common node."""
        return math.comb(self.edges, 2) - self.paths

    @property
    def path_and_edge(self) -> int:
        """A path of two and an edge without a common node."""
        touching = 3 * self.triangles + 3 * self.stars + 2 * self.long_paths
        return self.paths * (self.edges - 2) - touching if self.paths else 0

    @property
    def three_apart(self) -> int:
        """Triples of edges without a common node."""
        return math.comb(self.edges, 3) - self.triangles - self.stars - self.long_paths - self.path_and_edge


@dataclass(frozen=True)
class Moments:
    """Exact mean and variance, and the third central moment."""

    mean: float
    variance: float
    third: float


def shuffled_moments(n: int, one: Shapes, two: Shapes) -> Moments:
    """Moments of the shared edges of two graphs on ``n`` nodes."""

    def shared(a: int, b: int, everywhere: int) -> Fraction:
        return Fraction(a * b, everywhere) if everywhere else Fraction(0)

    c = math.comb
    mean = shared(one.edges, two.edges, c(n, 2))
    pairs = shared(one.paths, two.paths, 3 * c(n, 3)) + shared(one.apart, two.apart, 3 * c(n, 4))
    triples = (
        shared(one.triangles, two.triangles, c(n, 3))
        + shared(one.stars, two.stars, 4 * c(n, 4))
        + shared(one.long_paths, two.long_paths, 12 * c(n, 4))
        + shared(one.path_and_edge, two.path_and_edge, 30 * c(n, 5))
        + shared(one.three_apart, two.three_apart, 15 * c(n, 6))
    )
    second = mean + 2 * pairs
    third = mean + 6 * pairs + 6 * triples
    variance = second - mean**2
    return Moments(float(mean), float(variance), float(third - 3 * mean * second + 2 * mean**3))


def upper_tail(count: npt.ArrayLike, moments: Moments) -> Floats:
    """P(X >= count) from the first three moments.

    X less a shift follows a negative-binomial distribution where the third moment is above the variance, a Poisson one
    where they are equal and a binomial one below, with the shift, and the other two parameters, such that all three
    moments are X's (with a shift of 0 these are the usual two-moment fits). Counts that lean to the left are mirrored.
    """
    k = np.asarray(count, float)
    if moments.variance <= 1e-12 * max(1.0, moments.mean):
        return np.where(k <= moments.mean + 1e-6 * max(1.0, moments.mean), 1.0, LEAST_P)
    if moments.third < 0:
        return np.clip(1.0 - _tail(1.0 - k, -moments.mean, moments.variance, -moments.third), LEAST_P, 1.0)
    p = _tail(k, moments.mean, moments.variance, moments.third)
    return np.clip(np.where(k <= 0, 1.0, p), LEAST_P, 1.0)


def _tail(k: Floats, mean: float, variance: float, third: float) -> Floats:
    centre = 2.0 * variance**2 / (third + variance)
    k = k - (mean - centre)
    out = np.ones(k.shape)
    inside = k > 0
    if abs(third - variance) < 1e-9 * variance:
        out[inside] = special.gammainc(k[inside], centre)
    elif third > variance:
        size = centre**2 / (variance - centre)
        out[inside] = special.betainc(k[inside], size, 1.0 - centre / variance)
    else:
        share = 1.0 - variance / centre
        rest = centre / share - k + 1.0
        out[inside & (rest <= 0)] = 0.0
        inside &= rest > 0
        out[inside] = special.betainc(k[inside], rest[inside], share)
    return out
