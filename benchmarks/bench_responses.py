"""Responses that did nothing, on real files: how they are chosen, and what the automatic path says of them."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.assess import groups
from forestall.assess.comparing import WAYS
from forestall.assess.evaluate import evaluate
from forestall.assess.panel import Panel, build
from forestall.assess.propose import propose
from forestall.cli import main as forestall
from forestall.places import Places
from forestall.records.store import Store
from forestall.results import Asked, Outcome

Ints = npt.NDArray[np.int64]
#: How a response comes to a place: by lot; where the month before stood out most from its own past (as signals are
#: chosen); where most was counted in the month before.
CHOICES = ("random", "signal", "count")
#: Groups among which one is chosen for its month.
CANDIDATES = 300
#: Months that a month is held against, and events before that make a setting.
PAST, EVENTS = 12, 10


@contextlib.contextmanager
def gwent(shared: Path) -> Iterator[Path]:
    """A store of the street files of Gwent with its places, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        store, places = Path(folder) / "store", shared / "data" / "geography"
        files = [places / "boundaries" / f"gwent_{level}.geojson.gz" for level in ("lsoa11", "msoa", "ward")]
        files += [places / "lsoa11_england_wales.csv.gz", places / "lad_to_modal_force_2025_derived.csv"]
        for words in (
            ["ingest", str(shared / "data" / "police_uk" / "gwent")],
            ["places", "add", *map(str, files), "--force", "gwent"],
        ):
            if forestall([*words, "--store", str(store)]) != 0:
                raise SystemExit(f"{' '.join(words[:2])} failed")
        yield store


def panels(store: Path) -> list[Panel]:
    """One panel a category."""
    records, places = Store.open(store).records(), Places.open(store)
    return [build(records, places, outcome=Outcome((c,)), force="gwent") for c in records.cube(force="gwent").categories]


@dataclass(frozen=True)
class Setting:
    """A response that does nothing. ``panel``: which; ``rows``: its areas."""

    panel: int
    rows: Ints
    asked: Asked


def setting(grounds: list[Panel], choice: str, rng: np.random.Generator) -> Setting:
    """One to twelve areas that hang together, any category, any month, three to twelve months; ten or more events before.

    Nothing after the first month of the response is looked at.
    """
    while True:
        at, size, length = int(rng.integers(len(grounds))), int(rng.integers(1, 13)), int(rng.integers(3, 13))
        panel = grounds[at]
        start = int(rng.integers(9, len(panel.months) - length + 1))
        then = panel.upto(panel.months[start - 1])
        before = np.flatnonzero(then.usable)[-24:]
        if len(before) < 9 or not panel.usable[start : start + length].any():
            continue
        count = CANDIDATES if choice != "random" else 1
        drawn = [groups.grow(panel.touching, int(rng.integers(len(panel.areas))), rng.random(size)) for _ in range(count)]
        pool = np.array([g for g in drawn if g is not None], np.int64).reshape(-1, size)
        if choice != "random":
            pool = pool[~then.broken[pool].any(1)]
        if not len(pool):
            continue
        counted = then.counts[pool].sum(1)
        month = counted[:, before[-1]]
        if choice == "count":
            pool = pool[[month.argmax()]]
        elif choice == "signal":
            pool = pool[[_likelihood(month, counted[:, before[:-1][-PAST:]].mean(1) + 0.3).argmax()]]
        rows = np.sort(pool[0])
        if then.counts[rows][:, before].sum() < EVENTS:
            continue
        asked = Asked(
            treated=tuple(panel.areas[i] for i in rows), outcome=Outcome(panel.categories), starts=panel.months[start],
            months=length, force=panel.force,
        )  # fmt: skip
        return Setting(at, rows, asked)


def _likelihood(y: Any, e: Any) -> Any:
    """Log of the likelihood ratio of a count above what its past foretells."""
    return np.where(y > e, y * np.log(np.maximum(y, 1) / e) - (y - e), 0.0)


def halved(panel: Panel, place: Setting, rng: np.random.Generator) -> Panel:
    """The panel with each event of the treated areas kept or taken out by lot, from the response on."""
    after = np.arange(panel.months.index(place.asked.starts), len(panel.months))
    at = np.ix_(place.rows, after)
    fewer = rng.binomial(panel.raw[at], 0.5)
    out = {k: np.array(getattr(panel, k)) for k in ("counts", "raw", "everything")}
    for values in out.values():
        values[at] -= panel.raw[at] - fewer
    return replace(panel, **out)


def told(panel: Panel, place: Setting, rng: np.random.Generator) -> dict[str, Any]:
    """What proposal, power and evaluation say of a response that did nothing, and of a halving planted there."""
    start = time.process_time()
    design = propose(None, None, place.asked, panel=panel)  # type: ignore[arg-type]
    between = time.process_time()
    made = evaluate(None, None, design, panel=panel)  # type: ignore[arg-type]
    end = time.process_time()
    local = made.effect()
    assert local is not None
    after = panel.raw[place.rows][:, [panel.months.index(m) for m in made.months]].sum()
    window = local.before * len(design.post) / max(len(design.pre), 1)
    out: dict[str, Any] = {
        "category": panel.categories[0], "month": place.asked.starts, "size": len(place.rows), "length": place.asked.months,
        "method": design.method, "why": design.checks[0].text.render("en")[:60], "before": local.before, "window": window,
        "after": float(after), "expected": local.expected, "ratio": local.ratio, "low": local.interval[0],
        "high": local.interval[1], "p": local.p_value, "verdict": made.verdict, "propose": between - start,
        "evaluate": end - between, "stated": float("nan"), "found": float("nan"),
        "half": float("nan"), **dict.fromkeys(WAYS, float("nan")),
    }  # fmt: skip
    for part in ("ring", "total"):
        effect = made.effect(part)
        out[part] = float("nan") if effect is None else effect.p_value
    if design.power is not None and local.tested:
        planted = evaluate(None, None, design, panel=halved(panel, place, rng)).effect()  # type: ignore[arg-type]
        assert planted is not None
        out |= {"stated": design.power.chance(0.5), "found": float(planted.p_value <= 0.05 and planted.ratio < 1)}
        out["half"] = float(planted.interval[0] <= 0.5 <= planted.interval[1])
    for option in design.options:
        if option.method == design.method:
            out[option.method] = local.p_value
        elif option.offered and option.method in WAYS:
            other = evaluate(None, None, replace(design, method=option.method), panel=panel).effect()  # type: ignore[arg-type]
            assert other is not None
            out[option.method] = other.p_value
    return out


def run(grounds: list[Panel], choice: str, number: int, seed: int) -> list[dict[str, Any]]:
    """So many settings, each told."""
    rng = np.random.default_rng([seed, CHOICES.index(choice)])
    places = [setting(grounds, choice, rng) for _ in range(number)]
    return [told(grounds[p.panel], p, rng) for p in places]
