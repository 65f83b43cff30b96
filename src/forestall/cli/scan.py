"""``forestall scan``: find the problems in a store, ranked."""

from __future__ import annotations

import argparse
import json
import math
import re
from typing import Any

from forestall.errors import ForestallError

#: The largest seed.
SEEDS = 2**32 - 1


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, metavar="DIR", help="the store that forestall ingest made")
    parser.add_argument("--force", metavar="NAME", help="the force's slug, such as gwent (default: the store's largest)")
    parser.add_argument("--until", metavar="YYYY-MM", help="last month to look at (default: the records' last)")
    parser.add_argument("--lookback", type=int, default=36, metavar="MONTHS", help="months of history (default 36)")
    parser.add_argument("--windows", default="1-6", metavar="A-B", help="shortest and longest recent window (default 1-6)")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="how many to list (default 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the simulations (default 1)")
    parser.add_argument("--replicates", type=int, default=999, metavar="N", help="data sets drawn a category (default 999)")
    parser.add_argument("--sort", choices=("themes", "harm", "change", "count"), default="themes", help="order of the list")
    parser.add_argument("--harm", default="cambridge-2026", metavar="SCHEME", help="harm scheme of the catalogue")
    parser.add_argument("--asb-harm", type=float, metavar="DAYS", help="harm weight of an anti-social behaviour incident")
    parser.add_argument(
        "--late",
        type=int,
        metavar="MONTHS",
        help="last months left out as falls are looked for (default: those that late reports leave incomplete)",
    )
    parser.add_argument("--kind", action="append", metavar="KIND", help="look for this kind alone; may be given again")
    parser.add_argument("--record", action="store_true", help="keep the scan in the store, for the workplace")
    parser.add_argument("--format", choices=("table", "json", "csv", "geojson"), default="table", help="how to print it")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")


def run(args: argparse.Namespace) -> int:
    from forestall import catalogue, scan
    from forestall.cli.progress import steps
    from forestall.places import Places
    from forestall.records.store import Store
    from forestall.results import Scan, Shelf

    windows = _windows(args.windows)
    for name, value, least in (("--top", args.top, 1), ("--replicates", args.replicates, 19), ("--seed", args.seed, 0)):
        if value < least:
            raise ForestallError(f"{name} must be {least} or more, not {value}")
    if args.seed > SEEDS:
        raise ForestallError(f"--seed must be {SEEDS} or less, not {args.seed}")
    if args.asb_harm is not None and not 0 <= args.asb_harm < math.inf:
        raise ForestallError(f"--asb-harm must be a number of days of 0 or more, not {args.asb_harm:g}")
    store = Store.open(args.store)
    shelf = Shelf(args.store)
    last = _last(shelf)
    harm = catalogue.harm(args.harm).setting("anti-social-behaviour", args.asb_harm)
    with steps("scanning") as progress:
        found = scan.find(
            store.records(),
            Places.open(args.store),
            force=args.force,
            until=args.until,
            lookback=args.lookback,
            windows=windows,
            top=None if args.record else args.top,
            replicates=args.replicates,
            seed=args.seed,
            harm=harm,
            earlier=last.signals if isinstance(last, Scan) else (),
            sort=args.sort,
            kinds=args.kind,
            late_months=args.late,
            progress=progress,
        )
    if args.record:
        try:
            shelf.put(found)
        except OSError as error:
            raise ForestallError(
                f"the scan can't be kept in {shelf.root} ({error.strerror or error}): give a store on a disk that can be "
                "written and has room, or leave --record out"
            ) from error
    print(_show(found, args.format, args.language, args.top, args.store))
    return 0


def _last(shelf: Any) -> Any:
    """The scan recorded last, whose signals' ids carry on."""
    try:
        return shelf.latest("scan")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForestallError(
            f"the scan recorded last in {shelf.root} can't be read, or a newer Forestall wrote it ({error}): update "
            f"Forestall, or remove {shelf.root / 'latest-scan'} to begin anew"
        ) from error


def _windows(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if not match:
        raise ForestallError(f"--windows {text!r} is not a range of months; write it as 1-6")
    first = int(match[1])
    return (first, int(match[2])) if match[2] else (1, first)


def _show(found: Any, form: str, language: str, top: int, store: str) -> str:
    from dataclasses import replace

    found = replace(found, signals=found.signals[:top])
    if form == "json":
        return json.dumps(found.to_json(language), indent=1, ensure_ascii=False)
    if form == "csv":
        return str(found.table().to_csv(language)).rstrip("\n")
    if form == "geojson":
        return json.dumps(geojson(found, store, language), ensure_ascii=False)
    return _table(found, language)


def geojson(found: Any, store: str, language: str) -> dict[str, Any]:
    """A feature for each signal, its areas' polygons (or their points) together, in WGS84."""
    from forestall.places import Places
    from forestall.places.project import to_wgs84
    from forestall.results.signal import PERSON_KINDS

    places = Places.open(store)
    cube = None
    if places is None:
        from forestall.records.store import Store

        cube = Store.open(store).records().cube()
    features = []
    for number, s in enumerate(found.signals, 1):
        geometry: Any = None
        if s.kind in PERSON_KINDS:
            geometry = None  # what is about one person is on no map
        elif places is not None:
            here = places.matching(s.areas)
            parts = here.geojson("lsoa", s.areas)["features"]
            geometry = {"type": "GeometryCollection", "geometries": [p["geometry"] for p in parts if p["geometry"]]}
        else:
            assert cube is not None
            index = {a: i for i, a in enumerate(cube.areas)}
            rows = [index[a] for a in s.areas if a in index]
            lon, lat = to_wgs84(cube.easting[rows], cube.northing[rows])
            points = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(lon, lat, strict=True) if x == x]
            geometry = {"type": "MultiPoint", "coordinates": points}
        properties = {k: v for k, v in s.to_json(language).items() if k not in ("series",)}
        features.append({"type": "Feature", "id": s.id, "geometry": geometry, "properties": {"rank": number, **properties}})
    return {"type": "FeatureCollection", "features": features}


def _table(found: Any, language: str) -> str:
    from forestall import catalogue
    from forestall.results.signal import KIND_WORDS
    from forestall.text import month_name, msg, probability

    lines = [found.explain(language), ""]
    title = {t.slug: t.title.render(language) for t in catalogue.themes()}
    kinds = {k: m.render(language) for k, m in KIND_WORDS.items()}
    theme = None
    by_theme = found.provenance.parameters.get("sort") == "themes"
    opened: set[str] = set()
    numbered = list(enumerate(found.signals, 1))
    fell = [pair for pair in numbered if pair[1].kind == "falling"]
    for number, s in [pair for pair in numbered if pair[1].kind != "falling"] + fell:
        if s.kind == "falling":
            if number == fell[0][0]:
                lines.append(msg("What fell").render(language))
        elif by_theme and s.theme != theme:
            theme = s.theme
            heading = title.get(theme, theme)
            lines.append(heading if theme not in opened else msg("{theme}, continued", theme=heading).render(language))
            opened.add(theme)
        name = catalogue.category(s.category).title.render(language)
        mark = "*" if s.established else " "
        lines.append(
            f"{number:3d}{mark} {s.id}  {kinds[s.kind]}: {name}, {s.place.render(language)}, "
            f"{month_name(s.since, language)} - {month_name(s.until, language)}"
        )
        q = "" if s.q_value is None else f"  q {probability(s.q_value, language)}"
        high = f"-{s.interval[1]:.2f}" if s.interval[1] < 100 * s.ratio else " " + msg("or more").render(language)
        harm = "" if s.harm is None else f"  {msg('harm').render(language)} {s.harm:,.0f}"
        lines.append(f"       {s.observed:,} / {s.expected:,.1f} = {s.ratio:.2f} ({s.interval[0]:.2f}{high}){q}{harm}")
        if s.reasons:
            more = list(dict.fromkeys(f"{kinds[r.kind]}{'*' if r.established else ''}" for r in s.reasons))
            lines.append("       " + msg("also: {kinds:list}", kinds=more).render(language))
    aside = [e for e in found.events if e.standing != "rejected"]
    lines += ["", msg("* established: of such signals about one in twenty is false.").render(language)]
    if aside:
        lines.append(msg("Set aside as suspected recording events:").render(language))
        lines += [f"  {e.text.render(language)}" for e in aside[:10]]
        if len(aside) > 10:
            lines.append("  " + msg("… and {n:count} more: forestall quality", n=len(aside) - 10).render(language))
    for check in found.checks:
        if not check.passed:
            lines.append(f"! {check.text.render(language)}")
    p = found.provenance
    lines.append(
        msg(
            "Snapshot {snapshot}, {method} {version}, seed {seed}.",
            snapshot=p.snapshot,
            method=p.method,
            version=p.version,
            seed=p.seed,
        ).render(language)
    )
    return "\n".join(lines)
