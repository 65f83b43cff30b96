"""Where will the next events be? Four simple answers, the naive one among them, for cells or for given places.

For analysts. In the workplace nothing of this is on until a force's ethics body has switched it on, and events that the
police's own activity makes (drugs, weapons, stop and search) don't belong in it.

Prospective: Bowers, Johnson and Pease, *Prospective hot-spotting: the future of crime mapping?*, British Journal of
Criminology 44 (2004) 641-658.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._event_grid import (
    MOST_CELLS,
    EventGrid,
    Floats,
    coordinates,
    heat_map,
    lay_grid,
    numbers,
    outside_check,
    positive,
    region_of,
    stray_check,
    weights_of,
)
from forestall.stats._hotspot_kernels import spread
from forestall.stats._unfit import Unfit
from forestall.stats.density import kernel_density
from forestall.text import Message, msg

METHODS = ("grid", "kernel", "prospective", "last_year")
#: Days that each method looks back over where it isn't told.
WINDOWS = {"grid": 90.0, "kernel": 90.0, "prospective": 56.0, "last_year": 365.0}
YEAR, WEEK = 365.0, 7.0
EPOCH = np.datetime64("1970-01-01T00:00:00", "us")


@register
@dataclass(frozen=True, kw_only=True)
class HotspotForecast(Figures):
    """``risk``: the higher, the sooner an event is to be expected; only its order counts, because each method has its own
    unit. Shape (rows, columns) of cells from the south-west, not a number outside the region; or (places,).
    ``last_year``: events of the 365 days before ``at``, the same shape, against which every forecast is judged.
    ``bounds``, ``cell``, ``bandwidth``: metres, None of places. ``areas``: of each place, None of cells. ``at``: the moment
    from which the forecast holds, for ``horizon`` days, made from ``window`` days before it; days in the caller's count, or
    since 1970 where ``dated``. ``events``: how many the risk was made from."""

    type_name: ClassVar[str] = "hotspot-forecast"

    risk: Floats
    last_year: Floats
    method: str
    bounds: tuple[float, float, float, float] | None
    cell: float | None
    areas: Floats | None
    at: float
    dated: bool
    horizon: float
    window: float
    bandwidth: float | None
    events: int

    def later(
        self, x: npt.ArrayLike | None, y: npt.ArrayLike | None, t: npt.ArrayLike, *, place: npt.ArrayLike | None = None
    ) -> Floats:
        """How many of these events fall in each cell, or place, from ``at`` and before ``at`` + ``horizon``; those outside
        the grid are not counted."""
        if np.size(t) == 0:
            return np.zeros(self.risk.shape)
        days, dated = _days(t, "t")
        if dated != self.dated:
            raise ValueError("t must be counted as it was for the forecast: dates for dates, numbers of days for numbers")
        when = (days >= self.at) & (days < self.at + self.horizon)
        if self.bounds is None:
            if place is None:
                raise ValueError("this forecast is of places: give the place of each event")
            where = _places(place, days.size, self.risk.size)
            return np.bincount(where[when], minlength=self.risk.size).astype(np.float64)
        if x is None or y is None:
            raise ValueError("this forecast is of cells: give x and y of each event")
        a, b = coordinates(x, y)
        if a.size != days.size:
            raise ValueError(f"x and y have {a.size} numbers and t has {days.size}: give one of each for every event")
        grid = _grid_of(self)
        when &= grid.inside(a, b)
        return grid.count(a[when], b[when])

    def table(self, rows: int = 100) -> Table:
        """The ``rows`` cells or places of the highest risk; the whole is ``risk``."""
        order = np.argsort(-np.where(np.isfinite(self.risk), self.risk, -np.inf), axis=None, kind="stable")
        order = order[: min(rows, int(np.isfinite(self.risk).sum()))]
        risk, before = self.risk.ravel(), self.last_year.ravel()
        end = (
            Column("risk", msg("Risk, in the method's own unit"), None, True),
            Column("last_year", msg("Events in the year before"), None, True),
        )
        if self.bounds is None:
            head: tuple[Column, ...] = (Column("place", msg("Place"), None, True),)
            places: list[tuple[float, ...]] = [(int(k),) for k in order]
        else:
            across, up = _grid_of(self).centres()
            head = (
                Column("easting", msg("Easting of the centre"), msg("m"), True),
                Column("northing", msg("Northing of the centre"), msg("m"), True),
            )
            places = [(float(across[k % across.size]), float(up[k // across.size])) for k in order]
        return Table(
            (*head, *end),
            tuple((*p, float(risk[k]), float(before[k])) for p, k in zip(places, order, strict=True)),
            msg("Where the forecast puts the highest risk"),
        )

    def chart(self, language: str = "en") -> dict[str, Any]:
        title = msg("Risk, in the method's own unit").render(language)
        if self.bounds is not None:
            return heat_map(
                self.risk,
                _grid_of(self),
                title=title,
                east=msg("km east").render(language),
                north=msg("km north").render(language),
                unknown=msg("outside the study region").render(language),
            )
        rows = [{"place": str(int(r[0])), "risk": r[1]} for r in self.table(30).rows]
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 520,
            "height": {"step": 18},
            "data": {"values": rows},
            "mark": {"type": "bar", "style": "observed"},
            "encoding": {
                "y": {"field": "place", "type": "nominal", "sort": None, "title": msg("Place").render(language)},
                "x": {"field": "risk", "type": "quantitative", "title": title},
            },
        }

    def explain(self, language: str = "en") -> str:
        parts = [
            msg(
                "{how} For {horizon:count} days from {at}, from {n:count} events of the {window:count} days before.",
                how=_HOW[self.method](), horizon=self.horizon, at=self._moment(), n=self.events, window=self.window,
            ),
            msg(
                "It ranks places by what was reported there, and can't tell why. Nothing shows yet that it beats last "
                "year's counts: score both on later events before anybody relies on it. Where it sends patrols that record "
                "more, it will seem to prove itself."
            ),
        ]  # fmt: skip
        parts += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in parts)

    def _moment(self) -> str:
        if not self.dated:
            return f"{self.at:g}"
        moment = dt.datetime(1970, 1, 1) + dt.timedelta(days=self.at)
        return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(" ", "minutes")


_HOW = {
    "grid": lambda: msg("Risk is the number of recent events."),
    "kernel": lambda: msg("Risk is the density of recent events."),
    "prospective": lambda: msg("Risk adds up recent events, each for less the farther off and the longer ago it was."),
    "last_year": lambda: msg("Risk is the number of events in the last 365 days, the plainest forecast there is."),
}


def forecast_hotspots(
    x: npt.ArrayLike | None,
    y: npt.ArrayLike | None,
    t: npt.ArrayLike,
    *,
    method: str = "prospective",
    at: float | str | np.datetime64 | dt.date | None = None,
    horizon: float = 28.0,
    window: float | None = None,
    cell: float = 100.0,
    bandwidth: float | str | None = None,
    distance: str = "half-cells",
    weights: npt.ArrayLike | None = None,
    bounds: Sequence[float] | None = None,
    mask: npt.ArrayLike | None = None,
    place: npt.ArrayLike | None = None,
    areas: npt.ArrayLike | None = None,
    most_cells: int = MOST_CELLS,
) -> HotspotForecast:
    """Where events are to be expected from ``at`` on, from those at ``x``, ``y`` (metres) and ``t`` before it.

    ``t``: days by any count, or datetimes; ``at``: in the same terms, midnight after the last event where None; events at
    or after it are never used. ``horizon``: for how many days it is meant. ``window``: how many days before ``at`` count:
    90 for ``"grid"`` (events in the cell) and ``"kernel"`` (density), 56 for ``"prospective"``, always 365 for
    ``"last_year"``.

    Prospective: each event adds ``1 / (1 + c) / (1 + w)``, w the whole weeks since it and c the distance: with
    ``distance="half-cells"`` the whole half-cells from the event to the cell's centre, as published; with ``"cells"`` how
    many cells off the event's cell is, diagonal steps counting one, as in the open_cp package. Events farther than
    ``bandwidth`` (400 m where None) add nothing. For the kernel ``bandwidth`` is as in ``kernel_density``.

    ``weights``, ``bounds``, ``mask``, ``most_cells``: as in ``kernel_density``. ``place`` instead of x and y (None): the
    number, from 0, of each event's place, with ``areas`` the area of every place; for ``"grid"`` and ``"last_year"``.

    Raises ``ValueError`` for times or places that are missing, no events before ``at`` or none in the window, and options
    that don't fit each other.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if distance not in ("half-cells", "cells"):
        raise ValueError(f'distance must be "half-cells" or "cells", not {distance!r}')
    if method == "last_year" and window not in (None, YEAR):
        raise ValueError(f"last_year always looks back 365 days, not {window!r}: for another window use grid")
    horizon = positive(horizon, "horizon", "days")
    span = WINDOWS[method] if window is None else positive(window, "window", "days")
    days, dated = _days(t, "t")
    w = weights_of(weights, days.size)
    moment = _moment_of(at, days, dated)
    before = days < moment
    if not before.any():
        raise ValueError(f"no event lies before at = {at}: the earliest is at {days.min():g}, so there is nothing to go by")
    own = w if w is not None else np.ones(days.size)
    recent = before & (days >= moment - span) & (own > 0)
    year = before & (days >= moment - YEAR)
    checks = [_after_check(int((~before).sum()), days.size), _history_check(float(moment - days.min()))]
    if place is not None:
        if x is not None or y is not None:
            raise ValueError("give either x and y or place, not both")
        if method in ("kernel", "prospective"):
            raise ValueError(f"{method} needs x and y, because it measures distances: places take grid or last_year")
        sizes = _areas_of(areas)
        where = _places(place, days.size, sizes.size)
        _any_recent(recent, span, days, moment)
        naive: Floats = np.bincount(where[year], own[year], sizes.size).astype(np.float64)
        risk: Floats = np.bincount(where[recent], own[recent], sizes.size).astype(np.float64)
        return HotspotForecast(
            risk=risk, last_year=naive, method=method, bounds=None, cell=None, areas=sizes, at=moment, dated=dated,
            horizon=horizon, window=span, bandwidth=None, events=int(recent.sum()), checks=tuple(checks),
            parameters={"method": method, "at": moment, "horizon": horizon, "window": span, "weighted": w is not None},
        )  # fmt: skip
    if areas is not None:
        raise ValueError("areas go with place: cells all have the same area")
    if x is None or y is None:
        raise ValueError("give x and y of each event, or place")
    a, b = coordinates(x, y)
    if a.size != days.size:
        raise ValueError(f"x and y have {a.size} numbers and t has {days.size}: give one of each for every event")
    cell = positive(cell, "cell")
    grid = lay_grid(a, b, cell=cell, bounds=bounds, most_cells=most_cells)
    region = region_of(mask, grid)
    inside = grid.inside(a, b)
    if region is not None:
        inside[inside] = region.ravel()[grid.index(a[inside], b[inside])]
    checks += [outside_check(int((~inside).sum()), a.size), stray_check(a, b)]
    recent, year = recent & inside, year & inside
    _any_recent(recent, span, days, moment)
    naive = grid.count(a[year], b[year], own[year])
    h: float | None = None
    if method in ("grid", "last_year"):
        risk = grid.count(a[recent], b[recent], own[recent])
    elif method == "kernel":
        found = kernel_density(
            a[recent], b[recent], cell=cell, bandwidth="likelihood" if bandwidth is None else bandwidth,
            weights=None if w is None else w[recent], bounds=grid.bounds, mask=mask, most_cells=most_cells,
        )  # fmt: skip
        h = found.bandwidth
        checks += [c for c in found.checks if c.name in ("bandwidth", "shared-locations")]
        risk = found.intensity
    else:
        if isinstance(bandwidth, str):
            raise ValueError(f"the prospective bandwidth is a number of metres, not {bandwidth!r}")
        h = positive(400.0 if bandwidth is None else bandwidth, "bandwidth")
        weeks = np.floor((moment - days[recent]) / WEEK)
        risk = _prospective(a[recent], b[recent], own[recent] / (1 + weeks), grid, h, distance)
        checks.append(_days_check(np.unique(np.floor(days[recent])).size, int(recent.sum())))
    # What is left of rounding far from all events must not rank cells.
    risk = np.where(risk < 1e-12 * np.nanmax(risk), 0.0, risk)
    if region is not None:
        risk, naive = np.where(region, risk, np.nan), np.where(region, naive, np.nan)
    return HotspotForecast(
        risk=risk, last_year=naive, method=method, bounds=grid.bounds, cell=cell, areas=None, at=moment, dated=dated,
        horizon=horizon, window=span, bandwidth=h, events=int(recent.sum()), checks=tuple(checks),
        parameters={
            "method": method, "at": moment, "horizon": horizon, "window": span, "cell": cell, "bandwidth": bandwidth,
            "distance": distance, "bounds": list(grid.bounds), "weighted": w is not None, "masked": region is not None,
        },
    )  # fmt: skip


def _prospective(x: Floats, y: Floats, w: Floats, grid: EventGrid, reach: float, distance: str) -> Floats:
    if distance == "cells":
        # A cell's own events count in full, those of the ring k cells off for 1 / (1 + k).
        return _rings(grid.count(x, y, w), math.ceil(reach / grid.cell - 1e-9) - 1)
    out = np.zeros(grid.shape)
    order = np.argsort(grid.index(x, y), kind="stable")
    spread((x - grid.xmin)[order], (y - grid.ymin)[order], w[order], grid.cell, reach, out)
    return out


def _rings(held: Floats, most: int) -> Floats:
    """Σ over cells of what they hold / (1 + k), k the larger of the rows and columns between, up to ``most``."""
    rows, columns = held.shape
    total = np.zeros((rows + 1, columns + 1))
    total[1:, 1:] = held.cumsum(0).cumsum(1)

    def square(k: int) -> Floats:
        top, bottom = np.minimum(np.arange(rows) + k + 1, rows), np.maximum(np.arange(rows) - k, 0)
        right, left = np.minimum(np.arange(columns) + k + 1, columns), np.maximum(np.arange(columns) - k, 0)
        out: Floats = total[top][:, right] - total[bottom][:, right] - total[top][:, left] + total[bottom][:, left]
        return out

    most = min(max(most, 0), max(rows, columns) - 1)
    # 1 / (1 + k) for the ring k is a sum over squares: each square of reach k counts 1 / (1 + k) - 1 / (2 + k).
    out = square(most) / (1 + most)
    for k in range(most):
        out += square(k) * (1 / (1 + k) - 1 / (2 + k))
    return np.maximum(out, 0.0)


def _days(t: Any, name: str) -> tuple[Floats, bool]:
    """Times as days: since 1970 (True) where they are dates, otherwise as counted."""
    values = np.asarray(t)
    if values.dtype.kind in "OU" and values.size and isinstance(values.ravel()[0], str | dt.date | np.datetime64):
        try:
            values = values.astype("datetime64[us]")
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be datetimes or numbers of days: {error}") from error
    dated = values.dtype.kind == "M"
    if dated:
        missing = np.isnat(values.ravel())
        days = (values.ravel().astype("datetime64[us]") - EPOCH) / np.timedelta64(1, "D")
        days = np.where(missing, np.nan, days)
    else:
        days = numbers(values, name)
    if days.size == 0:
        raise ValueError("there are no events: a forecast needs at least one")
    bad = ~np.isfinite(days)
    if bad.any():
        raise ValueError(
            f"{int(bad.sum())} of {days.size} events have no usable time, the first is number {int(bad.argmax())}: leave "
            "them out, and say how many"
        )
    return days, dated


def _moment_of(at: Any, days: Floats, dated: bool) -> float:
    if at is None:
        return math.floor(float(days.max())) + 1.0
    moment, is_date = _days([at], "at")
    if is_date != dated:
        raise ValueError(f"at must be counted as t is: {'a date' if dated else 'a number of days'}, not {at!r}")
    return float(moment[0])


def _areas_of(areas: npt.ArrayLike | None) -> Floats:
    if areas is None:
        raise ValueError("places need areas: the area of every place, in any one unit")
    sizes = numbers(areas, "areas")
    bad = ~(np.isfinite(sizes) & (sizes > 0))
    if sizes.size == 0 or bad.any():
        raise ValueError(f"areas must be numbers above 0, one for every place, not {sizes[bad][:1].tolist() or 'none'}")
    return sizes


def _places(place: npt.ArrayLike, n: int, places: int) -> npt.NDArray[np.int64]:
    where = numbers(place, "place")
    if where.size != n:
        raise ValueError(f"place has {where.size} numbers for {n} events: give one for each")
    bad = ~((where >= 0) & (where < places) & (where == np.floor(where)))
    if bad.any():
        raise ValueError(f"place must be whole numbers from 0 to {places - 1}, as areas are given, not {where[bad][0]:g}")
    return where.astype(np.int64)


def _any_recent(recent: npt.NDArray[np.bool_], span: float, days: Floats, moment: float) -> None:
    if not recent.any():
        last = float(days[days < moment].max())
        raise Unfit(
            msg(
                "no event with any weight lies inside the region in the {days:count} days before {moment:.0f} (the last "
                "before it is at {last:.0f}): give a longer window or an earlier at",
                days=span,
                moment=moment,
                last=last,
            )
        )


def _after_check(after: int, n: int) -> Check:
    if not after:
        return Check("future", True, msg("All events lie before the forecast."))
    text: Message = msg(
        "{after:count} of {n:count} events lie after the moment of the forecast and were not used.", after=after, n=n
    )
    return Check("future", True, text)


def _history_check(days: float) -> Check:
    if days >= YEAR - 1:
        return Check("history", True, msg("The records hold a year before the forecast."))
    text = msg(
        "The records begin {days:count} days before the forecast, so last year's counts are not of a whole year.", days=days
    )
    return Check("history", False, text)


def _days_check(days: int, events: int) -> Check:
    if days >= 8 or days >= events:
        return Check("days", True, msg("The events bear times on {days:count} days.", days=days))
    text = msg(
        "{events:count} events bear times on only {days:count} days: if these stand for months, the weeks since an event "
        "are not known and this method can't be used.",
        events=events, days=days,
    )  # fmt: skip
    return Check("days", False, text)


def _grid_of(forecast: HotspotForecast) -> EventGrid:
    assert forecast.bounds is not None
    assert forecast.cell is not None
    return EventGrid(forecast.bounds[0], forecast.bounds[1], forecast.cell, *forecast.risk.shape)
