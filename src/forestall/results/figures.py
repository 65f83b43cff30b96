"""What a method on numbers answers: figures that know how they were made, show themselves, and go to JSON and back.

A subclass is a frozen dataclass. Its fields may be numbers (money as Decimal), texts, None, NumPy arrays, messages, checks,
other frozen dataclasses, and tuples or mappings (with text keys) of these; numbers that are no number are kept too.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import numpy as np

from forestall.results.base import Check, Provenance, Result
from forestall.text import Message

F = TypeVar("F", bound="Figures")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figures(Result):
    """``parameters``: what the method was told, JSON-able, without the data. ``seed``: None where nothing is drawn.
    ``checks``: the conditions that the method needs, and whether the data met them."""

    type_name: ClassVar[str] = ""
    #: Raised whenever the same data could give other figures.
    version: ClassVar[str] = "1"

    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seed: int | None = None
    checks: tuple[Check, ...] = ()

    @property
    def provenance(self) -> Provenance:  # type: ignore[override]
        """The method and what it was told; the snapshot is the caller's to know, because here are only numbers."""
        return Provenance("", self.type_name, self.version, dict(self.parameters), self.seed)

    def to_json(self) -> dict[str, Any]:
        return {"type": self.type_name, "version": self.version, **_fields_to_json(self)}

    @classmethod
    def from_json(cls: type[F], data: Mapping[str, Any]) -> F:
        """Reads what :meth:`to_json` wrote.

        Raises ``ValueError`` where it was written by another version of the method.
        """
        if data.get("version") != cls.version:
            raise ValueError(
                f"this {cls.type_name} was made by version {data.get('version')!r} of its method and this Forestall has "
                f"{cls.version!r}: make it again from the records"
            )
        return typing.cast(F, _dataclass_from_json(cls, data))


def _fields_to_json(value: Any) -> dict[str, Any]:
    return {f.name: _to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}


def _to_json(value: Any) -> Any:
    if isinstance(value, Message | Check):
        return value.to_json()
    if isinstance(value, np.ndarray):
        flat = [_to_json(v) for v in value.ravel().tolist()]
        return {"dtype": value.dtype.str, "shape": list(value.shape), "values": flat}
    if isinstance(value, np.generic):
        return _to_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields_to_json(value)
    if isinstance(value, Mapping):
        return {"mapping": {str(k): _to_json(v) for k, v in value.items()}}
    if isinstance(value, tuple | list):
        return [_to_json(v) for v in value]
    return value


def _dataclass_from_json(cls: type, data: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(cls)
    known = {f.name for f in dataclasses.fields(cls)}
    return cls(**{name: _from_json(data[name], hints[name]) for name in known if name in data})


def _from_json(value: Any, hint: Any) -> Any:
    """``value`` as the field of type ``hint`` held it."""
    if isinstance(value, Mapping):
        if set(value) == {"float"}:
            return float(value["float"])
        if set(value) == {"decimal"}:
            return Decimal(value["decimal"])
        if set(value) == {"dtype", "shape", "values"}:
            flat = [_from_json(v, float) for v in value["values"]]
            return np.array(flat, dtype=np.dtype(value["dtype"])).reshape(value["shape"])
        if set(value) == {"mapping"}:
            inner = typing.get_args(hint)[1] if len(typing.get_args(hint)) == 2 else Any
            return {k: _from_json(v, inner) for k, v in value["mapping"].items()}
        for part in _options(hint):
            if part in (Message, Check):
                return part.from_json(value)
            if dataclasses.is_dataclass(part) and isinstance(part, type):
                return _dataclass_from_json(part, value)
        if "message" in value:
            return Message.from_json(value)
    if isinstance(value, list):
        for part in _options(hint):
            if typing.get_origin(part) is tuple:
                inner = typing.get_args(part)
                if len(inner) == 2 and inner[1] is Ellipsis:
                    return tuple(_from_json(v, inner[0]) for v in value)
                if len(inner) == len(value):
                    return tuple(_from_json(v, h) for v, h in zip(value, inner, strict=True))
        return [_from_json(v, Any) for v in value]
    return value


def _options(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the hint alone."""
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
