"""How long a piece of work takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the work gave."""
    start = time.perf_counter()
    out = work()
    return time.perf_counter() - start, out


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    return clocked(work)[0]


def least(work: Callable[[], Any], times: int) -> float:
    """The least seconds of some runs: what else runs on a machine only adds."""
    return min(timed(work) for _ in range(times))
