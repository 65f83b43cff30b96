"""How long each kind of record is kept before somebody decides on it again: ``retention.yaml``, checked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forestall.catalogue import load, path
from forestall.errors import ForestallError
from forestall.text import Message


@dataclass(frozen=True)
class Group:
    """``years``: from the day on which the clock begins until the review is due."""

    slug: str
    title: Message
    years: int
    text: Message
    verify: Message


@dataclass(frozen=True)
class Kept:
    """One kind of record: what it is kept for, by which law, and when its clock begins."""

    kind: str
    group: Group
    purpose: Message
    basis: Message
    clock: Message


@functools.cache
def kinds() -> Mapping[str, Kept]:
    """Every kind, by its name. ForestallError where an entry lacks something or names a group that is not there."""
    data = load("retention")
    if not isinstance(data, dict) or not {"groups", "kinds"} <= set(data):
        raise ForestallError(f"{path('retention')} needs 'groups' and 'kinds'")
    groups = {
        slug: Group(slug, **_entry(slug, entry, {"title", "years", "text", "verify"}))
        for slug, entry in data["groups"].items()
    }
    for group in groups.values():
        if not isinstance(group.years, int) or not 0 < group.years <= 100:
            raise ForestallError(f"{path('retention')}: the years of {group.slug!r} must be a whole number from 1 to 100")
    out = {}
    for kind, entry in data["kinds"].items():
        said = _entry(kind, entry, {"group", "purpose", "basis", "clock"})
        if said["group"] not in groups:
            raise ForestallError(
                f"{path('retention')}: {kind!r} names the group {said['group']!r}, which is not in the list"
            )
        out[kind] = Kept(kind, groups[said.pop("group")], **said)
    return out


def kept(kind: str) -> Kept:
    """What is said of a kind; ForestallError where nothing is, because nothing is kept without a purpose and a review."""
    try:
        return kinds()[kind]
    except KeyError as error:
        raise ForestallError(
            f"{path('retention')} says nothing of {kind!r}: add its purpose, basis and group there"
        ) from error


def _entry(name: str, entry: Any, needs: set[str]) -> dict[str, Any]:
    missing = needs - set(entry if isinstance(entry, dict) else {})
    if missing:
        raise ForestallError(f"{path('retention')}: {name!r} lacks {', '.join(sorted(missing))}")
    return {k: entry[k] for k in needs}
