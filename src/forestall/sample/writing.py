"""Writes a sample: records, mappings, places and the planted truth, all or nothing."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forestall.errors import ForestallError
from forestall.sample import extracts, names
from forestall.sample.counts import Model, model
from forestall.sample.events import events
from forestall.sample.geography import YEARS, Floats, Geography, Ints
from forestall.sample.planted import Plant, plants
from forestall.sample.points import content, points

#: Told (what is being done, share done from 0 to 1).
Progress = Callable[[str, float], None]
SYNTHETIC = "Synthetic: made by forestall sample. No person, place or event in it is real."
MARK = "truth.json"


def make(out: Path, seed: int = 1, planted: bool = True, progress: Progress | None = None) -> Path:
    """Writes the fictional force of ``seed`` to the folder ``out`` and gives that folder.

    ``out`` gets records/*.csv, mappings/*.yaml, places/* and truth.json; it appears whole or not at all. A folder that an
    earlier call wrote is replaced. ForestallError where ``out`` holds anything else or cannot be written.
    """
    out = Path(out)
    _refuse_foreign(out)
    tell = progress or (lambda _text, _share: None)
    target = out.resolve()
    work = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        _sweep(target)
        work.mkdir(parents=True)
        _fill(work, seed, planted, tell)
        _replace(work, target)
    except OSError as error:
        raise ForestallError(
            f"the sample can't be written to {out} ({error.strerror or error}): choose a folder on a disk with space that "
            "you may write to"
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    tell("done", 1.0)
    return out


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise ForestallError(f"{out} is a file: choose a folder for the sample")
    try:
        foreign = out.is_dir() and any(out.iterdir()) and not _ours(out)
    except OSError as error:
        raise ForestallError(f"{out} can't be read ({error.strerror}): choose another folder for the sample") from error
    if foreign:
        raise ForestallError(f"{out} holds files that are no sample of Forestall's: choose a new or an empty folder")


def _ours(out: Path) -> bool:
    """Whether an earlier call wrote this folder and nobody has added to it."""
    try:
        truth = json.loads((out / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    known = {MARK, "README.txt", "records", "mappings", "places"}
    return (
        isinstance(truth, dict) and truth.get("made_by") == "forestall sample" and {p.name for p in out.iterdir()} <= known
    )


def _sweep(target: Path) -> None:
    """Removes what a call that was killed more than an hour ago left beside ``target``."""
    for left in target.parent.glob(f".{target.name}.*.partial"):
        if left.stat().st_mtime < time.time() - 3600:
            shutil.rmtree(left, ignore_errors=True)


def _replace(work: Path, target: Path) -> None:
    if target.exists():
        old = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.old")
        os.rename(target, old)
        try:
            os.rename(work, target)
        except OSError:
            os.rename(old, target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(work, target)


def _fill(work: Path, seed: int, planted: bool, tell: Progress) -> None:
    tell("drawing the map", 0.0)
    force = model(seed)
    map_points = points(seed, force.geography, force.categories)
    truth = plants(force.geography, force.categories, force.months, force.mean) if planted else ()
    tell("drawing the counts", 0.1)
    counts = draw(force, seed, planted)
    tell("drawing the records", 0.15)
    records = events(force, map_points, counts, np.random.default_rng([seed, 5]), truth)
    (work / "records").mkdir()
    tell("writing crimes", 0.3)
    rows = {"crimes": extracts.crimes(work / "records", force, map_points, records)}
    tell("writing incidents", 0.6)
    rng = np.random.default_rng([seed, 6])
    rows["asb"], rows["calls"] = extracts.incidents(work / "records", force, map_points, records, rng)
    tell("writing complaints", 0.85)
    rows["complaints"] = extracts.complaints(work / "records", force, map_points, np.random.default_rng([seed, 7]))
    tell("writing places", 0.9)
    write_places(work / "places", force.geography)
    write_mappings(work / "mappings", force)
    (work / "README.txt").write_text(_readme(seed), encoding="utf-8")
    text = json.dumps(describe(force, seed, truth, counts, rows), indent=1, ensure_ascii=False)
    (work / MARK).write_text(text + "\n", encoding="utf-8")


def draw(force: Model, seed: int, planted: bool) -> Ints:
    """The counts, (C, A, T), that the sample of ``seed`` holds: one draw of the model."""
    return force.draw_counts(np.random.default_rng([seed, 3]), planted=planted)


def describe(force: Model, seed: int, truth: tuple[Plant, ...], counts: Ints, rows: dict[str, int]) -> dict[str, Any]:
    """What truth.json says: the force, its size, and each planted thing with its place, time and size."""
    place = force.geography
    return {
        "made_by": "forestall sample",
        "synthetic": SYNTHETIC,
        "seed": seed,
        "force": force_slug(),
        "force_name": {"en": names.FORCE_TITLE.en, "cy": names.FORCE_TITLE.cy},
        "months": [force.months[0], force.months[-1]],
        "areas": len(place.codes),
        "population": int(place.population[YEARS[-1]].sum()),
        "rows": rows,
        "counts": {c: int(n) for c, n in zip(force.categories, counts.sum(axis=(1, 2)), strict=True)},
        "planted": [_planted(force, plant, counts) for plant in truth],
    }


def force_slug() -> str:
    """The slug of the fictional force, as records and places name it."""
    return names.FORCE.en.lower()


def _planted(force: Model, plant: Plant, counts: Ints) -> dict[str, Any]:
    place = force.geography
    c = force.categories.index(plant.category)
    since, until = force.months.index(plant.since), force.months.index(plant.until)
    areas = np.array(plant.areas or range(len(place.codes)))
    months = until - since + 1
    expected = float(force.mean[c, areas, since : until + 1].sum() * plant.always / months)
    heart = areas[len(areas) // 2]

    def codes(indices: tuple[int, ...]) -> list[str]:
        return [place.codes[i] for i in indices]

    out: dict[str, Any] = {
        "kind": plant.kind,
        "role": plant.role,
        "signal": plant.signal,
        "category": plant.category,
        "areas": codes(plant.areas),
        "place": place.towns[int(place.town[heart])].en if plant.areas else names.FORCE.en,
        "since": plant.since,
        "until": plant.until,
        "size": plant.factor,
        "expected_a_month": round(expected, 2),
        "observed_a_month": round(float(counts[c, areas, since : until + 1].sum()) / months, 2),
        "text": plant.text,
    }
    if plant.role == "response":
        out["started"] = f"{plant.since}-01"
    for name, indices in plant.groups.items():
        out[name] = codes(indices)
    if plant.also:
        out["displacement_size"] = round(plant.also[0][1], 4)
    return out


def write_places(out: Path, place: Geography) -> None:
    """Writes boundaries (GeoJSON, WGS84) and tables (CSV) in the column style of the Office for National Statistics."""
    out.mkdir()
    from forestall.places.project import to_wgs84

    parents, higher = place.parents, place.higher
    lon, lat = to_wgs84(place.easting, place.northing)
    table: dict[str, list[Any]] = {
        "lsoa21cd": list(place.codes),
        "lsoa21nm": _en(place.names),
        "lsoa21nmw": _cy(place.names),
    }
    for level, code, name in (
        ("msoa", "msoa21cd", "msoa21nm"),
        ("ward", "wd24cd", "wd24nm"),
        ("lad", "lad24cd", "lad24nm"),
    ):
        own = [higher[level][p] for p in parents[level]]
        table |= {code: list(parents[level]), name: _en(own), f"{name}w": _cy(own)}
    own = [higher["lpa"][p] for p in parents["lpa"]]
    table |= {"lpacd": list(parents["lpa"]), "lpanm": _en(own), "lpanmw": _cy(own)}
    table |= {"latitude": np.round(lat, 6).tolist(), "longitude": np.round(lon, 6).tolist()}
    for year, residents in place.population.items():
        table[f"pop_mid{year}"] = residents.astype(int).tolist()
    table["households2021"] = place.households[2021].astype(int).tolist()
    table["deprivation_score"] = np.round(place.hardship, 3).tolist()
    table["deprivation_decile"] = (10 - (place.hardship.argsort().argsort() * 10 // len(place.codes))).tolist()
    extracts.write_csv(out / "lsoa.csv", table)

    lads = higher["lad"]
    lpa_of = dict(zip(parents["lad"], parents["lpa"], strict=True))
    table = {"lad24cd": list(lads), "lad24nm": _en(lads.values()), "lad24nmw": _cy(lads.values())}
    table |= {"lpacd": [lpa_of[c] for c in lads], "police_force": [force_slug()] * len(lads)}
    extracts.write_csv(out / "lad.csv", table)
    for level, prefix in (("msoa", "msoa21"), ("ward", "wd24")):
        own = list(higher[level].values())
        lad_of = dict(zip(parents[level], parents["lad"], strict=True))
        table = {f"{prefix}cd": list(higher[level]), f"{prefix}nm": _en(own), f"{prefix}nmw": _cy(own)}
        extracts.write_csv(out / f"{level}.csv", table | {"lad24cd": [lad_of[c] for c in higher[level]]})
    lpas = list(higher["lpa"].values())
    table = {"lpacd": list(higher["lpa"]), "lpanm": _en(lpas), "lpanmw": _cy(lpas)}
    extracts.write_csv(out / "lpa.csv", table | {"police_force": [force_slug()] * len(lpas)})
    _geojson(out / "lsoa.geojson", "LSOA21CD", place.codes, place.polygons)


def _en(named: Any) -> list[str]:
    return [n.en for n in named]


def _cy(named: Any) -> list[str]:
    return [n.cy for n in named]


def _geojson(path: Path, key: str, codes: tuple[str, ...], polygons: tuple[Any, ...]) -> None:
    import shapely

    from forestall.places.project import to_wgs84

    def project(xy: Floats) -> Floats:
        return np.asarray(np.round(np.column_stack(to_wgs84(xy[:, 0], xy[:, 1])), 6), dtype=np.float64)

    features = [
        {"type": "Feature", "properties": {key: code}, "geometry": json.loads(shapely.to_geojson(shape))}
        for code, shape in zip(codes, shapely.transform(np.array(polygons), project), strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_mappings(out: Path, force: Model) -> None:
    """Writes the mapping of each extract, as ``forestall ingest --mapping`` takes it."""
    import yaml

    out.mkdir()
    lists = content()
    crimes = {str(r[0]): c for c in force.categories if c != "anti-social-behaviour" for r in lists["offences"][c]}
    asb = [str(r[0]) for r in lists["offences"]["anti-social-behaviour"]]
    calls = {str(r[0]): str(r[1]) for r in lists["calls"]}
    complaints = {str(r[0]): str(r[1]) for r in lists["complaints"]}
    place = {
        "easting": "EASTING",
        "northing": "NORTHING",
        "location_id": "LOCATION_ID",
        "location_text": "STREET",
        "premises_type": {"column": "PREMISES", "slug": True},
        "lsoa": "LSOA21",
        "lsoa_vintage": {"value": "2021"},
    }
    slug: dict[str, Any] = {"value": force_slug()}
    yes = [("DA", "domestic-abuse"), ("HATE", "hate-crime"), ("ALCOHOL", "alcohol"), ("KNIFE", "knife")]
    channels = {"999": "999", "101": "101", "Web": "web", "Radio": "radio"}
    minute = "%d/%m/%Y %H:%M"
    files: dict[str, dict[str, Any]] = {
        "crimes": {
            "source": "sample-crimes",
            "title": "Crimes of a fictional force, as its records system would export them (synthetic)",
            "fields": {
                "source_ref": "OCCURRENCE_NO",
                "force": slug,
                "kind": {"value": "crime"},
                "category": {"column": "HO_CODE", "codes": crimes, "otherwise": "reject"},
                "offence_code": "HO_CODE",
                "occurred_from": {"column": "OCCURRED_FROM", "formats": minute},
                "occurred_to": {"column": "OCCURRED_TO", "formats": minute},
                "reported_at": {"column": "REPORTED", "formats": minute},
                "recorded_at": {"column": "RECORDED", "formats": minute},
                "origin": {
                    "column": "HOW_REPORTED",
                    "codes": dict.fromkeys(extracts.CHANNELS, "public")
                    | {extracts.ORIGINS[1]: "partner", extracts.ORIGINS[2]: "police-generated"},
                    "otherwise": "unknown",
                },
                "channel": {"column": "HOW_REPORTED", "slug": True},
                **place,
                "method": {"column": "MO", "slug": True},
                "outcome": "OUTCOME",
                "status": {
                    "column": "CRIME_STATUS",
                    "codes": {"Live": "open", "Filed": "filed", "Cancelled": "cancelled"},
                    "otherwise": "empty",
                },
                "flags": [{"column": k, "codes": {"Y": v}} for k, v in [*yes, ("REPEAT_VICTIM", "repeat-victim")]],
                "victim_id": {"person": ["VICTIM_REF"]},
                "suspect_id": {"person": ["SUSPECT_REF"]},
            },
        },
        "incidents": {
            "source": "sample-incidents",
            "title": "Incidents of a fictional force, as its control room would export them (synthetic)",
            "fields": {
                "source_ref": "Incident",
                "force": slug,
                "kind": {"column": "Closing code", "codes": dict.fromkeys(asb, "asb") | dict.fromkeys(calls, "call")},
                "category": {"column": "Closing code", "codes": dict.fromkeys(asb, "anti-social-behaviour") | calls},
                "occurred_from": {"column": "Created", "formats": "iso"},
                "reported_at": {"column": "Created", "formats": "iso"},
                "recorded_at": {"column": "Created", "formats": "iso"},
                "origin": {"value": "public"},
                "channel": {"column": "Line", "codes": channels, "otherwise": "empty"},
                **place,
                "priority": {"column": "Grade", "slug": True},
                "duration": "Minutes on scene",
                "status": {"column": "Disposition", "codes": {"Closed": "closed", "Duplicate": "duplicate"}},
                "flags": [
                    {"column": "Youths", "codes": {"Y": "youths"}},
                    {"column": "Mental health", "codes": {"Y": "mental-health"}},
                ],
                "caller_id": {"person": ["Caller ref"]},
            },
        },
        "council-asb": {
            "source": "sample-council",
            "title": "Complaints to the councils of a fictional force's area (synthetic)",
            "fields": {
                "source_ref": "Reference",
                "force": slug,
                "kind": {
                    "column": "Type",
                    "codes": {
                        k: "fly-tipping" if v == "fly-tipping" else "council-complaint" for k, v in complaints.items()
                    },
                },
                "category": {"column": "Type", "codes": complaints},
                "occurred_from": {"column": "Date", "formats": "%d/%m/%Y"},
                "reported_at": {"column": "Logged", "formats": "%d/%m/%Y"},
                "origin": {"value": "partner"},
                "channel": {"column": "How", "slug": True},
                **place,
                "outcome": "Action",
                "flags": [{"column": "Repeat", "codes": {"Y": "repeat-caller"}}],
                "caller_id": {"person": ["Caller ref"]},
            },
        },
    }
    for name, mapping in files.items():
        mapping = {"source": mapping["source"], "title": mapping["title"], "replaces": "ids", "fields": mapping["fields"]}
        text = yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True, width=120)
        (out / f"{name}.yaml").write_text(f"# {SYNTHETIC}\n{text}", encoding="utf-8")


def _readme(seed: int) -> str:
    return (
        f"{SYNTHETIC}\n\nThe fictional force of seed {seed}. Read it into a store with:\n\n"
        "  forestall places add places/*.csv places/lsoa.geojson --store STORE\n"
        "  forestall ingest records/crimes-*.csv --mapping mappings/crimes.yaml --store STORE\n"
        "  forestall ingest records/incidents-*.csv --mapping mappings/incidents.yaml --store STORE\n"
        "  forestall ingest records/council-asb.csv --mapping mappings/council-asb.yaml --store STORE\n\n"
        "truth.json says what is planted, where, when and how large.\n"
    )
