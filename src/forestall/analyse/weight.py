"""What it weighs: harm, what it would cost society, and the demand that it makes."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from forestall import catalogue
from forestall.analyse.ground import Ground
from forestall.analyse.suppress import SMALL
from forestall.catalogue import analysis
from forestall.results import Column, Cost, Exhibit, Part, Table
from forestall.text import Message, msg

#: Share of records with minutes below which their sum says too little.
ENOUGH_MINUTES = 0.3


def weight(ground: Ground, harm: catalogue.HarmScheme, costs: analysis.CostScheme) -> tuple[Part, Cost | None]:
    """The part, and the cost."""
    facts: list[Message] = []
    missing: list[Message] = []
    n = ground.count
    one = harm.weight(ground.category)
    if one is None:
        missing.append(msg("{scheme} has no weight for this category.", scheme=harm.title))
    else:
        facts.append(
            msg(
                "Harm: {total:count} {unit}, {one:decimal} for each ({scheme}, version {version}).",
                total=one * n, unit=harm.unit, one=float(one), scheme=harm.title, version=harm.version,
            )
        )  # fmt: skip
    cost, exhibits = _cost(ground, costs)
    headline = msg("What it costs is not known: {scheme} has no unit cost for it.", scheme=costs.title)
    if cost is not None:
        headline = _priced(cost)
        facts.append(costs.note)
        if not cost.verified:
            facts.append(msg("Some of the unit costs used are not verified: check them before use."))
        if cost.uncosted:
            facts.append(msg("{n:count} records are of kinds without a unit cost, and count as nothing.", n=cost.uncosted))
    else:
        missing.append(headline)
    demand, said, absent = _demand(ground)
    facts += said
    missing += absent
    return Part("weight", headline, tuple(facts), (*exhibits, *demand), tuple(missing)), cost


def _priced(cost: Cost) -> Message:
    if cost.low == cost.high:
        return msg(
            "About £{low:count} of social cost at unit costs, in {base} prices.", low=float(cost.low), base=cost.price_base
        )
    return msg(
        "Between £{low:count} and £{high:count} of social cost at unit costs, in {base} prices: the records do not say of "
        "which kind each is.",
        low=float(cost.low), high=float(cost.high), base=cost.price_base,
    )  # fmt: skip


def _cost(ground: Ground, scheme: analysis.CostScheme) -> tuple[Cost | None, tuple[Exhibit, ...]]:
    """Exact by offence code; else, and for the public, between the cheapest and the dearest kind that a category may hold:
    from an exact sum the number of each kind could be worked out."""
    possible = scheme.of_category(ground.category)
    code, names = ground.coded("offence_code")
    if ground.public:
        code, names = np.full_like(code, -1), []
    inside = code[ground.inside]
    counts = np.bincount(inside[inside >= 0], minlength=len(names))
    known: dict[str, int] = {}
    unknown, uncosted = int((inside < 0).sum()), 0
    for name, n in zip(names, counts, strict=True):
        unit = scheme.of_code(name)
        if n and unit is None:
            uncosted += int(n)
        elif unit is not None and n:
            known[unit.slug] = known.get(unit.slug, 0) + int(n)
    if not known and not possible:
        return None, ()
    units = {u.slug: u for u in scheme.costs}
    low = high = sum((units[s].cost * n for s, n in known.items()), Decimal(0))
    verified = all(units[s].verified for s in known)
    if unknown and possible:
        prices = [u.cost for u in possible]
        low, high = low + min(prices) * unknown, high + max(prices) * unknown
        verified &= all(u.verified for u in possible)
    else:
        uncosted += unknown
    cost = Cost(low, high, f"{scheme.currency} {scheme.price_base}", scheme.slug, verified, uncosted)
    if not known or ground.public:
        return cost, ()
    rows = tuple(
        (units[s].title, n, units[s].cost, units[s].cost * n, units[s].verified)
        for s, n in sorted(known.items(), key=lambda e: -e[1] * units[e[0]].cost)
    )
    columns = (
        Column("kind", msg("Kind")),
        Column("records", msg("Records"), numeric=True),
        Column("unit_cost", msg("Unit cost"), msg("£"), True),
        Column("cost", msg("Cost"), msg("£"), True),
        Column("verified", msg("Verified")),
    )
    headline = msg(
        "{kind} makes up most of the cost.", kind=units[max(known, key=lambda s: known[s] * units[s].cost)].title
    )
    return cost, (Exhibit("costs", headline, Table(columns, rows, msg("Cost by kind")), None, None, scheme.note),)


def _demand(ground: Ground) -> tuple[tuple[Exhibit, ...], list[Message], list[Message]]:
    facts: list[Message] = []
    if not {"duration", "priority"} & ground.filled:
        return (), facts, [msg("The work that it makes (minutes, grade of response) is not in these records.")]
    minutes = ground.numbers("duration")[ground.inside]
    known = np.isfinite(minutes)
    missing: list[Message] = []
    if known.mean() >= ENOUGH_MINUTES and known.sum() > SMALL:
        facts.append(
            msg(
                "Demand: {hours:count} hours of attendance are recorded, {one:count} minutes for each of the "
                "{share:percent} "
                "that record them.",
                hours=float(minutes[known].sum() / 60), one=float(minutes[known].mean()), share=float(known.mean()),
            )
        )  # fmt: skip
    else:
        missing.append(msg("Minutes of work are recorded for too few of these to add them up."))
    code, names = ground.coded("priority")
    counts = np.bincount(code[ground.inside & (code >= 0)], minlength=len(names))
    if not counts.sum() or ground.public:
        return (), facts, missing
    rows = tuple((names[i].replace("-", " "), int(counts[i])) for i in np.argsort(-counts, kind="stable") if counts[i])
    columns = (Column("grade", msg("Grade of response")), Column("records", msg("Records"), numeric=True))
    headline = msg("Most are graded “{grade}”.", grade=rows[0][0])
    return (
        (Exhibit("grades", headline, Table(columns, rows, msg("Grades of response")), "bars", msg("records")),),
        facts,
        missing,
    )
