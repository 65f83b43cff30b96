"""The compiled loop of prospective hot spots: what each event adds to the cells about it."""

from __future__ import annotations

import math
from typing import Any

from numba import njit


@njit(cache=True)
def spread(u: Any, v: Any, w: Any, cell: Any, reach: Any, out: Any) -> None:
    """Adds w / (1 + c) to each cell whose centre lies within ``reach`` of an event, c the whole half-cells between them.

    ``u``, ``v``: metres from the grid's south-west corner.
    """
    rows, columns = out.shape
    half, far = cell / 2, reach * reach
    for k in range(u.size):
        left, right = (
            max(0, math.ceil((u[k] - reach) / cell - 0.5)),
            min(columns - 1, math.floor((u[k] + reach) / cell - 0.5)),
        )
        low, high = max(0, math.ceil((v[k] - reach) / cell - 0.5)), min(rows - 1, math.floor((v[k] + reach) / cell - 0.5))
        for i in range(low, high + 1):
            dy = (i + 0.5) * cell - v[k]
            for j in range(left, right + 1):
                dx = (j + 0.5) * cell - u[k]
                squared = dx * dx + dy * dy
                if squared <= far:
                    out[i, j] += w[k] / (1.0 + math.floor(math.sqrt(squared) / half))
