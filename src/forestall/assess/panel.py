"""The outcome by area and month, with what tells areas apart: all that a design and its evaluation work on."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall import catalogue
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records.ground import broken_areas, lay, usable_months
from forestall.records.records import Records
from forestall.results import Finding
from forestall.results.design import Outcome

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Categories that tell town centres apart from streets of houses, whatever the outcome is.
CENTRE = ("shoplifting", "other-theft", "theft-from-the-person", "public-order")
#: Neighbours by centroid, where no boundaries are loaded.
NEAREST = 6


@dataclass(frozen=True, eq=False)
class Panel:
    """``counts``: the outcome, shape (areas, months): events, or events weighted by harm and divided by ``unit``, so that
    one stands for one event's worth of information. ``raw``: events. ``everything`` and ``centre``: records of all
    categories, and of those that mark centres. ``usable``: months without a recording event of these categories;
    ``broken``: areas whose recording broke. ``pairs``: areas that touch, (m, 2). ``own``: areas of the force that is asked
    about; the others are candidates for comparison alone. ``drawn``: random groups of areas drawn already, by size; they
    hang on no month, so a panel cut short shares them."""

    force: str | None
    snapshot: str
    categories: tuple[str, ...]
    areas: tuple[str, ...]
    months: tuple[str, ...]
    counts: Floats
    raw: Ints
    everything: Floats
    centre: Floats
    usable: Bools
    broken: Bools
    pairs: Ints
    population: Floats | None
    own: Bools
    unit: float = 1.0
    events: tuple[Finding, ...] = ()
    places: Places | None = field(default=None, repr=False)
    drawn: dict[int, Ints] = field(default_factory=dict, repr=False)

    @functools.cached_property
    def index(self) -> dict[str, int]:
        return {a: i for i, a in enumerate(self.areas)}

    @functools.cached_property
    def touching(self) -> tuple[tuple[int, ...], ...]:
        """Of each area, those that touch it."""
        out: list[list[int]] = [[] for _ in self.areas]
        for a, b in self.pairs.tolist():
            out[a].append(b)
            out[b].append(a)
        return tuple(tuple(sorted(set(o))) for o in out)

    @functools.cached_property
    def contact(self) -> Any:
        """Which areas touch, a symmetric sparse matrix of 0 and 1, (areas, areas)."""
        from scipy import sparse

        n, (a, b) = len(self.areas), (self.pairs[:, 0], self.pairs[:, 1])
        ones = np.ones(2 * len(self.pairs))
        return sparse.csr_matrix((ones, (np.r_[a, b], np.r_[b, a])), shape=(n, n))

    def upto(self, month: str) -> Panel:
        """The same as it stood at the end of a month: later months, and what they taught of recording, are cut off."""
        if month >= self.months[-1]:
            return self
        n = sum(m <= month for m in self.months)
        months = self.months[:n]
        if not months:
            raise ForestallError(
                f"there are no records up to {month}: they begin in {self.months[0]}; choose a later month"
            )
        usable = np.logical_and.reduce([usable_months(c, months, self.events) for c in self.categories])
        whole = self.everything[:, :n].astype(np.int64)
        broken = np.logical_or.reduce([broken_areas(c, self.areas, months, whole, self.events) for c in self.categories])
        cut = replace(
            self, months=months, counts=self.counts[:, :n], raw=self.raw[:, :n], everything=self.everything[:, :n],
            centre=self.centre[:, :n], usable=usable, broken=broken,
        )  # fmt: skip
        cut.__dict__.update(index=self.index, touching=self.touching, contact=self.contact)  # of areas alone: the same
        return cut

    def rows(self, codes: Sequence[str]) -> Ints:
        """Where areas stand; a sentence where one is not of this force, or of the other vintage."""
        missing = [c for c in codes if c not in self.index]
        if missing:
            raise ForestallError(_not_here(missing, self))
        return np.array([self.index[c] for c in codes], np.int64)

    def ring(self, rows: Ints) -> Ints:
        """The areas that touch ``rows`` and are none of them."""
        inside = set(rows.tolist())
        found = {b for a in inside for b in self.touching[a]} - inside
        return np.array(sorted(found), np.int64)


def _not_here(codes: Sequence[str], panel: Panel) -> str:
    shown = ", ".join(codes[:3]) + (" …" if len(codes) > 3 else "")
    places = panel.places
    for code in codes[:1]:
        level = places.find(code) if places is not None else None
        own = places.levels["lsoa"] if places is not None and "lsoa" in places.levels else None
        if level is not None and own is not None and level.vintage and level.vintage != own.vintage:
            return (
                f"{shown}: an area of {level.vintage}, but these records use the areas of {own.vintage or 'another year'}; "
                f"name the areas by their codes of {own.vintage or 'that year'}"
            )
        if level is not None and level is not own:
            return (
                f"{shown} is not a small area but one of level {level.name}: name it by --within, or list its small areas"
            )
    return f"{shown}: no area of {panel.force or 'these records'}; its codes look like {panel.areas[0]}"


def build(
    records: Records,
    places: Places | None,
    *,
    outcome: Outcome,
    force: str | None = None,
    until: str | None = None,
    others: Sequence[str] = (),
) -> Panel:
    """Reads the outcome from the records.

    ``until``: last month that may be looked at. ``others``: further forces whose areas are candidates for comparison.
    Raises ``ForestallError`` where a category is not in the records, or nothing is weighted by the harm scheme.
    """
    grounds = [lay(records, places, force=f, until=until, lookback=120, neighbours=NEAREST) for f in (force, *others)]
    months = grounds[0].cube.months
    unknown = [c for c in outcome.categories if c not in grounds[0].cube.categories]
    if unknown:
        raise ForestallError(
            f"there are no records of {unknown[0]!r} here; there are: {', '.join(grounds[0].cube.categories)}"
        )
    parts = [_part(g, outcome, months) for g in grounds]
    start = np.cumsum([0, *(len(p["areas"]) for p in parts)])
    pairs = np.concatenate([p["pairs"] + at for p, at in zip(parts, start[:-1], strict=True)])
    weights = _weights(outcome)
    raw = np.concatenate([p["raw"] for p in parts], 1)
    weighted = np.tensordot(weights, raw, 1)
    unit = float((weights**2 @ raw.sum((1, 2))) / max(weights @ raw.sum((1, 2)), 1e-12)) if raw.any() else 1.0
    population = [p["population"] for p in parts]
    whole = np.concatenate(population) if all(p is not None for p in population) else None
    everything, centre = (np.concatenate([p[k] for p in parts]) for k in ("everything", "centre"))
    own = np.concatenate([np.full(len(p["areas"]), i == 0) for i, p in enumerate(parts)])
    return Panel(
        force=grounds[0].force, snapshot=records.snapshot, categories=outcome.categories,
        areas=tuple(a for p in parts for a in p["areas"]), months=months,
        counts=weighted / (unit or 1.0), raw=raw.sum(0), everything=everything, centre=centre,
        usable=np.logical_and.reduce([grounds[0].usable[c] for c in outcome.categories]),
        broken=np.concatenate([p["broken"] for p in parts]), pairs=pairs, population=whole, own=own,
        unit=unit or 1.0, events=tuple(e for g in grounds for e in g.events if e.category in (None, *outcome.categories)),
        places=grounds[0].places,
    )  # fmt: skip


def _weights(outcome: Outcome) -> Floats:
    if outcome.kind != "harm":
        return np.ones(len(outcome.categories))
    scheme = catalogue.harm(outcome.scheme or "cambridge-2026")
    weights = [scheme.weight(c) for c in outcome.categories]
    lacking = [c for c, w in zip(outcome.categories, weights, strict=True) if w is None]
    if lacking:
        raise ForestallError(
            f"{scheme.slug} gives {lacking[0]} no weight, so its harm can't be counted: leave it out, or count events"
        )
    return np.array(weights, float)


def _part(ground: Any, outcome: Outcome, months: tuple[str, ...]) -> dict[str, Any]:
    cube = ground.cube
    at = [cube.months.index(m) if m in cube.months else -1 for m in months]
    n = len(cube.areas)

    def of(categories: Sequence[str]) -> Ints:
        out = np.zeros((len(categories), n, len(months)), np.int64)
        for i, c in enumerate(categories):
            if c in cube.categories:
                counts = cube.of(c)
                for j, k in enumerate(at):
                    if k >= 0:
                        out[i, :, j] = counts[:, k]
        return out

    level, where = ground.level, ground.rows
    found = level.population_near(int(months[-1][:4]))
    broken = np.logical_or.reduce(
        [ground.broken[c] for c in outcome.categories if c in ground.broken] or [np.zeros(n, bool)]
    )
    return {
        "areas": cube.areas, "raw": of(outcome.categories), "everything": of(cube.categories).sum(0).astype(float),
        "centre": of(CENTRE).sum(0).astype(float), "broken": broken, "pairs": _pairs(ground),
        "population": None if found is None else found[1][where],
    }  # fmt: skip


def _pairs(ground: Any) -> Ints:
    """Pairs of areas that touch; the nearest by centroid where no boundaries are loaded."""
    level, where = ground.level, ground.rows
    n = len(where)
    if level.polygons is not None and not any(level.polygons[i] is None for i in where):
        at = np.full(len(level), -1, np.int64)
        at[where] = np.arange(n)
        pairs = at[np.asarray(ground.places.neighbours("lsoa"), np.int64)]
        return pairs[(pairs >= 0).all(1)]
    near = np.asarray(ground.neighbours, np.int64)[:, 1 : NEAREST + 1]
    a = np.repeat(np.arange(n), near.shape[1])
    b = near.ravel()
    both = np.sort(np.column_stack([a, b])[b >= 0], 1)
    return np.unique(both[both[:, 0] != both[:, 1]], axis=0)
