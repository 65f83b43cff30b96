"""A workplace full of plans, for the benchmark of its pages and the ceilings of their queries: forces with their partners
and people, plans with all that hangs on them, tasks, notices and a long log. Seeded; rows go in by COPY on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import msg
from forestall.web.audit import sealing
from forestall.web.audit.models import Event
from forestall.web.library.models import LocalResult, Verdict
from forestall.web.people.models import Agreement, HeldRole, Organisation, User
from forestall.web.plans.models import (
    LETTERS,
    Answer,
    Draft,
    Handover,
    HelpRequest,
    Hypothesis,
    LevelChange,
    Member,
    Move,
    Plan,
    PlanArea,
    Referral,
    Response,
    Task,
)
from forestall.web.signals.pinned import Pinned
from forestall.web.work.models import Notice

PASSWORD = "a long and dull password"  # of demo accounts, which work on this machine alone
PARTNERS = ("policing-body", "council", "council", "council", "council", "council", "health", "housing", "voluntary")
#: Of whom each force has how many, the first of them with an account that signs in.
STAFF = {
    "officer": 40,
    "supervisor": 6,
    "analyst": 3,
    "hub": 2,
    "chief-officer": 1,
    "data-protection": 1,
    "administrator": 1,
}
#: The part of all plans that lies in the force whose store is served: more than its share of 43.
SERVED = 0.1
STATES = ("draft", "submitted", "active", "responding", "assessing", "closing", "closed", "closed", "closed", "withdrawn")
STANDINGS = ("asked", "accepted", "done", "done", "declined", "cancelled")
_WORDS = """lights gates benches patrol park school station shops cars bikes young people noise drinking fights night market
residents council wardens bus stop car park estate river bridge youth club fences cameras landlord tenants"""
WORDS = _WORDS.split()
AREAS = 6
PRACTICES = ("alley-gating", "cctv", "street-lighting", "hot-spot-policing")


@dataclass(frozen=True)
class Size:
    """How much there is of each. ``hung``: how many times what usually hangs on a plan hangs on each."""

    forces: int = 43
    plans: int = 20_000
    tasks: int = 300_000
    events: int = 5_000_000
    staff: float = 1.0
    notices: int = 60
    hung: int = 1

    def scaled(self, by: float) -> Size:
        return Size(
            max(2, round(self.forces * min(1.0, by * 10))), max(20, round(self.plans * by)),
            max(100, round(self.tasks * by)), max(200, round(self.events * by)), max(0.1, min(1.0, by * 10)),
        )  # fmt: skip


@dataclass
class Made:
    """Whom and what the journey goes to: usernames by role, and for each the keys of plans and tasks that are theirs."""

    people: dict[str, list[str]] = field(default_factory=dict)
    plans: dict[str, list[str]] = field(default_factory=dict)
    tasks: dict[str, list[str]] = field(default_factory=dict)


def put(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes rows of a model's fields, in the order of ``names``."""
    fields = [model._meta.get_field(n) for n in names]
    packed = [isinstance(f, models.JSONField) for f in fields]
    columns = ", ".join(connection.ops.quote_name(f.column) for f in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    lite = connection.vendor == "sqlite"

    def cell(value: Any, pack: bool) -> Any:
        if pack:
            return None if value is None else json.dumps(value)
        if lite and isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" ")
        return value.isoformat() if lite and isinstance(value, dt.date) else value

    ready = (tuple(cell(v, p) for v, p in zip(row, packed, strict=True)) for row in rows)
    with connection.cursor() as cursor:
        if lite:
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})", ready)
            return
        with cursor.cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in ready:
                copy.write_row(row)


def fill(size: Size, scan: Pinned | None, seed: int = 1) -> Made:
    """Fills an empty database that is migrated, and seals its log; returns who signs in and where they go."""
    maker = Maker(size, scan, random.Random(seed))
    with transaction.atomic():
        maker.people()
        maker.plans()
        maker.tasks()
        maker.notices()
        for statement in connection.ops.sequence_reset_sql(
            no_style(), [Plan, PlanArea, Answer, Hypothesis, Response, Task, Member, Move, Notice, User, Organisation]
        ):
            with connection.cursor() as cursor:
                cursor.execute(statement)
    with transaction.atomic():
        events(size.events)
    if not connection.in_atomic_block:
        sealing.seal_pending()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return maker.made


class Maker:
    """One filling. What is drawn is the same for a size and a seed."""

    def __init__(self, size: Size, scan: Pinned | None, rng: random.Random) -> None:
        self.size, self.scan, self.rng = size, scan, rng
        self.now = timezone.now()
        self.made = Made()
        self.forces: list[int] = []
        self.partners: dict[int, list[int]] = {}
        self.staff: dict[int, dict[str, list[int]]] = {}
        self.guests: dict[int, list[int]] = {}
        self.agreement: dict[int, int] = {}
        self.signs_in: dict[int, str] = {}
        #: force, owner, state, key and partners of each plan, by its number less one
        self.kept: list[tuple[int, int, str, str, tuple[int, ...]]] = []
        #: plans on which partners are today
        self.shared: set[int] = set()

    def text(self, n: int) -> str:
        return " ".join(self.rng.choices(WORDS, k=n))

    def ago(self, days: float) -> dt.datetime:
        return self.now - dt.timedelta(days=self.rng.random() * days)

    def key(self) -> str:
        return "".join(self.rng.choices(LETTERS, k=8))

    # People

    def people(self) -> None:
        password, day = make_password(PASSWORD), timezone.localdate()
        organisations, users, roles = [], [], []

        def organisation(slug: str, name: str, kind: str) -> int:
            organisations.append(Organisation(pk=len(organisations) + 1, slug=slug, name=name, kind=kind))
            return len(organisations)

        def user(name: str, role: str, at: int, demo: bool) -> int:
            pk = len(users) + 1
            users.append(
                User(pk=pk, username=name, name=name.replace("-", " ").title(), organisation_id=at, is_demo=demo,
                     password=password if demo else "!")
            )  # fmt: skip
            roles.append(HeldRole(user_id=pk, role=role))
            if demo:
                self.made.people.setdefault(role, []).append(name)
                self.signs_in[pk] = name
            return pk

        for f in range(self.size.forces):
            force = organisation(f"force-{f}", f"Force {f} Police", "force")
            self.forces.append(force)
            self.staff[force] = {}
            for role, n in STAFF.items():
                at = max(1, round(n * self.size.staff))
                self.staff[force][role] = [
                    user(f"{role}-{f}-{i}", role, force, f == 0 and i < (4 if role == "officer" else 2)) for i in range(at)
                ]
            self.partners[force] = []
            for i, kind in enumerate(PARTNERS):
                partner = organisation(f"{kind}-{f}-{i}", f"{kind.title()} {f}-{i}", kind)
                self.partners[force].append(partner)
                role = "commissioner" if kind == "policing-body" else "partner"
                self.guests[partner] = [
                    user(f"{role}-{f}-{i}-{j}", role, partner, f == 0 and i in (0, 1, 2) and not j) for j in range(3)
                ]
        Organisation.objects.bulk_create(organisations)
        User.objects.bulk_create(users, batch_size=500)
        HeldRole.objects.bulk_create(roles, batch_size=500)
        for force in self.forces:
            made = Agreement.objects.create(
                reference=f"ISP {force}", title="Community safety", kind="waspi-isp", purpose="Preventing crime",
                legal_basis="Section 115", starts=day - dt.timedelta(days=400), expires=day + dt.timedelta(days=400),
                review_on=day,
            )  # fmt: skip
            made.parties.set([force, *self.partners[force]])
            self.agreement[force] = made.pk

    # Plans

    def plans(self) -> None:
        served = max(10, round(self.size.plans * SERVED))
        areas = self.scan.areas if self.scan else ("W01000001",)
        rows, named, answers, hypotheses, responses, members, moves = [], [], [], [], [], [], []
        categories = sorted({s.category for s in self.scan.scan.signals}) if self.scan else []
        categories = categories or ["burglary", "vehicle-crime", "anti-social-behaviour", "shoplifting", "robbery"]
        drivers = [o.slug for o in catalogue.choices("drivers")]
        fields = (
            "id", "key", "title", "weight", "state", "marking", "caveats", "purpose", "organisation", "owner", "deputy",
            "supervisor", "owner_left_at", "level", "origin", "seed", "signal", "category", "about_people", "words",
            "made_by", "made_at", "changed_at", "state_since", "fixed_at", "urgent_at", "closed_at", "published_at",
            "joined_to", "quality",
        )  # fmt: skip
        for pk in range(1, self.size.plans + 1):
            force = self.forces[0] if pk <= served else self.rng.choice(self.forces)
            staff = self.staff[force]
            owner, boss = self.rng.choice(staff["officer"]), self.rng.choice(staff["supervisor"])
            if pk <= min(served, 2 * len(self.signs_in)):  # those who sign in have plans however small it all is
                owner = self.rng.choice([u for u in staff["officer"] if u in self.signs_in])
            state = STATES[0] if pk % 7 == 0 else self.rng.choice(STATES)
            weight, made = self.rng.choice(("quick", "standard", "standard", "full")), self.ago(1500)
            begun = state in ("responding", "assessing", "closing", "closed")
            closed = self.ago(300) if state in ("closed", "withdrawn") else None
            sensitive = pk % 20 == 0
            changed = closed or self.now - (self.now - made) * self.rng.random()
            partners = tuple(self.rng.sample(self.partners[force][1:], 2))
            key = self.key()
            self.kept.append((force, owner, state, key, partners))
            rows.append((
                pk, key, f"{self.text(4)} {pk}", weight, state, "OFFICIAL-SENSITIVE" if sensitive else "OFFICIAL", [],
                "prevent", force, owner, None, boss, None, 1, "signal", {"origin": "signal", "duplicates": []}, "",
                self.rng.choice(categories), False, "", owner, made, changed, changed, made if begun else None, None,
                closed, made if begun and not sensitive and pk % 10 == 1 else None, None,
                self.rng.randrange(100),
            ))  # fmt: skip
            codes = (
                set(self.rng.sample(areas, min(AREAS - 2, len(areas))))
                if force == self.forces[0]
                else {f"X{force}-{pk % 50}"}
            )
            hubs = (
                {self.scan.hub_of.get(c) for c in codes} - {None}
                if self.scan and force == self.forces[0]
                else {f"X{force}"}
            )
            named += [(pk, c, True) for c in codes] + [(pk, c, False) for c in hubs if c]
            for stage in catalogue.stages():
                for q in stage.asked(weight):
                    if not q.after or begun:
                        value = self.value(q)
                        often = q.kind == "long" and (pk % 4 == 0 or self.size.hung > 1)
                        last = 1 + self.size.hung if often else 1
                        answers += [
                            (pk, q.slug, r, r == last, value, None, q.shared, "", owner, made) for r in range(1, last + 1)
                        ]
            for _ in range(2 * self.size.hung):
                hypotheses.append((pk, self.text(10), "place", self.text(15), self.text(12), "", "medium", "", None, "open",
                                   1, owner, made))  # fmt: skip
            for i in range(3 * self.size.hung):
                responses.append((
                    pk, self.text(8), self.text(12), "place", "target-harden", {"national": "primary", "public-health":
                    self.rng.choice(("primary", "secondary"))}, self.rng.choice(drivers), 10, "visits", None, 250, "",
                    owner if not i else None, force if not i else partners[0], (made + dt.timedelta(days=200)).date(),
                    PRACTICES[pk % len(PRACTICES)] if i == 1 else "", i != 1, True,
                    "under-way" if begun else "planned", 1, owner, made,
                ))  # fmt: skip
            until = timezone.localdate() + dt.timedelta(days=self.rng.randrange(-60, 300))
            if until >= timezone.localdate():
                self.shared.add(pk)
            for partner in partners:
                members.append((pk, partner, None, "community-safety", "section-115", self.agreement[force], until, owner,
                                made, None))  # fmt: skip
            for i, step in enumerate(("submit", "agree", "respond")[: 3 if begun else 1]):
                moves.append((pk, step, "draft", "submitted", boss if step == "agree" else owner,
                              made + dt.timedelta(days=i), "", {}))  # fmt: skip
        put(Plan, fields, rows)
        put(PlanArea, ("plan", "code", "own"), named)
        put(Answer, ("plan", "question", "revision", "current", "value", "source", "shared", "reason", "by", "at"), answers)
        put(Hypothesis, ("plan", "text", "side", "supports", "contradicts", "test", "horizon", "rule", "source", "standing",
                         "revision", "by", "at"), hypotheses)  # fmt: skip
        put(Response, ("plan", "action", "mechanism", "side", "technique", "tiers", "driver", "dose", "dose_unit",
                       "delivered", "cost", "side_effect", "owner", "organisation", "due", "practice", "trial", "shared",
                       "standing", "revision", "by", "at"), responses)  # fmt: skip
        put(Member, ("plan", "organisation", "user", "purpose", "basis", "agreement", "until", "added_by", "added_at",
                     "ended_at"), members)  # fmt: skip
        put(Move, ("plan", "move", "source", "target", "by", "at", "reason", "detail"), moves)
        self.for_some()
        self.results()
        for pk, (force, owner, state, key, partners) in enumerate(self.kept, 1):
            if owner in self.signs_in and catalogue.states()[state].open:
                self.made.plans.setdefault(self.signs_in[owner], []).append(key)
            for partner in {*partners} if pk in self.shared else ():
                for guest in {*self.guests[partner]} & {*self.signs_in}:
                    self.made.plans.setdefault(self.signs_in[guest], []).append(key)
            if force == self.forces[0] and pk % 20:
                for role in ("supervisor", "analyst", "hub", "chief-officer"):
                    self.made.plans.setdefault(role, []).append(key)

    def value(self, q: catalogue.Question) -> Any:
        """An answer that fits a question."""
        if q.kind == "choice":
            return self.rng.choice(q.options).slug
        if q.kind == "choices":
            return [self.rng.choice(q.options).slug]
        plain = {"yes-no": "yes", "date": "2027-03-31", "number": 12, "percent": 20, "text": self.text(8)}
        return plain.get(q.kind) or self.text(25)

    def for_some(self) -> None:
        """Calls for help, offers, proposals, referrals and drafts on some plans."""
        some = [(pk, *row) for pk, row in enumerate(self.kept, 1) if pk % 5 == 1]
        boss = {f: self.staff[f]["supervisor"] for f in self.forces}
        HelpRequest.objects.bulk_create(
            [HelpRequest(plan_id=pk, text=self.text(20), by_id=owner, at=self.ago(100)) for pk, _, owner, *_ in some],
            batch_size=1000,
        )
        Handover.objects.bulk_create(
            [Handover(plan_id=pk, giver_id=owner, taker_id=boss[force][0], note=self.text(15),
                      accepted_at=None if pk % 50 == 1 else self.now) for pk, force, owner, *_ in some],
            batch_size=1000,
        )  # fmt: skip
        LevelChange.objects.bulk_create(
            [LevelChange(plan_id=pk, source=1, target=2, reason=self.text(9), by_id=owner) for pk, _, owner, *_ in some],
            batch_size=1000,
        )
        Referral.objects.bulk_create(
            [Referral(plan_id=pk, question=self.text(9), by_id=owner) for pk, _, owner, *_ in some], batch_size=1000
        )
        Draft.objects.bulk_create(
            [Draft(plan_id=pk, user_id=owner, question="why", value=self.text(9)) for pk, _, owner, *_ in some],
            batch_size=1000,
        )

    def results(self) -> None:
        """What closed plans found, in the library: each verdict, some judged by a peer, some with an evaluation."""
        verdicts = Verdict.values
        LocalResult.objects.bulk_create(
            [
                LocalResult(
                    plan_id=pk, practice=PRACTICES[pk % len(PRACTICES)] if i else "", verdict=verdicts[pk % len(verdicts)],
                    estimate=-12.0 if i else None, low=-20.0 if i else None, high=-4.0 if i else None, unit="records",
                    category=("burglary", "vehicle-crime", "shoplifting")[pk % 3], lessons=self.text(20), cost=250,
                    band="under-1000",
                    closed_at=self.now, evaluation="0" * 64 if i else "", review=("waiting", "accepted")[pk % 2],
                    lessons_open=pk % 2 == 1, filed_by_id=self.staff[force]["supervisor"][0],
                )
                for pk, (force, _, state, _, _) in enumerate(self.kept, 1) if state == "closed" for i in range(2)
            ],
            batch_size=500,
        )  # fmt: skip

    # Tasks and notices

    def tasks(self) -> None:
        put(
            Task,
            ("id", "key", "plan", "response", "asks", "title", "detail", "organisation", "owner", "due", "standing",
             "shared", "outcome", "asked_by", "asked_at", "answered_at", "done_at"),
            self._tasks(),
        )  # fmt: skip

    def _tasks(self) -> Iterator[tuple[Any, ...]]:
        today = timezone.localdate()
        for pk in range(1, self.size.tasks + 1):
            number = (pk - 1) % len(self.kept) + 1
            force, owner, state, _, partners = self.kept[number - 1]
            standing = self.rng.choice(STANDINGS)
            if state in ("closed", "withdrawn") and standing in ("asked", "accepted"):
                standing = "done"
            theirs = pk % 3 == 0
            organisation = self.rng.choice(partners) if theirs else force
            doer = (self.guests[organisation][0] if pk % 2 else None) if theirs else owner
            asked, key = self.ago(400), self.key()
            done = standing == "done"
            for who in {doer, *(self.guests[organisation][:1] if theirs else ())} & set(self.signs_in):
                if standing in ("asked", "accepted") and (not theirs or number in self.shared):
                    self.made.tasks.setdefault(self.signs_in[who], []).append(key)
            yield (
                pk, key, number, None, "find-out" if pk % 10 == 0 else "do", self.text(6), self.text(15), organisation,
                doer, today + dt.timedelta(days=self.rng.randrange(-40, 90)), standing, True, self.text(8) if done else "",
                owner, asked, asked if standing != "asked" else None, self.now if done else None,
            )  # fmt: skip

    def notices(self) -> None:
        words = msg("{task}: {standing}", task="Lights", standing=msg("done")).to_json()

        def rows() -> Iterator[tuple[Any, ...]]:
            for user in User.objects.values_list("pk", flat=True):
                for i in range(self.size.notices if user in self.signs_in else 5):
                    at = self.ago(80)
                    yield user, "task-answered", words, "/work/", "", f"made:{i}", at, at if i % 3 else None, None

        put(
            Notice,
            ("person", "kind", "message", "link", "reference", "key", "made_at", "read_at", "mailed_at"),
            list(rows()),
        )


def events(n: int) -> None:
    """A log of ``n`` acts on the plans that are there, by the people that are there, the newest of now."""
    table = Event._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {User._meta.db_table}")
        people = cursor.fetchone()[0]
        cursor.execute(f"SELECT count(*) FROM {Plan._meta.db_table}")
        plans = cursor.fetchone()[0]
        lite = connection.vendor == "sqlite"
        series = (
            f"WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {n})" if lite
            else f"WITH g AS (SELECT i FROM generate_series(1::bigint, {n}::bigint) AS s(i))"
        )  # fmt: skip
        at = (
            f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || (({n} - g.i) * 13) || ' seconds')" if lite
            else f"now() - ({n} - g.i) * interval '13 seconds'"
        )  # fmt: skip
        columns = {
            "at": at,
            "actor_id": "u.id",
            "actor_name": "u.username",
            "operation": "CASE g.i % 4 WHEN 0 THEN 'alteration' ELSE 'consultation' END",
            "act": "CASE g.i % 4 WHEN 0 THEN 'answer' WHEN 1 THEN 'see-plans' ELSE 'read-plan' END",
            "record": "'plan:' || p.key",
            "detail": '\'{"page": "overview"}\'' + ("" if lite else "::jsonb"),
            "address": "'127.0.0.1'",
        }
        for f in Event._meta.local_fields:  # what the log keeps beside these is left empty
            if not f.primary_key and f.column not in columns:
                columns[f.column] = "NULL" if f.null else "''"
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) {series} SELECT {', '.join(columns.values())} FROM g "
            f"JOIN {User._meta.db_table} u ON u.id = (g.i * 31) % {people} + 1 "
            f"JOIN {Plan._meta.db_table} p ON p.id = (g.i * 7919) % {plans} + 1"
        )
