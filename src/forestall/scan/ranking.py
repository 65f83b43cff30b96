"""In what order problems are shown. Harm, change and count are separate sorts, because they are separate questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from forestall import catalogue
from forestall.results import Signal

SORTS = ("themes", "harm", "change", "count")

#: How many of each theme open the list.
OPENING = 3

#: Established kinds that say how things stand rather than that they changed, later in the list.
STANDING = {
    "seasonal-return": 0, "repeat-victim": 1, "repeat-location": 2, "repeat-suspect": 3, "frequent-caller": 4, "outlier": 5,
}  # fmt: skip


def _opening(signals: Sequence[Signal]) -> int:
    """How many open the list: up to three of each theme."""
    count: dict[str, int] = {}
    for s in signals:
        count[s.theme] = count.get(s.theme, 0) + 1
    return sum(min(OPENING, n) for n in count.values())


def order(signals: Sequence[Signal], by: str = "themes") -> tuple[Signal, ...]:
    """``themes``: the top three of each theme, theme by theme, then the rest by strength of evidence.

    What fell is no problem: established falls stand after the established changes, and in every other order last.
    """
    fell = sorted((s for s in signals if s.kind == "falling"), key=evidence)
    if fell:
        problems = order([s for s in signals if s.kind != "falling"], by)
        if by != "themes":
            return (*problems, *fell)
        opening = _opening(problems)
        first = opening + sum(s.established and s.kind not in STANDING for s in problems[opening:])
        sure = [s for s in fell if s.established]
        return (*problems[:first], *sure, *problems[first:], *(s for s in fell if not s.established))
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
    """Established changes first, then concentrated places, then what else is established and stands so, then by p-value; of
    equals the larger excess."""
    if signal.established and signal.kind not in STANDING:
        return (0.0, 0.0, -abs(signal.excess))
    if signal.kind == "concentrated":
        return (1.0, 0.0, -signal.excess)
    if signal.established:
        return (1.5, float(STANDING[signal.kind]), -signal.excess)
    return (2.0, signal.p_value if signal.p_value is not None else 1.0, -signal.excess)


def _by_theme(signals: Sequence[Signal]) -> tuple[Signal, ...]:
    ranked = sorted(signals, key=evidence)
    opening: list[Signal] = []
    for theme in catalogue.themes():
        of_theme = [s for s in ranked if s.theme == theme.slug]
        # One of each kind before a second of any, so that persistent places don't hide a rise, nor do standing kinds.
        seen: dict[str, int] = {}
        keyed = []
        for s in of_theme:
            kind = "standing" if s.kind in STANDING else s.kind
            seen[kind] = seen.get(kind, 0) + 1
            keyed.append((0 if s.established and s.kind not in STANDING else seen[kind], s))
        keyed.sort(key=lambda pair: pair[0])
        opening += [s for _, s in keyed[:OPENING]]
    chosen = {id(s) for s in opening}
    return tuple(opening) + tuple(s for s in ranked if id(s) not in chosen)
