"""Do the places that hold most in one year hold most in the next, or were they only unlucky?

Places chosen because they were high have had bad luck too, so the next year they look better whatever is done: regression
to the mean. So what is seen is held against two yardsticks: places that are all alike (pure chance), and places whose
true rates never change. The second is drawn from the rates that fit all years (:mod:`forestall.stats.small_area_rates`),
and already shows much falling away. Only what falls short of it is change.

Weisburd, *The law of crime concentration and the criminology of place*, Criminology 53 (2015) 133-157, finds half of a
city's crime on 4 to 6 % of its street segments, year after year. The yardstick of constant rates is our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats.lorenz_curve import SCHEMA, Floats, half_share, lorenz
from forestall.stats.small_area_rates import prior_nodes
from forestall.text import Message, msg, probability


@register
@dataclass(frozen=True, kw_only=True)
class Stability(Figures):
    """``top_places``: how many make the top. ``stay``: share of one year's top that is in the next year's, shape (years -
    1,), and ``stay_mean`` over the years; ``stay_chance``: the same if places were all alike; ``stay_same_rates``: if their
    rates never changed, with ``stay_same_rates_interval``. ``p_value``: one-sided, that constant rates give so little
    staying. ``share_chosen``: share of events at the top places in the year that chose them, ``share_next``: in the year
    after; ``share_next_same_rates``: what constant rates give then, with its interval. ``rank_correlation``: Spearman's, of
    successive years, mean, with its interval; ``rank_same_rates``: what constant rates give. ``half_share``: share of
    places that holds half, shape (years,)."""

    type_name: ClassVar[str] = "concentration-stability"

    places: int
    years: int
    top: float
    top_places: int
    stay: Floats
    stay_mean: float
    stay_chance: float
    stay_same_rates: float
    stay_same_rates_interval: tuple[float, float]
    p_value: float
    share_chosen: float
    share_next: float
    share_next_same_rates: float
    share_next_same_rates_interval: tuple[float, float]
    rank_correlation: float
    rank_correlation_interval: tuple[float, float]
    rank_same_rates: float
    half_share: Floats
    level: float

    def table(self) -> Table:
        columns = (
            Column("what", msg("What")),
            Column("seen", msg("Seen"), None, True),
            Column("same_rates", msg("If rates never changed"), None, True),
            Column("chance", msg("If places were alike"), None, True),
        )
        rows = (
            (msg("Top places that stay on top"), self.stay_mean, self.stay_same_rates, self.stay_chance),
            (msg("Their share of events, the year that chose them"), self.share_chosen, None, None),
            (msg("Their share of events, the year after"), self.share_next, self.share_next_same_rates, self.top),
            (msg("Rank correlation of successive years"), self.rank_correlation, self.rank_same_rates, 0.0),
        )
        return Table(columns, rows, msg("How lasting the concentration is"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        low, high = self.stay_same_rates_interval
        years = [{"x": i + 2, "y": float(v)} for i, v in enumerate(self.stay)]
        x = {"field": "x", "type": "ordinal", "title": msg("Year").render(language), "axis": {"labelAngle": 0}}
        title = msg("Share of the top that was on top the year before").render(language)
        axis = {"axis": {"format": "%"}, "title": title}
        y = {"field": "y", "type": "quantitative", "scale": {"domain": [0, 1]}, **axis}
        return {
            "$schema": SCHEMA,
            "width": 420,
            "height": 260,
            "layer": [
                {
                    "data": {"values": [{"low": low, "high": high}]},
                    "mark": {"type": "rect", "style": "interval"},
                    "encoding": {
                        "y": {"field": "low", "type": "quantitative", "scale": {"domain": [0, 1]}, **axis},
                        "y2": {"field": "high"},
                    },
                },
                {
                    "data": {"values": [{"y": self.stay_chance}]},
                    "mark": {"type": "rule", "style": "expected"},
                    "encoding": {"y": y},
                },
                {
                    "data": {"values": years},
                    "mark": {"type": "bar", "style": "observed", "width": {"band": 0.3}},
                    "encoding": {"x": x, "y": y},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        said: list[Message] = [
            msg(
                "Of the {k:count} places that held most in one year, {stay:percent} were among the most the year after; "
                "{chance:percent} would be if places were all alike, and {same:percent} if their rates never changed.",
                k=self.top_places, stay=self.stay_mean, chance=self.stay_chance, same=self.stay_same_rates,
            ),
            msg(
                "They held {chosen:percent} of events in the year that chose them and {next:percent} in the year "
                "after, where "
                "constant rates alone would give {same:percent}: places chosen for a bad year fall back of themselves.",
                chosen=self.share_chosen, next=self.share_next, same=self.share_next_same_rates,
            ),
        ]  # fmt: skip
        if self.p_value <= 0.05:
            said.append(
                msg(
                    "Fewer stay than constant rates explain (p {p}), so problems really move or end between years.",
                    p=probability(self.p_value, language),
                )
            )
        else:
            said.append(
                msg(
                    "That is what constant rates give (p {p}), so the falling away is no sign that anything worked.",
                    p=probability(self.p_value, language),
                )
            )
        failed = (c.text for c in self.checks if not c.passed)
        return " ".join(m.render(language) for m in (*said, *failed))


def concentration_stability(
    counts: npt.ArrayLike,
    *,
    top: float = 0.05,
    exposure: npt.ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 199,
    seed: int = 0,
) -> Stability:
    """How lasting the concentration of ``counts``, shape (places, years), is.

    ``top``: the share of places that makes the top, at least one place; of places that tie at its edge each belongs in
    part. ``exposure``: what rates are over, shape (places,); equal where None. Years may differ in their totals, which all
    places are taken to share. Raises ``ValueError`` for fewer than two years or ten places, a year without events,
    negative, missing or broken counts.
    """
    x = np.asarray(counts, float)
    if x.ndim != 2 or x.shape[1] < 2:
        raise ValueError(f"counts of shape {x.shape} have no two years to compare: give one row a place, one column a year")
    bad = ~(np.isfinite(x) & (x >= 0) & (x == np.round(x)))
    if bad.any():
        raise ValueError(f"counts must be whole and 0 or more, with none missing, not {float(x[bad][0])!r}")
    n, years = x.shape
    if n < 10:
        raise ValueError(f"{n} places are too few to speak of the top of them: it takes 10 or more")
    totals = x.sum(0)
    if (totals == 0).any():
        raise ValueError(f"year {int(np.flatnonzero(totals == 0)[0]) + 1} has no events: leave it out")
    if not 0 < top <= 0.5:
        raise ValueError(f"top must be a share of places above 0 and up to 0.5, not {top!r}")
    if draws < 19:
        raise ValueError(f"draws must be 19 or more, not {draws!r}")
    e = np.ones(n) if exposure is None else np.asarray(exposure, float).ravel()
    if e.shape != (n,) or not (np.isfinite(e) & (e > 0)).all():
        raise ValueError("exposure needs one number above 0 for each place")
    e = e / e.sum()
    k = max(1, round(top * n))
    rng = np.random.default_rng(seed)
    mean, spread, weight = prior_nodes(x.sum(1), e * totals.sum())
    seen = _statistics(x, k)
    same = np.empty((draws, 4))
    alike = np.empty(draws)
    for d in range(draws):
        j = rng.choice(weight.size, p=weight)
        shape = 1 / spread[j] ** 2
        theta = rng.gamma(shape + x.sum(1)) / (shape / mean[j] + e * totals.sum())
        expected = theta * e
        same[d] = _statistics(rng.poisson(np.outer(expected / expected.sum(), totals)), k)
        alike[d] = _statistics(rng.poisson(np.outer(e, totals)), k)[0]
    tail = (1 - level) / 2
    stays = np.array([_staying(x[:, t], x[:, t + 1], k) for t in range(years - 1)])

    def interval(column: int) -> tuple[float, float]:
        low, high = np.quantile(same[:, column], [tail, 1 - tail])
        return float(low), float(high)

    return Stability(
        places=n, years=years, top=k / n, top_places=k, stay=stays, stay_mean=float(seen[0]),
        stay_chance=float(alike.mean()), stay_same_rates=float(same[:, 0].mean()), stay_same_rates_interval=interval(0),
        p_value=float((1 + (same[:, 0] <= seen[0] + 1e-12).sum()) / (draws + 1)),
        share_chosen=float(seen[1]), share_next=float(seen[2]), share_next_same_rates=float(same[:, 2].mean()),
        share_next_same_rates_interval=interval(2), rank_correlation=float(seen[3]),
        rank_correlation_interval=_resampled(x, rng, draws, tail, float(seen[3])),
        rank_same_rates=float(same[:, 3].mean()),
        half_share=np.array([half_share(lorenz(x[:, t])) for t in range(years)]), level=level,
        parameters={"top": top, "level": level, "draws": draws, "exposure": exposure is not None}, seed=seed,
        checks=(_full(x, k),),
    )  # fmt: skip


def membership(counts: npt.ArrayLike, k: int) -> Floats:
    """How far each place belongs to the fullest ``k``: 1, 0, or, of those that tie at the edge, the share that has room."""
    x = np.asarray(counts, float)
    edge = np.partition(x, x.size - k)[x.size - k]
    above, tied = x > edge, x == edge
    return np.where(above, 1.0, np.where(tied, (k - above.sum()) / tied.sum(), 0.0))


def _staying(one: Floats, other: Floats, k: int) -> float:
    return float(membership(one, k) @ membership(other, k)) / k


def _statistics(x: npt.NDArray[Any], k: int) -> Floats:
    """Mean over successive years: share that stays, share of events when chosen and the year after, rank correlation."""
    x = np.asarray(x, float)
    rows = []
    member = [membership(x[:, t], k) for t in range(x.shape[1])]
    rank = [_centred(ss.rankdata(x[:, t])) for t in range(x.shape[1])]
    total = np.maximum(x.sum(0), 1.0)
    for t in range(x.shape[1] - 1):
        rows.append(
            [
                float(member[t] @ member[t + 1]) / k,
                float(member[t] @ x[:, t]) / total[t],
                float(member[t] @ x[:, t + 1]) / total[t + 1],
                float(rank[t] @ rank[t + 1]),
            ]
        )
    return np.asarray(np.mean(rows, 0), float)


def _centred(rank: Floats) -> Floats:
    """Ranks about their mean, of length 1; all 0 where every place ties."""
    r = rank - rank.mean()
    length = float(np.sqrt(r @ r))
    return np.asarray(r / length if length > 0 else r, float)


def _resampled(x: Floats, rng: np.random.Generator, draws: int, tail: float, seen: float) -> tuple[float, float]:
    """Interval of the mean rank correlation by resampling places, symmetric on Fisher's scale."""
    out = np.empty(draws)
    for d in range(draws):
        rows = x[rng.integers(0, x.shape[0], x.shape[0])]
        rank = [_centred(ss.rankdata(rows[:, t])) for t in range(x.shape[1])]
        out[d] = np.mean([rank[t] @ rank[t + 1] for t in range(x.shape[1] - 1)])
    z = np.arctanh(np.clip(out, -0.999999, 0.999999))
    reach = float(ss.norm.isf(tail)) * float(z.std(ddof=1))
    middle = np.arctanh(np.clip(seen, -0.999999, 0.999999))
    return float(np.tanh(middle - reach)), float(np.tanh(middle + reach))


def _full(x: Floats, k: int) -> Check:
    """Whether the top is told apart from the rest at all: in sparse counts ties decide."""
    edge = min(float(np.partition(x[:, t], x.shape[0] - k)[x.shape[0] - k]) for t in range(x.shape[1]))
    text = (
        msg("The top places hold {n:count} events or more a year.", n=edge)
        if edge >= 3
        else msg(
            "With {n:count} events a year at the edge of the top, luck decides who belongs to it: take more years "
            "together.",
            n=edge,
        )
    )
    return Check("told-apart", edge >= 3, text)
