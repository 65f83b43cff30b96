"""From the LSOAs of 2011 to those of 2021.

An LSOA that did not change kept its code; one that was split, merged or redrawn got a new one. So

- the same code in both vintages is the same area;
- other pairs come from a lookup table (``LSOA11CD`` beside ``LSOA21CD``) where one was loaded;
- where none was, they come from overlap of the two boundary files: a pair counts where it holds at least 2% of either
  area, because both files are generalised and their edges never agree exactly.

Weights are by people. The people of a pair are the 2021 area's residents, spread evenly over its land where it overlaps
more than one 2011 area. For a split that means the residents of each part; for a merger every part goes whole; for a
redrawn area it is an estimate, and says so. What has no pair either way is listed, never dropped silently.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.places.model import Floats, Level, Places
from forestall.text import Message, msg_n

#: The least share of either area for an overlap to count.
SLIVER = 0.02


@dataclass(frozen=True)
class Link:
    """A pair: ``forward`` is the share of the 2011 area's people in the 2021 area, ``back`` the reverse; ``how`` is
    ``same``, ``table`` or ``overlap``."""

    old: str
    new: str
    forward: float
    back: float
    how: str


@dataclass(frozen=True)
class Crosswalk:
    """``old`` and ``new``: codes of 2011 and 2021. ``links``: pairs, sorted. ``unmatched_old`` and ``unmatched_new``:
    codes with no pair."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    links: tuple[Link, ...]
    unmatched_old: tuple[str, ...]
    unmatched_new: tuple[str, ...]

    def kind(self, code: str) -> str:
        """``unchanged``, ``split``, ``merged``, ``redrawn`` or ``unmatched``, for a code of either vintage."""
        return self._kinds.get(code, "unmatched")

    @functools.cached_property
    def _kinds(self) -> dict[str, str]:
        """By code, from the groups of areas that pairs join, directly or through others."""
        partners: dict[tuple[int, str], list[tuple[int, str]]] = {}
        for link in self.links:
            partners.setdefault((0, link.old), []).append((1, link.new))
            partners.setdefault((1, link.new), []).append((0, link.old))
        same = {link.old for link in self.links if link.how == "same"}
        out: dict[str, str] = {}
        for start in partners:
            if start[1] in out:
                continue
            group, queue = {start}, [start]
            while queue:
                new = [p for p in partners[queue.pop()] if p not in group]
                group.update(new)
                queue += new
            olds, news = sum(side == 0 for side, _ in group), sum(side == 1 for side, _ in group)
            kind = "split" if olds == 1 else "merged" if news == 1 else "redrawn"
            kind = "unchanged" if olds == news == 1 and start[1] in same else kind
            out |= {code: kind for _, code in group}
        return out

    def convert(self, values: npt.ArrayLike) -> Floats:
        """Counts by 2011 area, shape (old, …), as estimated counts by 2021 area, shape (new, …).

        Sums are kept but for areas without a pair; ForestallError where those hold any.
        """
        counts = np.asarray(values, dtype=np.float64)
        old = {c: i for i, c in enumerate(self.old)}
        new = {c: i for i, c in enumerate(self.new)}
        lost = [c for c in self.unmatched_old if np.any(counts[old[c]] != 0)]
        if lost:
            raise ForestallError(
                f"{len(lost)} areas of 2011 with counts have no area of 2021 ({', '.join(lost[:3])} …): load both "
                "boundary files, or a table with LSOA11CD and LSOA21CD, with forestall places add"
            )
        out = np.zeros((len(new), *counts.shape[1:]))
        for link in self.links:
            out[new[link.new]] += link.forward * counts[old[link.old]]
        return out

    def notes(self) -> tuple[Message, ...]:
        """What a reader should know: how many changed, and how many could not be matched."""
        changed = {link.old for link in self.links if link.how != "same"}
        out = []
        if changed:
            out.append(
                msg_n(
                    "{n:count} LSOA of 2011 changed by 2021: its counts are shared out by residents.",
                    "{n:count} LSOAs of 2011 changed by 2021: their counts are shared out by residents.",
                    n=len(changed),
                )
            )
        if self.unmatched_old:
            out.append(
                msg_n(
                    "{n:count} LSOA of 2011 has no known counterpart of 2021.",
                    "{n:count} LSOAs of 2011 have no known counterpart of 2021.",
                    n=len(self.unmatched_old),
                )
            )
        return tuple(out)


def between(places: Places) -> Crosswalk:
    """The crosswalk of places that hold both vintages; ForestallError where one is missing."""
    if "lsoa11" not in places.levels or "lsoa21" not in places.levels:
        raise ForestallError("a crosswalk needs LSOAs of both 2011 and 2021: load the other with forestall places add")
    return crosswalk(places.levels["lsoa11"], places.levels["lsoa21"], places.pairs)


def crosswalk(old: Level, new: Level, pairs: Iterable[tuple[str, str]] = ()) -> Crosswalk:
    """The crosswalk of two levels of LSOAs; ``pairs`` are (2011 code, 2021 code) of a lookup table."""
    known = [(a, b) for a, b in pairs if a in old and b in new]
    how = {(c, c): "same" for c in old.codes if c in new}
    how |= {p: "table" for p in known if p[0] != p[1]}
    met_old, met_new = {a for a, _ in how}, {b for _, b in how}
    rest_old = [c for c in old.codes if c not in met_old]
    rest_new = [c for c in new.codes if c not in met_new]
    share = _overlaps(old, new, rest_old, rest_new)
    how |= dict.fromkeys(share, "overlap")
    tabled = [p for p, h in how.items() if h == "table"]
    share |= _table_shares(old, new, tabled)
    people = {p: 1.0 if h == "same" else share[p] * _residents(new, p[1]) for p, h in how.items()}
    from_old, from_new = dict.fromkeys(old.codes, 0.0), dict.fromkeys(new.codes, 0.0)
    for (a, b), n in people.items():
        from_old[a] += n
        from_new[b] += n
    links = tuple(Link(a, b, n / from_old[a], n / from_new[b], how[a, b]) for (a, b), n in sorted(people.items()))
    return Crosswalk(
        old.codes,
        new.codes,
        links,
        tuple(c for c in old.codes if not from_old[c]),
        tuple(c for c in new.codes if not from_new[c]),
    )


def _residents(level: Level, code: str) -> float:
    """Residents at the census of 2021, or of the latest year there is; 1 where not known or nobody lives there."""
    found = level.population_near(2021)
    number = float(found[1][level.index(code)]) if found else 1.0
    return number if number > 0 else 1.0


def _overlaps(old: Level, new: Level, olds: list[str], news: list[str]) -> dict[tuple[str, str], float]:
    """(2011, 2021) -> the share of the 2021 area's land in the pair, scaled to sum to 1 over its pairs."""
    import shapely

    if old.polygons is None or new.polygons is None:
        return {}
    left = [(c, p) for c in olds if (p := old.polygons[old.index(c)]) is not None]
    right = [(c, p) for c in news if (p := new.polygons[new.index(c)]) is not None]
    if not left or not right:
        return {}
    a, b = np.array([p for _, p in left], dtype=object), np.array([p for _, p in right], dtype=object)
    i, j = shapely.STRtree(b).query(a, predicate="intersects")
    land = shapely.area(shapely.intersection(a[i], b[j]))
    kept = land >= SLIVER * np.minimum(shapely.area(a)[i], shapely.area(b)[j])
    total = np.bincount(j[kept], weights=land[kept], minlength=len(b))
    return {(left[x][0], right[y][0]): float(z / total[y]) for x, y, z in zip(i[kept], j[kept], land[kept], strict=True)}


def _table_shares(old: Level, new: Level, tabled: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Shares of the 2021 area's people in each pair of a table: by land where both boundaries are known, else in
    proportion to the 2011 areas' own residents."""
    by_land = _overlaps(old, new, sorted({a for a, _ in tabled}), sorted({b for _, b in tabled}))
    weights = {
        p: by_land[p] if all(q in by_land for q in tabled if q[1] == p[1]) else _residents(old, p[0]) for p in tabled
    }
    total: dict[str, float] = {}
    for (_, b), w in weights.items():
        total[b] = total.get(b, 0.0) + w
    return {p: w / total[p[1]] for p, w in weights.items()}
