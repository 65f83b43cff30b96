"""What the address asks for: which local authority, and in which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Asked:
    """``hub``: code of a local authority, '' for the whole force, None where nothing is said. ``audience``: ``force`` with
    occurrence numbers, ``partner`` without these and without protected records, '' for the fullest that the reader may
    see."""

    hub: str | None = None
    audience: str = ""

    @staticmethod
    def of(query: Mapping[str, str]) -> Asked:
        hub = query.get("hub")
        return Asked(None if hub is None else hub.strip(), "partner" if query.get("form") == "partner" else "")

    def query(self) -> str:
        given = {"hub": self.hub or "", "form": "partner" if self.audience == "partner" else ""}
        kept = {k: v for k, v in given.items() if v}
        return f"?{urlencode(kept)}" if kept else ""
