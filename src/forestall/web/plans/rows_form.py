"""The form of an idea or a response: what it sent, what its sender had seen, and what they chose where two people wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from forestall.catalogue import plans as catalogue
from forestall.catalogue.practices import practices
from forestall.text import Message, Name, msg
from forestall.web.plans import plan_present
from forestall.web.plans.desk import Desk
from forestall.web.plans.values import clean_text, revision

Choices = list[tuple[str, "Message | Name | str"]]


@dataclass(frozen=True)
class Given:
    """``base`` and ``was``: the revision and fields that were seen. ``unchosen``: fields without a choice."""

    sent: dict[str, str]
    base: int
    was: dict[str, str]
    unchosen: tuple[str, ...]


def given(post: QueryDict, prefix: str, fields: Iterable[str]) -> Given:
    """What a form of rows sent. Names of its fields begin with ``prefix`` and a hyphen."""
    names = list(fields)
    sent = {n: clean_text(post.get(f"{prefix}-{n}", "")) for n in names}
    unchosen = []
    for n in post.getlist("choose"):
        pick = post.get(f"pick-{n}")
        if n not in names:
            continue
        if pick in ("theirs", "both"):
            sent[n] = clean_text(post.get(f"{pick}-{n}", ""))
        elif pick != "mine":
            unchosen.append(n)
    return Given(sent, revision(post.get("base")), _was(post.get("was", ""), names), tuple(unchosen))


def _was(text: str, names: list[str]) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {n: str(found[n]) for n in names if n in found} if isinstance(found, dict) else {}


def packed(fields: Mapping[str, str]) -> str:
    """Fields as a hidden field of the form carries them."""
    return json.dumps(dict(fields), ensure_ascii=False)


def idea_choices() -> dict[str, Choices]:
    """What the fields of an idea choose from."""
    return {
        "side": [(o.slug, o.title) for o in catalogue.choices("sides")],
        "horizon": [(o.slug, o.title) for o in catalogue.choices("horizons")],
        "standing": list(plan_present.HYPOTHESIS.items()),
    }


def response_choices(desk: Desk) -> dict[str, Choices]:
    """What the fields of a response choose from, techniques in one list."""
    tiers: dict[str, Choices] = {f"tier-{g.slug}": [(o.slug, o.title) for o in g.options] for g in catalogue.schemes()}
    return {
        **tiers,
        "side": [(o.slug, o.title) for o in catalogue.choices("sides")],
        "technique": [(o.slug, o.title) for g in catalogue.techniques() for o in g.options],
        "driver": [(o.slug, o.title) for o in catalogue.choices("drivers")],
        "organisation": [(str(o.pk), o.title) for o in desk.organisations],
        "owner": [(str(u.pk), str(u)) for u in desk.team],
        "practice": [(o.slug, o.title) for o in practices()],
        "trial": [("yes", msg("Yes")), ("", msg("No"))],
        "shared": [("yes", msg("Yes")), ("", msg("No"))],
        "standing": list(plan_present.RESPONSE.items()),
    }


@dataclass(frozen=True)
class Differing:
    """One field in which two people differ. ``both``: joined, where it is free text; None where one must be chosen."""

    name: str
    title: Message
    theirs: str
    mine: str
    theirs_shown: str | Message | Name
    mine_shown: str | Message | Name
    both: str | None
    unchosen: bool


def differing(
    fields: Mapping[str, Message],
    long: Iterable[str],
    choices: Mapping[str, Choices],
    names: Iterable[str],
    theirs: Mapping[str, str],
    mine: Mapping[str, str],
    unchosen: Iterable[str] = (),
) -> list[Differing]:
    """The fields to choose, side by side."""
    out = []
    for n in names:
        titles = dict(choices.get(n, ()))
        a, b = theirs.get(n, ""), mine.get(n, "")
        both = "\n".join(dict.fromkeys(t for t in (a, b) if t)) if n in long else None
        out.append(Differing(n, fields[n], a, b, titles.get(a, a), titles.get(b, b), both, n in unchosen))
    return out
