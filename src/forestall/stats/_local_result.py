"""What a local statistic answers, for every place at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.results import Column, Table, register
from forestall.results.figures import Figures
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
#: Points of each sort that a chart draws at most.
_MOST = 800


@register
@dataclass(frozen=True, kw_only=True, eq=False)
class LocalStatistic(Figures):
    """One row a place, every array of shape (places,); NaN (and not flagged) where a place can't be judged.

    ``method``: ``Gi*``, ``Gi``, ``local Moran`` or ``local join count``. ``null``: where ``p_value`` comes from,
    ``exact``, ``moments`` or ``permutation``. ``alternative``: ``two-sided``, ``greater`` or ``less``. ``values``: what
    was given. ``neighbours``: how many each has, itself not counted. ``around``: the weighted mean of their values.
    ``statistic``: the weighted sum over the neighbourhood (Gi*, Gi, joins) or Moran's I of the place; ``expected`` and
    ``variance`` are its exact ones by chance: the other values are dealt at random and the place keeps its own, unless
    ``own`` was ``dealt``. ``z_score``: the published formula (for Gi* it deals the place's own value too). ``p_value``,
    ``mid_p``: p, and the one that counts half of what ties with what was seen (the same where the null is continuous).
    ``permutation_p``: from permutations where any were made, else empty. ``q_value``: of ``p_value``, by Benjamini and
    Hochberg; ``flagged``: q at or below ``fdr``. ``kind``: ``high`` or ``low`` for Gi* and Gi; ``HH``, ``LL``, ``HL`` or
    ``LH`` (place, neighbours; high is above the mean) for Moran; ``joined`` for joins; else empty.
    """

    type_name = "local-statistic"

    method: str
    null: str
    alternative: str
    fdr: float
    values: Floats
    neighbours: Ints
    around: Floats
    statistic: Floats
    expected: Floats
    variance: Floats
    z_score: Floats
    p_value: Floats
    mid_p: Floats
    permutation_p: Floats
    q_value: Floats
    flagged: Bools
    kind: Texts

    @property
    def tested(self) -> int:
        """How many places could be judged."""
        return int(np.isfinite(self.p_value).sum())

    def count(self, kind: str) -> int:
        """How many flagged places are of the ``kind``."""
        return int((self.flagged & (self.kind == kind)).sum())

    def table(self) -> Table:
        columns = (
            Column("place", msg("place"), numeric=True),
            Column("value", msg("its own value"), numeric=True),
            Column("neighbours", msg("neighbours"), numeric=True),
            Column("around", msg("mean of its neighbours"), numeric=True),
            Column("statistic", msg("statistic"), numeric=True),
            Column("expected", msg("expected by chance"), numeric=True),
            Column("z_score", msg("z-score"), numeric=True),
            Column("p_value", msg("p-value"), numeric=True),
            Column("mid_p", msg("mid-p"), numeric=True),
            Column("q_value", msg("q-value"), numeric=True),
            Column("flagged", msg("flagged")),
            Column("kind", msg("kind")),
        )
        names = [_KINDS[k]() if k else "" for k in self.kind]
        marks = [msg("yes") if f else msg("no") for f in self.flagged]
        arrays = (
            self.values, self.neighbours, self.around, self.statistic, self.expected, self.z_score, self.p_value,
            self.mid_p, self.q_value,
        )  # fmt: skip
        numbers = zip(*([_cell(v) for v in a.tolist()] for a in arrays), strict=True)
        rows = [(i, *row, marks[i], names[i]) for i, row in enumerate(numbers)]
        return Table(columns, tuple(rows), msg("{method}, place by place", method=self.method))

    def chart(self, language: str = "en") -> dict[str, Any]:
        """Each place's neighbours against the place itself (for joins, joins against those that chance would give)."""
        joins = self.method == "local join count"
        x, y = (self.expected, self.statistic) if joins else (self.values, self.around)
        seen = np.isfinite(x) & np.isfinite(y)
        drawn = self._drawn(seen)
        rows = [
            {
                "x": float(x[i]),
                "y": float(y[i]),
                "flagged": bool(self.flagged[i]),
                "low": self.kind[i] in ("low", "LL", "LH"),
            }
            for i in drawn
        ]
        ends = [float(f(np.concatenate([x[seen], y[seen]]))) for f in (np.min, np.max)] if seen.any() else [0.0, 1.0]
        middle = float(self.values.mean())
        line = [{"x": e, "y": e if joins else middle} for e in ends]
        if joins:
            title_x, title_y = msg("joins that chance would give"), msg("joins (large points: flagged)")
        else:
            title_x, title_y = msg("value of the place"), msg("mean of its neighbours (large points: flagged)")
        if drawn.size < seen.sum():
            title_x = msg("{axis}; {n:count} of {all:count} drawn", axis=title_x, n=drawn.size, all=int(seen.sum()))
        at = {
            "x": {"field": "x", "type": "quantitative", "title": title_x.render(language), "scale": {"zero": False}},
            "y": {"field": "y", "type": "quantitative", "title": title_y.render(language), "scale": {"zero": False}},
        }
        layers: list[dict[str, Any]] = [
            {"data": {"values": line}, "mark": {"type": "line", "style": "expected"}, "encoding": at}
        ]
        sorts = (
            ("quiet", 20, [r for r in rows if not r["flagged"]]),
            ("flagged", 70, [r for r in rows if r["flagged"] and not r["low"]]),
            ("observed", 70, [r for r in rows if r["flagged"] and r["low"]]),
        )
        for style, size, part in sorts:
            if part:
                mark = {"type": "point", "filled": True, "size": size, "style": style, "opacity": 0.8}
                layers.append({"data": {"values": part}, "mark": mark, "encoding": at})
        return {"$schema": SCHEMA, "width": 560, "height": 320, "layer": layers}

    def _drawn(self, seen: Bools) -> Ints:
        """The flagged places with the smallest p, and of the others every so many, so that a chart stays small."""
        flagged = np.flatnonzero(seen & self.flagged)
        flagged = flagged[np.argsort(self.p_value[flagged], kind="stable")][:_MOST]
        quiet = np.flatnonzero(seen & ~self.flagged)
        quiet = quiet[:: max(1, -(-quiet.size // _MOST))]
        return np.sort(np.concatenate([flagged, quiet]))

    def explain(self, language: str = "en") -> str:
        if self.tested == 0:
            return msg(
                "No place could be judged: none has neighbours and a value that could have been otherwise."
            ).render(language)  # fmt: skip
        parts = [self._finding(), *self._chance(), self._unsaid()]
        return " ".join(part.render(language) for part in parts)

    def _finding(self) -> Message:
        n, fdr = self.tested, self.fdr
        if self.method == "local Moran":
            return msg(
                "Of {n:count} places, at a false discovery rate of {fdr:percent}, {hh:count} are high among high ones and "
                "{ll:count} low among low; {hl:count} are high among low and {lh:count} low among high.",
                n=n, fdr=fdr, hh=self.count("HH"), ll=self.count("LL"), hl=self.count("HL"), lh=self.count("LH"),
            )  # fmt: skip
        if self.method == "local join count":
            return msg(
                "Of {n:count} marked places with neighbours, {k:count} have a number of marked neighbours that chance "
                "would hardly give, at a false discovery rate of {fdr:percent}.",
                n=n, k=int(self.flagged.sum()), fdr=fdr,
            )  # fmt: skip
        return msg(
            "Of {n:count} places, at a false discovery rate of {fdr:percent}, {high:count} lie among more than chance "
            "would give and {low:count} among less.",
            n=n, fdr=fdr, high=self.count("high"), low=self.count("low"),
        )  # fmt: skip

    def _chance(self) -> list[Message]:
        permutations = int(self.parameters.get("permutations", 0) or 0)
        nulls = {
            "exact": msg("The p-values are exact."),
            "moments": msg("The p-values are approximate: exact moments with a Pearson III tail."),
            "permutation": msg(
                "The p-values come from {n:count} permutations, so that none can lie below {least:.2g}.",
                n=permutations, least=1 / (permutations + 1),
            ),
        }  # fmt: skip
        sides = {
            "two-sided": msg("They are two-sided: twice the smaller tail."),
            "greater": msg("They are one-sided: only a high statistic counts."),
            "less": msg("They are one-sided: only a low statistic counts."),
        }
        if self.parameters.get("own") == "dealt":
            chance = msg("By chance all places' values are dealt over the map at random.")
        else:
            chance = msg("By chance the other places' values are dealt over the map at random and the place keeps its own.")
        return [
            chance,
            nulls[self.null],
            sides[self.alternative],
        ]

    def _unsaid(self) -> Message:
        if self.parameters.get("own") == "dealt":
            return msg(
                "It is the place with its neighbours that is judged: a flagged place need not stand out itself. How many "
                "people live or pass there, and why it is so, this can't tell."
            )
        return msg(
            "It is the neighbours that are judged: a flagged place need not stand out itself. How many people live or pass "
            "there, and why it is so, this can't tell."
        )


def _cell(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


_KINDS = {
    "high": lambda: msg("among more"),
    "low": lambda: msg("among less"),
    "HH": lambda: msg("high among high"),
    "LL": lambda: msg("low among low"),
    "HL": lambda: msg("high among low"),
    "LH": lambda: msg("low among high"),
    "joined": lambda: msg("marked"),
}
