"""Who is on a plan and who owns it: partners and colleagues, hand-over, levels, marking, ethics, help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors, telling
from forestall.web.plans.models import Handover, HelpRequest, LevelChange, Marking, Member, Plan, Referral, Weight
from forestall.web.plans.rules import RefusedError, held, touch, words


@action(Permission.SHARE_PLANS)
def share_plan(
    *, key: str, organisation: Organisation, purpose: str, basis: str, agreement: Agreement | None, until: dt.date | None,
    trail: Trail, user: User | None = None,
) -> Member:  # fmt: skip
    """Brings an organisation, or one person of it, to a plan: only with a purpose, a legal basis, an agreement in force to
    which both are parties, and an end."""
    plan = held(key, trail)
    today = timezone.localdate()
    wrong = []
    if organisation.pk == plan.organisation_id:
        raise RefusedError(msg("Add a colleague by name: your own organisation is on the plan already"))
    if purpose not in {o.slug for o in catalogue.choices("purposes")}:
        wrong.append(msg("Choose the purpose"))
    if basis not in {o.slug for o in catalogue.choices("bases")}:
        wrong.append(msg("Choose the legal basis"))
    parties = set(agreement.parties.values_list("pk", flat=True)) if agreement is not None else set()
    if agreement is None or not agreement.is_in_force(today):
        wrong.append(msg("Choose a sharing agreement that is in force"))
    elif not {organisation.pk, plan.organisation_id} <= parties:
        wrong.append(
            msg("{agreement} is not between you and {name}", agreement=agreement.reference, name=organisation.title)
        )
    if until is None or until < today:
        wrong.append(msg("Choose until when: a day that is still to come"))
    elif agreement is not None and until > agreement.expires:
        wrong.append(msg("The agreement ends on {day:day}: choose a day before", day=agreement.expires.isoformat()))
    if user is not None and user.organisation_id != organisation.pk:
        wrong.append(msg("{person} does not belong to {name}", person=str(user), name=organisation.title))
    if wrong:
        raise RefusedError(*wrong)
    member = Member.objects.create(
        plan=plan, organisation=organisation, user=user, purpose=purpose, basis=basis, agreement=agreement, until=until,
        added_by=trail.actor,
    )  # fmt: skip
    touch(plan)
    detail = {"organisation": organisation.slug, "agreement": agreement.reference, "purpose": purpose, "basis": basis}
    whom = organisation.name if user is None else f"{user.username}, {organisation.name}"
    trail.record(Operation.DISCLOSURE, "share-plan", plan.record, detail, to=whom)
    return member


@action(Permission.SHARE_PLANS)
def add_colleague(*, key: str, user: User, trail: Trail) -> Member:
    """Names a colleague of the plan's own organisation on it, who may then work on it."""
    plan = held(key, trail)
    if user.organisation_id != plan.organisation_id or not user.is_active:
        raise RefusedError(msg("{person} does not belong to {name}", person=str(user), name=plan.organisation.title))
    there = Member.objects.filter(plan=plan, user=user, ended_at=None).first()
    if there is not None:
        return there
    member = Member.objects.create(
        plan=plan, organisation=plan.organisation, user=user, purpose=plan.purpose, basis="part-3", agreement=None,
        until=timezone.localdate() + dt.timedelta(days=365), added_by=trail.actor,
    )  # fmt: skip
    touch(plan)
    trail.record(Operation.ALTERATION, "add-colleague", plan.record, {"person": user.pk})
    return member


@action(Permission.SHARE_PLANS)
def end_membership(*, key: str, member: int, trail: Trail) -> None:
    """Takes an organisation or a colleague off a plan, at once."""
    plan = held(key, trail)
    found = Member.objects.select_for_update().filter(plan=plan, pk=member, ended_at=None).first()
    if found is None:
        raise RefusedError(msg("They are not on this plan any more"))
    found.ended_at = timezone.now()
    found.save(update_fields=["ended_at"])
    touch(plan)
    trail.record(Operation.ALTERATION, "end-membership", plan.record, {"organisation": found.organisation.slug})


@action(Permission.WORK_ON_PLANS)
def offer_handover(*, key: str, taker: User, note: str, trail: Trail) -> Handover:
    """Offers a plan to a colleague with a note; it stays with its owner until they accept."""
    plan = held(key, trail)
    note = words(note, 5000)
    if not note:
        raise RefusedError(msg("Write what they must know to take it over"))
    if taker.organisation_id != plan.organisation_id or not taker.is_active or not taker.may(Permission.WORK_ON_PLANS):
        raise RefusedError(msg("{person} can't own a plan of {name}", person=str(taker), name=plan.organisation.title))
    if taker.pk == plan.owner_id:
        raise RefusedError(msg("{person} owns this plan already", person=str(taker)))
    Handover.objects.filter(plan=plan, accepted_at=None, declined_at=None).update(
        declined_at=timezone.now(), answer="another offer was made"
    )
    made = Handover.objects.create(plan=plan, giver=trail.actor, taker=taker, note=note)
    touch(plan)
    trail.record(Operation.ALTERATION, "offer-handover", plan.record, {"to": taker.pk})
    telling.handover_offered(made, trail)
    return made


@action(Permission.WORK_ON_PLANS)
def answer_handover(*, handover: int, accept: bool, trail: Trail, answer: str = "") -> Handover:
    """Accepts or declines a plan that was offered to the person."""
    h = Handover.objects.select_for_update().filter(pk=handover, taker=trail.actor).select_related("plan", "giver").first()
    if h is None or h.accepted_at or h.declined_at:
        raise RefusedError(msg("This offer does not wait for your answer any more"))
    now = timezone.now()
    plan = Plan.objects.select_for_update().get(pk=h.plan_id)
    if accept:
        h.accepted_at = now
        plan.owner, plan.owner_left_at = trail.actor, None
        if plan.deputy_id == trail.actor.pk:
            plan.deputy = None
        touch(plan, "owner", "owner_left_at", "deputy")
    else:
        h.declined_at, h.answer = now, words(answer, 500)
        if not h.answer:
            raise RefusedError(msg("Say why you decline"))
    h.save()
    trail.record(Operation.ALTERATION, "answer-handover", plan.record, {"accepted": accept})
    telling.handover_answered(h, trail)
    return h


@action(Permission.AGREE_PLANS)
def assign_owner(*, key: str, owner: User, reason: str, trail: Trail) -> Plan:
    """Gives a plan whose owner has left, or does not act, a new owner; by authority, with a reason."""
    plan = held(key, trail)
    reason = words(reason, 1000)
    if not selectors.has_authority(trail.actor, plan):
        raise PermissionDenied
    if not reason:
        raise RefusedError(msg("Say why"))
    if owner.organisation_id != plan.organisation_id or not owner.is_active or not owner.may(Permission.WORK_ON_PLANS):
        raise RefusedError(msg("{person} can't own a plan of {name}", person=str(owner), name=plan.organisation.title))
    now = timezone.now()
    made = Handover.objects.create(plan=plan, giver=trail.actor, taker=owner, note=reason, accepted_at=now)
    plan.owner, plan.owner_left_at = owner, None
    touch(plan, "owner", "owner_left_at")
    trail.record(Operation.ALTERATION, "assign-owner", plan.record, {"to": owner.pk})
    telling.handover_offered(made, trail)
    return plan


@action(Permission.WORK_ON_PLANS)
def name_helpers(*, key: str, deputy: User | None, supervisor: User | None, trail: Trail) -> Plan:
    """Names the deputy and the supervisor of a plan."""
    plan = held(key, trail)
    for person in (deputy, supervisor):
        if person is not None and (person.organisation_id != plan.organisation_id or person.pk == plan.owner_id):
            raise RefusedError(msg("{person} can't be deputy or supervisor of this plan", person=str(person)))
    plan.deputy, plan.supervisor = deputy, supervisor
    touch(plan, "deputy", "supervisor")
    trail.record(Operation.ALTERATION, "name-helpers", plan.record)
    return plan


@action(Permission.WORK_ON_PLANS)
def propose_level(*, key: str, level: int, reason: str, trail: Trail) -> LevelChange:
    """Asks that a problem be handled at another level."""
    plan = held(key, trail)
    reason = words(reason, 2000)
    if level not in (1, 2, 3) or level == plan.level:
        raise RefusedError(msg("Choose another level"))
    if not reason:
        raise RefusedError(msg("Say why"))
    if LevelChange.objects.filter(plan=plan, adopted=None).exists():
        raise RefusedError(msg("A change of level waits for an answer already"))
    made = LevelChange.objects.create(plan=plan, source=plan.level, target=level, reason=reason, by=trail.actor)
    touch(plan)
    trail.record(Operation.ALTERATION, "propose-level", plan.record, {"level": level})
    return made


@action(Permission.AGREE_PLANS)
def answer_level(*, key: str, adopt: bool, answer: str, trail: Trail) -> Plan:
    """Adopts a problem at the level proposed, or declines to."""
    plan = held(key, trail)
    change = LevelChange.objects.select_for_update().filter(plan=plan, adopted=None).first()
    if change is None:
        raise RefusedError(msg("No change of level waits for an answer"))
    if change.by_id == trail.actor.pk or not selectors.has_authority(trail.actor, plan):
        raise PermissionDenied
    answer = words(answer, 500)
    if not adopt and not answer:
        raise RefusedError(msg("Say why"))
    change.adopted, change.answer, change.answered_by, change.answered_at = adopt, answer, trail.actor, timezone.now()
    change.save()
    if adopt:
        plan.level = change.target
    touch(plan, "level")
    trail.record(Operation.ALTERATION, "answer-level", plan.record, {"adopted": adopt, "level": plan.level})
    return plan


@action(Permission.WORK_ON_PLANS)
def mark_plan(*, key: str, marking: str, caveats: Sequence[str], about_people: bool, trail: Trail) -> Plan:
    """Sets the protective marking; nothing higher than OFFICIAL-SENSITIVE is accepted, and caveats belong to that alone."""
    plan = held(key, trail)
    if marking not in Marking.values:
        raise RefusedError(msg("The workplace takes OFFICIAL and OFFICIAL-SENSITIVE alone: keep what is higher elsewhere"))
    known = {o.slug for o in catalogue.choices("caveats")}
    caveats = [c for c in dict.fromkeys(caveats) if c in known]
    if caveats and marking == Marking.OFFICIAL:
        raise RefusedError(msg("A caveat belongs to OFFICIAL-SENSITIVE"))
    plan.marking, plan.caveats, plan.about_people = marking, caveats, about_people
    was_public, public = plan.published_at is not None, marking == Marking.OFFICIAL and not about_people
    plan.published_at = plan.published_at if public else None
    touch(plan, "marking", "caveats", "about_people", "published_at")
    trail.record(Operation.ALTERATION, "mark-plan", plan.record, {"marking": marking})
    if was_public and not public:  # what could not be published now does not stay so
        trail.record(Operation.ALTERATION, "withdraw-publication", plan.record)
    return plan


@action(Permission.WORK_ON_PLANS)
def weigh_plan(*, key: str, weight: str, trail: Trail) -> Plan:
    """Makes a plan quick, standard or full; answers that it is then not asked for stay."""
    plan = held(key, trail)
    if weight not in Weight.values:
        raise RefusedError(msg("Choose quick, standard or full"))
    plan.weight = weight
    touch(plan, "weight")
    trail.record(Operation.ALTERATION, "weigh-plan", plan.record, {"weight": weight})
    return plan


@action(Permission.WORK_ON_PLANS)
def refer_to_ethics(*, key: str, question: str, trail: Trail) -> Referral:
    """Asks the force's ethics body about a plan."""
    plan = held(key, trail)
    question = words(question, 5000)
    if not question:
        raise RefusedError(msg("Say what the ethics body should decide"))
    made = Referral.objects.create(plan=plan, question=question, by=trail.actor)
    touch(plan)
    trail.record(Operation.ALTERATION, "refer-to-ethics", plan.record)
    return made


@action(Permission.DECIDE_ETHICS)
def decide_ethics(*, key: str, referral: int, allowed: bool, decision: str, trail: Trail) -> Referral:
    """Records what the ethics body decided."""
    plan = selectors.one(trail.actor, key)
    found = Referral.objects.select_for_update().filter(plan=plan, pk=referral, allowed=None).first()
    if found is None:
        raise RefusedError(msg("This referral does not wait for a decision any more"))
    decision = words(decision, 5000)
    if not decision:
        raise RefusedError(msg("Write down what was decided and why"))
    found.allowed, found.decision, found.decided_by, found.decided_at = allowed, decision, trail.actor, timezone.now()
    found.save()
    touch(plan)
    trail.record(Operation.ALTERATION, "decide-ethics", plan.record, {"allowed": allowed})
    return found


@action(Permission.WORK_ON_PLANS)
def ask_for_help(*, key: str, kind: str, stage: str, text: str, trail: Trail) -> HelpRequest:
    """Puts a question, or the wish for a peer's review, in the queue of the problem-solving hub."""
    plan = held(key, trail)
    text = words(text, 5000)
    if kind not in HelpRequest.Kind.values:
        raise RefusedError(msg("Choose advice or a review"))
    if not text:
        raise RefusedError(msg("Say what you would like to know"))
    stage = stage if stage in {s.slug for s in catalogue.stages()} else ""
    made = HelpRequest.objects.create(plan=plan, kind=kind, stage=stage, text=text, by=trail.actor)
    touch(plan)
    trail.record(Operation.ALTERATION, "ask-for-help", plan.record, {"kind": kind})
    return made


@action(Permission.ANSWER_HELP)
def take_help(*, request: int, trail: Trail) -> HelpRequest:
    """Takes a call for help from the queue."""
    found = _help(request, trail)
    if found.taken_by_id not in (None, trail.actor.pk):
        raise RefusedError(msg("{person} has taken it already", person=str(found.taken_by)))
    if found.by_id == trail.actor.pk:
        raise RefusedError(msg("It is your own call: a colleague answers it"))
    found.taken_by, found.taken_at = trail.actor, found.taken_at or timezone.now()
    found.save(update_fields=["taken_by", "taken_at"])
    trail.record(Operation.ALTERATION, "take-help", found.plan.record, {"request": found.pk})
    return found


@action(Permission.ANSWER_HELP)
def answer_help(*, request: int, answer: str, trail: Trail) -> HelpRequest:
    """Answers a call for help that the person has taken."""
    found = _help(request, trail)
    if found.taken_by_id != trail.actor.pk:
        raise RefusedError(msg("Take it first"))
    answer = words(answer, 10_000)
    if not answer:
        raise RefusedError(msg("Write your answer"))
    found.answer, found.answered_at = answer, timezone.now()
    found.save(update_fields=["answer", "answered_at"])
    trail.record(Operation.ALTERATION, "answer-help", found.plan.record, {"request": found.pk})
    telling.help_answered(found, trail)
    return found


def _help(request: int, trail: Trail) -> HelpRequest:
    found = selectors.help_queue(trail.actor).select_for_update(of=("self",)).filter(pk=request, answered_at=None).first()
    if found is None:
        raise RefusedError(msg("This call does not wait for an answer any more"))
    return found
