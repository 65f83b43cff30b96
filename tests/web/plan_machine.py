"""What people of every role may try with plans, in any order, and what must hold after each try.

Every rule is an action as a page or a program takes it, by anybody who can sign in, allowed or not. What is refused must
change nothing; what is done must stand in the log. Who may see what is worked out here a second time, from the rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from forestall.catalogue import plans as catalogue
from forestall.web.assessing import actions as assessing
from forestall.web.assessing.models import PlanDesign, PlanEvaluation, Ruling
from forestall.web.audit.models import Event
from forestall.web.audit.trail import Trail
from forestall.web.people import people_actions as door
from forestall.web.people.models import Agreement, HeldRole, Organisation, User
from forestall.web.people.permissions import Permission
from forestall.web.plans import (
    actions,
    gates,
    oversight_actions,
    people_actions,
    response_actions,
    selectors,
    task_actions,
    values,
)
from forestall.web.plans.models import (
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
from forestall.web.plans.revision import RevisionError
from forestall.web.plans.rules import ConflictError, RefusedError
from forestall.web.plans.saving import UnansweredError
from forestall.web.plans.seed import from_signal
from forestall.web.plans.values import InvalidAnswer
from forestall.web.signals.pinned import pinned

#: An action's way of saying no.
REFUSALS = (PermissionDenied, Http404, RefusedError, InvalidAnswer, ConflictError, UnansweredError, RevisionError)
TABLES = (
    Plan, PlanArea, Answer, Draft, Hypothesis, Response, Task, Member, Move, Handover, LevelChange, HelpRequest, Referral,
    PlanDesign, PlanEvaluation, Ruling,
)  # fmt: skip
SIGNALS = ("0000000001", "0000000003", "0000000006")
HERE, ELSEWHERE = "W06000001", "W06000002"
#: Account -> role, organisation and area.
PEOPLE = {
    "owner": ("officer", "force", ""),
    "colleague": ("officer", "force", ""),
    "local": ("officer", "force", HERE),
    "far": ("officer", "force", ELSEWHERE),
    "boss": ("supervisor", "force", ""),
    "local-boss": ("supervisor", "force", HERE),
    "chief": ("chief-officer", "force", ""),
    "analyst": ("analyst", "force", ""),
    "hub": ("hub", "force", ""),
    "council": ("partner", "council", ""),
    "council-2": ("partner", "council", ""),
    "health": ("partner", "health", ""),
    "commissioner": ("commissioner", "body", ""),
    "registrar": ("registrar", "force", ""),
    "dpo": ("data-protection", "force", ""),
    "administrator": ("administrator", "force", ""),
    "nobody": ("", "force", ""),
    "stranger": ("chief-officer", "other", ""),
}
ACTORS = st.sampled_from(sorted(PEOPLE))
TEXT = st.sampled_from(["", "none", "Young people who meet there, as residents told us", "<b>Tŷ</b> \x00 🚓", "x" * 300])
PLANS = Bundle("plans")


class PlanMachine(RuleBasedStateMachine):
    """One workplace, from empty, in a transaction that is undone at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        day = timezone.localdate()
        kinds = {"force": "force", "other": "force", "council": "council", "health": "health", "body": "policing-body"}
        self.organisations = {s: Organisation.objects.create(slug=s, name=s.title(), kind=k) for s, k in kinds.items()}
        for name, (role, at, area) in PEOPLE.items():
            user = User.objects.create(username=name, organisation=self.organisations[at])
            if role:
                HeldRole.objects.create(user=user, role=role, area=area)
        self.agreements = {}
        for name, days in (("council", 90), ("health", 90), ("over", -1)):
            made = Agreement.objects.create(
                reference=name, title=name, kind="waspi-isp", purpose="p", legal_basis="b",
                starts=day - dt.timedelta(days=400), expires=day + dt.timedelta(days=days), review_on=day,
            )  # fmt: skip
            made.parties.set([self.organisations["force"], self.organisations["health" if name == "health" else "council"]])
            self.agreements[name] = made

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    # How something is tried

    def user(self, name: str) -> User:
        return User.objects.select_related("organisation").get(username=name)

    def rows(self) -> dict[str, list[Any]]:
        return {m.__name__: list(m.objects.order_by("pk").values()) for m in TABLES}

    def attempt(self, actor: str, act: Callable[..., Any], **arguments: Any) -> Any:
        """Takes an action; None where it was refused, and then nothing is changed and nothing logged."""
        user = self.user(actor)
        if not user.is_active:
            return None
        before, logged = self.rows(), Event.objects.count()
        try:
            done = act(**arguments, trail=Trail(user))
        except REFUSALS:
            assert self.rows() == before, f"{act.__name__} was refused and changed something"
            assert Event.objects.count() == logged, f"{act.__name__} was refused and logged"
            return None
        written = Event.objects.order_by("pk")[logged:]
        if self.rows() != before and act is not actions.keep_draft:
            assert any(e.actor_id == user.pk for e in written), f"{act.__name__} changed something and logged nothing"
        return done or True

    # Beginning and answering

    @initialize(target=PLANS)
    def first(self) -> str:
        return self._begin("owner", SIGNALS[0], "standard")

    @rule(target=PLANS, actor=ACTORS, signal=st.sampled_from(SIGNALS), weight=st.sampled_from(catalogue.WEIGHTS))
    def start(self, actor: str, signal: str, weight: str) -> str:
        return self._begin(actor, signal, weight) or Plan.objects.order_by("pk").first().key

    def _begin(self, actor: str, signal: str, weight: str) -> str:
        held = pinned()
        s = next(s for s in held.scan.signals if s.id == signal)
        made = self.attempt(
            actor, actions.start_plan, seed=from_signal(held, s), scan=held, weight=weight, language="en", duplicates=()
        )
        return made.key if made else ""

    @rule(
        key=PLANS, actor=ACTORS, question=st.sampled_from(sorted(catalogue.questions())), text=TEXT,
        number=st.sampled_from(["12", "250", "2027-03-31", "yes", "no", ""]), late=st.booleans(), reason=TEXT,
        shared=st.sampled_from([None, True, False]),
    )  # fmt: skip
    def answer(self, key, actor, question, text, number, late, reason, shared) -> None:
        q = catalogue.questions()[question]
        raw = [text] if q.kind in ("text", "long") else [q.options[0].slug] if q.options else [number]
        stands = Answer.objects.filter(plan__key=key, question=question, current=True).first()
        base = 0 if late or stands is None else stands.revision
        self.attempt(actor, actions.answer, key=key, question=question, raw=raw, base=base, reason=reason, shared=shared)

    @rule(key=PLANS, actor=ACTORS, text=TEXT)
    def draft(self, key, actor, text) -> None:
        self.attempt(actor, actions.keep_draft, key=key, question="why", raw=[text], base=0)

    # Moving on

    @rule(key=PLANS, actor=ACTORS, move=st.sampled_from(sorted(catalogue.moves())), reason=TEXT, other=PLANS)
    def move(self, key, actor, move, reason, other) -> None:
        self._move(key, actor, move, reason=reason, other=other)

    def _move(self, key: str, actor: str, move: str, **more: Any) -> Any:
        before = Plan.objects.get(key=key)
        said = {"local_to_global": "Fewer burglaries", "global_to_local": "Money for locks"}
        done = self.attempt(actor, actions.move, key=key, move=move, detail=said, **more)
        if done:
            user, step = self.user(actor), catalogue.moves()[move]
            assert before.state in step.sources
            if step.who == "authority":
                assert user.pk not in (before.owner_id, before.deputy_id), f"{actor} agreed to a plan of their own"
                assert user.may(Permission.AGREE_PLANS)
        return done

    @rule(key=PLANS, steps=st.integers(1, 7))
    def go_on(self, key, steps) -> None:
        """Those who may do all that the plan's next steps take, and take them: or no sequence would come to its end."""
        for _ in range(steps):
            self._go_on(key)

    def _go_on(self, key: str) -> None:
        plan = Plan.objects.select_related("owner").get(key=key)
        ahead = [m for m in catalogue.moves().values() if plan.state in m.sources and not m.reason]
        unsettled = plan.urgent_at is not None and plan.fixed_at is None
        step = next((m for m in ahead if m.slug != "settle" or unsettled), None)
        if step is None:
            return
        owner, boss = plan.owner.username, "chief" if plan.owner.username == "boss" else "boss"
        given = {"date": "2027-06-30", "number": "12", "percent": "20", "yes-no": "yes"}
        sheet = gates.Sheet(plan)
        for q in catalogue.questions().values():
            after = q.slug in gates.needed_after(q.stage, plan.weight)
            if (plan.weight in q.needed or after) and (
                values.is_empty(sheet.value(q.slug)) or q.slug.startswith("equality")
            ):
                text = q.options[0].slug if q.options else given.get(q.kind, "Young people who meet there, they told us so")
                stands = sheet.answers.get(q.slug)
                self.attempt(
                    owner, actions.answer, key=key, question=q.slug, raw=[text], base=stands.revision if stands else 0,
                    reason="It was wrong",
                )  # fmt: skip
        if not sheet.hypotheses:
            Hypothesis.objects.create(plan=plan, text="Nobody watches the car park", by=plan.owner)
        if not sheet.responses:
            self._respond(key, owner, "force")
        for task in plan.tasks.filter(standing__in=("asked", "accepted")):
            self.attempt(owner, task_actions.cancel_task, key=task.key)
        if step.slug == "close":
            self._rule(key, boss, "Too few are recorded here for any test")
        self._move(key, boss if step.who == "authority" else owner, step.slug)

    @rule(key=PLANS, actor=ACTORS, reason=TEXT)
    def not_evaluable(self, key, actor, reason) -> None:
        self._rule(key, actor, reason)

    def _rule(self, key: str, actor: str, reason: str) -> None:
        plan, user = Plan.objects.get(key=key), self.user(actor)
        if self.attempt(actor, assessing.rule_not_evaluable, key=key, reason=reason):
            assert user.may(Permission.AGREE_PLANS)
            assert user.pk not in (plan.owner_id, plan.deputy_id), f"{actor} ruled on a plan of their own"
            assert plan.open

    # Who is on it

    @rule(
        key=PLANS, actor=ACTORS, to=st.sampled_from(["council", "health", "other", "force"]),
        under=st.sampled_from(["council", "health", "over", ""]), days=st.sampled_from([-1, 0, 30, 200]),
        alone=st.booleans(),
    )  # fmt: skip
    def share(self, key, actor, to, under, days, alone) -> None:
        person = User.objects.filter(organisation=self.organisations[to]).order_by("pk").first() if alone else None
        self.attempt(
            actor, people_actions.share_plan, key=key, organisation=self.organisations[to], purpose="prevent",
            basis="section-115", agreement=self.agreements.get(under), until=timezone.localdate() + dt.timedelta(days=days),
            user=person,
        )  # fmt: skip

    @rule(key=PLANS, actor=ACTORS, who=ACTORS)
    def name(self, key, actor, who) -> None:
        self.attempt(actor, people_actions.add_colleague, key=key, user=self.user(who))

    @rule(key=PLANS, actor=ACTORS)
    def unshare(self, key, actor) -> None:
        member = Member.objects.filter(plan__key=key).order_by("-pk").first()
        if member:
            self.attempt(actor, people_actions.end_membership, key=key, member=member.pk)

    @rule(under=st.sampled_from(["council", "health"]))
    def an_agreement_is_withdrawn(self, under) -> None:
        Agreement.objects.filter(reference=under).update(withdrawn_on=timezone.localdate())
        self.agreements[under].refresh_from_db()

    @rule(key=PLANS, actor=ACTORS, to=ACTORS, note=TEXT)
    def offer(self, key, actor, to, note) -> None:
        self.attempt(actor, people_actions.offer_handover, key=key, taker=self.user(to), note=note)

    @rule(actor=ACTORS, accept=st.booleans(), why=TEXT)
    def take(self, actor, accept, why) -> None:
        offered = Handover.objects.filter(accepted_at=None, declined_at=None).order_by("-pk").first()
        if offered:
            taker = offered.taker.username if accept else actor
            self.attempt(taker, people_actions.answer_handover, handover=offered.pk, accept=accept, answer=why)

    @rule(key=PLANS, actor=ACTORS, to=ACTORS, why=TEXT)
    def assign(self, key, actor, to, why) -> None:
        self.attempt(actor, people_actions.assign_owner, key=key, owner=self.user(to), reason=why)

    @rule(key=PLANS, actor=ACTORS, deputy=ACTORS, supervisor=ACTORS)
    def helpers(self, key, actor, deputy, supervisor) -> None:
        self.attempt(
            actor, people_actions.name_helpers, key=key, deputy=self.user(deputy), supervisor=self.user(supervisor)
        )

    @rule(who=st.sampled_from(["owner", "colleague", "local", "analyst", "council-2"]))
    def leave(self, who) -> None:
        person = self.user(who)
        if person.is_active:
            HeldRole.objects.filter(user__username="administrator").update(organisation=None)
            self.attempt("administrator", door.close_account, person=person)

    # What it is

    @rule(
        key=PLANS, actor=ACTORS, marking=st.sampled_from(["OFFICIAL", "OFFICIAL-SENSITIVE", "SECRET"]),
        caveats=st.sampled_from([(), ("personal",)]), people=st.booleans(),
    )  # fmt: skip
    def mark(self, key, actor, marking, caveats, people) -> None:
        self.attempt(actor, people_actions.mark_plan, key=key, marking=marking, caveats=caveats, about_people=people)

    @rule(key=PLANS, actor=ACTORS, weight=st.sampled_from([*catalogue.WEIGHTS, "light"]))
    def weigh(self, key, actor, weight) -> None:
        self.attempt(actor, people_actions.weigh_plan, key=key, weight=weight)

    @rule(key=PLANS, actor=ACTORS, level=st.integers(0, 4), why=TEXT, adopt=st.booleans())
    def level(self, key, actor, level, why, adopt) -> None:
        self.attempt(actor, people_actions.propose_level, key=key, level=level, reason=why)
        self.attempt("boss", people_actions.answer_level, key=key, adopt=adopt, answer=why)

    @rule(key=PLANS, actor=ACTORS, decider=ACTORS, allowed=st.booleans(), text=TEXT)
    def ethics(self, key, actor, decider, allowed, text) -> None:
        self.attempt(actor, people_actions.refer_to_ethics, key=key, question=text)
        asked = Referral.objects.filter(plan__key=key, allowed=None).first()
        if asked:
            self.attempt(decider, people_actions.decide_ethics, key=key, referral=asked.pk, allowed=allowed, decision=text)

    @rule(key=PLANS, actor=ACTORS, back=st.booleans())
    def publish(self, key, actor, back) -> None:
        act = oversight_actions.withdraw_publication if back else oversight_actions.publish_plan
        self.attempt(actor, act, key=key)

    # Responses and tasks

    @rule(key=PLANS, actor=ACTORS, to=st.sampled_from(["force", "council", "health", "other"]))
    def respond(self, key, actor, to) -> None:
        self._respond(key, actor, to)

    def _respond(self, key: str, actor: str, to: str) -> None:
        sent = {
            "action": "Lights", "mechanism": "Seen, they leave", "organisation": str(self.organisations[to].pk),
            "trial": "yes", "shared": "yes", "due": (timezone.localdate() + dt.timedelta(days=60)).isoformat(),
        }  # fmt: skip
        self.attempt(actor, response_actions.keep_response, key=key, number=None, base=0, was={}, sent=sent)

    @rule(key=PLANS, actor=ACTORS)
    def stop(self, key, actor) -> None:
        row = Response.objects.filter(plan__key=key).first()
        if row:
            self.attempt(actor, response_actions.stop_response, key=key, number=row.pk)

    @rule(
        key=PLANS, actor=ACTORS, to=st.sampled_from(["force", "council", "health", "other"]), who=ACTORS,
        named=st.booleans(), title=TEXT, days=st.sampled_from([-1, 10]), shared=st.booleans(),
        asks=st.sampled_from(["do", "find-out"]),
    )  # fmt: skip
    def ask(self, key, actor, to, who, named, title, days, shared, asks) -> None:
        self.attempt(
            actor, task_actions.ask_task, key=key, title=title, organisation=self.organisations[to],
            owner=self.user(who) if named else None, due=timezone.localdate() + dt.timedelta(days=days), shared=shared,
            asks=asks,
        )  # fmt: skip

    @rule(
        actor=ACTORS, act=st.sampled_from(["accept", "decline", "finish", "give", "cancel"]), which=st.integers(0, 20),
        text=TEXT, to=ACTORS,
    )  # fmt: skip
    def work(self, actor, act, which, text, to) -> None:
        tasks = list(Task.objects.order_by("pk"))
        if not tasks:
            return
        key = tasks[which % len(tasks)].key
        more = {"decline": {"reason": text}, "finish": {"outcome": text}, "give": {"owner": self.user(to)}}.get(act, {})
        self.attempt(actor, getattr(task_actions, f"{act}_task"), key=key, **more)

    @rule(key=PLANS, actor=ACTORS)
    def read(self, key, actor) -> None:
        user = self.user(actor)
        see = actions.read_plan if user.may(Permission.SEE_PLANS) else actions.read_shared_plan
        read = self.attempt(actor, see, key=key, page="overview")
        if read:
            assert self.sees(user, Plan.objects.get(key=key)), f"{actor} read a plan that is not for them"

    # What must hold

    def sees(self, user: User, plan: Plan) -> bool:
        """Need to know, from the rows."""
        today = timezone.localdate()

        def lawful(m: Member) -> bool:
            a = m.agreement
            in_force = (
                a is not None and a.starts <= today <= a.expires and (a.withdrawn_on is None or a.withdrawn_on > today)
            )
            return in_force or plan.organisation_id == user.organisation_id

        on_it = any(
            m.organisation_id == user.organisation_id and m.user_id in (None, user.pk) and m.until >= today and lawful(m)
            for m in plan.members.all()
            if m.ended_at is None
        )
        if not user.may(Permission.SEE_PLANS):
            return on_it and user.may(Permission.SEE_SHARED_PLANS)

        def holds(permission: Permission) -> bool:
            if not user.may(permission) or plan.organisation_id not in user.organisations(permission):
                return False
            areas, codes = user.areas(permission), {a.code for a in plan.areas.all()}
            return areas is None or not codes or bool(codes & areas)

        team = user.pk in (plan.owner_id, plan.deputy_id, plan.supervisor_id)
        ordinary = plan.marking == "OFFICIAL" and holds(Permission.SEE_PLANS)
        return on_it or team or ordinary or holds(Permission.AGREE_PLANS)

    @invariant()
    def nobody_sees_what_is_not_for_them(self) -> None:
        plans = list(Plan.objects.prefetch_related("areas", "members__agreement"))
        for user in User.objects.select_related("organisation").prefetch_related("roles__unit", "roles__organisation"):
            name = user.username
            allowed = {p.pk for p in plans if self.sees(user, p)}
            assert set(selectors.visible(user).values_list("pk", flat=True)) == allowed, name
            for task in selectors.tasks(user):
                assert task.plan_id in allowed, name
                assert task.shared or task.plan.organisation_id in user.organisations(Permission.SEE_PLANS), name
        outside = self.user("stranger").organisation_id
        assert not Member.objects.filter(organisation=outside, agreement=None).exists()

    @invariant()
    def ownership_never_lapses(self) -> None:
        for plan in Plan.objects.select_related("owner"):
            assert plan.owner.organisation_id == plan.organisation_id
            assert plan.owner.is_active or plan.owner_left_at or not plan.open, f"nobody knows that {plan.key} is ownerless"

    @invariant()
    def one_answer_is_current(self) -> None:
        found: dict[tuple[int, str], list[Answer]] = {}
        for a in Answer.objects.order_by("revision"):
            found.setdefault((a.plan_id, a.question), []).append(a)
        for answers in found.values():
            assert [a.revision for a in answers] == list(range(1, len(answers) + 1))
            assert [a.current for a in answers] == [False] * (len(answers) - 1) + [True]

    @invariant()
    def what_is_settled_changes_only_with_a_reason(self) -> None:
        before: dict[tuple[int, str], Any] = {}
        for a in Answer.objects.select_related("plan").order_by("revision"):
            at = (a.plan_id, a.question)
            fixed = catalogue.questions()[a.question].fixed and a.plan.fixed_at and a.at > a.plan.fixed_at
            if fixed and at in before and before[at] != a.value:
                assert a.reason, (a.plan.key, a.question)
            before[at] = a.value

    @invariant()
    def a_closed_plan_has_an_assessment_and_another_s_authority(self) -> None:
        for plan in Plan.objects.filter(state="closed"):
            sheet = gates.Sheet(plan)
            for question in ("delivered", "found", "verdict", "lessons", "maintenance", "next-review"):
                assert not values.is_empty(sheet.value(question)), question
            step = plan.moves.filter(move="close").select_related("by").last()
            assert step is not None
            assert plan.fixed_at
            assert plan.closed_at
            assert not any(t.open for t in sheet.tasks)
            ruled = plan.rulings.filter(choice="not-evaluable").exclude(reason="").exists()
            assert ruled or plan.weight == "quick", f"{plan.key} closed without a test and without a word why"

    @invariant()
    def moves_are_a_legal_path(self) -> None:
        for plan in Plan.objects.all():
            state = "draft"
            for m in plan.moves.all():
                step = catalogue.moves()[m.move]
                assert m.source == state
                assert state in step.sources
                assert m.target == step.target
                assert m.reason or not step.reason
                state = m.target
            assert plan.state == state
            assert (plan.closed_at is None) is plan.open

    @invariant()
    def nothing_sensitive_is_published(self) -> None:
        for plan in selectors.published():
            assert plan.marking == "OFFICIAL"
            assert not plan.about_people
            assert plan.fixed_at or plan.urgent_at

    @invariant()
    def every_change_is_in_the_log(self) -> None:
        logged = Counter(Event.objects.values_list("act", flat=True))
        assert logged["start-plan"] == Plan.objects.count()
        assert logged["move-plan"] == Move.objects.count()
        assert logged["share-plan"] + logged["add-colleague"] == Member.objects.count()
        assert logged["rule-not-evaluable"] == Ruling.objects.count()
        assert logged["ask-task"] == Task.objects.count()
        assert logged["answer"] == Answer.objects.filter(source__isnull=True).count()
        assert logged["offer-handover"] + logged["assign-owner"] == Handover.objects.count()
