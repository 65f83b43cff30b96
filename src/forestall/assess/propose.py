"""A design proposed from treated areas, an outcome and dates: comparison, ring, windows, method and power.

Nothing of the months after the response is read here, not even where they are in the records already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forestall.assess import comparing, groups, power
from forestall.assess.null import LATE, Drawn, ahead, drawn, null
from forestall.assess.panel import Bools, Floats, Ints, Panel, build
from forestall.assess.windows import BEFORE, Windows, windows
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.results import Asked, Check, Design, Likeness, Option, Outcome
from forestall.results.design import Power as Could
from forestall.text import Message, msg, msg_n

#: Fewest events before, or to come, for a comparison to say anything.
EVENTS = 10
#: Fewest events counted or expected after for a p-value.
FEWEST_AFTER = 3
#: Share of the force's groups of that size that must have counted at least as many before: below it none is like the
#: treated areas.
SUPPORT = 0.01
#: How much smaller a fall another method must find before it is preferred to the plainest.
BETTER = 0.9
PLAINEST = "difference-in-differences"


@dataclass(frozen=True, eq=False)
class Ground:
    """What a design stands on, for its evaluation to stand on the same."""

    panel: Panel
    treated: Ints
    ring: Ints
    away: Bools
    windows: Windows


def propose(
    records: Records,
    places: Places | None,
    asked: Asked,
    *,
    method: str | None = None,
    comparison: Sequence[str] = (),
    reason: str = "",
    weight: str | None = None,
    panel: Panel | None = None,
    today: dt.date | None = None,
) -> Design:
    """The lightest design that can answer what is asked.

    ``method`` and ``comparison`` overrule the proposal and need a ``reason``. ``panel``: the outcome where it is read
    already (many designs of one outcome). Raises ``ForestallError`` with a sentence on input that makes no sense.
    """
    if (method or comparison) and not reason.strip():
        raise ForestallError("overruling the proposal needs a reason, which every result will show: give one")
    if method is not None and method not in comparing.WAYS:
        raise ForestallError(f"there is no method {method!r}; there are: {', '.join(comparing.WAYS)}")
    panel = panel or build(records, places, outcome=asked.outcome, force=asked.force, others=asked.others)
    panel = panel.upto(mm.shift(mm.check(asked.starts, "the response's first month"), -1))
    ground = lay(panel, asked)
    chosen = _chosen(ground, comparison)
    before, w = ground.windows.before, ground.windows
    counted = panel.counts[ground.treated][:, before].sum()
    to_come = float(counted) * len(w.post) / len(before)
    against = _against(ground, float(counted), to_come) or _unlike(ground)
    placebos, played = (None, {}) if against is not None else _play(ground, comparison)
    best = _best(played) if method is None or not played else method
    if len(chosen) and best:
        best = PLAINEST
    options = [_option(way, best, played, against, reason) for way in comparing.WAYS] + _others(against)
    curve = played[best] if best else None
    weights = _weights(panel, ground, best, placebos, chosen)
    own_course, compared_course = _courses(panel, ground, weights)
    return Design(
        parameters={"placebos": groups.PLACEBOS, "grown": groups.GROWN, "late": LATE, "support": SUPPORT},
        seed=0, checks=_checks(ground, against, own_course, compared_course, curve, asked),
        asked=asked, force=panel.force or "", snapshot=panel.snapshot, made_on=(today or dt.date.today()).isoformat(),
        weight=weight or _weight(best, len(ground.treated)), method=best or "", options=tuple(options), pre=w.pre,
        post=w.post, left_out=w.left_out,
        comparison=tuple((panel.areas[i], round(float(weights[i]), 4)) for i in np.argsort(-weights) if weights[i] > 1e-4),
        ring=tuple(panel.areas[i] for i in ground.ring),
        set_aside=tuple(panel.areas[i] for i in np.flatnonzero(panel.broken)),
        months=w.pre, treated_course=own_course, compared_course=compared_course,
        likeness=_likeness(panel, ground, weights),
        power=None if curve is None else Could(expected=curve.expected * panel.unit, detectable=curve.detectable,
                                               falls=curve.falls, found=curve.found),
        placebos=0 if placebos is None else len(placebos.members) - 1, overruled=reason.strip(), chosen=tuple(comparison),
    )  # fmt: skip


def lay(panel: Panel, asked: Asked) -> Ground:
    """Treated areas, ring, and the areas that nothing is compared with."""
    if not asked.treated:
        raise ForestallError("no area is named that the response treats: name one or more")
    treated = panel.rows(tuple(dict.fromkeys(asked.treated)))
    if len(treated) > int(panel.own.sum()) // 3:
        raise ForestallError(
            f"{len(treated):,} of the force's {int(panel.own.sum()):,} areas are treated: too few are left to compare "
            "with; test a part first, or draw lots for the order of places (forestall design randomise)"
        )
    ring = panel.ring(treated)
    away = panel.broken.copy()
    away[treated] = True
    away[ring] = True
    return Ground(panel, treated, ring, away, windows(panel, asked))


def _chosen(ground: Ground, comparison: Sequence[str]) -> Ints:
    """The areas that a person chose to compare with."""
    rows = ground.panel.rows(tuple(dict.fromkeys(comparison))) if comparison else np.zeros(0, np.int64)
    both = set(rows.tolist()) & set(ground.treated.tolist())
    if both:
        raise ForestallError(
            f"{ground.panel.areas[min(both)]} is both treated and compared with: an area can be only one of the two"
        )
    around = set(rows.tolist()) & set(ground.ring.tolist())
    if around:
        raise ForestallError(
            f"{ground.panel.areas[min(around)]} touches the treated areas, so displacement could reach it: compare with "
            "areas further away"
        )
    return rows


def named(panel: Panel, comparison: Sequence[str]) -> Floats | None:
    """The weights of a comparison that a person chose, (areas,); None where the method weighs."""
    if not comparison:
        return None
    out = np.zeros(len(panel.areas))
    out[panel.rows(comparison)] = 1.0
    return out


def _against(ground: Ground, counted: float, to_come: float) -> Message | None:
    """Why nothing can be tested here, where that is so."""
    panel, n = ground.panel, len(ground.windows.before)
    if counted == 0:
        return msg("Nothing was counted in these areas before the response, so no fall can be seen.")
    if panel.broken[ground.treated].any():
        return msg(
            "The recording of {areas:list} broke off or jumped within these months, so before and after can't be compared.",
            areas=tuple(panel.areas[i] for i in ground.treated if panel.broken[i])[:3],
        )
    if n < BEFORE:
        return msg_n(
            "Only {n:count} usable month lies before the response; {least:count} are needed to know what is usual.",
            "Only {n:count} usable months lie before the response; {least:count} are needed to know what is usual.",
            n=n, least=BEFORE,
        )  # fmt: skip
    if max(counted, to_come) < EVENTS:
        return msg_n(
            "Only {n:count} event was counted before, and below {least:count} chance decides everything: choose a "
            "larger area, a longer time or a commoner outcome.",
            "Only {n:count} events were counted before, and below {least:count} chance decides everything: choose a "
            "larger area, a longer time or a commoner outcome.",
            n=round(counted), least=EVENTS,
        )  # fmt: skip
    return None


def _unlike(ground: Ground) -> Message | None:
    """Why nothing in the force is like the treated areas, where that is so."""
    found, as_many = groups.placebos(ground.panel, ground.treated, ground.away, ground.windows.before)
    if len(found) < groups.FEWEST:
        return msg_n(
            "Only {n:count} group of the same size can be drawn from the rest of the force; an honest p-value needs "
            "{least:count}.",
            "Only {n:count} groups of the same size can be drawn from the rest of the force; an honest p-value needs "
            "{least:count}.",
            n=len(found), least=groups.FEWEST,
        )  # fmt: skip
    if as_many < SUPPORT:
        return msg(
            "Hardly any other place of this size had as many events before. With nothing like it in the force, "
            "nothing can say what would have happened here."
        )
    return None


def _play(ground: Ground, comparison: Sequence[str]) -> tuple[Drawn, dict[str, power.Curve]]:
    """What each method could show, played on the months before: their last part is taken for the time after.

    The placebos are chosen by the months that the play takes as before: chosen by all, they would foretell its time after.
    """
    panel, before, months = ground.panel, ground.windows.before, len(ground.windows.post)
    length = min(months, max(2, len(before) // 2))
    like, _ = groups.placebos(panel, ground.treated, ground.away, before[:-length])
    placebos = drawn(panel, ground.treated, like, ground.away)
    own = named(panel, comparison)
    played = {}
    for way in comparing.WAYS:
        fitted = null(panel, way, placebos, before[:-length], before[-length:], own)
        played[way] = power.curve(ahead(panel, fitted, placebos, before, months, own))
    return placebos, played


def _best(played: dict[str, power.Curve]) -> str | None:
    """The plainest method, unless another would find a clearly smaller fall."""
    if not played:
        return None
    found = {way: curve.detectable or 1.0 for way, curve in played.items()}
    best = min(found, key=lambda way: (found[way], way != PLAINEST))
    return best if found[best] < BETTER * found[PLAINEST] else PLAINEST


def _option(way: str, best: str | None, played: dict[str, power.Curve], against: Message | None, reason: str) -> Option:
    """A method, whether it could be used, and why it is or is not."""
    if way not in played:
        return Option(method=way, offered=False, why=against or msg("Nothing can be compared."))
    found = played[way].detectable
    if way == best and reason.strip():
        why = msg("Used: a person chose the comparison, for the reason given.")
    elif way == best and way == PLAINEST:
        why = msg("Used: it is the plainest comparison, and no other would find a clearly smaller fall.")
    elif way == best:
        why = msg("Used: of all methods it would find the smallest fall, {share:percent}.", share=found or 1.0)
    elif found is None:
        why = msg("Not used: with it not even a fall to nothing would show.")
    else:
        why = msg("Not used: the smallest fall that it would find is {share:percent}.", share=found)
    return Option(method=way, offered=True, why=why, detectable=found)


def _others(against: Message | None) -> list[Option]:
    """The methods that the automatic path does not rest a p-value on, and why."""
    series = msg(
        "Not used: the areas' own course alone can't tell the response from what changed everywhere, and after a lasting "
        "shock it finds changes where nothing was done."
    )
    plain = (
        msg("Shows what happened and proves nothing, because there is no comparison.")
        if against is not None
        else msg("Not used: there is a comparison, and without one a fall proves nothing.")
    )
    return [
        Option(method="interrupted-series", offered=False, why=series),
        Option(method="days-between", offered=against is not None, why=plain),
    ]


def _weight(best: str | None, areas: int) -> str:
    if best is None:
        return "quick"
    return "full" if best != PLAINEST or areas > 12 else "standard"


def _weights(panel: Panel, ground: Ground, best: str | None, placebos: Drawn | None, chosen: Ints) -> Floats:
    """What each area weighs in the comparison, (areas,)."""
    if len(chosen):
        out = np.zeros(len(panel.areas))
        out[chosen] = 1.0
        return out
    if best is None or placebos is None:
        return np.zeros(len(panel.areas))
    row = comparing.WAYS[best](panel, ground.treated[None, :], ground.away, ground.windows.before)
    return np.asarray(row.toarray().ravel())


def _courses(panel: Panel, ground: Ground, weights: Floats) -> tuple[Floats, Floats]:
    """Monthly counts before: of the treated areas, and of the comparison at their level; NaN where there is none."""
    before = ground.windows.before
    own = panel.counts[ground.treated][:, before].sum(0)
    compared = weights @ panel.counts[:, before]
    scale = own.sum() / compared.sum() if compared.sum() > 0 else np.nan
    return np.asarray(own * panel.unit), np.asarray(compared * scale * panel.unit)


def _likeness(panel: Panel, ground: Ground, weights: Floats) -> tuple[Likeness, ...]:
    if not weights.any():
        return ()
    before, share = ground.windows.before, weights / weights.sum()
    months = len(before)

    def row(what: Message, values: Floats) -> Likeness:
        return Likeness(what=what, treated=float(values[ground.treated].mean()), compared=float(share @ values))

    out = [
        row(msg("Outcome, per area and month"), panel.counts[:, before].sum(1) * panel.unit / months),
        row(msg("All records, per area and month"), panel.everything[:, before].sum(1) / months),
        row(msg("Records typical of town centres, per area and month"), panel.centre[:, before].sum(1) / months),
    ]
    if panel.population is not None:
        out.append(row(msg("Residents per area"), np.nan_to_num(panel.population)))
    return tuple(out)


def _checks(
    ground: Ground,
    against: Message | None,
    own: Floats,
    compared: Floats,
    curve: power.Curve | None,
    asked: Asked,
) -> tuple[Check, ...]:
    out = [Check("testable", against is None, against or msg("There is a comparison."))]
    if np.isfinite(compared).all() and own.sum() > 0:
        miss = float(np.abs(own - compared).sum() / own.sum())
        out.append(
            Check(
                "fit-before", miss < 0.5,
                msg("Month by month before the response, the comparison misses by {share:percent} of the count.",
                    share=miss),
            )
        )  # fmt: skip
    if ground.windows.left_out:
        out.append(
            Check(
                "recording", False,
                msg_n("{n:count} month is set aside because the way of recording changed.",
                      "{n:count} months are set aside because the way of recording changed.",
                      n=len(ground.windows.left_out)),
            )
        )  # fmt: skip
    if curve is not None:
        out.append(_power_check(curve.detectable, asked.hoped))
    return tuple(out)


def _power_check(detectable: float | None, hoped: float | None) -> Check:
    if detectable is not None and hoped is None:
        return Check("power", True, msg("There is a fall that would be found four times in five."))
    if detectable is not None and hoped is not None and detectable <= hoped:
        return Check("power", True, msg("The fall hoped for would be found four times in five."))
    return Check(
        "power", False,
        msg(
            "The fall hoped for may not show. What would help: a longer time, a larger area, pooling with a sister "
            "plan, or drawing lots for the order of places."
        )
        if hoped is not None
        else msg(
            "No fall would be found four times in five. What would help: a longer time, a larger area, pooling with a "
            "sister plan, or drawing lots for the order of places."
        ),
    )  # fmt: skip


def outcome_of(categories: Sequence[str], kind: str = "count", scheme: str | None = None) -> Outcome:
    """An outcome; a sentence where it is none."""
    if not categories:
        raise ForestallError("no category is named that should fall: name one or more")
    if kind not in ("count", "harm", "rate"):
        raise ForestallError(f"an outcome is a count, harm or rate, not {kind!r}")
    return Outcome(tuple(dict.fromkeys(categories)), kind, scheme or ("cambridge-2026" if kind == "harm" else None))
