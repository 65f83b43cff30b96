"""Did the events come where the forecast said, and did it beat last year's counts?

PAI: Chainey, Tompson and Uhlig, *The utility of hotspot mapping for predicting spatial patterns of crime*, Security
Journal 21 (2008) 4-28. PEI: Hunt, *Do crime hot spots move?* (2016). Intervals: Clopper and Pearson (1934). Paired
comparison: McNemar's exact test, and the interval of Bonett and Price, *Adjusted Wald confidence interval for a difference
of binomial proportions based on paired data*, Journal of Educational and Behavioral Statistics 37 (2012) 479-488.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._event_grid import Floats, numbers
from forestall.stats._unfit import Unfit
from forestall.stats.hotspots import HotspotForecast
from forestall.text import Message, msg, msg_n

SHARES = (0.01, 0.02, 0.05, 0.10, 0.20)
#: Risks that differ by less than this part of the largest are the same risk.
TIE = 1e-12
VERDICTS = ("better", "worse", "unclear", "not compared", "is the naive", "not known")


@register
@dataclass(frozen=True, kw_only=True)
class HotspotAccuracy(Figures):
    """Of ``events`` later ones, how many the riskiest ``shares`` of the area held. All arrays have one entry a share.

    ``captured``: events, a fraction where places tie at the cut. ``rate``: captured over all, ``rate_interval`` (shares, 2)
    its exact binomial interval. ``pai``: rate over share of area. ``best``: the most events that any choice of that area
    could have captured; ``pei``: captured over best; its interval takes best as it came out. ``curve_area`` and
    ``curve_rate``: the recapture curve, with ``curve_best`` of the best choice and ``curve_naive`` of the naive forecast.
    ``naive_captured``, ``difference`` (rate less the naive rate), ``difference_interval``, ``p_value`` (two-sided): the
    paired comparison; not numbers where none was made. ``verdict`` is of the share ``judged_at`` alone."""

    type_name: ClassVar[str] = "hotspot-accuracy"

    shares: Floats
    captured: Floats
    rate: Floats
    rate_interval: Floats
    pai: Floats
    pai_interval: Floats
    best: Floats
    pei: Floats
    pei_interval: Floats
    naive_captured: Floats
    difference: Floats
    difference_interval: Floats
    p_value: Floats
    judged_at: float
    verdict: str
    events: float
    places: int
    level: float
    curve_area: Floats
    curve_rate: Floats
    curve_best: Floats
    curve_naive: Floats

    @property
    def beats_naive(self) -> bool:
        """Whether the forecast captured more than the naive one, by more than chance, at ``judged_at``."""
        return self.verdict == "better"

    def table(self) -> Table:
        """A row for each share of the area."""
        names = (
            ("share", msg("Share of the area")),
            ("captured", msg("Events captured")),
            ("rate", msg("Share of events captured")),
            ("rate_low", msg("Share of events captured, low")),
            ("rate_high", msg("Share of events captured, high")),
            ("pai", msg("PAI")),
            ("pai_low", msg("PAI, low")),
            ("pai_high", msg("PAI, high")),
            ("best", msg("Most that could be captured")),
            ("pei", msg("PEI")),
            ("naive", msg("Captured by last year's counts")),
            ("difference", msg("Difference of the shares captured")),
            ("difference_low", msg("Difference, low")),
            ("difference_high", msg("Difference, high")),
            ("p", msg("p, two-sided")),
        )
        columns = np.column_stack(
            [
                self.shares, self.captured, self.rate, self.rate_interval, self.pai, self.pai_interval, self.best, self.pei,
                self.naive_captured, self.difference, self.difference_interval, self.p_value,
            ]
        )  # fmt: skip
        return Table(
            tuple(Column(name, label, None, True) for name, label in names),
            tuple(tuple(float(v) if np.isfinite(v) else None for v in row) for row in columns),
            msg("How much of the later events the riskiest areas held"),
        )

    def chart(self, language: str = "en") -> dict[str, Any]:
        """The recapture curve: share of events by share of area, beside the naive forecast's, the best and chance."""
        lines = [
            ("observed", msg("the forecast"), self.curve_rate),
            ("expected", msg("last year's counts"), self.curve_naive),
            ("quiet", msg("the best that could be"), self.curve_best),
            ("limit", msg("chance"), self.curve_area),
        ]
        percent = {"format": ".0%", "tickCount": 5}
        x = {
            "field": "area", "type": "quantitative", "axis": percent,
            "title": msg("share of the area, the riskiest first").render(language),
        }  # fmt: skip
        y = {
            "field": "rate", "type": "quantitative", "axis": percent, "scale": {"domain": [0, 1]},
            "title": msg("share of later events").render(language),
        }  # fmt: skip
        layers: list[dict[str, Any]] = []
        for k, (style, name, rates) in enumerate(lines):
            if not np.isfinite(rates).all():
                continue
            rows = [
                {"area": round(float(a), 5), "rate": round(float(r), 5)}
                for a, r in zip(self.curve_area, rates, strict=True)
            ]
            words = name.render(language)
            line = {"type": "line", "style": style}
            layers.append({"description": words, "data": {"values": rows}, "mark": line, "encoding": {"x": x, "y": y}})
            # The key stands where no curve comes: below the diagonal.
            key = [{"area": a, "rate": 0.32 - 0.08 * k} for a in (0.58, 0.64)]
            layers.append({"data": {"values": key}, "mark": line, "encoding": {"x": x, "y": y}})
            layers.append(
                {
                    "data": {"values": [key[1] | {"text": words}]},
                    "mark": {"type": "text", "align": "left", "dx": 6},
                    "encoding": {"x": x, "y": y, "text": {"field": "text"}},
                }
            )
        if np.isfinite(self.rate_interval).all():
            spans = [
                {"area": float(s), "rate": float(low), "high": float(high)}
                for s, (low, high) in zip(self.shares, self.rate_interval, strict=True)
            ]
            layers.append(
                {
                    "data": {"values": spans},
                    "mark": {"type": "rule", "style": "observed"},
                    "encoding": {"x": x, "y": y, "y2": {"field": "high"}},
                }
            )
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 520,
            "height": 300,
            "layer": layers,
        }

    def explain(self, language: str = "en") -> str:
        k = int(np.flatnonzero(self.shares == self.judged_at)[0])
        if np.isfinite(self.rate_interval[k]).all():
            first = msg(
                "The riskiest {area:percent} of the area held {rate:percent} of {n:count} later events ({low:percent} to "
                "{high:percent}): PAI {pai:ratio}, where 1 is no better than chance, and {pei:percent} of the most that "
                "any choice of so much area could have held.",
                area=self.judged_at, rate=float(self.rate[k]), n=self.events, low=float(self.rate_interval[k, 0]),
                high=float(self.rate_interval[k, 1]), pai=float(self.pai[k]), pei=float(self.pei[k]),
            )  # fmt: skip
        else:
            first = msg(
                "The riskiest {area:percent} of the area held {rate:percent} of the weight of later events: PAI "
                "{pai:ratio}, where 1 is no better than chance, and {pei:percent} of the most that any choice of so much "
                "area could have held.",
                area=self.judged_at, rate=float(self.rate[k]), pai=float(self.pai[k]), pei=float(self.pei[k]),
            )  # fmt: skip
        last = msg(
            "The intervals take later events as independent; series make them too narrow. A map that beats another for one "
            "spell of time need not for the next, and catching events on a map prevents none."
        )
        failed = [c.text for c in self.checks if not c.passed and c.name != "naive"]
        return " ".join(m.render(language) for m in (first, self._against(k), last, *failed))

    def _against(self, k: int) -> Message:
        if self.verdict == "is the naive":
            return msg("This is last year's counts themselves, what every other forecast has to beat.")
        if self.verdict == "not compared":
            return msg(
                "It was not compared with last year's counts, so nobody knows whether it is worth more than they are."
            )
        mine, naive = float(self.rate[k]), float(self.naive_captured[k] / self.events)
        if self.verdict == "not known":
            return msg(
                "Last year's counts held {naive:percent}; of weighted events it can't be told whether the difference "
                "is chance.",
                naive=naive,
            )  # fmt: skip
        low, high = (100 * float(v) for v in self.difference_interval[k])
        points: dict[str, Any] = {"low": low, "high": high, "naive": naive, "p": _p(float(self.p_value[k]))}
        if self.verdict == "better":
            return msg(
                "It beats last year's counts, which held {naive:percent}: by between {low:decimal} and {high:decimal} "
                "points (p {p}).",
                **points,
            )  # fmt: skip
        if self.verdict == "worse":
            return msg(
                "It does worse than last year's counts, which held {naive:percent}: the difference is between "
                "{low:decimal} and {high:decimal} points (p {p}). Use last year's counts.",
                **points,
            )  # fmt: skip
        if mine == naive:
            return msg(
                "It does not beat last year's counts, which held as much: the difference is between {low:decimal} and "
                "{high:decimal} points. Last year's counts are simpler.",
                low=low, high=high,
            )  # fmt: skip
        return msg(
            "It does not beat last year's counts by more than chance: they held {naive:percent}, and the difference is "
            "between {low:decimal} and {high:decimal} points (p {p}). Last year's counts are simpler.",
            **points,
        )  # fmt: skip


def hotspot_accuracy(
    risk: npt.ArrayLike | HotspotForecast,
    events_later: npt.ArrayLike,
    *,
    areas: npt.ArrayLike | None = None,
    shares: Sequence[float] = SHARES,
    naive: npt.ArrayLike | HotspotForecast | None = None,
    judged_at: float | None = None,
    level: float = 0.95,
) -> HotspotAccuracy:
    """Scores ``risk`` by ``events_later``, the number of later events in each cell or place (the same shape).

    ``risk``: a forecast, or any numbers of which a higher one means more; not a number outside the region. ``areas``: of
    each place; equal where None (a forecast brings its own). ``shares``: of the whole area, rising, above 0 and up to 1;
    the riskiest places are taken until they make up each share exactly, the last one in part. Places of the same risk at
    the cut share what is left of the area, which for equal areas is the exact expectation over random choices among them.
    ``naive``: what the forecast has to beat, which the sentences call last year's counts; a forecast brings them with it.
    ``judged_at``: the one share whose comparison decides, set before looking; the middle one where None. Weighted events
    (not whole numbers) have no interval and no test.

    Raises ``ValueError`` for shapes that differ, counts below 0, no later events where the risk is known, and shares out of
    order.
    """
    is_naive = isinstance(risk, HotspotForecast) and risk.method == "last_year" and naive is None
    if isinstance(risk, HotspotForecast):
        areas = risk.areas if areas is None else areas
        naive = risk.last_year if naive is None and not is_naive else naive
    if isinstance(naive, HotspotForecast):
        naive = naive.risk
    score, shape = _risk(risk.risk if isinstance(risk, HotspotForecast) else risk, "risk")
    known = np.isfinite(score)
    events = _same(events_later, shape, "events_later")
    if not (np.isfinite(events[known]).all() and (events[known] >= 0).all()):
        bad = events[known][~(np.isfinite(events[known]) & (events[known] >= 0))][0]
        raise ValueError(f"events_later must be counts of 0 or more wherever the risk is known, not {bad:g}")
    sizes = np.ones(score.size) if areas is None else _same(areas, shape, "areas")
    if not (np.isfinite(sizes[known]).all() and (sizes[known] > 0).all()):
        bad = sizes[known][~(np.isfinite(sizes[known]) & (sizes[known] > 0))][0]
        raise ValueError(f"areas must be above 0 wherever the risk is known, not {bad:g}")
    cuts = _shares(shares)
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, such as 0.95, not {level!r}")
    middle = float(cuts[cuts.size // 2]) if judged_at is None else float(judged_at)
    if middle not in cuts:
        raise ValueError(f"judged_at must be one of the shares, {cuts.tolist()}, not {judged_at!r}")
    lost = float(np.where(np.isfinite(events[~known]), events[~known], 0.0).sum())
    score, events, sizes = score[known], events[known], sizes[known]
    total = float(events.sum())
    if total <= 0:
        raise Unfit(msg("there are no later events where the risk is known, so nothing can be scored: take a longer spell"))
    at = np.concatenate([[0.0], np.geomspace(0.001, 0.1, 60), np.linspace(0.11, 1, 90)])
    held, curve = _captured(score, sizes, events, cuts), _captured(score, sizes, events, at)
    best = _captured(events / sizes, sizes, events, cuts)
    rate = held / total
    whole = bool((events == np.rint(events)).all())
    interval = _binomial(held, total, level) if whole else np.full((cuts.size, 2), np.nan)
    blank = np.full(cuts.size, np.nan)
    captured_naive, difference, spread, p = blank, blank, np.full((cuts.size, 2), np.nan), blank
    curve_naive = np.full(at.size, np.nan)
    verdict = "is the naive" if is_naive else "not compared"
    if naive is not None:
        other = _same(naive, shape, "naive")[known]
        if not np.isfinite(other).all():
            raise ValueError("naive must be a number wherever the risk is known: give both for the same region")
        captured_naive = _captured(other, sizes, events, cuts)
        curve_naive = _captured(other, sizes, events, at) / total
        difference = (held - captured_naive) / total
        verdict = "not known"
        if whole:
            spread, p = _paired(score, other, sizes, events, cuts, level)
            k = int(np.flatnonzero(cuts == middle)[0])
            sure = p[k] <= 1 - level and spread[k, 0] * spread[k, 1] > 0
            verdict = ("better" if difference[k] > 0 else "worse") if sure else "unclear"
    return HotspotAccuracy(
        shares=cuts,
        captured=held,
        rate=rate,
        rate_interval=interval,
        pai=rate / cuts,
        pai_interval=interval / cuts[:, None],
        best=best,
        pei=held / best,
        pei_interval=np.minimum(interval * total / best[:, None], 1.0),
        naive_captured=captured_naive,
        difference=difference,
        difference_interval=spread,
        p_value=p,
        judged_at=middle,
        verdict=verdict,
        events=total,
        places=score.size,
        level=level,
        curve_area=at,
        curve_rate=curve / total,
        curve_best=_captured(events / sizes, sizes, events, at) / total,
        curve_naive=curve_naive,
        checks=_checks(verdict, lost, total, _tied(score, sizes, cuts), middle),
        parameters={"shares": cuts.tolist(), "judged_at": middle, "level": level, "equal_areas": areas is None},
    )


def taken(score: Floats, sizes: Floats, share: float) -> Floats:
    """How much of each place, from 0 to 1, lies in the riskiest ``share`` of the area.

    Places whose scores are the same (to a part in 10¹² of the largest) are taken alike.
    """
    group, area = _groups(score, sizes)
    before = np.concatenate([[0.0], area.cumsum()])
    part = np.clip((share * before[-1] - before[:-1]) / area, 0.0, 1.0)
    out: Floats = part[group]
    return out


def _groups(score: Floats, sizes: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """The tie that each place belongs to, the riskiest first, and the area of each."""
    scale = float(np.abs(score).max())
    level = np.rint(score / scale / TIE) if scale > 0 else score
    _, group = np.unique(-level, return_inverse=True)
    return group.astype(np.int64), np.bincount(group, sizes).astype(np.float64)


def _captured(score: Floats, sizes: Floats, events: Floats, shares: Floats) -> Floats:
    """Events in the riskiest ``shares`` of the area: a broken line through the ends of the ties."""
    group, area = _groups(score, sizes)
    x = np.concatenate([[0.0], area.cumsum()])
    y = np.concatenate([[0.0], np.bincount(group, events).cumsum()])
    out: Floats = np.interp(shares * x[-1], x, y)
    return out


def _tied(score: Floats, sizes: Floats, cuts: Floats) -> Floats:
    """The share of the area at each cut that was divided among places of the same risk."""
    group, area = _groups(score, sizes)
    whole = area.sum()
    members = np.bincount(group)
    before = np.concatenate([[0.0], area.cumsum()]) / whole
    k = np.clip(np.searchsorted(before, cuts - 1e-12, side="right") - 1, 0, area.size - 1)
    return np.where(members[k] > 1, (cuts - before[k]) / cuts, 0.0)


def _binomial(held: Floats, total: float, level: float) -> Floats:
    """Clopper-Pearson; of a fractional count by the beta distribution in the same way."""
    tail = (1 - level) / 2
    low = np.where(held > 0, ss.beta.ppf(tail, np.maximum(held, 1e-12), total - held + 1), 0.0)
    high = np.where(held < total, ss.beta.isf(tail, held + 1, np.maximum(total - held, 1e-12)), 1.0)
    return np.column_stack([low, high])


def _paired(
    score: Floats, other: Floats, sizes: Floats, events: Floats, cuts: Floats, level: float
) -> tuple[Floats, Floats]:
    """The interval of the difference of the two rates, and McNemar's exact two-sided p, at each cut."""
    spread, p = np.empty((cuts.size, 2)), np.empty(cuts.size)
    total = float(events.sum())
    z = float(ss.norm.isf((1 - level) / 2))
    for k, share in enumerate(cuts):
        lead = taken(score, sizes, share) - taken(other, sizes, share)
        mine, naive = float((events * np.maximum(lead, 0)).sum()), float((events * np.maximum(-lead, 0)).sum())
        a, b = (mine + 1) / (total + 2), (naive + 1) / (total + 2)
        half = z * np.sqrt(max(0.0, a + b - (a - b) ** 2) / (total + 2))
        spread[k] = max(-1.0, a - b - half), min(1.0, a - b + half)
        p[k] = _mcnemar(mine, naive)
    return spread, p


def _p(p: float) -> Message | str:
    """As :func:`forestall.text.probability` has it, left to be rendered."""
    return msg("under 0.001") if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _mcnemar(a: float, b: float) -> float:
    """Two-sided p that ``a`` of a + b events fell to the one side when both sides are as likely."""
    more = float(ss.beta.cdf(0.5, a, b + 1)) if a > 0 else 1.0
    fewer = float(ss.beta.cdf(0.5, b, a + 1)) if b > 0 else 1.0
    return min(1.0, 2 * min(more, fewer))


def _risk(values: npt.ArrayLike, name: str) -> tuple[Floats, tuple[int, ...]]:
    shape = np.shape(values)
    flat = numbers(values, name)
    if np.isinf(flat).any():
        raise ValueError(f"{name} must be finite, or not a number where it isn't known: it holds an infinite one")
    if not np.isfinite(flat).any():
        raise ValueError(f"{name} is known nowhere: give at least one place a number")
    return flat, shape


def _same(values: npt.ArrayLike, shape: tuple[int, ...], name: str) -> Floats:
    if np.shape(values) != shape:
        raise ValueError(f"{name} has the shape {np.shape(values)} and risk {shape}: give one number for each place")
    return numbers(values, name)


def _shares(shares: Sequence[float]) -> Floats:
    cuts = numbers(shares, "shares")
    if cuts.size == 0 or not ((cuts > 0) & (cuts <= 1)).all() or not (np.diff(cuts) > 0).all():
        raise ValueError(f"shares must rise, above 0 and up to 1, such as 0.01, 0.05, 0.1, not {cuts.tolist()}")
    return cuts


def _checks(verdict: str, lost: float, total: float, tied: Floats, middle: float) -> tuple[Check, ...]:
    checks = [
        Check(
            "known",
            lost == 0,
            msg("All later events lie where the risk is known.")
            if lost == 0
            else msg("{lost:count} later events lie where the risk is not known, and are not scored.", lost=lost),
        ),
        Check(
            "enough",
            total >= 30,
            msg("There are {n:count} later events.", n=total)
            if total >= 30
            else msg_n(
                "There is only {n:count} later event: one more or less changes the picture.",
                "There are only {n:count} later events: one more or less changes the picture.",
                round(total),
            ),
        ),
        Check(
            "ties",
            float(tied.max()) <= 0.5,
            msg("Few places tie at the cut.")
            if float(tied.max()) <= 0.5
            else msg("Much of the area taken is a draw among places of the same risk, which share it evenly."),
        ),
    ]
    if verdict in ("better", "worse", "unclear"):
        text = {
            "better": msg("It beats last year's counts at {share:percent} of the area.", share=middle),
            "worse": msg("It does worse than last year's counts at {share:percent} of the area.", share=middle),
            "unclear": msg("It does not beat last year's counts at {share:percent} of the area.", share=middle),
        }[verdict]
        checks.append(Check("naive", verdict == "better", text))
    elif verdict != "is the naive":
        checks.append(Check("naive", False, msg("Whether it beats last year's counts is not known.")))
    return tuple(checks)
