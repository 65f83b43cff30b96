"""A supervisor's portfolio: which plans are good, late, duplicate or stuck, and what they cover."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.results import Column, Table
from forestall.text import msg
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors
from forestall.web.plans.models import DESIGN_DAYS, OPEN_TASKS, Plan, PlanArea, Response, Task

#: A plan in which nothing was changed for as many days is stuck; below this quality it is weak.
STUCK_DAYS, WEAK = 60, 50
PAGE = 50
#: How many plans' responses are counted for coverage at most.
MOST = 20_000
FLAGS = {
    "overdue": msg("A task is past its date"),
    "late": msg("Design late"),
    "stuck": msg("Nothing changed for two months"),
    "weak": msg("Meets less than half of the rubric"),
    "ownerless": msg("Its owner has left"),
    "duplicate": msg("Another open plan is about the same place and category"),
    "waiting": msg("Waits for agreement or closure"),
}
SORTS = {
    "changed": ("-changed_at", msg("Changed last")),
    "oldest": ("made_at", msg("Oldest")),
    "weakest": ("quality", msg("Lowest quality")),
    "best": ("-quality", msg("Highest quality")),
}


@dataclass(frozen=True)
class Wanted:
    """What of the portfolio is asked for, as it stands in the address."""

    area: str = ""
    state: str = ""
    driver: str = ""
    tier: str = ""
    level: str = ""
    flag: str = ""
    sort: str = "changed"
    page: int = 1

    @staticmethod
    def of(query: Mapping[str, str], areas: Sequence[str] = ()) -> Wanted:
        def one(name: str, known: object) -> str:
            value = query.get(name, "")
            return value if value in known else ""  # type: ignore[operator]

        page = query.get("page", "1")
        return Wanted(
            area=one("area", areas),
            state=one("state", {"open", "closed", *catalogue.states()}),
            driver=one("driver", {o.slug for o in catalogue.choices("drivers")}),
            tier=one("tier", {f"{s.slug}:{t.slug}" for s in catalogue.schemes() for t in s.options}),
            level=one("level", {"1", "2", "3"}),
            flag=one("flag", FLAGS),
            sort=one("sort", SORTS) or "changed",
            page=int(page) if page.isdecimal() and 0 < int(page) < 10_000 else 1,
        )

    def query(self, **changes: object) -> str:
        """The address's query with some of it changed, ``?`` included."""
        given = {**self.__dict__, **changes}
        asked = {k: v for k, v in given.items() if v and (k, v) not in (("sort", "changed"), ("page", 1))}
        return f"?{urlencode(asked)}" if asked else ""

    def to_json(self) -> dict[str, str]:
        return {k: str(v) for k, v in self.__dict__.items() if v}


def plans(user: User) -> QuerySet[Plan]:
    """The plans of a person's portfolio: those of the organisations and areas for which they hold it, and may open."""
    return selectors.visible(user).filter(selectors.in_areas(user, Permission.SEE_PORTFOLIO))


def chosen(user: User, wanted: Wanted, today: dt.date | None = None) -> QuerySet[Plan]:
    """The plans that fit what is asked for, in its order."""
    today = today or timezone.localdate()
    found = plans(user)
    if wanted.area:
        found = found.filter(Exists(PlanArea.objects.filter(plan=OuterRef("pk"), code=wanted.area)))
    if wanted.state in ("open", "closed"):
        found = found.filter(closed_at__isnull=wanted.state == "open")
    elif wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.level:
        found = found.filter(level=int(wanted.level))
    responses = Response.objects.filter(plan=OuterRef("pk"))
    if wanted.driver:
        found = found.filter(Exists(responses.filter(driver=wanted.driver)))
    if wanted.tier:
        scheme, _, tier = wanted.tier.partition(":")
        found = found.filter(Exists(responses.filter(**{f"tiers__{scheme}": tier})))
    if wanted.flag:
        found = found.filter(flagged(user, wanted.flag, today))
    return found.select_related("owner", "supervisor", "organisation").order_by(SORTS[wanted.sort][0], "-pk")


def flagged(user: User, flag: str, today: dt.date) -> Q:
    """Which plans of a person's portfolio carry a flag."""
    now = timezone.now()
    settled_by = timezone.make_aware(dt.datetime.combine(today - dt.timedelta(days=DESIGN_DAYS), dt.time.min))
    late = Task.objects.filter(plan=OuterRef("pk"), standing__in=OPEN_TASKS, due__lt=today)
    return (
        Q(closed_at=None)
        & {
            "overdue": Q(Exists(late)),
            "late": Q(urgent_at__lt=settled_by, fixed_at=None),
            "stuck": Q(changed_at__lt=now - dt.timedelta(days=STUCK_DAYS)),
            "weak": Q(quality__lt=WEAK),
            "ownerless": Q(owner_left_at__isnull=False),
            "waiting": Q(state__in=("submitted", "closing")),
            "duplicate": Q(pk__in=_twins(user)),
        }[flag]
    )


def _twins(user: User) -> QuerySet[PlanArea]:
    """Open plans that name an area which another open plan of the same organisation and category names too. Their areas are
    read once, not once a plan, and only those of the organisations whose portfolio the person holds."""
    together = Window(Count("pk"), partition_by=[F("plan__organisation"), F("plan__category"), F("code")])
    own = PlanArea.objects.filter(
        own=True, plan__closed_at=None, plan__organisation__in=user.organisations(Permission.SEE_PORTFOLIO)
    )
    return own.exclude(plan__category="").annotate(together=together).filter(together__gt=1).values("plan")


@dataclass(frozen=True)
class Summary:
    """``flags``: how many open plans carry each. ``quality``: how many lie in each quarter of the scale, and unknown."""

    open: int
    closed: int
    flags: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    quality: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)


def summary(user: User, today: dt.date | None = None) -> Summary:
    """The portfolio in numbers: three queries."""
    today = today or timezone.localdate()
    own = plans(user)
    states = dict(own.order_by().values_list("state").annotate(n=Count("pk")))
    open_ = {s for s, about in catalogue.states().items() if about.open}
    counts = own.order_by().aggregate(
        **{name: Count("pk", filter=flagged(user, name, today)) for name in FLAGS},
        **{
            f"q{i}": Count("pk", filter=Q(closed_at=None, quality__gte=25 * i, quality__lt=25 * (i + 1) + (i == 3)))
            for i in range(4)
        },
        unknown=Count("pk", filter=Q(closed_at=None, quality=None)),
    )
    return Summary(
        open=sum(n for s, n in states.items() if s in open_),
        closed=sum(n for s, n in states.items() if s not in open_),
        flags={name: counts[name] for name in FLAGS},
        states=states,
        quality=(counts["q0"], counts["q1"], counts["q2"], counts["q3"], counts["unknown"]),
    )


@dataclass(frozen=True)
class Coverage:
    """``counts[scheme][(driver, tier)]``: open plans with such a response; '' where a response names none. ``plans``: how
    many open plans there are, ``without`` how many of them have no response yet."""

    counts: dict[str, Counter[tuple[str, str]]]
    plans: int
    without: int

    def table(self) -> Table:
        """A row a scheme, driver and tier."""
        columns = (
            Column("scheme", msg("Scheme")), Column("driver", msg("Driver")), Column("tier", msg("Tier")),
            Column("plans", msg("Open plans"), msg("count"), True),
        )  # fmt: skip
        rows = tuple(
            (scheme.slug, driver, tier, self.counts[scheme.slug][driver, tier])
            for scheme in catalogue.schemes()
            for driver in (*(o.slug for o in catalogue.choices("drivers")), "")
            for tier in (*(t.slug for t in scheme.options), "")
        )
        return Table(columns, rows)


def coverage(user: User) -> Coverage:
    """Which drivers and tiers the open plans work on, in each scheme."""
    open_ = plans(user).filter(closed_at=None)
    keys = list(open_.order_by().values_list("pk", flat=True)[:MOST])
    rows = Response.objects.filter(plan__in=open_.order_by()).exclude(standing="stopped")
    seen: dict[str, set[tuple[int, str, str]]] = {s.slug: set() for s in catalogue.schemes()}
    having = set()
    for plan, driver, tiers in rows.values_list("plan", "driver", "tiers")[: 5 * MOST]:
        having.add(plan)
        for scheme in seen:
            seen[scheme].add((plan, driver, (tiers or {}).get(scheme, "")))
    counts = {scheme: Counter((driver, tier) for _, driver, tier in found) for scheme, found in seen.items()}
    return Coverage(counts, len(keys), len(set(keys) - having))


def overdue(keys: Sequence[int], today: dt.date | None = None) -> dict[int, int]:
    """How many tasks past their date each of some plans has."""
    today = today or timezone.localdate()
    late = Task.objects.filter(plan__in=keys, standing__in=OPEN_TASKS, due__lt=today)
    return dict(late.order_by().values_list("plan").annotate(n=Count("pk")))


def table(found: Sequence[Plan], late: Mapping[int, int]) -> Table:
    """Plans as rows, for a spreadsheet."""
    columns = (
        Column("key", msg("Reference")), Column("title", msg("Title")), Column("state", msg("State")),
        Column("weight", msg("Weight")), Column("level", msg("Level")), Column("owner", msg("Owner")),
        Column("quality", msg("Quality"), msg("%"), True),
        Column("overdue", msg("Tasks past their date"), msg("count"), True),
        Column("started", msg("Started")), Column("changed", msg("Changed")), Column("marking", msg("Marking")),
    )  # fmt: skip
    rows = tuple(
        (
            p.key, p.title, p.standing.title, p.weight, p.level, str(p.owner), p.quality, late.get(p.pk, 0),
            p.made_at.date().isoformat(), p.changed_at.date().isoformat(), p.marking,
        )
        for p in found
    )  # fmt: skip
    return Table(columns, rows)
