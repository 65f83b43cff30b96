"""Ranking the practices of the library for a problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from forestall import catalogue
from forestall.catalogue import library
from forestall.catalogue import practices as shelf
from forestall.catalogue.practices import Practice
from forestall.respond import fit as fitting
from forestall.respond.problem import of_profile
from forestall.results import Check, Profile
from forestall.results.suggestion import VERDICTS, Line, LocalResult, Problem, Suggestion
from forestall.text import Message, msg


def suggest(
    problem: Profile | Problem,
    *,
    local: Iterable[LocalResult] | None = None,
    trials: Mapping[str, int] | None = None,
    practices: Iterable[Practice] | None = None,
) -> Suggestion:
    """Every practice of the library, those that fit the problem ranked by fit, the others set aside with the reason.

    ``local``: what plans here found; None where nobody looked. ``trials``: practice -> plans here that are trying it.
    ``practices``: others than the catalogue's. Raises ``ValueError`` for a verdict that is none.
    """
    asked = of_profile(problem) if isinstance(problem, Profile) else problem
    found = None if local is None else list(local)
    for r in found or ():
        if r.verdict not in VERDICTS:
            raise ValueError(f"{r.verdict!r} is no verdict; choose one of {', '.join(VERDICTS)}")
    known = tuple(shelf.practices() if practices is None else practices)
    by: dict[str, list[LocalResult]] = {p.slug: [] for p in known}
    for r in found or ():
        by.setdefault(r.practice, []).append(r)
    lines = [_line(p, asked, None if found is None else by[p.slug], (trials or {}).get(p.slug, 0)) for p in known]
    fit = sorted((x for x in lines if x.aside is None), key=lambda x: (-x.fit, x.practice))
    rest = sorted((x for x in lines if x.aside is not None), key=lambda x: (-x.fit, x.practice))
    return Suggestion(
        parameters={
            "problem": {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(asked).items()},
            "points": dict(fitting.POINTS),
        },
        checks=_checks(asked, known, found),
        problem=asked,
        category=catalogue.category(asked.category).title if asked.category else msg("category not known"),
        lines=tuple(dataclasses.replace(x, rank=i) for i, x in enumerate(fit, 1)),
        set_aside=tuple(rest),
    )


def _line(p: Practice, problem: Problem, local: list[LocalResult] | None, trials: int) -> Line:
    why = fitting.reasons(p, problem)
    fit = sum(r.points for r in why)
    own = local or []
    spent = [r.cost for r in own if r.cost is not None]
    direction = library.title("directions", p.direction)
    return Line(
        practice=p.slug,
        title=p.title,
        rank=None,
        fit=fit,
        reasons=why,
        direction=p.direction,
        effect=direction if isinstance(direction, Message) else Message(direction),
        says=p.emmie["effect"].says,
        quality=p.emmie["effect"].quality,
        cost=p.cost,
        verified=p.verified,
        verify=p.verify,
        local=None if local is None else {v: n for v in VERDICTS if (n := sum(r.verdict == v for r in own))},
        spent=(min(spent), max(spent)) if spent else (),
        trials=trials,
        aside=fitting.aside(p, problem, fit),
    )


def _checks(problem: Problem, practices: tuple[Practice, ...], local: list[LocalResult] | None) -> tuple[Check, ...]:
    verified = sum(p.verified for p in practices)
    return (
        Check(
            "ideas",
            bool(problem.ideas or problem.mixed),
            msg("Ideas that the analysis supports are known.")
            if problem.ideas or problem.mixed
            else msg("No idea of the analysis is known, so that practices are matched by category and context alone."),
        ),
        Check(
            "places",
            bool(problem.places),
            msg("The kinds of place are known.") if problem.places else msg("The kinds of place are not known."),
        ),
        Check(
            "evidence",
            verified == len(practices),
            msg("{n:count} of {m:count} entries of the library are verified.", n=verified, m=len(practices)),
        ),
        Check(
            "local",
            bool(local),
            msg("Results from here are known.") if local else msg("No result from here is known."),
        ),
    )
