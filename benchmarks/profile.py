"""The profile of one problem in a force of a million records, against one plain scan of the same store by DuckDB.

The store is the sample's own records, repeated in other areas until there are a million: each copy has its own area codes,
places, people and record numbers, so that neither the problem nor its people grow. Times are the median of warm runs in one
process (records open, findings of the data quality made once for the snapshot, as in the workplace); the first run is told
apart. The peer is one `select` that reads every column that the profile uses and aggregates it.

python benchmarks/profile.py [--rows N] [--runs N] [--write]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "profile.md"
#: Fields that tell a copy from its original.
OWN = ("lsoa", "location_id", "victim_id", "suspect_id", "caller_id", "record_id", "source_ref")


def store(folder: Path, rows: int) -> tuple[Any, Path]:
    """A store of the sample, its parts written again with copies in other areas until ``rows`` are there."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from forestall import sample
    from forestall.cli import main as forestall
    from forestall.records.store import Store

    made = sample.make(folder / "sample", seed=1)
    for name in ("crimes", "incidents", "council-asb"):
        files = sorted(str(p) for p in (made / "records").glob(f"{name}*.csv"))
        mapping = str(made / "mappings" / f"{name}.yaml")
        assert forestall(["ingest", *files, "--store", str(folder / "store"), "--mapping", mapping]) == 0
    places = sorted(str(p) for p in (made / "places").iterdir())
    assert forestall(["places", "add", *places, "--store", str(folder / "store")]) == 0
    opened = Store.open(folder / "store")
    total = sum(pq.read_metadata(opened.part_path(p.id)).num_rows for p in opened.records().manifest.parts)
    copies = -(-rows // total)
    for part in opened.records().manifest.parts:
        path = opened.part_path(part.id)
        table = pq.read_table(path)
        tables = [table]
        for k in range(1, copies):
            new = table
            for field in OWN:
                if field in table.column_names:
                    column = pc.binary_join_element_wise(table[field], f"c{k}", ".")
                    new = new.set_column(new.schema.get_field_index(field), field, column)
            line = pc.add(table["line"], pa.scalar(k * 10_000_000, table["line"].type))
            new = new.set_column(new.schema.get_field_index("line"), "line", line)
            tables.append(new.cast(table.schema))
        pq.write_table(pa.concat_tables(tables), path)
    return Store.open(folder / "store"), made


def timed(work: Callable[[], Any], runs: int) -> tuple[float, float]:
    """Seconds of the first run, and the median of the others."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times[0], statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(measured(Path(folder), args.rows, args.runs, write=args.write))


def measured(folder: Path, rows: int, runs: int, *, write: bool) -> str:
    import json

    import duckdb
    import pyarrow.parquet as pq

    from forestall import analyse
    from forestall.places import Places
    from forestall.records.problem import COLUMNS

    opened, made = store(folder, rows)
    truth = {p["kind"]: p for p in json.loads((made / "truth.json").read_text(encoding="utf-8"))["planted"]}
    records = opened.records()
    places = Places.open(folder / "store")
    paths = [str(opened.part_path(p.id)) for p in records.manifest.parts]
    there = sum(pq.read_metadata(p).num_rows for p in paths)
    fields = ", ".join(f"count(distinct {c})" for c in COLUMNS if c not in ("flags",))
    connection = duckdb.connect()
    _, full = timed(lambda: connection.execute(f"select {fields} from read_parquet(?)", [paths]).fetchall(), runs)
    plain = ", ".join(f"max({c})" for c in COLUMNS if c not in ("flags",))
    _, scan = timed(lambda: connection.execute(f"select {plain} from read_parquet(?)", [paths]).fetchall(), runs)
    lines = []
    for kind, since in (("burglary-series", "2025-11"), ("night-time-economy", "2025-01"), ("school-route-asb", "2025-09")):
        problem = truth[kind]

        def work(problem: Any = problem, since: str = since) -> None:
            analyse.profile(records, places, areas=problem["areas"], category=problem["category"], since=since)

        first, warm = timed(work, runs)
        lines.append(f"| {kind} | {first:.1f} | {warm:.2f} | {warm / scan:.1f} | {warm / full:.2f} |")
    text = "\n".join(
        [
            "# Profile of a problem",
            "",
            "Written by `python benchmarks/profile.py --write`.",
            "",
            f"{there:,} records. One plain scan of the columns that a profile uses takes DuckDB {scan:.2f} s; "
            f"counting their "
            f"distinct values {full:.2f} s.",
            "",
            "| problem | first, s | warm, s | times one plain scan | times one distinct count |",
            "|---|---|---|---|---|",
            *lines,
            "",
            "The first profile of a snapshot also works out the findings of its data quality, which are kept for the next.",
            "",
        ]
    )
    if write:
        PAGE.write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    main()
