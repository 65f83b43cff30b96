"""Takes identifiers of erased rows out of whatever quotes them: refused rows, kept results, the registrar's reasons."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from typing import Any

#: What stands where an identifier stood.
MARK = "[erased]"
#: A shorter identifier is taken out only where it stands alone: a 7 inside a sentence is a figure.
SHORT = 5
#: Above so many identifiers a text is compared word by word, not searched for each.
MANY = 1000
_WORD = re.compile(r"[^\s,;|\"'()\[\]{}=]+")


class Quoted:
    """``ids``: record ids, occurrence numbers and hashes of persons that no row bears any more."""

    def __init__(self, ids: Collection[str]) -> None:
        self.ids = frozenset(i for i in ids if i)

    def __bool__(self) -> bool:
        return bool(self.ids)

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        long = sorted((i for i in self.ids if len(i) >= SHORT), key=lambda i: (-len(i), i))
        if not long or len(long) > MANY:
            return None
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, long))})(?!\w)")

    def text(self, text: str) -> str:
        """``text`` with every identifier replaced by the mark."""
        if text in self.ids:
            return MARK
        if self._pattern is not None:
            return self._pattern.sub(MARK, text)
        if len(self.ids) <= MANY:
            return text
        return _WORD.sub(lambda m: MARK if len(m[0]) >= SHORT and m[0].strip(".:") in self.ids else m[0], text)

    def value(self, value: Any) -> Any:
        """The same in every text of a JSON value, keys included; numbers are figures and stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(v) for v in value]
        if isinstance(value, dict):
            return {self.text(k): self.value(v) for k, v in value.items()}
        return value

    def said(self, text: str) -> bool:
        """Whether a person's words quote one, however short it is."""
        words = {w.strip(".:?!") for w in _WORD.findall(text)}
        return not self.ids.isdisjoint(words) or self.text(text) != text

    def row(self, raw: str) -> bool:
        """Whether a refused row quotes one: in a value of its own, or inside the text."""
        return not self.ids.isdisjoint(values_of(raw)) or self.text(raw) != raw


def values_of(raw: str) -> set[str]:
    """What may be a value in the text of a refused row, or in the reason beside it."""
    return {v.strip() for v in re.split(r"[,;|\t\"'=]", raw)} - {""}
