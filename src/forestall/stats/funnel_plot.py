"""Places of different size compared at one time: which lie outside what chance, and ordinary differences, would give?

Limits fan out where exposure is small, so that a small place isn't called high or low for its size. Counts scatter about
the target as Poisson counts do, or more where places differ in ways that nobody has allowed for (overdispersion), in one
of two ways: *multiplicative*, variance φ times the Poisson one, or *additive*, true rates that themselves scatter about
the target with a coefficient of variation τ.

Spiegelhalter, *Funnel plots for comparing institutional performance*, Statistics in Medicine 24 (2005) 1185-1202, and
*Handling over-dispersion of performance indicators*, Quality and Safety in Health Care 14 (2005) 347-351. His limits are
normal; these are of the negative-binomial count with the same mean and variance (Poisson where φ is 1), interpolated on
the mid-distribution function, and agree with his where counts are large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._unfit import Unfit
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.rates import SCHEMA, Floats, plain
from forestall.text import msg

Bools = npt.NDArray[np.bool_]

#: The share of z-scores at each end that is pulled in before overdispersion is measured, so that outliers don't hide it.
WINSOR = 0.1

#: With fewer places than this, overdispersion is not measured.
LEAST_PLACES = 8


@register
@dataclass(frozen=True, kw_only=True)
class Funnel(Figures):
    """Arrays have shape (places,) but for ``lower`` and ``upper``, (limits, places), in the unit of ``rate``.

    ``target``: the rate that places are held against, times ``per``. ``kind``: ``poisson``, ``additive`` or
    ``multiplicative``; ``phi`` the variance over the mean of z-scores (1 for Poisson), ``tau`` the coefficient of variation
    of true rates (0 but for additive). ``position``: how many limits a place lies beyond, negative below. ``p_value``:
    two-sided mid-p under the limits' own distribution; ``q_value``: false discovery rate over the places judged.
    ``set_apart``: places whose residents are the wrong denominator; not judged, and not in target and dispersion."""

    type_name: ClassVar[str] = "funnel"

    names: tuple[str, ...]
    counts: Floats
    exposure: Floats
    rate: Floats
    target: float
    per: float
    kind: str
    phi: float
    tau: float
    limits: tuple[float, ...]
    lower: Floats
    upper: Floats
    position: npt.NDArray[np.int64]
    p_value: Floats
    q_value: Floats
    set_apart: Bools

    @property
    def high(self) -> tuple[int, ...]:
        """Indices of places above the outermost limit."""
        return tuple(int(i) for i in np.flatnonzero(self.position == len(self.limits)))

    @property
    def low(self) -> tuple[int, ...]:
        """Indices of places below the outermost limit."""
        return tuple(int(i) for i in np.flatnonzero(self.position == -len(self.limits)))

    def table(self) -> Table:
        unit = msg("for {per:count}", per=self.per)
        columns = [
            Column("place", msg("Place")),
            Column("count", msg("Count"), None, True),
            Column("exposure", msg("Exposure"), None, True),
            Column("rate", msg("Rate"), unit, True),
        ]
        for k, level in enumerate(self.limits):
            columns.append(Column(f"lower_{k + 1}", msg("Lower limit, {level}", level=_percent(level)), unit, True))
            columns.append(Column(f"upper_{k + 1}", msg("Upper limit, {level}", level=_percent(level)), unit, True))
        columns += [
            Column("position", msg("Where it lies")),
            Column("p_value", msg("p-value, two-sided"), None, True),
            Column("q_value", msg("q-value"), None, True),
        ]
        rows = []
        for i, name in enumerate(self.names):
            ends = [float(v) for k in range(len(self.limits)) for v in (self.lower[k, i], self.upper[k, i])]
            judged = (None, None) if self.set_apart[i] else (float(self.p_value[i]), float(self.q_value[i]))
            rows.append(
                (name, float(self.counts[i]), float(self.exposure[i]), float(self.rate[i]), *ends, self._word(i), *judged)
            )
        caption = msg("Places against a rate of {target} for {per:count}", target=plain(self.target), per=self.per)
        return Table(tuple(columns), tuple(rows), caption)

    def _word(self, i: int) -> Any:
        if self.set_apart[i]:
            return msg("set apart: residents are not whom it happens to")
        beyond = int(self.position[i])
        if beyond == 0:
            return msg("inside the limits")
        level = _percent(self.limits[abs(beyond) - 1])
        return msg("above the {level} limit", level=level) if beyond > 0 else msg("below the {level} limit", level=level)

    def chart(self, language: str = "en") -> dict[str, Any]:
        least, most = float(self.exposure.min()), float(self.exposure.max())
        if least == most:
            least, most = least * 0.9, most * 1.1
        grid = np.geomspace(least, most, 80)
        lines = []
        for level in self.limits:
            low, high = count_limits(
                grid * self.target / self.per, level, self.phi if self.kind == "multiplicative" else 1.0, self.tau
            )
            for side, ends in (("low", low), ("high", high)):
                lines += [
                    {"x": float(e), "y": float(c / e * self.per), "line": f"{level} {side}"}
                    for e, c in zip(grid, ends, strict=True)
                ]
        style = np.where(
            self.set_apart, "unknown", np.where(np.abs(self.position) == len(self.limits), "flagged", "observed")
        )
        x = {
            "field": "x",
            "type": "quantitative",
            "title": msg("Exposure").render(language),
            "scale": {"type": "log", "nice": False},
        }
        rate = msg("Rate for {per:count}", per=self.per).render(language)
        layer: list[dict[str, Any]] = [
            {
                "data": {"values": lines},
                "mark": {"type": "line", "style": "limit"},
                "encoding": {
                    "x": x,
                    "y": {"field": "y", "type": "quantitative", "title": rate},
                    "detail": {"field": "line", "type": "nominal"},
                },
            },
            {
                "data": {"values": [{"y": self.target}]},
                "mark": {"type": "rule", "style": "expected"},
                "encoding": {"y": {"field": "y", "type": "quantitative"}},
            },
        ]
        for role in ("observed", "unknown", "flagged"):
            points = [
                {"x": float(self.exposure[i]), "y": float(self.rate[i]), "name": self.names[i]}
                for i in np.flatnonzero(style == role)
            ]
            if points:
                layer.append(
                    {
                        "data": {"values": points},
                        "mark": {"type": "point", "filled": True, "style": role, "size": 45},
                        "encoding": {
                            "x": {"field": "x", "type": "quantitative"},
                            "y": {"field": "y", "type": "quantitative"},
                            "tooltip": {"field": "name", "type": "nominal"},
                        },
                    }
                )
        return {"$schema": SCHEMA, "width": 560, "height": 320, "layer": layer}

    def explain(self, language: str = "en") -> str:
        judged = int((~self.set_apart).sum())
        level = self.limits[-1]
        said = [
            msg(
                "Of {n:count} places {high:count} lie above and {low:count} below the {level} limits about {target} for "
                "{per:count}; chance, with no place different, would put about {chance:decimal} outside them.",
                n=judged, high=len(self.high), low=len(self.low), level=_percent(level), target=plain(self.target),
                per=self.per, chance=judged * (1 - level),
            )
        ]  # fmt: skip
        if self.kind == "additive":
            said.append(
                msg(
                    "Places differ more than chance alone allows (a spread of {tau:percent} of the rate), for reasons that "
                    "are not in these figures, and the limits allow for that: to lie inside them is no proof of "
                    "being alike.",
                    tau=self.tau,
                )
            )
        elif self.kind == "multiplicative":
            said.append(
                msg(
                    "Counts scatter {phi:ratio} times as much as chance alone allows, for reasons that are not in these "
                    "figures, and the limits allow for that: to lie inside them is no proof of being alike.",
                    phi=self.phi,
                )
            )
        said.append(
            msg(
                "To lie outside is a reason to ask why and not a verdict: recording, make-up and use of a place differ too."
            )
        )
        return " ".join(
            [*(m.render(language) for m in said), *(c.text.render(language) for c in self.checks if not c.passed)]
        )


def funnel(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    target: float | None = None,
    dispersion: str | float = "auto",
    limits: Sequence[float] = (0.95, 0.998),
    per: float = 1000.0,
    residents_wrong: npt.ArrayLike | None = None,
) -> Funnel:
    """Holds each place's rate against the target, within limits that allow for its size.

    ``counts``, ``exposure``: shape (places,), whole counts of 0 or more and exposures above 0. ``target``: a rate times
    ``per``; the places' overall rate where None. ``dispersion``: ``auto`` (Poisson unless scatter is significantly
    greater, then additive), ``none``, ``additive``, ``multiplicative``, or a number, φ of 1 or more. ``limits``: levels,
    each two-sided, inner first. ``residents_wrong``: boolean, places to set apart
    (:func:`forestall.stats.denominators.residents_mislead`).

    Raises ``ValueError`` for numbers that can't be, shapes that don't match, or where nothing is left to compare.
    """
    levels = _levels(limits)
    x, e, label, apart = places_of(counts, exposure, names, residents_wrong, per)
    if not (x == np.round(x)).all():
        raise ValueError(
            f"counts must be whole for a funnel, not {float(x[x != np.round(x)][0])!r}: give events, not weights"
        )
    kept = ~apart
    if kept.sum() < 2:
        raise Unfit(msg("fewer than two places are left to compare: give more places, or set fewer apart"))
    if target is None:
        if x[kept].sum() == 0:
            raise Unfit(msg("nothing was counted anywhere, so there is no rate to compare with: give a target"))
        goal = float(x[kept].sum() / e[kept].sum())
    else:
        if not (target > 0 and math.isfinite(target)):
            raise ValueError(f"target must be a rate above 0, not {target!r}")
        goal = target / per
    expected = goal * e
    kind, phi, tau, found = _dispersion(x[kept], expected[kept], dispersion)
    lower, upper = np.empty((len(levels), x.size)), np.empty((len(levels), x.size))
    position = np.zeros(x.size, np.int64)
    p_low, p_high = mid_tails(x, expected, phi if kind == "multiplicative" else 1.0, tau)
    p = np.minimum(1.0, 2 * np.minimum(p_low, p_high))
    for k, level in enumerate(levels):
        low, high = count_limits(expected, level, phi if kind == "multiplicative" else 1.0, tau)
        lower[k], upper[k] = low / e * per, high / e * per
        position += np.where(p_high < (1 - level) / 2, 1, 0) - np.where(p_low < (1 - level) / 2, 1, 0)
    position[apart] = 0
    q = np.full(x.size, np.nan)
    q[kept] = benjamini_hochberg(p[kept])
    return Funnel(
        names=label, counts=x, exposure=e, rate=x / e * per, target=goal * per, per=float(per), kind=kind, phi=phi, tau=tau,
        limits=levels, lower=lower, upper=upper, position=position, p_value=np.where(apart, np.nan, p), q_value=q,
        set_apart=apart,
        parameters={"target": target, "dispersion": dispersion, "limits": list(levels), "per": per},
        checks=(found, residents_check(apart), _few(expected[kept])),
    )  # fmt: skip


def count_limits(expected: Floats, level: float, phi: float = 1.0, tau: float = 0.0) -> tuple[Floats, Floats]:
    """Limits of counts with mean ``expected`` (any shape) and variance φ E + τ² E², as real numbers.

    A count lies beyond one exactly where its mid-p tail is smaller than (1 - level) / 2: between whole counts the
    mid-distribution function is taken as straight. The lower limit is 0 where even none is no surprise.
    """
    tail = (1 - level) / 2
    high = _crossing(expected, 1 - tail, phi, tau)
    low = _crossing(expected, tail, phi, tau)
    return low, high


def _crossing(expected: Floats, p: float, phi: float, tau: float) -> Floats:
    """Where the mid-distribution function reaches ``p``; 0 where it stands above it already at 0."""
    law = count_law(expected, phi, tau)
    y = np.asarray(law.ppf(p), float)
    above = law.cdf(y) - law.pmf(y) / 2
    y = np.where(above < p, y + 1, y)
    above = law.cdf(y) - law.pmf(y) / 2
    below = np.where(y > 0, law.cdf(y - 1) - law.pmf(y - 1) / 2, 0.0)
    step = np.where(above > below, above - below, 1.0)
    return np.asarray(np.where(y > 0, y - (above - p) / step, 0.0), float)


def mid_tails(counts: Floats, expected: Floats, phi: float = 1.0, tau: float = 0.0) -> tuple[Floats, Floats]:
    """Mid-p of a count as low, and as high, as each."""
    law = count_law(expected, phi, tau)
    half = law.pmf(counts) / 2
    return np.asarray(law.cdf(counts) - half, float), np.asarray(law.sf(counts) + half, float)


def count_law(expected: Floats, phi: float = 1.0, tau: float = 0.0) -> Any:
    """The count with mean ``expected`` and variance φ E + τ² E²: negative-binomial, Poisson where φ is 1 and τ is 0."""
    extra = phi - 1 + tau**2 * np.asarray(expected, float)
    if phi <= 1 + 1e-9 and tau <= 1e-6:
        return ss.poisson(expected)
    return ss.nbinom(np.asarray(expected, float) / extra, 1 / (1 + extra))


def scatter(counts: Floats, expected: Floats) -> float:
    """φ: mean squared z-score of the places, its ends pulled in (winsorised), set right for what that takes away from
    scores that are normal; z = (y - E) / √E."""
    z = np.sort((counts - expected) / np.sqrt(expected))
    cut = int(WINSOR * z.size)
    if cut:
        z = np.clip(z, z[cut], z[-cut - 1])
    return float((z**2).mean() / _winsorised_normal(cut, z.size))


def _winsorised_normal(cut: int, n: int) -> float:
    """Mean square of standard normal scores whose ``cut`` at each end of ``n`` are pulled in to the next."""
    if not cut:
        return 1.0
    c = float(ss.norm.isf((cut + 0.5) / n))
    inside = 1 - 2 * float(ss.norm.sf(c)) - 2 * c * float(ss.norm.pdf(c))
    return inside + 2 * float(ss.norm.sf(c)) * c**2


def _dispersion(counts: Floats, expected: Floats, how: str | float) -> tuple[str, float, float, Check]:
    """Kind, φ and τ, and what was found."""
    if isinstance(how, bool) or not isinstance(how, str):
        if not (how >= 1 and math.isfinite(how)):
            raise ValueError(f"dispersion must be 1 or more, not {how!r}")
        given = Check("dispersion", True, msg("The dispersion was given: {phi:ratio}.", phi=float(how)))
        return ("multiplicative" if how > 1 else "poisson"), float(how), 0.0, given
    if how not in ("auto", "none", "additive", "multiplicative"):
        raise ValueError(f"dispersion must be 'auto', 'none', 'additive', 'multiplicative' or a number, not {how!r}")
    n = counts.size
    if n < LEAST_PLACES:
        few = msg("With {n:count} places overdispersion can't be measured, so the limits allow for chance only.", n=n)
        return "poisson", 1.0, 0.0, Check("dispersion", False, few)
    phi = scatter(counts, expected)
    over = phi > 1 + 2 * math.sqrt(2 / n)
    if how == "none" or (how == "auto" and not over):
        text = (
            msg("Places scatter {phi:ratio} times as much as chance alone, which is not clearly more.", phi=phi)
            if not over
            else msg("Places scatter {phi:ratio} times as much as chance alone; the limits don't allow for it.", phi=phi)
        )
        return "poisson", 1.0, 0.0, Check("dispersion", not over, text)
    text = msg("Places scatter {phi:ratio} times as much as chance alone; the limits allow for it.", phi=phi)
    if how == "multiplicative":
        phi = max(1.0, phi)
        return ("multiplicative" if phi > 1 else "poisson"), phi, 0.0, Check("dispersion", True, text)
    # DerSimonian and Laird on relative rates, whose sampling variance is 1 / E and weight E.
    w = expected
    tau2 = (n * phi - (n - 1)) / (w.sum() - (w**2).sum() / w.sum())
    tau = math.sqrt(tau2) if tau2 > 0 else 0.0
    return ("additive" if tau > 0 else "poisson"), (phi if tau > 0 else 1.0), tau, Check("dispersion", True, text)


def places_of(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    names: Sequence[str] | None,
    residents_wrong: npt.ArrayLike | None,
    per: float,
) -> tuple[Floats, Floats, tuple[str, ...], Bools]:
    """Counts, exposures and names of places, and which are set apart; numbers stand for names that aren't given. Raises
    ``ValueError`` for what can't be, or doesn't match."""
    x, e = np.asarray(counts, float).ravel(), np.asarray(exposure, float).ravel()
    apart = np.zeros(x.size, bool) if residents_wrong is None else np.asarray(residents_wrong).astype(bool).ravel()
    label = tuple(str(i + 1) for i in range(x.size)) if names is None else tuple(str(n) for n in names)
    if x.size == 0:
        raise ValueError("there are no places: give one count and one exposure for each")
    if e.shape != x.shape:
        raise ValueError(f"there are {x.size} counts and {e.size} exposures: give one of both for each place")
    bad = ~(np.isfinite(x) & (x >= 0))
    if bad.any():
        raise ValueError(f"counts must be 0 or more, with none missing, not {float(x[bad][0])!r}")
    bad = ~(np.isfinite(e) & (e > 0))
    if bad.any():
        raise ValueError(f"exposure must be above 0 at each place, not {float(e[bad][0])!r}: leave empty places out")
    if not (per > 0 and math.isfinite(per)):
        raise ValueError(f"per must be a number of units above 0, not {per!r}")
    for what, size in (("names", len(label)), ("residents_wrong", apart.size)):
        if size != x.size:
            raise ValueError(f"there are {x.size} places and {size} {what}: give one for each place")
    return x, e, label, apart


def residents_check(apart: Bools) -> Check:
    """Whether any place was set apart because residents are the wrong denominator there."""
    n = int(apart.sum())
    text = (
        msg(
            "Residents are not whom it happens to at {n:count} of the places, such as town centres: those are set "
            "apart and not compared.",
            n=n,
        )
        if n
        else msg("Nothing was said against the exposure as the right denominator.")
    )
    return Check("residents", n == 0, text)


def _few(expected: Floats) -> Check:
    small = int((expected < 1).sum())
    text = (
        msg("At {n:count} places fewer than one event is expected: they can be found high and never low.", n=small)
        if small
        else msg("At each place at least one event is expected.")
    )
    return Check("small-places", small == 0, text)


def _levels(limits: Sequence[float]) -> tuple[float, ...]:
    levels = tuple(float(v) for v in limits)
    if not levels or not all(0 < v < 1 for v in levels) or list(levels) != sorted(set(levels)):
        raise ValueError(f"limits must be levels between 0 and 1, inner first, such as (0.95, 0.998), not {limits!r}")
    return levels


def _percent(level: float) -> str:
    return f"{level * 100:g}%"
