"""Pairs of places that are most alike: the pairing with the least total distance of all there are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

Floats = npt.NDArray[np.float64]

#: Beyond so many places the exact pairing takes too long, and so would randomising them one force at a time.
MOST = 200


def distances(history: Floats) -> Floats:
    """Distance of each two places, shape (places, places): Euclidean, of square roots of counts, which scatter alike
    whatever their size. ``history``: shape (places, columns), 0 or more."""
    root = np.sqrt(history)
    return np.asarray(np.sqrt(((root[:, None] - root[None]) ** 2).sum(-1)), float)


def pairs(distance: Floats) -> list[tuple[int, int]]:
    """The pairing of an even number of places with the least total distance, exact (a zero-one programme).

    Raises ``ValueError`` for an odd number.
    """
    n = len(distance)
    if n % 2:
        raise ValueError(f"an odd number of places ({n}) has no pairing")
    a, b = np.triu_indices(n, 1)
    edges = np.arange(len(a))
    degree = sparse.csr_matrix(
        (np.ones(2 * len(a)), (np.concatenate([a, b]), np.concatenate([edges, edges]))), shape=(n, len(a))
    )
    found = optimize.milp(
        distance[a, b],
        constraints=optimize.LinearConstraint(degree, 1, 1),
        integrality=np.ones(len(a)),
        bounds=optimize.Bounds(0, 1),
    )
    taken = np.flatnonzero(found.x > 0.5)
    return [(int(a[i]), int(b[i])) for i in taken]
