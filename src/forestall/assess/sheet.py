"""``design.yaml``: the whole of a design as a file that a person can read, keep under version control and hand on.

It holds the fields of :class:`~forestall.results.Design` in the order in which a reader asks for them, and ``hash``, which
tells whether anything was changed by hand since Forestall wrote it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from forestall.assess import _nodes
from forestall.assess.comparing import WAYS
from forestall.errors import ForestallError, remedy
from forestall.records import months as mm
from forestall.results import Check, Design
from forestall.results.design import Lock
from forestall.text import Message

#: What a reader asks first comes first.
ORDER = (
    "type", "version", "asked", "force", "weight", "method", "overruled", "power", "options", "pre", "post", "left_out",
    "comparison", "chosen", "ring", "set_aside", "likeness", "checks", "months", "treated_course", "compared_course",
    "placebos", "randomised", "snapshot", "made_on", "parameters", "seed", "hash", "lock",
)  # fmt: skip
HEAD = "# The whole of how a response will be tested (forestall design show). Propose again; don't change it by hand.\n"
REMAKE = "make one with forestall design propose"


@dataclass(frozen=True)
class Sheet:
    """A design as it stands in a file. ``intact``: nothing was changed by hand since it was written."""

    design: Design
    intact: bool


class _Dumper(yaml.SafeDumper):
    """Short lists in one line, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def text(design: Design) -> str:
    """The design as YAML."""
    content = {**design.to_json(), "hash": design.hash()}
    ordered = {k: content[k] for k in ORDER if k in content}
    ordered |= {k: v for k, v in content.items() if k not in ordered}
    body: str = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return HEAD + body


def write(design: Design, path: Path, *, over: bool = False) -> None:
    """Writes the file whole or not at all.

    ``over``: whether a file that is there may be replaced; a locked design never is. Raises ``ForestallError`` otherwise.
    """
    if path.exists():
        if not over:
            raise ForestallError(f"{path} is there already: name another file with --out, or replace it with --replace")
        if _is_locked(path):
            raise ForestallError(f"{path} holds a locked design, which nothing replaces: name another file with --out")
    put(path, text(design))


def put(path: Path, content: str) -> None:
    """Writes text whole or not at all; a sentence where the disk refuses."""
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        part.write_text(content, encoding="utf-8", newline="\n")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ForestallError(f"{path} can't be written: {remedy(error)}") from error


def _is_locked(path: Path) -> bool:
    try:
        return read(path).design.lock is not None
    except ForestallError:
        return False


def read(path: Path) -> Sheet:
    """Raises ``ForestallError`` with file, line and remedy where it holds no design, or one that can't be."""
    node = _nodes.top(path, "design", REMAKE)
    fields = _nodes.pairs(path, node, "a design")
    kind = _nodes.plain(path, fields["type"]) if "type" in fields else None
    if kind != Design.type_name:
        raise ForestallError(f"{path} holds no design (its first line should say “type: design”): {REMAKE}")
    for name, value in fields.items():
        if name not in ORDER:
            raise ForestallError(
                f"{_nodes.where(path, value)}: a design has no field {name!r}: check its spelling, or {REMAKE}"
            )
    stated = _nodes.plain(path, fields.pop("hash")) if "hash" in fields else None
    version = _nodes.plain(path, fields["version"]) if "version" in fields else None
    if str(version) != Design.version:
        raise ForestallError(
            f"{path} was written by version {version} of the method and this Forestall has {Design.version}: propose it "
            "again"
        )
    _fits(path, node, Design, "a design", skip=("hash", "type", "version"))
    design = Design.from_json({k: _nodes.plain(path, v) for k, v in fields.items()})
    _sense(path, design, fields)
    return Sheet(design, stated == design.hash())


def lock(sheet: Sheet, by: tuple[str, ...], *, today: dt.date | None = None, name: str = "the design") -> Design:
    """The design locked: its hash, the day, the people, and how many days after the response's first day it was.

    Raises ``ForestallError`` where it is locked already, was changed by hand, or nobody's name is given.
    """
    design, day = sheet.design, today or dt.date.today()
    people = tuple(dict.fromkeys(n for n in (" ".join(b.split()) for b in by) if n))
    if design.lock is not None:
        changed = "" if design.locked else ", and was changed since"
        raise ForestallError(
            f"{name} was locked on {design.lock.on} by {', '.join(design.lock.by)}{changed}: a locked design stays as it "
            "is; propose a new one into another file where the plan is another"
        )
    if not sheet.intact:
        raise ForestallError(
            f"{name} was changed by hand since it was proposed, so its figures are no longer those of its choices: "
            "propose it again with what should differ"
        )
    if not people:
        raise ForestallError("a lock needs the people who settled the design: give --by NAME, once for each")
    year, month = (int(x) for x in design.asked.starts.split("-"))
    late = max(0, (day - dt.date(year, month, 1)).days)
    return replace(design, lock=Lock(hash=design.hash(), on=day.isoformat(), by=people, late=late))


def _sense(path: Path, design: Design, fields: Mapping[str, yaml.Node]) -> None:
    """What a file changed by hand must still hold to."""

    def wrong(field: str, said: str) -> ForestallError:
        return ForestallError(f"{_nodes.where(path, fields.get(field) or fields['asked'])}: {said}")

    mm.check(design.asked.starts, f"{path}: the response's first month")
    for field, areas in (
        ("comparison", [a for a, _ in design.comparison]), ("chosen", list(design.chosen)), ("ring", list(design.ring)),
    ):  # fmt: skip
        both = sorted(set(areas) & set(design.asked.treated))
        if both:
            said = "around the treated areas" if field == "ring" else "compared with"
            raise wrong(field, f"{both[0]} is both treated and {said}: an area can be one of the two")
    if design.method and design.method not in WAYS:
        raise wrong("method", f"there is no method {design.method!r}; there are: {', '.join(WAYS)}")
    if not len(design.months) == len(design.treated_course) == len(design.compared_course):
        raise wrong("months", f"months and courses differ in length: {REMAKE}")


def _fits(path: Path, node: yaml.Node, hint: Any, name: str, skip: tuple[str, ...] = ()) -> None:
    """Raises ``ForestallError`` with the line of the first thing that is not what ``hint`` says."""
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    null = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
    if null and type(None) in kinds:
        return
    kind = next((k for k in kinds if k is not type(None)), Any)
    if dataclasses.is_dataclass(kind) and kind not in (Message, Check):
        fields = _nodes.pairs(path, node, name)
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if field.name in fields:
                _fits(path, fields[field.name], hints[field.name], field.name)
            elif needed and field.name not in skip:
                raise ForestallError(f"{_nodes.where(path, node)}: {name} lacks {field.name}: {REMAKE}")
        unknown = [k for k in fields if k not in hints and k not in skip]
        if unknown:
            at = _nodes.where(path, fields[unknown[0]])
            raise ForestallError(f"{at}: {name} has no field {unknown[0]!r}: check its spelling, or {REMAKE}")
    elif typing.get_origin(kind) is tuple:
        _row(path, node, typing.get_args(kind), name)
    else:
        _one(path, node, kind, name)


def _row(path: Path, node: yaml.Node, kinds: tuple[Any, ...], name: str) -> None:
    if not isinstance(node, yaml.SequenceNode):
        raise ForestallError(f"{_nodes.where(path, node)}: {name} needs a list: write it in square brackets, [a, b]")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(node.value)
    if len(kinds) != len(node.value):
        raise ForestallError(f"{_nodes.where(path, node)}: {name} needs {len(kinds)} values and has {len(node.value)}")
    for part, kind in zip(node.value, kinds, strict=True):
        _fits(path, part, kind, name)


def _one(path: Path, node: yaml.Node, kind: Any, name: str) -> None:
    """A single value, a message, an array or a mapping."""
    value = _nodes.plain(path, node)
    if kind in (Message, Check):
        inner = value.get("text") if kind is Check and isinstance(value, dict) else value
        if not isinstance(inner, dict) or not isinstance(inner.get("message"), str):
            raise ForestallError(f"{_nodes.where(path, node)}: {name} needs a sentence as it was written: {REMAKE}")
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fine = {
        str: isinstance(value, str), int: number and isinstance(value, int), float: number or _odd(value),
        bool: isinstance(value, bool),
    }  # fmt: skip
    said = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
    if kind in fine and not fine[kind]:
        raise ForestallError(f"{_nodes.where(path, node)}: {name} needs {said[kind]}, not {value!r}")
    if typing.get_origin(kind) is np.ndarray:
        values = value.get("values") if isinstance(value, dict) and set(value) == {"dtype", "shape", "values"} else None
        if not isinstance(values, list) or value["dtype"] != "<f8" or value["shape"] != [len(values)] or not all(
            (isinstance(v, int | float) and not isinstance(v, bool)) or _odd(v) for v in values
        ):  # fmt: skip
            raise ForestallError(f"{_nodes.where(path, node)}: {name} needs its figures as they were written: {REMAKE}")


def _odd(value: Any) -> bool:
    """Whether it stands for a number that is none."""
    return isinstance(value, dict) and set(value) == {"float"} and value["float"] in ("nan", "inf", "-inf")


__all__ = ["Sheet", "lock", "put", "read", "text", "write"]
