"""The records of one history: each count of the model's draw becomes that many crimes or incidents, with their details."""

from __future__ import annotations

import calendar
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forestall.sample import clock, people
from forestall.sample.clock import Times
from forestall.sample.counts import Model, constants
from forestall.sample.geography import Floats, Ints
from forestall.sample.people import Bools
from forestall.sample.planted import Plant
from forestall.sample.points import Points, content

#: Share of a category's records that follow another close by within days (near repeats).
NEAR_REPEATS = {"burglary": 0.16, "vehicle-crime": 0.12, "criminal-damage-and-arson": 0.06, "bicycle-theft": 0.05}
#: Share that the police themselves bring to light.
POLICE_GENERATED = {
    "drugs": 0.92,
    "possession-of-weapons": 0.86,
    "public-order": 0.1,
    "violence-and-sexual-offences": 0.05,
    "other-crime": 0.2,
}
#: Middle of the hours during which a crime can have happened, where nobody saw it.
UNSEEN_HOURS = {
    "burglary": 7.0,
    "vehicle-crime": 8.0,
    "bicycle-theft": 5.0,
    "criminal-damage-and-arson": 3.0,
    "other-theft": 2.0,
}
DOMESTIC = {
    "violence-and-sexual-offences": 0.36,
    "criminal-damage-and-arson": 0.13,
    "public-order": 0.07,
    "other-crime": 0.1,
}
HATE = {"public-order": 0.07, "violence-and-sexual-offences": 0.025, "criminal-damage-and-arson": 0.01}
ALCOHOL = {"violence-and-sexual-offences": 0.15, "public-order": 0.2, "criminal-damage-and-arson": 0.06, "robbery": 0.06}
KNIFE = {"robbery": 0.22, "possession-of-weapons": 0.6, "violence-and-sexual-offences": 0.02}
#: The day on which the extracts are taken: nothing is reported later.
EXTRACTED_DAYS_AFTER = 6


@dataclass(frozen=True)
class Events:
    """N records, one element of each array a record; -1 is none.

    ``when`` to the minute, ``until`` the latest it can have happened (equal to ``when`` where seen). ``point``: index of
    the map point, -1 where the place is not known. ``offence``: index into ``content()["offences"][category]``. Persons are
    numbers, -1 for nobody. ``cancelled``: the record was made and later found to be no crime.
    """

    category: Ints
    area: Ints
    when: Times
    until: Times
    reported: Times
    recorded: Times
    point: Ints
    easting: Floats
    northing: Floats
    offence: Ints
    method: Ints
    outcome: Ints
    origin: Ints
    channel: Ints
    victim: Ints
    suspect: Ints
    domestic: Bools
    hate: Bools
    alcohol: Bools
    knife: Bools
    repeat: Bools
    cancelled: Bools

    def __len__(self) -> int:
        return len(self.category)


def events(model: Model, points: Points, counts: Ints, rng: np.random.Generator, planted: tuple[Plant, ...] = ()) -> Events:
    """The records behind ``counts``, (C, A, T): exactly as many in each category, area and month, in the order of time.

    Beside them a few records that no count holds, as in any extract: cancelled ones, and ones whose place is not known.
    """
    category, area, month = (np.repeat(i, counts.ravel()) for i in np.indices(counts.shape).reshape(3, -1))
    extra = rng.choice(len(category), size=int(len(category) * 0.009), replace=False)
    category, area, month = (np.concatenate([v, v[extra]]) for v in (category, area, month))
    n, spare = len(category), len(extra)
    cancelled = np.zeros(n, dtype=bool)
    cancelled[n - spare : n - spare // 2] = True
    lost = np.zeros(n, dtype=bool)
    lost[n - spare // 2 :] = True

    names = model.categories
    when = np.empty(n, dtype="datetime64[m]")
    point = np.empty(n, dtype=np.int64)
    starts = clock.month_starts(model.months)
    ends = np.append(starts[1:], np.datetime64(_after(model.months[-1]), "m"))
    last_point = np.append(points.first[1:], len(points.area)) - 1
    for c, name in enumerate(names):
        at = np.flatnonzero(category == c)
        entry = constants()[name]
        day = clock.days(rng, model.months, month[at], np.array(entry["weekday"], dtype=float))
        t = clock.times(rng, model.months, month[at], day, entry["clock"])
        p = points.draw(rng, c, area[at])
        if name in NEAR_REPEATS:
            group = area[at] * len(model.months) + month[at]
            bounds = points.first[area[at]], last_point[area[at]]
            t, p = clock.follow(rng, t, p, group, NEAR_REPEATS[name], ends[month[at]], *bounds)
        when[at], point[at] = t, p
    method = _methods(rng, names, category)
    alcohol = _chance(rng, names, category, ALCOHOL)
    for plant in planted:
        _shape(rng, model, points, plant, category, area, month, when, point, method, alcohol, ends)

    order = np.argsort(when, kind="stable")
    category, area, point, method = category[order], area[order], point[order], method[order]
    when, alcohol, cancelled, lost = when[order], alcohol[order], cancelled[order], lost[order]
    hour = (when - when.astype("datetime64[D]")).astype(np.int64) // 60
    alcohol |= _chance(rng, names, category, dict.fromkeys(ALCOHOL, 0.3)) & ((hour >= 21) | (hour < 4))
    until = when + _unseen(rng, names, category)
    extracted = ends[-1] + np.timedelta64(EXTRACTED_DAYS_AFTER * 1440, "m")
    until = np.minimum(until, extracted - np.timedelta64(120, "m"))
    reported = np.minimum(until + _lag(rng, names, category), extracted - np.timedelta64(60, "m"))
    recorded = np.minimum(reported + _minutes(rng.exponential(9 * 60.0, n) + 5), extracted)

    domestic = _chance(rng, names, category, DOMESTIC)
    victim, suspect = _persons(rng, model, category, area, domestic)
    jitter = np.where(points.kind[point] == points.kinds.index("Street"), 18.0, 0.0)
    return Events(
        category=category,
        area=np.where(lost, -1, area),
        when=when,
        until=until,
        reported=reported,
        recorded=recorded,
        point=np.where(lost, -1, point),
        easting=np.round(points.easting[point] + jitter * rng.uniform(-1, 1, n)),
        northing=np.round(points.northing[point] + jitter * rng.uniform(-1, 1, n)),
        offence=_offences(rng, names, category),
        method=method,
        outcome=rng.choice(len(content()["outcomes"]), size=n, p=_shares(content()["outcomes"], 1)),
        origin=_origins(rng, names, category),
        channel=rng.choice(4, size=n, p=[0.34, 0.38, 0.2, 0.08]),
        victim=victim,
        suspect=suspect,
        domestic=domestic,
        hate=_chance(rng, names, category, HATE) & ~domestic,
        alcohol=alcohol,
        knife=_chance(rng, names, category, KNIFE),
        repeat=people.repeats(victim, when),
        cancelled=cancelled,
    )


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}-01T00:00"


def _minutes(x: Floats) -> npt.NDArray[np.timedelta64]:
    return np.asarray(np.round(x).astype(np.int64).astype("timedelta64[m]"))


def _chance(rng: np.random.Generator, names: tuple[str, ...], category: Ints, table: dict[str, float]) -> Bools:
    return np.asarray(rng.random(len(category)) < np.array([table.get(n, 0.0) for n in names])[category], dtype=np.bool_)


def _shares(rows: list[list[object]], column: int) -> Floats:
    share = np.array([float(str(r[column])) for r in rows])
    return np.asarray(share / share.sum(), dtype=np.float64)


def _offences(rng: np.random.Generator, names: tuple[str, ...], category: Ints) -> Ints:
    out = np.zeros(len(category), dtype=np.int64)
    for c, name in enumerate(names):
        at = np.flatnonzero(category == c)
        rows = content()["offences"][name]
        out[at] = rng.choice(len(rows), size=len(at), p=_shares(rows, 2))
    return out


def _methods(rng: np.random.Generator, names: tuple[str, ...], category: Ints) -> Ints:
    out = np.full(len(category), -1, dtype=np.int64)
    for name, rows in content()["methods"].items():
        at = np.flatnonzero(category == names.index(name))
        out[at] = rng.integers(0, len(rows), size=len(at))
    return out


def _unseen(rng: np.random.Generator, names: tuple[str, ...], category: Ints) -> npt.NDArray[np.timedelta64]:
    middle = np.array([UNSEEN_HOURS.get(n, 0.0) for n in names])[category]
    span = middle * 60 * np.exp(rng.normal(0, 0.7, len(category)))
    return _minutes(np.where(rng.random(len(category)) < 0.75, span, 0.0))


def _lag(rng: np.random.Generator, names: tuple[str, ...], category: Ints) -> npt.NDArray[np.timedelta64]:
    """From the end of the crime to its report: an hour or two for most, weeks for some violence and sexual offences."""
    n = len(category)
    lag = np.exp(rng.normal(np.log(80.0), 1.5, n))
    late = rng.random(n) < np.where(category == names.index("violence-and-sexual-offences"), 0.09, 0.02)
    return _minutes(np.where(late, rng.exponential(60 * 1440.0, n), lag))


def _origins(rng: np.random.Generator, names: tuple[str, ...], category: Ints) -> Ints:
    """0 public, 1 partner, 2 found by the police."""
    own = _chance(rng, names, category, POLICE_GENERATED)
    partner = rng.random(len(category)) < 0.04
    return np.where(own, 2, np.where(partner, 1, 0)).astype(np.int64)


def _persons(rng: np.random.Generator, model: Model, category: Ints, area: Ints, domestic: Bools) -> tuple[Ints, Ints]:
    """Victims come back near home, those of domestic abuse most; some offenders of each authority do much of the crime."""
    names = model.categories
    n = len(category)
    again = np.where(domestic, 0.52, 0.16)
    victim = people.recurring(rng, area, again, 60, 0.8, 1_000_000)
    victim = np.where(_chance(rng, names, category, people.VICTIM) | domestic, victim, -1)
    lads = np.unique(np.array(model.geography.parents["lad"]), return_inverse=True)[1]
    suspect = people.recurring(rng, np.asarray(lads[area], dtype=np.int64), np.full(n, 0.55), 1500, 0.55, 5_000_000)
    partner = 9_000_000 + victim  # in domestic abuse the suspect is, most often, the same person each time
    suspect = np.where(domestic & (rng.random(n) < 0.85), partner, suspect)
    return victim, np.where(_chance(rng, names, category, people.SUSPECT) | domestic, suspect, -1)


def _shape(
    rng: np.random.Generator,
    model: Model,
    points: Points,
    plant: Plant,
    category: Ints,
    area: Ints,
    month: Ints,
    when: Times,
    point: Ints,
    method: Ints,
    alcohol: Bools,
    ends: Times,
) -> None:
    """Gives the records that a planted problem added its times, places and manner, in place. Counts stay as they are."""
    if plant.role != "problem":
        return
    c = model.categories.index(plant.category)
    window = (month >= model.months.index(plant.since)) & (month <= model.months.index(plant.until))
    at = np.flatnonzero((category == c) & np.isin(area, plant.areas) & window)
    at = at[rng.random(len(at)) < 1.0 - 1.0 / (plant.factor * plant.always)]
    if plant.kind == "night-time-economy":
        friday_or_saturday = rng.choice([4, 5], size=len(at), p=[0.42, 0.58])
        when[at] = _on_weekday(rng, model.months, month[at], friday_or_saturday, rng.normal(23.6, 1.6, len(at)))
        point[at] = _best(rng, points, area[at], ("Nightclub", "Public house"), c, 4)
        alcohol[at] = rng.random(len(at)) < 0.75
    elif plant.kind == "school-route-asb":
        when[at] = _on_weekday(rng, model.months, month[at], rng.integers(0, 5, len(at)), rng.normal(15.8, 0.7, len(at)))
        point[at] = _best(rng, points, area[at], ("School", "Shop", "Park or open space"), c, 4)
    elif plant.kind == "rising-vehicle-crime":
        point[at] = _best(rng, points, area[at], ("Parking area",), c, 4)
        method[at] = 0
    elif plant.kind == "burglary-series":
        method[at] = 0
        _chain(rng, points, at, area, month, when, point, ends)


def _on_weekday(rng: np.random.Generator, months: tuple[str, ...], month: Ints, weekday: Ints, hour: Floats) -> Times:
    """A time on the given weekday (0 Monday) of each record's month, in term if possible; ``hour`` may pass midnight."""
    starts = clock.month_starts(months)[month]
    first = np.array([calendar.monthrange(int(m[:4]), int(m[5:]))[0] for m in months])[month]
    minute = _minutes(np.asarray(hour * 60))
    best = starts
    for _ in range(6):
        day = (weekday - first) % 7 + 7 * rng.integers(0, 4, len(month))
        tried = starts + (day * 1440).astype("timedelta64[m]") + minute
        tried = np.where(
            tried.astype("datetime64[M]") == starts.astype("datetime64[M]"), tried, tried - np.timedelta64(7, "D")
        )
        best = tried if best is starts else np.where(clock.in_term(best), best, tried)
    return np.asarray(best, dtype="datetime64[m]")


def _best(rng: np.random.Generator, points: Points, area: Ints, kinds: tuple[str, ...], category: int, most: int) -> Ints:
    """One of up to ``most`` points of these kinds in each record's area; its busiest points where it has none."""
    wanted = np.isin(points.kind, [points.kinds.index(k) for k in kinds])
    out = np.empty(len(area), dtype=np.int64)
    for a in np.unique(area):
        own = np.flatnonzero(points.area == a)
        chosen = own[wanted[own]] if wanted[own].any() else own
        chosen = chosen[np.argsort(-points.weight[category, chosen], kind="stable")][:most]
        share = 1.0 / (1.0 + np.arange(len(chosen)))
        at = area == a
        out[at] = rng.choice(chosen, size=int(at.sum()), p=share / share.sum())
    return out


def _chain(
    rng: np.random.Generator, points: Points, at: Ints, area: Ints, month: Ints, when: Times, point: Ints, ends: Times
) -> None:
    """A series: in each area and month the burglaries follow one another after one to four days, each a few doors on."""
    last = np.append(points.first[1:], len(points.area)) - 1
    for key in np.unique(area[at] * 10_000 + month[at]):
        run = at[area[at] * 10_000 + month[at] == key]
        a, t = int(key // 10_000), int(key % 10_000)
        gaps = rng.uniform(0.7, 3.2, len(run)).cumsum()
        length = float((ends[t] - ends[t - 1]).astype(np.int64)) / 1440
        gaps *= min(1.0, (length - 1.5) / gaps[-1])
        evening = _minutes(rng.normal(18.3, 1.1, len(run)) * 60)
        when[run] = ends[t - 1] + (np.floor(gaps).astype(np.int64) * 1440).astype("timedelta64[m]") + evening
        walk = rng.integers(points.first[a], last[a] + 1) + rng.integers(-1, 2, len(run)).cumsum()
        point[run] = np.clip(walk, points.first[a], last[a])
