"""Weighted displacement difference: did crime fall more where something was done than where nothing was, and did it move?

The change in the treated area less the change in its comparison, plus the change in a ring around it less the change in
the ring's comparison. Wheeler and Ratcliffe, *A simple weighted displacement difference test to evaluate place based crime
interventions*, Crime Science 7 (2018) 11. Its standard error takes counts for Poisson, which those of real places are not,
so an allowance for scatter is to be given (:func:`forestall.stats.window_scatter`); without one the textbook's is shown,
with a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._tails import students_p, students_quantile
from forestall.stats._unfit import Unfit
from forestall.stats.rates import SCHEMA, Floats, check_counts, check_level, finite, plain
from forestall.stats.window_counts import WindowScatter, scatter_of
from forestall.text import Message, msg, probability

#: With fewer events (as many as their weights leave) no p-value is given: the normal law doesn't hold for so few.
LEAST_EVENTS = 10

#: The four areas, in the order of arguments and weights, and the sign of each one's change in the difference.
AREAS = ("treated", "control", "displacement", "displacement_control")
SIGN = np.array([1.0, -1.0, 1.0, -1.0])


@dataclass(frozen=True)
class DisplacementPart:
    """One difference of changes: ``name`` is local, displacement or total; ``events``: how many events it rests on, as
    many as would tell as much if all weighed the same. ``p_value`` is NaN where there are too few, and so are the error
    and the interval where there are none."""

    name: str
    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    events: float


@register
@dataclass(frozen=True, kw_only=True)
class WeightedDisplacement(Figures):
    """``estimate`` is what changed in the treated area and its ring together, beyond the comparison: negative is fewer.
    ``parts``: local and, where a ring was given, displacement and total. ``plain_standard_error``: the textbook's, of
    Poisson counts. ``z``: estimate over standard error. ``counts``: shape (areas, categories, 2), in the order of
    :data:`AREAS`, before and after, as given; ``given``: which areas were. ``dispersion``: the variance over the mean that
    was allowed for, and ``degrees`` its degrees of freedom. Weights are as given, areas in the same order."""

    type_name: ClassVar[str] = "weighted-displacement"
    version: ClassVar[str] = "2"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    z: float
    parts: tuple[DisplacementPart, ...]
    plain_standard_error: float
    dispersion: float
    degrees: float
    counts: Floats
    given: tuple[bool, bool, bool, bool]
    time_weights: tuple[float, float]
    area_weights: tuple[float, float, float, float]
    harm_weights: tuple[float, ...] | None

    @property
    def local(self) -> DisplacementPart:
        return self.parts[0]

    @property
    def displaced(self) -> DisplacementPart | None:
        """The ring's part, where a ring was given."""
        return self.parts[1] if len(self.parts) == 3 else None

    def table(self) -> Table:
        columns = (
            Column("part", msg("Part")),
            Column("estimate", msg("Difference of changes"), None, True),
            Column("standard_error", msg("Standard error"), None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("p_value", msg("p-value, two-sided"), None, True),
        )
        rows = tuple(
            (_PARTS[p.name], p.estimate, *(finite(v) for v in (p.standard_error, *p.interval, p.p_value)))
            for p in self.parts
        )
        caption = msg("Weighted displacement difference, with {level:percent} intervals", level=self.level)
        return Table(columns, rows, caption)

    def counts_table(self) -> Table:
        """The raw counts, all categories together, before any weight."""
        columns = (
            Column("area", msg("Area")),
            Column("before", msg("Before"), None, True),
            Column("after", msg("After"), None, True),
            Column("change", msg("Change"), None, True),
        )
        raw = self.counts.sum(1)
        rows = tuple(
            (_AREAS[name], float(raw[i, 0]), float(raw[i, 1]), float(raw[i, 1] - raw[i, 0]))
            for i, name in enumerate(AREAS)
            if self.given[i]
        )
        return Table(columns, rows, msg("Counts before and after"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        values = [
            {
                "part": _PARTS[p.name].render(language),
                "estimate": p.estimate,
                "low": finite(p.interval[0]),
                "high": finite(p.interval[1]),
            }
            for p in self.parts
        ]
        title = msg("Difference of changes").render(language)
        y = {"field": "part", "type": "nominal", "sort": [v["part"] for v in values], "title": None}
        x = {"type": "quantitative", "title": title, "scale": {"zero": True}}
        return {
            "$schema": SCHEMA,
            "width": 320,
            "height": {"step": 34},
            "data": {"values": values},
            "layer": [
                {
                    "transform": [{"filter": "isValid(datum.low)"}],
                    "mark": {"type": "bar", "style": "interval", "height": 14},
                    "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
                },
                {
                    "data": {"values": [{"x": 0}]},
                    "mark": {"type": "rule", "style": "expected"},
                    "encoding": {"x": {"field": "x", "type": "quantitative"}},
                },
                {
                    "mark": {"type": "point", "style": "observed", "filled": True, "size": 90},
                    "encoding": {"y": y, "x": {"field": "estimate", **x}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        raw = self.counts.sum(1)
        said: list[Message] = [
            msg(
                "The treated area went from {t0:count} to {t1:count}, and its comparison from {c0:count} to {c1:count}.",
                t0=float(raw[0, 0]), t1=float(raw[0, 1]), c0=float(raw[1, 0]), c1=float(raw[1, 1]),
            )
        ]  # fmt: skip
        if self.displaced is not None:
            said.append(
                msg(
                    "The ring around it went from {d0:count} to {d1:count}; beyond its comparison that is {change}.",
                    d0=float(raw[2, 0]), d1=float(raw[2, 1]), change=plain(self.displaced.estimate),
                )
            )  # fmt: skip
        if self.harm_weights is not None:
            said.append(msg("What follows is in harm, each category weighing what its weight says."))
        if self.time_weights != (1.0, 1.0) or self.area_weights != (1.0, 1.0, 1.0, 1.0):
            said.append(msg("What follows is for one unit of the time and area weights."))
        said.append(self._verdict(language))
        said.append(
            msg(
                "This takes for granted that the treated area would have changed by as many as its comparison did; two "
                "windows can't show whether that is so."
            )
        )
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)

    def _verdict(self, language: str) -> Message:
        told: dict[str, str | float] = {
            "d": plain(abs(self.estimate)), "low": plain(self.interval[0]), "high": plain(self.interval[1]),
            "level": self.level,
        }  # fmt: skip
        if math.isnan(self.p_value):
            return msg(
                "The difference is {d}, but it rests on too few events to say whether chance alone would make it.",
                d=plain(self.estimate),
            )
        p = probability(self.p_value, language)
        if self.interval[1] < 0:
            return msg(
                "In all that is {d} fewer than the comparison makes one expect; changes from {low} to {high} fit the "
                "counts at {level:percent} (p {p}).",
                **told, p=p,
            )  # fmt: skip
        if self.interval[0] > 0:
            return msg(
                "In all that is {d} more than the comparison makes one expect; changes from {low} to {high} fit the "
                "counts at {level:percent} (p {p}).",
                **told, p=p,
            )  # fmt: skip
        return msg(
            "There is no clear difference: it is {d}, and changes from {low} to {high} fit the counts at {level:percent} "
            "(p {p}).",
            **{**told, "d": plain(self.estimate)}, p=p,
        )  # fmt: skip


_PARTS = {"local": msg("Treated area"), "displacement": msg("Ring around it"), "total": msg("In all")}
_AREAS = {
    "treated": msg("Treated area"),
    "control": msg("Its comparison"),
    "displacement": msg("Ring around it"),
    "displacement_control": msg("The ring's comparison"),
}


def weighted_displacement(
    treated: npt.ArrayLike,
    control: npt.ArrayLike,
    displacement: npt.ArrayLike | None = None,
    displacement_control: npt.ArrayLike | None = None,
    *,
    time_weights: Sequence[float] = (1.0, 1.0),
    area_weights: Sequence[float] | None = None,
    harm_weights: Sequence[float] | None = None,
    dispersion: WindowScatter | float | None = None,
    level: float = 0.95,
) -> WeightedDisplacement:
    """The change in ``treated`` less that in ``control``, plus that in ``displacement`` less that in
    ``displacement_control``.

    Each is (before, after), or of shape (categories, 2) with one of ``harm_weights`` for each category. ``time_weights``:
    lengths of the two windows; ``area_weights``: sizes of the areas in the order of the arguments, two or four of them
    (sizes or populations): the differences then are of counts a unit. ``dispersion``: the variance of a window's count over
    its mean, as a number, or as :func:`forestall.stats.window_scatter` found it in the history (the p-value and intervals
    then are Student's); without it counts are taken for Poisson, and the result warns.

    Raises ``ValueError`` for negative, missing or all-zero counts, weights that are not above 0, other shapes, or a
    comparison of a ring that is not given.
    """
    areas, given = _areas(treated, control, displacement, displacement_control, harm_weights is not None)
    harm = _weights("harm_weights", harm_weights, areas.shape[1]) if harm_weights is not None else np.ones(1)
    time = _weights("time_weights", time_weights, 2)
    size = np.ones(4)
    if area_weights is not None:
        known = np.asarray(area_weights, float).ravel().size
        size[:known] = _weights("area_weights", area_weights, 2 if known == 2 and not any(given[2:]) else 4)
    check_level(level)
    phi, degrees = scatter_of(dispersion)
    if areas.sum() == 0:
        raise Unfit(msg("Nothing was counted in any of the areas, before or after, so nothing can be said of a change."))

    weight = SIGN[:, None, None] * np.array([-1.0, 1.0]) * harm[:, None] / (size[:, None] * time)[:, None, :]
    chosen = [("local", slice(0, 2))]
    if given[2]:
        chosen += [("displacement", slice(2, 4)), ("total", slice(0, 4))]
    parts = tuple(_part(name, areas[rows], weight[rows], phi, degrees, level) for name, rows in chosen)
    total = parts[-1]
    return WeightedDisplacement(
        estimate=total.estimate,
        standard_error=total.standard_error,
        interval=total.interval,
        p_value=total.p_value,
        level=level,
        z=total.estimate / total.standard_error,
        parts=parts,
        plain_standard_error=total.standard_error / math.sqrt(phi),
        dispersion=phi,
        degrees=degrees,
        counts=areas,
        given=given,
        time_weights=(float(time[0]), float(time[1])),
        area_weights=(float(size[0]), float(size[1]), float(size[2]), float(size[3])),
        harm_weights=None if harm_weights is None else tuple(float(h) for h in harm),
        parameters={
            "time_weights": [float(v) for v in time], "area_weights": [float(v) for v in size],
            "harm_weights": None if harm_weights is None else [float(h) for h in harm], "dispersion": phi, "level": level,
        },
        checks=(_allowed(dispersion, phi), _enough(parts), _compared(given)),
    )  # fmt: skip


def _part(name: str, counts: Floats, weight: Floats, phi: float, degrees: float, level: float) -> DisplacementPart:
    estimate, variance = float((weight * counts).sum()), float((weight**2 * counts).sum())
    if variance == 0:  # nothing was counted, which is no certainty that nothing changed
        return DisplacementPart(name, estimate, math.nan, (math.nan, math.nan), math.nan, 0.0)
    error = math.sqrt(variance * phi)
    events = variance**2 / float((weight**4 * counts).sum())
    half = students_quantile(level, degrees) * error
    p = students_p(estimate / error, degrees) if events >= LEAST_EVENTS else math.nan
    return DisplacementPart(name, estimate, error, (estimate - half, estimate + half), p, events)


def _allowed(dispersion: WindowScatter | float | None, phi: float) -> Check:
    if dispersion is None:
        text = msg(
            "The counts were taken for Poisson. Those of real places scatter more, so the p-value is too small and the "
            "interval too narrow: read them as the least that chance does."
        )
        return Check("dispersion", False, text)
    return Check("dispersion", True, msg("A scatter {phi:ratio} times that of chance alone was allowed for.", phi=phi))


def _enough(parts: tuple[DisplacementPart, ...]) -> Check:
    events, fewest = parts[-1].events, min(p.events for p in parts)
    if events < LEAST_EVENTS:
        text = msg("The difference rests on {n:count} events, too few for a p-value; nor does the interval hold.", n=events)
    elif fewest < LEAST_EVENTS:
        text = msg(
            "The difference rests on {n:count} events, but one of its parts on only {fewest:count}, too few for a p-value "
            "of that part; nor does its interval hold.",
            n=events, fewest=fewest,
        )  # fmt: skip
    else:
        text = msg("The difference rests on {n:count} events.", n=events)
    return Check("enough-events", fewest >= LEAST_EVENTS, text)


def _compared(given: tuple[bool, ...]) -> Check:
    alone = given[2] and not given[3]
    text = (
        msg(
            "The ring has no comparison of its own, so its part is its plain change, with whatever happened to all areas "
            "in it."
        )
        if alone
        else msg("Each area has a comparison.")
    )
    return Check("comparison", not alone, text)


def _areas(
    treated: npt.ArrayLike,
    control: npt.ArrayLike,
    displacement: npt.ArrayLike | None,
    displacement_control: npt.ArrayLike | None,
    by_category: bool,
) -> tuple[Floats, tuple[bool, bool, bool, bool]]:
    """Counts of shape (4, categories, 2) with 0 for areas that were not given, and which were."""
    if displacement is None and displacement_control is not None:
        raise ValueError("displacement_control compares with displacement, which was not given: give both, or neither")
    named = list(zip(AREAS, (treated, control, displacement, displacement_control), strict=True))
    found: dict[str, Floats] = {}
    for name, values in named:
        if values is None:
            continue
        x = np.asarray(values, float)
        if not by_category and x.shape != (2,):
            raise ValueError(
                f"{name} must be two counts, before and after, not of shape {x.shape}; counts by category need harm_weights"
            )
        if by_category and (x.ndim != 2 or x.shape[1] != 2 or x.shape[0] == 0):
            raise ValueError(f"{name} must have shape (categories, 2) with harm_weights, not {x.shape}")
        check_counts(name, x)
        found[name] = x.reshape(-1, 2)
    categories = {x.shape[0] for x in found.values()}
    if len(categories) > 1:
        raise ValueError(f"the areas have {sorted(categories)} categories: give each the same ones, 0 where there are none")
    none = np.zeros((categories.pop(), 2))
    given = (True, True, displacement is not None, displacement_control is not None)
    return np.stack([found.get(name, none) for name in AREAS]), given


def _weights(name: str, values: Sequence[float], size: int) -> Floats:
    w = np.asarray(values, float).ravel()
    if w.size != size:
        raise ValueError(f"{name} needs {size} numbers here, one for each, not {w.size}")
    if not (np.isfinite(w) & (w > 0)).all():
        raise ValueError(f"{name} must be numbers above 0, not {[float(v) for v in w]}")
    return w
