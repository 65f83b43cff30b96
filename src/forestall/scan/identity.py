"""A signal keeps its name from one scan to the next while it is the same problem."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from forestall.records import months as mm
from forestall.results import Signal


def first_id(signal: Signal) -> str:
    """A hash of kind, category, seed area and first month; ten hex digits."""
    seed = signal.subject or (signal.areas[0] if signal.areas else "")
    return hashlib.sha256("|".join([signal.kind, signal.category, seed, signal.since]).encode()).hexdigest()[:10]


def same(a: Signal, b: Signal) -> bool:
    """Same kind and category, at least half of the areas in common, and windows that touch; of persons, the same one."""
    if a.subject or b.subject:
        return (a.kind, a.subject) == (b.kind, b.subject)
    return (a.kind, a.category) == (b.kind, b.category) and overlap(a, b)


def merged(a: Signal, b: Signal) -> bool:
    """Likewise, where a kind that points to the problem is common to both: which of them leads may change from one scan to
    the next."""
    if a.subject or b.subject or a.category != b.category or kinds(a).isdisjoint(kinds(b)):
        return False
    return overlap(a, b)


def kinds(signal: Signal) -> set[str]:
    """All kinds that point to a signal's problem."""
    return {signal.kind, *(r.kind for r in signal.reasons)}


def overlap(a: Signal, b: Signal) -> bool:
    """At least half of the areas in common, of the smaller set, and windows that touch."""
    mine, theirs = set(a.areas), set(b.areas)
    if 2 * len(mine & theirs) < min(len(mine), len(theirs)):
        return False
    return mm.number(a.since) <= mm.number(b.until) + 1 and mm.number(b.since) <= mm.number(a.until) + 1


def name(signals: Sequence[Signal], earlier: Sequence[Signal]) -> tuple[Signal, ...]:
    """The signals with their ids: an earlier scan's where it is the same problem, first those that are led by the same kind
    and then those that were merged under another; else a first one."""
    free = list(earlier)
    known: dict[int, str] = {}
    for alike in (same, merged):
        for i, signal in enumerate(signals):
            shared = [e for e in free if i not in known and alike(signal, e)]
            match = max(shared, key=lambda e: len(set(e.areas) & set(signal.areas)), default=None)
            if match is not None:
                free.remove(match)
                known[i] = match.id
    taken: set[str] = set()
    out = []
    for i, signal in enumerate(signals):
        ident = known.get(i) or first_id(signal)
        while ident in taken:
            ident = hashlib.sha256(ident.encode()).hexdigest()[:10]
        taken.add(ident)
        out.append(replace(signal, id=ident))
    return tuple(out)
