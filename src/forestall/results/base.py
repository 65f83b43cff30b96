"""What every answer is: a frozen dataclass that knows where it came from and can show itself."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from forestall.text import Message

Json = Any
#: Names of columns that hold chances.
CHANCES = frozenset({"p", "q", "p_value", "q_value", "p_adjusted", "fits"})


@dataclass(frozen=True)
class Column:
    """A column of a table: ``name`` is the machine's, ``label`` the reader's, ``unit`` goes in the head."""

    name: str
    label: Message
    unit: Message | None = None
    numeric: bool = False

    @property
    def is_chance(self) -> bool:
        """Whether it holds chances, which a reader takes in as "less than 0.001" and not as a figure."""
        return self.name in CHANCES


@dataclass(frozen=True)
class Table:
    """Rows and columns, as every page, export and notebook takes them."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: Message | None = None

    def to_csv(self, language: str = "en") -> str:
        """CSV with machine names in the head. Text that a spreadsheet would run as a formula is quoted with an
        apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([c.name for c in self.columns])
        for row in self.rows:
            writer.writerow([_cell(v, language) for v in row])
        return out.getvalue()


def _cell(value: Any, language: str) -> Any:
    if isinstance(value, Message):
        value = value.render(language)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        value = " ".join(str(v) for v in value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


@dataclass(frozen=True)
class Check:
    """A condition that the method needs: whether it holds, and why not."""

    name: str
    passed: bool
    text: Message

    def to_json(self) -> Json:
        return {"name": self.name, "passed": self.passed, "text": self.text.to_json()}

    @staticmethod
    def from_json(data: Json) -> Check:
        return Check(data["name"], data["passed"], Message.from_json(data["text"]))


@dataclass(frozen=True)
class Recipe:
    """What makes a result again: a method's name and its JSON-able parameters."""

    method: str
    parameters: Mapping[str, Any]

    def hash(self) -> str:
        """Sixteen hex digits, the same for the same recipe on any machine."""
        text = json.dumps([self.method, dict(self.parameters)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> Json:
        return {"method": self.method, "parameters": dict(self.parameters)}

    @staticmethod
    def from_json(data: Json) -> Recipe:
        return Recipe(data["method"], data["parameters"])


@dataclass(frozen=True)
class Provenance:
    """Where a figure came from: the data snapshot, the method with its version, parameters and seed."""

    snapshot: str
    method: str
    version: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.method, {**self.parameters, "seed": self.seed, "version": self.version})

    def to_json(self) -> Json:
        return {
            "snapshot": self.snapshot,
            "method": self.method,
            "version": self.version,
            "parameters": dict(self.parameters),
            "seed": self.seed,
        }

    @staticmethod
    def from_json(data: Json) -> Provenance:
        return Provenance(data["snapshot"], data["method"], data["version"], data["parameters"], data["seed"])


class Result:
    """The verbs that every result answers. Subclasses are frozen dataclasses with ``provenance`` and ``checks``."""

    type_name: ClassVar[str]
    provenance: Provenance
    checks: tuple[Check, ...]

    @property
    def recipe(self) -> Recipe:
        return self.provenance.recipe

    def table(self) -> Table:
        raise NotImplementedError

    def chart(self, language: str = "en") -> Json:
        """A Vega-Lite specification (Altair's), as a dictionary."""
        raise NotImplementedError

    def explain(self, language: str = "en") -> str:
        """One paragraph for a reader, honest about limits."""
        raise NotImplementedError

    def to_json(self) -> Json:
        raise NotImplementedError


R = TypeVar("R", bound=type[Result])
_registry: dict[str, Callable[[Json], Result]] = {}


def register(cls: R) -> R:
    """Makes ``cls.from_json`` known, so that :func:`read` finds it by the ``type`` in the JSON."""
    _registry[cls.type_name] = cls.from_json  # type: ignore[attr-defined]
    return cls


def read(data: Json) -> Result:
    """Any result back from its JSON.

    Raises ``ValueError`` where the type is not known, which means it was written by a newer Forestall.
    """
    kind = data.get("type") if isinstance(data, Mapping) else None
    if kind not in _registry:
        raise ValueError(f"unknown result type {kind!r}: it may come from a newer Forestall; upgrade this one")
    return _registry[kind](data)


def messages_to_json(items: Sequence[Message]) -> list[Json]:
    return [m.to_json() for m in items]


def messages_from_json(items: Sequence[Json]) -> tuple[Message, ...]:
    return tuple(Message.from_json(m) for m in items)
