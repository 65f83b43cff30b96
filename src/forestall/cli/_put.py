"""How a document and a result reach their reader: text, page, PDF or JSON; to the terminal or whole into a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMATS = ("text", "html", "pdf", "json")


def put(made: Any, document: Callable[[], Any], *, form: str, out: Path | None, language: str) -> None:
    """Prints or writes ``made`` in the form asked for; ``document`` is made only where it is needed."""
    from forestall.errors import ForestallError

    if form == "pdf":
        from forestall.report.pdf import pdf

        if out is None:
            raise ForestallError("--format pdf needs --out: a file to write")
        write(out, pdf(document(), language))
        return
    if form == "json":
        text = json.dumps(made.to_json(), indent=1, ensure_ascii=False)
    elif form == "html":
        from forestall.report.html import page

        text = page(document(), language)
    else:
        from forestall.report.plain import plain

        text = plain(document(), language)
    if out is None:
        print(text)
    else:
        write(out, (text.rstrip("\n") + "\n").encode())


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    import os

    from forestall.errors import ForestallError, remedy

    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ForestallError(f"--out {path} can't be written: {remedy(error)}") from error


def naming(places: Any) -> Callable[[str], Any]:
    """What an area is called in both languages; its code where no places are loaded."""
    from forestall.text import Name

    if places is None:
        return str
    return lambda code: Name(places.name(code), places.name(code, "cy"))


def banner(store: str | None) -> Any:
    """What runs across the top where the records are made up."""
    from forestall.records.store import Store
    from forestall.text import msg

    if store is None or not any(p.source.startswith("sample") for p in Store.open(store).records().manifest.parts):
        return None
    return msg("Made-up records: no person, place or event is real.")


def called(category: str) -> Any:
    """A category's title."""
    from forestall import catalogue

    return catalogue.category(category).title


def shapes(places: Any, codes: tuple[str, ...]) -> Any:
    """Outlines of areas as GeoJSON; None where no boundaries are loaded."""
    if places is None or "lsoa" not in places.levels:
        return None
    level = places.levels["lsoa"]
    known = [c for c in codes if c in level]
    if level.polygons is None or not known:
        return None
    return places.geojson("lsoa", known)
