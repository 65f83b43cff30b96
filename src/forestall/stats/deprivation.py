"""Deprivation ranks, and the guard that keeps nations apart.

The Welsh and the English index of multiple deprivation are made of different indicators, weights and years, and their
scores have different scales. A rank over both would be a rank of methods and not of places.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats as ss


def deprivation_rank(
    scores: npt.ArrayLike, nation: str | Sequence[str] | npt.NDArray[np.str_], *, most: str = "high"
) -> npt.NDArray[np.int64]:
    """Rank of each place by deprivation, 1 the most deprived, shape (places,); ties share the better (smaller) rank.

    ``nation``: whose index each score is from (``Wales``, ``England`` …), one for all or one a place. ``most``: ``high``
    where a high score is the most deprived, ``low`` where the published numbers are ranks already, 1 the most deprived.

    Raises ``ValueError`` where two nations are mixed: Welsh and English deprivation are never ranked together. So it does
    where a score or a nation is missing.
    """
    s = np.asarray(scores, float).ravel()
    names = [str(nation)] * s.size if isinstance(nation, str) else [str(n) for n in nation]
    if len(names) != s.size:
        raise ValueError(f"there are {s.size} scores and {len(names)} nations: give one for each place")
    if most not in ("high", "low"):
        raise ValueError(f"most must be 'high' or 'low', not {most!r}")
    missing = ~np.isfinite(s)
    if missing.any():
        raise ValueError(f"place {int(np.flatnonzero(missing)[0]) + 1} has no score: leave it out and say so")
    clean = sorted({n.strip() for n in names})
    if "" in clean:
        raise ValueError("the nation of some places is not known: a score means nothing without the index it is from")
    if len({n.casefold() for n in clean}) > 1:
        raise ValueError(
            f"deprivation of {' and '.join(clean)} is not comparable: Welsh and English deprivation are never ranked "
            "together, because their indices measure different things on different scales; rank each nation by itself"
        )
    return np.asarray(ss.rankdata(-s if most == "high" else s, method="min"), np.int64)
