"""What is known of a problem, from its profile or as somebody describes it."""

from __future__ import annotations

from collections.abc import Iterable

from forestall import catalogue
from forestall.catalogue import analysis, library, plans
from forestall.errors import ForestallError
from forestall.results import Profile
from forestall.results.suggestion import Problem

#: The share of the records from which a kind of place is one of the problem's.
SHARE = 0.2
_PREMISES = "premises_share:"


def of_profile(profile: Profile) -> Problem:
    """The problem of a profile: ideas by how they stand, the sides of those that fit, and the kinds of place that hold at
    least a fifth of the records."""
    by = {s: tuple(i.slug for i in profile.ideas if i.standing == s) for s in ("fits", "mixed", "against")}
    known = {o.slug for o in library.words("places")}
    shares = {
        name.removeprefix(_PREMISES): value for name, value in profile.indicators.items() if name.startswith(_PREMISES)
    }
    return Problem(
        category=profile.subject.category,
        ideas=by["fits"],
        mixed=by["mixed"],
        against=by["against"],
        sides=tuple(dict.fromkeys(i.side for i in profile.ideas if i.standing == "fits")),
        places=tuple(sorted(p for p, share in shares.items() if p in known and share is not None and share >= SHARE)),
    )


def described(
    *,
    category: str = "",
    ideas: Iterable[str] = (),
    against: Iterable[str] = (),
    sides: Iterable[str] = (),
    places: Iterable[str] = (),
    drivers: Iterable[str] = (),
    mechanisms: Iterable[str] = (),
) -> Problem:
    """A problem in slugs of the catalogue. :class:`ForestallError` names one that the catalogue lacks, and those it has."""
    hypotheses = {r.slug for r in analysis.hypotheses()}
    if category:
        _known("category", (category,), set(catalogue.categories()))
    return Problem(
        category,
        _known("idea", ideas, hypotheses),
        (),
        _known("idea", against, hypotheses),
        _known("side", sides, set(analysis.SIDES)),
        _known("kind of place", places, {o.slug for o in library.words("places")}),
        _known("driver", drivers, {o.slug for o in plans.choices("drivers")}),
        _known("mechanism", mechanisms, {o.slug for o in library.words("mechanisms")}),
    )


def _known(what: str, given: Iterable[str], known: set[str]) -> tuple[str, ...]:
    out = tuple(dict.fromkeys(given))
    for slug in out:
        if slug not in known:
            raise ForestallError(f"there is no {what} {slug!r} in the catalogue; choose among {', '.join(sorted(known))}")
    return out
