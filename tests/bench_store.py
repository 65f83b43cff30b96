"""A small store with times, points, addresses and persons: twenty-four areas, three years, and patterns that are known.

Burglaries gather in one area and come again nearby within a week; half of shop thefts fall between noon and three in the
afternoon; vehicle crime doubles from 2022-01 on. Drugs are what the police found.
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np

from forestall.places import Places
from forestall.places.shelf import content_hash
from forestall.records.store import Store
from web import build

START, DAYS = dt.datetime(2020, 1, 1), 1096
MAPPING = """source: {source}
replaces: ids
fields:
  source_ref: Ref
  force: {{value: gwent}}
  kind: {{value: crime}}
  category: {{column: Type, slug: true}}
  occurred_from: {{column: From, formats: iso}}
  occurred_to: {{column: To, formats: iso}}
  origin: {{value: public}}
  easting: E
  northing: N
  location_id: Place
  location_text: Street
  lsoa: Area
  lsoa_vintage: {{value: "2021"}}
"""
CODES = build.CODES


def rows(seed: int = 5) -> list[list[object]]:
    rng = np.random.default_rng(seed)
    out: list[list[object]] = []

    def add(kind: str, when: dt.datetime, hours: float, area: int, spot: int | None = None) -> tuple[float, float]:
        spot = int(rng.integers(40)) if spot is None else spot
        x = 325_000 + 1000 * (area % 6) + 30 + (spot * 97) % 940
        y = 190_000 + 1000 * (area // 6) + 30 + (spot * 53) % 940
        end = when + dt.timedelta(hours=hours)
        place = f"{area}-{spot}"
        out.append(
            [f"R{len(out)}", kind, when.isoformat(), end.isoformat(), x, y, place, f"{spot} Street {area}", CODES[area]]
        )
        return x, y

    heavy = np.full(24, 1.0)
    heavy[7] = 12.0
    heavy /= heavy.sum()
    for _ in range(700):
        day, area, spot = int(rng.integers(DAYS)), int(rng.choice(24, p=heavy)), int(rng.integers(40))
        when = START + dt.timedelta(days=day, hours=float(rng.integers(24)))
        add("burglary", when, 6, area, spot)
        again = when + dt.timedelta(days=int(rng.integers(1, 6)))
        if rng.random() < 0.4 and again < START + dt.timedelta(days=DAYS - 1):
            add("burglary", again, 6, area, spot)
    for _ in range(800):
        noon = rng.random() < 0.5
        hour = 12 + 3 * rng.random() if noon else 24 * rng.random()
        add("shoplifting", START + dt.timedelta(days=int(rng.integers(DAYS)), hours=float(hour)), 0, int(rng.integers(24)))
    for day in range(DAYS):
        for _ in range(rng.poisson(0.8 if day < 731 else 1.6)):
            add("vehicle crime", START + dt.timedelta(days=day, hours=float(24 * rng.random())), 2, int(rng.integers(24)))
        if rng.random() < 0.3:
            add("drugs", START + dt.timedelta(days=day, hours=22), 0, int(rng.integers(24)))
    return out


def write(folder: Path, name: str, mapping: str, lines: list[list[object]], head: list[str]) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    table, told = folder / f"{name}.csv", folder / f"{name}.yaml"
    told.write_text(mapping, encoding="utf-8")
    with table.open("w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(head)
        writer.writerows(lines)
    return table, told


def peopled(bare: Places) -> Places:
    """The places with 1,500 residents and 600 households in each area."""
    level = bare.level()
    n = len(level)
    full = replace(level, population={2021: np.full(n, 1500.0)}, households={2021: np.full(n, 600.0)})
    levels = {**bare.levels, "lsoa": full}
    return Places(levels, content_hash(levels), ())


def make(folder: Path, *, source: str = "test-crimes", record: bool = False, places: bool = True) -> Path:
    """Makes the store in ``folder/store``; with ``record`` a scan lies in it, for the workplace."""
    head = ["Ref", "Type", "From", "To", "E", "N", "Place", "Street", "Area"]
    table, mapping = write(folder, "crimes", MAPPING.format(source=source), rows(), head)
    path = folder / "store"
    kept = Store.open(path, create=True)
    kept.ingest([table], mapping=mapping)
    version = "none"
    if places:
        made = peopled(build.places())
        made.save(path)
        version = made.version
    if record:
        from forestall.results import Shelf

        Shelf(path).put(build.scan(str(kept.current), version))
    return path
