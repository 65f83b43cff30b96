"""Where is more to come: a forecast by cells, judged on later records against last year's counts. For analysts only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse import cells
from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.refused import Refused
from forestall.analyse.setting import choice, number, whole
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Where the next weeks' records are likeliest, and how that did on later ones."""
    from forestall.stats import forecast_hotspots, hotspot_accuracy

    chosen.refuse_points_across(METHOD.title)
    events, undated = chosen.dated(chosen.events())
    events, unplaced = chosen.placed(events)
    events = cells.on_ground(chosen, events)
    cell, horizon = settings["cell"], settings["horizon"]
    box = cells.bounds(chosen, events, cell)
    told = {
        "method": settings["model"].replace("-", "_"),
        "horizon": float(horizon),
        "cell": cell,
        "bounds": box,
        "mask": cells.inside(chosen, box, cell),
    }
    end = chosen.end_day
    cut = end - np.timedelta64(horizon, "D")
    t = events.begin.astype("datetime64[D]")
    before = t < cut
    if not before.any() or before.all():
        raise Refused(
            msg(
                "a forecast is judged on the last {days:count} days, and the records have none before them or none in "
                "them: choose more months or fewer days",
                days=horizon,
            )
        )
    progress("judging", 1, 3)
    earlier = forecast_hotspots(events.x[before], events.y[before], t[before], at=cut, **told)
    later = earlier.later(events.x[~before], events.y[~before], t[~before])
    scored = hotspot_accuracy(earlier, later)
    progress("forecasting", 2, 3)
    found = forecast_hotspots(events.x, events.y, t, at=end, **told)
    layer = cells.bands(box, cell, np.asarray(found.risk), msg("risk, by order only"))
    return Answer((found, scored), None, layer, (), (*undated, *unplaced), ("map",))


METHOD = Method(
    slug="hotspot-forecast",
    title=msg("Hot-spot forecast"),
    question=msg("Where is more to come, and does knowing so beat last year's counts?"),
    needs=frozenset({"occurred_from:day", "easting"}),
    answer=answer,
    gives=("forecast_hotspots", "hotspot_accuracy"),
    series=True,
    ethics=True,
    targets=True,
    settings=(
        choice(
            "model", msg("model"), "prospective", prospective=msg("prospective"), grid=msg("counts by cell"),
            kernel=msg("kernel"), last_year=msg("last year's counts"),
        ),
        number("cell", msg("cell"), 250.0, 50, 5000, msg("metres")),
        whole("horizon", msg("days ahead"), 28, 7, 365, msg("days")),
    ),
)  # fmt: skip
