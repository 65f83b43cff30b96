"""What the quality of the records says: gaps, missing places, and suspected recording events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forestall.text import Message


@dataclass(frozen=True)
class Finding:
    """One finding on the quality of the records.

    ``kind``: ``recording-event``, ``gap``, ``missing-location``, ``area-from-point``, ``outside-area``,
    ``unknown-area-code``, ``duplicate-id``, ``vintage``, ``no-id``, ``precision``, ``outcomes-as-of-download`` …
    ``month`` is where it begins (``YYYY-MM``), or None where it holds throughout; ``until`` is the last month that it
    touches for a passing event, and None for a lasting step. ``category`` None means all. ``areas`` is empty where the
    whole force is meant. ``direction`` is +1, -1 or 0. ``shape`` of a recording event: ``passing`` (a spell of months
    to set aside), ``step`` (the level differs before and after), ``turnover`` (map points or street names replaced:
    series must pass a continuity test). ``force`` is whose records it is about, None for all.
    """

    kind: str
    text: Message
    month: str | None = None
    until: str | None = None
    category: str | None = None
    areas: tuple[str, ...] = ()
    count: int | None = None
    source: str | None = None
    shape: str | None = None
    direction: int = 0
    standing: str = "suspected"
    force: str | None = None

    @property
    def id(self) -> str:
        """Stable over re-runs, so that a registrar's decision stays with it."""
        import hashlib

        parts = [self.kind, self.month or "", self.category or "", self.shape or "", ",".join(self.areas)]
        text = "|".join([*parts, self.force] if self.force else parts)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "month": self.month,
            "until": self.until,
            "category": self.category,
            "areas": list(self.areas),
            "count": self.count,
            "source": self.source,
            "shape": self.shape,
            "direction": self.direction,
            "standing": self.standing,
            "force": self.force,
            "text": self.text.render(language) if language else self.text.to_json(),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Finding:
        return Finding(
            kind=data["kind"],
            text=Message.from_json(data["text"]),
            month=data["month"],
            until=data["until"],
            category=data["category"],
            areas=tuple(data["areas"]),
            count=data["count"],
            source=data["source"],
            shape=data["shape"],
            direction=data["direction"],
            standing=data["standing"],
            force=data.get("force"),
        )
