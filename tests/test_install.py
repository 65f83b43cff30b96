"""Forestall installed as a stranger installs it: by pip, into an environment of its own, with no make and no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = "{id},{month},Gwent Police,Gwent Police,-2.99{n},51.58{n},On or near High Street,W0100{area},Newport,{category},,\n"
HEAD = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context\n"
)


def missing(installed: Path) -> list[str]:
    """Files of the checkout's program that an installation lacks: catalogue, Welsh, templates, and the pages' front end
    where the checkout has it."""
    source = ROOT / "src" / "forestall"
    kept = [p.relative_to(source) for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return [p.as_posix() for p in kept if not (installed / p).exists()]


@pytest.mark.slow
def test_look_works_wherever_python_does(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([scripts / "python", "-m", "pip", "install", "--quiet", str(ROOT)], check=True, cwd=tmp_path)
    code = "import forestall, os; print(os.path.dirname(forestall.__file__))"
    found = subprocess.run([scripts / "python", "-c", code], check=True, cwd=tmp_path, capture_output=True, text=True)
    assert not missing(Path(found.stdout.strip())), "files of the program that pip leaves behind"
    files = tmp_path / "files with a space"
    files.mkdir()
    for i in range(30):
        month = f"{2020 + i // 12}-{i % 12 + 1:02d}"
        rows = [
            ROW.format(id=f"{i:030x}{area}{n}", month=month, n=n, area=area, category="Vehicle crime")
            for area in range(1300, 1320)
            for n in range(3 + (area + i) % 4)
        ]
        (files / f"{month}-gwent-street.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    page = tmp_path / "page.html"
    home = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": ""}
    subprocess.run([scripts / "forestall", "look", str(files), "--out", str(page)], check=True, cwd=tmp_path, env=home)
    assert "Gwent" in page.read_text(encoding="utf-8")
    subprocess.run([scripts / "forestall", "look", "--help"], check=True, cwd=tmp_path, env=home)
