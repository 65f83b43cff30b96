"""What would have happened at the places treated? Weights on thousands of small places that nobody treated, under
which their totals are those of the treated places in each period before, and in each covariate: what follows under
the same weights is what would have followed.

The design used for drug-market interventions on street blocks: Robbins, Saunders and Kilmer, *A framework for
synthetic control methods with high-dimensional, micro-level data*, Journal of the American Statistical Association
112 (2017) 109-126. Weights by entropy balancing (:mod:`forestall.stats._balancing`), or the nearest that can be had
where no weights are exact. The effect is the treated places' total after, less the weighted total after. It is held
against the same for placebo groups of places, each weighted anew from all the others: the p-value is (r + 1)/(n + 1). As
in any permutation test the treated places may fall into placebo groups, and be weighted for them: left out, places that
happen to be odd would be missing from what is called chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._balancing import Balanced, Bools, balance
from forestall.stats._levels import checked_labels
from forestall.stats._shift_charts import SCHEMA, period_axis, unique
from forestall.stats._unfit import Unfit
from forestall.stats.rates import Floats, check_level, finite
from forestall.text import Message, msg, probability

#: An effective number of places below which the comparison rests on too few of them.
LEAST_EFFECTIVE = 10

#: Placebo groups are drawn, for each place treated, from this share of the candidates that are nearest to it in total
#: before, and from at least so many.
ALIKE_SHARE, ALIKE_LEAST = 0.1, 30

#: Where the treated places are worse reproduced than all but this share of placebo groups, these are no measure of chance.
WORST = 0.05


@dataclass(frozen=True, kw_only=True)
class CalibratedOutcome:
    """One outcome. ``treated`` and ``weighted``: totals in each period, shape (periods,). ``estimate``: total after
    of the treated places less the weighted one. ``score``: that over its standard error under Poisson counts, which
    is what is ranked among placebo groups."""

    name: str
    treated: Floats
    weighted: Floats
    before: tuple[float, float]
    after: tuple[float, float]
    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    score: float


@register
@dataclass(frozen=True, kw_only=True)
class CalibrationWeights(Figures):
    """``estimate``, ``standard_error``, ``interval`` and ``p_value`` are those of the first outcome, which a design
    fixes beforehand; ``outcomes`` has them all, and ``omnibus_p`` tests them together. ``weights``: shape (places,),
    0 for the treated and for what may not be compared. ``exact``: whether each total before is reproduced; if not,
    ``distance`` is the root mean square by which they miss, per place and in standard deviations over the candidates.
    ``effective_size``: (Σw)²/Σw². ``placebos``: scores of the placebo groups, shape (groups, outcomes)."""

    type_name: ClassVar[str] = "calibration-weights"
    version: ClassVar[str] = "2"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    outcomes: tuple[CalibratedOutcome, ...]
    omnibus_p: float
    labels: tuple[str, ...]
    first_post: int
    weights: Floats
    exact: bool
    distance: float
    effective_size: float
    placebos: Floats

    @property
    def log_ratio(self) -> tuple[float, float]:
        """Logarithm of what was counted over what was expected, and its standard error (delta method), for pooling;
        NaN where either is 0."""
        seen, expected = self.outcomes[0].after
        if not (seen > 0 and expected > 0):
            return math.nan, math.nan
        return math.log(seen / expected), self.standard_error / expected

    def table(self) -> Table:
        columns = (
            Column("outcome", msg("Outcome")),
            Column("treated_before", msg("Treated, before"), None, True),
            Column("weighted_before", msg("Weighted comparison, before"), None, True),
            Column("treated_after", msg("Treated, after"), None, True),
            Column("weighted_after", msg("Weighted comparison, after"), None, True),
            Column("effect", msg("Effect"), None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("change", msg("Change"), msg("% of what was expected"), True),
            Column("p_value", msg("p-value, two-sided"), None, True),
        )
        rows = tuple(
            (
                o.name, *o.before, *o.after, o.estimate, finite(o.interval[0]), finite(o.interval[1]),
                100 * o.estimate / o.after[1] if o.after[1] > 0 else None, finite(o.p_value),
            )
            for o in self.outcomes
        )  # fmt: skip
        caption = msg("Treated places against a weighted comparison, with the {level:percent} interval", level=self.level)
        return Table(columns, rows, caption)

    def chart(self, language: str = "en") -> dict[str, Any]:
        first, labels = self.outcomes[0], unique(self.labels)
        rows = [
            {"period": p, "treated": float(t), "weighted": float(w)}
            for p, t, w in zip(labels, first.treated, first.weighted, strict=True)
        ]
        x = period_axis(labels, language)
        title = msg("count a period").render(language)
        after = [{"period": p} for p in labels[self.first_post :]]
        layers: list[dict[str, Any]] = [
            {
                "data": {"values": after},
                "mark": {"type": "bar", "style": "interval", "width": {"band": 1}},
                "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": "height"}},
            }
        ]
        for name, style in (("weighted", "expected"), ("treated", "observed")):
            y = {"field": name, "type": "quantitative", "title": title}
            layers.append({"mark": {"type": "line", "style": style}, "encoding": {"x": x, "y": y}})
        return {"$schema": SCHEMA, "width": 600, "height": 240, "data": {"values": rows}, "layer": layers}

    def explain(self, language: str = "en") -> str:
        first = self.outcomes[0]
        said: list[Message] = [
            msg(
                "{seen:count} were counted at the treated places after the start, where {expected:decimal} would have "
                "been expected from {places:count} untreated places, weighted so that they reproduce the history "
                "before.",
                seen=first.after[0], expected=first.after[1], places=int((self.weights > 1e-9).sum()),
            )
        ]  # fmt: skip
        if math.isnan(self.p_value):
            said.append(msg("How much of that is chance can't be told here, so there is no interval and no p-value."))
        else:
            fits: dict[str, Any] = {
                "low": first.interval[0],
                "high": first.interval[1],
                "p": probability(self.p_value, language),
            }
            effect = first.estimate
            if self.p_value > 1 - self.level:
                said.append(
                    msg(
                        "That is no clear effect: differences from {low:decimal} to {high:decimal} fit what placebo groups "
                        "show by chance (p {p}).",
                        **fits,
                    )
                )
            elif effect < 0:
                said.append(
                    msg(
                        "That is {n:decimal} fewer; differences from {low:decimal} to {high:decimal} fit (p {p}, "
                        "against placebo groups).",
                        n=-effect, **fits,
                    )
                )  # fmt: skip
            else:
                said.append(
                    msg(
                        "That is {n:decimal} more; differences from {low:decimal} to {high:decimal} fit (p {p}, "
                        "against placebo groups).",
                        n=effect, **fits,
                    )
                )  # fmt: skip
        if len(self.outcomes) > 1 and not math.isnan(self.omnibus_p):
            said.append(
                msg(
                    "All {n:count} outcomes together: p {p}.",
                    n=len(self.outcomes), p=probability(self.omnibus_p, language),
                )
            )  # fmt: skip
        said.append(
            msg(
                "It can't tell what else began at the treated places at that time. If they were chosen because they "
                "had just been high, so must be the groups that they are held against."
            )
        )
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)


def calibration_weights(
    counts: npt.ArrayLike,
    treated: npt.ArrayLike,
    first_post: int,
    *,
    covariates: npt.ArrayLike | None = None,
    candidates: npt.ArrayLike | None = None,
    outcomes: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    every: int = 1,
    draws: int = 999,
    groups: Sequence[Sequence[int]] | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> CalibrationWeights:
    """Weights untreated places so that they reproduce the treated ones before ``first_post``, and compares what came after.

    ``counts``: shape (places, periods), or (outcomes, places, periods); 0 or more. ``treated``: boolean, (places,).
    ``first_post``: index of the first period after the start. ``covariates``: (places, covariates), whose totals are
    to be reproduced too (population, deprivation …). ``candidates``: boolean, (places,): which may bear weight or
    stand in a placebo group; leave a displacement ring out. ``every``: periods before are added up in blocks of so
    many, counted back from the start; larger blocks are reproduced exactly more often. ``draws``: placebo groups of
    as many candidates as there are treated places, each like one of them in its total before. ``groups``: index lists
    of placebo groups to use instead, chosen as the treated places were chosen (neighbouring places, or the month's
    highest); they may be of any size.

    Raises ``ValueError`` for numbers that can't be, shapes that don't match, fewer than two periods before or none
    after, or where nothing was counted at the treated places before.
    """
    check_level(level)
    y, hit, free, extra, names, periods = _checked(
        counts, treated, first_post, covariates, candidates, outcomes, labels, every, draws
    )
    pre = _blocks(y[:, :, :first_post], every)
    columns, matched = _columns(pre, extra, free, hit)
    placebo, why_none = _groups(groups, y[0, :, :first_post].sum(1), hit, free, draws, seed)
    sets = [np.flatnonzero(hit), *placebo]
    sizes = np.array([len(g) for g in sets], float)
    usable = np.tile(free | hit, (len(sets), 1))
    for row, group in zip(usable, sets, strict=True):
        row[group] = False
    targets = np.array([columns[g].sum(0) for g in sets])
    made = balance(columns, targets, sizes, usable)
    after = y[:, :, first_post:].sum(2)
    seen = np.array([after[:, g].sum(1) for g in sets])
    expected = made.weights @ after.T
    scale = np.sqrt(np.maximum(expected + made.weights**2 @ after.T, 1.0))
    score = (seen - expected) / scale
    honest, checks = _judged(made, sizes, score, matched, why_none, level)
    found = tuple(
        _outcome(name, y[k], hit, made.weights[0], first_post, score[:, k], scale[0, k], honest, level)
        for k, name in enumerate(names)
    )
    first = found[0]
    return CalibrationWeights(
        estimate=first.estimate, standard_error=first.standard_error, interval=first.interval, p_value=first.p_value,
        level=level, outcomes=found, omnibus_p=_omnibus(score) if honest else math.nan, labels=periods,
        first_post=first_post, weights=made.weights[0], exact=bool(made.exact[0]), distance=float(made.distance[0]),
        effective_size=_effective(made.weights[0]), placebos=score[1:],
        parameters={
            "first_post": first_post, "every": every, "draws": draws, "groups": None if groups is None else len(placebo),
            "covariates": extra.shape[1], "level": level,
        },
        seed=seed if groups is None and placebo else None, checks=checks,
    )  # fmt: skip


def _outcome(
    name: str, y: Floats, hit: Bools, weights: Floats, first: int, score: Floats, scale: float, honest: bool, level: float
) -> CalibratedOutcome:
    seen, expected = y[hit].sum(0), weights @ y
    effect = float(seen[first:].sum() - expected[first:].sum())
    error, interval, p = math.nan, (math.nan, math.nan), math.nan
    if honest:
        chance = np.sort(np.abs(score[1:]))[::-1]
        p = float((1 + (chance >= abs(score[0])).sum()) / (chance.size + 1))
        reach = float(chance[math.floor((1 - level) * (chance.size + 1) + 1e-9) - 1]) * scale
        error, interval = float(math.sqrt((chance**2).mean()) * scale), (effect - reach, effect + reach)
    return CalibratedOutcome(
        name=name, treated=seen, weighted=expected, before=(float(seen[:first].sum()), float(expected[:first].sum())),
        after=(float(seen[first:].sum()), float(expected[first:].sum())), estimate=effect, standard_error=error,
        interval=interval, p_value=p, score=float(score[0]),
    )  # fmt: skip


def _omnibus(score: Floats) -> float:
    """Rank of the treated group's distance from 0, as scores of all groups scatter together."""
    together = score.T @ score / len(score)
    far = np.einsum("bi,ij,bj->b", score, np.linalg.pinv(together), score)
    return float((1 + (far[1:] >= far[0] - 1e-12).sum()) / len(far))


def _judged(
    made: Balanced, sizes: Floats, score: Floats, matched: Check, why_none: Message | None, level: float
) -> tuple[bool, tuple[Check, ...]]:
    """Whether placebo groups are an honest measure of chance, and what was checked."""
    placebos = len(sizes) - 1
    checks = [_exactness(made), matched]
    effective = _effective(made.weights[0])
    checks.append(
        Check(
            "effective-size",
            effective >= LEAST_EFFECTIVE,
            msg("The weights are worth {n:count} places of equal weight.", n=effective)
            if effective >= LEAST_EFFECTIVE
            else msg(
                "The comparison rests on few places: the weights are worth only {n:decimal} of equal weight.", n=effective
            ),
        )
    )
    needed = math.ceil(1 / (1 - level) - 1e-9) - 1
    if why_none is None and placebos < needed:
        why_none = msg(
            "With {n:count} placebo groups no p-value could be below {alpha:percent}; {needed:count} are needed.",
            n=placebos, alpha=1 - level, needed=needed,
        )  # fmt: skip
    if why_none is not None:
        return False, (*checks, Check("placebos", False, why_none))
    checks.append(Check("placebos", True, msg("{n:count} placebo groups were weighted in the same way.", n=placebos)))
    rank = float((1 + (made.distance[1:] >= made.distance[0]).sum()) / (placebos + 1))
    like = bool(made.exact[0]) or rank > WORST
    checks.append(
        Check(
            "fit-among-placebos",
            like,
            msg("The treated places are reproduced no worse than placebo groups are.")
            if like
            else msg(
                "The treated places are like no untreated ones (larger, or of another course): nearly every placebo "
                "group is reproduced better, so placebo groups don't measure chance here."
            ),
        )
    )
    middle, spread = float(np.median(score[1:, 0])), float(score[1:, 0].std())
    lean = abs(middle) > 0.5 * spread
    checks.append(
        Check(
            "placebo-lean",
            not lean,
            msg("Placebo groups lean one way where nothing was done: the weights carry a bias of about that size.")
            if lean
            else msg("Placebo groups lean neither way."),
        )
    )
    return like, tuple(checks)


def _exactness(made: Balanced) -> Check:
    if made.exact[0]:
        return Check("exact", True, msg("The weighted totals reproduce each total before exactly."))
    text = msg(
        "No weights reproduce each total before; the nearest miss by {d} standard deviations of a place, in the root "
        "mean square. Longer blocks or fewer totals can be met more often.",
        d=f"{made.distance[0]:.2g}",
    )
    return Check("exact", False, text)


def _effective(weights: Floats) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _blocks(pre: Floats, every: int) -> Floats:
    """Totals of blocks of ``every`` periods, counted back from the last; what is left over at the beginning is a shorter
    block. (outcomes, places, blocks)."""
    starts = np.arange(pre.shape[2] % every, pre.shape[2], every)
    if starts[0]:
        starts = np.concatenate([[0], starts])
    return np.add.reduceat(pre, starts, axis=2)


def _columns(pre: Floats, extra: Floats, free: Bools, hit: Bools) -> tuple[Floats, Check]:
    """What is to be reproduced, about 0 and in standard deviations over the candidates; columns that don't differ
    among them can't be, and are left out."""
    raw = np.column_stack([pre.transpose(1, 0, 2).reshape(pre.shape[1], -1), extra])
    middle, spread = raw[free].mean(0), raw[free].std(0)
    same = spread <= 1e-12 * np.maximum(1.0, np.abs(middle))
    lost = same & (np.abs(raw[hit] - middle).max(0) > 1e-9 * np.maximum(1.0, np.abs(middle)))
    kept = ~same
    columns = (raw[:, kept] - middle[kept]) / spread[kept]
    n = int(lost.sum())
    text = (
        msg(
            "{n:count} of the totals can't be reproduced: all candidates are alike there, and unlike the treated places.",
            n=n,
        )
        if n
        else msg("Each total differs among the candidates, or is that of the treated places.")
    )
    return columns, Check("reproducible", n == 0, text)


def _groups(
    given: Sequence[Sequence[int]] | None, total: Floats, hit: Bools, free: Bools, draws: int, seed: int
) -> tuple[list[npt.NDArray[np.int64]], Message | None]:
    """Index arrays of the placebo groups, and why there are none."""
    pool = np.flatnonzero(free | hit)
    if given is not None:
        return [_group(g, free | hit) for g in given], None
    size = int(hit.sum())
    if draws == 0:
        return [], msg("No placebo groups were asked for.")
    if pool.size < 3 * size:
        return [], msg(
            "There are {n:count} candidates for {size:count} treated places: too few for placebo groups and places to "
            "weight.",
            n=pool.size - size, size=size,
        )  # fmt: skip
    rng = np.random.default_rng(seed)
    reach = min(pool.size, max(ALIKE_LEAST, 2 * size, round(ALIKE_SHARE * pool.size)))
    order = np.log(total[pool] + 0.5)
    near = np.array([np.argsort(np.abs(order - o), kind="stable")[:reach] for o in np.log(total[hit] + 0.5)])
    picks = np.empty((draws, size), np.int64)
    open_ = np.arange(draws)
    for _ in range(200):
        picks[open_] = near[np.arange(size), rng.integers(0, reach, (open_.size, size))]
        ordered = np.sort(picks[open_], axis=1)
        open_ = open_[(ordered[:, 1:] == ordered[:, :-1]).any(1)]
        if not open_.size:
            break
    for b in open_:  # many treated places alike: go through them in turn, and never take one twice
        taken: list[int] = []
        for row in near:
            rest = np.setdiff1d(row, taken)
            taken.append(int(rng.choice(rest)))
        picks[b] = taken
    return list(pool[picks]), None


def _group(given: Sequence[int], allowed: Bools) -> npt.NDArray[np.int64]:
    ids = np.asarray(given)
    whole = ids.ndim == 1 and ids.size > 0 and ids.dtype.kind in "iu"
    if not whole or ids.min() < 0 or ids.max() >= allowed.size or np.unique(ids).size != ids.size:
        raise ValueError(f"each placebo group must list different places from 0 to {allowed.size - 1}, at least one")
    if not allowed[ids].all():
        raise ValueError("a placebo group holds a place that is no candidate: give candidates, or treated places, only")
    if ids.size >= allowed.sum():
        raise ValueError("a placebo group holds every place, which leaves none to weight: give smaller groups")
    return ids.astype(np.int64)


def _checked(
    counts: npt.ArrayLike,
    treated: npt.ArrayLike,
    first_post: int,
    covariates: npt.ArrayLike | None,
    candidates: npt.ArrayLike | None,
    outcomes: Sequence[str] | None,
    labels: Sequence[str] | None,
    every: int,
    draws: int,
) -> tuple[Floats, Bools, Bools, Floats, tuple[str, ...], tuple[str, ...]]:
    y = np.asarray(counts, float)
    y = y[None] if y.ndim == 2 else y
    if y.ndim != 3 or 0 in y.shape:
        raise ValueError("counts must have a row for each place and a column for each period, once for each outcome")
    if not (np.isfinite(y) & (y >= 0)).all():
        raise ValueError("counts must be 0 or more, with none missing: fill a gap, or leave the period out")
    places, periods = y.shape[1:]
    hit = _mask("treated", treated, places)
    free = np.ones(places, bool) if candidates is None else _mask("candidates", candidates, places)
    free &= ~hit
    if not hit.any():
        raise ValueError("no place is treated: mark at least one")
    if free.sum() < 2:
        raise Unfit(msg("fewer than two untreated places are left to weight: give more candidates"))
    if isinstance(first_post, bool) or first_post != int(first_post) or not 0 <= first_post < periods:
        raise ValueError(f"first_post must be the index of a period, from 0 to {periods - 1}, not {first_post!r}")
    if first_post < 2:
        raise Unfit(msg("at least two periods before the start are needed, so that there is a history to reproduce"))
    if isinstance(every, bool) or every != int(every) or not 1 <= every <= first_post:
        raise ValueError(
            f"every must be a whole number of periods from 1 to the {first_post} before the start, not {every!r}"
        )
    if isinstance(draws, bool) or draws != int(draws) or not 0 <= draws <= 1_000_000:
        raise ValueError(f"draws must be a whole number from 0 to a million, not {draws!r}")
    if y[0, hit, :first_post].sum() == 0:
        raise Unfit(msg("nothing was counted at the treated places before the start, so there is nothing to reproduce"))
    extra = np.zeros((places, 0)) if covariates is None else np.asarray(covariates, float)
    extra = extra[:, None] if extra.ndim == 1 else extra
    if extra.shape[0] != places or extra.ndim != 2:
        raise ValueError(f"covariates must have a row for each of the {places} places")
    if not np.isfinite(extra).all():
        raise ValueError("a covariate is missing or infinite: fill it, or leave the place or the covariate out")
    names = checked_labels(outcomes, len(y), "outcomes", of="outcomes")
    return y, hit, free, extra, names, checked_labels(labels, periods)


def _mask(name: str, given: npt.ArrayLike, places: int) -> Bools:
    mask = np.asarray(given)
    if mask.shape != (places,) or not np.isin(mask, (0, 1)).all():
        raise ValueError(f"{name} must be true or false for each of the {places} places")
    return mask.astype(bool)
