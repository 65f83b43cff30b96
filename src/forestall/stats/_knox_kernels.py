"""The compiled loops of the near-repeat test: degrees, observed pairs, triangles, pair lists and shuffles.

Locations lie in leaves of a few neighbours each, whatever their density (:mod:`forestall.stats._knox_layout`). Whether two
boxes are wholly within one band is known from their corners, so most pairs are never looked at one by one. The bounds hold
to the last bit, because rounding keeps order: the same sums of the same terms decide for boxes and for points.

A *key* is what distances are compared by: the square for Euclidean, the sum for Manhattan distance. ``edges`` are keys
too, in rising order; band r holds keys in [edges[r - 1], edges[r]), band 0 those from 0 up, band ``edges.size`` the rest.
Random numbers are splitmix64 streams, one a replicate, so that a seed gives the same answer on any number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

#: Replicates that go through the pairs side by side, so that one instruction serves several.
LANES = 16

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, inline="always")
def _key(dx: Any, dy: Any, manhattan: Any) -> Any:
    return abs(dx) + abs(dy) if manhattan else dx * dx + dy * dy


@njit(cache=True, inline="always")
def _band(key: Any, edges: Any) -> Any:
    r = edges.size
    while r > 0 and key < edges[r - 1]:
        r -= 1
    return r


@njit(cache=True, inline="always")
def _gap(low: Any, high: Any, other_low: Any, other_high: Any) -> Any:
    """How far two ranges lie apart, at least and at most."""
    return max(0.0, max(other_low - high, low - other_high)), max(abs(other_high - low), abs(high - other_low))


@njit(cache=True)
def _weight_within(
    px: Any, py: Any, x: Any, y: Any, w: Any, r: Any, begin: Any, end: Any, low: Any, high: Any, manhattan: Any
) -> Any:  # fmt: skip
    """The weights ``w[r]`` of one leaf's locations, ``begin`` to ``end``, with a key in [low, high) from one place.

    Counted with unsigned numbers, which need no check for negative ones and so go several at once; and without slices,
    whose reference counts the threads would fight over.
    """
    total = np.int64(0)
    if manhattan:
        for v in range(np.uint64(begin), np.uint64(end)):
            key = abs(px - x[v]) + abs(py - y[v])
            total += w[r, v] if (key < high) & (key >= low) else 0
    else:
        for v in range(np.uint64(begin), np.uint64(end)):
            dx, dy = px - x[v], py - y[v]
            key = dx * dx + dy * dy
            total += w[r, v] if (key < high) & (key >= low) else 0
    return total


@njit(cache=True)
def _near_leaves(a: Any, box: Any, slabs: Any, slab_box: Any, last: Any, manhattan: Any, out: Any) -> Any:
    """The leaves that may hold a location nearer than ``last`` to one in leaf ``a``; how many."""
    n = 0
    for s in range(slabs.size - 1):
        dx, _ = _gap(box[a, 0], box[a, 1], slab_box[s, 0], slab_box[s, 1])
        if _key(dx, 0.0, manhattan) >= last:
            continue
        low, high = slabs[s], slabs[s + 1]
        while low < high:  # leaves of a slab rise in y: skip those that end too far below
            middle = (low + high) // 2
            below = box[a, 2] - box[middle, 3]
            if below > 0.0 and _key(0.0, below, manhattan) >= last:
                low = middle + 1
            else:
                high = middle
        for b in range(low, slabs[s + 1]):
            above = box[b, 2] - box[a, 3]
            if above > 0.0 and _key(0.0, above, manhattan) >= last:
                break
            gx, _ = _gap(box[a, 0], box[a, 1], box[b, 0], box[b, 1])
            gy, _ = _gap(box[a, 2], box[a, 3], box[b, 2], box[b, 3])
            if _key(gx, gy, manhattan) < last:
                out[n] = b
                n += 1
    return n


@njit(cache=True, parallel=True)
def space_degrees(
    x: Any, y: Any, m: Any, starts: Any, box: Any, slabs: Any, slab_box: Any, edges: Any, manhattan: Any
) -> Any:  # fmt: skip
    """How many events each location's event has in each band at other locations; shape (bands, locations)."""
    bands, leaves = edges.size, starts.size - 1
    degree = np.zeros((bands, x.size), np.int64)
    ms = m.reshape((1, m.size))
    weight = np.zeros(leaves, np.int64)
    for b in range(leaves):
        weight[b] = m[starts[b] : starts[b + 1]].sum()
    chunks = min(leaves, 64)
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        for a in range(chunk, leaves, chunks):
            n = _near_leaves(a, box, slabs, slab_box, edges[bands - 1], manhattan, found)
            for k in range(n):
                b = found[k]
                begin, end = starts[b], starts[b + 1]
                for u in range(starts[a], starts[a + 1]):
                    gx, fx = _gap(x[u], x[u], box[b, 0], box[b, 1])
                    gy, fy = _gap(y[u], y[u], box[b, 2], box[b, 3])
                    first, final = _band(_key(gx, gy, manhattan), edges), _band(_key(fx, fy, manhattan), edges)
                    before = np.int64(0)
                    for r in range(first, min(final, bands)):
                        inside = _weight_within(x[u], y[u], x, y, ms, 0, begin, end, -1.0, edges[r], manhattan)
                        degree[r, u] += inside - before
                        before = inside
                    if final < bands:
                        degree[final, u] += weight[b] - before
            for u in range(starts[a], starts[a + 1]):
                degree[0, u] -= m[u]
    return degree


@njit(cache=True, parallel=True)
def space_neighbour_sums(
    x: Any, y: Any, w: Any, starts: Any, box: Any, slabs: Any, slab_box: Any, edges: Any, manhattan: Any
) -> Any:  # fmt: skip
    """Sums of ``w`` over each location's neighbours at other locations. ``w``: shape (bands + 1, locations), a weight for
    each band and, last, one for all bands together. Returns the same shape."""
    bands, leaves = edges.size, starts.size - 1
    out = np.zeros((bands + 1, x.size), np.int64)
    total = np.zeros((bands + 1, leaves), np.int64)
    for b in range(leaves):
        for r in range(bands + 1):
            total[r, b] = w[r, starts[b] : starts[b + 1]].sum()
    chunks = min(leaves, 64)
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        for a in range(chunk, leaves, chunks):
            n = _near_leaves(a, box, slabs, slab_box, edges[bands - 1], manhattan, found)
            for k in range(n):
                b = found[k]
                begin, end = starts[b], starts[b + 1]
                for u in range(starts[a], starts[a + 1]):
                    gx, fx = _gap(x[u], x[u], box[b, 0], box[b, 1])
                    gy, fy = _gap(y[u], y[u], box[b, 2], box[b, 3])
                    first, final = _band(_key(gx, gy, manhattan), edges), _band(_key(fx, fy, manhattan), edges)
                    if first == final:
                        if final < bands:
                            out[final, u] += total[final, b]
                            out[bands, u] += total[bands, b]
                        continue
                    for r in range(first, min(final + 1, bands)):
                        low = edges[r - 1] if r > 0 else -1.0
                        out[r, u] += _weight_within(x[u], y[u], x, y, w, r, begin, end, low, edges[r], manhattan)
                    if final < bands:
                        out[bands, u] += total[bands, b]
                    else:
                        last = edges[bands - 1]
                        out[bands, u] += _weight_within(x[u], y[u], x, y, w, bands, begin, end, -1.0, last, manhattan)
            for u in range(starts[a], starts[a + 1]):
                out[0, u] -= w[0, u]
                out[bands, u] -= w[bands, u]
    return out


@njit(cache=True, inline="always")
def _within(t: Any, low: Any, high: Any, s: Any, other_low: Any, other_high: Any, edge: Any, same: Any) -> Any:
    """Pairs of two sorted runs of times that lie less than ``edge`` apart; within one run (``same``) each pair once."""
    n = np.int64(0)
    begin = end = other_low
    for i in range(low, high):
        while end < other_high and s[end] - t[i] < edge:
            end += 1
        while begin < end and t[i] - s[begin] >= edge:
            begin += 1
        n += end - begin
    return (n - (high - low)) // 2 if same else n


@njit(cache=True, parallel=True)
def observed_pairs(
    x: Any, y: Any, t: Any, place: Any, starts: Any, single: Any, box: Any, slabs: Any, slab_box: Any, edges: Any,
    time_edges: Any, manhattan: Any,
) -> Any:  # fmt: skip
    """Pairs by band of space and time; shape (bands + 1, time bands), the same location first.

    The arrays are of events, in the order of leaves and within them of time. ``place``: index of the event's location.
    ``single``: whether a leaf holds one location.
    """
    bands, leaves, times = edges.size, starts.size - 1, time_edges.size
    last = time_edges[times - 1]
    chunks = min(leaves, 64)
    parts = np.zeros((chunks, bands + 1, times), np.int64)
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        out = np.zeros((bands + 1, times), np.int64)
        for a in range(chunk, leaves, chunks):
            n = _near_leaves(a, box, slabs, slab_box, edges[bands - 1], manhattan, found)
            for k in range(n):
                b = found[k]
                if b < a:
                    continue
                low, high, begin, stop = starts[a], starts[a + 1], starts[b], starts[b + 1]
                gx, fx = _gap(box[a, 0], box[a, 1], box[b, 0], box[b, 1])
                gy, fy = _gap(box[a, 2], box[a, 3], box[b, 2], box[b, 3])
                first, final = _band(_key(gx, gy, manhattan), edges), _band(_key(fx, fy, manhattan), edges)
                alone = a == b and single[a]
                if alone or (a != b and first == final and (high - low) * (stop - begin) > 4096):
                    before = np.int64(0)
                    row = 0 if alone else first + 1
                    for c in range(times):
                        inside = _within(t, low, high, t, begin, stop, time_edges[c], alone)
                        out[row, c] += inside - before
                        before = inside
                    continue
                for i in range(low, high):
                    while begin < stop and t[i] - t[begin] >= last:
                        begin += 1
                    j = max(begin, i + 1) if a == b else begin
                    while j < stop and t[j] - t[i] < last:
                        key = _key(x[i] - x[j], y[i] - y[j], manhattan)
                        if key < edges[bands - 1]:
                            row = 0 if place[i] == place[j] else _band(key, edges) + 1
                            out[row, _band(abs(t[i] - t[j]), time_edges)] += 1
                        j += 1
        parts[chunk] = out
    return parts


@njit(cache=True)
def time_degrees(t: Any, edges: Any) -> Any:
    """How many other events each of the sorted times has in each band, (bands, events), and where the bands end.

    ``ends[r, i]``: the first later event not less than ``edges[r]`` after event i; ``begins[r, i]``: the first event less
    than ``edges[r]`` before it. Both of shape (bands, events).
    """
    bands, n = edges.size, t.size
    degree = np.empty((bands, n), np.int64)
    begins, ends = np.empty((bands, n), np.int64), np.empty((bands, n), np.int64)
    for r in range(bands):
        begin = end = 0
        for i in range(n):
            while end < n and t[end] - t[i] < edges[r]:
                end += 1
            while t[i] - t[begin] >= edges[r]:
                begin += 1
            begins[r, i], ends[r, i] = begin, end
            degree[r, i] = end - begin - 1 if r == 0 else (end - ends[r - 1, i]) + (begins[r - 1, i] - begin)
    return degree, begins, ends


@njit(cache=True)
def time_neighbour_sums(w: Any, begins: Any, ends: Any) -> Any:
    """Sums of ``w`` over each event's neighbours in time. ``w``: shape (bands + 1, events), as for space."""
    bands, n = begins.shape
    out = np.empty((bands + 1, n), np.int64)
    for r in range(bands + 1):
        up_to = np.zeros(n + 1, np.int64)
        for i in range(n):
            up_to[i + 1] = up_to[i] + w[r, i]
        whole = r == bands
        outer = bands - 1 if whole else r
        for i in range(n):
            value = up_to[ends[outer, i]] - up_to[begins[outer, i]]
            if whole or r == 0:
                value -= w[r, i]
            else:
                value -= up_to[ends[r - 1, i]] - up_to[begins[r - 1, i]]
            out[r, i] = value
    return out


@njit(cache=True)
def time_triangles(begins: Any, ends: Any) -> Any:
    """Triples of events whose three gaps lie all in one band, (bands + 1,), last of all bands together; as floats, exact
    below 2 ** 53."""
    bands, n = begins.shape
    out = np.zeros(bands + 1)
    for r in range(bands + 1):
        outer = min(r, bands - 1)
        if r == 0 or r == bands:
            for i in range(n):
                later = float(ends[outer, i] - i - 1)
                out[r] += later * (later - 1.0) / 2.0
            continue
        # Between i and k lie the events that are at least the lower edge after i and before k.
        before = np.zeros(n + 1, np.int64)
        for k in range(n):
            before[k + 1] = before[k] + begins[r - 1, k]
        far = 0
        for i in range(n):
            far = max(far, ends[r - 1, i])
            while far < n and begins[r - 1, far] < ends[r - 1, i]:
                far += 1
            stop = ends[r, i]
            if far < stop:
                out[r] += float(before[stop] - before[far] - (stop - far) * ends[r - 1, i])
    return out


@njit(cache=True, inline="always")
def _mix(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _neighbours(
    u: Any, x: Any, y: Any, starts: Any, found: Any, n: Any, edges: Any, manhattan: Any, who: Any, band: Any
) -> Any:  # fmt: skip
    """Other locations within reach of ``u``, and their bands; how many."""
    count = 0
    for k in range(n):
        for v in range(starts[found[k]], starts[found[k] + 1]):
            key = _key(x[u] - x[v], y[u] - y[v], manhattan)
            if key < edges[edges.size - 1] and v != u:
                who[count] = v
                band[count] = _band(key, edges)
                count += 1
    return count


@njit(cache=True, parallel=True)
def space_triangles(
    x: Any, y: Any, m: Any, starts: Any, box: Any, slabs: Any, slab_box: Any, edges: Any, manhattan: Any, most: Any
) -> Any:  # fmt: skip
    """Triples of events at three locations whose distances lie all in one band; shape (chunks, bands + 1), last of all
    bands together; as floats, exact below 2 ** 53. ``most``: the largest number of neighbouring locations of any."""
    bands, leaves = edges.size, starts.size - 1
    chunks = min(leaves, 64)
    parts = np.zeros((chunks, bands + 1))
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        who, band = np.empty(most, np.int64), np.empty(most, np.int64)
        out = np.zeros(bands + 1)
        for a in range(chunk, leaves, chunks):
            n = _near_leaves(a, box, slabs, slab_box, edges[bands - 1], manhattan, found)
            for u in range(starts[a], starts[a + 1]):
                count = _neighbours(u, x, y, starts, found, n, edges, manhattan, who, band)
                kept = 0
                for i in range(count):  # each triple from its first location alone
                    if who[i] > u:
                        who[kept], band[kept] = who[i], band[i]
                        kept += 1
                for i in range(kept):
                    v = who[i]
                    for j in range(i + 1, kept):
                        w = who[j]
                        key = _key(x[v] - x[w], y[v] - y[w], manhattan)
                        if key < edges[bands - 1]:
                            triples = float(m[u]) * float(m[v]) * float(m[w])
                            out[bands] += triples
                            if band[i] == band[j] and _band(key, edges) == band[i]:
                                out[band[i]] += triples
        parts[chunk] = out
    return parts


@njit(cache=True, parallel=True)
def sampled_closure(
    x: Any, y: Any, m: Any, starts: Any, leaf_of: Any, box: Any, slabs: Any, slab_box: Any, edges: Any, manhattan: Any,
    centres: Any, row: Any, most: Any, seed: Any,
) -> Any:  # fmt: skip
    """How many of the sampled pairs of neighbours are neighbours themselves.

    ``centres``: locations, drawn in proportion to the pairs of neighbours that their events have in band ``row``
    (``edges.size`` for all bands and the same location together). For each, two different neighbours are drawn.
    """
    bands, leaves = edges.size, starts.size - 1
    chunks = min(centres.size, 64)
    closed = np.zeros(chunks, np.int64)
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        who, band = np.empty(most, np.int64), np.empty(most, np.int64)
        up_to = np.empty(most + 1, np.int64)
        for c in range(chunk, centres.size, chunks):
            state = _mix(np.uint64(seed) + np.uint64(c + 1) * _GOLDEN)
            u = centres[c]
            n = _near_leaves(leaf_of[u], box, slabs, slab_box, edges[bands - 1], manhattan, found)
            count = _neighbours(u, x, y, starts, found, n, edges, manhattan, who, band)
            own = m[u] - 1 if row == bands else 0
            up_to[0] = own
            kept = 0
            for i in range(count):
                if row == bands or band[i] == row:
                    who[kept] = who[i]
                    up_to[kept + 1] = up_to[kept] + m[who[i]]
                    kept += 1
            total = up_to[kept]
            if total < 2:
                continue
            state += _GOLDEN
            one = np.int64(_mix(state) % np.uint64(total))
            state += _GOLDEN
            two = np.int64(_mix(state) % np.uint64(total - 1))
            if two >= one:
                two += 1
            v = u if one < own else who[np.searchsorted(up_to[: kept + 1], one, side="right") - 1]
            w = u if two < own else who[np.searchsorted(up_to[: kept + 1], two, side="right") - 1]
            if v == w:
                closed[chunk] += row == bands
            else:
                at = _band(_key(x[v] - x[w], y[v] - y[w], manhattan), edges)
                closed[chunk] += at < bands if row == bands else at == row
    return closed.sum()


@njit(cache=True)
def big_sum(a: Any, b: Any) -> Any:
    """The sum of the products of whole numbers of 0 or more, in two halves: high * 2 ** 32 + low. Exact for a < 2 ** 24
    and b < 2 ** 48."""
    high, low = np.int64(0), np.int64(0)
    for i in range(a.size):
        low += a[i] * (b[i] & np.int64(0xFFFFFFFF))
        high += a[i] * (b[i] >> np.int64(32)) + (low >> np.int64(32))
        low &= np.int64(0xFFFFFFFF)
    return high, low


@njit(cache=True, parallel=True)
def location_pairs(
    x: Any, y: Any, starts: Any, box: Any, slabs: Any, slab_box: Any, edges: Any, manhattan: Any, offset: Any, other: Any
) -> Any:  # fmt: skip
    """Pairs of locations by band, in rows: those of band r and location u are ``other[offset[r * locations + u] : …]``.

    With ``other`` empty they are only counted, into ``offset[1 + row]``.
    """
    bands, leaves, size = edges.size, starts.size - 1, x.size
    chunks = min(leaves, 64)
    fill = other.size > 0
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        at = np.empty(bands, np.int64)
        for a in range(chunk, leaves, chunks):
            n = _near_leaves(a, box, slabs, slab_box, edges[bands - 1], manhattan, found)
            for u in range(starts[a], starts[a + 1]):
                for r in range(bands):
                    at[r] = offset[r * size + u] if fill else 0
                for k in range(n):
                    for v in range(max(u + 1, starts[found[k]]), starts[found[k] + 1]):
                        key = _key(x[u] - x[v], y[u] - y[v], manhattan)
                        if key < edges[bands - 1]:
                            r = _band(key, edges)
                            if fill:
                                other[at[r]] = v
                            at[r] += 1
                if not fill:
                    for r in range(bands):
                        offset[1 + r * size + u] = at[r]


@njit(cache=True)
def _shuffled(values: Any, out: Any, replicate: Any, seed: Any) -> None:
    """``values`` in the order of one replicate."""
    state = _mix(np.uint64(seed) + np.uint64(replicate + 1) * _GOLDEN)
    out[:] = values
    for i in range(values.size - 1, 0, -1):
        state += _GOLDEN
        j = np.int64(((_mix(state) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        out[i], out[j] = out[j], out[i]


@njit(cache=True, parallel=True)
def shuffled_times(
    t: Any, begin: Any, offset: Any, other: Any, bands: Any, time_edges: Any, first: Any, count: Any, seed: Any
) -> Any:  # fmt: skip
    """Pairs by band of space and time when the times are shuffled over the events, for ``count`` replicates.

    ``t``: a time for each event, in the order of locations; ``time_edges`` of the same type. ``begin``: where each
    location's events begin, (locations + 1,). ``offset``, ``other``: as :func:`location_pairs` made them. Returns
    (replicates, bands + 1, time bands), the same location first.
    """
    times, places = time_edges.size, begin.size - 1
    result = np.zeros((count, bands + 1, times), np.int64)
    for block in prange((count + LANES - 1) // LANES):
        lanes = np.empty((t.size, LANES), t.dtype)
        one = np.empty(t.size, t.dtype)
        for lane in range(LANES):
            _shuffled(t, one, first + block * LANES + lane, seed)
            for i in range(t.size):
                lanes[i, lane] = one[i]
        for row in range(bands + 1):
            total = np.zeros((times, LANES), np.int64)
            part = np.zeros((times, LANES), np.int32)
            gap = np.empty(LANES, t.dtype)
            added = 0
            for u in range(places):
                low, high = (0, 1) if row == 0 else (offset[(row - 1) * places + u], offset[(row - 1) * places + u + 1])
                if row == 0 and begin[u + 1] - begin[u] < 2:
                    continue
                for k in range(low, high):
                    v = u if row == 0 else other[k]
                    for i in range(begin[u], begin[u + 1]):
                        for j in range(i + 1 if row == 0 else begin[v], begin[v + 1]):
                            if times == 1:
                                edge = time_edges[0]
                                for lane in range(LANES):
                                    d = lanes[i, lane] - lanes[j, lane]
                                    part[0, lane] += (d < edge) & (d > -edge)
                            else:
                                for lane in range(LANES):
                                    gap[lane] = abs(lanes[i, lane] - lanes[j, lane])
                                for c in range(times):
                                    edge = time_edges[c]
                                    for lane in range(LANES):
                                        part[c, lane] += gap[lane] < edge
                            added += 1
                            if added == 2000000000:
                                total += part
                                part[:] = 0
                                added = 0
            total += part
            for lane in range(min(LANES, count - block * LANES)):
                before = np.int64(0)
                for c in range(times):
                    result[block * LANES + lane, row, c] = total[c, lane] - before
                    before = total[c, lane]
    return result


@njit(cache=True, parallel=True)
def shuffled_places(
    x: Any, y: Any, ends: Any, edges: Any, manhattan: Any, first: Any, count: Any, seed: Any
) -> Any:  # fmt: skip
    """The same with the places shuffled over events in the order of time. ``ends``: as :func:`time_degrees` made them.

    The quicker way where fewer pairs are close in time than in space.
    """
    times, n, bands = ends.shape[0], x.size, edges.size
    result = np.zeros((count, bands + 1, times), np.int64)
    index = np.arange(n).astype(np.int32)
    for block in prange((count + LANES - 1) // LANES):
        xs, ys = np.empty((n, LANES)), np.empty((n, LANES))
        one = np.empty(n, np.int32)
        for lane in range(LANES):
            _shuffled(index, one, first + block * LANES + lane, seed)
            for i in range(n):
                xs[i, lane], ys[i, lane] = x[one[i]], y[one[i]]
        key = np.empty(LANES)
        for c in range(times):
            total = np.zeros((bands + 1, LANES), np.int64)
            for i in range(n):
                for j in range(ends[c - 1, i] if c > 0 else i + 1, ends[c, i]):
                    for lane in range(LANES):
                        dx, dy = xs[i, lane] - xs[j, lane], ys[i, lane] - ys[j, lane]
                        key[lane] = -1.0 if (dx == 0.0) & (dy == 0.0) else _key(dx, dy, manhattan)
                    for lane in range(LANES):
                        total[0, lane] += key[lane] < 0.0
                    for r in range(bands):
                        edge = edges[r]
                        for lane in range(LANES):
                            total[r + 1, lane] += key[lane] < edge
            for lane in range(min(LANES, count - block * LANES)):
                before = np.int64(0)
                for r in range(bands + 1):
                    result[block * LANES + lane, r, c] = total[r, lane] - before
                    before = total[r, lane]
    return result


@njit(cache=True, parallel=True)
def event_pairs(
    x: Any, y: Any, t: Any, place: Any, starts: Any, box: Any, slabs: Any, slab_box: Any, low: Any, high: Any,
    early: Any, late: Any, same_place: Any, manhattan: Any, offset: Any, one: Any, two: Any,
) -> Any:  # fmt: skip
    """Pairs of events with a distance key in [low, high) and a gap in time in [early, late), the earlier first.

    The same location counts where ``same_place``, whatever ``low``. With ``one`` empty they are only counted, into
    ``offset[1 + leaf]``.
    """
    leaves = starts.size - 1
    chunks = min(leaves, 64)
    fill = one.size > 0
    for chunk in prange(chunks):
        found = np.empty(leaves, np.int64)
        for a in range(chunk, leaves, chunks):
            at = offset[a] if fill else 0
            n = _near_leaves(a, box, slabs, slab_box, high, manhattan, found)
            for k in range(n):
                b = found[k]
                begin = starts[b]
                for i in range(starts[a], starts[a + 1]):
                    # From each event to the later ones, so that every pair is met once; ties go by position.
                    while begin < starts[b + 1] and t[begin] < t[i]:
                        begin += 1
                    for j in range(begin, starts[b + 1]):
                        gap = t[j] - t[i]
                        if gap >= late:
                            break
                        if gap < early or (gap == 0.0 and j <= i):
                            continue
                        key = _key(x[i] - x[j], y[i] - y[j], manhattan)
                        fits = same_place if place[i] == place[j] else (key >= low) & (key < high)
                        if fits:
                            if fill:
                                one[at], two[at] = i, j
                            at += 1
            if not fill:
                offset[1 + a] = at
