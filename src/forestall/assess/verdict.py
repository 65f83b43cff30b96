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

    In this order: nothing testable; too little delivered; a rise beyond chance; a fall beyond chance, unless as much turned up
    around; no change beyond chance, where a fall that matters would have shown; else nobody can tell.
    """
    if not local.tested:
        return "cant-tell", msg(
            "no comparison that could be trusted was to be had, so nobody can say what would have happened"
        )
    share = fidelity.share
    if share is not None and share < fidelity.least:
        return "not-tested", msg(
            "only {share:percent} of what was planned was delivered, less than the {least:percent} that make a test: whether it "
            "would have worked was not tested",
            share=share, least=fidelity.least,
        )  # fmt: skip
    low, high = local.interval
    if local.p_value <= ALPHA and low > 1:
        return "backfired", msg(
            "there was more than chance explains where the response was, beside what was to be expected"
        )
    if local.p_value <= ALPHA and high < 1:
        moved = ring is not None and ring.tested and ring.p_value <= ALPHA and ring.interval[0] > 1
        if moved and total is not None and total.tested and total.interval[1] >= 1:
            return "no-evidence", msg(
                "it fell where the response was and rose around it, and in both together it is not lower than chance "
                "explains: it moved"
            )
        return "worked", msg(
            "it fell beyond what chance explains, and what turned up around it is less than what was prevented"
        )
    matters = _matters(design)
    if matters is not None and low > 1 - matters:
        return "no-evidence", msg(
            "no change beyond chance, and a fall of {share:percent}, the one that was hoped for or could be shown, does not fit the "
            "figures",
            share=matters,
        )  # fmt: skip
    return "cant-tell", msg(
        "no change beyond chance, and yet a fall worth having fits the figures as well: there was too little to tell"
    )


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
