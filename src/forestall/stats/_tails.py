"""Student's tails, and the normal ones at infinitely many degrees of freedom, of single numbers and quickly."""

from __future__ import annotations

import math

from scipy import special


def students_p(t: float, degrees: float) -> float:
    """Two-sided p-value of ``t``."""
    tail = special.ndtr(-abs(t)) if math.isinf(degrees) else special.stdtr(degrees, -abs(t))
    return 2 * float(tail)


def students_quantile(level: float, degrees: float) -> float:
    """What is exceeded on either side with 1 - ``level`` in all."""
    q = (1 + level) / 2
    return float(special.ndtri(q) if math.isinf(degrees) else special.stdtrit(degrees, q))
