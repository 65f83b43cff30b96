"""The ten-minute page: from records alone to one document that an analyst shows a colleague in another force.

What rose, what is concentrated, the last months replayed against last year's counts, the traps in the data, and what these
data can't tell. No store, no account, no boundaries: areas are where their records lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forestall import catalogue
from forestall.errors import ForestallError
from forestall.records.records import Records
from forestall.report.document import Document
from forestall.results import Finding, Scan
from forestall.scan.find import find
from forestall.scan.look import gathered, limits, replayed, rose, traps
from forestall.scan.look.ground import Ground, force_name, lay
from forestall.scan.replay import Replay, replay
from forestall.text import Message, msg, msg_n

__all__ = ["Look", "look"]

#: Kinds of signal that the page has sections for.
KINDS = ("rising", "force-wide", "concentrated")


@dataclass(frozen=True)
class Look:
    """What the page stands on. ``replay`` is None where the history is too short for one."""

    ground: Ground
    scan: Scan
    replay: Replay | None
    findings: tuple[Finding, ...]

    def document(self, command: str | None = None) -> Document:
        """The page. ``command``: what makes it again."""
        ground = self.ground
        rises = rose.established(self.scan)
        sections = (
            rose.section(self.scan, ground),
            gathered.section(self.scan, ground),
            replayed.section(self.replay, ground),
            traps.section(self.findings, ground),
            limits.section(self.scan, ground, command),
        )
        return Document(
            title=self._answer(len(rises)),
            lead=(rose.lead(rises, self.scan), replayed.lead(self.replay)),
            about=(
                force_name(ground.force),
                msg("{first:month} to {last:month}", first=ground.months[0], last=ground.months[-1]),
                msg("{n:count} records", n=ground.rows),
                msg("snapshot {id}", id=ground.records.snapshot),
            ),
            sections=sections,
        )

    def _answer(self, rises: int) -> Message:
        force, until = force_name(self.ground.force), self.ground.months[-1]
        top = gathered.strongest(self.scan)
        if rises:
            first = msg_n(
                "{force}, up to {until:month}: {n:count} rise is more than chance",
                "{force}, up to {until:month}: {n:count} rises are more than chance",
                rises, force=force, until=until,
            )  # fmt: skip
        else:
            first = msg("{force}, up to {until:month}: no local rise is clearly more than chance", force=force, until=until)
        if top is None:
            return msg("{first}.", first=first)
        return msg(
            "{first}, and {share:percent} of {category:low} lies in {k:count} of {n:count} areas.",
            first=first, share=top.details["share"], category=catalogue.category(top.category).title, k=len(top.areas),
            n=len(self.ground.codes),
        )  # fmt: skip


def look(
    records: Records,
    *,
    force: str | None = None,
    until: str | None = None,
    names: Mapping[str, str] | None = None,
    months: int = 12,
    seed: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    **settings: Any,
) -> Look:
    """Scans, replays and gathers what the page says.

    ``names``: what areas are called, by code. ``progress`` is called with a month, the number done and how many.
    ``settings`` go to :func:`forestall.scan.find`. Raises ``ForestallError`` where the force or month isn't in the records.
    """
    ground = lay(records, force, until, names or {})
    until = ground.months[-1]
    total = months + 1
    if progress is not None:
        progress(until, 0, total)
    scan = find(records, ground.places, force=ground.force, until=until, seed=seed, kinds=KINDS, merge=False, **settings)
    back: Replay | None
    try:
        back = replay(
            records, lambda month: lay(records, ground.force, month, names or {}).places, force=ground.force, until=until,
            months=months, seed=seed, progress=lambda m, i, n: progress(m, i + 1, n + 1) if progress else None, **settings,
        )  # fmt: skip
    except ForestallError:
        if len(ground.months) > 13:
            raise
        back = None
    return Look(ground, scan, back, records.findings(ground.force, until=until))
