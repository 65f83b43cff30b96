"""What of the library is asked for, as it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from forestall import catalogue
from forestall.catalogue import library, plans
from forestall.catalogue.practices import Practice, practices
from forestall.text import LANGUAGES

HERE = ("worked", "failed", "untested")


@dataclass(frozen=True)
class Wanted:
    """Slugs, '' for any. ``tier``: ``scheme:tier``. ``here``: how a practice stands here. ``words``: in its texts."""

    category: str = ""
    place: str = ""
    driver: str = ""
    mechanism: str = ""
    tier: str = ""
    cost: str = ""
    here: str = ""
    practice: str = ""
    verdict: str = ""
    words: str = ""
    page: int = 1

    @staticmethod
    def of(query: Mapping[str, str]) -> Wanted:
        """What is not in a list is no choice."""
        lists = {
            "category": set(catalogue.categories()),
            "place": {o.slug for o in library.words("places")},
            "driver": {o.slug for o in plans.choices("drivers")},
            "mechanism": {o.slug for o in library.words("mechanisms")},
            "tier": {f"{s.slug}:{t.slug}" for s in plans.schemes() for t in s.options},
            "cost": {library.UNKNOWN, *(b.slug for b in library.costs())},
            "here": set(HERE),
            "practice": {p.slug for p in practices()},
            "verdict": {o.slug for o in library.words("verdicts")},
        }
        given = {name: query.get(name, "") if query.get(name, "") in known else "" for name, known in lists.items()}
        page = query.get("page", "1")
        return Wanted(
            **given, words=query.get("words", "").replace("\0", "").strip()[:80],
            page=int(page) if page.isdecimal() and 0 < int(page) < 10_000 else 1,
        )  # fmt: skip

    def query(self, **changes: object) -> str:
        """The address's query with some of it changed, ``?`` included."""
        asked = {k: v for k, v in {**self.__dict__, **changes}.items() if v and (k, v) != ("page", 1)}
        return f"?{urlencode(asked)}" if asked else ""

    def to_json(self) -> dict[str, str]:
        return {k: str(v) for k, v in self.__dict__.items() if v and k != "words"}

    def fits(self, p: Practice) -> bool:
        """Whether a practice is asked for, ``here`` aside. One that is meant for any category or place fits each."""
        scheme, _, tier = self.tier.partition(":")
        return (
            (not self.category or not p.categories or self.category in p.categories)
            and (not self.place or not p.places or self.place in p.places)
            and (not self.driver or self.driver in p.drivers)
            and (not self.mechanism or self.mechanism in p.mechanisms)
            and (not tier or p.tiers.get(scheme) == tier)
            and (not self.cost or p.cost == self.cost)
            and self._says(p)
        )

    def _says(self, p: Practice) -> bool:
        texts = [p.title, p.says, *(f.says for f in p.emmie.values()), *p.five.values(), *(c.says for c in p.claims)]
        told = " ".join(t.render(language) for t in texts if t for language in LANGUAGES).casefold()
        return all(w in told for w in self.words.casefold().split())
