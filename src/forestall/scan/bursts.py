"""Near-repeat bursts: in the last two months, crimes of a kind came close upon each other in place and time far more often
than the same places and the same days, dealt anew, would give; and more than they usually do there.

Needs days and places: files that know months only, or points moved to a street, can't tell.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall import catalogue
from forestall.catalogue.protected import protection
from forestall.errors import ForestallError
from forestall.records import months as mm
from forestall.records.ground import Ground
from forestall.records.records import Records
from forestall.scan.targets import targets
from forestall.stats.multiple import benjamini_hochberg
from forestall.stats.rates import poisson_interval
from forestall.text import Message, msg

#: Months that are recent, and months before them that say what is usual.
RECENT, BEFORE = 2, 10
#: Metres and days that are near; fewest crimes that are tested; fewest in a chain that is told of.
METRES, DAYS, LEAST, CHAIN = 200.0, 14.0, 12, 4
#: Bursts listed: q up to this. Fewest pairs to be expected, for a tail to mean anything; shuffles that tell their variance.
LISTED, LEAST_PAIRS, SHUFFLES, SEED = 0.2, 1.0, 199, 1
NAME = msg("Near-repeat bursts")
NEEDS = frozenset({"occurred_from:day", "easting", "northing", "lsoa"})

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Burst:
    """``areas``: of the longest chain, fullest first. ``pairs``, ``expected``: near pairs in the hub, and those that the
    same places and days dealt anew give. ``usual``: how many times the expected there are in the year before, NaN where
    not known. ``chain``: crimes in the longest chain; ``chain_from`` and ``chain_to`` its first and last day."""

    category: str
    areas: tuple[str, ...]
    since: str
    until: str
    crimes: int
    pairs: int
    expected: float
    interval: tuple[float, float]
    usual: float
    p_value: float
    q_value: float
    chain: int
    chain_from: str
    chain_to: str


@dataclass(frozen=True)
class Crimes:
    """Single crimes: places in metres, whole days since 1970, areas."""

    x: Floats
    y: Floats
    t: Floats
    lsoa: npt.NDArray[np.str_]

    @staticmethod
    def of(table: Any) -> Crimes:
        """From an Arrow table of records."""
        x, y = (np.asarray(table[c].to_numpy(), float) for c in ("easting", "northing"))
        days = np.asarray(table["occurred_from"].to_numpy()).astype("datetime64[D]").astype(np.int64)
        return Crimes(x, y, days.astype(float), np.array(table["lsoa"].to_pylist(), dtype=np.str_))

    def take(self, rows: list[int]) -> Crimes:
        at = np.array(rows, np.int64)
        return Crimes(self.x[at], self.y[at], self.t[at], self.lsoa[at])


def lacking(records: Records) -> Message | None:
    """The kind's name where the records can't tell of it."""
    try:
        records.require(NEEDS, str(NAME))
    except ForestallError:
        return NAME
    return None


def find(records: Records, ground: Ground) -> tuple[list[Burst], int]:
    """Bursts with q up to :data:`LISTED`, and how many were tested: each category in each local authority."""
    until = ground.cube.months[-1]
    since, first = mm.shift(until, 1 - RECENT), mm.shift(until, 1 - RECENT - BEFORE)
    table = records.select(
        ("category", "offence_code", "flags", "occurred_from", "precision", "origin", "lsoa", "easting", "northing",
         "month"),
        having=("easting", "northing", "lsoa"), kinds=("crime",), force=ground.force,
        since=max(first, records.months(ground.force)[0]), until=until,
    )  # fmt: skip
    hub = {a: ground.places.parent(a, "lad") or "" for a in ground.cube.areas}
    may = {c for c in ground.cube.categories if targets(c, ground.cube)}
    covers = functools.cache(protection().covers)  # a few thousand different answers, each worked out once
    told = (table[c].to_pylist() for c in ("category", "offence_code", "flags", "precision", "origin", "lsoa"))
    keys = [
        (category, hub[lsoa])
        if precision != "month" and origin != "police-generated" and lsoa in hub and category in may
        and not covers(category, code, tuple(flags or ()))
        else None
        for category, code, flags, precision, origin, lsoa in zip(*told, strict=True)
    ]  # fmt: skip
    groups: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(keys):
        if key is not None:
            groups.setdefault(key, []).append(i)
    crimes = Crimes.of(table)
    pending = [
        b
        for (category, _), rows in sorted(groups.items())
        if (b := burst(category, crimes.take(rows), since, until)) is not None
    ]
    q = benjamini_hochberg([b.p_value for b in pending])
    out = [replace(b, q_value=float(v)) for b, v in zip(pending, q, strict=True)]
    out = [b for b in out if b.q_value <= LISTED and b.chain >= CHAIN]
    return sorted(out, key=lambda b: b.p_value), len(pending)


def burst(category: str, crimes: Crimes, since: str, until: str) -> Burst | None:
    """The test of one category in one authority; None where too few crimes are recent or none lie near each other.

    Of all pairs near in place, those count whose later crime is recent and whose days are near. With the days dealt anew
    over the year's crimes their mean is exact; their variance comes from :data:`SHUFFLES`, and the tail is the negative
    binomial's with both.
    """
    from forestall.stats.repeat_chains import near_repeat_chains

    x, y, t = crimes.x, crimes.y, crimes.t
    recent = t >= np.datetime64(since, "D").astype(np.int64)
    if recent.sum() < LEAST:
        return None
    one, two = _near(x, y)
    if one.size == 0:
        return None
    begin = t[recent].min()
    pairs, earlier = _count(t, one, two, begin)
    late, before = _share(t, begin)
    expected = one.size * late
    if expected < LEAST_PAIRS:
        return None
    rng = np.random.default_rng(SEED)
    drawn = [_count(rng.permutation(t), one, two, begin)[0] for _ in range(SHUFFLES)]
    variance = max(float(np.var(drawn, ddof=1)), expected * 1.000001)
    p = _tail(pairs, expected, variance)
    usual = earlier / (one.size * before) if one.size * before >= LEAST_PAIRS else float("nan")
    if np.isfinite(usual) and usual > 1:
        # What comes upon each other as often as it always does there is no burst.
        p = max(p, _tail(pairs, expected * usual, variance * usual))
    low, high = (float(v) / expected for v in poisson_interval(pairs, dispersion=variance / expected))
    at = np.flatnonzero(recent)
    chains = near_repeat_chains(
        x[at], y[at], t[at], space_band=(0.0, METRES), time_band=(0.0, DAYS), precision="day"
    ).chains  # fmt: skip
    longest = at[chains[0]] if chains else np.zeros(0, np.int64)
    areas = crimes.lsoa[longest].tolist()
    order = tuple(sorted(set(areas), key=lambda a: (-areas.count(a), a)))
    days = sorted(t[longest])
    return Burst(
        category, order, since, until, int(recent.sum()), pairs, expected, (low, high), usual, p, 1.0, int(longest.size),
        str(np.datetime64(int(days[0]), "D")) if days else since, str(np.datetime64(int(days[-1]), "D")) if days else until,
    )  # fmt: skip


def _near(x: Floats, y: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of crimes nearer than :data:`METRES`."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(np.column_stack([x, y])).query_pairs(float(np.nextafter(METRES, 0)), output_type="ndarray")
    return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)


def _count(t: Floats, one: npt.NDArray[np.int64], two: npt.NDArray[np.int64], begin: float) -> tuple[int, int]:
    """Pairs of near days: with a later crime from ``begin`` on, and earlier ones."""
    near = np.abs(t[one] - t[two]) < DAYS
    late = np.maximum(t[one], t[two]) >= begin
    return int((near & late).sum()), int((near & ~late).sum())


def _share(t: Floats, begin: float) -> tuple[float, float]:
    """Of all pairs of days, the share that is near and late, and near and earlier."""
    ordered = np.sort(t)
    # For each crime, how many of the ones before it in order lie within the days.
    within = np.arange(t.size) - np.searchsorted(ordered, ordered - DAYS, side="right")
    late = ordered >= begin
    all_pairs = t.size * (t.size - 1) / 2
    return float(within[late].sum()) / all_pairs, float(within[~late].sum()) / all_pairs


def _tail(count: int, mean: float, variance: float) -> float:
    """P(``count`` or more) by the negative binomial of this mean and variance."""
    variance = max(variance, mean * 1.000001)
    success = mean / variance
    return float(np.clip(ss.nbinom.sf(count - 1, mean * success / (1 - success), success), 1e-300, 1.0))


def why(b: Burst, place: Message) -> Message:
    return msg(
        "{category}: of {crimes:count} recorded here from {since:month} to {until:month}, {pairs:count} pairs lie within "
        "{metres:count} metres and {days:count} days of each other, where the same places and days dealt anew give "
        "{expected:decimal}. The longest chain has {chain:count}, from {first} to {last}, in {place}.",
        category=catalogue.category(b.category).title, crimes=b.crimes, since=b.since, until=b.until, pairs=b.pairs,
        metres=METRES, days=DAYS, expected=b.expected, chain=b.chain, first=b.chain_from, last=b.chain_to, place=place,
    )  # fmt: skip
