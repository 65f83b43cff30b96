"""What the README and the tutorial show is run here, in order, and has to print what they print.

A block ```sh is run by bash in a fresh folder. The block ```text that follows it, if any, is what it prints: each line has
to appear in the output, where … stands for anything and runs of spaces count as one.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Step:
    """A block of commands, and the lines that the page says they print."""

    commands: str
    printed: tuple[str, ...] = ()


def steps(page: Path, after: str = "") -> list[Step]:
    """The page's ```sh blocks in order (of what follows the heading ``after``), each with its ```text block."""
    text = page.read_text(encoding="utf-8")
    if after:
        assert after in text, f"{page.name} has no {after!r}"
        text = text[text.index(after) :]
    found: list[Step] = []
    last = ""
    for language, body in FENCE.findall(text):
        if language == "sh":
            found.append(Step(body))
        elif language == "text" and last == "sh":
            found[-1] = Step(found[-1].commands, tuple(line for line in body.splitlines() if line.strip(" …")))
        last = language
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An empty folder with the program where a checkout has it, in ``.venv/bin``."""
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return tmp_path / "checkout"


def play(step: Step, folder: Path) -> str:
    """Runs the step's commands and checks what they print; returns that."""
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", step.commands], cwd=folder, capture_output=True, text=True, timeout=600,
        env={"PATH": path, "HOME": str(folder), "COLUMNS": "200", "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, f"{step.commands}\n{done.stdout}\n{done.stderr}"
    output = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in step.printed:
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        assert any(re.search(pattern, o) for o in output), f"no line like {line!r} in:\n{done.stdout}"
    return done.stdout


def test_the_figures_of_a_page_are_compared(tmp_path: Path) -> None:
    """The checker itself: a right figure passes, a wrong one fails."""
    page = tmp_path / "page.md"
    page.write_text("# T\n```sh\necho 'rows   180,012 read'\n```\n\n```text\nrows 180,012 …\n```\n", encoding="utf-8")
    (step,) = steps(page)
    play(step, tmp_path)
    with pytest.raises(AssertionError, match="180,013"):
        play(Step(step.commands, ("rows 180,013 read",)), tmp_path)
    with pytest.raises(AssertionError):
        play(Step("false\n"), tmp_path)


CATEGORIES = ("Burglary", "Vehicle crime", "Anti-social behaviour", "Violence and sexual offences")


@pytest.fixture
def own_files(desk: Path) -> Path:
    """A folder as police.uk's zip unpacks to: 30 months of 24 areas, with a rise of vehicle crime at the end of three."""
    import numpy as np

    rng = np.random.default_rng(7)
    for month in range(30):
        name = f"{2020 + month // 12}-{month % 12 + 1:02d}"
        lines = [
            "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
            "Last outcome category,Context"
        ]
        for area in range(24):
            for category in CATEGORIES:
                rise = 4 if category == "Vehicle crime" and area in (7, 8, 13) and month >= 27 else 1
                for _ in range(rng.poisson(5 * rise)):
                    crime = "" if category == "Anti-social behaviour" else f"{rng.integers(2**63):064x}"
                    lon, lat = -3.0 + 0.02 * (area % 6), 51.6 + 0.012 * (area // 6)
                    lines.append(
                        f"{crime},{name},Gwent Police,Gwent Police,{lon:.6f},{lat:.6f},On or near High Street,"
                        f"W0100{1300 + area},Newport {area:03d},{category},,"
                    )
        folder = desk / "my-files" / name
        folder.mkdir(parents=True)
        (folder / f"{name}-gwent-street.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (desk / "my-areas.geojson").write_text(json.dumps(squares()), encoding="utf-8")
    return desk / "my-files"


def squares() -> dict[str, Any]:
    """The boundaries of those 24 areas, under the column names of the Office for National Statistics."""

    def square(area: int) -> dict[str, Any]:
        lon, lat = -3.01 + 0.02 * (area % 6), 51.594 + 0.012 * (area // 6)
        ring = [[lon, lat], [lon + 0.02, lat], [lon + 0.02, lat + 0.012], [lon, lat + 0.012], [lon, lat]]
        names = {"LSOA11CD": f"W0100{1300 + area}", "LSOA11NM": f"Newport {area:03d}"}
        return {"type": "Feature", "properties": names, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    return {"type": "FeatureCollection", "features": [square(area) for area in range(24)]}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_readme_s_commands_for_your_own_data(own_files: Path, port: int) -> None:
    desk = own_files.parent
    (block,) = steps(ROOT / "README.md", after="## With your own data")
    commands = [line.split("#")[0].strip() for line in block.commands.splitlines() if line.strip()]
    verbs = [line.split()[1] for line in commands]
    assert verbs == ["look", "ingest", "places", "quality", "scan", "account", "serve", "audit"]
    said = {verb: play(Step(c), desk) for verb, c in zip(verbs, commands, strict=True) if verb != "serve"}
    assert "password" in said["account"]
    page = (desk / "page.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert not re.search(r"(src|href)=[\"']?https?:", page), "the page to share loads something from elsewhere"
    assert "vehicle" in said["scan"].lower()
    with running([*commands[verbs.index("serve")].split(), "--port", str(port)], desk):
        assert "Forestall" in fetch(f"http://127.0.0.1:{port}/")


class running:  # noqa: N801
    """A program that runs while the block does."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.command, self.folder = command, folder

    def __enter__(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=subprocess.DEVNULL)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def fetch(address: str) -> str:
    """The page at ``address``, once its server answers."""
    for _ in range(200):
        try:
            return str(urllib.request.urlopen(address, timeout=20).read().decode())
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"nothing answered at {address}")


def test_the_tutorial_on_the_sample(desk: Path) -> None:
    blocks = steps(ROOT / "docs" / "tutorial" / "01-sample-to-signals.md")
    assert any(step.printed for step in blocks)
    for step in blocks:
        play(step, desk)


def test_the_worked_evaluation(desk: Path) -> None:
    blocks = steps(ROOT / "docs" / "how-to" / "evaluate-a-response.md")
    assert len(blocks) == 4
    for step in blocks:
        play(step, desk)


def test_the_tutorial_on_real_files(desk: Path, shared: Path) -> None:
    """Its page says ``../shared``, beside the checkout."""
    (desk.parent / "shared").symlink_to(shared.resolve())
    blocks = steps(ROOT / "docs" / "tutorial" / "02-real-gwent-files.md")
    assert "180,012" in "\n".join(line for step in blocks for line in step.printed)
    for step in blocks:
        play(step, desk)


def test_the_words_of_the_tutorial_on_plans_are_on_the_pages() -> None:
    """What it sets in bold is what a button, a link or a heading says. tests/web/test_journeys.py walks its steps."""
    from babel.messages.pofile import read_po

    with (ROOT / "src" / "forestall" / "locale" / "cy" / "LC_MESSAGES" / "forestall.po").open("rb") as f:
        said = {m.id if isinstance(m.id, str) else m.id[0] for m in read_po(f)}
    page = (ROOT / "docs" / "tutorial" / "04-from-a-signal-to-a-plan.md").read_text(encoding="utf-8")
    named = {" ".join(words.split()) for words in re.findall(r"\*\*(.+?)\*\*", page, re.S)}
    assert len(named) > 20
    assert named <= said


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_verb_that_a_page_names_is_there(page: Path) -> None:
    """``forestall xyz`` in code is a verb of the program."""
    from forestall.cli import VERBS

    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"`([^`\n]+)`", text) + [body for _, body in FENCE.findall(text)])
    named = set(re.findall(r"(?<!from )(?:^|[\s/\\])forestall ([a-z]+)\b", code)) - {"import"}
    assert named <= set(VERBS), f"{page.name} names {sorted(named - set(VERBS))}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_front_pages_link_to_files_that_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), f"{name} links to {target}, which is not there"
