"""Near repeats: are more pairs of events close in both place and time than their places and times alone would give?

Knox's test (Knox 1964, *The detection of space-time interactions*, Applied Statistics 13, 25-29) for many bands of distance
and time at once. Under the null the times are shuffled over the places. The mean and variance of each cell under it are
exact, from the numbers of neighbours alone (Barton and David 1966, *The random intersection of two graphs*), and so are
its third moment (Mielke 1978; sampled where there are very many triangles) and hence a tail; shuffles are the check.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._knox_input import Metric, Precision, band_edges, coordinates, days, is_manhattan, listed, number
from forestall.stats._knox_layout import Layout, lay_out
from forestall.stats._knox_moments import upper_tail
from forestall.stats._knox_pairs import Pairs, Progress, cell_moments, threads, whole_table
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@register
@dataclass(frozen=True, kw_only=True)
class NearRepeat(Figures):
    """What :func:`near_repeat` found. All arrays of cells are space by time.

    **Rows**: the same location first (always a row of its own), then a row for each pair of edges, then what lies beyond
    the last. Edges 0, 100, 200 give: same location; (0, 100), which leaves the same location out; [100, 200); 200 and more.
    **Columns**: [a, b) for each pair of edges, then beyond the last; edges 0, 7, 14 give [0, 7), [7, 14), 14 and more. With
    ``same_day="apart"`` the same day stands first, and the first band leaves it out.

    ``observed``: pairs. ``expected``, ``variance``: exact under shuffled times. ``ratio``: observed over expected, NaN
    where nothing is expected. ``skewness``: the third moment, standardised. ``p_value``: one-sided, the chance of
    so many or more (clustering): from the shuffles where there were any, else from the moments; ``p_source`` says which
    (``"permutations"`` or ``"moments"``). ``p_moments`` is there always, ``p_permutation`` = (r + 1) / (n + 1) where there
    were n shuffles. ``mid_p``: the same tail with half the chance of exactly so many. ``p_adjusted``: allows for all cells
    within the bands having been tried, by Holm's method for the moments and by Westfall and Young's lowest p for
    the shuffles; NaN in the last row and column, which are shown for the whole and are not tested, and where nothing is
    expected. ``tied``: pairs of each row, within the time bands, that have the same recorded time: neither came first.
    """

    type_name: ClassVar[str] = "near-repeat"

    events: int
    locations: int
    space_edges: Floats
    time_edges: Floats
    observed: Ints
    expected: Floats
    variance: Floats
    skewness: Floats
    ratio: Floats
    p_value: Floats
    mid_p: Floats
    p_adjusted: Floats
    p_source: str
    p_moments: Floats
    p_permutation: Floats | None
    permutations: int
    tied: Ints
    same_day: str
    whole_days: bool

    @property
    def flagged(self) -> npt.NDArray[np.bool_]:
        """Cells with more pairs than chance gives, at 5 % over all cells within the bands."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.p_adjusted <= 0.05)

    @property
    def space_labels(self) -> tuple[Message, ...]:
        """The rows in words."""
        low, high = self.space_edges[:-1], self.space_edges[1:]
        between = [
            msg("{low} to under {high} m", low=number(a), high=number(b))
            if a > 0
            else msg("under {high} m, not the same location", high=number(b))
            for a, b in zip(low, high, strict=True)
        ]
        return msg("same location"), *between, msg("{low} m and more", low=number(self.space_edges[-1]))

    @property
    def time_labels(self) -> tuple[Message, ...]:
        """The columns in words."""
        apart = self.same_day == "apart"
        out = [msg("same day")] if apart else []
        for a, b in zip(self.time_edges[:-1], self.time_edges[1:], strict=True):
            if a == 0 and b == 1 and self.whole_days and not apart:
                out.append(msg("same day"))
            elif a == 0 and apart:
                out.append(msg("under {high} days, not the same day", high=number(b)))
            elif a == 0:
                out.append(msg("under {high} days", high=number(b)))
            else:
                out.append(msg("{low} to under {high} days", low=number(a), high=number(b)))
        return *out, msg("{low} days and more", low=number(self.time_edges[-1]))

    def table(self) -> Table:
        """A row for each cell."""
        columns = (
            Column("distance", msg("Distance")),
            Column("gap", msg("Time between")),
            Column("observed", msg("Pairs"), numeric=True),
            Column("expected", msg("Expected by chance"), numeric=True),
            Column("ratio", msg("Times the expected"), numeric=True),
            Column("p_value", msg("p (so many or more)"), numeric=True),
            Column("p_adjusted", msg("p over all bands"), numeric=True),
        )
        rows = []
        for r, space in enumerate(self.space_labels):
            for c, gap in enumerate(self.time_labels):
                cell = [float(a[r, c]) for a in (self.expected, self.ratio, self.p_value, self.p_adjusted)]
                rows.append((space, gap, int(self.observed[r, c]), *(None if math.isnan(v) else v for v in cell)))
        return Table(columns, tuple(rows), msg("Pairs of events by distance and time, against shuffled times"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        """Bands of space by bands of time, with the ratio in each cell; the cells that stand out over all are flagged."""
        space = [m.render(language) for m in self.space_labels]
        gaps = [m.render(language) for m in self.time_labels]
        rows = [
            {
                "space": space[r],
                "time": gaps[c],
                "role": "flagged" if self.flagged[r, c] else "unknown" if self.expected[r, c] == 0 else "quiet",
                "text": "–" if math.isnan(self.ratio[r, c]) else f"{self.ratio[r, c]:.2f}",
                "observed": int(self.observed[r, c]),
                "expected": round(float(self.expected[r, c]), 3),
            }
            for r in range(len(space))
            for c in range(len(gaps))
        ]
        encoding = {
            "x": {
                "field": "time",
                "type": "ordinal",
                "sort": None,
                "scale": {"domain": gaps},
                "title": msg("time between").render(language),
                "axis": {"labelAngle": 0, "labelLimit": 140, "orient": "top"},
            },
            "y": {
                "field": "space",
                "type": "ordinal",
                "sort": None,
                "scale": {"domain": space},
                "title": msg("distance").render(language),
                "axis": {"labelLimit": 240, "titlePadding": 16},
            },
        }
        layers: list[dict[str, Any]] = [
            {
                "transform": [{"filter": {"field": "role", "equal": role}}],
                "mark": {"type": "rect", "style": role, "fillOpacity": 0.45},
                "encoding": encoding,
            }
            for role in ("quiet", "unknown", "flagged")
        ]
        layers.append({"mark": {"type": "text"}, "encoding": {**encoding, "text": {"field": "text"}}})
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "data": {"values": rows},
            "width": {"step": 130},
            "height": {"step": 34},
            "layer": layers,
        }

    def explain(self, language: str = "en") -> str:
        near = self.p_adjusted[:-1, :-1]
        parts: list[Message] = []
        flagged = self.flagged[:-1, :-1]
        if flagged.any():
            ranked = np.where(flagged, np.nan_to_num(self.ratio[:-1, :-1]), -1.0)
            r, c = (int(i) for i in np.unravel_index(int(np.argmax(ranked)), near.shape))
            parts.append(
                msg(
                    "Near repeats: {cells:count} of {all:count} bands of distance and time hold more pairs than shuffled "
                    "times give. The furthest above is {space}, {gap}: observed {observed:count}, expected "
                    "{expected:ratio}, {ratio:ratio} times as many.",
                    cells=int(flagged.sum()), all=int(near.size), space=self.space_labels[r], gap=self.time_labels[c],
                    observed=int(self.observed[r, c]), expected=float(self.expected[r, c]), ratio=float(self.ratio[r, c]),
                )
            )  # fmt: skip
        else:
            parts.append(
                msg(
                    "No clear near repeats: of {all:count} bands of distance and time none holds more pairs than shuffled "
                    "times give, once all are allowed for.",
                    all=int(near.size),
                )
            )
        parts.append(
            msg(
                "The test looks for too many pairs only (one-sided), at 5% over all bands within the last edges. It can't "
                "tell whether one event led to the next or both had one cause, and a district whose crime grew or fell in "
                "the meantime looks like near repeats too."
            )
        )
        if self.tied.sum():
            parts.append(
                msg(
                    "Close pairs with the same recorded time: {n:count}; neither of the two is the other's originator.",
                    n=int(self.tied.sum()),
                )
            )
        return " ".join(m.render(language) for m in parts)


def near_repeat(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    space_bands: Sequence[float],
    time_bands: Sequence[float],
    metric: Metric = "euclidean",
    permutations: int = 0,
    seed: int = 0,
    same_day: Literal["together", "apart"] = "together",
    precision: Precision = "instant",
    progress: Progress | None = None,
) -> NearRepeat:
    """Knox's test of near repeats for every band of distance and time.

    ``x``, ``y``: shape (events,), metres on a flat grid (any unit serves; the sentences say metres). ``t``: shape
    (events,), days as numbers, with fractions where times of day are known, or ``datetime64``. ``space_bands``,
    ``time_bands``: rising edges that begin at 0, in the same units; each band is [a, b), the same location is always a band
    of its own, and what lies beyond the last edge comes last (:class:`NearRepeat` has examples). Up to 5 whole days
    *inclusive* is therefore an edge at 6, and up to 20 m inclusive one at ``math.nextafter(20, 21)``. ``metric``: straight
    lines, or along the grid.

    ``permutations``: how many shuffles of the times over the places; with 0 (the default) ``p_value`` comes from the exact
    moments, otherwise it is (r + 1) / (n + 1) with r shuffles of n that have so many pairs or more. ``same_day="apart"``
    gives pairs of the same day a column of their own and counts in whole days, cutting times of day off. ``precision``: how
    exactly the times are known; ``"day"`` demands whole days. ``progress``: called with shuffles done and wanted.

    Pairs close in both place and time are met one by one, all others by boxes of many; the memory needed grows with
    the events (and, where shuffles are asked for, with the pairs of close *locations*), never with pairs of events that
    share a location or a day. Raises ``ValueError`` for fewer than two events, more than ten million, values that are not
    finite, edges out of order, and months.
    """
    if precision not in ("instant", "day", "month"):
        raise ValueError(f"precision must be instant, day or month, not {precision!r}")
    if same_day not in ("together", "apart"):
        raise ValueError(f"same_day must be together or apart, not {same_day!r}")
    if isinstance(permutations, bool) or not isinstance(permutations, int | np.integer) or permutations < 0:
        raise ValueError(f"permutations must be a whole number of 0 or more, not {permutations!r}")
    xs, ys = coordinates(x, y)
    ts, per_day, whole = days(t, xs.size, precision)
    manhattan = is_manhattan(metric)
    space, when = band_edges(space_bands, "space_bands"), band_edges(time_bands, "time_bands")
    edges = space[1:] if manhattan else space[1:] ** 2
    if not (np.isfinite(edges).all() and (np.diff(np.append(0.0, edges)) > 0).all()):
        raise ValueError(f"space_bands {listed(space)} are too small, too large or too close to be told apart")
    time_edges = when[1:] * per_day
    if same_day == "apart":
        ts, time_edges = np.floor(ts / per_day), np.append(1.0, when[1:])
        whole = True
    layout = lay_out(xs, ys)
    counted = Pairs(layout, ts, edges, time_edges, manhattan, int(seed))
    with threads(xs.size**2):
        observed, tied = counted.observed()
        space_shapes, time_shapes = counted.space_shapes(), counted.time_shapes()
    moments = cell_moments(xs.size, space_shapes, time_shapes)
    table = whole_table(observed, counted.space_totals, counted.time_totals, xs.size)
    expected, variance, third = (
        np.array([[getattr(m, name) for m in row] for row in moments]) for name in ("mean", "variance", "third")
    )
    p = np.array([[float(upper_tail(k, m)) for k, m in zip(*row, strict=True)] for row in zip(table, moments, strict=True)])
    above = np.array(
        [[float(upper_tail(k + 1, m)) for k, m in zip(*row, strict=True)] for row in zip(table, moments, strict=True)]
    )
    tested = np.zeros(table.shape, bool)
    tested[:-1, :-1] = expected[:-1, :-1] > 0
    mid, adjusted, shuffled_p = (p + above) / 2, _holm(p, tested), None
    if permutations:
        draws = counted.shuffled(int(permutations), progress)
        full = whole_table(draws, counted.space_totals, counted.time_totals, xs.size)
        more, equal = (full > table).sum(0), (full == table).sum(0)
        shuffled_p = (more + equal + 1) / (permutations + 1)
        mid = (more + (equal + 1) / 2) / (permutations + 1)
        adjusted = _lowest_p(full, table, tested)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, table / expected, np.nan)
        skewness = np.where(variance > 0, third / variance**1.5, 0.0)
    return NearRepeat(
        events=xs.size,
        locations=layout.x.size,
        space_edges=space,
        time_edges=when,
        observed=table,
        expected=expected,
        variance=variance,
        skewness=skewness,
        ratio=ratio,
        p_value=p if shuffled_p is None else shuffled_p,
        mid_p=mid,
        p_adjusted=adjusted,
        p_source="moments" if shuffled_p is None else "permutations",
        p_moments=p,
        p_permutation=shuffled_p,
        permutations=int(permutations),
        tied=tied,
        same_day=same_day,
        whole_days=whole,
        parameters={
            "space_bands": space.tolist(),
            "time_bands": when.tolist(),
            "metric": metric,
            "permutations": int(permutations),
            "same_day": same_day,
            "precision": precision,
        },
        seed=int(seed),
        checks=_checks(xs, ys, layout, tied, table, expected, p, shuffled_p, int(permutations)),
    )


def _holm(p: Floats, tested: npt.NDArray[np.bool_]) -> Floats:
    """Holm (1979): family-wise, whatever the dependence."""
    out = np.full(p.shape, np.nan)
    values = p[tested]
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * (values.size - np.arange(values.size)))
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    out[tested] = adjusted
    return out


def _lowest_p(draws: Ints, observed: Ints, tested: npt.NDArray[np.bool_]) -> Floats:
    """Westfall and Young (1993): how often the lowest p of all cells of a shuffle is as low as the cell's."""
    out = np.full(observed.shape, np.nan)
    if not tested.any():
        return out
    all_counts = np.concatenate([observed[tested][None], draws[:, tested]])
    n = all_counts.shape[0]
    p = np.empty(all_counts.shape)
    for cell in range(all_counts.shape[1]):
        ranked = np.sort(all_counts[:, cell])
        p[:, cell] = (n - np.searchsorted(ranked, all_counts[:, cell], side="left")) / n
    lowest = np.sort(p[1:].min(1))
    out[tested] = (np.searchsorted(lowest, p[0], side="right") + 1) / n
    return out


def _checks(
    x: Floats, y: Floats, layout: Layout, tied: Ints, table: Ints, expected: Floats, p: Floats, shuffled: Floats | None,
    permutations: int,
) -> tuple[Check, ...]:  # fmt: skip
    stray = int(((x == 0) & (y == 0)).sum())
    sharing = int(layout.events[layout.events > 1].sum()) / x.size
    most = float(expected[:-1, :-1].max())
    out = [
        Check(
            "places",
            not 0 < stray < x.size,
            msg("Events at 0, 0, where events without a place often end up: {n:count}.", n=stray),
        ),
        Check(
            "snapped",
            sharing <= 0.2,
            msg(
                "{share:percent} of the events share their location with another. Where points were moved to streets or "
                "postcodes, the same location is not the same address.",
                share=sharing,
            ),
        ),
        Check(
            "order",
            not tied.sum(),
            msg(
                "Pairs within the bands with the same recorded time: {n:count}. Nobody knows which came first, and they "
                "have no originator.",
                n=int(tied.sum()),
            ),
        ),
        Check(
            "enough",
            most >= 1,
            msg("The fullest band is expected to hold {n:ratio} pairs; below 1 only a strong pattern can show.", n=most),
        ),
    ]
    if shuffled is not None:
        near = p[:-1, :-1], shuffled[:-1, :-1]
        error = 4 * np.sqrt(near[0] * (1 - near[0]) / permutations) + 2 / permutations + 0.1 * near[0] + 0.002
        worst = float(np.abs(near[0] - near[1]).max())
        loose = np.minimum(table[:-1, :-1], expected[:-1, :-1]) < 5  # whole numbers leave a tail its steps
        out.append(
            Check(
                "moments",
                bool((loose | (np.abs(near[0] - near[1]) <= error)).all()),
                msg("The p-values from moments and from shuffles differ by {d:ratio} at most.", d=worst),
            )
        )
    return tuple(out)
