"""The last months replayed: what the scan would have said each month, against last year's counts, and what came next.

At the end of each month the scan sees only what the records held until then. Its list is its strongest rises: all that are
established, filled up with candidates to ``listed``. Each is paired with a naive twin: as many areas, of the same category,
with the most records in the twelve months to then. Both are followed over the next months (``horizon``) against what their
own past leads one to expect:

    expected = whole force's count in the months that follow x the areas' share of the force's count before the window

so a rise or fall of the whole force counts for neither. A pair is a *hit* for a list where the ratio's one-sided 90 %
bound (exact conditional test, counts divided by the category's dispersion) lies above 1 and the months that follow hold
three records or more: chance alone gives at most about one in ten. Areas whose map points changed, and months set aside,
are scored for neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall import __version__
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import months as mm
from forestall.records.ground import HISTORY, Ground, lay
from forestall.records.records import Records
from forestall.results import Check, Column, Provenance, Result, Scan, Signal, Table, register
from forestall.scan.find import find
from forestall.stats.rates import rate_ratio
from forestall.text import Message, msg

METHOD, VERSION = "replay", "1"

#: How sure a hit must be, two-sided: 0.8 leaves one in ten on the upper side.
LEVEL = 0.80
#: A hit holds at least this many records: one or two where none were before are no rise.
LEAST = 3
#: Fewer distinct rises than this are too few to tell the lists apart.
FEW = 8


@dataclass(frozen=True)
class Followed:
    """What came next in a set of areas. ``ratio`` is None where nothing was to be expected and nothing came."""

    areas: tuple[str, ...]
    observed: int
    expected: float
    ratio: float | None
    low: float

    @property
    def outcome(self) -> str:
        """``hit``: above its own past beyond chance; ``above``: above, within chance; ``miss``: not above."""
        if self.low > 1 and self.observed >= LEAST:
            return "hit"
        return "above" if self.observed > self.expected else "miss"

    def to_json(self) -> dict[str, Any]:
        return {
            "areas": list(self.areas), "observed": self.observed, "expected": self.expected, "ratio": self.ratio,
            "low": self.low,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Followed:
        return Followed(tuple(data["areas"]), data["observed"], data["expected"], data["ratio"], data["low"])


@dataclass(frozen=True)
class Pick:
    """A rise that the scan listed at the end of ``month``, established or a candidate, with its naive twin.

    ``problem``: the same for the same rise in successive months. ``whole``: the force's count of the category in the months
    that follow. ``scan`` and ``naive`` are None where the pair can't be scored.
    """

    month: str
    problem: str
    category: str
    place: Message
    areas: tuple[str, ...]
    since: str
    ratio: float
    established: bool
    twin: tuple[str, ...]
    followed: tuple[str, ...]
    whole: int
    scan: Followed | None
    naive: Followed | None

    @property
    def scored(self) -> bool:
        return self.scan is not None and self.naive is not None

    def to_json(self) -> dict[str, Any]:
        return {
            "month": self.month, "problem": self.problem, "category": self.category, "place": self.place.to_json(),
            "areas": list(self.areas), "since": self.since, "ratio": self.ratio,
            "established": self.established, "twin": list(self.twin),
            "followed": list(self.followed), "whole": self.whole,
            "scan": self.scan.to_json() if self.scan else None, "naive": self.naive.to_json() if self.naive else None,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Pick:
        return Pick(
            data["month"], data["problem"], data["category"], Message.from_json(data["place"]), tuple(data["areas"]),
            data["since"], data["ratio"], data["established"], tuple(data["twin"]), tuple(data["followed"]), data["whole"],
            Followed.from_json(data["scan"]) if data["scan"] else None,
            Followed.from_json(data["naive"]) if data["naive"] else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Score:
    """One list's score over the scored pairs. ``share``: of the force's records in the months that followed, those in the
    listed areas; ``area_share``: of all areas, those listed."""

    pairs: int
    hits: int
    above: int
    misses: int
    observed: int
    expected: float
    share: float
    area_share: float

    @property
    def excess(self) -> float:
        return self.observed - self.expected


@register
@dataclass(frozen=True)
class Replay(Result):
    """What the scan would have listed at the end of each month, and how it and its naive twin did."""

    type_name: ClassVar[str] = "replay"

    months: tuple[str, ...]
    horizon: int
    listed: int
    areas: int
    picks: tuple[Pick, ...]
    provenance: Provenance
    skipped: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    def scored(self) -> tuple[Pick, ...]:
        return tuple(p for p in self.picks if p.scored)

    def first(self) -> tuple[Pick, ...]:
        """Each distinct rise once, as first listed, of those that can be scored."""
        seen: dict[str, Pick] = {}
        for pick in self.scored():
            seen.setdefault(pick.problem, pick)
        return tuple(seen.values())

    def score(self, naive: bool = False, month: str | None = None, established: bool | None = None) -> Score:
        """The score of the scan's list, or of its naive twin's; of one month, of established rises or of candidates alone
        where asked for."""
        picks = [p for p in self.scored() if month in (None, p.month) and established in (None, p.established)]
        sides = [s for p in picks if (s := p.naive if naive else p.scan) is not None]
        whole = sum(p.whole for p in picks)
        return Score(
            pairs=len(sides),
            hits=sum(s.outcome == "hit" for s in sides),
            above=sum(s.outcome == "above" for s in sides),
            misses=sum(s.outcome == "miss" for s in sides),
            observed=sum(s.observed for s in sides),
            expected=sum(s.expected for s in sides),
            share=sum(s.observed for s in sides) / whole if whole else 0.0,
            area_share=sum(len(s.areas) for s in sides) / (self.areas * len(sides)) if sides and self.areas else 0.0,
        )

    def p_value(self) -> float | None:
        """Exact two-sided sign test over distinct rises: those that only one list hit. None where there is none."""
        from scipy import stats as ss

        only = [(p.scan, p.naive) for p in self.first()]
        scan = sum(s.outcome == "hit" and n.outcome != "hit" for s, n in only if s and n)
        naive = sum(n.outcome == "hit" and s.outcome != "hit" for s, n in only if s and n)
        if scan + naive == 0:
            return None
        return float(ss.binomtest(scan, scan + naive, 0.5).pvalue)

    def verdict(self) -> str:
        """``few``, ``scan``, ``naive`` or ``same``: which list pointed at what went on rising."""
        if len(self.first()) < FEW:
            return "few"
        p = self.p_value()
        if p is None or p > 0.1:
            return "same"
        scan = sum(s.outcome == "hit" for q in self.first() if (s := q.scan))
        naive = sum(n.outcome == "hit" for q in self.first() if (n := q.naive))
        return "scan" if scan > naive else "naive"

    def table(self) -> Table:
        columns = (
            Column("month", msg("Said at the end of")),
            Column("category", msg("Category")),
            Column("place", msg("Where")),
            Column("areas", msg("Area codes")),
            Column("since", msg("Rising since")),
            Column("ratio", msg("Then"), msg("times expected"), True),
            Column("established", msg("Established")),
            Column("followed", msg("Followed in")),
            Column("observed", msg("Next, recorded"), msg("count"), True),
            Column("expected", msg("Next, expected"), msg("count"), True),
            Column("outcome", msg("Came out as")),
            Column("naive_areas", msg("Last year's counts: area codes")),
            Column("naive_observed", msg("Next, recorded"), msg("count"), True),
            Column("naive_expected", msg("Next, expected"), msg("count"), True),
            Column("naive_outcome", msg("Came out as")),
        )
        rows = tuple(
            (
                p.month, p.category, p.place, p.areas, p.since, p.ratio, p.established, p.followed,
                p.scan.observed if p.scan else None, p.scan.expected if p.scan else None,
                p.scan.outcome if p.scan else "not scored", p.twin,
                p.naive.observed if p.naive else None, p.naive.expected if p.naive else None,
                p.naive.outcome if p.naive else "not scored",
            )
            for p in self.picks
        )  # fmt: skip
        return Table(columns, rows, msg("Every rise that would have been listed, and what came next"))

    def chart(self, language: str = "en", width: int = 680) -> Any:
        """For each month's lists, records of the months that followed over those expected."""
        from forestall.report.charts import compared_chart

        def course(naive: bool) -> list[float | None]:
            scores = [self.score(naive, m) for m in self.months]
            return [s.observed / s.expected if s.pairs and s.expected > 0 else None for s in scores]

        names = (msg("the scan's list"), msg("last year's counts"))
        axis = msg("recorded next, times expected")
        return compared_chart(self.months, course(False), course(True), names, axis, language, line=1.0, width=width)

    def explain(self, language: str = "en") -> str:
        mine, naive = self.score(), self.score(naive=True)
        if not mine.pairs:
            return msg(
                "In {n:count} months replayed, no rise was listed that could be followed, so the lists can't be compared.",
                n=len(self.months),
            ).render(language)
        parts = [
            msg(
                "Of {n:count} listings of {distinct:count} distinct rises, {hits:count} went on above their own past "
                "beyond chance; of as many areas chosen by last year's counts, {naive:count} did. Chance alone gives about "
                "one in ten.",
                n=mine.pairs, distinct=len(self.first()), hits=mine.hits, naive=naive.hits,
            ),
            verdict_text(self),
        ]  # fmt: skip
        return " ".join(p.render(language) for p in parts)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type_name,
            "months": list(self.months),
            "horizon": self.horizon,
            "listed": self.listed,
            "areas": self.areas,
            "picks": [p.to_json() for p in self.picks],
            "skipped": list(self.skipped),
            "provenance": self.provenance.to_json(),
            "checks": [c.to_json() for c in self.checks],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Replay:
        return Replay(
            months=tuple(data["months"]),
            horizon=data["horizon"],
            listed=data["listed"],
            areas=data["areas"],
            picks=tuple(Pick.from_json(p) for p in data["picks"]),
            provenance=Provenance.from_json(data["provenance"]),
            skipped=tuple(data["skipped"]),
            checks=tuple(Check.from_json(c) for c in data["checks"]),
        )


def verdict_text(replay: Replay) -> Message:
    """In one sentence, whether the scan beat last year's counts at pointing to what went on rising."""
    match replay.verdict():
        case "few":
            return msg("So few distinct rises are too few to tell which list points better.")
        case "scan":
            return msg("The scan pointed better to what went on rising.")
        case "naive":
            return msg("The scan did worse here than last year's counts: don't rely on its rises for this force.")
        case _:
            return msg(
                "That is no clear difference: so few distinct rises tell the lists apart that chance could have done it."
            )


def replay(
    records: Records,
    places: Callable[[str], Places | None] | Places | None = None,
    *,
    force: str | None = None,
    until: str | None = None,
    months: int = 12,
    horizon: int = 3,
    listed: int = 5,
    seed: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    **settings: Any,
) -> Replay:
    """Scans at the end of each of the ``months`` before ``until`` and follows each list over up to ``horizon`` months.

    ``listed``: how many rises a month's list holds, where fewer are established.

    ``places``: as for :func:`forestall.scan.find`, or a function of the month that gives them (so that centroids taken from
    points don't see the future). ``progress``: called with month, number done, and how many. ``settings`` go to ``find``.
    Raises ``ForestallError`` where there is no month with enough history to replay.
    """
    at = places if callable(places) else lambda _: places
    held = records.months(force)
    until = until or held[-1]
    first = mm.shift(held[0], HISTORY)
    wanted = mm.between(mm.shift(until, -months), mm.shift(until, -1))
    replayed = tuple(m for m in wanted if m >= first)
    if not replayed:
        raise ForestallError(
            f"there is too little history before {until} to replay: records begin in {held[0]}, and a scan needs more than "
            f"{HISTORY} months"
        )
    after = lay(records, at(until), force=force, until=until, lookback=36 + months, neighbours=1)
    picks: list[Pick] = []
    earlier: Scan | None = None
    for i, month in enumerate(replayed):
        if progress is not None:
            progress(month, i, len(replayed))
        scan = find(
            records,
            at(month),
            force=force,
            until=month,
            seed=seed,
            kinds=("rising",),
            earlier=earlier.signals if earlier else (),
            **settings,
        )
        picks += _picks(scan, after, month, horizon, listed)
        earlier = scan
    parameters = {"force": after.force, "until": until, "months": months, "horizon": horizon, "listed": listed, **settings}
    return Replay(
        months=replayed,
        horizon=horizon,
        listed=listed,
        areas=len(after.cube.areas),
        picks=tuple(picks),
        provenance=Provenance(records.snapshot, METHOD, f"{VERSION} (forestall {__version__})", parameters, seed),
        skipped=tuple(m for m in wanted if m < first),
    )


def strongest(scan: Scan, listed: int) -> list[Signal]:
    """A scan's rises as its list of ``listed``: all that are established, then candidates, the strongest first."""
    rises = [s for s in scan.signals if s.kind == "rising"]
    rises.sort(key=lambda s: (not s.established, s.q_value or 0.0, s.p_value or 0.0))
    return rises[: max(listed, sum(s.established for s in rises))]


def _picks(scan: Scan, after: Ground, month: str, horizon: int, listed: int) -> list[Pick]:
    """The scan's list, paired and followed."""
    out: list[Pick] = []
    used: dict[str, set[int]] = {}
    cube = after.cube
    index = {a: i for i, a in enumerate(cube.areas)}
    t = cube.months.index(month)
    for signal in strongest(scan, listed):
        if signal.category not in cube.categories:
            continue
        counts, usable, broken = cube.of(signal.category), after.usable[signal.category], after.broken[signal.category]
        taken = used.setdefault(signal.category, set())
        twin = most_counted(counts[:, max(0, t - 11) : t + 1], len(signal.areas), taken)
        taken |= set(twin)
        follow = [j for j in range(t + 1, min(t + 1 + horizon, len(cube.months))) if usable[j]]
        history = [j for j in range(cube.months.index(signal.since)) if usable[j] and j > t - 36]
        whole = np.where(broken[:, None], 0, counts).sum(0)
        dispersion = max(1.0, float(signal.details.get("dispersion") or 1.0))
        mine = [index[a] for a in signal.areas if a in index]
        sides = [_follow(cube.areas, counts, whole, rows, broken, history, follow, dispersion) for rows in (mine, twin)]
        if None in sides:
            sides = [None, None]
        out.append(
            Pick(
                month, signal.id, signal.category, signal.place, signal.areas, signal.since, signal.ratio,
                signal.established,
                tuple(cube.areas[i] for i in twin), tuple(cube.months[j] for j in follow), int(whole[follow].sum()),
                sides[0], sides[1],
            )
        )  # fmt: skip
    return out


def most_counted(counts: npt.NDArray[np.int64], k: int, taken: set[int]) -> list[int]:
    """The naive list: the ``k`` rows of ``counts`` (areas, months) with the most, ties by row, less those ``taken``."""
    order = np.argsort(-counts.sum(1), kind="stable")
    return [int(i) for i in order if int(i) not in taken][:k]


def _follow(
    areas: Sequence[str],
    counts: npt.NDArray[np.int64],
    whole: npt.NDArray[np.int64],
    rows: Sequence[int],
    broken: npt.NDArray[np.bool_],
    history: Sequence[int],
    follow: Sequence[int],
    dispersion: float,
) -> Followed | None:
    """What came next in ``rows`` against their share of the past; None where that can't be said."""
    kept = [i for i in rows if not broken[i]]
    if not kept or not follow or not history:
        return None
    own = counts[kept].sum(0)
    past, past_whole = int(own[list(history)].sum()), int(whole[list(history)].sum())
    came, came_whole = int(own[list(follow)].sum()), int(whole[list(follow)].sum())
    if past_whole == 0 or came_whole == 0:
        return None
    expected = came_whole * past / past_whole
    compared = rate_ratio(came, past, came_whole, past_whole, level=LEVEL, dispersion=dispersion)
    ratio = came / expected if expected > 0 else None
    low = 0.0 if came == 0 else compared.interval[0]
    return Followed(tuple(areas[i] for i in kept), came, expected, ratio, low)
