"""What a synthetic control needs, held against the data: does the fit tell anything, is the treated unit like the
others, and was it chosen because it was high?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forestall.results import Check
from forestall.stats._synthetic_fit import Fitted, Flags, Ints, Panel
from forestall.text import msg

Floats = npt.NDArray[np.float64]

#: A treated unit may lie above or below every donor in this share of the periods before.
OUTSIDE = 0.25
#: A fit this many times worse than the median placebo's is poor.
POOR = 2.0
#: A last period before that rose more than this share of the donors' did looks chosen.
CHOSEN = 0.9
#: Below this share of the outcomes' own scatter, a gap is rounding.
NOTHING = 1e-7
#: Fewer periods before can't tell a fit from luck.
ENOUGH = 8


def outside(panel: Panel, group: Ints, pool: Flags) -> float:
    """Share of the periods before in which the group's mean lies above or below every unit of the pool."""
    own, others = panel.y[group][:, panel.pre].mean(0), panel.y[pool][:, panel.pre]
    return float(np.mean((own > others.max(0)) | (own < others.min(0))))


def rise(panel: Panel, group: Ints, pool: Flags) -> float:
    """Share of the pool's units whose last period before rose less, against their own scatter, than the group's did; NaN
    where there are too few periods to say."""
    if panel.pre.size < 4:
        return math.nan
    rows = np.vstack([panel.y[group].mean(0), panel.y[pool]])[:, panel.pre]
    scatter = rows[:, :-1].std(1, ddof=1)
    least = NOTHING * max(float(np.abs(rows).max()), 1e-300)
    z = (rows[:, -1] - rows[:, :-1].mean(1)) / np.maximum(scatter, least)
    return float(np.mean(z[1:] < z[0]))


def no_scatter(panel: Panel, group: Ints, found: Fitted) -> bool:
    """The weights reproduce the periods before exactly, so the gap there tells nothing of chance."""
    own = panel.y[group][:, panel.pre].mean(0)
    return found.before(panel) <= NOTHING * max(float(own.std()), 1e-3 * float(np.abs(own).max()), 1e-300)


def checks(
    panel: Panel, group: Ints, pool: Flags, found: Fitted, ratio: float, levelled: bool, least: float, level: float
) -> tuple[Check, ...]:
    """``ratio``: misfit before over the median placebo's; ``levelled``: the method takes the level off; ``least``: the
    smallest p-value that there can be."""
    off, high = outside(panel, group, pool), rise(panel, group, pool)
    exact, enough = no_scatter(panel, group, found), panel.pre.size >= ENOUGH
    out = [
        Check(
            "scatter", not exact,
            msg("Before the response the weights leave a gap, against which the gap after can be held.")
            if not exact
            else msg("The weights reproduce the periods before exactly, as they can where there are few periods and many "
                     "units: that fit tells nothing of chance, so no p-value and no interval are given. Use more periods "
                     "before, or fewer units."),
        ),
        Check(
            "fit", ratio <= POOR,
            msg("The fit before the response is as close as that of the placebos: its error is {ratio:ratio} times the "
                "median placebo's.", ratio=ratio)
            if ratio <= POOR
            else msg("The fit before the response is poor: its error is {ratio:ratio} times the median placebo's, so what "
                     "is found may be a poor fit that went on.", ratio=min(ratio, 1e6)),
        ),
    ]  # fmt: skip
    if not levelled:
        out.append(
            Check(
                "hull", off <= OUTSIDE,
                msg("The treated lie within the range of the other units in {share:percent} of the periods before.",
                    share=1 - off)
                if off <= OUTSIDE
                else msg("The treated lie above or below every other unit in {share:percent} of the periods before: no "
                         "weighted mean of these can follow them. Use synthetic difference in differences, which needs "
                         "the same course and not the same level, or other units.", share=off),
            )
        )  # fmt: skip
    if not math.isnan(high):
        out.append(
            Check(
                "chosen", high <= CHOSEN,
                msg("The last period before the response was no unusual rise.")
                if high <= CHOSEN
                else msg("In the last period before the response the treated had risen more than {share:percent} of the "
                         "other units. What is chosen because it is high falls by itself, and the estimate counts that "
                         "fall as effect; placebos that nobody chose don't show it.", share=high),
            )
        )  # fmt: skip
    out += [
        Check(
            "donors", least <= 1 - level,
            msg("There are placebos enough for a p-value of {least:.3f}.", least=least)
            if least <= 1 - level
            else msg("With so few placebos the p-value can't fall below {least:ratio}, whatever happened, and the interval "
                     "has no end.", least=least),
        ),
        Check(
            "periods", enough,
            msg("Periods before the response: {n:count}.", n=panel.pre.size)
            if enough
            else msg("There are only {n:count} periods before the response; with fewer than {enough:count}, a good fit may "
                     "be luck.", n=panel.pre.size, enough=ENOUGH),
        ),
    ]  # fmt: skip
    return tuple(out)
