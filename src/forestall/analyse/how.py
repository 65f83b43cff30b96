"""How: method words, flags and premises, each against the same category in the rest of the force."""

from __future__ import annotations

from collections.abc import Iterable

from forestall.analyse.ground import Ground
from forestall.analyse.indicators import Indicators
from forestall.analyse.shares import Compared, compare
from forestall.catalogue import analysis
from forestall.records import problem
from forestall.results import Column, Exhibit, Part, Table
from forestall.text import Message, msg

#: Marks that a list shows, and the fewest records here for a mark to be tested.
LISTED, LEAST = 10, 5
#: Values that say that nothing is known.
UNKNOWN = frozenset({"", "not-known", "unknown", "not-stated", "none", "n/a"})
#: Flags that the readers set, which say how a record was read.
READERS = ("point-outside-uk", "lsoa-", "falls-within-")


def how(ground: Ground) -> tuple[Part, Indicators]:
    """The part, and the figures for the ideas."""
    found: Indicators = {}
    if ground.public:
        left_out = msg("Methods and flags are left out of the public form.")
        return Part("how", left_out, missing=(left_out,)), found
    fields: list[str] = [f for f in ("method", "flags", "premises_type") if f in ground.filled]
    missing: list[Message] = []
    if "method" not in fields:
        missing.append(msg("How it was done is not in these records."))
    if "flags" not in fields:
        missing.append(msg("Marks such as alcohol or a knife are not in these records."))
    if not fields:
        return Part("how", missing[0], missing=tuple(missing)), found
    counted = _counted(ground, fields)
    exhibits, facts = [], []
    headline: Message | None = None
    for field, title, caption in (
        ("method", msg("Method"), msg("Methods here and elsewhere")),
        ("flags", msg("Mark"), msg("Marks here and elsewhere")),
        ("premises_type", msg("Kind of premises"), msg("Kinds of premises here and elsewhere")),
    ):
        if field not in fields:
            continue
        here, elsewhere, n_here, n_elsewhere = counted[field]
        tested = {v for v in here if here[v] >= LEAST} | {
            v for v in elsewhere if n_here * elsewhere[v] >= LEAST * n_elsewhere
        }
        made = compare(
            {v: n for v, n in here.items() if v in tested}, {v: n for v, n in elsewhere.items() if v in tested},
            n_here, n_elsewhere,
        )  # fmt: skip
        _figures(field, made, found)
        if not made:
            if field == "method":
                missing.append(msg("How it was done is not recorded for this category here."))
            continue
        exhibit, said = _shown(field, made, title, caption)
        exhibits.append(exhibit)
        if headline is None and said is not None:
            headline = said
        elif said is not None:
            facts.append(said)
    if headline is None:
        headline = msg("Methods and marks are mixed much as they are in the same category elsewhere.")
        if not exhibits:
            headline = msg("How it was done is not recorded for this category here.")
    return Part("how", headline, tuple(facts), tuple(exhibits), tuple(missing)), found


def _counted(ground: Ground, fields: list[str]) -> dict[str, tuple[dict[str, int], dict[str, int], int, int]]:
    """For each field, its values' counts here and elsewhere, and the records that could bear one."""
    grouped = problem.marks(
        ground.records, areas=ground.areas, category=ground.category, fields=fields, force=ground.force,
        since=ground.since, until=ground.until,
    )  # fmt: skip
    columns = {f: grouped[f].to_pylist() for f in (*fields, "here", "n")}
    sensitive = analysis.sensitive().flags
    out = {}
    for field in fields:
        counts: tuple[dict[str, int], dict[str, int]] = ({}, {})
        totals = [0, 0]
        for value, here, n in zip(columns[field], columns["here"], columns["n"], strict=True):
            side = 0 if here else 1
            values = list(_values(value, field, sensitive))
            if field == "flags" or values:
                totals[side] += n
            for v in values:
                counts[side][v] = counts[side].get(v, 0) + n
        out[field] = (counts[0], counts[1], totals[0], totals[1])
    return out


def _values(value: object, field: str, sensitive: frozenset[str]) -> Iterable[str]:
    if field == "flags":
        marks = value if isinstance(value, list) else []
        return (f for f in set(marks) if f not in sensitive and not f.startswith(READERS))
    return [] if not isinstance(value, str) or value in UNKNOWN else [value]


def _figures(field: str, made: tuple[Compared, ...], found: Indicators) -> None:
    if field == "method":
        # Over-represented ones stand before the others; among them the most frequent.
        best = max(made, key=lambda c: (c.q <= 0.05 and (c.ratio is None or c.ratio > 1), c.here), default=None)
        if best is not None:
            found["method_top_share"], found["method_top_q"] = best.share, best.q
            found["method_top_ratio"] = best.ratio if best.ratio is not None else 99.0
        return
    family = "flag" if field == "flags" else "premises"
    for c in made:
        found[f"{family}_share:{c.value}"], found[f"{family}_q:{c.value}"] = c.share, c.q
        found[f"{family}_ratio:{c.value}"] = c.ratio if c.ratio is not None else 99.0


def _shown(field: str, made: tuple[Compared, ...], title: Message, caption: Message) -> tuple[Exhibit, Message | None]:
    columns = (
        Column("value", msg("Word in the records")),
        Column("here", msg("Here"), numeric=True),
        Column("share", msg("Share here"), numeric=True),
        Column("elsewhere", msg("Share elsewhere"), numeric=True),
        Column("ratio", msg("Ratio"), numeric=True),
        Column("low", msg("From"), msg("95% interval"), True),
        Column("high", msg("To"), msg("95% interval"), True),
        Column("q_value", msg("q"), None, True),
        Column("flagged", msg("More than elsewhere")),
    )
    over = [c for c in made if c.q <= 0.05 and (c.ratio is None or c.ratio > 1)]
    listed = list(made[:LISTED])
    listed += [c for c in over if c not in listed]
    rows = tuple(
        (words(c.value), c.here, c.share, c.share_elsewhere, c.ratio, c.low, c.high, c.q, c in over) for c in listed
    )
    said = None
    if over:
        best = max(over, key=lambda c: c.here)
        said = msg(
            "{title}: “{value}” stands on {share:percent} of the records here and on {elsewhere:percent} of the "
            "same category "
            "elsewhere.",
            title=title, value=words(best.value), share=best.share, elsewhere=best.share_elsewhere,
        )  # fmt: skip
    headline = said or msg("{title}: none is clearly more frequent here than elsewhere.", title=title)
    note = msg("More than elsewhere: of those so marked, one in twenty would be so by chance (q of 0.05 or less).")
    return Exhibit(
        field, headline, Table(columns, rows, caption), "intervals", msg("share here over elsewhere"), note
    ), said


def words(slug: str) -> str:
    """A slug as the words that it was made of."""
    return slug.replace("-", " ").replace("_", " ")
