"""A force of counts alone, with the methods that a scan asks of its records and no files behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import months as mm
from forestall.records.cube import Cube
from forestall.results import Finding, Series, Signal
from forestall.text import msg

#: Columns of the grid of areas, a kilometre apart.
WIDE = 8
QUIET = ("burglary", "vehicle-crime", "shoplifting", "public-order")


def code(i: int) -> str:
    return f"W01{i:06d}"


def block(*corner: int) -> tuple[int, ...]:
    """Four areas in a square, by the index of its first."""
    return tuple(i + j for i in corner for j in (0, 1, WIDE, WIDE + 1))


class MadeForce:
    """``counts``: by category, shape (areas, months). ``events``: what the quality findings would be."""

    snapshot = "made"

    def __init__(
        self,
        counts: Mapping[str, Any],
        *,
        first: str = "2020-01",
        events: Sequence[Finding] = (),
        police: Mapping[str, float] | None = None,
        unplaced: Mapping[str, Any] | None = None,
    ) -> None:
        self.categories = tuple(sorted(counts))
        self.counts = np.stack([np.asarray(counts[c], np.int64) for c in self.categories])
        self.held = tuple(mm.shift(first, t) for t in range(self.counts.shape[2]))
        self.events = tuple(events)
        self.police = police or {}
        self.unplaced = {c: np.asarray(v, np.int64) for c, v in (unplaced or {}).items()}

    def forces(self) -> list[str]:
        return ["made"]

    def months(self, force: str | None = None) -> tuple[str, ...]:
        assert force in (None, "made")
        return self.held

    def filled(self) -> frozenset[str]:
        return frozenset({"occurred_from:month", "lsoa", "category"})

    def require(self, needs: set[str], analysis: str) -> None:
        if not needs <= self.filled():
            raise ForestallError(f"{analysis} needs more than counts")

    def cube(self, *, force: str | None = None, since: str | None = None, until: str | None = None) -> Cube:
        assert force in (None, "made")
        at = slice(self.held.index(since or self.held[0]), self.held.index(until or self.held[-1]) + 1)
        n = self.counts.shape[1]
        zero = np.zeros(len(self.held), np.int64)
        return Cube(
            self.categories,
            tuple(code(i) for i in range(n)),
            self.held[at],
            self.counts[:, :, at],
            np.stack([self.unplaced.get(c, zero)[at] for c in self.categories]),
            300_000.0 + 1000 * (np.arange(n) % WIDE),
            200_000.0 + 1000 * (np.arange(n) // WIDE),
            np.array([self.police.get(c, 0.0) for c in self.categories]),
            np.zeros(len(self.categories)),
        )

    def findings(self, force: str | None = None, until: str | None = None) -> tuple[Finding, ...]:
        assert force in (None, "made")
        return tuple(e for e in self.events if until is None or (e.month or "") <= until)

    def places(self) -> Places:
        """The areas as places that are loaded, so that none is taken for a stray or for redrawn."""
        cube = self.cube()
        return Places.from_points(cube.areas, cube.easting, cube.northing)

    def raw(self, signal: Signal) -> int:
        """How many records the areas, category and months of a signal hold."""
        of = self.counts[self.categories.index(signal.category)]
        rows = [int(a[3:]) for a in signal.areas]
        return int(of[np.ix_(rows, [self.held.index(m) for m in mm.between(signal.since, signal.until)])].sum())


def quiet(seed: int = 1, *, areas: int = 48, months: int = 36, mean: float = 4.0) -> dict[str, Any]:
    """Counts with nothing in them, by category."""
    rng = np.random.default_rng(seed)
    return {c: rng.poisson(mean, (areas, months)) for c in QUIET}


def trebled(seed: int = 1, *, category: str = "burglary", rows: Sequence[int] = (), last: int = 3, **kw: Any) -> Any:
    """The same with one category trebled in ``rows`` in the last months."""
    counts = quiet(seed, **kw)
    at = np.ix_(list(rows), range(-last, 0))
    counts[category][at] += np.random.default_rng(seed + 99).poisson(2 * kw.get("mean", 4.0), (len(rows), last))
    return counts


def event(month: str, shape: str, **kw: Any) -> Finding:
    return Finding("recording-event", msg("something changed"), month=month, shape=shape, **kw)


PLAIN = Signal(
    id="", kind="rising", category="burglary", theme="neighbourhood", areas=("a", "b", "c", "d"), place=msg("somewhere"),
    since="2022-04", until="2022-06", observed=30, expected=10.0, ratio=3.0, interval=(2.0, 4.0), p_value=0.01,
    q_value=0.04, established=True, harm=100.0, why=msg("because"), cautions=(), series=Series((), (), ()),
)  # fmt: skip


def signal(**kw: Any) -> Signal:
    return replace(PLAIN, **kw)
