"""The conditions that local statistics need, and whether the values and neighbours meet them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forestall.results import Check
from forestall.stats._local_null import MOST_SKEW, Ask, Tails
from forestall.stats.neighbours import Neighbours
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]

#: Mean of counts below which z-scores mislead.
SPARSE = 5.0


def local_checks(
    method: str, x: Floats, near: Neighbours, tails: Tails, judged: npt.NDArray[np.bool_], ask: Ask
) -> tuple[Check, ...]:
    """``x``: the values; ``judged``: which places have a p-value; shape (places,) each."""
    out = [_islands(near), _variation(x)]
    if method != "local join count" and (x >= 0).all() and (x == np.floor(x)).all():
        out.append(_sparse(float(x.mean())))
    if ask.null == "auto":
        out.append(Check("exact", tails.null == "exact", _how_exact(tails)))
    if not judged.any():
        return tuple(out)
    permuted = tails.permutation_p(ask)
    if tails.null == "moments":
        out.append(_skew(tails.skew))
    if tails.null == "moments" and permuted.size:
        out.append(_agreement(tails.p_value(ask)[judged], permuted[judged], tails.permutations))
    if tails.null == "permutation":
        out.append(_fine_enough(int(judged.sum()), tails.permutations, ask))
    return tuple(out)


def _islands(near: Neighbours) -> Check:
    islands = int((near.counts == 0).sum())
    if islands == 0:
        return Check("islands", True, msg("Every place has neighbours."))
    return Check(
        "islands", False,
        msg("{n:count} of {all:count} places have no neighbours and are not judged.", n=islands, all=len(near)),
    )  # fmt: skip


def _variation(x: Floats) -> Check:
    if x.min() < x.max():
        return Check("variation", True, msg("The values differ between places."))
    return Check(
        "variation", False,
        msg("All places have the value {value:g}, so that nothing stands out and every p-value is 1.", value=float(x[0])),
    )  # fmt: skip


def _sparse(mean: float) -> Check:
    text: Message
    if mean >= SPARSE:
        text = msg("The counts are not sparse: {mean:.3g} a place on average.", mean=mean)
    else:
        text = msg(
            "Sparse counts, {mean:.3g} a place on average: read the p-values and not the z-scores, which a normal "
            "distribution no longer fits below about {least:g}.",
            mean=mean, least=SPARSE,
        )  # fmt: skip
    return Check("sparse", mean >= SPARSE, text)


def _how_exact(tails: Tails) -> Message:
    if tails.null == "exact" and tails.step == 0:
        return msg("The p-values are exact.")
    if tails.null == "exact":
        return msg("The p-values are exact for the values rounded to steps of {step:.3g}.", step=tails.step)
    if tails.equal:
        why = msg("Most values lie too close together, beside the greatest, for exact p-values")
    else:
        why = msg("The weights in a neighbourhood differ, which exact p-values don't allow")
    if tails.null == "moments":
        return msg("{why}: they are approximate, from exact moments and a Pearson III tail.", why=why)
    return msg("{why}: they come from permutations.", why=why)


def _skew(skew: float) -> Check:
    if skew <= MOST_SKEW:
        return Check("skew", True, msg("The sums are not too skewed for a Pearson III tail."))
    return Check(
        "skew", False,
        msg(
            "The sums are skewed by up to {skew:ratio}, for which a Pearson III tail gives p-values that are too small: "
            "ask for null='permutation'.",
            skew=skew,
        ),
    )  # fmt: skip


def _agreement(p: Floats, permuted: Floats, permutations: int) -> Check:
    """Whether the Pearson tail and the permutations tell the same, but for what drawing scatters (four standard errors)."""
    error = 4 * np.sqrt(2 * permuted * (1 - permuted / 2) / permutations) + 2 / permutations
    share = float((np.abs(p - permuted) > error).mean())
    text: Message
    if share <= 0.01:
        text = msg("The approximate p-values agree with {n:count} permutations.", n=permutations)
    else:
        text = msg(
            "At {share:percent} of places the approximate p-value is further from that of {n:count} permutations than "
            "drawing explains: judge by permutation_p, or ask for null='permutation'.",
            share=share, n=permutations,
        )  # fmt: skip
    return Check("agreement", share <= 0.01, text)


def _fine_enough(places: int, permutations: int, ask: Ask) -> Check:
    """Whether the smallest p that permutations can give would be flagged if a place in a hundred had it."""
    least = (2 if ask.alternative == "two-sided" else 1) / (permutations + 1)
    reach = least * min(100, places) <= ask.fdr
    text: Message
    if reach:
        text = msg("{n:count} permutations are enough to flag places among {all:count}.", n=permutations, all=places)
    else:
        text = msg(
            "{n:count} permutations give no p-value below {least:.2g}, which may flag nothing among {all:count} places: "
            "draw more, or ask for null='auto'.",
            n=permutations, least=least, all=places,
        )  # fmt: skip
    return Check("fine_enough", reach, text)
