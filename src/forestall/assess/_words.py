"""What residents or victims say, in their own words: short, without what names them, and with how many were asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forestall.assess._sheet import read_rows
from forestall.errors import ForestallError
from forestall.records.redact import redact
from forestall.text import Message, msg, msg_n

#: Who may be quoted, and what they may find.
WHO = ("resident", "victim", "business", "worker", "other")
FOUND = ("better", "same", "worse", "unsure")
#: A longer quotation is a statement, and belongs into the plan's files.
LONGEST = 280
#: With fewer answers no percentage is given.
FEW = 30


@dataclass(frozen=True)
class Answer:
    """``who``: one of :data:`WHO`; ``found``: one of :data:`FOUND`; ``said``: their own words, or "" where they gave
    none. Telephone numbers, addresses and titled names in them are replaced by marks."""

    who: str
    found: str
    said: str = ""

    def __post_init__(self) -> None:
        if self.who not in WHO:
            raise ForestallError(f"who answered must be one of {', '.join(WHO)}, not {self.who!r}")
        if self.found not in FOUND:
            raise ForestallError(f"what they found must be one of {', '.join(FOUND)}, not {self.found!r}")
        words = redact(" ".join(self.said.split()))
        if len(words) > LONGEST:
            raise ForestallError(
                f"a quotation of {len(words)} characters is too long; keep at most {LONGEST} of their own words"
            )
        object.__setattr__(self, "said", words)


def read_words(path: Path | str) -> tuple[Answer, ...]:
    """Answers of a CSV file with columns ``who``, ``found`` and, where there are words, ``said``."""
    names, rows = read_rows(path, ("who", "found"), "table of answers")
    out = []
    for row in rows:
        try:
            out.append(Answer(row.text("who"), row.text("found"), row.cells["said"] if "said" in names else ""))
        except ForestallError as error:
            text = str(error)
            raise ForestallError(text if text.startswith(row.where) else f"{row.where}: {text}") from error
    return tuple(out)


def tally(words: Sequence[Answer], asked: int) -> list[Message]:
    """How many found what, and what some of them said."""
    if not asked:
        return [msg("Nobody there was asked how it is now.")]
    if not words:
        nobody = msg_n(
            "{n:count} person was asked, and nobody answered.", "{n:count} people were asked, and nobody answered.", asked
        )
        return [nobody]
    count = Counter(w.found for w in words)
    out = [
        msg(
            "Of {asked:count} asked, {n:count} answered: {better:count} found it better, {same:count} the same, "
            "{worse:count} worse, and {unsure:count} could not say.",
            asked=asked, n=len(words), **{f: count[f] for f in FOUND},
        )
    ]  # fmt: skip
    if len(words) < FEW:
        out.append(msg("So few answers are no survey: read what they say, and don't reckon percentages from them."))
    out += [msg("“{said}” ({who})", said=w.said, who=_who(w.who)) for w in words if w.said][:5]
    return out


def _who(who: str) -> Message:
    return {
        "resident": msg("a resident"),
        "victim": msg("a victim"),
        "business": msg("a business"),
        "worker": msg("someone who works there"),
        "other": msg("someone else"),
    }[who]
