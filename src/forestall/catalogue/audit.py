"""The policy of the audit log: how soon it is sealed, which acts ask for a reason, and the words for each act."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from forestall.catalogue import load, path
from forestall.errors import ForestallError
from forestall.text import Message

OFF, OPTIONAL, REQUIRED = "off", "optional", "required"
OPERATIONS = ("collection", "alteration", "consultation", "disclosure", "combination", "erasure")


@dataclass(frozen=True)
class Sealing:
    """Seal after ``events`` of one process, or ``seconds`` after the seal before."""

    events: int
    seconds: float


@dataclass(frozen=True)
class Policy:
    """``by_operation`` and ``by_act``: ``off``, ``optional`` or ``required``; ``titles``: the words for each act."""

    sealing: Sealing
    by_operation: Mapping[str, str]
    by_act: Mapping[str, str]
    titles: Mapping[str, Message]

    def reason(self, act: str, operation: str) -> str:
        """Whether an act asks for a reason. Access to the workplace itself never does."""
        return OFF if operation == "access" else self.by_act.get(act, self.by_operation.get(operation, OFF))

    def title(self, act: str) -> Message:
        """The words for an act; for one that the catalogue doesn't know, its own name."""
        return self.titles.get(act) or Message(act.replace("-", " ").capitalize())


@functools.cache
def policy() -> Policy:
    """Raises ``ForestallError`` where the file says something else than it may."""
    data, file = load("audit"), path("audit")
    if not isinstance(data, dict) or {"sealing", "reasons", "acts"} - set(data):
        raise ForestallError(f"{file} needs sealing, reasons and acts")
    reasons = data["reasons"] or {}
    by_operation = _reasons(file, reasons.get("operations"))
    unknown = set(by_operation) - set(OPERATIONS)
    if unknown:
        raise ForestallError(
            f"{file}: {sorted(unknown)[0]!r} is no operation that asks for a reason; {', '.join(OPERATIONS)} are"
        )
    titles = {str(act): text for act, text in data["acts"].items()}
    for act, text in titles.items():
        if not isinstance(text, Message):
            raise ForestallError(f'{file}: the words for {act!r} need the tag !msg, as in  {act}: !msg "Read a problem"')
    return Policy(_sealing(file, data["sealing"]), by_operation, _reasons(file, reasons.get("acts")), titles)


def sealing() -> Sealing:
    return policy().sealing


def _sealing(file: object, data: object) -> Sealing:
    given = data if isinstance(data, dict) else {}
    events, seconds = given.get("events"), given.get("seconds")
    if isinstance(events, int) and isinstance(seconds, int | float) and events >= 1 and 0 < seconds <= 3600:
        return Sealing(events, float(seconds))
    raise ForestallError(f"{file}: sealing needs events, a whole number from 1, and seconds, above 0 and at most 3600")


def _reasons(file: object, data: object) -> dict[str, str]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ForestallError(f"{file}: reasons need a name and a word on each line, as in  erasure: optional")
    out = {}
    for name, value in data.items():
        word = OFF if value is False else value  # a bare off is false in YAML
        if word not in (OFF, OPTIONAL, REQUIRED):
            raise ForestallError(f"{file}: the reason of {name!r} is {value!r}; it can be off, optional or required")
        out[str(name)] = word
    return out
