"""Local statistics: around which places is there more, or less, than chance would give?

Gi* and Gi (Getis and Ord 1992, Ord and Getis 1995), local Moran (Anselin 1995) and the local join count (Anselin and Li
2019) on any neighbours. Each is a weighted sum over a place's neighbours, set against the conditional null: the place
keeps its own value and the others are dealt over the map at random. Where the values are whole numbers and a place's
neighbours weigh the same, that null depends on the place through its own value and its number of neighbours alone, and
every p-value is exact (:mod:`forestall.stats._local_exact`). Otherwise exact moments give a Pearson III tail, with
permutations as the check.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.stats._local_checks import local_checks
from forestall.stats._local_moments import sum_moments
from forestall.stats._local_null import Ask, Tails, sum_tails
from forestall.stats._local_result import LocalStatistic
from forestall.stats._unfit import Unfit
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.neighbours import Neighbours
from forestall.text import msg_n

__all__ = ["LocalStatistic", "getis_ord", "local_join_count", "local_moran"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def getis_ord(
    values: npt.ArrayLike,
    neighbours: Neighbours,
    *,
    star: bool = True,
    own: str = "kept",
    null: str = "auto",
    alternative: str = "two-sided",
    fdr: float = 0.05,
    permutations: int | None = None,
    seed: int = 0,
) -> LocalStatistic:
    """Gi* of every place (Gi where ``star`` is False: without the place itself).

    ``values``: shape (places,), finite; whole numbers for the exact null. ``neighbours``: of as many places. With
    ``star`` a place weighs in its own neighbourhood what ``neighbours.own`` says, and as much as its heaviest neighbour
    where that is 0. ``own``: by chance a place keeps its own value, so that its neighbours are judged (``kept``), or its
    value is ``dealt`` with the others, so that the place is judged with its neighbours, as the z-score of Gi* does.
    ``null``: ``exact``, ``moments``, ``permutation``, or ``auto`` for the first where it can be had and the second
    otherwise. ``alternative``: ``two-sided``, ``greater`` (hot spots) or ``less``. ``fdr``: the false discovery rate at
    which places are flagged. ``permutations``: how many to draw beside (None: 999 unless the null is exact); their p is
    (r + 1) / (n + 1).

    Raises ``ValueError``, quoting what is wrong, for values that are missing or not as many as the places, fewer than
    three places, and an exact null that can't be had.
    """
    x = _values(values, neighbours)
    if own not in ("kept", "dealt"):
        raise ValueError(f"own must be kept or dealt, not {own!r}")
    if own == "dealt" and not star:
        raise ValueError("own is 'dealt', and without star a place is not in its neighbourhood: leave one of them out")
    ask = Ask(null, alternative, fdr, permutations, seed)
    y = _centred(x)
    itself = np.where(neighbours.own > 0, neighbours.own, neighbours.heaviest) if star else np.zeros(x.size)
    dealt = itself if own == "dealt" else None
    moments = sum_moments(y, neighbours, dealt)
    around = neighbours.sums(y)
    whole = neighbours.row_sums + itself
    if star:
        z = _star_z(y, around + itself * y, whole, neighbours.square_sums + itself**2)
    else:
        z = _ratio(around - moments.mean, moments.variance)
    drawn = around if dealt is None else around + itself * y
    tails = sum_tails(x, y, drawn, neighbours, moments, ask, dealt)
    seen = neighbours.sums(x)
    expected = moments.mean + float(x.mean()) * whole + (itself * y if dealt is None else 0.0)
    return _result(
        "Gi*" if star else "Gi", x, neighbours, ask, tails, seen, statistic=seen + itself * x, expected=expected,
        variance=moments.variance, z=z, kind=np.where(drawn > moments.mean, "high", "low"), told={"star": star, "own": own},
    )  # fmt: skip


def local_moran(
    values: npt.ArrayLike,
    neighbours: Neighbours,
    *,
    null: str = "auto",
    alternative: str = "two-sided",
    fdr: float = 0.05,
    permutations: int | None = None,
    seed: int = 0,
) -> LocalStatistic:
    """Moran's I of every place, I = (x - mean) / m₂ · Σ w (x_neighbour - mean) with m₂ the mean square about the mean.

    ``greater`` asks for places that are like their neighbours, ``less`` for those that are unlike. The rest as in
    :func:`getis_ord`; give ``neighbours.row_standardised()`` for the mean of the neighbours in place of their sum. Raises
    ``ValueError`` too where a place weighs in its own neighbourhood, which I has no room for.
    """
    x = _values(values, neighbours)
    _without_self(neighbours, "local Moran")
    ask = Ask(null, alternative, fdr, permutations, seed)
    y = _centred(x)
    scale = float((y**2).mean())
    scale = scale if scale > 0 else 1.0
    moments = sum_moments(y, neighbours)
    around = neighbours.sums(y)
    tails = sum_tails(x, y, around, neighbours, moments, ask).facing(y)
    statistic, expected, variance = y * around / scale, y * moments.mean / scale, y**2 * moments.variance / scale**2
    kind = np.where(y > 0, np.where(around > 0, "HH", "HL"), np.where(around > 0, "LH", "LL"))
    return _result(
        "local Moran", x, neighbours, ask, tails, neighbours.sums(x), statistic=statistic,
        expected=expected, variance=variance, z=_ratio(statistic - expected, variance), kind=kind,
    )  # fmt: skip


def local_join_count(
    flags: npt.ArrayLike,
    neighbours: Neighbours,
    *,
    null: str = "auto",
    alternative: str = "greater",
    fdr: float = 0.05,
    permutations: int | None = None,
    seed: int = 0,
) -> LocalStatistic:
    """How many of each marked place's neighbours are marked too; the exact null is hypergeometric.

    ``flags``: True or False (1 or 0), shape (places,). Unmarked places have no join and are not judged. The rest as in
    :func:`getis_ord`, one-sided by default because joins are asked for. Raises ``ValueError`` for other flags, and
    where a place weighs in its own neighbourhood.
    """
    x = _values(flags, neighbours, "flags")
    bad = (x != 0) & (x != 1)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"flags[{i}] is {float(x[i]):g}: flags are True or False, 1 or 0; counts are for getis_ord")
    _without_self(neighbours, "the local join count")
    ask = Ask(null, alternative, fdr, permutations, seed)
    y = _centred(x)
    moments = sum_moments(y, neighbours)
    around = neighbours.sums(y)
    joins = neighbours.sums(x)
    tails = sum_tails(x, y, around, neighbours, moments, ask)
    return _result(
        "local join count", x, neighbours, ask, tails, joins, statistic=joins,
        expected=moments.mean + float(x.mean()) * neighbours.row_sums,
        variance=moments.variance, z=_ratio(around - moments.mean, moments.variance),
        kind=np.where(x == 1, "joined", ""), judged=x == 1,
    )  # fmt: skip


def _values(values: npt.ArrayLike, near: Neighbours, name: str = "values") -> Floats:
    x = np.asarray(values)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers, not of type {x.dtype}")
    x = x.astype(float).ravel()
    if x.size != len(near):
        raise ValueError(f"there are {x.size} {name} and neighbours of {len(near)} places: give one for each")
    bad = ~np.isfinite(x)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(
            f"{name}[{i}] is {float(x[i])}: give the place its number, or leave it out of {name} and neighbours"
        )
    if x.size < 3:
        raise Unfit(
            msg_n(
                "there is {n:count} place: chance can be judged among 3 or more",
                "there are {n:count} places: chance can be judged among 3 or more",
                n=x.size,
            )
        )
    top = float(np.abs(x).max())
    if top > 1e90 or 0 < top < 1e-90:
        raise ValueError(f"{name} reach {top:g}, beyond what can be multiplied: give them in another unit")
    return x


def _without_self(near: Neighbours, what: str) -> None:
    if near.own.any():
        i = int(np.argmax(near.own > 0))
        raise ValueError(f"place {i} is in its own neighbourhood, and {what} compares it with others: use without_self()")


def _centred(x: Floats) -> Floats:
    """Values less their mean, and exactly 0 where a value is the mean."""
    y = x - x.mean()
    y -= y.mean()
    y[np.abs(y) <= 1e-13 * np.abs(x).max()] = 0.0
    return np.asarray(y, float)


def _star_z(y: Floats, around: Floats, w1: Floats, w2: Floats) -> Floats:
    """Ord and Getis's Gi*; its own null deals the place's value too. ``around``: the weighted sum of ``y``, itself in
    it."""
    n = y.size
    spread = (n * w2 - w1**2) / (n - 1)
    return _ratio(around, float((y**2).mean()) * np.where(spread <= 1e-12 * w2, 0.0, spread))


def _ratio(deviation: Floats, variance: Floats) -> Floats:
    """Deviations over standard deviations; NaN where nothing varies."""
    varies = variance > 0
    return np.where(varies, deviation / np.sqrt(np.where(varies, variance, 1.0)), np.nan)


def _result(
    method: str, x: Floats, near: Neighbours, ask: Ask, tails: Tails, seen: Floats, *, statistic: Floats,
    expected: Floats, variance: Floats, z: Floats, kind: npt.NDArray[np.str_],
    judged: Bools | None = None, told: dict[str, Any] | None = None,
) -> LocalStatistic:  # fmt: skip
    judged = (near.counts > 0) if judged is None else judged & (near.counts > 0)
    nothing = np.where(judged, 0.0, np.nan)
    p, permuted = tails.p_value(ask), tails.permutation_p(ask)
    q = np.full(x.size, np.nan)
    q[judged] = benjamini_hochberg(p[judged])
    flagged = judged & (q <= ask.fdr)
    weight = np.where(near.counts > 0, near.row_sums, 1.0)
    asked = {"null": ask.null, "alternative": ask.alternative, "fdr": ask.fdr, "permutations": tails.permutations}
    return LocalStatistic(
        method=method, null=tails.null, alternative=ask.alternative, fdr=ask.fdr, values=x, neighbours=near.counts,
        around=np.where(near.counts > 0, seen / weight, np.nan), statistic=statistic + nothing,
        expected=expected + nothing, variance=variance + nothing, z_score=z + nothing, p_value=p + nothing,
        mid_p=tails.mid_p(ask) + nothing,
        permutation_p=permuted + nothing if permuted.size else permuted, q_value=q, flagged=flagged,
        kind=np.where(judged, kind, ""), parameters={**(told or {}), **asked},
        seed=ask.seed if tails.permutations else None,
        checks=local_checks(method, x, near, tails, judged, ask),
    )  # fmt: skip
