"""Compiled loops of frailty: how far counts scatter, and counts drawn so that they scatter like that.

Random numbers of :func:`frail_maxima` are splitmix64 streams, one a replicate; :func:`refits` seeds each of its draws. So a
seed gives the same answer on any number of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange

from forestall.stats._scan_kernels import _draw, _mix, _uniform
from forestall.stats.dispersion import BINOMIAL

#: Replicates that go through the zones side by side, so that one instruction serves several.
LANES = 16


@njit(cache=True)
def _least_squares(m: Any, b: Any) -> Any:
    """Non-negative x with the least x'Mx - 2b'x, by trying every set of positive terms (there are at most three)."""
    n = b.size
    out, best = np.zeros(n), 0.0
    for mask in range(1, 2**n):
        size = 0
        for i in range(n):
            size += mask >> i & 1
        sub, right = np.empty((size, size)), np.empty(size)
        row = 0
        for i in range(n):
            if mask >> i & 1:
                column = 0
                for j in range(n):
                    if mask >> j & 1:
                        sub[row, column] = m[i, j]
                        column += 1
                sub[row, row] *= 1.0 + 1e-12
                right[row] = b[i]
                row += 1
        if abs(np.linalg.det(sub)) < 1e-290:
            continue
        x = np.linalg.solve(sub, right)
        if x.min() < 0.0:
            continue
        value = -(x * right).sum()
        if value < best:
            best = value
            out[:] = 0.0
            row = 0
            for i in range(n):
                if mask >> i & 1:
                    out[i] = x[row]
                    row += 1
    return out


@njit(cache=True)
def scatter(counts: Any, near: Any, reach: Any, sizes: Any, fresh: Any, lasting: Any, least_mean: float) -> Any:
    """Variance components of counts, shape (areas, periods), and their plain scatter by zone size and window.

    ``reach``: how many columns of each row of ``near`` are zones. ``sizes``: which columns end a zone that is measured,
    ascending, 0 first. ``fresh``, ``lasting``: shape
    (windows,), from ``contrasts``. Returns (alpha - 1, v0, v1), s0 and s1 of each size, shape (sizes, 2), and the plain
    scatter, shape (sizes, windows).
    """
    areas, periods = counts.shape
    windows = fresh.size
    rows, columns, total = np.zeros(areas), np.zeros(periods), 0.0
    for a in range(areas):
        for t in range(periods):
            rows[a] += counts[a, t]
            columns[t] += counts[a, t]
    total = rows.sum()
    cumulative = np.zeros((areas, periods + 1), np.float32)
    for a in range(areas):
        running = 0.0
        for t in range(periods):
            running += counts[a, t] - rows[a] * columns[t] / total
            cumulative[a, t + 1] = running
    level = rows / periods
    whole = level.sum()
    own, shared = np.zeros(3), np.zeros((sizes.size, 2))
    plain = np.ones((sizes.size, windows))
    zone = np.zeros((areas, periods + 1), np.float32)
    e, e2 = np.zeros(areas), np.zeros(areas)
    y = np.zeros((areas, windows))
    at = 0
    for k in range(sizes[-1] + 1):
        for a in range(areas):
            if k >= reach[a]:
                e[a] = 0.0  # no zone of this size: not measured
                continue
            b = near[a, k]
            for t in range(periods + 1):
                zone[a, t] += cumulative[b, t]
            e[a] += level[b]
            e2[a] += level[b] ** 2
        if k != sizes[at]:
            continue
        for a in range(areas):
            free = 1.0 - min(e[a] / whole, 0.9)
            for w in range(windows):
                s = np.float32(0.0)
                for t in range(periods - w):
                    d = zone[a, t + w + 1] - zone[a, t]
                    s += d * d
                y[a, w] = s / (periods - w) / free
        for w in range(windows):
            top, bottom = 0.0, 0.0
            for a in range(areas):
                if e[a] > 0:
                    top += y[a, w] / (e[a] + least_mean)
                    bottom += e[a] / (e[a] + least_mean)
            plain[at, w] = max(top / fresh[w] / bottom, 1.0)
        if at == 0:
            own = _own(y, level, fresh, lasting)
        else:
            m, right = np.zeros((2, 2)), np.zeros(2)
            for w in range(windows):
                target, part = 0.0, 0.0
                for a in range(areas):
                    if e[a] > 0:
                        weight = 1.0 / (e[a] * (1.0 + 0.3 * e[a]))
                        known = (1.0 + own[0]) * e[a] * fresh[w] + e2[a] * (own[1] * fresh[w] + own[2] * lasting[w])
                        target += weight * (y[a, w] - known) / fresh[w]
                        part += weight * e[a] ** 2
                one, two = part, part * lasting[w] / fresh[w]
                m[0, 0] += one * one
                m[0, 1] += one * two
                m[1, 0] += one * two
                m[1, 1] += two * two
                right[0] += one * target
                right[1] += two * target
            shared[at] = _least_squares(m, right)
        at += 1
    return own, shared, plain


@njit(cache=True)
def _own(y: Any, level: Any, fresh: Any, lasting: Any) -> Any:
    """alpha - 1, v0 and v1 from areas of different size (a dozen groups) and windows of different length."""
    some = np.flatnonzero(level > 0)
    order = some[np.argsort(level[some])]
    groups = min(12, order.size)
    m, right = np.zeros((3, 3)), np.zeros(3)
    start = 0
    for g in range(groups):
        size = order.size // groups + (1 if g < order.size % groups else 0)
        for w in range(fresh.size):
            n, n2, total = 0.0, 0.0, 0.0
            for i in range(start, start + size):
                v = level[order[i]]
                weight = 1.0 / (v * (1.0 + 0.3 * v) * fresh[w])
                n += weight * v
                n2 += weight * v * v
                total += weight * y[order[i], w]
            row = np.array([n * fresh[w], n2 * fresh[w], n2 * lasting[w]])
            for i in range(3):
                right[i] += row[i] * (total - n * fresh[w]) / size
                for j in range(3):
                    m[i, j] += row[i] * row[j] / size
        start += size
    return _least_squares(m, right)


@njit(cache=True)
def together(near: Any, reach: Any, blend: Any) -> Any:
    """How much of a field that neighbours share is common to the areas of a zone: the mean correlation of different
    areas, times the share of pairs that are different; shape (zones,). ``blend``: weights of each area's nearest, shape
    (areas, zones), 0 beyond ``reach``."""
    areas, zones = near.shape
    out, measured = np.zeros(zones), np.zeros(zones)
    held = np.zeros(areas)
    for a in range(areas):
        total = 0.0
        for k in range(reach[a]):
            b = near[a, k]
            for j in range(reach[b]):
                other = near[b, j]
                total += blend[b, j] * (2.0 * held[other] + blend[b, j])
                held[other] += blend[b, j]
            out[k] += (total - (k + 1)) / (k + 1) ** 2
            measured[k] += 1.0
        for k in range(reach[a]):
            for j in range(zones):
                held[near[near[a, k], j]] = 0.0
    return np.maximum(out / np.maximum(measured, 1.0), 0.0)


@njit(cache=True, inline="always")
def _normal(state: Any, table: Any) -> Any:
    q = _uniform(state) * (table.size - 1)
    i = int(q)
    return table[i] + (q - i) * (table[i + 1] - table[i])


@njit(cache=True, inline="always")
def _row(log: Any, first: Any, step: Any, top: Any) -> Any:
    """The row of the tables of counts whose log mean is nearest."""
    return min(max(int((log - first) / step + 0.5), 0), top)


@njit(cache=True, parallel=True)
def refits(
    log_mean: Any, deviations: Any, rho: float, near: Any, reach: Any, blend: Any, sizes: Any, fresh: Any, lasting: Any,
    least_mean: float, draws: int, seed: Any, normal: Any, cdf: Any, start: Any, guide: Any, first: float, step: float,
) -> Any:  # fmt: skip
    """:func:`scatter` of ``draws`` sets of counts drawn with frailty; ``log_mean``: shape (areas, periods).

    ``deviations``: standard deviations of the log of an area's fresh and lasting frailty and of the shared field's.
    ``cdf``, ``start``, ``guide``: distributions of counts whose log mean is ``first + step * row``.
    """
    areas, periods = log_mean.shape
    own = np.zeros((draws, 3))
    shared = np.zeros((draws, sizes.size, 2))
    plain = np.ones((draws, sizes.size, fresh.size))
    half = 0.5 * (deviations**2).sum()
    innovation = math.sqrt(1.0 - rho * rho)
    common = deviations[2] + deviations[3] > 0
    top = start.size - 2
    for i in prange(draws):
        state = _mix(np.uint64(seed) + np.uint64(i + 1) * np.uint64(0xD1B54A32D192ED03))
        x = np.zeros((areas, periods))
        noise = np.zeros((areas, periods), np.float32)
        logs = np.zeros(periods, np.float32)
        if common:
            for a in range(areas):
                field = 0.0
                for t in range(periods):
                    state += np.uint64(0x9E3779B97F4A7C15)
                    z = _normal(state, normal)
                    field = z if t == 0 else rho * field + innovation * z
                    state += np.uint64(0x9E3779B97F4A7C15)
                    noise[a, t] = deviations[2] * _normal(state, normal) + deviations[3] * field
        for a in range(areas):
            logs[:] = 0.0
            if common:
                for k in range(reach[a]):
                    b = near[a, k]
                    weight = np.float32(blend[a, k])
                    for t in range(periods):
                        logs[t] += weight * noise[b, t]
            last = 0.0
            for t in range(periods):
                log = log_mean[a, t] + logs[t] - half
                if deviations[1] > 0:
                    state += np.uint64(0x9E3779B97F4A7C15)
                    z = _normal(state, normal)
                    last = z if t == 0 else rho * last + innovation * z
                    log += deviations[1] * last
                if deviations[0] > 0:
                    state += np.uint64(0x9E3779B97F4A7C15)
                    log += deviations[0] * _normal(state, normal)
                row = _row(log, first, step, top)
                state += np.uint64(0x9E3779B97F4A7C15)
                x[a, t] = _draw(_uniform(state), cdf, start[row], guide[row])
        if x.sum() > 0:
            own[i], shared[i], plain[i] = scatter(x, near, reach, sizes, fresh, lasting, least_mean)
    return own, shared, plain


@njit(cache=True)
def beta_binomial_ratio(c: float, r: float, share: float, phi: float) -> float:
    """The history model's log likelihood ratio, as ``history_statistic`` defines it, of one cylinder."""
    if phi <= BINOMIAL:
        out = c * math.log(c / (r * share))
        return out + ((r - c) * math.log((r - c) / (r * (1.0 - share))) if r > c else 0.0)
    k = max(r / (phi - 1.0) - 1.0, 0.05)
    y = (c + k * share) / (r + k)
    out = c * math.log(c / (r * y)) + ((r - c) * math.log((r - c) / (r * (1.0 - y))) if r > c else 0.0)
    return out + k * (share * math.log(share / y) + (1.0 - share) * math.log((1.0 - share) / (1.0 - y)))


@njit(cache=True, parallel=True)
def frail_maxima(
    log_mean: Any, log_rest: Any, deviations: Any, rest_deviations: Any, rest_carry: float, rho: float, near: Any,
    reach: Any, blend: Any, lengths: Any, phi: Any, caps: Any, least: int, replicates: int, seed: Any, normal: Any,
    cdf: Any, start: Any, guide: Any, first: float, step: float,
) -> Any:  # fmt: skip
    """The highest own-history ratio among zones of each size in replicates without any cluster; (replicates, zones).

    ``log_mean``: logs of expected counts in the last periods, latest first, shape (areas, periods); ``log_rest``: of all
    periods before, shape (areas,). ``deviations``: as in :func:`refits`; ``rest_deviations``: the same four for the mean
    of the periods before, and ``rest_carry`` how much of a lasting state it holds. ``phi``: dispersions by which
    replicates are judged, a set for each group of replicates in turn, shape (sets, areas, zones, windows), single
    precision. ``cdf``, ``start``, ``guide``: distributions of counts whose log mean is ``first + step * row``.
    """
    areas, zones = near.shape
    windows = lengths.size
    periods = log_mean.shape[1]
    sets = phi.shape[0]
    top = start.size - 2
    common = deviations[2] + deviations[3] > 0
    rest_own = math.sqrt(rest_deviations[0] ** 2 + rest_deviations[1] ** 2)
    rest_shared = math.sqrt(rest_deviations[2] ** 2 + rest_deviations[3] ** 2)
    half = 0.5 * (deviations**2).sum()
    rest_half = 0.5 * ((rest_deviations**2).sum() + rest_carry**2 * (deviations[1] ** 2 + deviations[3] ** 2))
    innovation = math.sqrt(1.0 - rho * rho)
    out = np.zeros((replicates, zones))
    blocks = (replicates + LANES - 1) // LANES
    for block in prange(blocks):
        judged = phi[block % sets]
        x = np.empty((areas, windows, LANES), np.float32)
        total = np.empty((areas, LANES), np.float32)
        noise = np.zeros((areas if common else 0, periods + 1, LANES), np.float32)
        shared = np.zeros((periods + 1, LANES), np.float32)
        logs = np.empty(periods)
        share = np.zeros((windows, LANES), np.float32)
        scale = np.zeros((windows, LANES), np.float32)
        loose = np.zeros(windows, np.bool_)
        states = np.empty(LANES, np.uint64)
        for lane in range(LANES):
            states[lane] = _mix(np.uint64(seed) + np.uint64(block * LANES + lane + 1) * np.uint64(0x9E3779B97F4A7C15))
            state = states[lane]
            for a in range(noise.shape[0]):
                field = 0.0
                # From the earliest period to the latest, as the field lasts.
                for t in range(periods - 1, -1, -1):
                    if deviations[3] > 0:
                        state += np.uint64(0x9E3779B97F4A7C15)
                        z = _normal(state, normal)
                        field = z if t == periods - 1 else rho * field + innovation * z
                        noise[a, t, lane] = deviations[3] * field
                        if t == periods - 1:
                            noise[a, periods, lane] = rest_carry * deviations[3] * field
                    if deviations[2] > 0:
                        state += np.uint64(0x9E3779B97F4A7C15)
                        noise[a, t, lane] += deviations[2] * _normal(state, normal)
                state += np.uint64(0x9E3779B97F4A7C15)
                noise[a, periods, lane] += rest_shared * _normal(state, normal)
            states[lane] = state
        for a in range(areas):
            if common:
                shared[:] = 0.0
                for k in range(reach[a]):
                    b = near[a, k]
                    weight = np.float32(blend[a, k])
                    for t in range(periods + 1):
                        for lane in range(LANES):
                            shared[t, lane] += weight * noise[b, t, lane]
            for lane in range(LANES):
                state = states[lane]
                last, carried = 0.0, 0.0
                for t in range(periods - 1, -1, -1):
                    log = log_mean[a, t] + shared[t, lane] - half
                    if deviations[1] > 0:
                        state += np.uint64(0x9E3779B97F4A7C15)
                        z = _normal(state, normal)
                        last = z if t == periods - 1 else rho * last + innovation * z
                        log += deviations[1] * last
                        if t == periods - 1:
                            carried = rest_carry * deviations[1] * last
                    if deviations[0] > 0:
                        state += np.uint64(0x9E3779B97F4A7C15)
                        log += deviations[0] * _normal(state, normal)
                    logs[t] = log
                log = log_rest[a] + shared[periods, lane] - rest_half + carried
                if rest_own > 0:
                    state += np.uint64(0x9E3779B97F4A7C15)
                    log += rest_own * _normal(state, normal)
                running, w = 0, 0
                for t in range(periods):
                    row = _row(logs[t], first, step, top)
                    state += np.uint64(0x9E3779B97F4A7C15)
                    running += _draw(_uniform(state), cdf, start[row], guide[row])
                    if t + 1 == lengths[w]:
                        x[a, w, lane] = running
                        share[w, lane] += running
                        w += 1
                        if w == windows:
                            break
                row = _row(log, first, step, top)
                state += np.uint64(0x9E3779B97F4A7C15)
                total[a, lane] = running + _draw(_uniform(state), cdf, start[row], guide[row])
                states[lane] = state
        for lane in range(LANES):
            everything = np.float32(0.0)
            for a in range(areas):
                everything += total[a, lane]
            for w in range(windows):
                s = share[w, lane] / everything if everything > 0 else np.float32(0.0)
                share[w, lane] = s
                # r KL(c/r, s) <= (c - r s)^2 / (2 r s (1 - s)) while s <= 1/5, and frailty divides that by phi;
                # without the half and phi it holds for any s.
                loose[w] = loose[w] or s > 0.2
                scale[w, lane] = (0.50005 if s <= 0.2 else 1.0001) / (s * (1.0 - s)) if 0.0 < s < 1.0 else 0.0
        best = np.zeros((zones, LANES), np.float32)
        c = np.empty((windows, LANES), np.float32)
        r = np.empty(LANES, np.float32)
        for a in range(areas):
            c[:] = 0.0
            r[:] = 0.0
            for k in range(caps[a]):
                b = near[a, k]
                for lane in range(LANES):
                    r[lane] += total[b, lane]
                for w in range(windows):
                    phi_here = judged[a, k, w]
                    bound = np.float32(1.0) if loose[w] else phi_here
                    hit = 0
                    for lane in range(LANES):
                        n = c[w, lane] + x[b, w, lane]
                        c[w, lane] = n
                        d = max(n - r[lane] * share[w, lane], np.float32(0.0))
                        hit += d * d * scale[w, lane] > best[k, lane] * r[lane] * bound
                    if hit:
                        for lane in range(LANES):
                            n = c[w, lane]
                            d = n - r[lane] * share[w, lane]
                            if d > 0.0 and n >= least and d * d * scale[w, lane] > best[k, lane] * r[lane] * bound:
                                value = beta_binomial_ratio(n, r[lane], share[w, lane], phi_here)
                                if value > best[k, lane]:
                                    best[k, lane] = value
        for lane in range(LANES):
            if block * LANES + lane < replicates:
                out[block * LANES + lane] = best[:, lane]
    return out
