"""A small force as police.uk files: 48 areas, 30 months, with vehicle crime that trebles in four areas near the end."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

AREAS = tuple(f"W0100{1900 + i}" for i in range(48))
#: The planted rise: four areas in a corner of the grid, from a month on to the end.
PLANTED, SINCE = (AREAS[0], AREAS[1], AREAS[8], AREAS[9]), "2022-01"
MEANS = {"Vehicle crime": 3.0, "Anti-social behaviour": 4.0, "Burglary": 1.5}
HEAD = (
    "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name",
    "Crime type", "Last outcome category", "Context",
)  # fmt: skip


def months() -> list[str]:
    return [f"{y}-{m:02d}" for y in (2020, 2021, 2022) for m in range(1, 13)][:30]


def write(folder: Path, *, force: str = "Gwent Police", times: float = 4.0, seed: int = 7) -> Path:
    """Writes the files, one a month, and gives the folder."""
    rng = np.random.default_rng(seed)
    slug = force.removesuffix(" Police").lower().replace(" ", "-")
    number = 0
    for month in months():
        rows = []
        for kind, mean in MEANS.items():
            for i, code in enumerate(AREAS):
                up = times if kind == "Vehicle crime" and code in PLANTED and month >= SINCE else 1.0
                heavy = 6.0 if kind == "Anti-social behaviour" and i == 27 else 1.0
                for _ in range(rng.poisson(mean * up * heavy)):
                    number += 1
                    point = int(rng.integers(3))
                    lon, lat = -3.1 + 0.02 * (i % 8) + 0.003 * point, 51.6 + 0.02 * (i // 8)
                    ident = "" if kind.startswith("Anti") else f"{number:064x}"
                    street = f"On or near Street {i}<{point}>"
                    rows.append(
                        (
                            ident,
                            month,
                            force,
                            force,
                            f"{lon:.6f}",
                            f"{lat:.6f}",
                            street,
                            code,
                            f"Mini {i:03d}A",
                            kind,
                            "",
                            "",
                        )
                    )
        path = folder / month / f"{month}-{slug}-street.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(HEAD)
            writer.writerows(rows)
    return folder
