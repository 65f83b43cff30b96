"""What may be said of a response: five verdicts, each by its rule. The rules are in ``docs/methods/verdicts.md``."""

from __future__ import annotations

from forestall.results import Design, Effect, Fidelity
from forestall.text import Message, msg

#: A test that finds this often what is not there.
ALPHA = 0.05


def verdict(
    design: Design, local: Effect, ring: Effect | None, total: Effect | None, fidelity: Fidelity
) -> tuple[str, Message]:
    """The verdict's slug, and why.

    In this order: too little delivered; nothing testable; a rise beyond chance; a fall beyond chance, unless it rose
    around and both together show no such fall; no change beyond chance, where a fall that matters would have shown; else
    nobody can tell.
    """
    share = fidelity.share
    if share is not None and share < fidelity.least:
        return "not-tested", msg(
            "Only {share:percent} of what was planned was delivered; at least {least:percent} is needed for a test of "
            "whether it works.",
            share=share, least=fidelity.least,
        )  # fmt: skip
    if not local.tested:
        return "cant-tell", msg(
            "There was no comparison that could be trusted, or too few events, so nobody can say what would have happened "
            "without the response."
        )
    low, high = local.interval
    if local.p_value <= ALPHA and low > 1:
        return "backfired", msg(
            "More was recorded where the response was than would be expected without it, by more than chance explains."
        )
    if local.p_value <= ALPHA and high < 1:
        if moved(local, ring, total):
            return "no-evidence", msg(
                "It fell where the response was and rose around it; together there is no fall beyond chance: it moved."
            )
        if ring is not None and not ring.tested:
            return "worked", msg(
                "It fell by more than chance explains. Whether it moved to the areas around can't be told."
            )
        return "worked", msg("It fell by more than chance explains, and no rise around it made up for the fall.")
    matters = _matters(design)
    if matters is not None and low > 1 - matters:
        return "no-evidence", msg(
            "There was no change beyond chance, and the figures rule out a fall of {share:percent}, which is the one "
            "hoped for or, where none was named, the smallest that the design could show.",
            share=matters,
        )  # fmt: skip
    return "cant-tell", msg(
        "There was no change beyond chance, but a fall worth having fits the figures too: there was too little to go by."
    )


def moved(local: Effect, ring: Effect | None, total: Effect | None) -> bool:
    """Whether it fell where the response was and rose around it, each beyond chance, and both together show no fall."""
    if ring is None or total is None or not (local.tested and ring.tested and total.tested):
        return False
    fell = local.p_value <= ALPHA and local.interval[1] < 1
    rose = ring.p_value <= ALPHA and ring.interval[0] > 1
    return fell and rose and total.interval[1] >= 1


def _matters(design: Design) -> float | None:
    """The fall that matters: the one hoped for, else the smallest that the design was to show."""
    if design.asked.hoped is not None:
        return design.asked.hoped
    return design.power.detectable if design.power is not None else None


def maryland(design: Design) -> int:
    """Level of the Maryland scale: 5 where lots were drawn, 4 with many units and their history balanced, 3 with a
    comparison, 1 without any."""
    if design.randomised:
        return 5
    if design.method == "calibration-weights" and len(design.asked.treated) >= 5:
        return 4
    return 3 if design.method else 1
