"""Lines of police.uk files, made on the spot."""

from __future__ import annotations

from collections.abc import Sequence

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context"
)


def row(
    crime_id: str = "",
    month: str = "2022-01",
    force: str = "Gwent Police",
    lon: str = "-2.991607",
    lat: str = "51.580123",
    location: str = "On or near Made-up Street",
    lsoa: str = "W01001662",
    category: str = "Anti-social behaviour",
    outcome: str = "",
    context: str = "",
) -> str:
    """One line of a police.uk file."""
    return f"{crime_id},{month},{force},{force},{lon},{lat},{location},{lsoa},Newport 001A,{category},{outcome},{context}"


def text(lines: Sequence[str]) -> str:
    return "\n".join([HEADER, *lines]) + "\n"
