"""Designs and evaluations worked out on the records in force. What is read of an outcome is kept for as long as the records
stand: a proposal asks for it again and again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
import math
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from forestall import catalogue
from forestall.assess.cost_benefit import CostLine, CrimeEffect, cost_benefit
from forestall.assess.evaluate import evaluate
from forestall.assess.panel import Panel, build
from forestall.assess.propose import outcome_of, propose
from forestall.catalogue import analysis
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.records.store import Store
from forestall.results import Asked, Design, Evaluation, Fidelity
from forestall.results.design import Outcome
from forestall.text import Message, msg
from forestall.web.assessing.models import PlanDesign, PlanEvaluation
from forestall.web.plans.models import Plan, PlanArea, Response
from forestall.web.plans.rules import RefusedError
from forestall.web.signals.pinned import Pinned

#: Months looked at after the start, and before it, where the plan says nothing.
MONTHS, BEFORE, MOST = 6, 24, 36
AFTER = msg("Months after the start must be a whole number from {least:count} to {most:count}")
EARLIER = msg("Months before the start must be a whole number from {least:count} to {most:count}")
_turn = threading.Lock()


@functools.lru_cache(maxsize=4)
def _panel(key: str, force: str, outcome: Outcome) -> Panel:  # noqa: ARG001 - the key tells states of the store apart
    records, places = ground()
    return build(records, places, outcome=outcome, force=force or None)


def ground() -> tuple[Records, Places | None]:
    """The records in force and their places."""
    store = Path(settings.STORE)
    kept = Store.open(store)
    try:
        places: Places | None = Places.open(store)
    except ForestallError:
        places = None
    return kept.records(), places


def snapshot() -> str:
    """The snapshot in force; '' where there is none."""
    return Store.open(Path(settings.STORE)).current or ""


def panel(held: Pinned, outcome: Outcome) -> Panel:
    with _turn:
        return _panel(held.key, held.force, outcome)


@dataclasses.dataclass(frozen=True)
class Form:
    """What the room asks for, as its form holds it."""

    category: str
    kind: str
    starts: str
    months: str
    before: str
    hoped: str


def filled(plan: Plan, held: Pinned) -> Form:
    """The form as the plan fills it."""
    said = {a.question: a.value for a in plan.answers.filter(current=True)}
    starts = timezone.localdate(plan.fixed_at or plan.urgent_at or timezone.now()).strftime("%Y-%m")
    if plan.fixed_at is None and plan.urgent_at is None:
        starts = mm.shift(max(starts, held.until[:7]), 1)
    months = MONTHS
    if end := str(said.get("target-date") or ""):
        months = min(max(_apart(starts, end[:7]), 1), MOST)
    hoped = said.get("target")
    return Form(
        category=plan.category,
        kind="harm" if said.get("outcome") == "harm" else "count",
        starts=starts,
        months=str(months),
        before=str(BEFORE),
        hoped="" if hoped in (None, "") else f"{hoped:g}",
    )


def _apart(since: str, until: str) -> int:
    return 12 * (int(until[:4]) - int(since[:4])) + int(until[5:7]) - int(since[5:7])


def asked(plan: Plan, held: Pinned, form: Form) -> Asked:
    """What the form asks; :class:`RefusedError` says what of it makes no sense."""
    areas = tuple(PlanArea.objects.filter(plan=plan, own=True).order_by("pk").values_list("code", flat=True))
    if not areas:
        raise RefusedError(msg("The plan names no area: a test needs to know where the response is"))
    numbers: dict[str, int] = {}
    for name, least, most, says in (("months", 1, MOST, AFTER), ("before", 6, 120, EARLIER)):
        text = getattr(form, name).strip()
        if not text.isdecimal() or not least <= int(text) <= most:
            raise RefusedError(dataclasses.replace(says, params={"least": least, "most": most}))
        numbers[name] = int(text)
    hoped = form.hoped.strip().rstrip("%")
    try:
        fall = float(hoped) / 100 if hoped else None
    except ValueError:
        raise RefusedError(msg("The fall hoped for is a number of per cent, such as 20")) from None
    if fall is not None and not 0 < fall <= 1:
        raise RefusedError(msg("The fall hoped for lies between 1 and 100 per cent"))
    return Asked(
        treated=areas, outcome=outcome_of([form.category] if form.category else [], form.kind), starts=form.starts.strip(),
        months=numbers["months"], before=numbers["before"], force=held.force or None, hoped=fall, title=plan.title,
        plan=plan.key, signal=plan.signal,
    )  # fmt: skip


def proposed(
    plan: Plan, held: Pinned, form: Form, *, method: str = "", comparison: Sequence[str] = (), reason: str = ""
) -> Design:
    """A design for a plan; :class:`ForestallError` where none can be made of what is asked."""
    wanted = asked(plan, held, form)
    try:
        mm.check(wanted.starts, "the response's first month")
    except ForestallError:
        raise RefusedError(
            msg("The month in which the response begins is written as a year and a month: 2027-03")
        ) from None
    records, places = ground()
    return propose(
        records, places, wanted, method=method or None, comparison=comparison, reason=reason,
        panel=panel(held, wanted.outcome), today=timezone.localdate(),
    )  # fmt: skip


def evaluated(plan: Plan, design: PlanDesign, held: Pinned, earlier: PlanEvaluation | None) -> Evaluation:
    """A locked design on the records in force, with what the plan says of dose, harm, equality and money."""
    responses = list(plan.responses.exclude(standing=Response.Standing.STOPPED))
    said = {a.question: a.value for a in plan.answers.filter(current=True)}
    records, places = ground()
    before = earlier.made if earlier is not None and earlier.design_id == design.pk else None
    made = evaluate(
        records, places, design.made, fidelity=fidelity(responses),
        harms="\n".join(t for t in (str(said.get("side-effects") or ""), *(r.side_effect for r in responses)) if t),
        equality="\n".join(str(said[q]) for q in ("equality-who", "equality-how") if said.get(q)),
        earlier=before, panel=panel(held, design.made.asked.outcome), today=timezone.localdate(),
    )  # fmt: skip
    if design.reason:
        made = dataclasses.replace(
            made, deviations=(*made.deviations, msg("a design locked before was replaced: {reason}", reason=design.reason))
        )
    worth = money(made, responses)
    return made if worth is None else dataclasses.replace(made, economics=worth)


def fidelity(responses: Sequence[Response]) -> Fidelity:
    """Planned and delivered: of the one response that says both in its own unit, else the mean share of those that do."""
    both = [r for r in responses if r.dose is not None and r.dose > 0 and r.delivered is not None]
    if not both:
        return Fidelity()
    if len(both) == 1:
        only = both[0]
        return Fidelity(planned=float(only.dose or 0), delivered=float(only.delivered or 0), unit=only.dose_unit)
    shares = [min(1.0, float((r.delivered or Decimal(0)) / (r.dose or Decimal(1)))) for r in both]
    return Fidelity(planned=100.0, delivered=100.0 * sum(shares) / len(shares), unit="%")


def money(made: Evaluation, responses: Sequence[Response]) -> dict[str, Any] | None:
    """What it cost against what it avoided; None where no response says its cost, where the outcome is not one kind of
    crime with one unit cost, or where there is no effect with an interval."""
    effect, outcome = made.effect(), made.design.asked.outcome
    costs = [r for r in responses if r.cost is not None]
    units = [u for c in outcome.categories for u in analysis.costs().of_category(c)]
    if not costs or len(outcome.categories) != 1 or len(units) != 1 or outcome.kind == "harm" or made.interim:
        return None
    if effect is None or not effect.tested or not math.isfinite(effect.prevented):
        return None
    year = financial_year(made.design.asked.starts)
    lines = [
        CostLine(title=r.action[:80], amount=r.cost or Decimal(0), price_base=year,
                 payer="police" if r.organisation_id == r.plan.organisation_id else "partner")
        for r in costs
    ]  # fmt: skip
    low, high = effect.prevented_interval
    change = CrimeEffect(kind=units[0].slug, change=-effect.prevented, interval=(-high, -low))
    try:
        return cost_benefit([change], lines, price_base=year).to_json()
    except ForestallError:  # a year without a deflator, a unit cost that is not there: no sum is better than a wrong one
        return None


def financial_year(month: str) -> str:
    year = int(month[:4]) - (int(month[5:7]) < 4)
    return f"{year}/{(year + 1) % 100:02d}"


def content_hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def late(design: Design, on: dt.date) -> int:
    """Days after the response's first month began."""
    return max(0, (on - dt.date.fromisoformat(f"{design.asked.starts}-01")).days)


def categories() -> list[tuple[str, Message]]:
    return [(c.slug, c.title) for c in catalogue.categories().values()]
