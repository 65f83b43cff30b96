"""Every reading of the library, cut in SQL to what the reader may see.

A result is for everybody who may enter the library, without the plan that it comes from. Its plan's title is read by those
who may open the plan or its publication; its own words and its exact cost by those who may read the whole plan. The words
are read by others once a peer saw that they name nobody and no place. Columns that are not for a reader are never fetched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, When
from django.db.models.functions import ExtractYear
from django.http import Http404

from forestall.catalogue import plans as catalogue
from forestall.catalogue.practices import practices
from forestall.results.suggestion import LocalResult as Told
from forestall.web.library.models import LocalResult, PeerReview
from forestall.web.library.wanted import Wanted
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors as plans
from forestall.web.plans.models import Marking, Plan, Response

PAGE = 50
#: States in which a response is being tried.
TRYING = ("responding", "assessing", "closing")
#: What everybody in the library may read of a result.
ANONYMOUS = (
    "pk",
    "key",
    "practice",
    "together",
    "verdict",
    "said",
    "estimate",
    "low",
    "high",
    "p_value",
    "unit",
    "method",
    "maryland",
    "fidelity",
    "band",
    "category",
    "place",
    "side",
    "technique",
    "tiers",
    "driver",
    "evaluation",
    "review",
)


@dataclass(frozen=True)
class Local:
    """A result as one reader sees it. ``plan`` and ``title``: '' where the reader may not know them; ``published``: they
    are known from the publication alone. ``own``: the whole plan may be read. ``words``: the lessons may be read."""

    key: str
    practice: str
    together: tuple[str, ...]
    verdict: str
    said: str
    estimate: float | None
    low: float | None
    high: float | None
    p_value: float | None
    unit: str
    method: str
    maryland: int | None
    fidelity: float | None
    band: str
    category: str
    place: str
    side: str
    technique: str
    tiers: Mapping[str, str]
    driver: str
    evaluation: str
    review: str
    year: int
    plan: str = ""
    title: str = ""
    published: bool = False
    own: bool = False
    closed_at: dt.datetime | None = None
    cost: Decimal | None = None
    mechanism: str = ""
    words: bool = False
    lessons: str = ""

    @property
    def evaluated(self) -> bool:
        return bool(self.evaluation)


def _whole(user: User, prefix: str = "plan") -> Q:
    """Rows of plans that a person may read whole."""
    if not user.may(Permission.SEE_PLANS):
        return Q(pk__in=[])
    own = Plan.objects.filter(organisation__in=user.organisations(Permission.SEE_PLANS))
    return Q(**{f"{prefix}__in": (plans.visible(user) & own).values("pk")})


def _named(user: User) -> Q:
    """Rows of plans whose title a person may know."""
    known = Q(plan__in=plans.visible(user).values("pk"))
    if user.may(Permission.SEE_PUBLISHED):
        known |= Q(plan__published_at__isnull=False)
    return known


def rows(user: User, found: QuerySet[LocalResult]) -> list[Local]:
    """Results as a reader may see them: four queries, however many there are."""
    if not user.may(Permission.SEE_LIBRARY):
        return []
    plain = list(found.annotate(year=ExtractYear("closed_at")).values(*ANONYMOUS, "year"))
    keys = [r["pk"] for r in plain]
    some = LocalResult.objects.filter(pk__in=keys)
    more: dict[int, dict[str, Any]] = {pk: {} for pk in keys}
    open_ = set(
        Plan.objects.filter(pk__in=plans.visible(user).values("pk"), local_results__in=keys).values_list("pk", flat=True)
    )
    for r in some.filter(_named(user)).values("pk", "plan", "plan__key", "plan__title"):
        more[r["pk"]] = {"plan": r["plan__key"], "title": r["plan__title"], "published": r["plan"] not in open_}
    for r in some.filter(_whole(user)).values("pk", "closed_at", "cost", "mechanism", "lessons"):
        more[r.pop("pk")] |= {**r, "own": True, "words": True}
    for r in some.filter(lessons_open=True).values("pk", "lessons"):
        more[r["pk"]] |= {"lessons": r["lessons"], "words": True}
    out = []
    for r in plain:
        pk = r.pop("pk")
        r["together"] = tuple(r["together"])
        out.append(Local(**{**r, **more[pk]}))
    return out


def chosen(wanted: Wanted) -> QuerySet[LocalResult]:
    """The results that fit what is asked for, newest first."""
    found = LocalResult.objects.all()
    for name in ("category", "place", "driver", "practice", "verdict"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    if wanted.cost:
        found = found.filter(band=wanted.cost)
    if wanted.tier:
        scheme, _, tier = wanted.tier.partition(":")
        found = found.filter(**{f"tiers__{scheme}": tier})
    if wanted.mechanism:
        family = [o.slug for g in catalogue.techniques() if g.slug == wanted.mechanism for o in g.options]
        works = [p.slug for p in practices() if wanted.mechanism in p.mechanisms]
        found = found.filter(Q(practice__in=works) | Q(technique__in=family))
    return found.order_by("-closed_at", "-pk")


def page(user: User, wanted: Wanted) -> tuple[list[Local], int]:
    """A page of results, and how many fit."""
    found = chosen(wanted)
    start = (wanted.page - 1) * PAGE
    return rows(user, found[start : start + PAGE]), found.order_by().count()


def one(user: User, key: str) -> Local:
    """A result by its key; not found where there is none or the library is not for the reader."""
    found = rows(user, LocalResult.objects.filter(key=key))
    if not found:
        raise Http404
    return found[0]


def behind(key: str) -> LocalResult:
    """A result that :func:`one` found, with what decides who judges and mends it, and none of its words."""
    keys = ("organisation", "owner", "deputy", "supervisor", "marking", "about_people", "closed_at")
    found = LocalResult.objects.select_related("plan").only("key", "review", "plan", *(f"plan__{k}" for k in keys))
    return found.get(key=key)


def reviews(row: LocalResult) -> list[PeerReview]:
    """What peers and owners said of a result, for who may read the whole plan."""
    return list(PeerReview.objects.filter(result=row).select_related("by"))


def counts() -> dict[str, dict[str, int]]:
    """practice -> verdict -> how many plans, of every organisation."""
    out: dict[str, dict[str, int]] = {}
    for practice, verdict, n in LocalResult.objects.order_by().values_list("practice", "verdict").annotate(n=Count("pk")):
        out.setdefault(practice, {})[verdict] = n
    return out


def told(user: User) -> list[Told]:
    """What plans here found, as a suggestion takes it; a cost where the reader may read the whole plan."""
    cost = Case(When(_whole(user), then=F("cost")), default=None)
    found = LocalResult.objects.exclude(practice="").order_by().annotate(seen=cost)
    return [Told(*r) for r in found.values_list("practice", "verdict", "category", "seen")]


# Trials in progress


@dataclass(frozen=True)
class Trial:
    """A response that is being tried. ``plan`` and ``title``: '' where the reader may not know them."""

    practice: str
    category: str
    side: str
    technique: str
    driver: str
    tiers: Mapping[str, str]
    year: int
    plan: str = ""
    title: str = ""


def _trying(user: User) -> QuerySet[Response]:
    """Live responses of plans in response or assessment; those of sensitive plans for those who may open them alone."""
    anybody = Q(plan__marking=Marking.OFFICIAL, plan__about_people=False)
    live = Response.objects.filter(plan__state__in=TRYING).exclude(standing=Response.Standing.STOPPED)
    return live.filter(anybody | Q(plan__in=plans.visible(user).values("pk")))


def trial_counts(user: User) -> dict[str, int]:
    """practice -> how many plans are trying it; '' without a practice."""
    found = _trying(user).order_by().values_list("practice").annotate(n=Count("plan", distinct=True))
    return dict(found)


def trials(user: User, wanted: Wanted, most: int = 200) -> list[Trial]:
    """Trials that fit, those begun last first: two queries."""
    found = _trying(user)
    if wanted.category:
        found = found.filter(plan__category=wanted.category)
    for name in ("practice", "driver"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    fields = ("plan", "plan__category", "practice", "side", "technique", "driver", "tiers", "year")
    plain = list(
        found.annotate(year=ExtractYear("plan__state_since")).order_by("-plan__state_since", "pk").values(*fields)[:most]
    )
    seen = plans.visible(user).filter(pk__in={r["plan"] for r in plain}).values_list("pk", "key", "title")
    known = {pk: {"plan": key, "title": title} for pk, key, title in seen}
    return [
        Trial(
            r["practice"],
            r["plan__category"],
            r["side"],
            r["technique"],
            r["driver"],
            r["tiers"],
            r["year"],
            **known.get(r["plan"], {}),
        )
        for r in plain
    ]


# Peer review


def to_review(user: User) -> QuerySet[LocalResult]:
    """Results that a person may judge: of the organisations and areas for which they answer for others, never of a plan of
    their own."""
    own = Q(plan__owner=user) | Q(plan__deputy=user) | Q(filed_by=user)
    mine = Plan.objects.filter(plans.in_areas(user, Permission.ANSWER_HELP)) & plans.visible(user)
    return LocalResult.objects.filter(plan__in=mine.values("pk")).exclude(own)


def queue(user: User) -> Sequence[LocalResult]:
    """What waits for a peer, oldest first."""
    waits = to_review(user).filter(review=LocalResult.Review.WAITING)
    return list(waits.select_related("plan").order_by("filed_at", "pk")[:PAGE])
