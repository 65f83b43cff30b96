"""How much more than chance counts of whole windows scatter: the allowance that a comparison of two windows needs.

A month's count that varies twice as much as a Poisson count is one thing; the count of a year may vary ten times as much,
because what lasts (a new gang, a new shop, a new way of recording) does not average out. So the history is added up to
windows as long as those to be compared, and the scatter of those totals is measured, after what each area and each window
has in common is taken off: Pearson's chi-square of the table of areas by windows over its degrees of freedom (McCullagh and
Nelder, *Generalized linear models*, 2nd ed. 1989, 9.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._levels import checked_areas
from forestall.stats._unfit import Unfit
from forestall.stats.rates import Floats, check_level, interval_chart
from forestall.text import msg

#: An area needs as many events in the whole history, or chance in small numbers drowns its scatter.
LEAST_EVENTS = 5


@register
@dataclass(frozen=True, kw_only=True)
class WindowScatter(Figures):
    """``estimate``: the variance of a window's count over its mean, 1 or more; ``raw``: before it is raised to 1.
    ``degrees``: degrees of freedom on which that rests, and ``interval`` what fits by them (chi-square).
    ``totals``: shape (areas, windows), the counts that were compared. ``dropped``: areas with too few events."""

    type_name: ClassVar[str] = "window-scatter"

    estimate: float
    raw: float
    interval: tuple[float, float]
    level: float
    degrees: float
    window: int
    totals: Floats
    dropped: int

    def table(self) -> Table:
        columns = (
            Column("areas", msg("Areas"), None, True),
            Column("windows", msg("Windows"), None, True),
            Column("periods", msg("Periods a window"), None, True),
            Column("dispersion", msg("Scatter over chance"), None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("degrees", msg("Degrees of freedom"), None, True),
        )
        row = (*self.totals.shape, self.window, self.raw, *self.interval, self.degrees)
        return Table(columns, (row,), msg("How much whole windows scatter"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        title = msg("Scatter over chance").render(language)
        return interval_chart(self.raw, self.interval, title, scale={"zero": True}, reference=1.0)

    def explain(self, language: str = "en") -> str:
        text = msg(
            "Counts of {window:count} periods, in {areas:count} areas and {windows:count} windows in which nothing was "
            "done, scatter {phi:ratio} times as much as chance alone ({low:ratio} to {high:ratio} fit), once what the "
            "areas and the windows have in common is taken off. A comparison of two such windows has to allow for that; "
            "it can only if the windows to come are as restless as these.",
            window=self.window, areas=self.totals.shape[0], windows=self.totals.shape[1], phi=self.raw,
            low=self.interval[0], high=self.interval[1],
        )  # fmt: skip
        return " ".join([text.render(language), *(c.text.render(language) for c in self.checks if not c.passed)])


def window_scatter(counts: npt.ArrayLike, *, window: int, level: float = 0.95) -> WindowScatter:
    """The scatter of ``counts``, shape (areas, periods), added up to windows of ``window`` periods.

    Windows are laid from the last period back, and what is left at the beginning is not used. Areas are the treated one and
    those compared, or many places of the same kind; nothing may have been done in any of them. Raises ``ValueError`` with
    fewer than two areas or two whole windows, negative or missing counts.
    """
    x = checked_areas(counts, "counts")
    check_level(level)
    if isinstance(window, bool) or int(window) != window or window < 1:
        raise ValueError(f"window must be a whole number of periods, 1 or more, not {window!r}")
    window = int(window)
    windows = x.shape[1] // window
    if windows < 2:
        raise ValueError(
            f"{x.shape[1]} periods make fewer than two windows of {window}: give a longer history or a shorter window"
        )
    totals = x[:, x.shape[1] - windows * window :].reshape(x.shape[0], windows, window).sum(-1)
    kept = totals.sum(1) >= LEAST_EVENTS
    if kept.sum() < 2:
        raise Unfit(msg("Fewer than two areas have enough events to tell how much windows scatter: give larger areas."))
    totals = totals[kept]
    common = totals.sum(0)
    free = float((totals.shape[0] - 1) * ((common > 0).sum() - 1))
    if free < 1:
        raise Unfit(msg("All events fell into one window, so how much windows scatter is not known."))
    raw = pearson(totals) / free
    tail = (1 - level) / 2
    low, high = raw * free / ss.chi2.isf(tail, free), raw * free / ss.chi2.ppf(tail, free)
    dropped = int((~kept).sum())
    enough = free >= 10
    return WindowScatter(
        estimate=max(1.0, raw),
        raw=raw,
        interval=(float(low), float(high)),
        level=level,
        degrees=free,
        window=window,
        totals=totals,
        dropped=dropped,
        parameters={"window": window, "level": level},
        checks=(
            Check(
                "enough",
                enough,
                msg("The scatter rests on {n:count} degrees of freedom.", n=free)
                if enough
                else msg("The scatter rests on only {n:count} degrees of freedom and is itself uncertain.", n=free),
            ),
        ),
    )  # fmt: skip


def pearson(totals: Floats) -> float:
    """Pearson's chi-square of a table of areas by windows."""
    expected = totals.sum(1, keepdims=True) * totals.sum(0) / totals.sum()
    square = np.divide((totals - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
    return float(square.sum())


def scatter_of(dispersion: WindowScatter | float | None) -> tuple[float, float]:
    """What was given as an allowance for scatter: the variance over the mean, and its degrees of freedom."""
    if dispersion is None:
        return 1.0, math.inf
    if isinstance(dispersion, WindowScatter):
        return dispersion.estimate, dispersion.degrees
    phi = float(dispersion)
    if isinstance(dispersion, bool) or not (phi >= 1 and math.isfinite(phi)):
        raise ValueError(f"dispersion must be 1 or more, what window_scatter found, or None, not {dispersion!r}")
    return phi, math.inf
