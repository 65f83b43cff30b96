"""Repeat victims, suspects, locations and frequent callers as signals: how often and where, and never who."""

from __future__ import annotations

from collections import Counter

from scipy import special

from forestall import catalogue
from forestall.places import Places
from forestall.records import months as mm
from forestall.results import Series, Signal
from forestall.scan import sentences
from forestall.scan.repeated import EACH, LISTED, YEAR, Repeat
from forestall.text import Message, msg


def chosen(found: list[Repeat]) -> list[Repeat]:
    """Those that make signals: the first of each kind, of places of each category. The tasking lists have more."""
    out: list[Repeat] = []
    of_category: Counter[str] = Counter()
    for r in found:
        if r.q_value > 0.05 or not r.areas:
            continue
        of_category[r.category] += 1
        if r.role.by_category and of_category[r.category] > EACH:
            continue
        out.append(r)
        if len(out) == LISTED * (2 if r.role.by_category else 1):
            break
    return out


def from_repeat(r: Repeat, places: Places, until: str, scheme: catalogue.HarmScheme) -> Signal:
    codes = r.areas
    place = sentences.place_name(places, codes)
    n, expected = len(r.lines), r.chance
    low = float(special.gammaincinv(n, 0.025)) / expected
    high = float(special.gammaincinv(n + 1, 0.975)) / expected
    months = mm.between(mm.shift(until, 1 - YEAR), until)
    count = Counter(line.month for line in r.lines)
    weights = [scheme.weight(line.category) for line in r.lines]
    known = [w for w in weights if w is not None]
    since, last = r.months
    details: dict[str, object] = {"records": n, "usual": expected}
    if r.role.kind == "repeat-suspect":
        details["outcomes"] = sum(line.offender for line in r.lines)
    if r.role.kind == "repeat-location":
        details |= {"location": r.lines[-1].street, "premises": r.lines[-1].premises}
    return Signal(
        id="", kind=r.role.kind, category=r.category, theme=catalogue.category(r.category).theme, areas=codes, place=place,
        since=since, until=last, observed=n, expected=expected, ratio=n / expected, interval=(low, high),
        p_value=r.p_value, q_value=r.q_value, established=r.q_value <= 0.05, harm=sum(known) if known else None,
        why=why(r, place), cautions=cautions(r),
        series=Series(months, tuple(count[m] for m in months), (None,) * len(months), (False,) * len(months)),
        details=details, subject=r.subject,
    )  # fmt: skip


def why(r: Repeat, place: Message) -> Message:
    name, when, n = sentences.title(r.category), sentences.span(*r.months), len(r.lines)
    match r.role.kind:
        case "repeat-victim":
            return msg(
                "One person was recorded as a victim {n:count} times {when}, in {place}; most often: {category:low}. On "
                "average a recorded victim has {usual:ratio} such records a year.",
                n=n, when=when, place=place, category=name, usual=r.chance,
            )  # fmt: skip
        case "repeat-suspect":
            text = msg(
                "One person was named as a suspect in {n:count} records {when}, in {place}; most often: {category:low}. On "
                "average a suspect has {usual:ratio} such records a year.",
                n=n, when=when, place=place, category=name, usual=r.chance,
            )  # fmt: skip
            if not r.offender:
                return text
            return msg(
                "{text} Recorded outcomes name the person as an offender in {k:count} of them.",
                text=text, k=sum(line.offender for line in r.lines),
            )  # fmt: skip
        case "frequent-caller":
            return msg(
                "One caller made {n:count} calls or reports {when}, in {place}; most often: {category:low}. On average a "
                "caller makes {usual:ratio} a year. That is a need for support to look into.",
                n=n, when=when, place=place, category=name, usual=r.chance,
            )  # fmt: skip
    return msg(
        "{category}: {n:count} recorded at one location in {place} {when}. On average a location with any such record has "
        "{usual:ratio} a year.",
        category=name, n=n, place=place, when=when, usual=r.chance,
    )  # fmt: skip


def cautions(r: Repeat) -> tuple[Message, ...]:
    out = []
    match r.role.kind:
        case "repeat-location":
            out.append(msg("A busy place has many records because many people are there. Records of domestic abuse, sexual "
                           "offences and children are left out here."))  # fmt: skip
            out.append(msg("What the source calls one location can be a street, a car park or a whole building."))
        case "frequent-caller":
            out.append(msg("Calling often is no offence and no sign of one: most who do are unwell, alone or afraid."))
        case "repeat-victim":
            out.append(msg("Being on this list is a reason to offer help, and no forecast."))
        case "repeat-suspect":
            out.append(msg("A suspect is not an offender: only a recorded outcome says who was."))
    if r.role.kind != "repeat-location":
        out.append(msg("One person under two references, or two under one, would change this figure."))
    if r.role.kind != "repeat-location" and any(line.protected for line in r.lines):
        out.append(msg("Some of these records are of domestic abuse, a sexual offence or a child, or can't be told from "
                       "one: share them with nobody who need not know."))  # fmt: skip
    return tuple(out)
