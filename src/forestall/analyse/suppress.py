"""Small numbers hidden, so that nobody is recognised: counts of 1 to 4, counts that one contributor makes up, and as many
more as it takes that no hidden one follows from a total."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

#: Counts from 1 to this are hidden.
SMALL = 4
#: A count of which one contributor has a larger share than this is hidden.
DOMINANT = 0.7


def hidden(counts: Sequence[int], largest: Sequence[int] | None = None) -> tuple[bool, ...]:
    """Which of ``counts`` that add up to a published total must be hidden.

    ``largest``: of each count, the part that its largest contributor has (a victim, a place). Where only one is hidden, or
    those hidden add up to :data:`SMALL` or less, the smallest of the others are hidden with it, zeros last. Raises
    ``ValueError`` for negative counts.
    """
    if any(n < 0 for n in counts):
        raise ValueError(f"counts must be 0 or more, not {min(counts)}")
    out = [1 <= n <= SMALL for n in counts]
    if largest is not None:
        for i, (n, most) in enumerate(zip(counts, largest, strict=True)):
            out[i] |= n > 0 and most > DOMINANT * n
    order = sorted(range(len(counts)), key=lambda i: (counts[i] == 0, counts[i], i))
    for i in order:
        if not any(out):
            break
        if sum(out) >= 2 and sum(n for n, h in zip(counts, out, strict=True) if h) > SMALL:
            break
        out[i] = True
    return tuple(out)


def shown(counts: Sequence[int], largest: Sequence[int] | None = None) -> tuple[int | None, ...]:
    """The counts with None in place of what must be hidden."""
    return tuple(None if h else n for n, h in zip(counts, hidden(counts, largest), strict=True))


def shown_by_group(counts: Sequence[int], groups: Sequence[Hashable]) -> tuple[int | None, ...]:
    """As :func:`shown`, where the counts of each group add up to a total that is published too."""
    out: list[int | None] = [None] * len(counts)
    for group in set(groups):
        at = [i for i, g in enumerate(groups) if g == group]
        for i, n in zip(at, shown([counts[i] for i in at]), strict=True):
            out[i] = n
    return tuple(out)


def rounded(share: float) -> float:
    """A share to the nearest twentieth, from which no small count can be worked out."""
    return round(share * 20) / 20
