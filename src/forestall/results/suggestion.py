"""A suggestion: practices ranked by how they fit a problem, with what is known of each nationally and here, side by side.

The order is of fit alone. What reviews found (``direction``, ``says``), how good they are (``quality``), what it costs and
what came of it here stand beside it, and none of them is folded into another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from forestall.results.base import Column, Table, register
from forestall.results.figures import Figures
from forestall.text import Message, msg, msg_n

#: What an evaluation can end in.
VERDICTS = ("worked", "no-evidence", "cant-tell", "not-tested", "backfired")
FAILED = ("no-evidence", "backfired")


@dataclass(frozen=True)
class Problem:
    """What is known of a problem, by slugs of the catalogue; () where nothing is.

    ``ideas``: hypotheses that fit. ``mixed``: those with evidence on both sides. ``against``: those that the evidence
    speaks against or people dropped. ``sides``: of the triangle. ``places``: kinds of place.
    """

    category: str = ""
    ideas: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalResult:
    """What one plan here found of a practice. ``cost``: of the responses that rest on it, in pounds."""

    practice: str
    verdict: str
    category: str = ""
    cost: Decimal | None = None


@dataclass(frozen=True)
class FitReason:
    """One thing that speaks for a practice (``points`` above 0) or against it."""

    points: int
    text: Message


@dataclass(frozen=True)
class Line:
    """One practice. ``rank``: None where it was set aside, and ``aside`` says why. ``quality``: 0 to 4, None unknown.
    ``local``: how often each verdict was reached here, None where nobody looked. ``spent``: the lowest and the highest cost
    here. ``trials``: plans here that are trying it now."""

    practice: str
    title: Message
    rank: int | None
    fit: int
    reasons: tuple[FitReason, ...]
    direction: str
    effect: Message
    says: Message | None
    quality: int | None
    cost: str
    verified: bool
    verify: Message
    local: Mapping[str, int] | None = None
    spent: tuple[Decimal, ...] = ()
    trials: int = 0
    aside: Message | None = None

    @property
    def here(self) -> tuple[str, ...]:
        """How it stands here: see :func:`tested`."""
        return ("unseen",) if self.local is None else tested(self.local)


def tested(counts: Mapping[str, int]) -> tuple[str, ...]:
    """``worked``, ``failed`` or both where plans here found so; ``untested`` where none could tell or none was tried."""
    found = []
    if counts.get("worked"):
        found.append("worked")
    if any(counts.get(v) for v in FAILED):
        found.append("failed")
    return tuple(found) or ("untested",)


_HERE = {
    "worked": msg("worked here"),
    "failed": msg("failed here"),
    "untested": msg("nobody has tested this here"),
    "unseen": msg("what was found here was not looked at"),
}


def here_words(standing: str) -> Message:
    """How a practice stands here, in a reader's words."""
    return _HERE[standing]


@register
@dataclass(frozen=True, kw_only=True)
class Suggestion(Figures):
    """``lines``: what fits, best first. ``set_aside``: every other practice of the library, each with its reason."""

    type_name: ClassVar[str] = "suggestion"
    version: ClassVar[str] = "1"

    problem: Problem
    category: Message
    lines: tuple[Line, ...]
    set_aside: tuple[Line, ...]

    def table(self) -> Table:
        columns = (
            Column("rank", msg("Rank"), None, True), Column("practice", msg("Practice")), Column("title", msg("Title")),
            Column("fit", msg("Fit"), msg("points"), True), Column("why", msg("Why")),
            Column("aside", msg("Set aside because")),
            Column("effect", msg("Effect (E)")), Column("effect_says", msg("What was found")),
            Column("quality", msg("Quality of the evidence (Q)"), msg("0 to 4"), True), Column("verified", msg("Verified")),
            Column("cost", msg("Cost")),
            *(Column(f"here_{v}".replace("-", "_"), _COLUMNS[v], msg("plans"), True) for v in VERDICTS),
            Column("trials", msg("Trials in progress here"), msg("plans"), True),
        )  # fmt: skip
        return Table(columns, tuple(_row(x) for x in (*self.lines, *self.set_aside)), msg("Practices that fit"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        """Fit by practice, best first: points for above nought, points against below."""
        order = [line.title.render(language) for line in self.lines]
        parts = [
            {"practice": line.title.render(language), "points": r.points, "why": r.text.render(language),
             "speaks": (msg("for it") if r.points > 0 else msg("against it")).render(language)}
            for line in self.lines for r in line.reasons if r.points
        ]  # fmt: skip
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 360,
            "height": {"step": 22},
            "data": {"values": parts},
            "mark": {"type": "bar"},
            "encoding": {
                "y": {"field": "practice", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 260}},
                "x": {"field": "points", "type": "quantitative", "aggregate": "sum",
                      "title": msg("points of fit").render(language)},
                "color": {"field": "speaks", "type": "nominal", "title": None, "scale": {"range": ["#0b5563", "#c45a06"]}},
            },
        }  # fmt: skip

    def explain(self, language: str = "en") -> str:
        said: list[Message] = []
        if self.lines:
            first = self.lines[0]
            said.append(msg_n(
                "{n:count} practice of the library fits what is known of this problem ({category:low}).",
                "{n:count} practices of the library fit what is known of this problem ({category:low}).",
                n=len(self.lines), category=self.category,
            ))  # fmt: skip
            said.append(msg("First stands “{title}”: {why}", title=first.title, why=first.reasons[0].text))
            quality = msg("quality {q} of 4", q=first.quality) if first.quality is not None else msg("quality not known")
            said.append(msg("What is said of its effect: {effect:low}; {quality}.", effect=first.effect, quality=quality))
            said.append(msg("Here: {here:list}.", here=[here_words(h) for h in first.here]))
        else:
            said.append(msg("No practice of the library fits what is known of this problem: what is tried is a trial."))
        if self.set_aside:
            said.append(msg_n(
                "{n:count} other was set aside, with its reason.", "{n:count} others were set aside, each with its reason.",
                n=len(self.set_aside),
            ))  # fmt: skip
        said.append(msg("The order is of fit alone: neither effect, quality, cost nor local results move a line."))
        if not all(line.verified for line in self.lines):
            said.append(msg("What is said of effects is not verified: check it before you rest on it."))
        said.append(msg("It says what to look into, and not what to do: people who know the place decide."))
        return " ".join(m.render(language) for m in said)


_COLUMNS = {
    "worked": msg("Worked here"),
    "no-evidence": msg("No evidence of an effect here"),
    "cant-tell": msg("Could not tell here"),
    "not-tested": msg("Not tested here"),
    "backfired": msg("Backfired here"),
}


def _row(line: Line) -> tuple[Any, ...]:
    why = Message(
        " ".join(f"{{r{i}}}" for i in range(len(line.reasons))), {f"r{i}": r.text for i, r in enumerate(line.reasons)}
    )
    return (
        line.rank, line.practice, line.title, line.fit, why, line.aside, line.effect, line.says, line.quality,
        line.verified, line.cost, *(None if line.local is None else line.local.get(v, 0) for v in VERDICTS), line.trials,
    )  # fmt: skip
