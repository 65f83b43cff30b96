"""What a design could show, before anybody commits to it: the smallest fall that it would find four times in five.

Found on the months before alone: their last part is played as the time after, for every placebo, and the misses that come
out are laid on what is expected of the treated areas. A count after a true fall f is drawn as (1 - f)e + z√v((1 - f)e), for
every placebo's z: overdispersion and places going their own ways are in it as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    ratio = (1 - FALLS)[:, None]
    counts = np.maximum(np.rint(ratio * ahead.expected + ahead.z[None, :] * np.sqrt(ahead.variance(ratio))), 0.0)
    z = (counts - ahead.expected) / np.sqrt(ahead.variance(1.0))
    found = (z <= low - 1e-9).mean(1)  # what lies upon the limit is no finding
    return Curve(FALLS, np.maximum.accumulate(found), float(ahead.expected))
