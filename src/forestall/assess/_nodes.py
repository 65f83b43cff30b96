"""A YAML file read with the line of everything in it, so that a mistake is said with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from forestall.errors import ForestallError, remedy

#: Longest file that is read: a design of thousands of areas is far below.
LARGEST = 20_000_000


def where(path: Path, node: yaml.Node) -> str:
    """``design.yaml, line 7``."""
    return f"{path}, line {node.start_mark.line + 1}"


def top(path: Path, what: str, remake: str) -> yaml.MappingNode:
    """The mapping that the file holds. ``what``: what it should be; ``remake``: what to do where it is not.

    Raises ``ForestallError`` where it can't be read, is no YAML, or holds something else.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ForestallError(f"{path} is far too large for {what}: check the name")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ForestallError(f"there is no file {path}: {remake}") from error
    except IsADirectoryError as error:
        raise ForestallError(f"{path} is a folder: name the file") from error
    except UnicodeDecodeError as error:
        raise ForestallError(f"{path} is no text in UTF-8, so no {what}: {remake}") from error
    except OSError as error:
        raise ForestallError(f"{path} can't be read: {remedy(error)}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark is not None else ""
        said = " ".join(str(error.problem or "it can't be read").split())
        raise ForestallError(f"{path}{line}: this is no YAML ({said}): mend that line, or {remake}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ForestallError(f"{path} is no YAML: {remake}") from error
    if not isinstance(node, yaml.MappingNode):
        raise ForestallError(f"{path} holds no {what}: {remake}")
    return node


def pairs(path: Path, node: yaml.Node, what: str) -> dict[str, yaml.Node]:
    """The fields of a mapping; a sentence where it is none, or a field stands twice."""
    if not isinstance(node, yaml.MappingNode):
        raise ForestallError(f"{where(path, node)}: {what} needs fields of its own, each as “name: value”")
    out: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(getattr(key, "value", ""))
        if name in out:
            raise ForestallError(f"{where(path, key)}: {name} stands twice: keep one of the two")
        out[name] = value
    return out


def plain(path: Path, node: yaml.Node) -> Any:
    """What a node holds, as JSON would; days stay text."""
    if isinstance(node, yaml.MappingNode):
        return {k: plain(path, v) for k, v in pairs(path, node, "this").items()}
    if isinstance(node, yaml.SequenceNode):
        return [plain(path, v) for v in node.value]
    if node.tag == "tag:yaml.org,2002:timestamp":
        return str(node.value)
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise ForestallError(f"{where(path, node)}: {node.value!r} can't be read: write it in quotes") from error
