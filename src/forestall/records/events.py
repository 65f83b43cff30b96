"""Recording events in plain counts: when the way of recording changed, and not what was recorded.

Three questions, each answered from arrays alone:

- :func:`spells`: did a category's level jump in almost every area at once, far beyond what it had ever been?
- :func:`turnovers`, :func:`local_turnovers`: were the map points (or street names) replaced, everywhere or in one area?
- :func:`breaks`: where points were replaced, which areas' own levels broke with them, against the force's trend?

Nothing here looks past the last month of the arrays it is given. Formulae, assumptions and measured rates of false
alarms: ``docs/methods/recording-events.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Far above: this many times the level before, where there is no same month of the year before to hold it against.
FAR = 2.5
#: Far above, where the same month of the year before is known and was passed by as much.
FAR_SEASONED = 1.8
#: Far below: this share of the level before.
FAR_BELOW = 1 / 3
#: Sudden: this many times the level of two months earlier.
SUDDEN = 1.8
#: And this many times the level of one month earlier: more in a first year, in which a season can't be told from a jump.
SUDDEN_AT_ONCE, SUDDEN_SEASONED = 1.6, 1.4
#: Back: within this many times the level before.
BACK = 1.5
#: Back for so many months running, and the spell is over.
SETTLED = 3
#: A month before the jump that stands this many times above the level is its run-up.
RUN_UP = 1.4
#: Months of one steady level after which a changed level is the new normal.
PLATEAU = 12
#: Share of the blocks of areas that must have moved together.
BREADTH = 0.8
#: Least expected records in a block.
BLOCK = 15.0
#: Spread of a force's month-to-month level on the log scale that is taken for granted, however short the series.
LOG_SPREAD = 0.12
#: Months before and after a turnover that are compared.
BEFORE, AFTER = 12, 12


@dataclass(frozen=True)
class Spell:
    """A force-wide jump of one series. Months are indices into it, both inclusive.

    ``run_up``: the month before ``start``, where it was already on its way up. ``end``: the last month of the spell, None
    for a lasting ``step``. ``open``: the level had not come back by the last month. ``level``: records a month before;
    ``peak``: the furthest month's records. ``areas_moved``, ``areas``: how many areas moved that way in the first month,
    of those with any records before or in it. ``baseline``: the months that the level before is the median of.
    ``breadth``: share of the blocks of neighbouring areas that moved with the whole.
    """

    shape: str
    direction: int
    start: int
    end: int | None
    open: bool
    run_up: int | None
    level: float
    peak: int
    areas_moved: int
    areas: int
    baseline: tuple[int, ...]
    breadth: float


@dataclass(frozen=True)
class Breaks:
    """Each area's level after a month against what its own past and the force's trend lead to expect.

    ``observed``: records after; ``expected``: what the months before and the force's trend give; ``before``, ``after``:
    months compared; ``p``: two-sided beta-binomial p, NaN where there is too little to test; ``rho``: the fitted
    intra-area correlation (0: binomial).
    """

    observed: Ints
    expected: Floats
    was: Floats
    now: Floats
    p: Floats
    rho: float
    before: int
    after: int


def blocks(weight: Floats, limit: int = 20) -> npt.NDArray[np.intp]:
    """Consecutive areas gathered into blocks that expect at least :data:`BLOCK` records each; -1 where no block."""
    total = float(weight.sum())
    k = int(min(limit, total // BLOCK))
    if k < 1:
        return np.full(len(weight), -1, np.intp)
    middle = np.cumsum(weight) - weight / 2
    return np.minimum((middle / total * k).astype(np.intp), k - 1)


def _breadth(now: Ints, before: Floats, ratio: float) -> float:
    """Share of the blocks that moved at least a third of the way that the whole moved (of the log ratio); 0 where there
    are fewer than four blocks: too few records to tell a force-wide change from a local one."""
    block = blocks(before)
    k = int(block.max()) + 1
    if k < 4:
        return 0.0
    was = np.bincount(block, before, k)
    is_now = np.bincount(block, now, k)
    used = was > 0
    if used.sum() < 4:
        return 0.0
    moved = np.log(np.maximum(is_now[used], 0.5) / was[used]) / np.log(ratio)
    return float((moved >= 1 / 3).mean())


def _far(total: Floats, t: int, base: Ints, level: float) -> int:
    """+1 or -1 where month ``t`` lies far, suddenly and beyond chance above or below ``level``; else 0."""
    if level < 4 * BLOCK:
        return 0
    now = max(float(total[t]), 0.5)
    ratio = now / level
    year_ago = t - 12
    seasoned = year_ago >= 0 and year_ago in base and total[year_ago] > 0
    then = float(np.median(total[max(0, year_ago - 1) : year_ago + 2])) if seasoned else level
    two_ago = float(total[t - 2]) if t - 2 in base else level
    one_ago = float(total[t - 1]) if t - 1 in base else level
    up = ratio >= (FAR_SEASONED if seasoned else FAR)
    up &= now >= SUDDEN * two_ago
    up &= now >= (SUDDEN_SEASONED if seasoned else SUDDEN_AT_ONCE) * one_ago
    up &= now >= (FAR_SEASONED if seasoned else FAR) * then
    down = now <= FAR_BELOW * float(np.quantile(total[base], 0.25)) and now <= two_ago / SUDDEN and now <= one_ago / 2
    down &= not seasoned or now <= then / SUDDEN
    if not (up or down):
        return 0
    nearby = [float(np.median(total[base[-3:]])), level]
    reach = now / max(nearby) if up else min(nearby) / now
    steps = np.abs(np.diff(np.log(np.maximum(total[base], 0.5))))
    spread = max(LOG_SPREAD**2, (1.4826 * float(np.median(steps))) ** 2 / 2 - 1.5 / level)
    n = len(base)
    error = np.sqrt(spread * (1 + 1 / n) + 2 / now + 2 / (n * level))
    if np.log(max(reach, 0.01)) < 4 * error:
        return 0
    return 1 if up else -1


def _steady(values: Floats) -> bool:
    middle = float(np.median(values))
    return bool(middle > 0 and np.all(np.abs(values / middle - 1) <= 0.25))


def spells(counts: Ints, skip: Bools | None = None) -> tuple[Spell, ...]:
    """Force-wide jumps of one series of counts, shape (areas, months); areas in an order in which neighbours lie near.

    ``skip``: months without usable records (gaps), shape (months,). At least two months must come before a jump.
    """
    n_months = counts.shape[1]
    total = counts.sum(axis=0).astype(float)
    aside = np.zeros(n_months, bool) if skip is None else skip.copy()
    found: list[Spell] = []
    first = 0
    t = first + 2
    while t < n_months:
        if aside[t]:
            t += 1
            continue
        base = np.array([m for m in range(max(first, t - 12), t) if not aside[m]], dtype=np.int64)
        if len(base) < 2:
            t += 1
            continue
        level = float(np.median(total[base]))
        sign = _far(total, t, base, level)
        run_up = None
        if sign and len(base) >= 3 and base[-1] == t - 1:
            earlier = float(np.median(total[base[:-1]]))
            before = counts[:, base[:-1]].mean(axis=1)
            step = total[t - 1] / earlier if earlier else 1.0
            if sign * np.log(max(step, 0.01)) >= np.log(RUN_UP) and _breadth(counts[:, t - 1], before, step) >= 0.6:
                run_up, level, base = t - 1, earlier, base[:-1]
        before = counts[:, base].mean(axis=1)
        breadth = _breadth(counts[:, t], before, max(total[t], 0.5) / level) if sign else 0.0
        if breadth < BREADTH:
            t += 1
            continue
        end, still_open, shape = _end(total, t, sign, level, aside)
        seen = (before > 0) | (counts[:, t] > 0)
        moved = (sign * (counts[:, t] - before) > 0) & seen
        stretch = total[t : None if end is None else end + 1]
        peak = int(stretch.max() if sign > 0 else stretch.min())
        found.append(
            Spell(
                shape, sign, t, end, still_open, run_up, level, peak, int(moved.sum()), int(seen.sum()),
                tuple(int(m) for m in base), breadth,
            )
        )  # fmt: skip
        if end is None:
            first, t = t, t + 2
            continue
        aside[t if run_up is None else run_up : end + 1] = True
        t = end + 1
    return tuple(found)


def _end(total: Floats, start: int, sign: int, level: float, aside: Bools) -> tuple[int | None, bool, str]:
    """Last month of the spell that begins at ``start`` (None for a lasting step), whether it is open, and its shape."""
    n = len(total)
    band = (total <= BACK * level) if sign > 0 else (total >= level / BACK)
    for e in range(start, n):
        back = band[e + 1 : e + 1 + SETTLED]
        if len(back) == SETTLED and bool(back.all()):
            return e, False, "passing"
        plateau = total[e : e + PLATEAU]
        if len(plateau) == PLATEAU and _steady(plateau) and not aside[e : e + PLATEAU].any():
            return (None, False, "step") if e - start <= 2 else (e - 1, False, "passing")
    return n - 1, True, "passing"


def first_seen(key: Ints, month: Ints) -> Ints:
    """For each row, the month in which its ``key`` is first seen. ``key`` 0…; rows with -1 must be left out."""
    first = np.full(int(key.max()) + 1 if len(key) else 0, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, key, month)
    return first[key]


def new_share(key: Ints, month: Ints, n_months: int) -> tuple[Floats, Ints]:
    """Share of each month's rows whose key was never seen in an earlier month, and the rows it is of; NaN if none."""
    rows = np.bincount(month, minlength=n_months).astype(np.int64)
    new = np.bincount(month[first_seen(key, month) == month], minlength=n_months)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(rows > 0, new / rows, np.nan), rows


def turnovers(share: Floats, rows: Ints, *, least: int = 200, jump: float = 0.3) -> tuple[int, ...]:
    """Months in which the share of rows at keys never seen before leaps: at least ``jump`` above each of the three
    months before it, and above a half. The first two months of a series cannot be told from its beginning."""
    found = []
    for t in range(2, len(share)):
        past = share[max(0, t - 3) : t]
        past = past[~np.isnan(past)]
        if rows[t] >= least and len(past) and share[t] >= 0.5 and share[t] - past.max() >= jump and t - 1 not in found:
            found.append(t)
    return tuple(found)


def local_turnovers(
    area: Ints, key: Ints, month: Ints, n_areas: int, n_months: int, elsewhere: tuple[int, ...] = ()
) -> tuple[tuple[int, int], ...]:
    """(area, month) where one area's own keys were replaced: of the rows of the three months from then, at least seven
    in ten lie at keys new to the area, of the six months before at most a quarter did, and at most three in ten of the
    rows before lay at keys that are used again. A new hot spot beside old ones is no turnover.

    ``elsewhere``: months of a turnover everywhere; areas are left alone for half a year from then.
    """
    if not len(key):
        return ()
    pair = area * (int(key.max()) + 1) + key
    _, pair = np.unique(pair, return_inverse=True)
    pair = pair.astype(np.int64)
    first = first_seen(pair, month)
    rows = np.zeros((n_areas, n_months), np.int64)
    np.add.at(rows, (area, month), 1)
    old = np.zeros_like(rows)
    np.add.at(old, (area[first < month], month[first < month]), 1)
    found: list[tuple[int, int]] = []
    for t in range(6, n_months):
        if any(t - 6 < e <= t + 2 or e == t for e in elsewhere):
            continue
        n_after = rows[:, t : t + 3].sum(axis=1)
        n_before = rows[:, t - 3 : t].sum(axis=1)
        seen_before = n_before > 0
        learning = 1 - old[:, t - 3 : t].sum(axis=1) / np.maximum(n_before, 1)
        enough = (n_after >= 15) & (n_before >= 15) & seen_before & (learning <= 0.25)
        if not enough.any():
            continue
        inside = (month >= t) & (month < t + 3) & enough[area]
        new = np.bincount(area[inside & (first >= t)], minlength=n_areas) / np.maximum(n_after, 1)
        for a in np.flatnonzero(enough & (new >= 0.7)):
            if any(b == a and t - s < 6 for b, s in found):
                continue
            mine = area == a
            after = np.unique(key[mine & (month >= t) & (month < t + 3)])
            past = key[mine & (month >= t - 6) & (month < t)]
            if np.isin(past, after).mean() <= 0.3:
                found.append((int(a), t))
    return tuple(found)


def breaks(counts: Ints, usable: Bools, at: int, *, stop: int | None = None, start: int = 0) -> Breaks:
    """Tests every area's level from month ``at`` against its own level before and the force's trend.

    ``counts`` has shape (categories, areas, months), ``usable`` (categories, months). The months compared are up to
    :data:`BEFORE` from ``start`` and up to :data:`AFTER` until ``stop`` (exclusive). The spread between areas that is
    no break is learnt from the same comparison at earlier months (placebos), where there are any.
    """
    n_months = counts.shape[2]
    stop = n_months if stop is None else stop
    lo, hi = max(start, at - BEFORE), min(stop, at + AFTER)
    was, now, expected = _compare(counts, usable, lo, at, hi)
    placebo: list[tuple[Floats, Floats, Floats]] = []
    width = hi - at
    end = at
    while end - width - 3 >= start and len(placebo) < 6:
        middle = end - width
        placebo.append(_compare(counts, usable, max(start, middle - BEFORE), middle, end))
        end -= width
    rho = _rho(placebo) if placebo else 0.01
    p = _two_sided(was, now, expected, rho)
    return Breaks(now.astype(np.int64), expected, was, now, p, rho, at - lo, hi - at)


def _compare(counts: Ints, usable: Bools, lo: int, at: int, hi: int) -> tuple[Floats, Floats, Floats]:
    """Records before, after, and expected after (each category's own force-wide trend), of usable months; per area."""
    before = np.einsum("cam,cm->ca", counts[:, :, lo:at], usable[:, lo:at].astype(np.int64)).astype(float)
    after = np.einsum("cam,cm->ca", counts[:, :, at:hi], usable[:, at:hi].astype(np.int64)).astype(float)
    both = (before.sum(axis=1) > 0) & (usable[:, at:hi].any(axis=1))
    before, after = before[both], after[both]
    trend = after.sum(axis=1) / before.sum(axis=1) if len(before) else np.zeros(0)
    return before.sum(axis=0), after.sum(axis=0), trend @ before


def _rho(placebo: list[tuple[Floats, Floats, Floats]]) -> float:
    """Intra-area correlation of the beta-binomial by moments, over placebo comparisons of areas that expect ten."""
    excess = size = 0.0
    for was, now, expected in placebo:
        n = was + now
        total = was + expected
        ok = total >= 10
        share = expected[ok] / total[ok]
        variance = n[ok] * share * (1 - share)
        good = variance > 0
        z2 = (now[ok] - n[ok] * share)[good] ** 2 / variance[good]
        excess += float((z2 - 1).sum())
        size += float((n[ok][good] - 1).sum())
    return float(np.clip(excess / size, 1e-4, 0.5)) if size > 0 else 0.01


def _two_sided(was: Floats, now: Floats, expected: Floats, rho: float) -> Floats:
    """Twice the smaller beta-binomial tail of ``now`` given ``was + now``; NaN where fewer than ten are expected."""
    p = np.full(len(was), np.nan)
    scale = (1 - rho) / rho
    for i in np.flatnonzero((was + expected >= 10) & (expected > 0) & (was > 0)):
        n, k = int(was[i] + now[i]), int(now[i])
        share = expected[i] / (was[i] + expected[i])
        mass = _beta_binomial(n, share * scale, (1 - share) * scale)
        p[i] = min(1.0, 2 * min(float(mass[: k + 1].sum()), float(mass[k:].sum())))
    return p


def _beta_binomial(n: int, a: float, b: float) -> Floats:
    """Probability of 0…``n`` under the beta-binomial law of parameters ``a``, ``b``. (Importing scipy.stats for it takes
    longer than everything else here.)"""
    from scipy.special import betaln, gammaln

    k = np.arange(n + 1)
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(choose + betaln(k + a, n - k + b) - betaln(a, b)), dtype=np.float64)


def adjusted(p: Floats) -> Floats:
    """Benjamini-Hochberg q-values; NaN stay out of the count and stay NaN."""
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if not len(known):
        return q
    order = known[np.argsort(p[known], kind="stable")]
    m = len(order)
    raised = p[order] * m / np.arange(1, m + 1)
    q[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return q
