"""The evaluation of a locked design on the records as they stand: counts first, then the effect, then what may be said."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from forestall import catalogue
from forestall.assess import groups
from forestall.assess.null import drawn, null
from forestall.assess.panel import Floats, Ints, Panel, build
from forestall.assess.propose import FEWEST_AFTER, SUPPORT, Ground, lay, named
from forestall.assess.verdict import ALPHA, maryland, moved, verdict
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.results import Check, Design, Effect, Evaluation, Fidelity
from forestall.results.design import METHODS, VERDICTS
from forestall.text import Message, msg, msg_n

NAN = math.nan


def evaluate(
    records: Records,
    places: Places | None,
    design: Design,
    *,
    fidelity: Fidelity | None = None,
    harms: str = "",
    equality: str = "",
    economics: Mapping[str, Any] | None = None,
    earlier: Evaluation | None = None,
    panel: Panel | None = None,
    today: dt.date | None = None,
) -> Evaluation:
    """``earlier``: an evaluation of the same design on an earlier snapshot; what changed since is said. While months of the
    time after are still to come the figures stand without a verdict.

    Raises ``ForestallError`` where none of those months has begun.
    """
    asked = design.asked
    panel = panel or build(records, places, outcome=asked.outcome, force=asked.force, others=asked.others)
    panel = panel.upto(mm.shift(asked.starts, asked.months - 1))
    ground = lay(panel, asked)
    if not len(ground.windows.after):
        raise ForestallError(
            f"the response begins in {asked.starts} and these records end in {panel.months[-1]}: there is nothing after it "
            "yet; ingest later months"
        )
    fidelity = fidelity or Fidelity()
    after = tuple(panel.months[i] for i in ground.windows.after)
    interim = len(after) < len(ground.windows.post)
    parts = [("local", ground.treated)]
    if len(ground.ring):
        parts += [("ring", ground.ring), ("total", np.union1d(ground.treated, ground.ring))]
    found = {name: _effect(design, ground, name, rows) for name, rows in parts}
    local, ring, total = found["local"][0], found.get("ring", (None, None))[0], found.get("total", (None, None))[0]
    slug, rule = verdict(design, local, ring, total, fidelity)
    if interim:
        slug = ""
        rule = msg_n(
            "{n:count} month of the test is still to come, so there are figures but no verdict yet.",
            "{n:count} months of the test are still to come, so there are figures but no verdict yet.",
            n=len(ground.windows.post) - len(after),
        )  # fmt: skip
    weights = found["local"][1]
    months, own, expected = _courses(panel, ground, weights, local)
    made = Evaluation(
        parameters={"placebos": groups.PLACEBOS, "level": 0.95, "least": fidelity.least}, seed=0,
        checks=_checks(design, ground), design=design, snapshot=panel.snapshot,
        made_on=(today or dt.date.today()).isoformat(), interim=interim, months=after,
        raw=_raw(panel, ground, weights), effects=tuple(e for e, _ in found.values()), fidelity=fidelity, verdict=slug,
        rule=rule, resident=(), analyst=(), level=maryland(design),
        deviations=_deviations(design, panel, ground, weights, after),
        course_months=months, treated_course=own, expected_course=expected, harms=harms.strip(), equality=equality.strip(),
        economics=dict(economics or {}),
    )  # fmt: skip
    made = replace(made, resident=resident(made), analyst=analyst(made))
    return made if earlier is None else replace(made, changed=_changed(earlier, made))


def _effect(design: Design, ground: Ground, name: str, rows: Ints) -> tuple[Effect, Floats]:
    """One part's effect and the weights of its comparison; NaN where no p-value is honest."""
    panel, w = ground.panel, ground.windows
    before, after = (float(panel.counts[rows][:, m].sum()) for m in (w.before, w.after))
    empty = Effect(
        part=name, areas=len(rows), before=before * panel.unit, after=after * panel.unit, expected=NAN, plain=NAN,
        ratio=NAN, interval=(NAN, NAN), p_value=NAN, prevented=NAN, prevented_interval=(NAN, NAN),
    )  # fmt: skip
    nothing = np.zeros(len(panel.areas))
    if not design.method or before == 0 or panel.broken[rows].any():
        return empty, nothing
    drawn_from, as_many = groups.placebos(panel, rows, ground.away, w.before)
    if len(drawn_from) < groups.FEWEST or as_many < SUPPORT:
        return empty, nothing
    placebos = drawn(panel, rows, drawn_from, ground.away)
    fitted = null(panel, design.method, placebos, w.before, w.after, named(panel, design.chosen))
    e = fitted.expected
    low, high = fitted.interval()
    tested = max(e, after) >= FEWEST_AFTER
    plain = replace(empty, expected=e * panel.unit, plain=fitted.plain * panel.unit, ratio=after / e,
                    prevented=(e - after) * panel.unit)  # fmt: skip
    if not tested:
        return plain, fitted.weights
    return replace(
        plain, interval=(low, high), p_value=fitted.p_value(),
        prevented_interval=(e * (1 - high) * panel.unit, e * (1 - low) * panel.unit),
    ), fitted.weights  # fmt: skip


def _courses(panel: Panel, ground: Ground, weights: Floats, local: Effect) -> tuple[tuple[str, ...], Floats, Floats]:
    """Months, what was counted in the treated areas, and what was expected: the comparison at the level before."""
    w = ground.windows
    at = np.concatenate([w.before, w.after])
    own = panel.counts[ground.treated][:, at].sum(0) * panel.unit
    compared = weights @ panel.counts[:, at]
    base = compared[: len(w.before)].sum()
    expected = compared * (local.before / base) if base > 0 else np.full(len(at), NAN)
    if math.isfinite(local.plain) and local.plain > 0:
        expected[len(w.before) :] *= local.expected / local.plain
    return tuple(panel.months[i] for i in at), np.asarray(own), np.asarray(expected)


def _raw(panel: Panel, ground: Ground, weights: Floats) -> tuple[tuple[str, float, float], ...]:
    """What was counted, before and after: (part, before, after). The comparison's is that of all areas with any weight."""
    w = ground.windows
    groups_of = {"treated": ground.treated, "ring": ground.ring, "compared": np.flatnonzero(weights > 1e-4)}
    out = []
    for name, rows in groups_of.items():
        was, now = (float(panel.raw[rows][:, m].sum()) for m in (w.before, w.after))
        out.append((name, was, now))
    return tuple(out)


def _deviations(
    design: Design, panel: Panel, ground: Ground, weights: Floats, after: tuple[str, ...]
) -> tuple[Message, ...]:
    out: list[Message] = []
    if design.lock is None:
        out.append(msg("The design was never locked, so what is tested may have been chosen after the fact."))
    elif not design.locked:
        out.append(msg("The design was changed after it was locked on {day:day}.", day=design.lock.on))
    elif design.lock.late:
        out.append(
            msg_n("The design was locked {n:count} day after the response began.",
                  "The design was locked {n:count} days after the response began.", n=design.lock.late)
        )  # fmt: skip
    lost = sorted(set(design.pre) - {panel.months[i] for i in ground.windows.before})
    if lost:
        out.append(
            msg(
                "Months before the response on which the design counted are now set aside: {months:list}.",
                months=tuple(lost),
            )
        )
    gone = [m for m in design.post if m <= panel.months[-1] and m not in after]
    if gone:
        out.append(
            msg(
                "Months after the response began on which the design counted are now set aside: {months:list}.",
                months=tuple(gone),
            )
        )
    locked, now = {code for code, _ in design.comparison}, {panel.areas[i] for i in np.flatnonzero(weights > 1e-4)}
    if others := len(locked ^ now):
        out.append(
            msg_n("{n:count} area is compared with now and was not in the design, or the other way round.",
                  "{n:count} areas are compared with now and were not in the design, or the other way round.", n=others)
        )  # fmt: skip
    if design.overruled:
        out.append(msg("The proposal was overruled, for this reason: {reason}", reason=design.overruled))
    if panel.snapshot != design.snapshot:
        out.append(
            msg(
                "The records have changed since the design was made: snapshot {then} then, {now} now.",
                then=design.snapshot,
                now=panel.snapshot,
            )
        )
    return tuple(out)


def _checks(design: Design, ground: Ground) -> tuple[Check, ...]:
    broken = ground.panel.broken[ground.treated]
    out = [c for c in design.checks if c.name in ("fit-before", "testable")]
    out.append(
        Check(
            "recording-after", not broken.any(),
            msg("The recording of treated areas broke off or jumped within these months.")
            if broken.any()
            else msg("The recording of the treated areas was steady."),
        )
    )  # fmt: skip
    return tuple(out)


def resident(made: Evaluation) -> tuple[Message, ...]:
    """One paragraph that somebody who lives there would understand."""
    local = made.effect()
    assert local is not None
    n = len(made.months)
    counted = tuple(catalogue.category(c).title for c in made.design.asked.outcome.categories)
    out = [
        msg("Counted here: {what:list}, where the response was made.", what=counted),
        msg_n("In the first month of the response {after:count} were recorded.",
              "In the first {n:count} months of the response {after:count} were recorded.", n=n, after=round(local.after))
        if made.design.asked.outcome.kind != "harm"
        else msg_n("In the first month of the response the harm recorded weighed {after:count}.",
                   "In the first {n:count} months of the response the harm recorded weighed {after:count}.", n=n,
                   after=round(local.after)),
    ]  # fmt: skip
    if math.isfinite(local.expected):
        out.append(
            msg(
                "Going by similar places, about {expected:count} would have been expected without it.",
                expected=round(local.expected),
            )
        )
    closing = {
        "worked": msg("That is fewer than chance explains: the response worked."),
        "backfired": msg(
            "That is more than chance explains: the response made things worse, or something else happened there."
        ),
        "no-evidence": msg(
            "It fell there and rose around it, so that together there is no clear fall: it moved rather than stopped."
        )
        if moved(local, made.effect("ring"), made.effect("total"))
        else msg("There is no sign that the response made a difference."),
        "cant-tell": msg("These numbers can't tell whether the response made a difference."),
        "not-tested": msg("Too little of what was planned was done, so we don't know whether it would have worked."),
        "": msg("It is too early to say what difference the response made."),
    }
    return (*out, closing[made.verdict])


def analyst(made: Evaluation) -> tuple[Message, ...]:
    """One paragraph with method, interval, displacement, fidelity and what it can't tell."""
    local = made.effect()
    assert local is not None
    out: list[Message] = []
    title = METHODS[made.design.method] if made.design.method else msg("No comparison")
    out.append(
        msg(
            "{method}, held against {n:count} groups of as many areas in the same months where nothing was done "
            "(placebos).",
            method=title,
            n=made.design.placebos,
        )
    )
    if local.tested:
        low, high = local.interval
        figures: dict[str, Any] = {
            "after": round(local.after), "expected": round(local.expected), "ratio": local.ratio, "low": low, "high": high,
            "p": f"{local.p_value:.3f}",
        }  # fmt: skip
        out.append(
            msg(
                "The harm recorded weighed {after:count}, against {expected:count} expected: a ratio of {ratio:ratio} (95% "
                "interval {low:ratio} to {high:ratio}, p = {p}).",
                **figures,
            )
            if made.design.asked.outcome.kind == "harm"
            else msg(
                "Counted {after:count}, expected {expected:count}: a ratio of {ratio:ratio} (95% interval {low:ratio} to "
                "{high:ratio}, p = {p}).",
                **figures,
            )
        )
        out += _allowance(local)
    ring = made.effect("ring")
    if ring is not None and ring.tested:
        kind = (
            msg("neither displacement nor diffusion beyond chance")
            if ring.p_value > ALPHA
            else msg("more than expected, which points to displacement")
            if ring.ratio > 1
            else msg("less than expected, which points to diffusion of benefit")
        )
        out.append(
            msg("In the areas around: {kind} (ratio {ratio:ratio}, 95% interval {low:ratio} to {high:ratio}).", kind=kind,
                ratio=ring.ratio, low=ring.interval[0], high=ring.interval[1])
        )  # fmt: skip
    share = made.fidelity.share
    out.append(
        msg("Of what was planned, {share:percent} was delivered.", share=share)
        if share is not None
        else msg("Nobody recorded how much of the plan was delivered.")
    )
    out.append(msg("{verdict}. {rule}", verdict=VERDICTS[made.verdict], rule=made.rule) if made.verdict else made.rule)
    out.append(
        msg(
            "Level {level:count} of 5 on the Maryland scale. The test can't see what was not recorded, nor tell which "
            "part of the response made the difference.",
            level=made.level,
        )
    )
    return tuple(out)


def _allowance(local: Effect) -> list[Message]:
    """What the expected count allows for regression to the mean, and in which direction."""
    if not local.plain > 0:
        return []
    share = local.expected / local.plain - 1
    if abs(share) < 0.005:
        return [
            msg("Where nothing was done, groups with such a past moved as their comparisons did: nothing is allowed for.")
        ]
    if share < 0:
        return [
            msg(
                "What was expected is {share:percent} less than its comparison alone would give: where nothing was "
                "done, groups with such a past fell that much by themselves (regression to the mean).",
                share=-share,
            )
        ]
    return [
        msg(
            "What was expected is {share:percent} more than its comparison alone would give: where nothing was done, "
            "groups with such a past rose that much by themselves (regression to the mean).",
            share=share,
        )
    ]


def _changed(earlier: Evaluation, now: Evaluation) -> tuple[Message, ...]:
    """What a later snapshot changed."""
    a, b = earlier.effect(), now.effect()
    out: list[Message] = []
    if a is not None and b is not None and (a.after, a.before) != (b.after, b.before):
        out.append(
            msg("Counted after the response began: {was:count} then, {now:count} now. Before: {was_before:count} then, "
                "{now_before:count} now.",
                was=round(a.after), now=round(b.after), was_before=round(a.before), now_before=round(b.before))
        )  # fmt: skip
    if earlier.verdict != now.verdict:
        titles = {**VERDICTS, "": msg("No verdict yet")}
        out.append(msg("Verdict: {was} then, {now} now.", was=titles[earlier.verdict], now=titles[now.verdict]))
    return tuple(out) or (msg("Nothing that counts has changed since the earlier evaluation."),)
