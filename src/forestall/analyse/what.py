"""What happened: how many, how large a share of the force's, against a year before and what was expected, and what came
of it."""

from __future__ import annotations

import math

import numpy as np

from forestall import catalogue
from forestall.analyse import months as mm
from forestall.analyse.ground import Ground
from forestall.analyse.indicators import Indicators
from forestall.analyse.suppress import SMALL, shown
from forestall.results import Column, Exhibit, Part, Table
from forestall.stats import rate_ratio
from forestall.text import Message, msg, msg_n

#: An outcome list is cut to this many; the rest are added up.
OUTCOMES = 8


def what(ground: Ground) -> tuple[Part, Indicators]:
    """The part, and the figures for the ideas."""
    n, total = ground.count, int(ground.counts[:, ground.first :].sum())
    found: Indicators = {"records": float(n), "share_of_force": n / total if total else None}
    title = catalogue.category(ground.category).title
    headline = msg_n(
        "{n:count} record of {category:low}: {period}.",
        "{n:count} records of {category:low}: {period}.",
        n, category=title, period=mm.period(ground.since, ground.until),
    )  # fmt: skip
    facts: list[Message] = []
    if total:
        any_there = int((ground.counts[:, ground.first :].sum(1) > 0).sum())
        facts.append(
            msg(
                "That is {share:percent} of the force's, in {areas:count} of the {all:count} areas that have any.",
                share=n / total, areas=len(ground.areas), all=max(any_there, len(ground.areas)),
            )
        )  # fmt: skip
    facts += _year_before(ground, found)
    facts += _expected(ground, found)
    if not ground.public:
        sensitive, police = int((ground.sensitive & ground.inside).sum()), int((ground.police & ground.inside).sum())
        if sensitive:
            facts.append(
                msg(
                    "{n:count} concern domestic abuse, sexual offences or children: counted here, and left out of maps and "
                    "lists of places.",
                    n=sensitive,
                )
            )
        if police:
            facts.append(
                msg(
                    "{n:count} were made by the police themselves: counted here, and pointing at no place, because they "
                    "measure police activity.",
                    n=police,
                )
            )
    exhibits, missing = _outcomes(ground)
    return Part("what", headline, tuple(facts), exhibits, missing), found


def _year_before(ground: Ground, found: Indicators) -> list[Message]:
    """Against the same months a year before, and the rest of the force likewise."""
    first, width = ground.first, len(ground.months) - ground.first
    # Windows longer than a year would overlap the year before: their last twelve months are compared.
    if width > 12:
        first, width = len(ground.months) - 12, 12
    before = first - 12
    if before < ground.start or before < 0 or ground.aside[before : before + width].any():
        return [msg("There are no comparable months of the year before.")]
    now, was = int(ground.own[first : first + width].sum()), int(ground.own[before : before + width].sum())
    everywhere = ground.counts[~ground.here]
    rest, rest_was = (int(everywhere[:, a : a + width].sum()) for a in (first, before))
    if ground.public and min(now, was) < 5:
        return [msg("The same months of the year before are too few to show.")]
    out = []
    if now + was:
        r = rate_ratio(now, was)
        found["ratio_to_year_before"] = r.estimate if math.isfinite(r.estimate) else None
        found["ratio_to_year_before_low"] = r.interval[0]
        if was:
            words = (
                msg("likely up")
                if r.interval[0] > 1
                else msg("likely down")
                if r.interval[1] < 1
                else msg("no clear change")
            )
            out.append(
                msg(
                    "Against {was:count} in the same months of the year before: {r:ratio} times ({low:ratio} to "
                    "{high:ratio}), "
                    "{words}.",
                    was=was, r=r.estimate, low=r.interval[0], high=r.interval[1], words=words,
                )
            )  # fmt: skip
    if rest and rest_was:
        r = rate_ratio(rest, rest_was)
        found["rest_of_force_ratio"], found["rest_of_force_low"] = r.estimate, r.interval[0]
        out.append(
            msg(
                "The rest of the force stands at {r:ratio} times the year before ({low:ratio} to {high:ratio}).",
                r=r.estimate, low=r.interval[0], high=r.interval[1],
            )
        )  # fmt: skip
    return out


def _expected(ground: Ground, found: Indicators) -> list[Message]:
    s = ground.signal
    if s is None or not s.expected or (ground.public and s.observed <= SMALL):
        return []
    found["ratio_to_expected"] = s.ratio
    return [
        msg(
            "The signal: {n:count} recorded where {expected:decimal} were expected, {r:ratio} times ({low:ratio} to "
            "{high:ratio}).",
            n=s.observed, expected=s.expected, r=s.ratio, low=s.interval[0], high=min(s.interval[1], 1e6),
        )
    ]  # fmt: skip


def _outcomes(ground: Ground) -> tuple[tuple[Exhibit, ...], tuple[Message, ...]]:
    if "outcome" not in ground.filled:
        return (), (msg("What came of each record is not in these records."),)
    code, names = ground.coded("outcome")
    inside = code[ground.inside]
    counts = np.bincount(inside[inside >= 0], minlength=len(names))
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    entries = [(names[i], int(counts[i])) for i in order[:OUTCOMES]]
    rest = int(sum(counts[i] for i in order[OUTCOMES:]))
    labels: list[Message | str] = [name for name, _ in entries]
    values = [n for _, n in entries]
    for label, n in ((msg("other outcomes"), rest), (msg("none recorded yet"), int((inside < 0).sum()))):
        if n:
            labels.append(label)
            values.append(n)
    if not values:
        return (), ()
    told: tuple[int | None, ...] = shown(values) if ground.public else tuple(values)
    rows = tuple(zip(labels, told, strict=True))
    columns = (Column("outcome", msg("Outcome")), Column("records", msg("Records"), numeric=True))
    if entries and told[0] is not None:
        headline = msg(
            "The most frequent outcome is “{outcome}”, {share:percent} of the records.",
            outcome=entries[0][0], share=entries[0][1] / max(1, len(inside)),
        )  # fmt: skip
    else:
        headline = msg("What came of the records.")
    exhibit = Exhibit(
        "outcomes", headline, Table(columns, rows, msg("Outcomes")), "bars", msg("records"),
        msg("Outcomes as they stood when the records were read; young records have fewer."),
    )  # fmt: skip
    return (exhibit,), ()
