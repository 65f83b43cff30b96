"""The kinds of notice. An app that posts a kind declares it beside what posts it; an e-mail says the kind and no more."""

from __future__ import annotations

from dataclasses import dataclass

from forestall.text import Message, msg


@dataclass(frozen=True)
class Kind:
    """``title``: one short sentence without any detail, for all that an e-mail says. ``mailed``: whether one is sent."""

    slug: str
    title: Message
    mailed: bool = True


KINDS: dict[str, Kind] = {}


def kind(slug: str, title: Message, *, mailed: bool = True) -> Kind:
    """Declares a kind of notice; its slug is stored and stays."""
    made = Kind(slug, title, mailed)
    if KINDS.setdefault(slug, made) != made:
        raise ValueError(f"the kind of notice {slug} is declared twice")
    return made


#: What a stored notice is whose kind no installed code declares any more.
OTHER = Kind("other", msg("Something concerns you in the workplace"), mailed=False)


def of(slug: str) -> Kind:
    return KINDS.get(slug, OTHER)
