"""Which area codes of a force's records are the force's own, where no places say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: Areas with less than this share of the records that the area of the middle record has are strays beyond the border.
STRAY = 0.06

#: Of so many records due, none coming has a chance of one in 160,000.
SILENT = 12.0


def own(total: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Areas with as many records as a force's own have. ``total``: records by area, shape (areas,)."""
    ordered = np.sort(total)
    middle = np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)
    typical = ordered[min(int(middle), ordered.size - 1)] if ordered.size else 0
    return np.asarray((total > 0) & (total >= STRAY * typical), bool)


def in_part(monthly: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Areas (areas, months) whose code was in use for a part of the months only, as where census areas were redrawn: silent
    at the start or the end for so long that at their own rate :data:`SILENT` records or more were due."""
    months = np.arange(monthly.shape[1])
    some = monthly > 0
    first = np.where(some, months, months.size).min(1, initial=months.size)
    last = np.where(some, months, -1).max(1, initial=-1)
    rate = monthly.sum(1) / np.maximum(1, last - first + 1)
    return np.asarray(rate * np.maximum(first, months.size - 1 - last) >= SILENT, bool)
