"""How complete the last months are: reports come late, and what is not in yet would look like a fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.results import Check
from forestall.scan.sentences import title
from forestall.text import msg

#: A month counts as complete where this share of its records is in.
COMPLETE = 0.95
#: Delays are learnt from records that had so many days to come in, and of so many months before the last.
SETTLED_DAYS, MONTHS = 120, 24
#: The last day on which records were made is the one by which this share of them was: single slips lie in the future.
BY = 0.999
#: Fewest records that delays are learnt from; last months looked at; months left out where delays are not known.
LEAST, LOOKED_AT, UNKNOWN = 200, 3, 1


@dataclass(frozen=True)
class Completeness:
    """``left_out``: by category, how many last months are too incomplete. ``share``: by category, the share of the last
    three months' records that is in, latest month last; empty where delays are not known."""

    left_out: dict[str, int]
    share: dict[str, tuple[float, ...]]
    check: Check


def completeness(
    records: Records, categories: tuple[str, ...], *, force: str | None, until: str, months: int | None = None
) -> Completeness:
    """Estimates, from the days between an event and its record, how much of the last months is in.

    ``months``: leave out exactly so many last months, whatever the delays. Without it, and where the records don't know
    when they were made, one month is left out.
    """
    if months is not None:
        if months < 0:
            raise ForestallError(f"the months left out as incomplete must be 0 or more, not {months}")
        text = msg("Falls are looked for without the last {n:count} months, as asked for.", n=months)
        return Completeness(dict.fromkeys(categories, months), {}, Check("late-reports", True, text))
    delays = _delays(records, force, until)
    if delays is None:
        text = msg(
            "These records don't say when they were made, so how complete {month:month} is can't be told: falls are looked "
            "for without it.",
            month=until,
        )
        return Completeness(dict.fromkeys(categories, UNKNOWN), {}, Check("late-reports", False, text))
    left_out: dict[str, int] = {}
    share: dict[str, tuple[float, ...]] = {}
    for category in categories:
        got = delays.get(category)
        if got is None:
            left_out[category] = UNKNOWN
            continue
        share[category] = got
        incomplete = [i for i, v in enumerate(got) if v < COMPLETE]
        left_out[category] = len(got) - incomplete[0] if incomplete else 0
    late = sorted(c for c, n in left_out.items() if n)
    if not late:
        text = msg("By the usual delays of reports, {month:month} is complete enough to tell a fall.", month=until)
    else:
        text = msg(
            "By the usual delays of reports, too little of the last months is in yet for these, and falls are looked for "
            "without them: {names:list}.",
            names=[title(c) for c in late],
        )
    return Completeness(left_out, share, Check("late-reports", not late, text))


def _delays(records: Records, force: str | None, until: str) -> dict[str, tuple[float, ...]] | None:
    """By category, the share of the records of each of the last months that is in; None where no record says."""
    filled = records.filled()
    made = next((f for f in ("recorded_at", "reported_at") if f in filled), None)
    if made is None or "occurred_from:day" not in filled:
        return None
    got = records.delays(made, force=force, since=mm.shift(until, -MONTHS), until=until)
    if len(got) == 0:
        return None
    happened, when, n = (np.asarray(got[c].to_numpy()) for c in ("happened", "made", "n"))
    happened, when = happened.astype("datetime64[D]").astype(np.int64), when.astype("datetime64[D]").astype(np.int64)
    return _shares(got["category"].to_pylist(), happened, when, n.astype(np.int64), until)


def _last(made: npt.NDArray[np.int64], n: npt.NDArray[np.int64]) -> int:
    """The day by which :data:`BY` of the records were made."""
    order = np.argsort(made)
    upto = np.cumsum(n[order])
    return int(made[order][np.searchsorted(upto, BY * upto[-1])])


def _shares(
    categories: list[Any],
    happened: npt.NDArray[np.int64],
    made: npt.NDArray[np.int64],
    n: npt.NDArray[np.int64],
    until: str,
) -> dict[str, tuple[float, ...]]:
    last = _last(made, n)
    names = np.asarray(categories)
    out: dict[str, tuple[float, ...]] = {}
    for category in sorted(set(categories)):
        old = (names == category) & (happened <= last - SETTLED_DAYS)
        if n[old].sum() < LEAST:
            continue
        delay = np.clip(made[old] - happened[old], 0, None)
        by_day = np.cumsum(np.bincount(delay, weights=n[old])) / n[old].sum()
        shares = []
        for month in mm.between(mm.shift(until, 1 - LOOKED_AT), until):
            first = int(np.datetime64(f"{month}-01").astype("datetime64[D]").astype(np.int64))
            end = int(np.datetime64(f"{mm.shift(month, 1)}-01").astype("datetime64[D]").astype(np.int64))
            follow = np.clip(last - np.arange(first, end), -1, by_day.size - 1)
            shares.append(float(np.where(follow >= 0, by_day[np.maximum(follow, 0)], 0.0).mean()))
        out[category] = tuple(shares)
    return out
