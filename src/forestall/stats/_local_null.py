"""The conditional null of a place's neighbours, by the best means that the values allow: exact, moments or permutations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forestall.stats._local_exact import Dealt
from forestall.stats._local_moments import Moments, least_probability, pearson_tails
from forestall.stats._local_permuted import permutation_ranks
from forestall.stats.neighbours import Neighbours

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Multiplications (about a second of them) and table entries beyond which values are rounded for the exact null.
MOST_WORK, MOST_ENTRIES = 4e9, 2e7
#: Steps from the least to the greatest value that rounding tries, and the scatter that it may add, as a share of the
#: values' (without the hundredth at either end).
STEPS, MOST_ROUNDED = (1000, 500, 250), 0.05
#: Skewness of a neighbourhood's sum beyond which a Pearson III tail is not to be trusted.
MOST_SKEW = 0.5
#: Permutations where none are asked for: as the check, and for p-values (fewer where there are very many places).
PERMUTATIONS, MANY_PERMUTATIONS, MOST_DEALT = 999, 9999, 2e8
#: What a p-value that is too small for a number is shown as: it is never 0.
LEAST = 1e-300


@dataclass(frozen=True)
class Ask:
    """What the caller asks of the p-values."""

    null: str
    alternative: str
    fdr: float
    permutations: int | None
    seed: int

    def __post_init__(self) -> None:
        if self.null not in ("auto", "exact", "moments", "permutation"):
            raise ValueError(f"null must be auto, exact, moments or permutation, not {self.null!r}")
        if self.alternative not in ("two-sided", "greater", "less"):
            raise ValueError(f"alternative must be two-sided, greater or less, not {self.alternative!r}")
        if not 0 < self.fdr < 1:
            raise ValueError(f"fdr must lie between 0 and 1, not {self.fdr!r}")
        if self.permutations is not None and not (
            isinstance(self.permutations, int | np.integer) and self.permutations >= 0
        ):
            raise ValueError(f"permutations must be a whole number of 0 or more, or None, not {self.permutations!r}")
        if self.null == "permutation" and self.permutations == 0:
            raise ValueError("permutations is 0, so that no permutation p can be had: give 999, or another null")

    def drawn(self, near: Neighbours, null: str) -> int:
        """How many permutations are made beside the exact null or moments, or in their place."""
        if not near.counts.any():
            return 0
        if self.permutations is not None:
            return int(self.permutations)
        many = int(min(MANY_PERMUTATIONS, max(PERMUTATIONS, MOST_DEALT / len(near))))
        return {"exact": 0, "moments": PERMUTATIONS}.get(null, many)

    def sided(self, upper: Floats, lower: Floats) -> Floats:
        """The p-value that the alternative makes of the two tails."""
        p = {"greater": upper, "less": lower}.get(self.alternative)
        return np.asarray(np.clip(2 * np.minimum(upper, lower) if p is None else p, LEAST, 1.0), float)


@dataclass(frozen=True)
class Tails:
    """Of each place's statistic, shape (places,): ``upper`` is the probability of as much or more, ``lower`` of as
    little or less, ``point`` of just as much (0 where the null is continuous). ``above``, ``below``: permutations with
    as much or more, and as little or less, None where none were made. ``null``: what ``upper`` and ``lower`` come
    from. ``equal``: whether all in a neighbourhood weigh the same. ``step``: what the values were rounded to, 0 where they
    were not. ``skew``: the largest skewness of any place's sum."""

    null: str
    equal: bool
    step: float
    skew: float
    upper: Floats
    lower: Floats
    point: Floats
    permutations: int
    above: Ints | None
    below: Ints | None

    def facing(self, own: Floats) -> Tails:
        """The same of the neighbours' sum times the place's ``own`` deviation: turned over where that is negative, and
        always the same, 0, where that is 0."""
        turn, still = own < 0, own == 0
        upper, lower = np.where(turn, self.lower, self.upper), np.where(turn, self.upper, self.lower)
        out = replace(
            self,
            upper=np.where(still, 1.0, upper),
            lower=np.where(still, 1.0, lower),
            point=np.where(still, 1.0, self.point),
        )
        if self.above is None or self.below is None:
            return out
        above, below = np.where(turn, self.below, self.above), np.where(turn, self.above, self.below)
        n = self.permutations
        return replace(out, above=np.where(still, n, above), below=np.where(still, n, below))

    def p_value(self, ask: Ask) -> Floats:
        upper, lower, _ = self._shown()
        return ask.sided(upper, lower)

    def mid_p(self, ask: Ask) -> Floats:
        """As the p-value, with half of what is just as much; the same where the null is continuous."""
        upper, lower, point = self._shown()
        return ask.sided(upper - point / 2, lower - point / 2)

    def permutation_p(self, ask: Ask) -> Floats:
        """(r + 1) / (n + 1); empty where no permutations were made."""
        if self.above is None or self.below is None:
            return np.zeros(0)
        return ask.sided((self.above + 1) / (self.permutations + 1), (self.below + 1) / (self.permutations + 1))

    def _shown(self) -> tuple[Floats, Floats, Floats]:
        if self.null != "permutation" or self.above is None or self.below is None:
            return self.upper, self.lower, self.point
        n = self.permutations
        return (self.above + 1) / (n + 1), (self.below + 1) / (n + 1), (self.above + self.below - n + 1) / (n + 1)


def sum_tails(
    x: Floats, y: Floats, around: Floats, near: Neighbours, moments: Moments, ask: Ask, own: Floats | None = None
) -> Tails:
    """Tails of each place's neighbours' weighted sum. ``x``: the values; ``y``: less their mean; ``around``: the sums of
    ``y``; shape (places,) each. ``own``: what each place weighs in its sum where its own value is dealt with the
    others; None where the place keeps it and it is in no sum."""
    equal = near.equal and (own is None or bool((own == near.heaviest).all()))
    dealt, step = _dealt(x, near, ask.null, own, equal)
    varies = (moments.variance > 0) & (near.counts > 0)
    skew = float(np.abs(moments.third[varies] / moments.variance[varies] ** 1.5).max()) if varies.any() else 0.0
    null = "exact" if dealt is not None else "moments"
    if ask.null == "permutation" or (null == "moments" and ask.null == "auto" and skew > MOST_SKEW):
        null = "permutation" if ask.permutations != 0 and near.counts.any() else "moments"
    permutations = ask.drawn(near, null)
    above, below = None, None
    if permutations:
        heaviest = float((near.row_sums + (0.0 if own is None else own)).max())
        slack = 1e-10 * float(np.abs(y).max()) * heaviest
        above, below = permutation_ranks(y, near, around, permutations, ask.seed, slack, own)
    if dealt is not None:
        upper, lower, point = dealt.tails()
    else:
        upper, lower = pearson_tails(around - moments.mean, moments)
        drawn = 0 if own is None else 1
        least = least_probability(x.size - 1 + drawn, near.counts + drawn, equal)
        upper, lower, point = np.maximum(upper, least), np.maximum(lower, least), np.zeros(x.size)
    return Tails(null, equal, step, skew, upper, lower, point, permutations, above, below)


def _dealt(x: Floats, near: Neighbours, null: str, own: Floats | None, equal: bool) -> tuple[Dealt | None, float]:
    """The counts for the exact null and what they were rounded to; None where it can't be had. Raises where it was asked
    for.

    Rounding depends on the values and not on where they lie, so that p is exact for the sums of the rounded values.
    """
    if null in ("moments", "permutation"):
        return None, 0.0
    if not equal:
        what = "a place's neighbours" if own is None else "a place and its neighbours"
        why = f"{what} weigh differently; give them equal weights"
    else:
        whole = _whole(x)
        if whole is not None:
            dealt = _deal(whole, near, own)
            if dealt is not None:
                return dealt, 0.0
        for steps in STEPS:
            step = float(x.max() - x.min()) / steps
            if not _resolves(x, step):
                break
            dealt = _deal(np.rint((x - x.min()) / step).astype(np.int64), near, own)
            if dealt is not None:
                return dealt, step
        why = "most values lie too close together beside the greatest; give them on another scale"
    if null == "exact":
        raise ValueError(f"the exact null can't be had: {why}, or ask for null='auto'")
    return None, 0.0


def _deal(whole: Ints, near: Neighbours, own: Floats | None) -> Dealt | None:
    """None where the tables would be too large."""
    weight = np.where(near.counts > 0, near.heaviest, 1.0)
    sums = near.sums(whole) / weight + (0 if own is None else whole)
    draws = near.counts if own is None else near.counts + 1
    dealt = Dealt(whole, draws, np.rint(sums).astype(np.int64), kept=own is None)
    work, entries = dealt.work()
    return dealt if work <= MOST_WORK and entries <= MOST_ENTRIES else None


def _whole(x: Floats) -> Ints | None:
    """The values as whole numbers of one, a tenth, a hundredth or a thousandth; None where they are none."""
    for scale in (1, 10, 100, 1000):
        scaled = x * scale
        nearest = np.rint(scaled)
        if float(np.abs(scaled).sum()) >= 2**53:
            return None
        if (np.abs(scaled - nearest) <= 1e-9 * np.maximum(1.0, np.abs(nearest))).all():
            return nearest.astype(np.int64)
    return None


def _resolves(x: Floats, step: float) -> bool:
    """Whether rounding to ``step`` adds little to the scatter that most values have."""
    low, high = np.quantile(x, [0.01, 0.99])
    inside = x[(x >= low) & (x <= high)]
    return step > 0 and step / 12**0.5 <= MOST_ROUNDED * float(inside.std())
