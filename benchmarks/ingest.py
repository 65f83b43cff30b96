"""How long an ingest takes, over plain DuckDB reading the same CSV files into one Parquet file.

    python benchmarks/ingest.py [FOLDER] [--repeats 7] [--write]

Both run in this process, turn about, each from cold output; the median of the ratios is the figure. Whole processes are
timed too, because that is what somebody at a keyboard waits for. ``--write`` puts the result into
``docs/benchmarks/ingest.md``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMIT = 3.0
PLAIN = "copy (select * from read_csv('{glob}')) to '{out}' (format parquet)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    default = Path(os.environ.get("FORESTALL_SHARED", ROOT.parent / "shared")) / "data" / "police_uk" / "gwent"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if not args.folder.is_dir():
        print(f"no records at {args.folder}: give a folder of street files, or set FORESTALL_SHARED")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        text, ratio = measure(args.folder, Path(scratch), args.repeats)
    print(text)
    if args.write:
        (ROOT / "docs" / "benchmarks" / "ingest.md").write_text(page(text), encoding="utf-8")
    return 0 if ratio <= LIMIT else 1


def measure(folder: Path, scratch: Path, repeats: int) -> tuple[str, float]:
    """The table as Markdown, and the median ratio in one process."""
    import duckdb

    from forestall.records.store import Store

    glob = f"{folder.as_posix()}/**/*-street.csv*"
    out = scratch / "plain.parquet"
    plain_sql = PLAIN.format(glob=glob, out=out.as_posix())

    def plain() -> None:
        out.unlink(missing_ok=True)
        with duckdb.connect() as connection:
            connection.execute(plain_sql)

    rows = {}

    def ours() -> None:
        shutil.rmtree(scratch / "store", ignore_errors=True)
        rows["read"] = Store.open(scratch / "store", create=True).ingest([folder]).rows

    def plain_process() -> None:
        out.unlink(missing_ok=True)
        code = f"import duckdb; duckdb.connect().execute({plain_sql!r})"
        subprocess.run([sys.executable, "-c", code], check=True)

    def our_process() -> None:
        shutil.rmtree(scratch / "store", ignore_errors=True)
        command = [sys.executable, "-m", "forestall", "ingest", str(folder), "--store", str(scratch / "store")]
        subprocess.run(command, check=True, capture_output=True)

    plain()
    ours()  # imports and caches are warm from here on
    inside = alternate(plain, ours, repeats)
    outside = alternate(plain_process, our_process, max(3, repeats // 2))
    lines = ["| what | plain DuckDB, s | forestall ingest, s | ratio (median of pairs) |", "|---|---|---|---|"]
    for name, pairs in (("in one process", inside), ("whole processes", outside)):
        a, b = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
        ratio = statistics.median(q / p for p, q in pairs)
        lines.append(f"| {rows['read']:,} rows, {name} | {a:.2f} | {b:.2f} | **{ratio:.2f}** |")
    return "\n".join(lines), statistics.median(q / p for p, q in inside)


def alternate(first: Callable[[], None], second: Callable[[], None], repeats: int) -> list[tuple[float, float]]:
    """Seconds of each, turn about, so that a busy moment of the machine falls on both."""
    out = []
    for _ in range(repeats):
        times = []
        for run in (first, second):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        out.append((times[0], times[1]))
    return out


def page(table: str) -> str:
    """The page of the documentation."""
    import duckdb
    import pyarrow

    return f"""# Ingest

What `forestall ingest` costs over the least that any program could do with the same files: DuckDB reading the CSV files,
gzipped as they are, into one Parquet file. In return for the difference every row is checked and put into the schema,
points are projected to the National Grid, every row has an id and a line number, each file becomes a part of its own,
forced to disk, and the snapshot is in force at one moment. The limit is {LIMIT:.0f} times.

{table}

34 street files of Gwent, 2020-01 to 2022-10. Ratios are of runs turn about in one session, {os.cpu_count()} processors,
DuckDB {duckdb.__version__}, Arrow {pyarrow.__version__}, Python {sys.version.split()[0]}. Made by
`python benchmarks/ingest.py --write`.
"""


if __name__ == "__main__":
    sys.exit(main())
