"""The page and the picture of a plan's states say what the catalogue says."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from forestall.catalogue import plans

ROOT = Path(__file__).parent.parent


def script():
    spec = importlib.util.spec_from_file_location("plan_states", ROOT / "scripts" / "plan_states.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_and_picture_are_up_to_date():
    done = subprocess.run([sys.executable, "scripts/plan_states.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_state_and_every_move_is_drawn():
    drawing, page = script().picture(), script().page()
    for state in plans.states().values():
        assert f">{state.title}</text>" in drawing
    for number, move in enumerate(plans.moves().values(), 1):
        assert f"| {number} | {move.title} |" in page
    ways = {(s, m.target) for m in plans.moves().values() for s in m.sources}
    assert drawing.count('marker-end="url(#tip)"') == len(ways)


def test_moves_4_and_6_are_the_ones_that_settle_the_outcome():
    fixing = [n for n, m in enumerate(plans.moves().values(), 1) if m.fixes]
    assert fixing == [4, 6], "the page's last sentence names them"
