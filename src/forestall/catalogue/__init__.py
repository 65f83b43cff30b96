"""The content, as YAML that a force changes without a developer, and the one loader that checks it.

A file's text for readers carries the tag ``!msg`` and becomes a :class:`forestall.text.Message`; Babel extracts it.
``FORESTALL_CATALOGUE`` may name a folder of a force's own files: a file there replaces the one of the same name here.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError
from forestall.text import Message

HERE = Path(__file__).parent


def path(name: str) -> Path:
    """Where the catalogue file ``name`` (without ``.yaml``) lies, a force's own first."""
    own = os.environ.get("FORESTALL_CATALOGUE")
    for folder in ([Path(own)] if own else []) + [HERE]:
        file = folder / f"{name}.yaml"
        if file.is_file():
            return file
    beside = (HERE / name).parent
    files = beside.glob("*.yaml") if beside.is_dir() else HERE.rglob("*.yaml")
    known = ", ".join(sorted(p.relative_to(HERE).with_suffix("").as_posix() for p in files))
    raise ForestallError(f"there is no catalogue file {name!r}; there are: {known}")


def load(name: str) -> Any:
    """The content of a catalogue file as plain data, ``!msg`` text as messages.

    Raises ``ForestallError`` with file and line where the YAML cannot be read.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!msg", _message)
    file = path(name)
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ForestallError(f"{file}, line {line}: {error.problem}; mend the YAML there") from error


def _message(loader: Any, node: Any) -> Message:
    return Message(str(loader.construct_scalar(node)))


@dataclass(frozen=True)
class Category:
    """``targets``: whether a signal may rest on it; False for what records police activity."""

    slug: str
    title: Message
    theme: str
    targets: bool
    note: Message | None = None


@dataclass(frozen=True)
class Theme:
    slug: str
    title: Message


@dataclass(frozen=True)
class HarmScheme:
    """Weights in ``unit`` a record; None where the scheme has none."""

    slug: str
    version: str
    title: Message
    unit: Message
    weights: Mapping[str, float | None]
    source: str
    note: Message

    def weight(self, category: str) -> float | None:
        return self.weights.get(category)

    def setting(self, category: str, value: float | None) -> HarmScheme:
        """The scheme with one weight set by hand, and its version saying so."""
        from dataclasses import replace

        if value is None:
            return self
        return replace(
            self, weights={**self.weights, category: value}, version=f"{self.version}, {category} set to {value:g}"
        )


@functools.cache
def themes() -> tuple[Theme, ...]:
    return tuple(Theme(t["slug"], t["title"]) for t in _list("categories", "themes", {"slug", "title"}))


@functools.cache
def categories() -> Mapping[str, Category]:
    """Categories by slug, in the order of the file."""
    known = {t.slug for t in themes()}
    out = {}
    for entry in _list("categories", "categories", {"slug", "title", "theme", "targets"}):
        if entry["theme"] not in known:
            raise ForestallError(
                f"{path('categories')}: category {entry['slug']!r} names theme {entry['theme']!r}, which is not in the list"
            )
        out[entry["slug"]] = Category(
            entry["slug"], entry["title"], entry["theme"], bool(entry["targets"]), entry.get("note")
        )
    return out


@functools.cache
def _titles() -> Mapping[str, Message]:
    """What calls and complaints are about, in words; a force's own file need not say it."""
    return load("categories").get("titles") or {}


def category(slug: str) -> Category:
    """A category, or a plain one for a slug that the catalogue doesn't know."""
    known = categories().get(slug)
    if known is not None:
        return known
    title = _titles().get(slug) or Message(slug.replace("-", " ").capitalize())
    return Category(slug, title, "other", True)


@functools.cache
def harm(name: str = "cambridge-2026") -> HarmScheme:
    data = load(f"harm/{name}")
    missing = {"version", "title", "unit", "weights", "source", "note"} - set(data)
    if missing:
        raise ForestallError(f"{path(f'harm/{name}')} lacks {', '.join(sorted(missing))}")
    for slug, weight in data["weights"].items():
        if weight is not None and not (isinstance(weight, int | float) and weight >= 0):
            raise ForestallError(f"{path(f'harm/{name}')}: the weight of {slug!r} must be a number of 0 or more, or null")
    return HarmScheme(
        name, str(data["version"]), data["title"], data["unit"], data["weights"], data["source"], data["note"]
    )


def _list(name: str, key: str, needs: set[str]) -> list[dict[str, Any]]:
    data = load(name)
    entries = data.get(key) if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise ForestallError(f"{path(name)} needs a list {key!r}")
    for number, entry in enumerate(entries, 1):
        missing = needs - set(entry)
        if missing:
            raise ForestallError(f"{path(name)}: entry {number} of {key!r} lacks {', '.join(sorted(missing))}")
    return entries
