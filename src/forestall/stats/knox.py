"""Near repeats: are more pairs of events close in both place and time than their places and times alone would give?

Knox's test (Knox 1964, *The detection of space-time interactions*, Applied Statistics 13, 25-29) for many bands of distance
and time at once. Under the null the times are shuffled over the places. The mean and variance of each cell under it are
exact, from the numbers of neighbours alone (Barton and David 1966, *The random intersection of two graphs*), and so are
its third moment (Mielke 1978; sampled where there are very many triangles) and hence a tail; shuffles are the check.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._knox_layout import Layout, lay_out
from forestall.stats._knox_moments import Moments, Shapes, shuffled_moments, upper_tail
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Metric = Literal["euclidean", "manhattan"]
Precision = Literal["instant", "day", "month"]
Progress = Callable[[int, int], None]

#: More events than this are refused: sums over triples would no longer be exact.
MOST_EVENTS = 10_000_000
#: Pairs of locations that may be held in memory for the shuffles (1 GB).
MOST_PAIRS = 250_000_000
#: Triples of neighbours that are looked at one by one; beyond it triangles are sampled.
EXACT_TRIPLES = 4e7
#: Pairs of neighbours sampled for each band then; the share that closes is known to about two parts in a hundred.
SAMPLED = 2000


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
            msg("{low} to under {high} m", low=_number(a), high=_number(b))
            if a > 0
            else msg("under {high} m, not the same location", high=_number(b))
            for a, b in zip(low, high, strict=True)
        ]
        return msg("same location"), *between, msg("{low} m and more", low=_number(self.space_edges[-1]))

    @property
    def time_labels(self) -> tuple[Message, ...]:
        """The columns in words."""
        apart = self.same_day == "apart"
        out = [msg("same day")] if apart else []
        for a, b in zip(self.time_edges[:-1], self.time_edges[1:], strict=True):
            if a == 0 and b == 1 and self.whole_days and not apart:
                out.append(msg("same day"))
            elif a == 0 and apart:
                out.append(msg("under {high} days, not the same day", high=_number(b)))
            elif a == 0:
                out.append(msg("under {high} days", high=_number(b)))
            else:
                out.append(msg("{low} to under {high} days", low=_number(a), high=_number(b)))
        return *out, msg("{low} days and more", low=_number(self.time_edges[-1]))

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
                "axis": {"labelLimit": 240},
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
                    "times give. The furthest above is {space}, {gap}: observed {observed:count}, expected {expected:ratio}, "
                    "{ratio:ratio} times as many.",
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
        raise ValueError(f"space_bands {_listed(space)} are too small, too large or too close to be told apart")
    time_edges = when[1:] * per_day
    if same_day == "apart":
        ts, time_edges = np.floor(ts / per_day), np.append(1.0, when[1:])
        whole = True
    layout = lay_out(xs, ys)
    counted = _Pairs(layout, ts, edges, time_edges, manhattan, int(seed))
    with threads(xs.size**2):
        observed, tied = counted.observed()
        space_shapes, time_shapes = counted.space_shapes(), counted.time_shapes()
    moments = _cell_moments(xs.size, space_shapes, time_shapes)
    table = _whole_table(observed, counted.space_totals, counted.time_totals, xs.size)
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
        full = _whole_table(draws, counted.space_totals, counted.time_totals, xs.size)
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


def coordinates(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """``x`` and ``y`` as arrays of one length; ``ValueError`` where a place is missing or there are too few or many."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(f"x and y must be two lists of one length, not of shapes {xs.shape} and {ys.shape}")
    if xs.size < 2:
        raise ValueError(f"near repeats are pairs and need two events or more; found {xs.size}")
    if xs.size > MOST_EVENTS:
        raise ValueError(
            f"at most {MOST_EVENTS:,} events can be compared at once; found {xs.size:,}: choose a category, area or period"
        )
    for name, values in (("x", xs), ("y", ys)):
        bad = ~np.isfinite(values)
        if bad.any():
            at = int(np.argmax(bad))
            raise ValueError(f"{name} must be finite; event {at} has {values[at]}: leave out events without a place")
    return xs + 0.0, ys + 0.0  # no negative zero: the same location must have the same numbers


def days(t: npt.ArrayLike, events: int, precision: Precision) -> tuple[Floats, float, bool]:
    """Times as numbers from 0, how many of their units make a day, and whether all are whole days.

    ``datetime64`` keeps its own unit (microseconds at the finest), so that gaps between instants stay exact.
    """
    values = np.asarray(t)
    if precision == "month" or (values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in ("Y", "M")):
        raise ValueError(
            "near repeats need the day of each event, and these times are known to the month only: use records with days"
        )
    if values.shape != (events,):
        raise ValueError(f"t must hold one time for each of {events} events, not be of shape {values.shape}")
    per_day = 1.0
    if values.dtype.kind == "M":
        if np.isnat(values).any():
            raise ValueError(f"event {int(np.argmax(np.isnat(values)))} has no time: leave out events without one")
        if np.datetime_data(values.dtype)[0] == "W":
            raise ValueError("near repeats need the day of each event, and these times are known to the week only")
        if np.datetime_data(values.dtype)[0] in ("ns", "ps", "fs", "as"):
            values = values.astype("datetime64[us]")
        unit = np.array(1, f"timedelta64[{np.datetime_data(values.dtype)[0]}]")
        per_day = float(np.array(1, "timedelta64[D]") / unit)
        numbers = np.asarray((values - values.min().astype("datetime64[D]").astype(values.dtype)) / unit, float)
    else:
        numbers = np.asarray(values, float)
        bad = ~np.isfinite(numbers)
        if bad.any():
            at = int(np.argmax(bad))
            raise ValueError(f"t must be finite; event {at} has {numbers[at]}: leave out events without a time")
    whole = bool((numbers % per_day == 0).all())
    if precision == "day" and not whole:
        at = int(np.argmax(numbers % per_day != 0))
        raise ValueError(
            f"times known to the day must be whole numbers; event {at} has {values[at]}: give whole days, or "
            "precision='instant'"
        )
    return (numbers / per_day, 1.0, True) if whole else (numbers, per_day, False)


def band_edges(bands: Sequence[float], name: str) -> Floats:
    """Band edges as an array; ``ValueError`` unless they rise from 0."""
    edges = np.asarray(bands, float)
    if edges.ndim != 1 or edges.size < 2:
        raise ValueError(f"{name} must be a list of two edges or more, such as [0, 100, 200], not {bands!r}")
    if not np.isfinite(edges).all():
        raise ValueError(f"{name} must be finite, not {_listed(edges)}: what lies beyond the last edge is counted anyway")
    if edges[0] != 0:
        raise ValueError(f"{name} must begin at 0, not {_number(edges[0])}: add the edge 0 in front")
    if (np.diff(edges) <= 0).any():
        raise ValueError(f"{name} must rise from edge to edge, not run {_listed(edges)}")
    return edges


def is_manhattan(metric: str) -> bool:
    if metric not in ("euclidean", "manhattan"):
        raise ValueError(f"metric must be euclidean or manhattan, not {metric!r}")
    return metric == "manhattan"


def _kernels() -> Any:
    """The compiled loops, imported when they are needed."""
    from forestall.stats import _knox_kernels

    return _knox_kernels


@contextlib.contextmanager
def threads(work: float) -> Iterator[None]:
    """One thread for little work: on a busy machine threads that wait for each other take longer than the work."""
    import numba

    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1 if work < 2e8 else before)
        yield
    finally:
        numba.set_num_threads(before)


class _Pairs:
    """Counts of pairs for one set of events and bands."""

    def __init__(self, layout: Layout, t: Floats, edges: Floats, time_edges: Floats, manhattan: bool, seed: int) -> None:
        self.layout, self.t, self.edges, self.time_edges = layout, t, edges, time_edges
        self.manhattan, self.seed = manhattan, seed
        self.sorted_t = np.sort(t)
        self.space_totals = np.zeros(edges.size + 1, np.int64)
        self.time_totals = np.zeros(time_edges.size, np.int64)
        self.ends: Ints = np.zeros((0, 0), np.int64)

    def observed(self) -> tuple[Ints, Ints]:
        """Pairs within the bands, and how many of each row have the very same time."""
        kernels = _kernels()

        place, leaf = self.layout.place, self.layout.leaf
        by_time = np.lexsort((self.t[self.layout.order], leaf[place]))
        order, place = self.layout.order[by_time], place[by_time]
        x, y = self.layout.x[place], self.layout.y[place]
        starts = self.layout.begin[self.layout.starts]
        single = np.diff(self.layout.starts) == 1
        edges = np.append(np.nextafter(0.0, 1.0), self.time_edges)
        parts = kernels.observed_pairs(
            x, y, self.t[order], place, starts, single, *self.layout.tree, self.edges, edges, self.manhattan
        )
        counts = parts.sum(0)
        tied = counts[:, 0].copy()
        counts[:, 1] += tied
        return np.asarray(counts[:, 1:], np.int64), np.asarray(tied, np.int64)

    def space_shapes(self) -> list[Shapes]:
        """Of the same location, each band, and all of them together."""
        kernels = _kernels()

        place = self.layout
        m, tree = place.events, (place.starts, *place.tree)
        degree = kernels.space_degrees(place.x, place.y, m, *tree, self.edges, self.manhattan)
        others = degree.sum(0)
        weight = np.empty((self.edges.size + 1, m.size), np.int64)
        np.multiply(degree, m, out=weight[:-1])
        weight[-1] = m * (others + m - 1)
        sums = kernels.space_neighbour_sums(place.x, place.y, weight, *tree, self.edges, self.manhattan)
        del weight
        sums[-1] += (m - 1) * (others + m - 1)
        triangles = self._space_triangles(degree, others, tree)
        at_one = _three(m)
        rows = [_shapes(m - 1, (m - 1) ** 2, at_one, m)]
        rows += [_shapes(degree[r], sums[r], triangles[r], m) for r in range(self.edges.size)]
        rows.append(_shapes(others + m - 1, sums[-1], triangles[-1], m))
        self.space_totals = np.array([s.edges for s in rows[:-1]], np.int64)
        return rows

    def _space_triangles(self, degree: Ints, others: Ints, tree: tuple[Any, ...]) -> list[int]:
        kernels = _kernels()

        place, m = self.layout, self.layout.events
        most = int(min(others.max(initial=0), m.size)) + 1
        if float((others.astype(float) ** 2).sum()) / 8 <= EXACT_TRIPLES:
            found = kernels.space_triangles(place.x, place.y, m, *tree, self.edges, self.manhattan, most).sum(0)
            together = int(found[-1]) + sum(map(int, (m * (m - 1) // 2 * others)[m > 1])) + _three(m)
            return [*(int(v) for v in found[:-1]), together]
        rng = np.random.default_rng(self.seed)
        out = []
        for row in range(self.edges.size + 1):
            d = (degree[row] if row < self.edges.size else others + m - 1).astype(float)
            up_to = np.cumsum(m * d * (d - 1) / 2)
            if up_to[-1] == 0:
                out.append(0)
                continue
            centres = np.searchsorted(up_to, rng.random(SAMPLED) * up_to[-1], side="right").clip(max=m.size - 1)
            closed = kernels.sampled_closure(
                place.x, place.y, m, place.starts, place.leaf, *place.tree, self.edges, self.manhattan,
                np.asarray(centres, np.int64), row, most, np.uint64(self.seed % 2**63 + row),
            )  # fmt: skip
            out.append(round(int(closed) / SAMPLED * up_to[-1] / 3))
        return out

    def time_shapes(self) -> list[Shapes]:
        """Of each band, and all of them together."""
        kernels = _kernels()

        degree, begins, ends = kernels.time_degrees(self.sorted_t, self.time_edges)
        weight = np.concatenate([degree, degree.sum(0)[None]])
        sums = kernels.time_neighbour_sums(weight, begins, ends)
        triangles = kernels.time_triangles(begins, ends)
        rows = [_shapes(d, s, int(n)) for d, s, n in zip(weight, sums, triangles, strict=True)]
        self.time_totals = np.array([s.edges for s in rows[:-1]], np.int64)
        self.ends = ends
        return rows

    def shuffled(self, count: int, progress: Progress | None) -> Ints:
        """Pairs within the bands in each of ``count`` shuffles; shape (count, rows, columns)."""
        kernels = _kernels()

        seed = np.uint64(self.seed % 2**63)
        if 6 * self.time_totals.sum() < self.space_totals.sum():
            by_time = np.argsort(self.t, kind="stable")
            inverse = np.empty(self.t.size, np.int64)
            inverse[self.layout.order] = self.layout.place
            at = inverse[by_time]
            x, y = self.layout.x[at], self.layout.y[at]

            def some(first: int, n: int) -> Any:
                return kernels.shuffled_places(x, y, self.ends, self.edges, self.manhattan, first, n, seed)

        else:
            offset, other = self._location_pairs()
            t, edges = _narrow(self.t[self.layout.order], self.time_edges)
            begin, bands = self.layout.begin, self.edges.size

            def some(first: int, n: int) -> Any:
                return kernels.shuffled_times(t, begin, offset, other, bands, edges, first, n, seed)

        with threads(min(int(self.time_totals.sum()), int(self.space_totals.sum())) * count):
            return _in_batches(some, count, progress)

    def _location_pairs(self) -> tuple[Ints, npt.NDArray[np.int32]]:
        kernels = _kernels()

        place, bands = self.layout, self.edges.size
        args: tuple[Any, ...] = (place.x, place.y, place.starts, *place.tree, self.edges, self.manhattan)
        offset = np.zeros(1 + bands * place.x.size, np.int64)
        kernels.location_pairs(*args, offset, np.zeros(0, np.int32))
        np.cumsum(offset, out=offset)
        if offset[-1] > MOST_PAIRS:
            raise ValueError(
                f"shuffling needs a list of {int(offset[-1]):,} pairs of close locations, more than {MOST_PAIRS:,}: "
                "bring the last edge of space_bands nearer, or take permutations=0, which needs no list"
            )
        other = np.zeros(max(1, int(offset[-1])), np.int32)
        kernels.location_pairs(*args, offset, other)
        return offset, other


def _narrow(t: Floats, edges: Floats) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Times and edges in single precision where whole numbers lose nothing by it: two pairs then go where one went."""
    if (t == np.floor(t)).all() and np.ptp(t) < 2**23:
        return (t - t.min()).astype(np.float32), np.minimum(np.ceil(edges), 2.0**23).astype(np.float32)
    return t, edges


def _in_batches(some: Callable[[int, int], Any], count: int, progress: Progress | None) -> Ints:
    """Shuffles in batches of about half a second, so that progress is told and Ctrl-C heard."""
    import numba

    from forestall.stats._knox_kernels import LANES

    step = LANES * int(numba.get_num_threads())
    done, size, parts = 0, step, []
    while done < count:
        begun = time.perf_counter()
        n = min(size, count - done)
        parts.append(some(done, n))
        done += n
        if progress is not None:
            progress(done, count)
        if time.perf_counter() - begun < 0.25:
            size *= 2
        elif time.perf_counter() - begun > 1.0:
            size = max(step, size // 2 // step * step)
    return np.asarray(np.concatenate(parts), np.int64)


def _three(m: Ints) -> int:
    return sum(n * (n - 1) * (n - 2) // 6 for n in map(int, m[m > 2]))


def _shapes(degree: Ints, neighbours: Ints, triangles: int, times: Ints | None = None) -> Shapes:
    """From each node's number of neighbours and the sum of theirs; ``times``: how many nodes each entry stands for."""
    from forestall.stats._knox_kernels import big_sum

    if times is not None and times.size < times.sum():
        degree, neighbours = np.repeat(degree, times), np.repeat(neighbours, times)
    one = np.ones(1, np.int64)

    def total(a: Ints, b: Ints) -> int:
        high, low = big_sum(np.broadcast_to(a, b.shape).copy(), b)
        return (int(high) << 32) + int(low)

    both = degree * np.maximum(degree - 1, 0)
    edges, paths = total(one, degree) // 2, total(one, both) // 2
    stars = total(np.maximum(degree - 2, 0), both) // 6
    beside = total(degree, neighbours) // 2 - total(degree, degree) + edges
    return Shapes(edges, paths, triangles, stars, beside - 3 * triangles)


def _cell_moments(n: int, space: list[Shapes], when: list[Shapes]) -> list[list[Moments]]:
    """Of all cells. What lies beyond the last edge is all less what lies within it."""
    rows = [[shuffled_moments(n, s, w) for w in when] for s in space]
    for row, s in zip(rows[:-1], space, strict=False):
        within = row[-1]
        row[-1] = Moments(s.edges - within.mean, within.variance, -within.third)
    corner = rows[-1][-1]
    rows[-1] = [Moments(w.edges - m.mean, m.variance, -m.third) for w, m in zip(when[:-1], rows[-1], strict=False)]
    rest = n * (n - 1) // 2 - space[-1].edges - when[-1].edges
    return [*rows[:-1], [*rows[-1], Moments(rest + corner.mean, corner.variance, corner.third)]]


def _whole_table(within: Ints, space_totals: Ints, time_totals: Ints, n: int) -> Ints:
    """Pairs within the bands, shape (…, rows, columns), with what lies beyond."""
    shape = (*within.shape[:-2], within.shape[-2] + 1, within.shape[-1] + 1)
    out = np.empty(shape, np.int64)
    out[..., :-1, :-1] = within
    out[..., :-1, -1] = space_totals - within.sum(-1)
    out[..., -1, :-1] = time_totals - within.sum(-2)
    out[..., -1, -1] = n * (n - 1) // 2 - space_totals.sum() - time_totals.sum() + within.sum((-2, -1))
    return out


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
                "Pairs within the bands with the same recorded time: {n:count}. Nobody knows which came first, and they have "
                "no originator.",
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


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _listed(values: Floats) -> str:
    return ", ".join(_number(v) for v in values)
