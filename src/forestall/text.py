"""Every sentence that the system makes, in English or Welsh.

A sentence is a :class:`Message`: its English text is its id, its parameters are data. It is rendered only when someone
reads it, in the reader's language. Translations lie in ``locale/<language>/LC_MESSAGES/forestall.po`` and are read as
they are: there is no compile step to forget.

Fields may carry a format: ``{n:count}`` (1,234), ``{r:ratio}`` (1.86), ``{s:percent}`` (0.31 shows as 31%, 0.004 as 0.4%),
``{m:month}`` (August 2022), ``{d:day}`` (3 May 2027, of a day in ISO's form), ``{a:list}`` (A, B and C), ``{d:decimal}``
(one decimal place), ``{c:low}`` (first letter small: a title inside a sentence), ``{c:capital}`` (first letter large: a
clause that stands alone).
"""

from __future__ import annotations

import datetime as dt
import functools
import gettext
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

LANGUAGES = ("en", "cy")
LOCALE_DIR = Path(__file__).parent / "locale"

Param = Union[str, int, float, None, "Message", "Name", Sequence[Union[str, "Message", "Name"]]]


@dataclass(frozen=True)
class Name:
    """A proper name, which is data and not a message: its Welsh form is used where there is one."""

    en: str
    cy: str = ""

    def render(self, language: str = "en") -> str:
        return self.cy if language == "cy" and self.cy else self.en


@dataclass(frozen=True)
class Message:
    """A sentence to be rendered later.

    ``plural`` is the English plural form; where it is set, the number ``params["n"]`` chooses the form.
    """

    id: str
    params: Mapping[str, Param] = field(default_factory=dict)
    plural: str | None = None

    def render(self, language: str = "en") -> str:
        """The sentence in ``language`` (``en`` or ``cy``); untranslated text falls back to English."""
        t = translations(language)
        if self.plural is None:
            pattern = t.gettext(self.id)
        else:
            n = self.params.get("n", 0)
            pattern = t.ngettext(self.id, self.plural, int(n) if isinstance(n, int | float) else 0)
        return _Formatter(language).vformat(pattern, (), self.params)

    def __str__(self) -> str:
        return self.render("en")

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"message": self.id}
        if self.params:
            out["params"] = {k: _param_to_json(v) for k, v in self.params.items()}
        if self.plural is not None:
            out["plural"] = self.plural
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any] | str) -> Message:
        """Reads what :meth:`to_json` wrote; a bare string becomes a message without parameters."""
        if isinstance(data, str):
            return Message(data)
        params = {k: _param_from_json(v) for k, v in data.get("params", {}).items()}
        return Message(data["message"], params, data.get("plural"))


def msg(id: str, /, **params: Param) -> Message:
    """A message; Babel extracts its first argument."""
    return Message(id, params)


def msg_n(singular: str, plural: str, /, n: int, **params: Param) -> Message:
    """A message whose form depends on the count ``n``; Babel extracts both forms."""
    return Message(singular, {"n": n, **params}, plural)


def _param_to_json(value: Param) -> Any:
    if isinstance(value, Message):
        return value.to_json()
    if isinstance(value, Name):
        return {"name": value.en, "cy": value.cy}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_param_to_json(v) for v in value]
    return value


def _param_from_json(value: Any) -> Param:
    if isinstance(value, Mapping):
        return Name(value["name"], value["cy"]) if "name" in value else Message.from_json(value)
    if isinstance(value, list):
        return [_param_from_json(v) for v in value]  # type: ignore[misc]
    return value  # type: ignore[no-any-return]


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """The translations of ``language``; English, and any language without a catalogue, is the text itself."""
    path = LOCALE_DIR / language / "LC_MESSAGES" / "forestall.po"
    if language == "en" or not path.exists():
        return gettext.NullTranslations()
    import io

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as f:
        catalogue = read_po(f, locale=language)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)


def month_name(month: str, language: str = "en") -> str:
    """``2022-08`` as ``August 2022`` or ``Awst 2022``."""
    from babel.dates import format_date

    year, number = month.split("-")
    return str(format_date(dt.date(int(year), int(number), 1), "MMMM y", locale=language))


def day_name(day: str, language: str = "en") -> str:
    """``2027-05-03`` as ``3 May 2027`` or ``3 Mai 2027``."""
    from babel.dates import format_date

    return str(format_date(dt.date.fromisoformat(day), "d MMMM y", locale=language))


def probability(p: float, language: str = "en") -> str:
    """A p- or q-value as a reader takes it in: nobody tells 1.8e-08 from 2.4e-05, and simulations seldom can."""
    if p < 0.001:
        return msg("under 0.001").render(language)
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def join_list(items: Sequence[str], language: str = "en") -> str:
    """``A, B and C`` in the reader's language. Welsh says *ac* before a vowel, which the CLDR leaves open as *a(c)*."""
    if len(items) < 2:
        return "".join(items)
    last = items[-1]
    welsh = "ac" if last.lower().startswith(tuple("aeiouwyâêîôûŵŷ")) else "a"
    joined = welsh if language == "cy" else "and"
    return f"{', '.join(items[:-1])} {joined} {last}"


class _Formatter(string.Formatter):
    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message | Name):
            value = value.render(self.language)
        match format_spec:
            case "count":
                return f"{round(value):,}"
            case "ratio":
                return f"{value:.2f}"
            case "decimal":
                return f"{value:,.1f}"
            case "percent":
                return f"{value * 100:.{0 if value >= 0.1 or value == 0 else 1}f}%"
            case "low":
                return str(value)[:1].lower() + str(value)[1:]
            case "capital":
                return str(value)[:1].upper() + str(value)[1:]
            case "month":
                return month_name(value, self.language)
            case "day":
                return day_name(value, self.language)
            case "list":
                return join_list(
                    [v.render(self.language) if isinstance(v, Message | Name) else str(v) for v in value], self.language
                )
            case _:
                return str(super().format_field(value, format_spec))
