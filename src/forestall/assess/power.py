"""What a design could show, before anybody commits to it: the smallest fall that it would find four times in five.

Found on the months before alone: their last part is played as the time after, for every placebo, and the misses that come
out are laid on what is expected of the treated areas: without a response e + z√v would be counted, for every placebo's z,
so that overdispersion and places going their own ways are in it as they are. A true fall f takes each of these events out
with chance f (binomial); it is found where what is left lies beyond the lower end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from forestall.assess.null import Null
from forestall.assess.panel import Floats

#: Chance of finding a fall that is there.
WANTED = 0.8
FALLS: Floats = np.arange(0.01, 0.991, 0.01)


@dataclass(frozen=True)
class Curve:
    """Chance of finding each fall of ``falls`` (shares) where ``expected`` events are to come without the response."""

    falls: Floats
    found: Floats
    expected: float

    @property
    def detectable(self) -> float | None:
        """The smallest fall found with the chance :data:`WANTED`; None where none is."""
        enough = np.flatnonzero(self.found >= WANTED)
        return float(self.falls[enough[0]]) if len(enough) else None

    def chance(self, fall: float) -> float:
        """Chance of finding a fall."""
        return float(np.interp(fall, self.falls, self.found))


def curve(ahead: Null, *, level: float = 0.95) -> Curve:
    """``ahead``: what is to be expected of the treated areas, with the misses played on the months before."""
    if ahead.expected <= 1e-3 or not len(ahead.z):
        return Curve(FALLS, np.zeros(len(FALLS)), max(ahead.expected, 0.0))
    low, _ = ahead.ends(level)
    spread = np.sqrt(float(ahead.variance(1.0)))
    without = np.maximum(np.rint(ahead.expected + ahead.z * spread), 0.0)
    most = np.ceil(ahead.expected + low * spread - 1e-9) - 1  # the largest count that lies beyond the limit
    if most < 0:
        return Curve(FALLS, np.zeros(len(FALLS)), float(ahead.expected))
    counts, often = np.unique(without, return_counts=True)
    found = binom.cdf(most, counts, (1 - FALLS)[:, None]) @ often / often.sum()
    return Curve(FALLS, np.maximum.accumulate(found), float(ahead.expected))
