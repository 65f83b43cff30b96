"""Data traps found: what would have been taken for a problem, or for progress, and is neither."""

from __future__ import annotations

from forestall import catalogue
from forestall.report import document as d
from forestall.results import Column, Finding, Table
from forestall.scan.look.ground import Ground
from forestall.text import Message, msg, msg_n


def section(findings: tuple[Finding, ...], ground: Ground) -> d.Section:
    events = [f for f in findings if f.kind == "recording-event" and f.standing != "rejected"]
    others = [f for f in findings if f.kind != "recording-event"]
    wide = [f for f in events if not f.areas]
    areas = [f for f in events if f.areas]
    blocks: list[d.Block] = [
        d.Paragraph(
            msg(
                "A recording event is a change in how things are recorded, not in what happened. These are suspected: "
                "only the force's crime and incident registrar can confirm one. None of them is taken for a rise or "
                "for a baseline here."
            )
        )
    ]
    blocks += [d.Callout(_heading(f), (f.text,), "warning") for f in wide]
    if areas:
        blocks.append(d.Heading(msg("Areas whose level broke with their map points")))
        blocks.append(d.TableBlock(_table(areas, ground), "recording-events"))
    if others:
        blocks += [d.Heading(msg("Other traps in these files")), d.Bullets(tuple(f.text for f in others))]
    n = len(events)
    title = (
        msg_n("{n:count} suspected recording event was set aside", "{n:count} suspected recording events were set aside", n)
        if n
        else msg("No recording event is suspected in these files")
    )
    return d.Section("traps", title, tuple(blocks), msg("Data traps found"))


def _heading(finding: Finding) -> Message:
    what = catalogue.category(finding.category).title if finding.category else msg("All categories")
    if finding.month is None:
        return what
    if finding.until and finding.until != finding.month:
        return msg("{what}, {since:month} to {until:month}", what=what, since=finding.month, until=finding.until)
    if finding.shape == "passing":
        return msg("{what}, {since:month}", what=what, since=finding.month)
    return msg("{what}, from {since:month} on", what=what, since=finding.month)


def _table(findings: list[Finding], ground: Ground) -> Table:
    columns = (
        Column("areas", msg("Area")),
        Column("month", msg("From")),
        Column("direction", msg("Level")),
        Column("text", msg("What the files show")),
    )
    direction = {1: msg("higher"), -1: msg("lower")}
    rows = tuple(
        (
            msg("{areas:list}", areas=[ground.name(a) for a in f.areas]), f.month,
            direction.get(f.direction, msg("changed")), f.text,
        )
        for f in findings
    )  # fmt: skip
    return Table(columns, rows, msg("Suspected recording events of single areas"))
