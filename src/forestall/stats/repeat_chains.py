"""Which events are the originators of near repeats, which are near repeats, and which hang together in chains.

:mod:`forestall.stats.knox` says whether there are more near repeats than chance gives; this names them for one band of
distance and time. An originator has a near repeat after it, a near repeat has an originator before it, and an event can be
both (Johnson et al. 2007, *Space-time patterns of risk*, Journal of Quantitative Criminology 23, 201-219). Two events with
the same recorded time are a pair without an originator: nobody knows which came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._knox_input import Metric, Precision, coordinates, days, is_manhattan
from forestall.stats._knox_layout import lay_out
from forestall.stats._unfit import Unfit
from forestall.text import Message, msg

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@register
@dataclass(frozen=True, kw_only=True)
class RepeatChains(Figures):
    """What :func:`near_repeat_chains` found. Events are named by their position in the arrays that were given.

    ``pairs``: shape (pairs, 2), the originator and its later near repeat. ``tied``: shape (tied pairs, 2), events close
    to each other with the same recorded time, in no order. ``chains``: the events of each chain by time (events of one time
    by position), the longest chain first; a chain is all events that hang together by pairs of either kind. ``times``:
    shape (events,), days since the first event.
    """

    type_name: ClassVar[str] = "near-repeat-chains"

    events: int
    pairs: Ints
    tied: Ints
    chains: tuple[Ints, ...]
    times: npt.NDArray[np.float64]

    @property
    def originator(self) -> Bools:
        """Events with a near repeat after them."""
        return self._among(self.pairs[:, 0])

    @property
    def near_repeat(self) -> Bools:
        """Events with an originator before them."""
        return self._among(self.pairs[:, 1])

    @property
    def both(self) -> Bools:
        """Events that are near repeats and have near repeats themselves."""
        return self.originator & self.near_repeat

    @property
    def only_tied(self) -> Bools:
        """Events that are close only to events of the same recorded time: neither originator nor near repeat."""
        return self._among(self.tied.ravel()) & ~self.originator & ~self.near_repeat

    def _among(self, which: Ints) -> Bools:
        out = np.zeros(self.events, bool)
        out[which] = True
        return out

    def table(self) -> Table:
        """A row for each event in a chain, chain by chain."""
        columns = (
            Column("chain", msg("Chain"), numeric=True),
            Column("event", msg("Event"), numeric=True),
            Column("days", msg("Days since the chain began"), numeric=True),
            Column("role", msg("Role")),
        )
        rows = tuple(
            (number, int(event), round(float(self.times[event] - self.times[chain[0]]), 6), self._role(int(event)))
            for number, chain in enumerate(self.chains, 1)
            for event in chain
        )
        return Table(columns, rows, msg("Chains of near repeats, the longest first"))

    def _role(self, event: int) -> Message:
        match bool(self.originator[event]), bool(self.near_repeat[event]):
            case True, True:
                return msg("near repeat and originator")
            case True, False:
                return msg("originator")
            case False, True:
                return msg("near repeat")
        return msg("at the same time as another")

    def chart(self, language: str = "en") -> dict[str, Any]:
        """How many chains have 2, 3, 4 … events."""
        lengths, counts = np.unique([c.size for c in self.chains], return_counts=True)
        rows = [{"events": int(n), "chains": int(k)} for n, k in zip(lengths, counts, strict=True)]
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "data": {"values": rows},
            "width": 500,
            "height": 200,
            "mark": {"type": "bar", "style": "observed"},
            "encoding": {
                "x": {"field": "events", "type": "ordinal", "title": msg("events in the chain").render(language)},
                "y": {
                    "field": "chains",
                    "type": "quantitative",
                    "title": msg("chains").render(language),
                    "axis": {"tickMinStep": 1, "format": ",d"},
                },
            },
        }

    def explain(self, language: str = "en") -> str:
        if not self.chains:
            return msg("No two of the {n:count} events lie within this band of distance and time.", n=self.events).render(
                language
            )
        parts = [
            msg(
                "Among {n:count} events: originators {first:count}, near repeats {later:count}, both {both:count}; chains "
                "{chains:count}, the longest of {most:count} events.",
                n=self.events, first=int(self.originator.sum()), later=int(self.near_repeat.sum()),
                both=int(self.both.sum()), chains=len(self.chains), most=int(self.chains[0].size),
            )
        ]  # fmt: skip
        if self.tied.size:
            parts.append(
                msg(
                    "Close pairs with the same recorded time: {n:count}; neither of the two is the other's originator.",
                    n=int(self.tied.shape[0]),
                )
            )
        parts.append(
            msg(
                "Chance alone makes chains too, the more the more events there are: whether there are too many is for the "
                "test of near repeats, and who did them is not known from places and times."
            )
        )
        return " ".join(m.render(language) for m in parts)


def near_repeat_chains(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    t: npt.ArrayLike,
    *,
    space_band: tuple[float, float],
    time_band: tuple[float, float],
    metric: Metric = "euclidean",
    same_location: bool = True,
    same_day: Literal["together", "apart"] = "together",
    precision: Precision = "instant",
    most_pairs: int = 5_000_000,
) -> RepeatChains:
    """The pairs of events within one band of distance and time, who is whose originator, and chains.

    ``x``, ``y``, ``t``, ``metric``, ``precision``: as for :func:`forestall.stats.near_repeat`. ``space_band``,
    ``time_band``: [low, high); several neighbouring bands of the test are one here, such as (0, 200) and (0, 14).
    ``same_location``: whether pairs at the very same location count, whatever ``space_band``. With
    ``same_day="apart"`` pairs of the same day are left out, and times are cut to whole days.

    Raises ``ValueError`` for what :func:`near_repeat` refuses, bands that don't rise, and more than ``most_pairs`` pairs.
    """
    from forestall.stats import _knox_kernels as kernels

    if precision not in ("instant", "day", "month"):
        raise ValueError(f"precision must be instant, day or month, not {precision!r}")
    if same_day not in ("together", "apart"):
        raise ValueError(f"same_day must be together or apart, not {same_day!r}")
    xs, ys = coordinates(x, y)
    ts, per_day, _ = days(t, xs.size, precision)
    manhattan = is_manhattan(metric)
    low, high = _band(space_band, "space_band")
    early, late = (v * per_day for v in _band(time_band, "time_band"))
    if same_day == "apart":
        ts, early, late = np.floor(ts / per_day), max(early / per_day, 1.0), late / per_day
        per_day = 1.0
    layout = lay_out(xs, ys)
    by_time = np.lexsort((layout.order, ts[layout.order], layout.leaf[layout.place]))
    order, place = layout.order[by_time], layout.place[by_time]
    keys = (low, high) if manhattan else (low**2, high**2)
    arguments = (
        layout.x[place], layout.y[place], ts[order], place, layout.begin[layout.starts], *layout.tree, *keys, early, late,
        same_location, manhattan,
    )  # fmt: skip
    offset = np.zeros(layout.starts.size, np.int64)
    kernels.event_pairs(*arguments, offset, order[:0], order[:0])
    np.cumsum(offset, out=offset)
    count = int(offset[-1])
    if count > most_pairs:
        raise Unfit(
            msg(
                "{n:count} pairs lie within these bands, more than the {most:count} that can be held: narrow the bands",
                n=count,
                most=most_pairs,
            )
        )
    one, two = np.zeros(max(1, count), np.int64), np.zeros(max(1, count), np.int64)
    kernels.event_pairs(*arguments, offset, one, two)
    found = np.stack([order[one[:count]], order[two[:count]]], 1)
    level = ts[found[:, 0]] == ts[found[:, 1]]
    tied = np.sort(found[level], axis=1)
    pairs = found[~level]
    days_since = (ts - ts.min()) / per_day
    return RepeatChains(
        events=xs.size,
        pairs=pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))],
        tied=tied[np.lexsort((tied[:, 1], tied[:, 0]))],
        chains=_chains(found, ts, xs.size),
        times=days_since,
        parameters={
            "space_band": [float(v) for v in space_band],
            "time_band": [float(v) for v in time_band],
            "metric": metric,
            "same_location": same_location,
            "same_day": same_day,
            "precision": precision,
        },
        checks=(
            Check(
                "order",
                not level.any(),
                msg(
                    "Pairs within the bands with the same recorded time: {n:count}. Nobody knows which came first, and "
                    "they have no originator.",
                    n=int(level.sum()),
                ),
            ),
        ),
    )


def _chains(pairs: Ints, t: npt.NDArray[np.float64], events: int) -> tuple[Ints, ...]:
    graph = sparse.coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(events, events))
    _, label = csgraph.connected_components(graph, directed=False)
    inside = np.unique(pairs)
    inside = inside[np.lexsort((inside, t[inside], label[inside]))]
    if not inside.size:
        return ()
    parts = np.split(inside, np.flatnonzero(np.diff(label[inside])) + 1)
    return tuple(sorted(parts, key=lambda part: (-part.size, float(t[part[0]]), int(part[0]))))


def _band(band: tuple[float, float], name: str) -> tuple[float, float]:
    edges = np.asarray(band, float)
    if edges.shape != (2,):
        raise ValueError(f"{name} must be two numbers (low, high), not {band!r}")
    low, high = map(float, edges)
    if not (0 <= low < high < np.inf):
        raise ValueError(f"{name} must rise from 0 or more to a finite edge, not run from {low:g} to {high:g}")
    return low, high
