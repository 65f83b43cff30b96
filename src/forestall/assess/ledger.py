"""``costs.yaml``: what a response cost, read with the line of each mistake, and set against what an evaluation found.

::

    price_base: 2024/25          # the financial year of the sums below
    kind: vehicle-theft          # unit cost of the catalogue, where a category has several
    lines:
      - {title: Locks and lights, amount: 1200}
      - {title: Officers' hours, hours: 40, hourly: 45, payer: police}
      - {title: Council's gate, amount: 800, payer: council, year: 1}
    multiplier:                  # only where it is asked for, and shown in the result
      {name: …, source: …, factors: {vehicle-theft: 1.4}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from forestall.assess import _nodes
from forestall.assess.cost_benefit import (
    POLICE,
    CostBenefit,
    CostLine,
    CrimeEffect,
    RecordedToActual,
    cost_benefit,
    time_cost,
)
from forestall.catalogue import analysis
from forestall.errors import ForestallError
from forestall.results import Effect, Evaluation

REMAKE = "see docs/how-to/evaluate-a-response.md for how a ledger looks"
FIELDS = ("price_base", "kind", "lines", "multiplier", "discount_rate")
LINE = ("title", "amount", "hours", "hourly", "payer", "time", "year", "price_base")


@dataclass(frozen=True)
class Ledger:
    """``kind``: '' where the category's own unit cost is meant. ``discount_rate``: None for the Green Book's."""

    lines: tuple[CostLine, ...]
    kind: str = ""
    multiplier: RecordedToActual | None = None
    discount_rate: Decimal | None = None


def read(path: Path) -> Ledger:
    """Raises ``ForestallError`` with file, line and remedy."""
    node = _nodes.top(path, "ledger of costs", REMAKE)
    fields = _known(path, node, FIELDS, "a ledger")
    base = _text(path, fields["price_base"], "price_base") if "price_base" in fields else ""
    if "lines" not in fields or not isinstance(fields["lines"], yaml.SequenceNode) or not fields["lines"].value:
        raise ForestallError(
            f"{_nodes.where(path, fields.get('lines', node))}: a ledger needs lines, one for each cost, or one of 0 if it "
            "cost nothing"
        )
    return Ledger(
        lines=tuple(_line(path, n, base) for n in fields["lines"].value),
        kind=_text(path, fields["kind"], "kind") if "kind" in fields else "",
        multiplier=_multiplier(path, fields["multiplier"]) if "multiplier" in fields else None,
        discount_rate=_sum(path, fields["discount_rate"], "discount_rate") if "discount_rate" in fields else None,
    )


def reckoned(ledger: Ledger, made: Evaluation) -> CostBenefit:
    """The ledger against the crimes that were prevented: in the treated areas and around them together where that was
    tested, so that what only moved is not counted as avoided.

    Raises ``ForestallError`` where no effect was found that could be priced.
    """
    asked = made.design.asked
    if made.interim:
        raise ForestallError("costs are set against the effect when the last month is in: leave --costs out until then")
    if asked.outcome.kind == "harm":
        raise ForestallError(
            "costs are set against crimes, and this design weighs harm: leave --costs out, or design with --outcome count"
        )
    effect = _net(made)
    low, high = effect.prevented_interval
    change = CrimeEffect(
        kind=ledger.kind or _kind(asked.outcome.categories), change=-effect.prevented, interval=(-high, -low),
    )  # fmt: skip
    return cost_benefit([change], ledger.lines, multiplier=ledger.multiplier, discount_rate=ledger.discount_rate)


def _net(made: Evaluation) -> Effect:
    for part in ("total", "local"):
        found = made.effect(part)
        if found is not None and found.tested:
            return found
    raise ForestallError(
        "no comparison that could be trusted was to be had, so nothing that was prevented can be priced: leave --costs out"
    )


def _kind(categories: tuple[str, ...]) -> str:
    """The one unit cost that the outcome's categories have."""
    scheme = analysis.costs()
    found = {u.slug for c in categories for u in scheme.of_category(c)}
    if len(found) == 1:
        return found.pop()
    if not found:
        raise ForestallError(
            f"{scheme.slug} has no unit cost for {', '.join(categories)}: name the nearest with “kind:” in the ledger, or "
            f"leave --costs out; it has: {', '.join(u.slug for u in scheme.costs)}"
        )
    raise ForestallError(
        f"which unit cost is meant? Write “kind:” into the ledger, with one of: {', '.join(sorted(found))}"
    )


def _line(path: Path, node: yaml.Node, base: str) -> CostLine:
    f = _known(path, node, LINE, "a line of the ledger")
    at = _nodes.where(path, node)
    if "title" not in f:
        raise ForestallError(f"{at}: a line of the ledger needs a title")
    title = _text(path, f["title"], "title")
    base = _text(path, f["price_base"], "price_base") if "price_base" in f else base
    if not base:
        raise ForestallError(f"{at}: {title} has no price_base: say of which financial year the sum is, such as 2024/25")
    payer = _text(path, f["payer"], "payer") if "payer" in f else POLICE
    year = _nodes.plain(path, f["year"]) if "year" in f else 0
    if not isinstance(year, int) or isinstance(year, bool) or year < 0:
        raise ForestallError(
            f"{_nodes.where(path, f['year'])}: year needs a whole number of years after the first, not {year!r}"
        )
    if ("hours" in f) != ("hourly" in f) or ("amount" in f) == ("hours" in f):
        raise ForestallError(f"{at}: {title} needs an amount, or hours and hourly, and not both")
    if "hours" in f:
        hours, hourly = _sum(path, f["hours"], "hours"), _sum(path, f["hourly"], "hourly")
        return time_cost(title, hours, hourly, base, payer=payer, year=year)
    timed = _nodes.plain(path, f["time"]) if "time" in f else False
    if not isinstance(timed, bool):
        raise ForestallError(
            f"{_nodes.where(path, f['time'])}: time needs true (paid hours) or false (money), not {timed!r}"
        )
    return CostLine(
        title=title, amount=_sum(path, f["amount"], "amount"), price_base=base, payer=payer, time=timed, year=year
    )


def _multiplier(path: Path, node: yaml.Node) -> RecordedToActual:
    f = _known(path, node, ("name", "source", "factors"), "a multiplier")
    if len(f) < 3:
        raise ForestallError(
            f"{_nodes.where(path, node)}: a multiplier needs name, source and factors: it is shown with its source"
        )
    factors: Mapping[str, Decimal] = {
        k: _sum(path, v, f"the factor of {k}") for k, v in _nodes.pairs(path, f["factors"], "factors").items()
    }
    return RecordedToActual(_text(path, f["name"], "name"), _text(path, f["source"], "source"), factors)


def _known(path: Path, node: yaml.Node, names: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
    found = _nodes.pairs(path, node, what)
    for name, value in found.items():
        if name not in names:
            raise ForestallError(f"{_nodes.where(path, value)}: {what} has no field {name!r}; it has: {', '.join(names)}")
    return found


def _text(path: Path, node: yaml.Node, what: str) -> str:
    value = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
    if not value:
        raise ForestallError(f"{_nodes.where(path, node)}: {what} needs a word or more")
    return value


def _sum(path: Path, node: yaml.Node, what: str) -> Decimal:
    """An exact number of 0 or more; £ and commas may stand in it."""
    written = str(node.value) if isinstance(node, yaml.ScalarNode) else "a list"
    try:
        value = Decimal(written.strip().removeprefix("£").replace(",", "").replace("_", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ForestallError(
            f"{_nodes.where(path, node)}: {what} needs a number of 0 or more, such as 1200 or 45.50, not {written!r}"
        )
    return value
