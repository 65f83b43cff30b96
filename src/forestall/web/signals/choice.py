"""What a reader chose to see, as it stands in the page's address, so that a view is a link that can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from forestall import catalogue
from forestall.results.signal import KINDS
from forestall.scan.ranking import SORTS


@dataclass(frozen=True)
class Choice:
    """``area``: code of a local authority. Empty means all."""

    area: str = ""
    theme: str = ""
    category: str = ""
    kind: str = ""
    sort: str = "themes"
    decided: str = ""

    @staticmethod
    def of(query: Mapping[str, str], hubs: tuple[str, ...]) -> Choice:
        """The choice in an address; what is not known there is left out."""
        return Choice(
            area=_one(query.get("area"), hubs),
            theme=_one(query.get("theme"), [t.slug for t in catalogue.themes()]),
            category=_one(query.get("category"), catalogue.categories()),
            kind=_one(query.get("kind"), KINDS),
            sort=_one(query.get("sort"), SORTS) or "themes",
            decided=_one(query.get("decided"), ("dismissed",)),
        )

    @property
    def filtered(self) -> bool:
        return bool(self.area or self.theme or self.category or self.kind or self.decided)

    def but(self, **changes: str) -> Choice:
        return replace(self, **changes)

    def query(self) -> str:
        """The address's query, ``?`` included; '' where everything is as it comes."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        asked = {k: v for k, v in given.items() if v and (k, v) != ("sort", "themes")}
        return f"?{urlencode(asked)}" if asked else ""

    def to_json(self) -> dict[str, str]:
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}


def _one(value: str | None, known: object) -> str:
    return value if value and value in known else ""  # type: ignore[operator]
