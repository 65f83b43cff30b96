"""The practices that a response can rest on (``catalogue/practices/*.yaml``); none where no file is there."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from forestall.catalogue import HERE, load
from forestall.catalogue.plans import Option
from forestall.errors import ForestallError


@functools.cache
def practices() -> tuple[Option, ...]:
    """Every practice by its file's name, with its title; a force's own files join those here or replace them."""
    own = os.environ.get("FORESTALL_CATALOGUE")
    folders = [folder / "practices" for folder in ([Path(own)] if own else []) + [HERE]]
    found = []
    for slug in sorted({p.stem for folder in folders for p in folder.glob("*.yaml")}):
        data = load(f"practices/{slug}")
        if not isinstance(data, dict) or "title" not in data:
            raise ForestallError(f"the practice {slug!r} lacks a title: enter one in its file")
        found.append(Option(slug, data["title"]))
    return tuple(found)
