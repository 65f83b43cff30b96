"""``forestall sample``: make a fictional force with planted, known problems."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="the folder to write; new, empty or an old sample"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which fictional force (default 1)")
    parser.add_argument(
        "--planted", choices=("all", "none"), default="all", help="plant problems and responses with known truth, or none"
    )


def run(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from forestall.errors import ForestallError
    from forestall.sample import make

    if args.seed < 0:
        raise ForestallError(f"--seed is {args.seed}: give a whole number from 0 on")
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True),
        disable=not sys.stderr.isatty(), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("starting", total=1.0)

        def progress(text: str, share: float) -> None:
            bar.update(task, description=text, completed=share)

        out = make(args.out, args.seed, planted=args.planted == "all", progress=progress)
    print(f"A fictional force is in {out}: synthetic records, places and mappings; truth.json says what is planted.")
    print(f"Next: {out / 'README.txt'} says how to read it into a store.")
    return 0
