"""The description of the interface as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forestall.text import Message, msg
from forestall.web.api import said

GROUPS = {
    "signals": msg("Problems"),
    "plans": msg("Plans"),
    "work": msg("Responses and tasks"),
    "oversight": msg("Oversight and notices"),
}


@dataclass(frozen=True)
class Field:
    """``kind``: as JSON names it, with what it may be. ``needed``: it must be sent."""

    name: str
    kind: str
    needed: bool


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    about: Message
    takes: tuple[Field, ...]
    sends: tuple[Field, ...]
    gives: tuple[Field, ...]


def groups(schema: Mapping[str, Any]) -> list[tuple[Message, list[Operation]]]:
    """The operations under the titles of their groups, in the order of the description."""
    out: dict[str, list[Operation]] = {tag: [] for tag in GROUPS}
    for path, methods in schema["paths"].items():
        for method, about in methods.items():
            out[about["tags"][0]].append(_operation(schema, path, method, about))
    return [(GROUPS[tag], operations) for tag, operations in out.items()]


def _operation(schema: Mapping[str, Any], path: str, method: str, about: Mapping[str, Any]) -> Operation:
    takes = tuple(
        Field(p["name"], _kind(schema, p["schema"]), p["in"] == "path")
        for p in about.get("parameters", ())
        if p["in"] != "cookie"
    )
    body = about.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    good = next(a for status, a in about["responses"].items() if int(status) < 400)
    answer = good["content"]["application/json"]["schema"]
    return Operation(
        about["operationId"], method.upper(), path, said.OPERATIONS[about["operationId"]], takes, _fields(schema, body),
        _fields(schema, answer),
    )  # fmt: skip


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in part:
        part = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
    return part


def _fields(schema: Mapping[str, Any], part: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """The fields of an object, or of the objects in a list."""
    if part is None:
        return ()
    found = _resolve(schema, part)
    for inner in found.get("anyOf", ()):
        found = found if "properties" in found else _resolve(schema, inner)
    if found.get("type") == "array":
        found = _resolve(schema, found["items"])
    needed = found.get("required", ())
    return tuple(Field(n, _kind(schema, p), n in needed) for n, p in found.get("properties", {}).items())


def _kind(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """A type in JSON's own words."""
    part = _resolve(schema, part)
    if "enum" in part:
        return " | ".join(f"“{v}”" for v in part["enum"])
    if "anyOf" in part:
        return " | ".join(dict.fromkeys(_kind(schema, p) for p in part["anyOf"]))
    if part.get("type") == "array":
        return f"[{_kind(schema, part.get('items', {}))}]"
    return str(part.get("format") or part.get("type") or "object")
