"""A setting of a method: what it is called, what it may be, and how a person's text becomes its value."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forestall.analyse.refused import Refused
from forestall.text import Message, msg


@dataclass(frozen=True)
class Setting:
    """``kind``: ``number``, ``whole`` (a whole number), ``choice`` (one of ``choices``, slug -> words) or ``edges`` (rising
    numbers from 0, with commas). ``default`` is a value of that kind; None stands for the method's own choice, which a
    person asks for with nothing or ``auto``. ``low`` and ``high`` bound numbers, both included; ``paged`` is
    the highest (of edges: the last) that a page works out, because it must be quick."""

    name: str
    label: Message
    default: Any
    kind: str = "number"
    low: float = 0.0
    high: float = math.inf
    choices: Mapping[str, Message] = field(default_factory=dict)
    unit: Message | None = None
    paged: float = math.inf

    def beyond_a_page(self, value: Any) -> bool:
        """Whether the value asks for more work than a page may do."""
        most = value[-1] if isinstance(value, list | tuple) else value
        return isinstance(most, int | float) and most > self.paged

    def parse(self, given: Any) -> Any:
        """The value that a text, or a JSON value, stands for. Raises ``Refused`` where it stands for none."""
        if given is None or (isinstance(given, str) and given.strip() in ("", "auto")):
            return self.default
        if self.kind == "choice":
            return self._one_of(str(given))
        if self.kind == "edges":
            return self._edges(given)
        return self._number(given)

    def text(self, value: Any) -> str:
        """The value as it stands in an address or on a command line; '' for the method's own choice."""
        if value is None:
            return ""
        if isinstance(value, tuple | list):
            return ",".join(_short(v) for v in value)
        return value if isinstance(value, str) else _short(value)

    def _one_of(self, given: str) -> str:
        if given not in self.choices:
            raise Refused(
                msg(
                    "{setting} {given} is not known: choose one of {choices:list}",
                    setting=self.name, given=repr(given), choices=sorted(self.choices),
                )
            )  # fmt: skip
        return given

    def _number(self, given: Any) -> float | int:
        value = _float(given)
        whole = self.kind == "whole"
        if not (math.isfinite(value) and self.low <= value <= self.high and (not whole or value == int(value))):
            pattern = msg("{setting} must be a whole number {range}, not {given}", **self._wrong(given))
            raise Refused(
                pattern if whole else msg("{setting} must be a number {range}, not {given}", **self._wrong(given))
            )
        return int(value) if whole else value

    def _wrong(self, given: Any) -> dict[str, Any]:
        return {"setting": self.name, "range": self._range(), "given": str(given)}

    def _edges(self, given: Any) -> tuple[float, ...]:
        parts = given.split(",") if isinstance(given, str) else list(given) if isinstance(given, list | tuple) else [given]
        edges = tuple(_float(p) for p in parts)
        edges = edges if edges and edges[0] == 0 else (0.0, *edges)
        rising = all(a < b for a, b in itertools.pairwise(edges))
        if not (2 <= len(edges) <= 21 and all(math.isfinite(e) for e in edges) and rising and edges[-1] <= self.high):
            raise Refused(
                msg(
                    "{setting} must be rising numbers {range} with commas, such as {example}, not {given}",
                    setting=self.name, range=self._range(), example=self.text(self.default), given=str(given),
                )
            )  # fmt: skip
        return edges

    def _range(self) -> Message:
        if math.isinf(self.high):
            return msg("from {low} up", low=_short(self.low))
        return msg("from {low} to {high}", low=_short(self.low), high=_short(self.high))


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _short(value: float) -> str:
    return f"{int(value)}" if float(value).is_integer() else repr(float(value))


def choice(name: str, label: Message, default: str, **choices: Message) -> Setting:
    """A setting that is one of a few; a hyphen in a slug is written as an underscore here."""
    return Setting(name, label, default, "choice", choices={k.replace("_", "-"): v for k, v in choices.items()})


def whole(
    name: str,
    label: Message,
    default: int | None,
    low: float,
    high: float,
    unit: Message | None = None,
    *,
    paged: float = math.inf,
) -> Setting:
    return Setting(name, label, default, "whole", low, high, unit=unit, paged=paged)


def number(
    name: str, label: Message, default: float | None, low: float, high: float, unit: Message | None = None
) -> Setting:
    return Setting(name, label, default, "number", low, high, unit=unit)


def edges(
    name: str,
    label: Message,
    default: tuple[float, ...],
    high: float,
    unit: Message | None = None,
    *,
    paged: float = math.inf,
) -> Setting:
    return Setting(name, label, default, "edges", 0.0, high, unit=unit, paged=paged)


#: Where what a method draws begins; the same seed gives the same figures.
SEED = whole("seed", msg("seed"), 1, 0, 2**32 - 1)
