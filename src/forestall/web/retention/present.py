"""What the pages of keeping, erasing and disclosing show, and the file that answers a request."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from babel.dates import format_date
from django.utils import timezone

from forestall import __version__
from forestall.report import document as d
from forestall.report.html import page
from forestall.text import Message, Name, msg, msg_n
from forestall.web.retention.models import Request, Review
from forestall.web.retention.selectors import DueItem
from forestall.web.retention.sources import Held, years_after

#: Rows of what is held that the page of a request shows; the file has them all.
ROWS = 20
MARKING = "OFFICIAL-SENSITIVE"
DECISIONS = {
    "keep": (msg("Keep it"), msg("It is still needed for its purpose. Say until when.")),
    "erase": (msg("Erase it"), msg("It is needed no longer. A trace without content stays.")),
    "redact": (msg("Redact it"), msg("What happened is needed, who was concerned is not.")),
}
DECIDED = {"keep": msg("Kept"), "erase": msg("Erased"), "redact": msg("Redacted")}
WAITING = {"erase": msg("To be erased"), "redact": msg("To be redacted")}
KINDS = {"subject-access": msg("Subject access"), "disclosure": msg("Disclosure to somebody else")}
KIND_HINTS = {
    "subject-access": msg("A person, or somebody acting for the person, asks for what is held about the person."),
    "disclosure": msg("Somebody else asks on a legal basis: another force, a court, a solicitor."),
}
ANSWERS = {
    "full": (msg("In full"), msg("Everything above is given.")),
    "part": (msg("In part"), msg("Some of it is withheld, and the answer says so.")),
    "refused": (msg("Not at all"), msg("Nothing is given; the person is told why, and how to complain.")),
}
NO_ACCOUNT = msg("There is no account with this name")
SYNTHETIC = msg("Made-up records: they come from a fictional force; no person, place or event in them is real.")
ANSWERED = {"full": msg("answered in full"), "part": msg("answered in part"), "refused": msg("refused")}


def day(value: dt.date | dt.datetime, language: str) -> str:
    """A day in the reader's language."""
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date()
    return str(format_date(value, "d MMMM y", locale=language))


def answer(due: Sequence[DueItem]) -> Message:
    """The sentence at the top of the queue."""
    if not due:
        return msg("Nothing is due: every record has a purpose and a review that lies ahead.")
    return msg_n(
        "{n:count} record is due for a decision: keep it, with a reason and a new day, or erase it.",
        "{n:count} records are due for a decision: keep each, with a reason and a new day, or erase it.",
        n=len(due),
    )


def by_source(due: Sequence[DueItem]) -> list[tuple[Message, list[DueItem]]]:
    """What is due, a list for each kind of thing; within it the longest overdue first."""
    ordered = sorted(due, key=lambda x: x.source.kind)
    return [(items[0].source.title, items) for _, g in groupby(ordered, key=lambda x: x.source.kind) if (items := list(g))]


def overdue(one: DueItem) -> Message:
    days = one.overdue(timezone.localdate())
    return msg_n("{n:count} day overdue", "{n:count} days overdue", n=days) if days else msg("due today")


def standing(review: Review) -> Message:
    """What became of a decision."""
    return WAITING[review.decision] if review.done_at is None else DECIDED[review.decision]


def trace(review: Review) -> Message | None:
    """What stays of an erasure, in a sentence."""
    if review.decision == "keep" or review.done_at is None:
        return None
    if stone := review.trace.get("tombstone"):
        return msg_n(
            "{n:count} record, tombstone {stone}", "{n:count} records, tombstone {stone}",
            n=int(review.trace.get("rows", 0)), stone=stone,
        )  # fmt: skip
    return msg_n("{n:count} entry emptied", "{n:count} entries emptied", n=int(review.trace.get("rows", 0)))


def next_review(one: DueItem) -> dt.date:
    """The day that the form offers: today and the period of the group."""
    return years_after(timezone.localdate(), one.kept.group.years)


def requests_answer(open_: Sequence[Request], today: dt.date) -> Message:
    """The sentence at the top of the register."""
    late = sum(r.due_on < today for r in open_)
    if not open_:
        return msg("No request is open.")
    if late:
        return msg_n(
            "{n:count} request is open, and {late:count} past its day.",
            "{n:count} requests are open, and {late:count} past their day.",
            n=len(open_), late=late,
        )  # fmt: skip
    return msg_n("{n:count} request is open.", "{n:count} requests are open.", n=len(open_))


def clock(request: Request, today: dt.date) -> Message:
    """How long there is to answer, or how it was."""
    if request.decision:
        return ANSWERED[request.decision]
    days = (request.due_on - today).days
    if days < 0:
        return msg_n("{n:count} day late", "{n:count} days late", n=-days)
    return msg_n("{n:count} day left", "{n:count} days left", n=days) if days else msg("due today")


@dataclass(frozen=True)
class Answer:
    """What goes out. ``left_out``: names of parts that stay back; free text stays back as ``<part>.free-text``."""

    request: Request
    held: tuple[Held, ...]
    left_out: tuple[str, ...]
    snapshot: str
    synthetic: bool

    @staticmethod
    def of(request: Request, held: Iterable[Held], left_out: Sequence[str], snapshot: str, synthetic: bool) -> Answer:
        """The answer without what stays back; ``left_out`` keeps what there was of it."""
        kept, back = [], []
        for h in held:
            if h.name in left_out:
                back.append(h.name)
                continue
            if h.free_text and f"{h.name}.free-text" in left_out:
                back.append(f"{h.name}.free-text")
                at = [i for i, c in enumerate(h.table.columns) if c.name != h.free_text]
                columns = tuple(h.table.columns[i] for i in at)
                h = replace(
                    h, table=replace(h.table, columns=columns, rows=tuple(tuple(r[i] for i in at) for r in h.table.rows))
                )
            kept.append(h)
        return Answer(request, tuple(kept), tuple(back), snapshot, synthetic)

    def to_json(self, language: str) -> bytes:
        """The file for a machine: sections with machine names in the heads."""
        data = {
            "marking": MARKING,
            "synthetic": self.synthetic,
            "request": self.request.pk,
            "kind": self.request.kind,
            "received_on": self.request.received_on.isoformat(),
            "made_at": timezone.localtime().isoformat(timespec="seconds"),
            "made_by": f"Forestall {__version__}",
            "snapshot": self.snapshot,
            "answered": self.request.decision,
            "withheld": self.request.redactions if self.request.decision == "part" else "",
            "held": [
                {
                    "part": h.name,
                    "title": h.title.render(language),
                    "role": h.role.render(language),
                    "columns": [{"name": c.name, "label": c.label.render(language)} for c in h.table.columns],
                    "rows": [
                        [v.render(language) if isinstance(v, Message | Name) else v for v in row] for row in h.table.rows
                    ],
                }
                for h in self.held
            ],
        }
        return json.dumps(data, ensure_ascii=False, indent=1, default=str).encode()

    def to_html(self, language: str) -> bytes:
        """The file for a reader: one page, which prints."""
        sections = [
            d.Section(
                h.name, h.title,
                (d.Paragraph(msg("In these the person is: {role}.", role=h.role), "small"), d.TableBlock(h.table, h.name)),
            )
            for h in self.held
        ]  # fmt: skip
        sections.append(d.Section("about", msg("About this answer"), (d.Bullets(tuple(self._about())),)))
        today = timezone.localdate()
        lead = (
            msg("What Forestall holds about the person is listed below, apart by who the person is in it."),
            *(
                [msg("Some of it is withheld: {text}", text=self.request.redactions)]
                if self.request.decision == "part"
                else []
            ),
        )
        made = d.Document(
            title=msg("What is held about the person of request {number}", number=str(self.request.pk)),
            about=(msg("OFFICIAL-SENSITIVE"), msg("made on {day}", day=day(today, language))),
            sections=tuple(sections),
            lead=lead,
            banner=SYNTHETIC if self.synthetic else None,
        )
        return page(made, language).encode()

    def _about(self) -> Iterable[Message]:
        yield msg("Records are a copy of what the force and its partners recorded; the original lies in their own systems.")
        yield msg("What a record says happened is what was reported, which is not a proven fact.")
        yield msg("Other people whom these records name are left out, and so are the hashes by which the store knows them.")
        if self.snapshot:
            yield msg("Records as of snapshot {snapshot}.", snapshot=self.snapshot)
        yield msg("The person may ask for correction or erasure, and may complain to the Information Commissioner.")
