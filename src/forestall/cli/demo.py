"""``forestall demo``: from nothing to a workplace with ranked problems. Each step is a verb that anybody can type, and is
shown as such; a step whose input and code have not changed is not done again."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forestall.errors import ForestallError

if TYPE_CHECKING:
    from forestall.results import Scan

PACKAGE = Path(__file__).parent.parent


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, default=Path("demo"), metavar="DIR", help="folder for the sample and its store")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which fictional force")
    parser.add_argument("--port", type=int, default=8000, metavar="PORT", help="port of the workplace on this machine")
    parser.add_argument("--no-serve", action="store_true", help="do everything but start the workplace")
    parser.add_argument("--no-worker", action="store_true", help="start the workplace without its worker")


def run(args: argparse.Namespace) -> int:
    if not args.no_serve:
        from forestall.web.start import need_front_end

        need_front_end()
        need_free_port(args.port)
    store = prepare(args.dir, args.seed)
    print_problems(latest_scan(store))
    print_sign_ins(store, args.dir, args.port)
    if args.no_serve:
        print(f"It is not running: start it with forestall serve --store {store} --port {args.port}")
        return 0
    return verb("serve", "--store", str(store), "--port", str(args.port), *(["--no-worker"] if args.no_worker else []))


def prepare(folder: Path, seed: int) -> Path:
    """Sample, records, places and a recorded scan in ``folder``; returns the store. What is done already is left alone."""
    sample, store = folder / f"sample-{seed}", folder / f"store-{seed}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ForestallError(f"cannot make the folder {folder} ({error.strerror}): give another with --dir") from error
    steps = Steps(folder / f"steps-{seed}.json")
    for path in (sample, store):
        if path.exists() and not steps.path.exists():
            raise ForestallError(f"{path} is there and not from a demo: give another folder with --dir")
    steps.begin()
    made = fingerprint("sample", "catalogue")
    if not steps.done("sample", made):
        shutil.rmtree(sample, ignore_errors=True)
        need(verb("sample", "--out", str(sample), "--seed", str(seed)))
        steps.mark("sample", made)
    read = made + fingerprint("records", "places")
    if not steps.done("records", read):
        shutil.rmtree(store, ignore_errors=True)
        for mapping in sorted((sample / "mappings").glob("*.yaml")):
            files = sorted(p for p in (sample / "records").iterdir() if p.name.startswith(mapping.stem))
            need(verb("ingest", *map(str, files), "--store", str(store), "--mapping", str(mapping)))
        places = sorted((sample / "places").iterdir(), key=lambda p: (p.suffix != ".csv", p.name))
        need(verb("places", "add", *map(str, places), "--store", str(store)))
        steps.mark("records", read)
    scanned = read + fingerprint("scan", "stats", "results", "catalogue")
    if not steps.done("scan", scanned):
        need(verb("scan", "--store", str(store), "--record", quiet=True))
        steps.mark("scan", scanned)
    return store


class Steps:
    """Which steps are done, and from what: a small file that is replaced whole after each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def done(self, step: str, key: str) -> bool:
        return self.read().get(step) == key

    def begin(self) -> None:
        """Marks the folder as a demo's, before anything is made in it."""
        if not self.path.exists():
            self.path.write_text("{}", encoding="utf-8")

    def mark(self, step: str, key: str) -> None:
        from forestall.results.shelf import write_whole

        write_whole(self.path, json.dumps({**self.read(), step: key}, indent=1))


def fingerprint(*rooms: str) -> str:
    """Hash of these rooms' files: what they make is made again when they change."""
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted((PACKAGE / room).rglob("*")):
            if path.suffix in (".py", ".yaml"):
                digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def verb(*words: str, quiet: bool = False) -> int:
    """Runs a verb as if it had been typed, and shows it as one would type it; ``quiet`` drops what it prints."""
    from forestall.cli import main

    print("$ forestall " + " ".join(shorten(words)), flush=True)
    started = time.perf_counter()
    with contextlib.ExitStack() as stack:
        if quiet:
            stack.enter_context(contextlib.redirect_stdout(None))
            if sys.stderr.isatty():
                from rich.console import Console

                stack.enter_context(Console(stderr=True).status(f"{words[0]} …"))
        status = main(words)
    if status == 0 and words[0] != "serve":
        print(f"  {time.perf_counter() - started:.0f} s", flush=True)
    return status


def shorten(words: Sequence[str]) -> Iterable[str]:
    """The words, with a long run of files given as its first one and how many follow."""
    files = [w for w in words if Path(w).parent.name in ("records", "places")]
    if len(files) <= 2:
        return words
    first = words.index(files[0])
    return [*words[: first + 1], f"(and {len(files) - 1} more)", *words[first + len(files) :]]


def need(status: int) -> None:
    """Stops the demo where a verb failed; the verb itself has said why."""
    if status == 130:
        raise KeyboardInterrupt
    if status != 0:
        raise ForestallError(
            "the step above did not finish: mend what it names and run the same command again, it goes on there"
        )


def need_free_port(port: int) -> None:
    """Says so before the long work where the port is taken."""
    if not 1 <= port <= 65535:
        raise ForestallError(f"there is no port {port}: give one between 1 and 65535 with --port")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = "needs an administrator" if isinstance(error, PermissionError) else "is in use by another program"
            raise ForestallError(
                f"port {port} of this machine {reason}: give another, such as --port {port % 64000 + 1081}"
            ) from error


def latest_scan(store: Path) -> Scan:
    """The scan that was recorded last in ``store``."""
    from forestall.results import Scan, Shelf

    scan = Shelf(store).latest(Scan.type_name)
    if not isinstance(scan, Scan):
        raise ForestallError(f"no scan is recorded in {store}: remove its folder and run forestall demo again")
    return scan


def print_problems(scan: Scan, each: int = 3) -> None:
    """The first problems of each theme, with the counts behind them, on standard output."""
    from forestall import catalogue
    from forestall.text import month_name

    print("\nTop problems of the fictional force, by theme (* established):")
    for theme in catalogue.themes():
        signals = [s for s in scan.signals if s.theme == theme.slug][:each]
        if signals:
            print(f"\n{theme.title.render()}")
        for s in signals:
            title = catalogue.category(s.category).title.render()
            print(f" {'*' if s.established else ' '} {s.kind}: {title}, {s.place.render()}, since {month_name(s.since)}")
            low, high = s.interval
            print(
                f"     {s.observed:,} recorded, {s.expected:,.0f} expected: {s.ratio:.2f} times ({low:.2f} to {high:.2f})"
            )
    print(f"\n{scan.explain()}\n")


def print_sign_ins(store: Path, folder: Path, port: int) -> None:
    """Makes the demo's accounts and plans, where they are not there yet, and prints where and how to sign in."""
    from forestall.web import start

    accounts = start.demo_accounts(store, folder)
    plans = start.demo_plans()
    if plans:
        print(f"{plans} plans are under way in it already, made up as everything else is.")
    width = max(map(len, accounts))
    print(f"The workplace: http://127.0.0.1:{port}/ with one of these sign-ins (they work on this machine alone)")
    for username, password in accounts.items():
        print(f"  {username:{width}}  {password}")
    print(flush=True)
