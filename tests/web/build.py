"""A small store with a recorded scan: two authorities of twelve areas each, and a signal of every kind."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from forestall.places import Level, Places
from forestall.places.shelf import content_hash
from forestall.records.store import Store
from forestall.results import Finding, Provenance, Reason, Scan, Series, Shelf, Signal
from forestall.results.signal import KINDS, PERSON_KINDS
from forestall.text import Name, msg

MONTHS = tuple(f"{y}-{m:02d}" for y in (2020, 2021, 2022) for m in range(1, 13))[:34]
CODES = tuple(f"W0100{i:04d}" for i in range(24))
HUBS = ("W06000001", "W06000002")
MAPPING = """source: {source}
replaces: nothing
fields:
  force: {{value: gwent}}
  kind: {{value: crime}}
  category: {{column: Type, slug: true}}
  occurred_from: {{column: Date, formats: "%d/%m/%Y"}}
  lsoa: Area
  lsoa_vintage: {{value: "2021"}}
"""


def places() -> Places:
    """A grid of six by four squares of a kilometre."""
    at = [(325_000 + 1000 * (i % 6), 190_000 + 1000 * (i // 6)) for i in range(24)]
    squares = tuple(shapely.box(x, y, x + 1000, y + 1000) for x, y in at)
    hub_of = tuple(HUBS[i // 12] for i in range(24))

    def level(name: str, codes: tuple[str, ...], names: tuple[str, ...], welsh: tuple[str, ...], shapes, parents) -> Level:
        return Level(
            name=name,
            codes=codes,
            names=names,
            names_cy=welsh,
            easting=np.array([s.centroid.x for s in shapes]),
            northing=np.array([s.centroid.y for s in shapes]),
            parents=parents,
            polygons=tuple(shapes),
            vintage="2021" if name == "lsoa" else None,
        )

    hubs = tuple(shapely.union_all([s for s, h in zip(squares, hub_of, strict=True) if h == hub]) for hub in HUBS)
    levels = {
        "lsoa": level(
            "lsoa",
            CODES,
            tuple(f"Northtown {i + 1}" for i in range(24)),
            ("",) * 24,
            squares,
            {"lad": hub_of, "force": ("gwent",) * 24},
        ),
        "lad": level("lad", HUBS, ("Northtown", "Southport"), ("Tref y Gogledd", ""), hubs, {"force": ("gwent",) * 2}),
        "force": level("force", ("gwent",), ("Gwent",), ("Gwent",), (shapely.union_all(hubs),), {}),
    }
    return Places(levels, content_hash(levels), ())


def signal(i: int, kind: str, category: str, theme: str, areas: tuple[str, ...], **changes: object) -> Signal:
    rng = np.random.default_rng(i)
    counts = rng.poisson(6, len(MONTHS))
    counts[-3:] += 10
    made = Signal(
        id=f"{i:010x}",
        kind=kind,
        category=category,
        theme=theme,
        areas=areas,
        place=msg("{names:list}", names=[Name(f"Northtown {i}", f"Tref y Gogledd {i}")]),
        since=MONTHS[-3],
        until=MONTHS[-1],
        observed=int(counts[-3:].sum()),
        expected=18.0,
        ratio=float(counts[-3:].sum() / 18),
        interval=(1.41, 2.88),
        p_value=0.001,
        q_value=0.01,
        established=True,
        harm=120.0 * i,
        why=msg("Recorded more than expected: {n:count}.", n=int(counts[-3:].sum())),
        cautions=(msg("Few records: {observed:count}. One event more or less changes the picture.", observed=14),),
        series=Series(
            MONTHS,
            tuple(int(c) for c in counts),
            tuple(None if t == 3 else 6.0 for t in range(len(MONTHS))),
            tuple(t == 3 for t in range(len(MONTHS))),
        ),
    )
    return replace(made, **changes)


def scan(snapshot: str, version: str) -> Scan:
    unsure = {"established": False, "q_value": 0.4, "p_value": 0.2}
    held = {
        "established": False,
        "p_value": None,
        "q_value": None,
        "details": {"share": 0.27, "chance_share": 0.06, "quarters": 8, "quarters_kept": 7},
    }
    signals = (
        signal(1, "rising", "vehicle-crime", "neighbourhood", CODES[:3]),
        signal(2, "force-wide", "violence-and-sexual-offences", "violence", CODES, **unsure),
        signal(3, "concentrated", "shoplifting", "theft", CODES[12:14], **held),
        signal(4, "rising", "burglary", "neighbourhood", CODES[14:16], **unsure),
        signal(5, "rising", "robbery", "neighbourhood", CODES[20:21], **unsure),
        signal(6, "rising", "burglary", "neighbourhood", CODES[5:7], **unsure),
        signal(7, "rising", "bicycle-theft", "theft", CODES[8:9], interval=(1.2, 5000.0), ratio=5.0, p_value=1.8e-08),
    )
    events = (
        Finding(
            "recording-event",
            msg("Suspected recording event: {n:count} recorded in {month:month}.", n=900, month="2020-04"),
            month="2020-04",
            until="2020-06",
            category="anti-social-behaviour",
            shape="passing",
            direction=1,
        ),
        Finding(
            "recording-event",
            msg("Its level shifted with its map points."),
            month="2021-05",
            areas=CODES[9:10],
            shape="step",
            direction=-1,
        ),
    )
    parameters = {
        "force": "gwent",
        "until": MONTHS[-1],
        "lookback": 36,
        "windows": [1, 6],
        "places": version,
        "harm": "x (1)",
    }
    return Scan(signals, events, Provenance(snapshot, "space-time-scan", "1", parameters, 1))


def store(folder: Path, *, source: str = "test-crimes", record: bool = True, with_places: bool = True) -> Path:
    """Makes the store in ``folder/store``; ``source`` names where its records came from."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, mapping = folder / "rows.csv", folder / "mapping.yaml"
    mapping.write_text(MAPPING.format(source=source), encoding="utf-8")
    with rows.open("w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(["Date", "Type", "Area"])
        for code in CODES:
            writer.writerow(["03/10/2022", "vehicle-crime", code])
    path = folder / "store"
    kept = Store.open(path, create=True)
    kept.ingest([rows], mapping=mapping)
    version = "none"
    if with_places:
        made = places()
        made.save(path)
        version = made.version
    if record:
        Shelf(path).put(scan(str(kept.current), version))
    return path


NEW = [k for k in KINDS if k not in ("rising", "force-wide", "concentrated")]
DETAILS = {
    "seasonal-return": {"ahead_since": "2022-11", "ahead": 21.4, "ahead_low": 14, "ahead_high": 30},
    "near-repeat": {"chain": 7},
    "repeat-location": {"location": "High Street"},
    "repeat-suspect": {"outcomes": 3},
}


def number(kind: str) -> str:
    """The id of the signal of a new kind."""
    return f"{20 + NEW.index(kind):010x}"


def every_kind(path: Path) -> Path:
    """Puts a scan with a signal of every kind, one with a further reason, on a store."""
    old = scan(str(Store.open(path).current), places().version)
    more = tuple(
        signal(int(number(kind), 16), kind, "public-order", "disorder", CODES[12:14], details=DETAILS.get(kind, {}),
               subject="ab12" if kind in PERSON_KINDS else "")
        for kind in NEW
    )  # fmt: skip
    first = replace(old.signals[0], reasons=(Reason.of(old.signals[2]),))
    Shelf(path).put(Scan((first, *old.signals[1:], *more), old.events, old.provenance))
    return path


def peopled(folder: Path) -> Path:
    """A store whose records name persons by identifier: a victim of nine, three of these of domestic abuse; one of domestic
    abuse alone; a suspect of seven, two with an outcome; a caller of eight; a shop of twelve. With every kind of signal."""
    import made_extract

    made = made_extract.rows(300)
    for i, row in enumerate(made):
        row["date"] = f"2022-{1 + i % 10:02d}-{1 + i % 28:02d}"

    def give(some: list[dict[str, object]], **values: object) -> None:
        for row in some:
            row.update(values)

    north = [r for r in made if r["lsoa"] in CODES[:12]]
    give(north[:9], victim="HURT-AGAIN")
    give(north[:3], da="Y", ref="SECRET")
    give(north[9:16], victim="HURT-AT-HOME", da="Y", loc="A-HOME", street="Secret Street")
    give(north[20:27], suspect="NAMED-AGAIN")
    give(north[20:22], outcome="charged")
    give(north[30:42], loc="A-SHOP", street="Market Street", premises="shop", type="shoplifting")
    calls = [
        {**r, "kind": "call", "type": "concern for safety", "caller": "IN-NEED" if i < 8 else f"ONCE{i}", "ref": f"C{i}"}
        for i, r in enumerate(north[50:80])
    ]
    folder.mkdir(parents=True, exist_ok=True)
    mapping, rows = folder / "mapping.yaml", folder / "rows.csv"
    mapping.write_text(made_extract.MAPPING, encoding="utf-8")
    with rows.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, made_extract.COLUMNS)
        writer.writeheader()
        writer.writerows([*made, *calls])
    path = folder / "store"
    Store.open(path, create=True).ingest([rows], mapping=mapping)
    places().save(path)
    return every_kind(path)
