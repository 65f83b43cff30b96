"""The list of plans: what a reader asked for, and one page of what they may open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from forestall import catalogue
from forestall.catalogue import plans
from forestall.web.people.models import User
from forestall.web.plans import selectors
from forestall.web.plans.models import Plan, PlanArea
from forestall.web.plans.values import clean_text

#: Plans on a page, and words of a search that count.
SIZE, MOST_WORDS, LONGEST = 25, 8, 200
OPEN = "open"


@dataclass(frozen=True)
class Wanted:
    """``state``: a slug, ``open`` (usual) or '' for all. ``area``: a code. ``mine``: those that the reader owns or
    stands in for. ``after``: where the page before ended, as time and id."""

    state: str = OPEN
    area: str = ""
    category: str = ""
    words: str = ""
    mine: bool = False
    after: str = ""

    @staticmethod
    def of(query: Mapping[str, str]) -> Wanted:
        """What an address asks for; what is not known there is left out."""
        state = query.get("state", OPEN)
        category = query.get("category", "")
        return Wanted(
            state=state if state in ("", OPEN, *plans.states()) else OPEN,
            area=clean_text(query.get("area", ""))[:20],
            category=category if category in catalogue.categories() else "",
            words=clean_text(query.get("words", ""))[:LONGEST],
            mine=query.get("mine") == "1",
            after=query.get("after", "")[:60],
        )

    @property
    def filtered(self) -> bool:
        return replace(self, after="") != Wanted()

    def query(self, **changes: str) -> str:
        """The address's query, ``?`` included; '' where everything is as it comes."""
        kept = replace(self, **changes)
        asked = {k: v for k, v in asdict(kept).items() if v and k not in ("mine", "state")}
        if kept.mine:
            asked["mine"] = "1"
        if kept.state != OPEN:
            asked["state"] = kept.state
        return f"?{urlencode(asked)}" if asked else ""

    def to_json(self) -> dict[str, str]:
        return {k: str(v) for k, v in asdict(self).items() if v}


@dataclass(frozen=True)
class Page:
    """``after``: where the next page begins; '' where there is none."""

    plans: tuple[Plan, ...]
    after: str


def page(user: User, wanted: Wanted) -> Page:
    """One page of plans, those changed last first; one query."""
    rows = selectors.visible(user).select_related("owner", "organisation")
    if wanted.state == OPEN:
        rows = rows.filter(state__in=[s.slug for s in plans.states().values() if s.open])
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.category:
        rows = rows.filter(category=wanted.category)
    if wanted.area:
        rows = rows.filter(Exists(PlanArea.objects.filter(plan=OuterRef("pk"), code=wanted.area)))
    if wanted.mine:
        rows = rows.filter(Q(owner=user) | Q(deputy=user))
    for word in wanted.words.split()[:MOST_WORDS]:
        rows = rows.filter(Q(title__icontains=word) | Q(words__icontains=word) | Q(key__iexact=word))
    start = _start(wanted.after)
    if start is not None:
        at, pk = start
        rows = rows.filter(Q(changed_at__lt=at) | Q(changed_at=at, pk__lt=pk))
    found = list(rows.order_by("-changed_at", "-id")[: SIZE + 1])
    more = len(found) > SIZE
    found = found[:SIZE]
    return Page(tuple(found), f"{found[-1].changed_at.isoformat()}~{found[-1].pk}" if more else "")


def _start(after: str) -> tuple[dt.datetime, int] | None:
    at, _, pk = after.partition("~")
    try:
        moment = dt.datetime.fromisoformat(at)
        return (moment if moment.tzinfo else timezone.make_aware(moment)).astimezone(dt.UTC), int(pk)
    except (ValueError, OverflowError):
        return None
