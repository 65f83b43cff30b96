"""Writes docs/reference/cli.md from the verbs' own parsers, so that page and program can't differ.

python scripts/reference.py            write the page
python scripts/reference.py --check    say whether it is up to date (exit 1 where not)
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"

HEAD = """# Command line

Written by `scripts/reference.py` from the program itself; a test keeps it true.

Exit status: 0 done; 2 something that you can mend, said in one sentence on standard error, with nothing changed; 130
interrupted. Progress shows on standard error, and only where that is a terminal, so that output can be piped.
"""


def page() -> str:
    """The reference of every verb, as Markdown."""
    from forestall.cli import VERBS

    parts = [HEAD]
    for verb, text in VERBS.items():
        parser = argparse.ArgumentParser(prog=f"forestall {verb}", description=text[0].upper() + text[1:] + ".")
        importlib.import_module(f"forestall.cli.{verb}").configure(parser)
        parts += describe(parser, level=2)
    return "\n".join(parts)


def describe(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    """A parser's heading, its sentence, its arguments as a table, and the same for the verbs below it."""
    yield f"{'#' * level} {parser.prog}\n"
    if parser.description:
        yield parser.description + "\n"
    inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    rows = [row(a) for a in parser._actions if not isinstance(a, argparse._SubParsersAction | argparse._HelpAction)]
    if rows:
        yield "| argument | what | default |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    for action in inner:
        helps = {c.dest: c.help for c in action._choices_actions}
        for name, sub in action.choices.items():
            if not sub.description and helps.get(name):
                sub.description = helps[name]
            yield from describe(sub, level + 1)


def row(action: argparse.Action) -> str:
    """One argument as a row of the table."""
    value = ""
    if action.nargs != 0:
        value = str(action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper()))
    if action.option_strings:
        name = ", ".join(action.option_strings) + (f" {value}" if value else "")
    else:
        name = value + ("…" if action.nargs in ("+", "*") else "")
    what = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    if action.required and action.option_strings:
        what += " (required)"
    default = "" if action.default in (None, False, argparse.SUPPRESS, [], "") else f"`{action.default}`"
    cells = [f"`{name}`", what, default]
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


if __name__ == "__main__":
    text = page()
    if "--check" not in sys.argv:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit("docs/reference/cli.md is out of date: run .venv/bin/python scripts/reference.py")
