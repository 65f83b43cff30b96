"""The analyst's notebook: runs its cells in order, and writes the page that shows it in the documentation.

``python scripts/notebook.py`` runs docs/tutorial/03-the-analysts-bench.ipynb on a store made from the sample (in a folder
that is thrown away, or in ``--store DIR``), keeps what each cell printed in the notebook and writes the page beside it.
``--check`` says whether the page is that of the notebook. A notebook is JSON: nothing beyond Python is needed to run one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "tutorial" / "03-the-analysts-bench.ipynb"
PAGE = NOTEBOOK.with_suffix(".md")


def read(path: Path = NOTEBOOK) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held


def source(cell: dict[str, Any]) -> str:
    text = cell["source"]
    return "".join(text) if isinstance(text, list) else str(text)


def run(notebook: dict[str, Any], store: Path) -> list[str]:
    """Runs the code cells in order in one namespace; what each printed. ``STORE`` in the environment names the store."""
    os.environ["STORE"] = str(store)
    names: dict[str, Any] = {"__name__": "__notebook__"}
    printed = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(source(cell), f"{NOTEBOOK.name}, cell {number}", "exec"), names)
        printed.append(out.getvalue())
    return printed


def keep(notebook: dict[str, Any], printed: list[str]) -> None:
    """Writes what the cells printed into the notebook."""
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for number, (cell, text) in enumerate(zip(cells, printed, strict=True), 1):
        stream = {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}
        cell["outputs"] = [stream] if text else []
        cell["execution_count"] = number


def page(notebook: dict[str, Any]) -> str:
    """The notebook as a page: its words, its code and what that printed."""
    parts = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            parts.append(source(cell).strip())
            continue
        parts.append(f"```python\n{source(cell).strip()}\n```")
        text = "".join("".join(o["text"]) for o in cell["outputs"]).rstrip()
        if text:
            parts.append(f"```text\n{text}\n```")
    told = "Made from the notebook of the same name by `python scripts/notebook.py`; edit there. A test runs every cell."
    return "\n\n".join([*parts[:1], f"*{told}*", *parts[1:]]) + "\n"


def make_store(folder: Path) -> Path:
    """The sample's store, as the first tutorial makes it."""
    from forestall.cli import main

    store, sample, key = folder / "store", folder / "sample", folder / "hash.key"
    key.write_text("a key for made-up persons, thrown away with them\n", encoding="ascii")
    os.environ["FORESTALL_HASH_KEY_FILE"] = str(key)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["sample", "--out", str(sample), "--seed", "1"]) == 0
        for name, pattern in (
            ("crimes", "crimes-*.csv"),
            ("incidents", "incidents-*.csv"),
            ("council-asb", "council-asb.csv"),
        ):
            files = [str(p) for p in sorted((sample / "records").glob(pattern))]
            mapping = str(sample / "mappings" / f"{name}.yaml")
            assert main(["ingest", *files, "--mapping", mapping, "--store", str(store)]) == 0
        places = [str(p) for p in sorted((sample / "places").glob("*.csv"))] + [str(sample / "places" / "lsoa.geojson")]
        assert main(["places", "add", *places, "--store", str(store)]) == 0
    return store


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the analyst's notebook and writes its page.")
    parser.add_argument("--store", type=Path, help="a store made from the sample (default: one made for this run)")
    parser.add_argument("--check", action="store_true", help="only say whether the page is the notebook's")
    args = parser.parse_args()
    notebook = read()
    if args.check:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page(notebook)
        print("the page is the notebook's" if same else f"{PAGE.name} is not the notebook's: run scripts/notebook.py")
        return 0 if same else 1
    with tempfile.TemporaryDirectory() as folder:
        keep(notebook, run(notebook, args.store or make_store(Path(folder))))
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(notebook), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
