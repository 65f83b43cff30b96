"""Who or what is hit, named or heard from again and again, how concentrated is it, and how soon does it come back?

Prevalence, incidence and concentration over a window; repeats by a rolling look-back, which needs history before the
window; how much of the concentration chance alone would give; and the time course: gaps between an identifier's events
against those that its number of events would leave if they fell at random. Source: Farrell and Pease, *Once Bitten, Twice
Bitten* (Home Office 1993); Johnson, Bowers and Hirschfield (1997), *British Journal of Criminology* 37, 224-241. The null
of the time course, exact, is our own: fixing each identifier's number of events removes the difference between
identifiers, and what is left is that one event makes the next more likely soon.

Identifiers are opaque: keyed hashes or numbers, never names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._times import TICKS, Flags, Floats, Ints, level_of, sentences, share_interval, wall_clock, weights_of
from forestall.stats._unfit import Unfit
from forestall.stats.multiple import benjamini_hochberg
from forestall.text import Message, msg

#: Gaps in days whose bands the time course counts, each [a, b).
BANDS = (0.0, 1.0, 7.0, 14.0, 21.0, 28.0, 42.0, 56.0, 84.0, 112.0, 140.0, 182.0)

#: Checks fail above this share of events without an identifier, and below this many events.
MOST_UNKNOWN, ENOUGH = 0.2, 50

_DAY = 86_400.0
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranked:
    """One identifier: its place (equal figures share it), events in the window, the last of them, and their weight."""

    rank: int
    id: str
    events: int
    last: str
    weight: float


@dataclass(frozen=True)
class TopShare:
    """Share of the events (by weight where there are weights) at the ``top`` share of identifiers that have any, what
    chance alone gives with its 95 % range, and the one-sided Monte-Carlo p-value that it is no more than chance."""

    top: float
    share: float
    chance: float
    chance_low: float
    chance_high: float
    p_value: float


@dataclass(frozen=True)
class Course:
    """Gaps from an event to the next of the same identifier, by bands of days [``edges[i]``, ``edges[i + 1]``).
    ``observed`` and ``expected``: how many gaps; ``ratio`` with ``low`` and ``high``; ``p_value``: one-sided, that there
    are no more than expected, with ``q_value`` over the bands. ``at_risk``: days that identifiers stood at that distance
    from their last event; ``hazard``: observed gaps for each 1,000 such days. All but ``edges`` have shape (bands,)."""

    edges: Floats
    observed: Ints
    expected: Floats
    ratio: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats
    at_risk: Floats
    hazard: Floats


@register
@dataclass(frozen=True, kw_only=True)
class Repeats(Figures):
    """Over the window [``since``, ``until``), identifiers set apart left out: ``ids`` with at least one event
    (prevalence), ``events`` with a known identifier and time (incidence), ``per_id`` events for each such identifier
    (concentration). ``prevalence`` and ``incidence``: for each of ``parameters["population"]``, None without it.
    ``repeat_share``: share of the events whose identifier had another within the look-back before; ``repeat_ids``: share
    of identifiers with such an event; both None where records don't reach back far enough. ``unknown``: events without an
    identifier, ``undated``: without a time. ``times_hit``: identifiers with 1, 2, 3, 4 and 5 or more events,
    ``times_hit_chance``: by chance alone. ``top``: shares at the fullest identifiers. ``most_by_chance``: number of events
    that the fullest identifier stays below by chance in 19 cases of 20. ``course``: None where nothing comes twice.
    ``ranked``: identifiers with two or more events. ``tied_out``: identifiers left off the list that tie with its last.
    ``apart``: events set apart in the window, by label. ``history``: days that the records reach back before the
    window."""

    type_name: ClassVar[str] = "repeats"

    since: str
    until: str
    events: int
    ids: int
    unknown: int
    undated: int
    weight: float
    per_id: Estimate
    prevalence: Estimate | None
    incidence: Estimate | None
    repeat_events: int | None
    repeat_share: Estimate | None
    repeat_ids: Estimate | None
    times_hit: Ints
    times_hit_chance: Floats
    top: tuple[TopShare, ...]
    most_by_chance: int
    course: Course | None
    ranked: tuple[Ranked, ...]
    tied_out: int
    apart: Mapping[str, int]
    history: float

    def table(self) -> Table:
        columns = (
            Column("rank", msg("Rank"), numeric=True),
            Column("id", msg("Identifier")),
            Column("events", msg("Events"), numeric=True),
            Column("last", msg("Last")),
            Column("weight", msg("Weight"), numeric=True),
        )
        rows = tuple((r.rank, r.id, r.events, r.last, r.weight) for r in self.ranked)
        return Table(columns, rows, msg("Identifiers with two or more events"))

    def course_table(self) -> Table:
        """The time course as a table; without rows where nothing came twice."""
        columns = (
            Column("from", msg("Days from"), numeric=True),
            Column("to", msg("to under"), numeric=True),
            Column("observed", msg("Gaps"), numeric=True),
            Column("expected", msg("Expected"), numeric=True),
            Column("ratio", msg("Ratio"), numeric=True),
            Column("low", msg("From"), numeric=True),
            Column("high", msg("To"), numeric=True),
            Column("p", msg("p"), numeric=True),
            Column("q", msg("q"), numeric=True),
            Column("hazard", msg("For each 1,000 days at that distance"), numeric=True),
        )
        c = self.course
        rows: tuple[tuple[Any, ...], ...] = ()
        if c is not None:
            rows = tuple(
                (
                    float(c.edges[i]), float(c.edges[i + 1]), int(c.observed[i]), float(c.expected[i]), float(c.ratio[i]),
                    float(c.low[i]), float(c.high[i]), float(c.p_value[i]), float(c.q_value[i]), float(c.hazard[i]),
                )
                for i in range(c.observed.size)
            )  # fmt: skip
        return Table(columns, rows, msg("Time from an event to the next of the same identifier"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        return self._hits_chart(language) if self.course is None else _course_chart(self.course, language)

    def _hits_chart(self, language: str) -> dict[str, Any]:
        rows = [{"n": "5+" if i == 4 else str(i + 1), "ids": int(v)} for i, v in enumerate(self.times_hit)]
        title = msg("events of one identifier").render(language)
        return {
            "$schema": _SCHEMA,
            "width": 520,
            "height": 200,
            "data": {"values": rows},
            "mark": {"type": "bar", "style": "observed"},
            "encoding": {
                "x": {"field": "n", "type": "ordinal", "sort": None, "title": title},
                "y": {"field": "ids", "type": "quantitative", "title": msg("identifiers").render(language)},
            },
        }

    def explain(self, language: str = "en") -> str:
        parts: list[Message] = [
            msg(
                "From {since} to before {until}, {events:count} events fell on {ids:count} identifiers, {per:ratio} each "
                "({low:ratio} to {high:ratio}).",
                since=self.since, until=self.until, events=self.events, ids=self.ids, per=self.per_id.value,
                low=self.per_id.low,
                high=self.per_id.high,
            )
        ]  # fmt: skip
        if self.repeat_share is not None:
            parts.append(
                msg(
                    "{share:percent} of the events ({low:percent} to {high:percent}) came within {days:count} days of "
                    "another of the same identifier.",
                    share=self.repeat_share.value, low=self.repeat_share.low, high=self.repeat_share.high,
                    days=float(self.parameters["lookback"]),
                )
            )  # fmt: skip
        else:
            parts.append(
                msg(
                    "How many were repeats is not known: that takes {days:count} days of records before the window, and "
                    "there are {have:count}.",
                    days=float(self.parameters["lookback"]), have=self.history,
                )
            )  # fmt: skip
        for t in self.top[:1]:
            parts.append(
                msg(
                    "The fullest {top:percent} of them hold {share:percent}, where chance alone gives {chance:percent} "
                    "({low:percent} to {high:percent}).",
                    top=t.top, share=t.share, chance=t.chance, low=t.chance_low, high=t.chance_high,
                )
            )  # fmt: skip
        c = self.course
        if c is not None:
            soon = np.flatnonzero((c.q_value <= 0.05) & (c.edges[1:] <= 28.0))
            if soon.size:
                i = int(soon[np.argmax(c.ratio[soon])])
                parts.append(
                    msg(
                        "The next event comes {a:count} to under {b:count} days after the last {r:ratio} times as often "
                        "as at random.",
                        a=float(c.edges[i]), b=float(c.edges[i + 1]), r=float(c.ratio[i]),
                    )
                )  # fmt: skip
            else:
                parts.append(msg("Events don't clearly come back sooner than at random."))
        if self.unknown or self.undated:
            parts.append(
                msg(
                    "Left out: {ids:count} events without an identifier and {times:count} without a date.",
                    ids=self.unknown, times=self.undated,
                )
            )  # fmt: skip
        if self.apart:
            parts.append(
                msg(
                    "Set apart and not ranked, by their nature places of many events: {n:count}.",
                    n=sum(self.apart.values()),
                )
            )
        parts.append(
            msg(
                "One person under two identifiers, or two under one, would change all of this, and what is not reported "
                "doesn't show. Being on the list is a reason to help, and no forecast."
            )
        )
        return sentences(parts, language)


def repeats(
    ids: Any,
    t: npt.ArrayLike,
    *,
    window: float = 365,
    lookback: float = 365,
    since: Any = None,
    until: Any = None,
    records_from: Any = None,
    weights: npt.ArrayLike | None = None,
    set_apart: Any = None,
    population: float | None = None,
    top: tuple[float, ...] = (0.1, 0.01),
    listed: int = 20,
    bands: tuple[float, ...] = BANDS,
    permutations: int = 0,
    draws: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> Repeats:
    """Repeat victims, suspects, places or callers.

    ``ids``: one identifier for each event, text or whole numbers; None, empty and NaN are unknown, and spaces around are
    dropped. ``t``: datetime64, days or finer, wall clock; NaT is unknown. The window is [``since``, ``until``): ``until``
    is the day after the last event and ``since`` is ``window`` days earlier where they are None. ``lookback``: days before
    an event in which another makes it a repeat. ``records_from``: when records began, where that is earlier than the first
    event given. ``weights``: 0 or more each. ``set_apart``: True, or a label such as "hospital", for events whose place or
    caller is set apart and not ranked; one such event sets its identifier apart. ``population``: how many identifiers
    there are in all, hit or not; chance then deals events to all of them, else to as many as a Poisson distribution cut at
    zero makes likely. ``top``: shares of the identifiers. ``listed``: how many are ranked. ``bands``: edges in days of the
    time course. ``permutations``: where above 0, its p-values deal the dates anew among all events so many times, which
    keeps seasons and trends; else they are exact for events that fall evenly over the records. ``draws``: of chance for
    the concentration. ``level``: of the intervals.

    Raises ``ValueError`` for lengths that differ, months instead of days, a window that ends before it begins or has no
    event, negative weights, fewer ``population`` than identifiers, and bands out of order.
    """
    level_of(level)
    _settings(window, lookback, listed, permutations, draws, bands, top)
    time = wall_clock(t, "t")
    whole = np.datetime_data(time.dtype)[0] == "D"
    when = _days(time)
    code, names, nameless = _codes(ids, time.size)
    w = weights_of(weights, time.size)
    away, label = _set_apart(set_apart, code, nameless, names.size)
    dated = ~np.isnat(time)
    if not dated.any():
        raise Unfit(msg("none of the {n:count} events has a date: give one that has", n=time.size))
    end = float(np.floor(when[dated].max()) + 1) if until is None else _day(until, "until")
    begin = end - window if since is None else _day(since, "since")
    if not begin < end:
        raise ValueError(f"the window must begin before it ends: since {_date(begin)}, until {_date(end)}")
    earliest = float(np.floor(when[dated].min()))
    origin = earliest if records_from is None else _day(records_from, "records_from")
    if origin > earliest:
        raise ValueError(
            f"records_from ({records_from}) is later than the first event ({_date(earliest)}): give the earlier one"
        )
    history = max(begin - origin, 0.0)
    inside = dated & (when >= begin) & (when < end)
    known = dated & (when < end) & ~nameless & ~away
    good = inside & known
    if not good.any():
        raise ValueError(
            f"no event with a date and an identifier lies in the window from {_date(begin)} to {_date(end)}: choose another"
        )
    count = np.bincount(code[good], minlength=names.size).astype(np.int64)
    mass = np.asarray(np.bincount(code[good], weights=w[good], minlength=names.size), float)
    if not mass.any():
        raise ValueError("all weights in the window are 0, so nothing can be shared out: give some event a weight above 0")
    hit = count > 0
    n, m = int(count.sum()), int(hit.sum())
    if population is not None and not (math.isfinite(population) and population >= m):
        raise ValueError(f"population must be at least the {m} identifiers that have events, not {population!r}")
    rng = np.random.default_rng(seed)
    tail = (1 - level) / 2
    again = _again(code, when, known, lookback) & good
    repeat_share = repeat_ids = None
    if history >= lookback:
        repeat_share = _clustered(again, good, code, names.size, tail)
        some = int(np.count_nonzero(np.bincount(code[again], minlength=names.size)))
        low, high = share_interval(some / m, m, tail)
        repeat_ids = Estimate(some / m, float(low), float(high))
    rate = truncated_rate(n / m) if population is None else n / population
    dealt_to = float(population) if population is not None else m / -math.expm1(-rate) if rate > 0 else math.inf
    shown = mass if weights is not None else count.astype(float)
    tops, most = _concentration(shown[hit], w[good] if weights is not None else None, rate, dealt_to, top, draws, rng)
    ranked, tied_out = _ranking(names, count, mass, shown, _last(code, when, good, names.size), listed)
    lost = int((inside & nameless & ~away).sum())
    apart = label[inside & away]
    return Repeats(
        since=_date(begin),
        until=_date(end),
        events=n,
        ids=m,
        unknown=lost,
        undated=int((~dated).sum()),
        weight=float(mass.sum()),
        per_id=_per_id(count[hit], tail),
        prevalence=None if population is None else _prevalence(m, population, tail),
        incidence=None if population is None else _incidence(count[hit], population, tail),
        repeat_events=int(again.sum()) if history >= lookback else None,
        repeat_share=repeat_share,
        repeat_ids=repeat_ids,
        times_hit=np.bincount(np.minimum(count[hit], 5), minlength=6)[1:].astype(np.int64),
        times_hit_chance=_times_by_chance(n, rate, dealt_to),
        top=tops,
        most_by_chance=most,
        course=_course(code[known], when[known], origin, end, whole, bands, permutations, tail, rng),
        ranked=ranked,
        tied_out=tied_out,
        apart={str(k): int(v) for k, v in zip(*np.unique(apart, return_counts=True), strict=True)},
        history=history,
        parameters={
            "window": end - begin,
            "lookback": float(lookback),
            "weighted": weights is not None,
            "population": population,
            "top": list(top),
            "listed": listed,
            "bands": list(bands),
            "permutations": permutations,
            "draws": draws,
            "level": level,
            "records_from": _date(origin),
        },
        seed=seed,
        checks=_checks(lost, lost + n, n, history, lookback),
    )


def _settings(
    window: float,
    lookback: float,
    listed: int,
    permutations: int,
    draws: int,
    bands: tuple[float, ...],
    top: tuple[float, ...],
) -> None:
    for name, value in (("window", window), ("lookback", lookback)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a number of days above 0, not {value!r}")
    if listed < 0 or permutations < 0 or draws < 1:
        raise ValueError(
            f"listed and permutations must be 0 or more and draws 1 or more, not {listed!r}, {permutations!r} and {draws!r}"
        )
    edges = np.asarray(bands, float)
    if edges.size < 2 or not np.isfinite(edges).all() or edges[0] < 0 or (np.diff(edges) <= 0).any():
        raise ValueError(f"bands must be two or more days of 0 or more in rising order, not {tuple(bands)!r}")
    if not all(0 < x <= 1 for x in top):
        raise ValueError(f"top must hold shares above 0 and up to 1, not {tuple(top)!r}")


def _codes(ids: Any, size: int) -> tuple[Ints, npt.NDArray[np.str_], Flags]:
    """A number for each identifier, the identifiers, and which events have none (their number is 0 and means nothing)."""
    array = np.asarray(ids)
    if array.shape != (size,):
        raise ValueError(f"ids must have one identifier for each of the {size} events, not the shape {array.shape}")
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        odd = ~missing & (array != np.floor(array))
        if odd.any():
            raise ValueError(f"ids must be text or whole numbers: row {int(np.argmax(odd))} has {float(array[odd][0])!r}")
        array = np.where(missing, 0, array).astype(np.int64)
    elif array.dtype.kind in "iu":
        missing = np.zeros(size, bool)
    elif array.dtype.kind in "UO":
        texts = ["" if v is None or v != v else str(v).strip() for v in array.tolist()]
        array = np.array(texts, np.str_)
        missing = array == ""
    else:
        raise ValueError(f"ids must be text or whole numbers, not {array.dtype}")
    if missing.all():
        raise ValueError(f"none of the {size} events has an identifier, so repeats are not known: give one that has")
    names, inverse = np.unique(array[~missing], return_inverse=True)
    code = np.zeros(size, np.int64)
    code[~missing] = inverse
    return code, names.astype(np.str_), missing


def _set_apart(given: Any, code: Ints, nameless: Flags, size: int) -> tuple[Flags, npt.NDArray[np.str_]]:
    """Which events are set apart, and under what label; one labelled event sets apart all of its identifier."""
    if given is None:
        return np.zeros(code.size, bool), np.full(code.size, "", np.str_)
    array = np.asarray(given)
    if array.shape != code.shape:
        raise ValueError(f"set_apart must have one entry for each of the {code.size} events, not the shape {array.shape}")
    if array.dtype.kind not in "bUO":
        raise ValueError(f"set_apart must be true or false, or labels, not {array.dtype}")
    own = "set apart"
    label = np.array(
        ["" if v is None or v is False or v != v else own if v is True else str(v).strip() for v in array.tolist()], np.str_
    )
    marked = label != ""
    of_id = np.full(size, "", label.dtype)
    of_id[code[marked & ~nameless]] = label[marked & ~nameless]
    label = np.where(marked | nameless, label, of_id[code])
    return label != "", label


def _days(time: Any) -> Floats:
    """Days since 1970-01-01 with their fraction; NaN where unknown."""
    unit = np.datetime_data(time.dtype)[0]
    ticks = time.view(np.int64).astype(float)
    if unit != "D":
        ticks = ticks / (_DAY * TICKS[unit])
    return np.where(np.isnat(time), np.nan, ticks)


def _day(value: Any, name: str) -> float:
    time = wall_clock([value], name)
    if np.isnat(time[0]):
        raise ValueError(f"{name} must be a date, not {value!r}")
    return float(_days(time)[0])


def _date(day: float) -> str:
    return str(np.datetime64(math.floor(day), "D"))


def _again(code: Ints, when: Floats, known: Flags, lookback: float) -> Flags:
    """Events whose identifier had another in the ``lookback`` days before; of two at the same time, the second."""
    at = np.flatnonzero(known)
    order = at[np.lexsort((when[at], code[at]))]
    same = (np.diff(code[order]) == 0) & (np.diff(when[order]) <= lookback)
    out = np.zeros(code.size, bool)
    out[order[1:][same]] = True
    return out


def _last(code: Ints, when: Floats, good: Flags, size: int) -> Floats:
    last = np.full(size, -np.inf)
    np.maximum.at(last, code[good], when[good])
    return last


def _clustered(yes: Flags, base: Flags, code: Ints, size: int, tail: float) -> Estimate:
    """Share of ``base`` that are ``yes``; events of one identifier come together, so that they are worth fewer."""
    hits, all_ = np.bincount(code[yes], minlength=size), np.bincount(code[base], minlength=size)
    n, m = float(all_.sum()), int(np.count_nonzero(all_))
    share = hits.sum() / n
    variance = float(((hits - share * all_) ** 2).sum()) / n**2 * m / max(m - 1, 1)
    worth = min(n, share * (1 - share) / variance) if variance > 0 else float(m)
    low, high = share_interval(share, worth, tail)
    return Estimate(float(share), float(low), float(high))


def _per_id(counts: Ints, tail: float) -> Estimate:
    mean = float(counts.mean())
    if counts.size < 2:
        return Estimate(mean, 1.0, math.inf)
    half = float(special.stdtrit(counts.size - 1, 1 - tail)) * float(counts.std(ddof=1)) / math.sqrt(counts.size)
    return Estimate(mean, max(1.0, mean - half), mean + half)


def _prevalence(ids: int, population: float, tail: float) -> Estimate:
    low, high = share_interval(ids / population, population, tail)
    return Estimate(ids / population, float(low), float(high))


def _incidence(counts: Ints, population: float, tail: float) -> Estimate:
    """Events for each of the population: Poisson, scaled by how much identifiers differ."""
    n = float(counts.sum())
    scale = max(1.0, float((counts.astype(float) ** 2).sum()) / n - n / population)
    x = n / scale
    low, high = special.gammaincinv(x, tail) * scale, special.gammaincinv(x + 1, 1 - tail) * scale
    return Estimate(n / population, float(low) / population, float(high) / population)


def truncated_rate(mean: float) -> float:
    """The rate of a Poisson distribution whose mean without its zeros is ``mean``."""
    if mean <= 1 + 1e-12:
        return 0.0
    rate = mean - 1 if mean < 2 else mean
    for _ in range(100):
        gap = rate / -math.expm1(-rate) - mean
        slope = (-math.expm1(-rate) - rate * math.exp(-rate)) / math.expm1(-rate) ** 2
        step = gap / slope
        rate = max(rate - step, rate / 10)
        if abs(step) < 1e-13 * rate:
            break
    return rate


def _times_by_chance(n: int, rate: float, dealt_to: float) -> Floats:
    """How many identifiers would have 1, 2, 3, 4 and 5 or more events by chance."""
    if rate <= 0:
        return np.array([float(n), 0, 0, 0, 0])
    k = np.arange(1, 5)
    exact = np.exp(k * math.log(rate) - rate - special.gammaln(k + 1))
    return np.append(exact, special.gammainc(5, rate)) * dealt_to


def _concentration(
    shown: Floats,
    weights: Floats | None,
    rate: float,
    dealt_to: float,
    top: tuple[float, ...],
    draws: int,
    rng: np.random.Generator,
) -> tuple[tuple[TopShare, ...], int]:
    """Shares at the fullest identifiers against chance, and what the fullest stays below by chance."""
    m = shown.size
    taken = [math.ceil(x * m - 1e-9) for x in top]
    sorted_ = np.cumsum(np.sort(shown)[::-1])
    observed = np.array([sorted_[k - 1] / sorted_[-1] for k in taken])
    if rate <= 0:  # each has one event, and chance could give no less
        by_chance = np.broadcast_to(observed, (draws, len(top)))
        most = np.ones(draws)
    else:
        # How many identifiers get 0, 1, 2 … events tells the shares; nobody need be dealt to one by one.
        highest = int(rate + 12 * math.sqrt(rate) + 30)
        k = np.arange(highest + 1)
        chance = np.exp(k * math.log(rate) - rate - special.gammaln(k + 1))
        cells = rng.multinomial(max(round(dealt_to), m), chance / chance.sum(), size=draws)
        most = highest - np.argmax(cells[:, ::-1] > 0, 1)
        by_chance = _dealt_counts(cells, top) if weights is None else _dealt_weights(weights, dealt_to, top, draws, rng)
    out = []
    for i, ids in enumerate(taken):
        low, high = np.quantile(by_chance[:, i], [0.025, 0.975])
        reached = int((by_chance[:, i] >= observed[i] - 1e-12).sum())
        p = (reached + 1) / (draws + 1)
        out.append(TopShare(ids / m, float(observed[i]), float(by_chance[:, i].mean()), float(low), float(high), p))
    return tuple(out), int(np.quantile(most, 0.95, method="higher")) + 1


def _dealt_counts(cells: Ints, top: tuple[float, ...]) -> Floats:
    """Share of events at the fullest identifiers of each draw, from how many have 0, 1, 2 … events; (draws, top)."""
    down = cells[:, :0:-1].astype(float)
    level = np.arange(cells.shape[1] - 1, 0, -1.0)
    above = np.cumsum(down, 1) - down
    ids, events = down.sum(1), down @ level
    out = []
    for x in top:
        left = np.ceil(x * ids - 1e-9)[:, None] - above
        out.append((np.clip(left, 0, down) @ level) / np.maximum(events, 1))
    return np.stack(out, 1)


def _dealt_weights(w: Floats, dealt_to: float, top: tuple[float, ...], draws: int, rng: np.random.Generator) -> Floats:
    """The same where events weigh differently: each is dealt to an identifier of its own accord."""
    out = np.empty((draws, len(top)))
    for d in range(draws):
        _, place = np.unique(rng.integers(max(1, round(dealt_to)), size=w.size), return_inverse=True)
        mass = np.cumsum(np.sort(np.bincount(place, weights=w))[::-1])
        out[d] = [mass[math.ceil(x * mass.size - 1e-9) - 1] / mass[-1] for x in top]
    return out


def _ranking(
    names: npt.NDArray[np.str_], count: Ints, mass: Floats, shown: Floats, last: Floats, listed: int
) -> tuple[tuple[Ranked, ...], int]:
    """Identifiers with two or more events, fullest first, then latest; equal figures share their rank."""
    some = np.flatnonzero(count >= 2)
    order = some[np.lexsort((names[some], -last[some], -shown[some]))]
    figures = shown[order]
    rank = 1 + np.searchsorted(-figures, -figures, side="left")
    rows = tuple(
        Ranked(int(rank[i]), str(names[j]), int(count[j]), _date(float(last[j])), float(mass[j]))
        for i, j in enumerate(order[:listed].tolist())
    )
    tied = int((figures[listed:] == figures[listed - 1]).sum()) if 0 < listed < figures.size else 0
    return rows, tied


def _course(
    code: Ints,
    when: Floats,
    origin: float,
    end: float,
    whole: bool,
    bands: tuple[float, ...],
    permutations: int,
    tail: float,
    rng: np.random.Generator,
) -> Course | None:
    """Gaps between an identifier's events, against as many events that fall at random on [origin, end)."""
    edges = np.asarray(bands, float)
    order = np.lexsort((when, code))
    c, t = code[order], when[order]
    same = np.diff(c) == 0
    if not same.any():
        return None
    observed = _banded(np.diff(t)[same], edges)
    last = np.append(~same, True)
    spells = np.where(last, end - t, np.append(np.diff(t), 0.0))
    at_risk = np.clip(spells[:, None] - edges[None, :-1], 0, np.diff(edges)[None, :]).sum(0)
    p = np.ones(observed.size)
    if permutations:
        place = np.argsort(np.argsort(t, kind="stable"), kind="stable")
        in_order = np.sort(t)
        total, reached = np.zeros(observed.size), np.zeros(observed.size)
        for _ in range(permutations):
            key = np.sort(c * np.int64(t.size) + rng.permutation(place))
            drawn = _banded(np.diff(in_order[key % t.size])[same], edges)
            total += drawn
            reached += drawn >= observed
        expected = total / permutations
        p = (reached + 1) / (permutations + 1)
    else:
        sizes, ids = np.unique(np.bincount(code), return_counts=True)
        keep = sizes >= 2
        expected = expected_gaps(sizes[keep], ids[keep], end - origin, edges, whole=whole)
        some = (observed > 0) & (expected > 0)
        p[some] = np.maximum(special.gammainc(observed[some], expected[some]), np.finfo(float).tiny)
    known = expected > 0
    safe = np.where(known, expected, 1.0)
    low = np.where(observed > 0, special.gammaincinv(np.maximum(observed, 1), tail), 0.0)
    high = special.gammaincinv(observed + 1, 1 - tail)
    return Course(
        edges=edges,
        observed=observed,
        expected=expected,
        ratio=np.where(known, observed / safe, np.nan),
        low=np.where(known, low / safe, np.nan),
        high=np.where(known, high / safe, np.nan),
        p_value=p,
        q_value=benjamini_hochberg(p),
        at_risk=at_risk,
        hazard=np.where(at_risk > 0, 1000 * observed / np.maximum(at_risk, 1e-12), np.nan),
    )


def _course_chart(c: Course, language: str) -> dict[str, Any]:
    rows = [
        {
            "from": float(c.edges[i]),
            "to": float(c.edges[i + 1]),
            "ratio": float(c.ratio[i]),
            "low": float(c.low[i]),
            "high": float(c.high[i]),
            "clear": bool(c.q_value[i] <= 0.05),
        }
        for i in range(c.observed.size)
        if math.isfinite(c.ratio[i]) and math.isfinite(c.high[i])
    ]
    x: dict[str, Any] = {
        "type": "quantitative",
        "title": msg("days since the last event of the same identifier").render(language),
    }
    y: dict[str, Any] = {
        "type": "quantitative",
        "title": msg("times as many as at random").render(language),
        "scale": {"zero": True},
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rect", "style": "interval"},
            "encoding": {
                "x": {**x, "field": "from"}, "x2": {"field": "to"}, "y": {**y, "field": "low"}, "y2": {"field": "high"},
            },
        },
        {
            "data": {"values": [{"at": 1}]},
            "mark": {"type": "rule", "style": "limit"},
            "encoding": {"y": {**y, "field": "at"}},
        },
    ]  # fmt: skip
    for clear, style in ((True, "flagged"), (False, "observed")):
        layers.append(
            {
                "transform": [{"filter": f"datum.clear === {str(clear).lower()}"}],
                "mark": {"type": "rule", "style": style, "strokeWidth": 3, "strokeDash": [1, 0]},
                "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}, "y": {**y, "field": "ratio"}},
            }
        )
    return {"$schema": _SCHEMA, "width": 520, "height": 200, "data": {"values": rows}, "layer": layers}


def _banded(gaps: Floats, edges: Floats) -> Ints:
    """How many gaps lie in each band [a, b); a gap within a millisecond of an edge belongs to the band that it opens."""
    band = np.searchsorted(edges, gaps + 1e-8, side="right") - 1
    return np.bincount(band[(band >= 0) & (band < edges.size - 1)], minlength=edges.size - 1).astype(np.int64)


def expected_gaps(sizes: Ints, ids: Ints, period: float, edges: Floats, *, whole: bool) -> Floats:
    """Expected number of gaps in each band [a, b) where ``ids[i]`` identifiers have ``sizes[i]`` events each that fall at
    random on ``period`` days. Exact: of n events at any instant, each of the n - 1 gaps exceeds g with probability (1 -
    g/T)^n; of events on ``whole`` days, which can share a day, (T - k)((1 - (k-1)/T)^n - (1 - k/T)^n) - (1 - k/T)^n gaps
    have k days or more."""
    n, many = sizes.astype(float)[:, None], ids.astype(float)[:, None]
    if not whole:
        beyond = (n - 1) * np.clip(1 - edges[None, :] / period, 0, 1) ** n
    else:
        k = np.ceil(edges - 1e-9)[None, :]
        stay, before = np.clip(1 - k / period, 0, 1) ** n, np.clip(1 - (k - 1) / period, 0, 1) ** n
        beyond = np.where(k < 1, n - 1, np.maximum((period - k) * (before - stay) - stay, 0))
        beyond = np.where(k >= period, 0.0, beyond)
    beyond = (many * beyond).sum(0)
    return np.asarray(np.maximum(beyond[:-1] - beyond[1:], 0.0), float)


def _checks(lost: int, all_: int, n: int, history: float, lookback: float) -> tuple[Check, ...]:
    return (
        Check(
            "identity", lost <= MOST_UNKNOWN * all_,
            msg("{n:count} of {all:count} events have no identifier and are left out.", n=lost, all=all_),
        ),
        Check(
            "history", history >= lookback,
            msg(
                "Records reach {have:count} days back before the window; repeats need "
                "{need:count}.", have=history, need=lookback
            ),
        ),
        Check("enough", n >= ENOUGH, msg("{n:count} events are known; {least} are wanted.", n=n, least=ENOUGH)),
    )  # fmt: skip
