"""What a response cost, what social cost it avoided, and how sure that is.

Costs come from a ledger (money and time, partners' too), benefits from crimes avoided at the unit costs of a
catalogue scheme. Everything is brought to one price base by a table of deflators and, over years, discounted to the
first (HM Treasury, *The Green Book*). The interval of the effect is carried into net present value and ratio. What is
avoided is social cost (harm, lost output, services): no budget is smaller for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
from scipy import stats as ss

from forestall.assess._tornado_drawing import tornado_drawing
from forestall.catalogue import analysis, prices
from forestall.errors import ForestallError
from forestall.results import Check, Column, Figures, Table, register
from forestall.text import Message, msg

PENNY = Decimal("0.01")
NO_INTERVAL = (math.nan, math.nan)
#: The payer whose lines are not a partner's.
POLICE = "police"
#: How far the tornado chart moves the discount rate, in a year.
RATE_STEP = Decimal("0.015")


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One line of the ledger: ``amount`` (0 or more) in prices of ``price_base`` (``2024/25``), spent ``year`` years
    after the first. ``payer``: ``police``, or whose money or time it is. ``time``: paid hours and not money spent."""

    title: str
    amount: Decimal
    price_base: str
    payer: str = POLICE
    time: bool = False
    year: int = 0


def time_cost(
    title: str, hours: Decimal | int, hourly: Decimal | int, price_base: str, *, payer: str = POLICE, year: int = 0
) -> CostLine:
    """A ledger line of ``hours`` at ``hourly`` pounds, which should hold pension, insurance and overheads as well."""
    amount = _money(f"the hours of {title!r}", hours) * _money(f"the hourly cost of {title!r}", hourly)
    return CostLine(title=title, amount=amount, price_base=price_base, payer=payer, time=True, year=year)


@dataclass(frozen=True, kw_only=True)
class CrimeEffect:
    """How many crimes of a ``kind`` (a unit cost of the scheme) there were more than expected: a fall is negative,
    and so is displacement that helped. ``interval`` holds it at ``level``; None where there is none. ``profile``: the
    change in each year after the first as a multiple of ``change``; (1,) for what was measured and nothing after."""

    kind: str
    change: float
    interval: tuple[float, float] | None = None
    level: float = 0.95
    title: str = ""
    profile: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class RecordedToActual:
    """Multipliers from recorded to actual crimes, by kind: used only where asked for by name, and shown in the result."""

    name: str
    source: str
    factors: Mapping[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """A ledger line in the result's prices, discounted."""

    title: str
    payer: str
    time: bool
    year: int
    amount: Decimal
    price_base: str
    present: Decimal


@dataclass(frozen=True, kw_only=True)
class BenefitRow:
    """``unit_cost``: in the result's prices, before any multiplier; ``present``: social cost avoided, discounted,
    negative where crimes rose. ``break_even``: how many fewer of this kind alone would have paid for everything; NaN
    where that can't be."""

    title: Message | str
    kind: str
    change: float
    interval: tuple[float, float]
    unit_cost: Decimal
    multiplier: Decimal
    verified: bool
    present: Decimal
    break_even: float


@dataclass(frozen=True, kw_only=True)
class Swing:
    """Net present value as one thing alone is set to its two ends."""

    what: Message
    low: float
    high: float


@register
@dataclass(frozen=True, kw_only=True)
class CostBenefit(Figures):
    """Sums are present values in ``currency`` at prices of ``price_base``. ``interval`` and ``ratio_interval`` carry
    the effects' intervals at ``level``; NaN where an effect has none, and ``ratio`` where nothing was spent.
    ``multiplier``: name of the recorded-to-actual multipliers, "" where none were used; ``avoided_recorded``: the sum
    without them."""

    type_name: ClassVar[str] = "cost-benefit"

    net_present_value: Decimal
    interval: tuple[float, float]
    level: float
    cost: Decimal
    partner_cost: Decimal
    time_cost: Decimal
    avoided: Decimal
    avoided_recorded: Decimal
    ratio: float
    ratio_interval: tuple[float, float]
    currency: str
    price_base: str
    discount_rate: Decimal
    scheme: str
    scheme_title: Message
    deflators: str
    multiplier: str
    multiplier_source: str
    ledger: tuple[LedgerRow, ...]
    benefits: tuple[BenefitRow, ...]
    tornado: tuple[Swing, ...] = field(default=())

    def table(self) -> Table:
        unit = msg("£, {base} prices", base=self.price_base)
        columns = (
            Column("item", msg("Item")),
            Column("who", msg("Whose")),
            Column("number", msg("Crimes fewer"), None, True),
            Column("unit_cost", msg("Unit cost"), unit, True),
            Column("multiplier", msg("Recorded to actual"), None, True),
            Column("present", msg("Present value"), unit, True),
        )
        rows: list[tuple[Any, ...]] = [(r.title, r.payer, None, None, None, -r.present) for r in self.ledger]
        rows += [
            (b.title, msg("society"), -b.change, b.unit_cost, b.multiplier if self.multiplier else None, b.present)
            for b in self.benefits
        ]
        rows.append((msg("Net present value"), None, None, None, None, self.net_present_value))
        return Table(columns, tuple(rows), msg("Costs (negative) and avoided social cost"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        rows = [(s.what.render(language), s.low, s.high) for s in self.tornado]
        title = msg("Net present value, £ in {base} prices", base=self.price_base)
        return tornado_drawing(rows, float(self.net_present_value), title, language)

    def explain(self, language: str = "en") -> str:
        said = [
            msg(
                "It cost {cost} in {base} prices, {time} of it time and {partner} of it partners'.",
                cost=_pounds(self.cost), base=self.price_base, time=_pounds(self.time_cost),
                partner=_pounds(self.partner_cost),
            ),
            msg("It is reckoned to have avoided {sum} of social cost.", sum=_pounds(self.avoided))
            if self.avoided >= 0
            else msg("Crimes rose, at a social cost of {sum}.", sum=_pounds(-self.avoided)),
        ]  # fmt: skip
        known = math.isfinite(self.interval[0])
        ends: dict[str, Any] = (
            {"low": _pounds(self.interval[0]), "high": _pounds(self.interval[1]), "level": self.level} if known else {}
        )
        if known:
            said.append(
                msg(
                    "Net present value is {sum}; carrying the effect's {level:percent} interval, anything from {low} "
                    "to {high}.",
                    sum=_pounds(self.net_present_value), **ends,
                )
            )  # fmt: skip
        else:
            said.append(msg("Net present value is {sum}.", sum=_pounds(self.net_present_value)))
        if math.isfinite(self.ratio):
            said.append(
                msg(
                    "For each pound spent {ratio:ratio} pounds of social cost were avoided ({low:ratio} to {high:ratio}).",
                    ratio=self.ratio, low=self.ratio_interval[0], high=self.ratio_interval[1],
                )
                if known
                else msg("For each pound spent {ratio:ratio} pounds of social cost were avoided.", ratio=self.ratio)
            )  # fmt: skip
        if self.benefits and math.isfinite(self.benefits[0].break_even) and self.cost > 0:
            first = self.benefits[0]
            said.append(
                msg(
                    "It would have paid for itself with {n:decimal} fewer of “{kind}” alone.",
                    n=first.break_even, kind=first.title,
                )
            )  # fmt: skip
        said.append(msg("This is avoided social cost, not cashable saving: no budget is smaller for it."))
        said.append(
            msg(
                "Recorded crimes were multiplied into actual ones by “{name}” ({source}); without, the sum avoided is "
                "{sum}.",
                name=self.multiplier, source=self.multiplier_source, sum=_pounds(self.avoided_recorded),
            )
            if self.multiplier
            else msg("Each recorded crime is priced as one actual crime; what nobody reported is not in it.")
        )  # fmt: skip
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)


def cost_benefit(
    effects: Sequence[CrimeEffect],
    ledger: Sequence[CostLine],
    *,
    price_base: str | None = None,
    scheme: analysis.CostScheme | None = None,
    deflators: prices.Deflators | None = None,
    discount_rate: Decimal | None = None,
    multiplier: RecordedToActual | None = None,
    correlation: float = 0.0,
    spread: float = 0.25,
    level: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> CostBenefit:
    """Sets the social cost of crimes avoided against what the response cost.

    ``effects``: crimes changed, displaced ones among them. ``ledger``: every cost, partners' time too.
    ``price_base``: the financial year in whose prices the answer is; the first ledger line's where None. ``scheme``,
    ``deflators``: of the catalogue. ``discount_rate``: a year; the Green Book's where None. ``multiplier``:
    recorded-to-actual, only where given. ``correlation``: of the errors of several effects, from 0 to 1. ``spread``:
    by which the tornado chart moves unit costs and ledger, as a share. With one effect its interval is carried as it
    is; with several, ``draws`` seeded draws from normal halves that fit each interval.

    Raises ``ForestallError`` for a kind without a unit cost, a year without a deflator, a sum that is no Decimal, or
    an interval that doesn't hold its effect.
    """
    scheme, table, rule = scheme or analysis.costs(), deflators or prices.deflators(), prices.appraisal()
    rate = rule.discount_rate if discount_rate is None else discount_rate
    _settings(effects, ledger, rate, correlation, spread, level, draws)
    base = price_base or ledger[0].price_base
    years = max([line.year for line in ledger] + [len(e.profile) - 1 for e in effects])
    if years > rule.up_to_years:
        raise ForestallError(
            f"the last year is {years} after the first, and the discount rate holds for {rule.up_to_years}"
        )
    rows = tuple(_ledger_row(line, base, table, rate) for line in ledger)
    cost = sum((r.present for r in rows), Decimal(0))
    benefits = tuple(_benefit(e, base, scheme, table, rate, multiplier, cost) for e in effects)
    avoided = sum((b.present for b in benefits), Decimal(0))
    plain = avoided
    if multiplier is not None:
        bare = (_benefit(e, base, scheme, table, rate, None, cost) for e in effects)
        plain = sum((b.present for b in bare), Decimal(0))
    worth = [_worth(e, b, rate) for e, b in zip(effects, benefits, strict=True)]
    low, high = _carried(effects, worth, correlation, level, draws, seed)
    spent = float(cost)
    ratio, ends = (float(avoided / cost), (low / spent, high / spent)) if cost > 0 else (math.nan, NO_INTERVAL)
    made = CostBenefit(
        net_present_value=avoided - cost, interval=(low - spent, high - spent), level=level, cost=cost,
        partner_cost=sum((r.present for r in rows if r.payer != POLICE), Decimal(0)),
        time_cost=sum((r.present for r in rows if r.time), Decimal(0)),
        avoided=avoided, avoided_recorded=plain, ratio=ratio, ratio_interval=ends, currency=scheme.currency,
        price_base=base,
        discount_rate=rate, scheme=scheme.slug, scheme_title=scheme.title, deflators=f"{table.slug} ({table.released})",
        multiplier=multiplier.name if multiplier else "", multiplier_source=multiplier.source if multiplier else "",
        ledger=rows, benefits=benefits,
        parameters={
            "price_base": base, "scheme": scheme.slug, "deflators": table.slug, "discount_rate": str(rate),
            "multiplier": multiplier.name if multiplier else None, "correlation": correlation, "spread": spread,
            "level": level, "draws": draws,
        },
        seed=seed if len(effects) > 1 else None, checks=_checks(effects, rows, benefits),
    )  # fmt: skip
    return replace(made, tornado=_tornado(effects, made, worth, ledger, table, spread))


def _benefit(
    effect: CrimeEffect,
    base: str,
    scheme: analysis.CostScheme,
    table: prices.Deflators,
    rate: Decimal,
    multiplier: RecordedToActual | None,
    cost: Decimal,
) -> BenefitRow:
    unit = next((u for u in scheme.costs if u.slug == effect.kind), None)
    if unit is None:
        known = ", ".join(u.slug for u in scheme.costs)
        raise ForestallError(f"{scheme.slug} has no unit cost for {effect.kind!r}; it has: {known}")
    factor = Decimal(1)
    if multiplier is not None:
        if effect.kind not in multiplier.factors:
            raise ForestallError(
                f"{multiplier.name} has no multiplier for {effect.kind!r}: give one, or leave multipliers out"
            )
        factor = _money(f"the multiplier of {effect.kind!r}", multiplier.factors[effect.kind])
    price = unit.cost * table.factor(scheme.price_base, base)
    one = price * factor * _discounted(effect.profile, rate)
    present = (-Decimal(repr(float(effect.change))) * one).quantize(PENNY)
    return BenefitRow(
        title=effect.title or unit.title, kind=effect.kind, change=float(effect.change),
        interval=NO_INTERVAL if effect.interval is None else (float(effect.interval[0]), float(effect.interval[1])),
        unit_cost=price.quantize(PENNY), multiplier=factor, verified=unit.verified, present=present,
        break_even=float(cost / one) if one > 0 else math.nan,
    )  # fmt: skip


def _ledger_row(line: CostLine, base: str, table: prices.Deflators, rate: Decimal) -> LedgerRow:
    present = line.amount * table.factor(line.price_base, base) / (1 + rate) ** line.year
    return LedgerRow(
        title=line.title, payer=line.payer, time=line.time, year=line.year, amount=line.amount,
        price_base=line.price_base, present=present.quantize(PENNY),
    )  # fmt: skip


def _discounted(profile: Sequence[float], rate: Decimal) -> Decimal:
    """What a change of one a year, by ``profile``, is worth in the first year."""
    return sum((Decimal(repr(float(p))) / (1 + rate) ** y for y, p in enumerate(profile)), Decimal(0))


def _worth(effect: CrimeEffect, row: BenefitRow, rate: Decimal) -> float:
    """Present value of one crime fewer, with all that follows it."""
    return float(row.unit_cost * row.multiplier * _discounted(effect.profile, rate))


def _carried(
    effects: Sequence[CrimeEffect], worth: Sequence[float], correlation: float, level: float, draws: int, seed: int
) -> tuple[float, float]:
    """Interval of the social cost avoided."""
    if any(e.interval is None for e in effects):
        return NO_INTERVAL
    tail = (1 - level) / 2
    if len(effects) == 1:
        ends = [-_at(effects[0], np.array([z]))[0] * worth[0] for z in (ss.norm.isf(tail), ss.norm.ppf(tail))]
        return float(min(ends)), float(max(ends))
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal(draws)
    total = np.zeros(draws)
    for effect, one in zip(effects, worth, strict=True):
        z = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * rng.standard_normal(draws)
        total -= _at(effect, z) * one
    low, high = np.quantile(total, [tail, 1 - tail])
    return float(low), float(high)


def _at(effect: CrimeEffect, z: Any) -> Any:
    """The effect ``z`` standard errors off: each side of its interval has its own."""
    low, high = effect.interval or NO_INTERVAL
    reach = float(ss.norm.isf((1 - effect.level) / 2))
    side = np.where(z < 0, effect.change - low, high - effect.change) / reach
    return effect.change + z * side


def _tornado(
    effects: Sequence[CrimeEffect],
    made: CostBenefit,
    worth: Sequence[float],
    ledger: Sequence[CostLine],
    table: prices.Deflators,
    spread: float,
) -> tuple[Swing, ...]:
    middle = float(made.net_present_value)
    swings = []
    for effect, row, one in zip(effects, made.benefits, worth, strict=True):
        if effect.interval is not None:
            ends = [middle - (end - effect.change) * one for end in effect.interval]
            swings.append(Swing(what=msg("Effect: {kind}", kind=row.title), low=ends[1], high=ends[0]))
        part = float(row.present) * spread
        what = msg("Unit cost, ±{share:percent}: {kind}", kind=row.title, share=spread)
        swings.append(Swing(what=what, low=middle - part, high=middle + part))
    for time, what in (
        (False, msg("Money spent, ±{share:percent}", share=spread)),
        (True, msg("Time, ±{share:percent}", share=spread)),
    ):
        part = float(sum((r.present for r in made.ledger if r.time == time), Decimal(0))) * spread
        if part:
            swings.append(Swing(what=what, low=middle - part, high=middle + part))
    if any(line.year for line in ledger) or any(len(e.profile) > 1 for e in effects):
        ends = [
            float(_again(effects, made, ledger, table, max(Decimal(0), made.discount_rate + step)))
            for step in (-RATE_STEP, RATE_STEP)
        ]
        what = msg("Discount rate, ±{share:percent}", share=float(RATE_STEP))
        swings.append(Swing(what=what, low=ends[0], high=ends[1]))
    if made.multiplier:
        bare = float(made.avoided_recorded - made.cost)
        swings.append(Swing(what=msg("With and without “{name}”", name=made.multiplier), low=bare, high=middle))
    return tuple(sorted(swings, key=lambda s: -abs(s.high - s.low)))


def _again(
    effects: Sequence[CrimeEffect], made: CostBenefit, ledger: Sequence[CostLine], table: prices.Deflators, rate: Decimal
) -> Decimal:
    """Net present value at another discount rate."""
    cost = sum((_ledger_row(line, made.price_base, table, rate).present for line in ledger), Decimal(0))
    pairs = zip(effects, made.benefits, strict=True)
    value = sum(
        (-Decimal(repr(e.change)) * b.unit_cost * b.multiplier * _discounted(e.profile, rate) for e, b in pairs), Decimal(0)
    )
    return value - cost


def _checks(effects: Sequence[CrimeEffect], rows: Sequence[LedgerRow], benefits: Sequence[BenefitRow]) -> tuple[Check, ...]:
    unsure: list[str | Message] = [b.title for b in benefits if not b.verified]
    partners = any(r.payer != POLICE for r in rows)
    time = any(r.time for r in rows)
    later = any(p for e in effects for p in e.profile[1:])
    bare = any(e.interval is None for e in effects)
    return (
        Check(
            "unit-costs",
            not unsure,
            msg("Unit costs that are not verified, to be checked before use: {names:list}.", names=unsure)
            if unsure
            else msg("The unit costs are verified in their source."),
        ),
        Check(
            "partners",
            partners,
            msg("The ledger holds partners' costs.")
            if partners
            else msg("No partner's cost or time is in the ledger: if partners worked on it, it cost more."),
        ),
        Check(
            "time",
            time,
            msg("The ledger holds paid time.")
            if time
            else msg("No paid time is in the ledger: officers' hours are a cost too."),
        ),
        Check(
            "later-years",
            not later,
            msg("Effects in later years are assumed here and were not measured.")
            if later
            else msg("Only what was measured is counted, and nothing after it."),
        ),
        Check(
            "effect-interval",
            not bare,
            msg("An effect has no interval, so nothing can be said of how sure these sums are.")
            if bare
            else msg("Each effect comes with an interval, which is carried on."),
        ),
    )


def _settings(
    effects: Sequence[CrimeEffect],
    ledger: Sequence[CostLine],
    rate: Decimal,
    correlation: float,
    spread: float,
    level: float,
    draws: int,
) -> None:
    """Raises ForestallError for what can't be."""
    if not effects:
        raise ForestallError("no effect was given: give at least one kind of crime and how many more or fewer there were")
    if not ledger:
        raise ForestallError(
            "the ledger is empty: give what it cost, partners' time too, or a line of 0 if it cost nothing"
        )
    for line in ledger:
        _money(f"the amount of {line.title!r}", line.amount)
        if isinstance(line.year, bool) or not isinstance(line.year, int) or line.year < 0:
            raise ForestallError(
                f"the year of {line.title!r} must be a whole number of years after the first, not {line.year!r}"
            )
    for e in effects:
        if not math.isfinite(e.change):
            raise ForestallError(
                f"the change of {e.kind!r} must be a number, not {e.change!r}: an unknown effect has no worth"
            )
        if e.interval is not None and not e.interval[0] <= e.change <= e.interval[1]:
            raise ForestallError(
                f"the interval of {e.kind!r}, {e.interval[0]:g} to {e.interval[1]:g}, doesn't hold its change "
                f"{e.change:g}: give "
                "both as crimes more than expected, a fall as a negative number, or None where there is no interval"
            )
        if e.interval is not None and not all(math.isfinite(v) for v in e.interval):
            raise ForestallError(f"the interval of {e.kind!r} must have two finite ends: give None where there is none")
        if not 0 < e.level < 1:
            raise ForestallError(f"the level of the interval of {e.kind!r} must lie between 0 and 1, not {e.level!r}")
        if not e.profile or not all(math.isfinite(p) and p >= 0 for p in e.profile):
            raise ForestallError(
                f"the profile of {e.kind!r} must be a multiple of 0 or more for each year, the first among them"
            )
    if not isinstance(rate, Decimal) or not 0 <= rate < 1:
        raise ForestallError(f"the discount rate must be a Decimal share such as 0.035, not {rate!r}")
    if not 0 <= correlation <= 1:
        raise ForestallError(f"the correlation of effects must lie from 0 to 1, not {correlation!r}")
    if not 0 < spread < 1:
        raise ForestallError(f"the spread of the tornado chart must be a share between 0 and 1, not {spread!r}")
    if not 0 < level < 1:
        raise ForestallError(f"the level must lie between 0 and 1, such as 0.95, not {level!r}")
    if draws < 1000:
        raise ForestallError(f"draws must be a thousand or more for an interval's ends, not {draws!r}")


def _money(what: str, value: Any) -> Decimal:
    """``value`` as it is where it is an exact sum of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ForestallError(f"{what} must be a Decimal or a whole number, so that no penny is rounded away, not {value!r}")
    if not Decimal(value).is_finite() or value < 0:
        raise ForestallError(f"{what} must be 0 or more, not {value}")
    return Decimal(value)


def _pounds(value: Decimal | float) -> str:
    rounded = round(float(value))
    return f"{'−' if rounded < 0 else ''}£{abs(rounded):,}"
