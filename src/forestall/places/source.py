"""A boundary file or a table as columns of text, with its polygons if it has any; every refusal in one sentence."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forestall.errors import ForestallError
from forestall.places.polygonal import mended
from forestall.places.project import UK_BNG, UK_WGS84, to_bng

#: Slack round the National Grid's extent, metres: boundaries to the low-water mark leave it a little.
SLACK = 20_000.0


@dataclass(frozen=True)
class Source:
    """``columns``: name -> text of each row; ``lines``: where each row stands in the file; ``shapes``: geometry in
    British National Grid metres of each row (None without one), or None for a table."""

    file: str
    columns: dict[str, list[str]]
    lines: list[str]
    shapes: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.lines)


def read_source(path: Path) -> Source:
    """A GeoJSON file (``.geojson``, ``.json``) or a CSV, plain or gzip; ForestallError says what is wrong and the
    remedy."""
    check_files([path])
    data = _bytes(path)
    if not data.strip():
        raise ForestallError(f"{path} is empty: download it again")
    if data[:2] == b"PK" or (b"\0" in data[:4096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff")):
        raise ForestallError(f"{path} is a binary or a zip: give a GeoJSON or CSV file, plain or gzip")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ForestallError(f"{path} is not UTF-8 at byte {error.start}: save it again as CSV UTF-8") from error
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".geojson", ".json")) or text.lstrip()[:1] in ("{", "["):
        return _geojson(str(path), text)
    return _csv(str(path), text)


def check_files(paths: Iterable[Path]) -> None:
    """ForestallError where a file is not there, before anything is made."""
    for path in paths:
        if path.is_dir():
            raise ForestallError(f"{path} is a folder: give the files in it")
        if not path.exists():
            raise ForestallError(f"there is no file {path}: check its name")


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ForestallError(f"{path} is a broken gzip ({error}): download it again") from error
    except OSError as error:
        raise ForestallError(f"cannot read {path} ({error.strerror}): check that you may read it") from error


def _csv(file: str, text: str) -> Source:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [h.strip() for h in next(reader)]
        columns: list[list[str]] = [[] for _ in header]
        lines: list[str] = []
        for row in reader:
            if not any(row):
                continue
            if len(row) != len(header):
                raise ForestallError(
                    f"{file}, line {reader.line_num}: {len(row)} values under {len(header)} columns: mend that line"
                )
            for column, value in zip(columns, row, strict=True):
                column.append(value.strip())
            lines.append(f"line {reader.line_num}")
    except csv.Error as error:
        raise ForestallError(f"{file}, line {reader.line_num}: not a CSV ({error}): mend that line") from error
    if not lines:
        raise ForestallError(f"{file} has a head and no rows: download it again")
    return Source(file, dict(zip(header, columns, strict=True)), lines)


def _geojson(file: str, text: str) -> Source:
    import shapely

    try:
        data = json.loads(text)
    except ValueError as error:
        raise ForestallError(f"{file} is not GeoJSON ({error}): export the boundaries as GeoJSON again") from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection":
        raise ForestallError(f"{file} is JSON and not a GeoJSON FeatureCollection: export the boundaries as GeoJSON")
    if not features:
        raise ForestallError(f"{file} has no features: download it again")
    names: dict[str, None] = {}
    shapes: list[Any] = []
    for i, feature in enumerate(features, 1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            raise ForestallError(f"{file}, feature {i} is no feature with properties: export the boundaries again")
        names.update(dict.fromkeys(feature["properties"]))
        try:
            shape = shapely.from_geojson(json.dumps(feature["geometry"])) if feature.get("geometry") else None
        except shapely.GEOSException as error:
            raise ForestallError(f"{file}, feature {i}: not a geometry ({error}): export the boundaries again") from error
        if shape is not None and shape.geom_type not in ("Polygon", "MultiPolygon", "Point"):
            raise ForestallError(
                f"{file}, feature {i} is a {shape.geom_type}: areas are polygons (or points, their centroids)"
            )
        shapes.append(shape)
    columns = {n: [_text(f["properties"].get(n)) for f in features] for n in names}
    lines = [f"feature {i}" for i in range(1, len(features) + 1)]
    return Source(file, columns, lines, _in_metres(file, shapes))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _in_metres(file: str, shapes: list[Any]) -> list[Any]:
    """Shapes in National Grid metres, valid; degrees and metres are told apart by their size."""
    import shapely

    have = [i for i, s in enumerate(shapes) if s is not None and not s.is_empty]
    array = np.array([shapes[i] for i in have], dtype=object)
    if not have:
        return [None] * len(shapes)
    bounds = shapely.bounds(array)
    if _inside(bounds, UK_WGS84, 0):
        array = shapely.transform(array, lambda xy: np.column_stack(to_bng(xy[:, 0], xy[:, 1])))
    elif bounds.max() < 1000 or not _inside(bounds, UK_BNG, SLACK):
        x0, y0, x1, y1 = bounds[:, 0].min(), bounds[:, 1].min(), bounds[:, 2].max(), bounds[:, 3].max()
        raise ForestallError(
            f"{file}: its coordinates ({x0:.6g} {y0:.6g} to {x1:.6g} {y1:.6g}) lie outside the United Kingdom: export it "
            "in longitude, latitude (WGS84, EPSG:4326), in that order, or in British National Grid metres (EPSG:27700)"
        )
    for bad in np.flatnonzero(~shapely.is_valid(array)).tolist():
        array[bad] = mended(array[bad])
    out: list[Any] = [None] * len(shapes)
    for i, shape in zip(have, array, strict=True):
        out[i] = shape if not shape.is_empty else None
    return out


def _inside(bounds: Any, box: tuple[float, float, float, float], slack: float) -> bool:
    return bool(
        (bounds[:, 0] >= box[0] - slack).all()
        and (bounds[:, 1] >= box[1] - slack).all()
        and (bounds[:, 2] <= box[2] + slack).all()
        and (bounds[:, 3] <= box[3] + slack).all()
    )
