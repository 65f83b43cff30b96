"""The exact conditional null of a neighbourhood's sum: every way to deal the other places' counts.

Place i keeps its count and the N = n - 1 other counts are dealt at random to the other places. The sum over its m
neighbours is then that of m values drawn without replacement from the others, and depends on i through its count and m
alone. With h_v of the others holding the count v, and any 0 < p < 1,

    P(J = j, S = s)  is the coefficient of  y^j t^s  in   product over v of  (1 - p + p y t^v)^h_v

where each other is taken with probability p, J of them are taken and S is the sum of theirs. P(S = s | J = m) is the
wanted distribution, whatever p is; p = m / N keeps the numbers in range. All terms are positive, so that nothing
cancels and far tails keep their digits. The products that leave out one value of v are shared (a tree over the values),
and each is finished with the power h_v - 1 for a place that itself holds v. Where the place's own count is dealt with the
others, there is one product for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Upper tail P(S >= s), lower tail P(S <= s), and P(S = s), shape (places,) each.
Tails = tuple[Floats, Floats, Floats]


class Dealt:
    """Counts as they are dealt: whole numbers with their least taken off and their common divisor taken out.

    ``values``: shape (places,), whole. ``draws``: how many values each place's neighbourhood takes. ``sums``: the sum of
    those that it holds. ``kept``: whether the place keeps its own value, which is then neither drawn nor in the sum.
    """

    def __init__(self, values: Ints, draws: Ints, sums: Ints, *, kept: bool = True) -> None:
        least = int(values.min())
        shifted = values - least
        step = int(np.gcd.reduce(shifted)) or 1
        shifted //= step
        top = int(shifted.max()) if shifted.size else 0
        self.kept = kept
        self.dealt = values.size - 1 if kept else values.size
        if top < 1 << 15:  # sixteen bits sort by their digits, in linear time
            self.order = np.argsort(shifted.astype(np.int16), kind="stable")
        else:
            self.order = np.argsort(shifted, kind="stable")
        ordered = shifted[self.order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self.levels: Ints = ordered[starts]
        self.starts = np.append(starts, values.size)
        self.held: Ints = np.diff(self.starts)
        s = (sums - draws * least) // step
        # More than half of what is dealt is drawn: ask for the sum of what is not.
        self.turned = draws > self.dealt // 2
        rest = int(shifted.sum()) - s - (shifted if kept else 0)
        self.draws = np.where(self.turned, self.dealt - draws, draws)
        self.sums = np.where(self.turned, rest, s)

    def work(self) -> tuple[float, float]:
        """Multiplications, about, that the tables take, and entries of the largest."""
        depth = max(1, math.ceil(math.log2(self.levels.size))) if self.kept else 1
        total, entries = 0.0, 0.0
        for top, low in self._bands():
            terms = np.minimum(self.held, top) + 1
            total += float(terms.sum()) * depth * (top + 1) * (top * float(self.levels[-1]) + 1)
            total += float(self.levels.size) * (top - low + 1) * (top * float(self.levels[-1]) + 1)
            entries = max(entries, (top + 1) * (top * float(self.levels[-1]) + 1))
        return total, entries

    def tails(self) -> Tails:
        """Both tails and the point probability of every place's sum; 1 where nothing is drawn."""
        upper, lower, point = (np.ones(self.order.size) for _ in range(3))
        for top, low in self._bands():
            self._fill(top, low, upper, lower, point)
        upper[self.turned], lower[self.turned] = lower[self.turned], upper[self.turned].copy()
        return upper, lower, point

    def _bands(self) -> list[tuple[int, int]]:
        """Numbers of draws that one table serves without leaving the range of the numbers: (most, fewest) each."""
        left = np.unique(self.draws[self.draws > 0])
        out = []
        while left.size:
            top = int(left[-1])
            low = 1 if top <= 256 else math.ceil(0.7 * top)
            out.append((top, low))
            left = left[left < low]
        return out

    def _fill(self, top: int, low: int, upper: Floats, lower: Floats, point: Floats) -> None:
        share = top / self.dealt
        wanted = np.unique(self.draws[(self.draws >= low) & (self.draws <= top)])
        row = np.zeros(top + 1, np.int64)
        row[wanted] = np.arange(wanted.size)
        size = top * int(self.levels[-1]) + 1

        def read_off(places: Ints, joint: Floats) -> None:
            draws = self.draws[places]
            inside = (draws >= low) & (draws <= top)
            if not inside.all():
                places, draws = places[inside], draws[inside]
            if not places.size:
                return
            joint = joint[wanted]
            joint /= joint.sum(1, keepdims=True)
            up = np.cumsum(joint[:, ::-1], axis=1)[:, ::-1]
            down = np.cumsum(joint, axis=1)
            at = row[draws] * size + self.sums[places]
            upper[places] = np.minimum(up.ravel()[at], 1.0)
            lower[places] = np.minimum(down.ravel()[at], 1.0)
            point[places] = joint.ravel()[at]

        def leaf(v: int, rest: Floats) -> None:
            joint = _times(rest, _power(int(self.held[v]) - 1, share, top), int(self.levels[v]))
            read_off(self.order[self.starts[v] : self.starts[v + 1]], joint)

        powers = [_power(int(h), share, top) for h in self.held]
        one = np.zeros((top + 1, size))
        one[0, 0] = 1.0
        if self.kept:
            _leave_each_out(one, powers, self.levels, 0, self.levels.size, leaf)
            return
        for level, power in zip(self.levels, powers, strict=True):
            one = _times(one, power, int(level))
        read_off(self.order, one)


def _power(held: int, share: float, top: int) -> Floats:
    """Coefficients of (1 - p + p y t^v)^h: the binomial probabilities of taking 0 … of the ``held``."""
    return np.asarray(ss.binom.pmf(np.arange(min(held, top) + 1), held, share), float)


def _times(joint: Floats, power: Floats, level: int) -> Floats:
    """``joint`` times the sum over k of ``power[k]`` y^k t^(k level), cut off at the most draws."""
    top, size = joint.shape
    out: Floats = power[0] * joint
    for k in range(1, power.size):
        if k * level >= size:
            break
        out[k:, k * level :] += power[k] * joint[: top - k, : size - k * level]
    return out


def _leave_each_out(
    rest: Floats, powers: list[Floats], levels: Ints, begin: int, end: int, leaf: Callable[[int, Floats], None]
) -> None:
    """Calls ``leaf`` for each value from ``begin`` to ``end`` with the product of all others; ``rest`` holds those
    outside."""
    if end - begin == 1:
        leaf(begin, rest)
        return
    middle = (begin + end) // 2
    for (keep_from, keep_to), (out_from, out_to) in (
        ((begin, middle), (middle, end)),
        ((middle, end), (begin, middle)),
    ):
        part = rest
        for v in range(out_from, out_to):
            part = _times(part, powers[v], int(levels[v]))
        _leave_each_out(part, powers, levels, keep_from, keep_to, leaf)
