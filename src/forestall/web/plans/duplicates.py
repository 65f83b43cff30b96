"""Whether there is a plan for a problem already: by place, category, people and words, open and closed."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from forestall.text import Message, msg, msg_n
from forestall.web.people.models import User
from forestall.web.plans import selectors
from forestall.web.plans.models import Occurrence, Plan, PlanArea
from forestall.web.plans.seed import Seed

#: Closed plans are looked at as far back, so that what was tried is known; as many candidates are weighed, and shown.
YEARS, MOST, SHOWN = 5, 400, 5
#: What each thing in common weighs; from ``ENOUGH`` on a plan is shown.
SIGNAL, OCCURRENCE, PLACE, CATEGORY, WORDS, ENOUGH = 1.0, 0.6, 0.5, 0.25, 0.4, 0.5
#: Words that tell nothing apart, in both languages.
_COMMON = """the and for with from that this near around people about have been they are was not anti social behaviour crime
police yn yr ar gan gyda heddlu trosedd pobl mae wedi"""
COMMON = frozenset(_COMMON.split())


@dataclass(frozen=True)
class Likeness:
    """A plan that may be about the same problem, and why."""

    plan: Plan
    score: float
    reasons: tuple[Message, ...]


def words_of(text: str) -> frozenset[str]:
    """The words of a text that tell it apart, without accents or case."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return frozenset(w for w in re.findall(r"[a-z0-9]{3,}", plain) if w not in COMMON)


def alike(user: User, seed: Seed, title: str = "", except_for: Plan | None = None) -> list[Likeness]:
    """The plans that this person may see and that may be about the same problem, likeliest first. People are compared by
    the occurrences that both rest on and by the signal about one person: the workplace knows no names."""
    since = timezone.now() - dt.timedelta(days=365 * YEARS)
    seen = selectors.visible(user).filter(Q(closed_at=None) | Q(closed_at__gt=since)).exclude(state="withdrawn")
    if except_for is not None:
        seen = seen.exclude(pk=except_for.pk)
    spoken = words_of(f"{title} {seed.words} {seed.title('en')}")
    near = PlanArea.objects.filter(code__in=seed.areas, own=True).values("plan")
    refs = Occurrence.objects.filter(ref__in=seed.occurrences).values("plan")
    possible = Q(pk__in=near) | Q(pk__in=refs)
    if seed.signal:
        possible |= Q(signal=seed.signal) | Q(triaged__signal=seed.signal, triaged__current=True)
    if seed.category:
        possible |= Q(category=seed.category)
    if seed.words:
        for word in sorted(spoken, key=len, reverse=True)[:6]:
            possible |= Q(title__icontains=word)
    plans = list(seen.filter(possible).distinct().select_related("owner", "organisation")[:MOST])
    keys = [p.pk for p in plans]
    own = _sets(PlanArea.objects.filter(plan__in=keys, own=True).values_list("plan", "code"))
    cited = _sets(Occurrence.objects.filter(plan__in=keys).values_list("plan", "ref"))
    found = [_likeness(p, seed, own[p.pk], cited[p.pk], spoken) for p in plans]
    return sorted((f for f in found if f.score >= ENOUGH), key=lambda f: (-f.score, -f.plan.pk))[:SHOWN]


def _likeness(plan: Plan, seed: Seed, areas: set[str], refs: set[str], spoken: frozenset[str]) -> Likeness:
    score, reasons = 0.0, []
    if seed.signal and (plan.signal == seed.signal or plan.seed.get("signal") == seed.signal):
        score += SIGNAL
        reasons.append(msg("it began with the same problem of the scan"))
    shared = refs & set(seed.occurrences)
    if shared:
        score += OCCURRENCE
        reasons.append(msg_n("{n:count} occurrence in common", "{n:count} occurrences in common", n=len(shared)))
    common = areas & set(seed.areas)
    if common:
        score += PLACE * len(common) / min(len(areas), len(seed.areas))
        reasons.append(msg_n("{n:count} area in common", "{n:count} areas in common", n=len(common)))
    elif areas and seed.areas:
        score -= PLACE / 2
    elif not areas and not seed.areas:
        score += PLACE / 2
    if seed.category and plan.category == seed.category:
        score += CATEGORY
        reasons.append(msg("the same category"))
    theirs = words_of(f"{plan.title} {plan.words}")
    both = spoken & theirs
    if both and spoken:
        alone = 1 if seed.areas else 2  # where no place is named, words are all there is
        score += alone * WORDS * len(both) / min(len(spoken), len(theirs))
        reasons.append(msg("words in common: {words:list}", words=sorted(both)[:4]))
    return Likeness(plan, score, tuple(reasons))


def _sets(pairs: Iterable[tuple[int, str]]) -> defaultdict[int, set[str]]:
    out: defaultdict[int, set[str]] = defaultdict(set)
    for key, value in pairs:
        out[key].add(value)
    return out
