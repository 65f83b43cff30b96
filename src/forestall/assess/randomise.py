"""Who comes first is drawn by lot: matched pairs, or a stepped wedge in which every place gets its turn.

Where a response can't begin everywhere at once, the order has to come from somewhere; a lot is the fairest, and the only
one after which no difference between places can pass for an effect. Places are first matched on what they were, so that
the draw is between like and like. The seed, the people, the date and a hash of the whole are kept with it: whoever has
the places and the seed makes the same draw again.

Sources: Fisher, *The Design of Experiments* (1935); Greevy, Lu, Silber and Rosenbaum, *Optimal multivariate matching before
randomization*, Biostatistics 5 (2004) 263-275; Hussey and Hughes, *Design and analysis of stepped wedge cluster randomized
trials*, Contemporary Clinical Trials 28 (2007) 182-191.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from forestall.assess import _matching, _scheme
from forestall.assess._lots_drawing import lots_drawing
from forestall.assess._sheet import read_rows
from forestall.errors import ForestallError
from forestall.results import Check, Column, Figures, Table, register
from forestall.stats.rates import plain
from forestall.text import Message, msg, msg_n, probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SCHEMES = ("pairs", "wedge")
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
#: Two groups whose levels differ by more than this share of the places' spread are called uneven.
UNEVEN = 0.25
NOBODY: tuple[str, ...] = ()


@register
@dataclass(frozen=True, kw_only=True)
class RandomisedDesign(Figures):
    """A draw. ``scheme``: ``pairs`` or ``wedge``. By place, sorted by code: ``places``; ``blocks``, the pair or group of
    like places, from 0; ``arms``, the step drawn, from 0 (in pairs 0 begins at ``starts[0]`` and 1 is compared).
    ``starts``: the month in which each step begins. ``first``, ``end``: months whose counts are analysed. ``history``:
    what was matched on, shape (places, columns). ``left_over``: places that no pair was left for. ``hash``: of everything
    else, hex."""

    type_name: ClassVar[str] = "randomised-design"

    scheme: str
    places: tuple[str, ...]
    blocks: tuple[int, ...]
    arms: tuple[int, ...]
    starts: tuple[str, ...]
    first: str
    end: str
    history: Floats
    columns: tuple[str, ...]
    left_over: tuple[str, ...]
    drawn_on: str
    drawn_by: tuple[str, ...]
    hash: str = ""

    @property
    def level(self) -> Floats:
        """The mean of what each place was matched on, shape (places,)."""
        return np.asarray(self.history.mean(1), float)

    @property
    def ways(self) -> int:
        """How many steps a draw deals out, being compared counted as one."""
        return 2 if self.scheme == "pairs" else len(self.starts)

    @property
    def possible(self) -> int:
        """How many draws there could have been."""
        return _scheme.possible(np.array(self.blocks, np.int64), self.ways)

    @property
    def smallest_p(self) -> float:
        """The smallest two-sided p-value that the clearest effect could reach."""
        return min(1.0, 2 / self.possible)

    @property
    def intact(self) -> bool:
        """Whether the hash is still that of what stands here."""
        return self.hash == _hash(self)

    def month_of(self, place: str) -> str | None:
        """The month in which a place begins; None where it is compared."""
        arm = self.arms[self.places.index(place)]
        return self.starts[arm] if arm < len(self.starts) else None

    def table(self) -> Table:
        columns = (
            Column("place", msg("Place")),
            Column("block", msg("Pair") if self.scheme == "pairs" else msg("Group of like places"), None, True),
            Column("level", msg("Level it was matched on"), None, True),
            Column("order", msg("Order drawn"), None, True),
            Column("starts", msg("Begins")),
        )
        rows = []
        for i in np.lexsort((np.array(self.arms), np.array(self.blocks))):
            starts = self.month_of(self.places[i])
            said: Any = msg("compared, does not begin") if starts is None else msg("{month:month}", month=starts)
            rows.append((self.places[i], self.blocks[i] + 1, float(self.level[i]), self.arms[i] + 1, said))
        return Table(
            columns, tuple(rows), msg("Drawn on {day:day} with seed {seed}", day=self.drawn_on, seed=str(self.seed))
        )

    def chart(self, language: str = "en") -> dict[str, Any]:
        return lots_drawing(
            self.places, self.blocks, self.arms, self.starts, self.first, self.end, self.level, self.scheme, language
        )

    def explain(self, language: str = "en") -> str:
        n = len(self.places)
        said: list[Message] = []
        if self.scheme == "pairs":
            said.append(
                msg_n(
                    "{n:count} pair of places that were most alike was made, and a lot drawn in it: one begins in "
                    "{start:month}, the other is compared until {end:month}.",
                    "{n:count} pairs of places that were most alike were made, and a lot drawn in each: one begins in "
                    "{start:month}, the other is compared until {end:month}.",
                    n // 2, start=self.starts[0], end=self.end,
                )
            )  # fmt: skip
        else:
            said.append(
                msg(
                    "{n:count} places get their turn in {steps:count} steps, from {start:month} to {last:month}; in each "
                    "group of like places a lot says who comes when, and counts run from {first:month} to {end:month}.",
                    n=n, steps=len(self.starts), start=self.starts[0], last=self.starts[-1], first=self.first, end=self.end,
                )
            )  # fmt: skip
        if self.left_over:
            said.append(
                msg(
                    "{places:list} was left out, because the number of places is odd and the others match best without it.",
                    places=list(self.left_over),
                )
            )
        said.append(
            msg(
                "The draw was made on {day:day} by {people:list} with seed {seed}; its hash begins {hash}. Whoever has "
                "the places and the seed draws the same; a draw that is repeated until it pleases is none, so the first "
                "one counts.",
                day=self.drawn_on, people=list(self.drawn_by), seed=str(self.seed), hash=self.hash[:12],
            )
        )  # fmt: skip
        said.append(
            msg(
                "It will be analysed by the same lot: the effect is set against every order that could have been drawn, "
                "and nothing is assumed of how counts scatter. The smallest p-value that it could give: {p}.",
                p=probability(self.smallest_p, language),
            )
        )
        said.append(
            msg(
                "A lot makes places alike on average only, and can't stop a response from spilling over to those that wait."
            )
        )
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)


def matched_pairs(
    history: Mapping[str, float | Sequence[float]],
    *,
    start: str,
    end: str,
    drawn_by: Sequence[str],
    seed: int | None = None,
    drawn_on: str | None = None,
    columns: Sequence[str] = (),
) -> RandomisedDesign:
    """Pairs the places that are most alike (least total distance) and draws which of each begins.

    ``history``: of each place's code a value of 0 or more, or as many as of every other (counts by month, say).
    ``start``: month in which the drawn places begin; ``end``: last month that is counted. ``seed``: drawn afresh where
    None, and kept. ``drawn_on``: a day not after the start; today where None. ``columns``: names of the values. Raises
    ``ForestallError`` for fewer than two places, values that are missing, negative or not alike in number, and dates out
    of order.
    """
    codes, values, named = _history(history, columns)
    if len(codes) < 2:
        raise ForestallError("a lot needs two places at the least: name more, or use a quick design for one place")
    if len(codes) > _matching.MOST:
        raise ForestallError(
            f"{len(codes)} places are too many to pair at once; at most {_matching.MOST} are: draw by district"
        )
    distance, left = _matching.distances(values), NOBODY
    if len(codes) % 2:
        left = (codes[_worst_match(distance)],)
        kept = [i for i, c in enumerate(codes) if c not in left]
        codes, values = tuple(codes[i] for i in kept), values[kept]
        distance = distance[np.ix_(kept, kept)]
    found = sorted(tuple(sorted(p)) for p in _matching.pairs(distance))
    blocks = np.zeros(len(codes), np.int64)
    for b, pair in enumerate(found):
        blocks[list(pair)] = b
    return _draw("pairs", codes, blocks, (start,), start, end, values, named, left, seed, drawn_on, drawn_by)


def stepped_wedge(
    history: Mapping[str, float | Sequence[float]],
    *,
    starts: Sequence[str],
    first: str,
    end: str,
    drawn_by: Sequence[str],
    seed: int | None = None,
    drawn_on: str | None = None,
    columns: Sequence[str] = (),
) -> RandomisedDesign:
    """Draws the step in which each place begins, within groups of as many like places as there are steps.

    ``starts``: months of the steps, two or more, rising. ``first``: first month that is counted, before the first step;
    ``end``: the last one, the last step or later. Otherwise as :func:`matched_pairs`.
    """
    codes, values, named = _history(history, columns)
    steps = tuple(starts)
    if len(steps) < 2:
        raise ForestallError("a stepped wedge needs two steps at the least: give the month in which each begins")
    if len(codes) < len(steps):
        raise ForestallError(f"{len(codes)} places can't fill {len(steps)} steps: name more places, or take fewer steps")
    order = sorted(range(len(codes)), key=lambda i: (-float(values[i].mean()), codes[i]))
    blocks = np.zeros(len(codes), np.int64)
    blocks[order] = np.arange(len(codes)) // len(steps)
    return _draw("wedge", codes, blocks, steps, first, end, values, named, (), seed, drawn_on, drawn_by)


def draw(settings: Mapping[str, Any], *, folder: Path | str = ".") -> RandomisedDesign:
    """The draw that a file of settings asks for.

    ``scheme``: ``pairs`` or ``wedge``; ``places``: codes with their values, or the path of a CSV file
    (:func:`read_history`), from ``folder``; ``start`` (pairs) or ``starts`` and ``first`` (wedge); ``end``; ``people``;
    and, if wanted, ``seed`` and ``date``.
    """
    known = {"scheme", "places", "start", "starts", "first", "end", "people", "seed", "date"}
    odd = sorted(set(settings) - known)
    if odd:
        raise ForestallError(f"a draw has no setting {odd[0]!r}; it has: {', '.join(sorted(known))}")
    scheme = settings.get("scheme", "pairs")
    if scheme not in SCHEMES:
        raise ForestallError(f"scheme must be {' or '.join(SCHEMES)}, not {scheme!r}")
    needed = ("places", "people", "end", *(("start",) if scheme == "pairs" else ("starts", "first")))
    for name in needed:
        if settings.get(name) in (None, "", [], {}):
            raise ForestallError(f"a draw of {scheme} needs the setting {name!r}")
    places, columns = settings["places"], NOBODY
    if isinstance(places, str | Path):
        columns, places = read_history(Path(folder) / places)
    people = settings["people"]
    given: dict[str, Any] = {
        "end": str(settings["end"]), "drawn_by": people,
        "seed": settings.get("seed"), "columns": columns,
        "drawn_on": None if settings.get("date") is None else str(settings["date"]),
    }  # fmt: skip
    if scheme == "pairs":
        return matched_pairs(places, start=str(settings["start"]), **given)
    starts = settings["starts"]
    if isinstance(starts, str):
        raise ForestallError(f"starts must be a list of months, one a step, not {starts!r}")
    return stepped_wedge(places, starts=[str(s) for s in starts], first=str(settings["first"]), **given)


def read_history(path: Path | str) -> tuple[tuple[str, ...], dict[str, tuple[float, ...]]]:
    """Names of the values, and the values of each place: a CSV file with a column ``code`` and columns of numbers."""
    names, rows = read_rows(path, ("code",), "table of places")
    columns = tuple(n for n in names if n != "code")
    if not columns:
        raise ForestallError(f"{Path(path).name} has codes and no values beside them: add a column to match on")
    out: dict[str, tuple[float, ...]] = {}
    for row in rows:
        code = row.text("code")
        if code in out:
            raise ForestallError(f"{row.where}: {code} stands there twice: keep one row")
        out[code] = tuple(row.number(c) for c in columns)
    return columns, out


def months_between(first: str, last: str) -> tuple[str, ...]:
    """All months from ``first`` to ``last``, inclusive."""
    run = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1)
    return tuple(str(m) for m in run)


def _history(
    history: Mapping[str, float | Sequence[float]], columns: Sequence[str]
) -> tuple[tuple[str, ...], Floats, tuple[str, ...]]:
    """Codes in order, so that the draw does not hang on how they were listed; their values; and names of these."""
    codes = tuple(sorted(history))
    if not codes:
        raise ForestallError("there are no places to draw from: name them, each with a value to match on")
    rows: list[list[float]] = []
    for code in codes:
        value = history[code]
        try:
            row = [float(v) for v in ([value] if isinstance(value, int | float) else value)]
        except (TypeError, ValueError) as error:
            raise ForestallError(f"{code}: {value!r} is no number to match on: give a number, or a list of them") from error
        if not row or not all(math.isfinite(v) and v >= 0 for v in row):
            raise ForestallError(f"{code}: what it is matched on must be numbers of 0 or more, not {value!r}")
        if rows and len(row) != len(rows[0]):
            raise ForestallError(
                f"{code} has {len(row)} values to match on and {codes[0]} has {len(rows[0])}: give all the same"
            )
        rows.append(row)
    values = np.array(rows, float)
    named = tuple(columns) or (("value",) if values.shape[1] == 1 else tuple(str(i + 1) for i in range(values.shape[1])))
    if len(named) != values.shape[1]:
        raise ForestallError(f"{len(named)} names were given for {values.shape[1]} values: name each value once")
    return codes, values, named


def _worst_match(distance: Floats) -> int:
    """The place without which the others match best: it pairs with a place that isn't, at no distance."""
    n = len(distance)
    wider = np.zeros((n + 1, n + 1))
    wider[:n, :n] = distance
    return next(a for a, b in _matching.pairs(wider) if b == n)


def _draw(
    scheme: str, codes: tuple[str, ...], blocks: Ints, starts: tuple[str, ...], first: str, end: str, values: Floats,
    columns: tuple[str, ...], left: tuple[str, ...], seed: int | None, drawn_on: str | None, drawn_by: Sequence[str],
) -> RandomisedDesign:  # fmt: skip
    day = _dates(scheme, starts, first, end, drawn_on)
    people = tuple(p.strip() for p in ([drawn_by] if isinstance(drawn_by, str) else drawn_by))
    if not people or not all(people):
        raise ForestallError("a draw is made by somebody: name the people")
    if seed is None:
        seed = secrets.randbits(32)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ForestallError(f"seed must be a whole number of 0 or more, not {seed!r}")
    ways = 2 if scheme == "pairs" else len(starts)
    arms = _scheme.deal(blocks, ways, np.random.default_rng(seed))
    design = RandomisedDesign(
        scheme=scheme, places=codes, blocks=tuple(blocks.tolist()), arms=tuple(arms.tolist()), starts=starts, first=first,
        end=end, history=values, columns=columns, left_over=left, drawn_on=day, drawn_by=people, seed=seed,
        parameters={"scheme": scheme, "starts": list(starts), "first": first, "end": end, "columns": list(columns)},
    )  # fmt: skip
    design = replace(design, checks=_checks(design))
    return replace(design, hash=_hash(design))


def _dates(scheme: str, starts: tuple[str, ...], first: str, end: str, drawn_on: str | None) -> str:
    for month in (*starts, first, end):
        if not MONTH.fullmatch(month):
            raise ForestallError(f"{month!r} is no month: write it as 2027-04")
    if any(b <= a for a, b in itertools.pairwise(starts)):
        raise ForestallError(
            f"the steps must follow each other, and {', '.join(starts)} do not: list their months in order"
        )
    if end < starts[-1]:
        raise ForestallError(f"counting ends in {end}, before {starts[-1]}, when the last places begin: give a later end")
    if scheme == "wedge" and first >= starts[0]:
        raise ForestallError(
            f"counting begins in {first} and the first places in {starts[0]}: a stepped wedge needs a month before the "
            "first step"
        )
    day = drawn_on or dt.date.today().isoformat()
    try:
        drawn = dt.date.fromisoformat(day)
    except ValueError as error:
        raise ForestallError(f"{day!r} is no day: write it as 2027-03-31") from error
    begins = dt.date.fromisoformat(f"{starts[0]}-01")
    if drawn > begins:
        raise ForestallError(
            f"the draw is dated {day} and the first places begin in {starts[0]}: draw before anyone begins, or start a "
            "month later"
        )
    return drawn.isoformat()


def _checks(design: RandomisedDesign) -> tuple[Check, ...]:
    p = design.smallest_p
    level, arms = design.level, np.array(design.arms)
    early = arms < design.ways / 2
    spread = float(level.std())
    gap = float(level[early].mean() - level[~early].mean()) if early.any() and not early.all() else 0.0
    even = abs(gap) <= UNEVEN * spread or spread == 0
    given: dict[str, Any] = {"early": plain(float(level[early].mean())), "late": plain(float(level[~early].mean()))}
    return (
        Check(
            "enough",
            p <= 0.05,
            msg(
                "There are {n:count} possible draws: enough to tell an effect from a lucky lot.",
                n=min(design.possible, 10**9),
            )
            if p <= 0.05
            else msg(
                "There are only {n:count} possible draws: even the clearest effect could not reach p = 0.05, so take "
                "more places.",
                n=design.possible,
            ),
        ),
        Check(
            "balance",
            even,
            msg(
                "Those drawn to begin first and the others were at like levels before ({early} and {late} on average).",
                **given,
            )
            if even
            else msg(
                "The lot left levels uneven: those drawn to begin first stood at {early} on average, the others at "
                "{late}. The analysis allows for it.",
                **given,
            ),
        ),
    )


def _hash(design: RandomisedDesign) -> str:
    written = design.to_json()
    written.pop("hash")
    return hashlib.sha256(json.dumps(written, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
