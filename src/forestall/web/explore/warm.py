"""Compiled methods take seconds in the first process that calls them, and are kept on disk from then on. The first visit of
the explore page, or of a signal with its profile a link away, has them ready before anybody asks for one."""

from __future__ import annotations

import threading

import numpy as np

_begun = threading.Event()


def warm() -> None:
    """Compiles, in the background and once a process, what the slowest methods need."""
    if not _begun.is_set():
        _begun.set()
        threading.Thread(target=_compile, name="warm", daemon=True).start()


def _compile() -> None:
    from forestall.stats import near_repeat, near_repeat_chains

    x, t = np.arange(12.0) * 40, np.arange(12.0)
    near_repeat(x, x, t, space_bands=(0, 100), time_bands=(0, 7), precision="day")
    near_repeat_chains(x, x, t, space_band=(0, 100), time_band=(0, 7), precision="day")
