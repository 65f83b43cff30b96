"""A design: how the response of a plan will be tested, settled before it begins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What is counted. ``kind``: ``count`` (events), ``harm`` (events weighted by ``scheme``) or ``rate`` (events over
    residents: tested as a count, shown per 1,000)."""

    categories: tuple[str, ...]
    kind: str = "count"
    scheme: str | None = None
