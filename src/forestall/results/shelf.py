"""Where results live: ``<store>/results/<snapshot>/<recipe hash>.json``, each written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from forestall.results.base import Result, read


class Shelf:
    """The results kept beside the records of a store."""

    def __init__(self, store: Path | str) -> None:
        self.root = Path(store) / "results"

    def path(self, result: Result) -> Path:
        return self.root / result.provenance.snapshot / f"{result.recipe.hash()}.json"

    def put(self, result: Result) -> Path:
        """Keeps a result; the same recipe on the same snapshot replaces itself. Returns the file's path."""
        path = self.path(result)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(result.to_json(), separators=(",", ":")))
        write_whole(self.root / f"latest-{result.type_name}", path.relative_to(self.root).as_posix())
        return path

    def get(self, snapshot: str, recipe_hash: str) -> Result:
        return read(json.loads((self.root / snapshot / f"{recipe_hash}.json").read_text(encoding="utf-8")))

    def latest(self, type_name: str) -> Result | None:
        """The result of this type that was put last, or None where there is none."""
        pointer = self.root / f"latest-{type_name}"
        if not pointer.exists():
            return None
        path = self.root / pointer.read_text(encoding="utf-8").strip()
        return read(json.loads(path.read_text(encoding="utf-8")))


def write_whole(path: Path, text: str) -> None:
    """Writes a text file so that a reader, or a killed writer, sees the old text or the new and nothing between."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
