"""Checking the log: every seal is worked out again from what is stored, and held against the anchors.

What is found, and how: a changed, deleted, inserted or reordered event alters its seal's hash, and so does a change of the
seal; a row put between two seals belongs to the later one and alters it too; a seal that is gone breaks the numbers or the
chain; a chain that was cut short, or made anew from some point, differs from the anchors; anchors that were cut or edited
differ from what the database knows to have been anchored. An event that no seal covers yet can be altered without a trace
in the chain: how many there are, and for how long, is said. On SQLite ids have no gaps, so that one taken from among them
or from their end is found too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from forestall.text import Message, msg, msg_n
from forestall.web.audit import chain, guards
from forestall.web.audit.anchors import Anchors
from forestall.web.audit.ledger import Ledger, SealRow

#: What reading a database raises where a value in it is no longer what the column holds.
BROKEN = (ValueError, TypeError, OverflowError, UnicodeError)


@dataclass
class Verification:
    """``findings``: signs of tampering; ``notes``: what is well but should be known; times are UTC, as text."""

    seals: int = 0
    events: int = 0
    sealed_until: str | None = None
    last_event: int = 0
    unsealed: int = 0
    unsealed_since: str | None = None
    findings: list[Message] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.findings


def verify(ledger: Ledger, read_anchors: Any) -> Verification:
    """Checks the whole log. ``read_anchors()`` gives the :class:`Anchors`: they are read after the database's word on what
    is anchored and before its seals, so that a workplace that goes on sealing meanwhile raises no false alarm."""
    done = Verification()
    try:
        done.findings += guards.missing(ledger)
        anchored = ledger.anchored()
        anchors: Anchors = read_anchors()
        seals = _check_seals(ledger, done)
        _check_tail(ledger, done)
        _check_anchors(done, seals, anchored, anchors)
    except BROKEN as error:
        done.findings.append(msg("the log's tables cannot be read ({reason})", reason=str(error)))
    return done


def _check_seals(ledger: Ledger, done: Verification) -> dict[int, SealRow]:
    seals: dict[int, SealRow] = {}
    before, last = chain.NOTHING, 0
    try:
        for seal in ledger.seals():
            if seal.number != done.seals + 1:
                done.findings.append(_missing_seals(done.seals + 1, seal.number - 1))
            seals[seal.number] = seal
            done.seals = seal.number
            done.events += _check_events(ledger, done, seal, before, last)
            before, last = seal.hash, max(last, seal.last)
            done.sealed_until, done.last_event = seal.at, last
    except BROKEN as error:
        done.findings.append(msg("the seals after number {n} cannot be read ({reason})", n=done.seals, reason=str(error)))
    return seals


def _missing_seals(first: int, last: int) -> Message:
    if first == last:
        return msg("seal {number} is missing", number=first)
    return msg("the seals {first} to {last} are missing", first=first, last=last)


def _check_events(ledger: Ledger, done: Verification, seal: SealRow, before: str, after: int) -> int:
    """Works one seal out again; returns how many events lie under it."""
    ids: list[int] = []

    def events() -> Any:
        for row in ledger.events(after, seal.last):
            ids.append(row[0])
            yield chain.canonical(row)

    try:
        found = chain.link(
            before, number=seal.number, first=seal.first, last=seal.last, count=seal.count, at=seal.at, events=events()
        )
    except BROKEN:
        found = ""
    if found == seal.hash:
        if ledger.vendor == "sqlite" and seal.count != seal.last - after:
            done.findings.append(_taken_out(seal.last - after - seal.count))
        return len(ids)
    where = {"number": seal.number, "first": seal.first, "last": seal.last}
    if len(ids) < seal.count:
        done.findings.append(
            msg_n(
                "seal {number} (events {first} to {last}): {n} event was taken out",
                "seal {number} (events {first} to {last}): {n} events were taken out",
                n=seal.count - len(ids), **where,
            )
        )  # fmt: skip
    elif len(ids) > seal.count:
        done.findings.append(
            msg_n(
                "seal {number} (events {first} to {last}): {n} event was put in",
                "seal {number} (events {first} to {last}): {n} events were put in",
                n=len(ids) - seal.count, **where,
            )
        )  # fmt: skip
    else:
        done.findings.append(
            msg("seal {number} (events {first} to {last}): an event, their order or the seal itself was changed", **where)
        )
    return len(ids)


def _check_tail(ledger: Ledger, done: Verification) -> None:
    """What no seal covers yet, and what no seal can."""
    gaps = []
    if ledger.vendor == "sqlite":
        done.unsealed, done.unsealed_since, highest, given = ledger.ids(done.last_event)
        gaps = _gaps(done, highest, given)
    else:
        done.unsealed, done.unsealed_since = ledger.tail(done.last_event)
    if done.unsealed:
        done.notes.append(
            msg_n(
                "{n:count} event is not sealed yet; it was written at {since} UTC",
                "{n:count} events are not sealed yet; the oldest was written at {since} UTC",
                n=done.unsealed, since=str(done.unsealed_since)[:19],
            )
        )  # fmt: skip
    never = ledger.never_given()
    if never:
        done.findings.append(
            msg_n("{n} row has an id that was never given", "{n} rows have ids that were never given", n=never)
        )
    done.findings += gaps


def _gaps(done: Verification, highest: int, given: Any) -> list[Message]:
    """SQLite gives ids without gaps, and takes them back when a transaction is."""
    out = []
    highest = max(highest, done.last_event)
    if not isinstance(given, int) or given < highest:
        out.append(msg("the database's count of the ids that it has given was changed"))
        given = highest
    gone = given - done.last_event - done.unsealed
    return [*out, _taken_out(gone)] if gone > 0 else out


def _taken_out(n: int) -> Message:
    return msg_n(
        "{n:count} event was taken out before it was sealed", "{n:count} events were taken out before they were sealed", n=n
    )


def _check_anchors(done: Verification, seals: dict[int, SealRow], anchored: list[int], anchors: Anchors) -> None:
    for line in anchors.unreadable:
        done.findings.append(msg("line {line} of the anchors cannot be read", line=line))
    cut = []
    for line, anchor in anchors.lines:
        seal = seals.get(anchor.number)
        if seal is None:
            cut.append(anchor)
        elif seal != anchor:
            done.findings.append(
                msg(
                    "line {line} of the anchors says otherwise than seal {number} in the database",
                    line=line,
                    number=seal.number,
                )
            )
    if cut:
        newest = max(cut, key=lambda a: a.number)
        done.findings.append(
            msg(
                "the anchors know of seal {number}, up to event {last} at {at} UTC, and the database ends at seal {seals}: "
                "its end was cut off, or an old copy was put back",
                number=newest.number, last=newest.last, at=newest.at[:19], seals=done.seals,
            )
        )  # fmt: skip
    if anchored != list(range(1, len(anchored) + 1)):
        done.findings.append(msg("the database's list of anchored seals was changed"))
    known = {anchor.number for _, anchor in anchors.lines}
    lost = [n for n in anchored if n not in known]
    if lost:
        done.findings.append(
            msg_n(
                "{n:count} seal that was anchored is not in the anchors (seal {first}): the file was cut, or it is another "
                "one",
                "{n:count} seals that were anchored are not in the anchors (from seal {first}): the file was cut, or it is "
                "another one",
                n=len(lost), first=lost[0],
            )
        )  # fmt: skip
    waiting = len(set(seals) - known - set(lost))
    if waiting:
        done.notes.append(msg_n("{n:count} seal is not anchored yet", "{n:count} seals are not anchored yet", n=waiting))
    if anchors.torn:
        done.notes.append(msg("the last line of the anchors was not written whole"))
