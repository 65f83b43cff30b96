"""The lists as the page says them. Words only."""

from __future__ import annotations

from dataclasses import dataclass

from forestall import catalogue
from forestall.catalogue import analysis
from forestall.results import Column, Table
from forestall.results.tasking import Task, TaskingList, TaskingLists
from forestall.text import Message, Name, msg, msg_n

#: Rows of a list that stand open; the others unfold.
OPEN = 5

#: What a row is called: a person is never called by what they might be.
WHO = {
    "repeat-victims": msg("One person"),
    "repeat-suspects": msg("One person, named as a suspect"),
    "frequent-callers": msg("One caller, who may need support"),
}
SHORT = {
    "repeat-victims": msg("Repeat victims"),
    "repeat-suspects": msg("Repeat suspects"),
    "frequent-callers": msg("Frequent callers"),
    "hot-spots": msg("Hot spots"),
}
PREMISES = {
    "street": msg("street"),
    "dwelling": msg("home"),
    "shop": msg("shop"),
    "supermarket": msg("supermarket"),
    "parking-area": msg("parking area"),
    "petrol-station": msg("petrol station"),
    "park-or-open-space": msg("park or open space"),
    "school": msg("school"),
    "public-house": msg("public house"),
    "nightclub": msg("nightclub"),
    "licensed": msg("licensed premises"),
    "retail": msg("shops"),
    "leisure": msg("leisure"),
}


@dataclass(frozen=True)
class Row:
    """A row of a list."""

    name: str
    task: Task

    @property
    def title(self) -> Message:
        """A location by its name, where it may be told; else its area, or somebody."""
        if self.name in WHO:
            return WHO[self.name]
        return msg("{name}", name=Name(self.task.location)) if self.task.location else self.task.place

    @property
    def where(self) -> Message | None:
        """The area, where the title isn't it."""
        return None if self.name not in WHO and not self.task.location else self.task.place

    @property
    def premises(self) -> Message | None:
        word = self.task.premises
        if self.name in WHO or not word:
            return None
        return PREMISES.get(word, msg("{name}", name=Name(word.replace("-", " "))))

    @property
    def categories(self) -> list[tuple[Message, int]]:
        return [(catalogue.category(c).title, n) for c, n in self.task.categories]

    @property
    def standing(self) -> Message:
        return msg("beyond chance") if self.task.established else msg("could be chance")

    @property
    def span(self) -> Message:
        first, last = self.task.first[:7], self.task.last[:7]
        if first == last:
            return msg("in {month:month}", month=first)
        return msg("{first:month} to {last:month}", first=first, last=last)

    @property
    def harm(self) -> Message | None:
        return None if self.task.harm is None else msg("harm {days:count}", days=self.task.harm)

    @property
    def outcomes(self) -> Message | None:
        """For suspects alone: how often a recorded outcome says who did it."""
        if self.name != "repeat-suspects":
            return None
        if not self.task.outcomes:
            return msg("no recorded outcome names an offender")
        return msg_n(
            "{n:count} recorded outcome names the person as an offender",
            "{n:count} recorded outcomes name the person as an offender",
            n=self.task.outcomes,
        )

    @property
    def restricted(self) -> Message | None:
        if not self.task.restricted:
            return None
        return msg_n(
            "{n:count} of these is of domestic abuse, a sexual offence or a child: share it only where needed",
            "{n:count} of these are of domestic abuse, sexual offences or children: share them only where needed",
            n=self.task.restricted,
        )


def rows(part: TaskingList) -> list[Row]:
    return [Row(part.name, t) for t in part.rows]


def headline(part: TaskingList) -> Message | None:
    """The chart's own sentence; None where there is no chart."""
    share = dict(part.curve).get(0.1)
    if share is None:
        return None
    if part.name == "hot-spots":
        return msg("The tenth of places with most has {share:percent} of the records.", share=share)
    return msg("The tenth of people with most has {share:percent} of the records.", share=share)


def apart(part: TaskingList) -> Message | None:
    """What was set apart, with its counts."""
    if not part.apart:
        return None
    titles = analysis.set_apart()
    said = [
        msg("{title} {n:count}", title=titles.get(k, msg("{name}", name=Name(k.replace("-", " ")))), n=n)
        for k, n in sorted(part.apart.items(), key=lambda item: -item[1])
    ]
    return msg("Set apart and not ranked, as places of many records by their nature: {listed:list}.", listed=said)


def curves(found: TaskingLists) -> Table:
    """The points of every concentration curve."""
    columns = (
        Column("list", msg("List")),
        Column("subjects", msg("People or places, those with most first"), msg("share"), True),
        Column("records", msg("Their records"), msg("share"), True),
    )
    return Table(
        columns, tuple((part.name, a, round(b, 4)) for part in found.lists for a, b in part.curve),
        msg("How concentrated the records are: {hub}", hub=found.hub_name),
    )  # fmt: skip
