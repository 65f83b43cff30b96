"""What goes in and out of the interface, as the description of it says. Sentences are in the reader's language."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

Text = Annotated[str, Field(max_length=20_000)]
Short = Annotated[str, Field(max_length=2000)]
Value = str | float | list[str] | None


class Sent(Schema):
    """What is sent: nothing beside its fields."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """What is not done, and why (RFC 9457)."""

    type: str
    title: str
    status: int
    reasons: list[str] | None = None
    errors: dict[str, str] | None = None
    theirs: dict[str, Any] | None = None
    fields: list[str] | None = None


class Me(Schema):
    username: str
    name: str
    organisation: str | None
    roles: list[str]
    permissions: list[str]
    csrf: str | None


# Signals


class Source(Schema):
    """Where every figure beside it comes from."""

    snapshot: str
    method: str
    version: str
    until: str
    synthetic: bool


class Months(Schema):
    months: list[str]
    observed: list[int]
    expected: list[float | None]
    masked: list[bool]


class SignalRow(Schema):
    id: str
    kind: str
    kinds: list[str]
    category: str
    theme: str
    areas: list[str]
    place: str
    since: str
    until: str
    observed: int
    expected: float
    ratio: float | None
    interval: list[float | None]
    p_value: float | None
    q_value: float | None
    established: bool
    harm: float | None
    why: str
    cautions: list[str]
    decision: str | None


class Alike(Schema):
    """A plan that may be about the same problem."""

    key: str
    title: str
    reasons: list[str]


class Signals(Schema):
    source: Source
    signals: list[SignalRow]


class Signal(SignalRow):
    source: Source
    series: Months | None
    alike: list[Alike]


# Plans


class PlanRow(Schema):
    key: str
    title: str
    marking: str
    caveats: list[str]
    state: str
    weight: str
    level: int
    category: str
    organisation: str
    owner: str
    made_at: dt.datetime
    changed_at: dt.datetime
    closed_at: dt.datetime | None
    published_at: dt.datetime | None
    quality: int | None


class Plans(Schema):
    plans: list[PlanRow]
    after: str


class Answer(Schema):
    question: str
    value: Value
    revision: int
    shared: bool
    by: str
    at: dt.datetime
    source: str | None


class Stage(Schema):
    slug: str
    done: int
    of: int
    answers: list[Answer]


class Response(Schema):
    number: int
    revision: int
    action: str
    mechanism: str
    side: str
    technique: str
    tiers: dict[str, str]
    driver: str
    dose: str | None
    dose_unit: str
    delivered: str | None
    cost: str | None
    side_effect: str
    owner: str | None
    organisation: str | None
    due: dt.date | None
    practice: str
    trial: bool
    shared: bool
    standing: str


class Task(Schema):
    key: str
    plan: str
    title: str
    detail: str
    asks: str
    organisation: str
    owner: str | None
    due: dt.date | None
    standing: str
    outcome: str
    asked_by: str
    asked_at: dt.datetime


class Idea(Schema):
    text: str
    side: str
    supports: str
    contradicts: str
    test: str
    horizon: str
    standing: str


class Step(Schema):
    """A step that the reader may take now."""

    slug: str
    title: str
    takes_reason: bool


class Plan(PlanRow):
    stages: list[Stage]
    ideas: list[Idea]
    responses: list[Response]
    tasks: list[Task]
    steps: list[Step]
    next: str | None
    missing: list[str]


class NewPlan(Sent):
    """``seen``: the keys of the plans that may be the same, which were looked at before."""

    signal: Annotated[str, Field(max_length=20)]
    weight: Literal["quick", "standard", "full"]
    title: Annotated[str, Field(max_length=200)] = ""
    seen: Annotated[list[str], Field(max_length=50, default_factory=list)]


class NewAnswer(Sent):
    """``base``: the revision that was read; 0 where there was none. ``value``: None clears it."""

    value: Annotated[str, Field(max_length=50_000)] | bool | float | Annotated[list[str], Field(max_length=100)] | None
    base: Annotated[int, Field(ge=0, lt=10**9)]
    reason: Short = ""
    shared: bool | None = None


class NewMove(Sent):
    """``other``: the key of the plan that it is joined to. The two questions are asked where a plan is agreed to."""

    move: Annotated[str, Field(max_length=30)]
    reason: Short = ""
    local_to_global: Short = ""
    global_to_local: Short = ""
    other: Annotated[str, Field(max_length=20)] = ""


class NewTask(Sent):
    """``organisation``: its slug, the plan's own or one that is on the plan; none: the plan's own. ``owner``: a name of an
    account."""

    title: Annotated[str, Field(max_length=500)]
    detail: Text = ""
    organisation: Annotated[str, Field(max_length=50)] | None = None
    owner: Annotated[str, Field(max_length=150)] | None = None
    due: dt.date | None = None
    asks: Literal["do", "find-out"] = "do"


class NewResponse(Sent):
    """``organisation``: its slug, of those on the plan; none: the plan's own. ``owner``: a name of an account. ``base``:
    the revision that was read, where one is changed."""

    action: Text
    mechanism: Text = ""
    side: Short = ""
    technique: Short = ""
    tier_national: Short = ""
    tier_public_health: Short = ""
    driver: Short = ""
    dose: Annotated[str, Field(max_length=40)] = ""
    dose_unit: Annotated[str, Field(max_length=60)] = ""
    delivered: Annotated[str, Field(max_length=40)] = ""
    cost: Annotated[str, Field(max_length=40)] = ""
    side_effect: Text = ""
    organisation: Annotated[str, Field(max_length=50)] | None = None
    owner: Annotated[str, Field(max_length=150)] | None = None
    due: dt.date | None = None
    practice: Short = ""
    trial: bool = False
    shared: bool = True
    standing: Literal["planned", "under-way", "done", "stopped"] = "planned"


class ChangedResponse(NewResponse):
    base: Annotated[int, Field(ge=1, lt=10**9)]


# Work and oversight


class Work(Schema):
    """``overdue``, ``soon`` and ``later``: the person's own. ``unowned``: their organisation's, that nobody owns.
    ``asked``: what they wait for."""

    overdue: list[Task]
    soon: list[Task]
    later: list[Task]
    unowned: list[Task]
    asked: list[Task]


class Words(Sent):
    """Why it can't be done, or what came of it."""

    outcome: Annotated[str, Field(max_length=10_000)] = ""


class PortfolioRow(PlanRow):
    overdue_tasks: int


class Portfolio(Schema):
    plans: list[PortfolioRow]
    count: int
    pages: int
    open: int
    closed: int
    flags: dict[str, int]


class PublishedRow(Schema):
    key: str
    title: str
    organisation: str
    state: str
    published_at: dt.datetime
    verdict: str | None


class Published(Schema):
    plans: list[PublishedRow]


class PublishedPlan(PublishedRow):
    answers: dict[str, Value]
    responses: list[str]


class Notice(Schema):
    id: int
    kind: str
    text: str
    link: str
    made_at: dt.datetime
    read: bool


class Notices(Schema):
    notices: list[Notice]


class Read(Sent):
    """``notice``: its id; none: all of them."""

    notice: Annotated[int, Field(ge=1, lt=2**63)] | None = None


class Marked(Schema):
    marked: int
