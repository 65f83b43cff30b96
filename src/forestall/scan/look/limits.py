"""What these data can't tell, and where every figure comes from."""

from __future__ import annotations

from forestall.report import document as d
from forestall.results import Scan
from forestall.scan.look.ground import Ground
from forestall.text import Message, msg, msg_n


def section(scan: Scan, ground: Ground, command: str | None) -> d.Section:
    failed = tuple(c.text for c in scan.checks if not c.passed)
    passed = tuple(c.text for c in scan.checks if c.passed and c.name == "origin")
    if ground.broken:
        failed += (
            msg_n(
                "{n:count} area code came into use, or went out of it, within these months, as where census areas were "
                "redrawn. Its series is broken, so it is left out of the lists.",
                "{n:count} area codes came into use, or went out of it, within these months, as where census areas "
                "were redrawn. Their series are broken, so they are left out of the lists.",
                len(ground.broken),
            ),
        )
    blocks: list[d.Block] = [d.Bullets(limits())]
    if failed or passed:
        blocks.append(d.Callout(msg("About this scan"), failed + passed, "doubt"))
    blocks += [
        d.Heading(msg("Where the figures come from")),
        d.Source(
            scan.provenance,
            (
                msg(
                    "The snapshot is named by the content of the files: the same files give the same name, and the "
                    "same seed the same page."
                ),
                msg("Contains public sector information licensed under the Open Government Licence v3.0 (data.police.uk)."),
            ),
            command,
        ),
    ]
    return d.Section(
        "limits", msg("These files show where and in which month levels moved, and not why"), tuple(blocks),
        msg("What these data can't tell"),
    )  # fmt: skip


def limits() -> tuple[Message, ...]:
    """What no reading of police.uk files can tell."""
    return (
        msg("They are what was reported and recorded. Most harm in the home, and much else, never reaches them."),
        msg("There is no day and no time of day, so no weekend, no night-time economy and no near-repeat pattern shows."),
        msg("There are no persons, so repeat victims and repeat offenders can't be seen."),
        msg(
            "Each record lies at the nearest of a list of anonymous map points, not where it happened: a street's "
            "count is its map point's."
        ),
        msg(
            "The categories are wide. Violence holds domestic abuse beside night-time fights, and burglary homes "
            "beside shops: a rise says little until the offences behind it are known."
        ),
        msg("The files don't say who reported, so a rise in looking can't be told from a rise in happening."),
        msg("Counts are not rates: an area with more visitors has more to record. No population is loaded here."),
        msg("Later files may change late months, because reports come in late and crimes are reclassified or cancelled."),
        msg("A rise that is small, or slow, or spread thin over the force, stays below what the scan can see."),
        msg("No figure here says why. It says where to ask first."),
    )
