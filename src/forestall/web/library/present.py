"""What the pages of the library show, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forestall import catalogue
from forestall.catalogue import library
from forestall.catalogue import plans as choices
from forestall.catalogue.practices import Practice, practice, practices
from forestall.results import Column, Table
from forestall.results.suggestion import VERDICTS, here_words, tested
from forestall.text import Message, msg, msg_n
from forestall.web.library.selectors import Local, Trial
from forestall.web.library.wanted import Wanted

REVIEW = {
    "waiting": msg("waits for a peer"),
    "accepted": msg("accepted by a peer"),
    "asked-back": msg("a peer asked back"),
}
DECISION = {"accepted": msg("accepted it"), "asked-back": msg("asked back"), "mended": msg("put it right")}
METHODS = {"own-words": msg("no evaluation: what those who did it say")}
OUGHT = msg("Not known: no document at hand says")


@dataclass(frozen=True)
class Row:
    """A practice on the list: how plans here found it, and how many are trying it."""

    practice: Practice
    local: Mapping[str, int]
    trials: int

    @property
    def here(self) -> tuple[str, ...]:
        return tested(self.local)


def listed(wanted: Wanted, counts: Mapping[str, Mapping[str, int]], trials: Mapping[str, int]) -> list[Row]:
    """The practices that are asked for, by title."""
    found = [Row(p, counts.get(p.slug, {}), trials.get(p.slug, 0)) for p in practices() if wanted.fits(p)]
    return [r for r in found if not wanted.here or wanted.here in r.here]


def effect(p: Any) -> Message | str:
    """E: what was found."""
    return library.title("directions", p.direction)


def quality(value: int | None) -> Message | str:
    """Q: how strong the evidence is."""
    return library.title("qualities", library.UNKNOWN if value is None else str(value))


def cost(band: str) -> Message | str:
    """A band of cost."""
    return msg("Not known") if band == library.UNKNOWN else next((b.title for b in library.costs() if b.slug == band), band)


def verdict(slug: str) -> Message | str:
    return library.title("verdicts", slug)


def titles(name: str, slugs: Sequence[str]) -> Message | None:
    """Titles of a list of the library with commas; None where there is none."""
    return msg("{names:list}", names=[library.title(name, s) for s in slugs]) if slugs else None


def practice_title(slug: str) -> Message | str:
    """A practice's title; a trial's where there is none."""
    if not slug:
        return msg("A trial, on no practice of the library")
    found = practice(slug)
    return found.title if found else slug


def category(slug: str) -> Message:
    return catalogue.category(slug).title if slug else msg("No category")


def place(slug: str) -> Message | str:
    return library.title("places", slug) if slug else msg("Not known")


def tally(counts: Mapping[str, int]) -> list[tuple[str, Message | str, int]]:
    """Slug, title and number of each verdict that was reached."""
    return [(v, verdict(v), counts[v]) for v in VERDICTS if counts.get(v)]


def estimate(r: Local) -> Message | None:
    """The effect with its interval, unit and p-value; None where nothing was estimated."""
    if r.estimate is None:
        return None
    unit = library.title("units", r.unit) if r.unit else ""
    if r.low is None or r.high is None:
        return msg("{estimate:decimal} {unit}, without an interval", estimate=r.estimate, unit=unit)
    if r.p_value is None:
        return msg(
            "{estimate:decimal} ({low:decimal} to {high:decimal}) {unit}",
            estimate=r.estimate,
            low=r.low,
            high=r.high,
            unit=unit,
        )
    p = "< 0.001" if r.p_value < 0.001 else f"{r.p_value:.3f}"
    return msg(
        "{estimate:decimal} ({low:decimal} to {high:decimal}) {unit}, p {p}",
        estimate=r.estimate,
        low=r.low,
        high=r.high,
        unit=unit,
        p=p,
    )


def answer(r: Local) -> Message:
    """The page's first sentence."""
    words = {
        "worked": msg("{practice}: it worked here"),
        "no-evidence": msg("{practice}: no evidence of an effect here"),
        "cant-tell": msg("{practice}: nobody can tell what it did here"),
        "not-tested": msg("{practice}: too little was delivered here to test it"),
        "backfired": msg("{practice}: it backfired here"),
    }[r.verdict]
    said = {
        "worked": msg("{practice}: those who did it say that it worked"),
        "no-evidence": msg("{practice}: those who did it saw no difference"),
        "backfired": msg("{practice}: those who did it say that it got worse"),
    }
    chosen = words if r.evaluated else said.get(r.verdict, words)
    return Message(chosen.id, {"practice": practice_title(r.practice)})


def own_answer(slug: str) -> Message | str | None:
    """The plan's own answer to whether it worked."""
    return choices.questions()["verdict"].title_of(slug) if slug else None


def method(r: Local) -> Message | str:
    return METHODS.get(r.method, r.method)


def headline(rows: Sequence[Row]) -> Message:
    """How many practices there are and how many were tested here."""
    tried = sum(r.here != ("untested",) for r in rows)
    return msg(
        "{practices}, {tested}",
        practices=msg_n("{n:count} practice", "{n:count} practices", n=len(rows)),
        tested=msg_n("{n:count} of them tested here", "{n:count} of them tested here", n=tried),
    )


def local_headline(n: int) -> Message:
    return msg_n("{n:count} result of plans here", "{n:count} results of plans here", n=n)


def trials_headline(n: int) -> Message:
    return msg_n("{n:count} trial is in progress", "{n:count} trials are in progress", n=n)


def here(standings: Sequence[str]) -> list[Message]:
    return [here_words(s) for s in standings]


@dataclass(frozen=True)
class Beside:
    """One of the 5Is: what is known nationally, and what plans here add."""

    title: Message
    national: Message | None
    local: Message | None


def five(p: Practice, local: Sequence[Local], counts: Mapping[str, int]) -> list[Beside]:
    """The 5Is, national and local side by side. ``local``: the results that are shown."""
    categories = [category(c) for c in dict.fromkeys(r.category for r in local if r.category)]
    shares = [r.fidelity for r in local if r.fidelity is not None]
    told: dict[str, Message | None] = {
        "intelligence": msg("Tried on {categories:list}.", categories=categories) if categories else None,
        "implementation": msg_n(
            "In {n:count} plan that says: {share:percent} of what was planned was delivered.",
            "In {n:count} plans that say: {share:percent} of what was planned was delivered, on average.",
            n=len(shares),
            share=sum(shares) / len(shares),
        )
        if shares
        else None,
        "impact": msg(
            "{verdicts:list}.", verdicts=[msg("{verdict} {n:count}", verdict=t, n=n) for _, t, n in tally(counts)]
        )
        if tally(counts)
        else None,
    }
    return [Beside(o.title, p.five[o.slug], told.get(o.slug)) for o in library.words("five")]


# Tables


def practices_table(rows: Sequence[Row]) -> Table:
    """Practices as rows: E and Q of each dimension in columns of their own."""
    dimensions = library.words("dimensions")
    columns = (
        Column("practice", msg("Practice")),
        Column("title", msg("Title")),
        Column("kind", msg("Rests on")),
        Column("direction", msg("Effect (E)")),
        *(Column(f"{d.slug}_e", msg("{dimension} (E)", dimension=d.title)) for d in dimensions),
        *(Column(f"{d.slug}_q", msg("{dimension} (Q)", dimension=d.title), msg("0 to 4"), True) for d in dimensions),
        Column("cost", msg("Cost")),
        Column("source", msg("Source")),
        Column("date", msg("Date")),
        Column("verified", msg("Verified")),
        *(Column(v.replace("-", "_"), _verdict_title(v), msg("plans"), True) for v in VERDICTS),
        Column("trials", msg("Trials in progress here"), msg("plans"), True),
    )
    return Table(columns, tuple(_practice(r) for r in rows))


def _verdict_title(slug: str) -> Message:
    found = verdict(slug)
    return found if isinstance(found, Message) else Message(found)


def _practice(r: Row) -> tuple[Any, ...]:
    p = r.practice
    return (
        p.slug,
        p.title,
        p.kind,
        p.direction,
        *(f.says for f in p.emmie.values()),
        *(f.quality for f in p.emmie.values()),
        p.cost,
        p.source,
        p.date,
        p.verified,
        *(r.local.get(v, 0) for v in VERDICTS),
        r.trials,
    )


def local_table(rows: Sequence[Local]) -> Table:
    """Results as rows; what the reader may not see is empty."""
    columns = (
        Column("key", msg("Reference")),
        Column("practice", msg("Practice")),
        Column("verdict", msg("Verdict")),
        Column("said", msg("The plan's own answer")),
        Column("estimate", msg("Effect"), None, True),
        Column("low", msg("Interval from"), None, True),
        Column("high", msg("Interval to"), None, True),
        Column("p_value", msg("p"), None, True),
        Column("unit", msg("Unit")),
        Column("method", msg("Method")),
        Column("maryland", msg("Maryland scale"), msg("1 to 5"), True),
        Column("fidelity", msg("Delivered"), msg("share"), True),
        Column("cost", msg("Cost"), msg("£"), True),
        Column("cost_band", msg("Cost, band")),
        Column("category", msg("Category")),
        Column("place", msg("Kind of place")),
        Column("side", msg("Side")),
        Column("technique", msg("Technique")),
        Column("tier_national", msg("Tier, national strategy")),
        Column("tier_public_health", msg("Tier, public health")),
        Column("driver", msg("Driver")),
        Column("year", msg("Closed in"), msg("year"), True),
        Column("review", msg("Peer review")),
        Column("evaluation", msg("Hash of the evaluation")),
        Column("plan", msg("Plan")),
        Column("lessons", msg("Lessons")),
    )
    return Table(
        columns,
        tuple(
            (
                r.key,
                r.practice,
                r.verdict,
                r.said,
                r.estimate,
                r.low,
                r.high,
                r.p_value,
                r.unit,
                r.method,
                r.maryland,
                r.fidelity,
                None if r.cost is None else float(r.cost),
                r.band,
                r.category,
                r.place,
                r.side,
                r.technique,
                r.tiers.get("national", ""),
                r.tiers.get("public-health", ""),
                r.driver,
                r.year,
                r.review,
                r.evaluation,
                r.plan,
                r.lessons,
            )
            for r in rows
        ),
    )


def trials_table(rows: Sequence[Trial]) -> Table:
    columns = (
        Column("practice", msg("Practice")),
        Column("category", msg("Category")),
        Column("side", msg("Side")),
        Column("technique", msg("Technique")),
        Column("driver", msg("Driver")),
        Column("year", msg("Begun in"), msg("year"), True),
        Column("plan", msg("Plan")),
    )
    return Table(columns, tuple((t.practice, t.category, t.side, t.technique, t.driver, t.year, t.plan) for t in rows))
