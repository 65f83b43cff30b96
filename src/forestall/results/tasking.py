"""The four tasking lists of a hub: repeat victims, repeat suspects, frequent callers, and hot spots, each row workable."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from forestall.results.base import (
    Check,
    Column,
    Provenance,
    Result,
    Table,
    messages_from_json,
    messages_to_json,
    register,
)  # fmt: skip
from forestall.text import Message, msg

LISTS = ("repeat-victims", "repeat-suspects", "frequent-callers", "hot-spots")
AUDIENCES = ("force", "partner")


@dataclass(frozen=True)
class Task:
    """One row: somebody or some place with many records. ``occurrences``: their occurrence numbers, for force users alone.
    ``location``: its name, where it may be told. ``outcomes``: records whose outcome names an offender. ``restricted``:
    records of domestic abuse, sexual offences or children among them. ``harm``: None where no record has a weight."""

    rank: int
    place: Message
    areas: tuple[str, ...]
    records: int
    categories: tuple[tuple[str, int], ...]
    first: str
    last: str
    harm: float | None
    established: bool
    location: str | None = None
    premises: str | None = None
    outcomes: int = 0
    restricted: int = 0
    occurrences: tuple[str, ...] = ()

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        out: dict[str, Any] = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        out["place"] = self.place.render(language) if language else self.place.to_json()
        out["areas"], out["occurrences"] = list(self.areas), list(self.occurrences)
        out["categories"] = [list(c) for c in self.categories]
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Task:
        return Task(
            **{
                **data,
                "place": Message.from_json(data["place"]),
                "areas": tuple(data["areas"]),
                "occurrences": tuple(data["occurrences"]),
                "categories": tuple((c, n) for c, n in data["categories"]),
            }
        )


@dataclass(frozen=True)
class TaskingList:
    """``name``: one of :data:`LISTS`. ``summary``: how concentrated the records are. ``curve``: share of persons or places,
    and the share of the records that the fullest such share holds. ``apart``: records at premises that are set apart."""

    name: str
    title: Message
    rows: tuple[Task, ...]
    summary: Message
    curve: tuple[tuple[float, float], ...] = ()
    records: int = 0
    subjects: int = 0
    apart: Mapping[str, int] = dataclasses.field(default_factory=dict)
    notes: tuple[Message, ...] = ()

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        def say(m: Message) -> Any:
            return m.render(language) if language else m.to_json()

        return {
            "name": self.name,
            "title": say(self.title),
            "summary": say(self.summary),
            "records": self.records,
            "subjects": self.subjects,
            "curve": [list(point) for point in self.curve],
            "apart": dict(self.apart),
            "notes": [say(n) for n in self.notes] if language else messages_to_json(self.notes),
            "rows": [r.to_json(language) for r in self.rows],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> TaskingList:
        return TaskingList(
            data["name"], Message.from_json(data["title"]), tuple(Task.from_json(r) for r in data["rows"]),
            Message.from_json(data["summary"]), tuple((a, b) for a, b in data["curve"]), data["records"], data["subjects"],
            data["apart"], messages_from_json(data["notes"]),
        )  # fmt: skip


@register
@dataclass(frozen=True)
class TaskingLists(Result):
    """The lists of one local authority (``hub``, '' for the whole force) over a year."""

    type_name: ClassVar[str] = "tasking"

    hub: str
    hub_name: Message
    audience: str
    since: str
    until: str
    lists: tuple[TaskingList, ...]
    provenance: Provenance
    checks: tuple[Check, ...] = ()

    def table(self) -> Table:
        force = self.audience == "force"
        columns = (
            Column("list", msg("List")),
            Column("rank", msg("Rank"), None, True),
            Column("place", msg("Place")),
            Column("location", msg("Location")),
            Column("premises", msg("Premises")),
            Column("records", msg("Records"), msg("count"), True),
            Column("categories", msg("Categories")),
            Column("first", msg("First")),
            Column("last", msg("Last")),
            Column("harm", msg("Harm"), msg("days"), True),
            Column("established", msg("Beyond chance")),
            Column("outcomes", msg("Outcomes that name an offender"), msg("count"), True),
            *((Column("restricted", msg("Restricted records"), msg("count"), True),) if force else ()),
            *((Column("occurrences", msg("Occurrence numbers")),) if force else ()),
        )
        rows = []
        for part in self.lists:
            for r in part.rows:
                row: tuple[Any, ...] = (
                    part.name, r.rank, r.place, r.location, r.premises, r.records,
                    "; ".join(f"{c} {n}" for c, n in r.categories), r.first, r.last, r.harm, r.established, r.outcomes,
                )  # fmt: skip
                rows.append((*row, r.restricted, r.occurrences) if force else row)
        return Table(columns, tuple(rows), msg("Tasking lists: {hub}", hub=self.hub_name))

    def chart(self, language: str = "en") -> dict[str, Any]:
        """Each list's concentration: the share of records at the fullest share of persons or places."""
        data = [
            {"list": part.title.render(language), "subjects": a, "records": b} for part in self.lists for a, b in part.curve
        ]
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 520,
            "height": 260,
            "data": {"values": data},
            "mark": {"type": "line", "style": "observed", "point": True},
            "encoding": {
                "x": {
                    "field": "subjects", "type": "quantitative", "axis": {"format": "%"},
                    "title": msg("share of persons or places, fullest first").render(language),
                },
                "y": {
                    "field": "records", "type": "quantitative", "axis": {"format": "%"},
                    "title": msg("share of their records").render(language),
                },
                "strokeDash": {"field": "list", "type": "nominal", "title": None},
            },
        }  # fmt: skip

    def explain(self, language: str = "en") -> str:
        parts = [
            msg(
                "Tasking lists for {hub}, from {since:month} to {until:month}.", hub=self.hub_name, since=self.since,
                until=self.until,
            ),
            *(part.summary for part in self.lists),
            msg("Nobody is on a list for what they might do: a list says who and where was in the records most often."),
        ]  # fmt: skip
        return " ".join(p.render(language) for p in parts)

    def to_json(self, language: str | None = None) -> dict[str, Any]:
        return {
            "type": self.type_name,
            "hub": self.hub,
            "hub_name": self.hub_name.render(language) if language else self.hub_name.to_json(),
            "audience": self.audience,
            "since": self.since,
            "until": self.until,
            "lists": [part.to_json(language) for part in self.lists],
            "provenance": self.provenance.to_json(),
            "checks": [c.to_json() for c in self.checks],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> TaskingLists:
        return TaskingLists(
            data["hub"], Message.from_json(data["hub_name"]), data["audience"], data["since"], data["until"],
            tuple(TaskingList.from_json(part) for part in data["lists"]), Provenance.from_json(data["provenance"]),
            tuple(Check.from_json(c) for c in data["checks"]),
        )  # fmt: skip
