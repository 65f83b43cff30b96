"""How good a plan is, by the published rubric: which criteria it meets, which not, and what would raise it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from forestall.catalogue import plans as catalogue
from forestall.stats import rate_ratio
from forestall.web.plans import gates
from forestall.web.plans.gates import Sheet
from forestall.web.plans.models import Plan, Response, Task

#: True: met. False: not. None: it does not apply to this plan, or not yet.
Look = Callable[[Sheet], bool | None]
LOOKS: dict[str, Look] = {}
POLICE_SAYERS = {"officers", "records"}
#: Techniques that are gone when officers are.
PATROL = {"formal-surveillance"}
BEFORE_RESPONSE = ("draft", "submitted", "active")


@dataclass(frozen=True)
class Judged:
    criterion: catalogue.Criterion
    met: bool | None


@dataclass(frozen=True)
class Quality:
    """``judged``: every criterion, in the rubric's order."""

    judged: tuple[Judged, ...]

    def of(self, stage: str) -> tuple[int, int]:
        """Met and applicable criteria of a stage."""
        own = [j for j in self.judged if j.criterion.stage == stage and j.met is not None]
        return sum(bool(j.met) for j in own), len(own)

    @property
    def met(self) -> int:
        return sum(j.met is True for j in self.judged)

    @property
    def applies(self) -> int:
        return sum(j.met is not None for j in self.judged)

    @property
    def percent(self) -> int | None:
        """Share met, 0 to 100; None where nothing applies yet."""
        return round(100 * self.met / self.applies) if self.applies else None

    def raises(self, stage: str = "") -> list[catalogue.Criterion]:
        """What would raise it, in the rubric's order."""
        return [j.criterion for j in self.judged if j.met is False and stage in ("", j.criterion.stage)]


def judge(sheet: Sheet) -> Quality:
    """A plan by every criterion of the rubric."""
    return Quality(tuple(Judged(c, LOOKS[c.check](sheet)) for c in catalogue.rubric().criteria))


def keep(pk: int) -> None:
    """Works out a plan's quality and keeps it beside the plan, for lists."""
    plan = Plan.objects.filter(pk=pk).first()
    if plan is not None:
        found = judge(Sheet(plan)).percent
        if found != plan.quality:
            Plan.objects.filter(pk=pk).update(quality=found)


def look(function: Look) -> Look:
    LOOKS[function.__name__] = function
    return function


def _said(sheet: Sheet, *slugs: str) -> bool:
    return all(sheet.value(s) not in (None, "", []) for s in slugs)


def _begun(sheet: Sheet) -> bool:
    return sheet.plan.state not in BEFORE_RESPONSE


def _live(sheet: Sheet) -> list[Response]:
    return [r for r in sheet.responses if r.standing != Response.Standing.STOPPED]


@look
def outcome_measured(sheet: Sheet) -> bool | None:
    return _said(sheet, "measure", "baseline")


@look
def target_dated(sheet: Sheet) -> bool | None:
    return _said(sheet, "target", "target-date")


@look
def target_visible(sheet: Sheet) -> bool | None:
    """Whether half a year at the target would lie outside of what chance makes of half a year at the baseline."""
    monthly, fall = sheet.value("baseline"), sheet.value("target")
    if (
        sheet.value("measure") not in ("recorded", "calls")
        or not isinstance(monthly, int | float)
        or not monthly
        or not fall
    ):
        return None
    before = max(1, round(6 * monthly))
    after = math.floor(before * (1 - float(fall) / 100))
    return rate_ratio(after, before, 1.0, 1.0).interval[1] < 1


@look
def cheers_complete(sheet: Sheet) -> bool | None:
    return not gates.cheers(sheet)


@look
def said_by_others(sheet: Sheet) -> bool | None:
    return bool(set(sheet.value("who-says") or ()) - POLICE_SAYERS)


@look
def rests_on_records(sheet: Sheet) -> bool | None:
    seed = sheet.plan.seed
    return bool(seed.get("signal") or seed.get("occurrences") or seed.get("observed"))


@look
def ideas_compared(sheet: Sheet) -> bool | None:
    return None if sheet.plan.weight == "quick" else len(sheet.hypotheses) >= 2


@look
def ideas_doubted(sheet: Sheet) -> bool | None:
    if sheet.plan.weight == "quick":
        return None
    kept = [h for h in sheet.hypotheses if h.standing != "dropped"]
    return bool(kept) and all(h.supports.strip() and h.contradicts.strip() for h in kept)


@look
def triangle_whole(sheet: Sheet) -> bool | None:
    if sheet.plan.weight == "quick":
        return _said(sheet, "place-manager")
    return _said(sheet, "place-manager", "guardian", "handler")


@look
def gaps_asked(sheet: Sheet) -> bool | None:
    return None if sheet.plan.weight == "quick" else any(t.asks == Task.Asks.FIND_OUT for t in sheet.tasks)


@look
def response_follows(sheet: Sheet) -> bool | None:
    live = _live(sheet)
    if not live or sheet.plan.weight == "quick":
        return None
    sides = {h.side for h in sheet.hypotheses if h.standing != "dropped" and h.side}
    return bool(sides) and all(r.side in sides for r in live)


@look
def mechanism_said(sheet: Sheet) -> bool | None:
    live = _live(sheet)
    return all(r.mechanism.strip() for r in live) if live else None


@look
def evidence_cited(sheet: Sheet) -> bool | None:
    live = _live(sheet)
    return all(r.practice or r.trial for r in live) if live else None


@look
def more_than_patrol(sheet: Sheet) -> bool | None:
    live = _live(sheet)
    return any(r.technique and r.technique not in PATROL for r in live) if live else None


@look
def shared_work(sheet: Sheet) -> bool | None:
    live = _live(sheet)
    own = sheet.plan.organisation_id
    others = [r for r in live if r.organisation_id not in (None, own)] + [
        t for t in sheet.tasks if t.organisation_id != own
    ]
    return bool(others) if live else None


@look
def dose_planned(sheet: Sheet) -> bool | None:
    live = _live(sheet)
    owned = all((r.owner_id or r.organisation_id) and r.due for r in live)
    return owned and all(r.dose is not None for r in live) if live else None


@look
def equality_known(sheet: Sheet) -> bool | None:
    return not gates.equality(sheet)


@look
def outcome_first(sheet: Sheet) -> bool | None:
    plan = sheet.plan
    if not _begun(sheet):
        return True if _said(sheet, "outcome", "outcome-date") else None
    return plan.fixed_at is not None and not plan.design_late()


@look
def fairly_compared(sheet: Sheet) -> bool | None:
    return None if sheet.plan.weight == "quick" else _said(sheet, "comparison")


@look
def delivery_known(sheet: Sheet) -> bool | None:
    return _said(sheet, "delivered") if sheet.plan.state in ("assessing", "closing", "closed") else None


@look
def verdict_given(sheet: Sheet) -> bool | None:
    return _said(sheet, "verdict") if sheet.plan.state in ("closing", "closed") else None


@look
def lessons_kept(sheet: Sheet) -> bool | None:
    kept = _said(sheet, "lessons", "maintenance", "next-review")
    return kept if sheet.plan.state in ("closing", "closed") else None
