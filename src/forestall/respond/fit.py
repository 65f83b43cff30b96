"""How a practice fits a problem: a sum of reasons, each with its points and its sentence."""

from __future__ import annotations

from collections.abc import Iterator

from forestall import catalogue
from forestall.catalogue import analysis, library, plans
from forestall.catalogue.practices import Practice
from forestall.results.suggestion import FitReason, Problem
from forestall.text import Message, msg

#: Points of each reason. They are settled by judgement, not fitted to anything: change them and the order changes.
POINTS = {
    "category": 3, "any-category": 1, "other-category": -2, "idea": 2, "mixed-idea": 1, "against-idea": -2, "place": 2,
    "other-place": -1, "side": 1, "driver": 1, "mechanism": 1,
}  # fmt: skip


def reasons(practice: Practice, problem: Problem) -> tuple[FitReason, ...]:
    """What speaks for and against a practice, strongest first; () where nothing is known of either."""
    found = [FitReason(POINTS[name], words) for name, words in _reasons(practice, problem)]
    return tuple(sorted(found, key=lambda r: -r.points))


def _reasons(practice: Practice, problem: Problem) -> Iterator[tuple[str, Message]]:
    if problem.category:
        title = catalogue.category(problem.category).title
        if not practice.categories:
            yield "any-category", msg("It is meant for problems of any category.")
        elif problem.category in practice.categories:
            yield "category", msg("It is meant for {category:low}.", category=title)
        else:
            meant = [catalogue.category(c).title for c in practice.categories]
            yield "other-category", msg("It is meant for another category: {meant:list}.", meant=meant)
    for name, slugs, words in (
        ("idea", problem.ideas, msg("It answers an idea that fits: {idea:low}.")),
        ("mixed-idea", problem.mixed, msg("It answers an idea for and against which something speaks: {idea:low}.")),
        ("against-idea", problem.against, msg("It answers an idea against which the evidence speaks: {idea:low}.")),
    ):
        for slug in practice.ideas:
            if slug in slugs:
                yield name, Message(words.id, {"idea": _idea(slug)})
    if practice.places and problem.places:
        both = [library.title("places", p) for p in practice.places if p in problem.places]
        if both:
            yield "place", msg("It is for this kind of place: {places:list}.", places=both)
        else:
            places = [library.title("places", p) for p in practice.places]
            yield "other-place", msg("It is for another kind of place: {places:list}.", places=places)
    if practice.side and practice.side in problem.sides:
        title = next(o.title for o in plans.choices("sides") if o.slug == practice.side)
        yield "side", msg("It works on the side of the triangle on which the ideas lie: {side:low}.", side=title)
    for driver in plans.choices("drivers"):
        if driver.slug in practice.drivers and driver.slug in problem.drivers:
            yield "driver", msg("It works on a driver of the problem: {driver:low}.", driver=driver.title)
    for mechanism in library.words("mechanisms"):
        if mechanism.slug in practice.mechanisms and mechanism.slug in problem.mechanisms:
            yield "mechanism", msg("It works in a way that is asked for: {mechanism:low}.", mechanism=mechanism.title)


def _idea(slug: str) -> Message:
    return next(r.title for r in analysis.hypotheses() if r.slug == slug)


def aside(practice: Practice, problem: Problem, fit: int) -> Message | None:
    """Why a practice is set aside; None where it is suggested."""
    if practice.direction == "increase":
        return msg("Reviews say that it can make things worse.")
    if practice.direction == "none":
        return msg("Reviews found no reduction.")
    if problem.category and problem.category in practice.not_for:
        return msg("No effect was seen for {category:low}.", category=catalogue.category(problem.category).title)
    if fit < 1:
        return msg("Nothing that is known of this problem speaks for it, or more speaks against it.")
    return None
