"""``forestall analyse``: run one method on one choice of records."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError

FORMATS = ("table", "json", "csv", "parquet", "html", "svg", "png", "geojson")
#: Formats that are no text, and so need a file.
BINARY = ("parquet", "png")
#: Rows that a terminal is shown.
ROWS = 30


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", nargs="?", metavar="METHOD", help="such as hours or near-repeat; --list names them all")
    parser.add_argument(
        "--list", action="store_true",
        help="the methods, what each needs, its settings, and whether --store has what it needs; or METHOD alone",
    )  # fmt: skip
    parser.add_argument("--store", metavar="DIR", help="the store that forestall ingest made")
    parser.add_argument("--force", metavar="NAME", help="the force's slug (default: the store's largest)")
    parser.add_argument(
        "--kind", metavar="KIND", help="kind of record, such as call (default: crime and anti-social behaviour)"
    )
    parser.add_argument("--category", metavar="SLUG", help="category, such as burglary (default: all)")
    parser.add_argument("--hub", metavar="NAME", help="a local authority, by name or code (default: the whole force)")
    parser.add_argument("--areas", metavar="CODE,…", help="areas of any level, by code")
    parser.add_argument("--since", metavar="YYYY-MM", help="first month (default: the records' first)")
    parser.add_argument("--until", metavar="YYYY-MM", help="last month (default: the records' last)")
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to give it (default table)")
    parser.add_argument("--out", metavar="FILE", help="the file to write (default: standard output)")
    parser.add_argument("--map", action="store_true", help="with svg or png: the map and not the chart")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")
    parser.epilog = "Settings of a method follow as options of their own, such as --cell 500: METHOD --list shows them."
    _take_settings(parser)


def _take_settings(parser: argparse.ArgumentParser) -> None:
    """Options that the parser doesn't know are settings of the method. Which there are the method says, and it is not
    imported before it is called: help is quick."""
    known = parser.parse_known_args

    def parse(args: Any = None, namespace: Any = None) -> Any:
        found, unknown = known(args, namespace)
        found.settings = {}
        rest = []
        while unknown:
            word = unknown.pop(0)
            if word.startswith("--") and len(word) > 2:
                name, told, value = word[2:].partition("=")
                if not told:
                    if not unknown or unknown[0].startswith("--"):
                        parser.error(f"argument --{name}: expected one argument")
                    value = unknown.pop(0)
                found.settings[name] = value
            elif found.method is None:
                found.method = word
            else:
                rest.append(word)
        return found, rest

    parser.parse_known_args = parse  # type: ignore[method-assign]


def run(args: argparse.Namespace) -> int:
    from forestall.analyse import bench
    from forestall.cli.progress import steps
    from forestall.places import Places
    from forestall.records.store import Store

    if args.list:
        print(listing(args.store, args.method, args.language))
        return 0
    if not args.method:
        raise ForestallError("name a method, or see them all with: forestall analyse --list")
    analysis = bench.Analysis.of_json(_asked(args))
    if not args.store:
        raise ForestallError("name the store to analyse with --store DIR")
    out = _target(args)
    store = Store.open(args.store)
    records = store.records()
    with steps("analysing") as progress:
        result = bench.run(analysis, records, Places.open(args.store), progress=progress)
        made = show(result, args, analysis.command(args.store))
    if out is None:
        sys.stdout.write(made if isinstance(made, str) else made.decode())
        return 0
    write_whole(out, made.encode() if isinstance(made, str) else made)
    print(f"wrote {out}", file=sys.stderr)
    return 0


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    parts = ("method", "force", "kind", "category", "hub", "areas", "since", "until")
    return {**{p: getattr(args, p) or "" for p in parts}, "settings": args.settings}


def _target(args: argparse.Namespace) -> Path | None:
    """Where the answer goes; told before the work, so that none is done for nothing."""
    if args.map and args.format not in ("svg", "png"):
        raise ForestallError("--map goes with --format svg or png: the other formats hold the map where there is one")
    if args.out is None:
        if args.format in BINARY:
            raise ForestallError(f"--format {args.format} is no text: name a file with --out")
        return None
    out = Path(args.out)
    if out.is_dir():
        raise ForestallError(f"{out} is a folder: name a file")
    if not out.absolute().parent.is_dir():
        raise ForestallError(f"the folder {out.absolute().parent} does not exist: make it, or name a file elsewhere")
    return out


def show(result: Any, args: argparse.Namespace, command: str) -> str | bytes:
    """The answer in the format that was asked for."""
    from forestall.report import analysis_page

    language = args.language
    match args.format:
        case "json":
            return json.dumps(result.to_json(language), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        case "csv":
            return str(result.table().to_csv(language))
        case "parquet":
            return parquet(result.table(), language)
        case "html":
            from forestall.report.html import page

            return page(analysis_page.document(result, command, _synthetic(args.store)), language)
        case "geojson":
            return json.dumps(_geojson(result), ensure_ascii=False, allow_nan=False) + "\n"
        case "svg" | "png":
            if args.map and result.layer is None:
                raise ForestallError(f"{result.method} has no map: leave --map out for its chart")
            draw = analysis_page.map_svg if args.map else analysis_page.chart_svg
            svg = draw(result, language)
            return svg + "\n" if args.format == "svg" else analysis_page.png(svg)
        case _:
            return text(result, language)


def _geojson(result: Any) -> dict[str, Any]:
    if result.layer is None:
        raise ForestallError(f"{result.method} has no map: take another format")
    features = [
        {**f, "properties": {**f["properties"], "value": result.layer.values.get(f["properties"]["code"])}}
        for f in result.layer.geojson["features"]
    ]
    return {"type": "FeatureCollection", "features": features}


def text(result: Any, language: str = "en") -> str:
    """The answer for a terminal: the title, what it says, the table's first rows, and what to beware of."""
    from forestall.report.analysis_page import beware, explained
    from forestall.text import msg

    lines = [result.title.render(language), ""]
    lines += [m.render(language) for m in explained(result)]
    table = result.table()
    lines += ["", *_columns(table, language)]
    if len(table.rows) > ROWS:
        more = msg("… and {n:count} more rows: --format csv has them all", n=len(table.rows) - ROWS)
        lines.append(more.render(language))
    warned = beware(result.all_checks)
    lines += ["", *(f"! {m.render(language)}" for m in warned)] if warned else []
    p = result.provenance
    end = msg("Snapshot {snapshot}, {method} {version}, {n:count} records.", snapshot=p.snapshot, method=p.method,
              version=p.version, n=result.records)  # fmt: skip
    return "\n".join([*lines, "", end.render(language), ""])


def _columns(table: Any, language: str) -> list[str]:
    from forestall.text import Message, probability

    def cell(column: Any, value: Any) -> str:
        if value is None:
            return "–"
        if column.is_chance and isinstance(value, float):
            return probability(value, language) if value == value else "–"
        if isinstance(value, Message):
            return value.render(language)
        if isinstance(value, float):
            return "–" if value != value else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        return ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)

    head = [c.label.render(language) for c in table.columns]
    rows = [[cell(c, v) for c, v in zip(table.columns, row, strict=True)] for row in table.rows[:ROWS]]
    widths = [min(44, max(len(r[i]) for r in [head, *rows])) for i in range(len(head))]

    def line(row: list[str]) -> str:
        cells = [
            t[:w].rjust(w) if c.numeric else t[:w].ljust(w) for t, w, c in zip(row, widths, table.columns, strict=True)
        ]
        return "  ".join(cells).rstrip()

    return [line(head), "  ".join("-" * w for w in widths), *(line(r) for r in rows)]


def parquet(table: Any, language: str = "en") -> bytes:
    """The table as Parquet, with machine names; sentences as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from forestall.text import Message

    def plain(value: Any) -> Any:
        if isinstance(value, Message):
            return value.render(language)
        return " ".join(str(v) for v in value) if isinstance(value, list | tuple) else value

    columns = {}
    for i, column in enumerate(table.columns):
        values = [plain(row[i]) for row in table.rows]
        kinds = {type(v) for v in values if v is not None}
        if kinds <= {int} or kinds <= {bool} or kinds <= {str}:
            columns[column.name] = pa.array(values)
        elif kinds <= {int, float}:
            columns[column.name] = pa.array([None if v is None else float(v) for v in values], pa.float64())
        else:
            columns[column.name] = pa.array([None if v is None else str(v) for v in values], pa.string())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    made: bytes = sink.getvalue().to_pybytes()
    return made


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that whoever stops in between leaves the old one or none."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def listing(store: str | None, slug: str | None = None, language: str = "en") -> str:
    """All methods, or one: the question, what it needs, its settings and, of a store, whether it has what is needed."""
    from forestall.analyse import bench
    from forestall.text import msg

    records = None
    if store:
        from forestall.records.store import Store

        records = Store.open(store).records()
    lines = []
    for method in (bench.find(slug),) if slug else bench.methods():
        needs = sorted(method.wants({s.name: s.default for s in method.settings}))
        lines.append(f"{method.slug}: {method.question.render(language)}")
        lines.append("    " + msg("needs {needs:list}", needs=needs or [msg("months")]).render(language))
        lines += [f"    --{s.name} {_metavar(s)}  {_help(s, language)}" for s in method.settings]
        if records is not None:
            reason = bench.lacking(method, records)
            can = msg("this store can run it") if reason is None else reason.message
            lines.append(("    + " if reason is None else "    - ") + can.render(language))
    return "\n".join(lines)


def _synthetic(store: str) -> bool:
    from forestall.records.store import Store

    return any(p.source.startswith("sample") for p in Store.open(store).records().manifest.parts)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _metavar(setting: Any) -> str:
    if setting.kind == "choice":
        return "|".join(setting.choices)
    return "N,N,…" if setting.kind == "edges" else "N"


def _help(setting: Any, language: str) -> str:
    from forestall.text import msg

    unit = f", {setting.unit.render(language)}" if setting.unit else ""
    default = setting.text(setting.default) or msg("chosen from the records").render(language)
    return f"{setting.label.render(language)}{unit} ({default})"
