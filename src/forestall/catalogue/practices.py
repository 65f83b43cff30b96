"""The practices that a response can rest on (``catalogue/practices/*.yaml``); none where no file is there."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from forestall.catalogue import HERE, load
from forestall.catalogue.plans import Option
from forestall.errors import ForestallError
from forestall.text import Message


@dataclass(frozen=True)
class Practice(Option):
    """``says``: what is known of its effect; ``source``: who says so; ``verify``: what to check first."""

    says: Message
    source: str
    verify: Message


@functools.cache
def practices() -> tuple[Practice, ...]:
    """Every practice by its file's name, with its title; a force's own files join those here or replace them."""
    own = os.environ.get("FORESTALL_CATALOGUE")
    folders = [folder / "practices" for folder in ([Path(own)] if own else []) + [HERE]]
    found = []
    for slug in sorted({p.stem for folder in folders for p in folder.glob("*.yaml")}):
        data = load(f"practices/{slug}")
        missing = {"title", "says", "source", "verify"} - set(data if isinstance(data, dict) else ())
        if missing:
            raise ForestallError(f"the practice {slug!r} lacks {', '.join(sorted(missing))}: enter it in its file")
        found.append(Practice(slug, data["title"], data["says"], str(data["source"]), data["verify"]))
    return tuple(found)
