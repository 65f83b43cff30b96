"""A small extract with days, points and persons, as a mapping reads it: rows are made by the tests."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forestall.records.records import Records

COLUMNS = (
    "ref", "kind", "type", "code", "date", "recorded", "origin", "e", "n", "loc", "street", "premises", "lsoa", "outcome",
    "da", "victim", "suspect", "caller",
)  # fmt: skip
MAPPING = """source: test-extract
replaces: nothing
time_zone: Europe/London
fields:
  source_ref: ref
  force: {value: gwent}
  kind: {column: kind, codes: {crime: crime, call: call, asb: asb}}
  category: {column: type, slug: true}
  offence_code: code
  occurred_from: {column: date, formats: "%Y-%m-%d"}
  recorded_at: {column: recorded, formats: "%Y-%m-%d"}
  origin: {column: origin, codes: {public: public, police: police-generated}, otherwise: unknown}
  easting: e
  northing: n
  location_id: loc
  location_text: street
  premises_type: {column: premises, slug: true}
  lsoa: lsoa
  lsoa_vintage: {value: "2021"}
  outcome: outcome
  flags:
    - {column: da, codes: {Y: domestic-abuse}}
  victim_id: {person: [victim]}
  suspect_id: {person: [suspect]}
  caller_id: {person: [caller]}
"""


def code(i: int) -> str:
    return f"W01{i:06d}"


def rows(n: int = 800, seed: int = 1, **same: Any) -> list[dict[str, Any]]:
    """``n`` crimes of 2022 and 2023 at random, each with a victim of its own, in 24 areas a kilometre apart."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        a = int(rng.integers(24))
        day = np.datetime64("2022-01-01") + int(rng.integers(730))
        out.append(
            {
                "ref": f"R{seed}{i:05d}", "kind": "crime", "type": "burglary", "code": "28E", "date": str(day),
                "recorded": str(day + 1), "origin": "public", "e": 320_000 + 1000 * (a % 6) + int(rng.integers(900)),
                "n": 190_000 + 1000 * (a // 6) + int(rng.integers(900)), "loc": f"L{seed}{i}", "street": f"Street {a}",
                "premises": "street", "lsoa": code(a), "outcome": "", "da": "", "victim": f"V{seed}{i}",
                "suspect": f"S{seed}{i}", "caller": "", **same,
            }
        )  # fmt: skip
    return out


def records(folder: Path, made: Sequence[dict[str, Any]]) -> Records:
    folder.mkdir(parents=True, exist_ok=True)
    mapping, path = folder / "mapping.yaml", folder / "rows.csv"
    mapping.write_text(MAPPING, encoding="utf-8")
    with path.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, COLUMNS)
        writer.writeheader()
        writer.writerows(made)
    return Records.from_files([path], source=None, mapping=mapping)
