"""What the verbs print arrives whole, whatever encoding the system prefers."""

from __future__ import annotations

import os
import subprocess
import sys

PRINT = """
import sys
from forestall import cli
sys.modules['forestall.cli.quality'] = type(sys)('quality')
sys.modules['forestall.cli.quality'].configure = lambda parser: None
sys.modules['forestall.cli.quality'].run = lambda args: print('T\\u0177-du \\u201cP\\u0175er\\u201d') or 0
sys.exit(cli.main(['quality']))
"""


def printed(**more: str) -> bytes:
    """What a verb's Welsh letters come out as, with a system encoding that lacks them."""
    keep = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    run = subprocess.run([sys.executable, "-c", PRINT], env={**keep, **more}, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_a_pipe_gets_utf_8() -> None:
    assert printed(PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C").decode("utf-8") == "Tŷ-du “Pŵer”"


def test_an_encoding_that_was_asked_for_is_kept_and_stops_nothing() -> None:
    assert printed(PYTHONIOENCODING="cp437") == b"T?-du ?P?er?"
