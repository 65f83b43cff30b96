"""What the library suggests, with what plans here found, for a category, a signal or a plan."""

from __future__ import annotations

from collections.abc import Iterable

from forestall import respond
from forestall.catalogue import analysis
from forestall.results import Profile, Signal
from forestall.results.suggestion import Problem, Suggestion
from forestall.web.library import selectors
from forestall.web.people.models import User
from forestall.web.plans.models import Hypothesis, Plan, Response
from forestall.web.signals import profiles
from forestall.web.signals.pinned import Pinned


def of(user: User, problem: Problem) -> Suggestion:
    """For a problem: two queries."""
    return respond.suggest(problem, local=selectors.told(user), trials=selectors.trial_counts(user))


def of_signal(held: Pinned, s: Signal, *, full: bool) -> Problem:
    """What its profile knows of a signal's problem; its category alone where it has none."""
    made = profiles.of(held, s, full=full)
    return respond.of_profile(made) if isinstance(made, Profile) else Problem(s.category)


def of_plan(plan: Plan, hypotheses: Iterable[Hypothesis], responses: Iterable[Response]) -> Problem:
    """What a plan's analysis knows: ideas that were kept fit, those not decided on are open, dropped ones speak against;
    those that people wrote themselves count by their side."""
    known = {r.slug for r in analysis.hypotheses()}
    by: dict[str, list[str]] = {"kept": [], "open": [], "dropped": []}
    sides = []
    for h in hypotheses:
        if h.rule in known:
            by[h.standing].append(h.rule)
        if h.standing != Hypothesis.Standing.DROPPED and h.side in analysis.SIDES:
            sides.append(h.side)
    drivers = [r.driver for r in responses if r.driver]
    return Problem(
        plan.category, tuple(dict.fromkeys(by["kept"])), tuple(dict.fromkeys(by["open"])),
        tuple(dict.fromkeys(by["dropped"])),
        tuple(dict.fromkeys(sides)), (), tuple(dict.fromkeys(drivers)),
    )  # fmt: skip
