"""Two people changing one idea or one response: what joins by itself, and what somebody must choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RevisionError(Exception):
    """Somebody else changed the same fields meanwhile. ``row``: what stands now. ``stands``: its fields as a form holds
    them. ``mine``: what was sent, joined with theirs where only one of both changed a field. ``fields``: to choose."""

    def __init__(self, row: Any, stands: Mapping[str, str], mine: Mapping[str, str], fields: list[str]) -> None:
        super().__init__("changed meanwhile: " + ", ".join(fields))
        self.row, self.stands, self.mine, self.fields = row, stands, mine, fields


def reconcile(
    row: Any, stands: Mapping[str, str], base: int, was: Mapping[str, str], sent: Mapping[str, str]
) -> dict[str, str]:
    """What is kept of a form that somebody sent. ``base``: the revision that they saw, ``was`` its fields. A field that
    only one of both changed is theirs who changed it; :class:`RevisionError` where both did."""
    if row.revision == base:
        return dict(sent)
    joined, fields = {}, []
    for name, value in sent.items():
        if name in was and value == was[name]:
            joined[name] = stands.get(name, value)
            continue
        joined[name] = value
        if value != stands.get(name) and was.get(name) != stands.get(name):
            fields.append(name)
    if fields:
        raise RevisionError(row, stands, joined, fields)
    return joined
