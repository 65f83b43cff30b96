"""Persons in roles: numbers of victims, suspects and callers, some of whom come back. No person has a name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forestall.sample.geography import Ints

Bools = npt.NDArray[np.bool_]

#: Share of a category's crimes with a personal victim, and with a suspect who is known.
VICTIM = {
    "bicycle-theft": 0.98,
    "burglary": 0.82,
    "criminal-damage-and-arson": 0.8,
    "other-crime": 0.55,
    "other-theft": 0.75,
    "public-order": 0.72,
    "robbery": 0.9,
    "theft-from-the-person": 1.0,
    "vehicle-crime": 0.92,
    "violence-and-sexual-offences": 0.97,
}
SUSPECT = {
    "bicycle-theft": 0.08,
    "burglary": 0.18,
    "criminal-damage-and-arson": 0.3,
    "drugs": 0.95,
    "other-crime": 0.6,
    "other-theft": 0.2,
    "possession-of-weapons": 0.93,
    "public-order": 0.55,
    "robbery": 0.4,
    "shoplifting": 0.5,
    "theft-from-the-person": 0.06,
    "vehicle-crime": 0.1,
    "violence-and-sexual-offences": 0.72,
}


def recurring(
    rng: np.random.Generator, home: Ints, again: npt.NDArray[np.float64], pool: int, steep: float, start: int
) -> Ints:
    """A person's number for each record.

    With probability ``again`` it is one of the ``pool`` of their area ``home`` who come back, the first of them most often
    (by rank to the power -``steep``); else somebody new. Numbers begin at ``start``.
    """
    n = len(home)
    weight = np.arange(1, pool + 1, dtype=float) ** -steep
    rank = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(n), side="right").clip(max=pool - 1)
    known = home * pool + rank
    fresh = int(home.max(initial=0) + 1) * pool + np.arange(n)
    return np.asarray(start + np.where(rng.random(n) < again, known, fresh), dtype=np.int64)


def repeats(person: Ints, when: npt.NDArray[np.datetime64]) -> Bools:
    """True where the person (numbers below 0 are nobody) was in an earlier record of the twelve months before."""
    order = np.lexsort((when, person))
    p, t = person[order], when[order].astype("datetime64[m]")
    again = np.zeros(len(p), dtype=bool)
    again[1:] = (p[1:] == p[:-1]) & (t[1:] - t[:-1] <= np.timedelta64(365 * 1440, "m")) & (p[1:] >= 0)
    out = np.zeros(len(p), dtype=bool)
    out[order] = again
    return out
