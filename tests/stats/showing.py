"""What each result of `stats` has to do: draw, fill a table, explain itself in both languages, and survive JSON."""

from __future__ import annotations

import json

from forestall.report.charts import chart_svg
from forestall.results import Figures, read


def shows_itself(made: Figures) -> None:
    """Fails where a result doesn't show itself."""
    assert "<svg" in chart_svg(made.chart(), "en", "title", "what it shows")
    table = made.table()
    assert table.rows
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.to_csv()
    assert made.explain()
    assert made.explain("cy")
    text = json.dumps(made.to_json(), allow_nan=False)
    back = read(json.loads(text))
    assert json.dumps(back.to_json(), allow_nan=False) == text
    assert back.explain() == made.explain()
    assert made.parameters
