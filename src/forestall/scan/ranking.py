"""In what order problems are shown. Harm, change and count are separate sorts, because they are separate questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from forestall import catalogue
from forestall.results import Signal

SORTS = ("themes", "harm", "change", "count")

#: How many of each theme open the list.
OPENING = 3


def order(signals: Sequence[Signal], by: str = "themes") -> tuple[Signal, ...]:
    """``themes``: the top three of each theme, theme by theme, then the rest by strength of evidence."""
    if by == "themes":
        return _by_theme(signals)
    keys: dict[str, Callable[[Signal], float]] = {
        "harm": lambda s: math.inf if s.harm is None else -s.harm,
        "change": lambda s: -s.interval[0],
        "count": lambda s: -float(s.observed),
    }
    if by not in keys:
        raise ValueError(f"sort must be one of {', '.join(SORTS)}, not {by!r}")
    key = keys[by]
    return tuple(sorted(signals, key=key))


def evidence(signal: Signal) -> tuple[float, float, float]:
    """Established first, then concentrated places, then by p-value; of equals the larger excess."""
    if signal.established:
        return (0.0, 0.0, -signal.excess)
    if signal.kind == "concentrated":
        return (1.0, 0.0, -signal.excess)
    return (2.0, signal.p_value if signal.p_value is not None else 1.0, -signal.excess)


def _by_theme(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    ranked = sorted(signals, key=evidence)
    opening: list[Signal] = []
    for theme in catalogue.themes():
        of_theme = [s for s in ranked if s.theme == theme.slug]
        # One of each kind before a second of any, so that persistent places don't hide a rise.
        seen: dict[str, int] = {}
        keyed = []
        for s in of_theme:
            seen[s.kind] = seen.get(s.kind, 0) + 1
            keyed.append((0 if s.established else seen[s.kind], s))
        keyed.sort(key=lambda pair: pair[0])
        opening += [s for _, s in keyed[:OPENING]]
    chosen = {id(s) for s in opening}
    return tuple(opening) + tuple(s for s in ranked if id(s) not in chosen)
