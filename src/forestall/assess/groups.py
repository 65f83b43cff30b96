"""Groups of areas that hang together, drawn at random: what the treated areas could have been, had nothing been done."""

from __future__ import annotations

import numpy as np

from forestall.assess.panel import Bools, Floats, Ints, Panel

#: Groups grown in a panel; each is a way of growing, so that its first k areas are a group of k.
GROWN = 1500
#: Groups that a treated area is held against, those of the nearest count.
PLACEBOS = 400
#: Fewest groups for an honest p-value of 5 %, both ends counted.
FEWEST = 99


def grown(panel: Panel, size: int) -> Ints:
    """Groups of ``size`` areas of the force, grown from random areas by random neighbours: int64 (groups, size).

    Those that run out of neighbours before (islands) are left out.
    """
    most = 8
    while most < size:
        most *= 2
    if most not in panel.drawn:
        panel.drawn[most] = _grown(panel, most)
    return panel.drawn[most][:, :size]


def _grown(panel: Panel, most: int) -> Ints:
    rng = np.random.default_rng([most, len(panel.areas)])
    own = np.flatnonzero(panel.own)
    turns = -(-GROWN // len(own))
    seeds = np.concatenate([rng.permutation(own) for _ in range(turns)])[:GROWN]
    touching = panel.touching
    draws = rng.random((len(seeds), most))
    out = [group for seed, draw in zip(seeds.tolist(), draws, strict=True) if (group := grow(touching, seed, draw))]
    return np.array(out, np.int64).reshape(len(out), most)


def grow(touching: tuple[tuple[int, ...], ...], seed: int, draws: Floats) -> list[int] | None:
    """As many areas as there are ``draws`` (each in 0 … 1), from ``seed`` on; None where its surroundings are fewer."""
    got, front, known = [seed], list(touching[seed]), {seed, *touching[seed]}
    for u in draws[1:].tolist():
        if not front:
            return None
        at = int(u * len(front))
        front[at], front[-1] = front[-1], front[at]
        area = front.pop()
        got.append(area)
        for b in touching[area]:
            if b not in known:
                known.add(b)
                front.append(b)
    return got


def placebos(panel: Panel, treated: Ints, away: Bools, before: Ints) -> tuple[Ints, float]:
    """Groups of as many areas as are treated, none of them in ``away``, nearest to it in what was counted ``before``, int64
    (groups, size); and the share of all such groups that counted at least as many.

    ``away``: areas that no placebo may hold (treated, around it, broken). ``before``: indices of months.
    """
    members = grown(panel, len(treated))
    members = members[~away[members].any(1)]
    counted = panel.counts[:, before].sum(1)
    own = float(counted[treated].sum())
    theirs = counted[members].sum(1)
    as_many = float((theirs >= own).mean()) if len(members) else 0.0
    order = np.argsort(np.abs(np.log((theirs + 1) / (own + 1))), kind="stable")[:PLACEBOS]
    return members[np.sort(order)], as_many
