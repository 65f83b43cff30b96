"""The problem analysis triangle: for each side what the records say, what nobody knows yet, and whom to ask."""

from __future__ import annotations

from collections.abc import Mapping

from forestall.results import Idea, Part, Side
from forestall.text import Message, msg


def triangle(parts: Mapping[str, Part], ideas: tuple[Idea, ...]) -> tuple[Side, ...]:
    """Place, victim or target, and offender."""
    where, when, who, how = (parts[n] for n in ("where", "when", "who", "how"))
    exhibits = {e.name: e for p in parts.values() for e in p.exhibits}
    place = [where.headline, *(f for f in where.facts[:2])]
    if "premises_type" in exhibits:
        place.append(exhibits["premises_type"].headline)
    victim: list[Message] = []
    offender: list[Message] = []
    if "victims" in exhibits:
        victim += [who.headline, exhibits["victims"].headline]
    if "suspects" in exhibits:
        offender += [exhibits["suspects"].headline]
    if "method" in exhibits:
        offender.append(exhibits["method"].headline)
    if "week" in exhibits:
        offender.append(when.headline)
    if "flags" in exhibits and how.exhibits:
        offender.append(exhibits["flags"].headline)
    silent = msg("The records say nothing of this side.")
    sides = (
        ("place", msg("Place"), place, _CONTROLLERS["place"]),
        ("victim", msg("Victim or target"), victim, _CONTROLLERS["victim"]),
        ("offender", msg("Offender"), offender, _CONTROLLERS["offender"]),
    )
    out = []
    for side, title, said, controller in sides:
        unknown = [u for i in ideas if i.side == side and i.standing in ("fits", "mixed") for u in i.unknown]
        unknown += [m for m in _MISSING[side] if m not in unknown]
        out.append(Side(side, title, _once(said) or (silent,), tuple(unknown[:4]), controller))
    return tuple(out)


def _once(said: list[Message]) -> tuple[Message, ...]:
    """Each sentence once, in order."""
    return tuple(m for i, m in enumerate(said) if m not in said[:i])


_CONTROLLERS = {
    "place": msg("Manager: who owns or runs the place, and is there when it happens?"),
    "victim": msg("Guardian: who could look after the victim or the target, and was not there?"),
    "offender": msg("Handler: who knows the offender well enough to hold them back?"),
}
_MISSING = {
    "place": (msg("How the place is lit, overlooked, built and run is in no record."),),
    "victim": (msg("What was taken or harmed, and what made it a target, is not in these fields."),),
    "offender": (msg("Who did it, where no suspect is named, and what drew them there."),),
}
