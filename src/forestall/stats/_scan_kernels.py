"""The compiled loops of the space-time scan. Each returns the highest statistic of every replicate.

Three things make them quick. Under each null the logarithms depend on whole numbers or on fixed margins alone, so they
are looked up in tables. A cheap upper bound of the likelihood ratio (its chi-squared) is compared with the best of the
replicate so far before anything is looked up; the bound is never below the ratio, so the maximum is exact. And counts are
drawn by inverting a tabled distribution. Random numbers are splitmix64 streams, one a replicate, so that a seed gives
the same answer on any number of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange

_GUIDE = 16

#: Replicates that go through the zones side by side, so that one instruction serves several.
_LANES = 16


@njit(cache=True, inline="always")
def _mix(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, inline="always")
def _uniform(state: Any) -> Any:
    return np.float64(_mix(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def xlogx_table(n: int) -> Any:
    """x log x for x = 0 … n."""
    out = np.zeros(n + 1)
    for i in range(2, n + 1):
        out[i] = i * math.log(i)
    return out


@njit(cache=True)
def count_tables(mean: Any, dispersion: Any) -> Any:
    """Distribution functions of negative-binomial counts with variance ``dispersion * mean`` (Poisson at 1).

    ``mean``, ``dispersion``: shape (cells,). Returns the flat distribution functions, where each cell's begins, and a
    guide: for each cell and sixteenth of the unit interval the first count to try.
    """
    n = mean.size
    start = np.zeros(n + 1, np.int64)
    for i in range(n):
        top = mean[i] + 12.0 * math.sqrt(dispersion[i] * (mean[i] + 1.0)) + 12.0 * dispersion[i]
        start[i + 1] = start[i] + int(top) + 2
    cdf = np.empty(start[n])
    guide = np.zeros((n, _GUIDE), np.int32)
    for i in range(n):
        m, phi = mean[i], dispersion[i]
        size = start[i + 1] - start[i]
        if m <= 0.0:
            for k in range(size):
                cdf[start[i] + k] = 1.0
            continue
        frail = phi > 1.0 + 1e-9
        r, u = (m / (phi - 1.0), 1.0 - 1.0 / phi) if frail else (0.0, 0.0)
        # With a large mean the chance of none is below the least number there is: the first counts are passed in logs.
        log_p = -r * math.log(phi) if frail else -m
        passed = 0
        while log_p < -700.0:
            cdf[start[i] + passed] = 0.0
            log_p += math.log((r + passed) / (passed + 1.0) * u if frail else m / (passed + 1.0))
            passed += 1
        p, total = math.exp(log_p), 0.0
        for k in range(passed, size):
            total += p
            cdf[start[i] + k] = total
            p = p * (r + k) / (k + 1.0) * u if frail else p * m / (k + 1.0)
        cdf[start[i] + size - 1] = 2.0
        k = 0
        for g in range(_GUIDE):
            while cdf[start[i] + k] <= g / _GUIDE:
                k += 1
            guide[i, g] = k
    return cdf, start, guide


@njit(cache=True, inline="always")
def _draw(u: Any, cdf: Any, begin: Any, guide_row: Any) -> Any:
    k = guide_row[int(u * _GUIDE)]
    while cdf[begin + k] <= u:
        k += 1
    return k


@njit(cache=True, parallel=True)
def baseline_maxima(
    cdf: Any, start: Any, guide: Any, neighbours: Any, baseline: Any, inv_phi: Any, least: int, replicates: int, seed: Any,
    xlogx: Any, caps: Any,
) -> Any:  # fmt: skip
    """Highest expectation-based Poisson likelihood ratio of each replicate; ``baseline``: shape (areas, zones, windows)."""
    areas = neighbours.shape[0]
    windows = baseline.shape[2]
    out = np.zeros(replicates)
    log_b = np.log(np.maximum(baseline, 1e-300))
    top = xlogx.size - 1
    for rep in prange(replicates):
        state = _mix(np.uint64(seed) + np.uint64(rep + 1) * np.uint64(0x9E3779B97F4A7C15))
        x = np.empty((areas, windows), np.int32)
        for a in range(areas):
            running = 0
            for w in range(windows):
                state += np.uint64(0x9E3779B97F4A7C15)
                cell = a * windows + w
                running += _draw(_uniform(state), cdf, start[cell], guide[cell])
                x[a, w] = running
        best = 0.0
        c = np.empty(windows, np.int32)
        for a in range(areas):
            c[:] = 0
            for k in range(caps[a]):
                b = neighbours[a, k]
                for w in range(windows):
                    c[w] += x[b, w]
                    mean = baseline[a, k, w]
                    d = c[w] - mean
                    if d > 0.0 and d * d * inv_phi[a, k, w] > 2.0 * best * mean and c[w] >= least and c[w] <= top:
                        value = (xlogx[c[w]] - c[w] * log_b[a, k, w] - d) * inv_phi[a, k, w]
                        if value > best:
                            best = value
        out[rep] = best
    return out


@njit(cache=True, parallel=True)
def permutation_maxima(
    place: Any, when: Any, neighbours: Any, caps: Any, events: Any, expected: Any, least: int, replicates: int, seed: Any,
    xlogx: Any,
) -> Any:  # fmt: skip
    """Highest space-time permutation likelihood ratio of each replicate: the events' times are shuffled over them.

    ``place``: area of each event. ``when``: the shortest window (0 …) that holds each event, ``windows`` where none does.
    ``expected``: shape (areas, zones, windows), from the margins. ``events``: how many there are.
    """
    areas = neighbours.shape[0]
    windows = expected.shape[2]
    n = place.size
    out = np.zeros(replicates)
    log_e = np.log(np.maximum(expected, 1e-300))
    log_r = np.log(np.maximum(events - expected, 1e-300))
    for rep in prange(replicates):
        state = _mix(np.uint64(seed) + np.uint64(rep + 1) * np.uint64(0x9E3779B97F4A7C15))
        t = when.copy()
        for i in range(n - 1, 0, -1):
            state += np.uint64(0x9E3779B97F4A7C15)
            j = int(_uniform(state) * (i + 1))
            t[i], t[j] = t[j], t[i]
        x = np.zeros((areas, windows + 1), np.int32)
        for i in range(n):
            x[place[i], t[i]] += 1
        for a in range(areas):
            for w in range(1, windows):
                x[a, w] += x[a, w - 1]
        best = 0.0
        c = np.empty(windows, np.int32)
        for a in range(areas):
            c[:] = 0
            for k in range(caps[a]):
                b = neighbours[a, k]
                for w in range(windows):
                    c[w] += x[b, w]
                    if c[w] > expected[a, k, w] and c[w] >= least:
                        rest = events - c[w]
                        value = xlogx[c[w]] - c[w] * log_e[a, k, w] + xlogx[rest] - rest * log_r[a, k, w]
                        if value > best:
                            best = value
        out[rep] = best
    return out
