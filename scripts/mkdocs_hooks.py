"""Fills each section of the site's navigation that names a folder with that folder's pages, so that a new page needs no
second entry. ``index.md`` comes first, the rest by file name; a tutorial's order is its pages' numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:
    """Expands ``- Methods: methods/`` to the list of pages in ``docs/methods``."""
    docs = Path(config["docs_dir"])
    for section in config["nav"]:
        for title, target in section.items():
            if isinstance(target, str) and target.endswith("/"):
                section[title] = pages(docs, target)
    config["nav"] = [section for section in config["nav"] if all(section.values())]
    return config


def pages(docs: Path, folder: str) -> list[str]:
    """The Markdown pages of a folder, relative to ``docs``: its index, then the others by name."""
    found = sorted((docs / folder).glob("*.md"), key=lambda p: (p.name != "index.md", p.name))
    return [p.relative_to(docs).as_posix() for p in found]
