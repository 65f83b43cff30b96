"""``forestall look``: from police.uk files to one shareable page, without a store, an account or a server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str, int, int], None]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="folder, zip, .csv or .csv.gz as downloaded from police.uk"
    )
    parser.add_argument("--force", metavar="NAME", help="the force, such as gwent (by default the one with most records)")
    parser.add_argument("--out", metavar="FILE", default="forestall-look.html", help="where the page goes (%(default)s)")
    parser.add_argument("--until", metavar="YYYY-MM", help="look as of this month (by default the last one)")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="of the page")


def run(args: argparse.Namespace) -> int:
    out = Path(args.out)
    check_writable(out)
    from forestall.errors import ForestallError
    from forestall.records.months import check

    if args.until is not None:
        check(args.until, "--until")
    paths, slugs = narrowed([Path(p) for p in args.paths], args.force)
    if args.force and slugs and args.force not in slugs:
        raise ForestallError(f"there is no force {args.force!r} in these files; they hold: {', '.join(slugs)}")
    with showing() as (say, progress):
        say("reading the files")
        from forestall.records.records import Records
        from forestall.report.html import page
        from forestall.scan.look import look
        from forestall.scan.look.ground import area_names

        records = Records.from_files(paths)
        forces = records.forces()
        force = args.force or (forces[0] if forces else None)
        say("naming the areas")
        names = area_names(paths, records.cube(force=force).areas) if force in forces else {}
        found = look(records, force=force, until=args.until, names=names, progress=progress)
        say("drawing the page")
        document = found.document(command(args))
        text = page(document, args.language)
    write(out, text)
    if len(forces) > 1 and not args.force:
        held = ", ".join(forces)
        print(f"forestall look: these files hold {held}; this page is about {force} (--force for another)", file=sys.stderr)
    print(document.title.render(args.language))
    print(out)
    return 0


def narrowed(paths: list[Path], force: str | None) -> tuple[list[Path], list[str]]:
    """Only the named force's street files, where the paths hold such files by name; and the forces that their names tell.

    A download of all forces is large: what is not asked for is not read.
    """
    from forestall.records.intake import gather
    from forestall.records.police_uk import FILE_NAME

    if any(p.is_file() for p in paths):
        return paths, []
    files = gather(paths).files
    named = [(f.path, m.group(2)) for f in files if (m := FILE_NAME.match(f.stem)) and f.path.suffix.lower() != ".zip"]
    if len(named) < len(files) or force is None:
        return paths, sorted({slug for _, slug in named}) if len(named) == len(files) else []
    chosen = [path for path, slug in named if slug == force]
    return chosen or paths, sorted({slug for _, slug in named})


def command(args: argparse.Namespace) -> str:
    """The command that makes the page again, with the paths' names alone: where they lay is nobody's business."""
    words = ["forestall", "look", *(Path(p).resolve().name or "." for p in args.paths)]
    for option, value in (("--force", args.force), ("--until", args.until)):
        words += [option, value] if value else []
    if args.language != "en":
        words += ["--language", args.language]
    return " ".join(f'"{w}"' if " " in w else w for w in words)


def check_writable(out: Path) -> None:
    """Refuses before the work begins, where the page could not be written after it."""
    from forestall.errors import ForestallError

    folder = out.parent
    if out.is_dir():
        raise ForestallError(f"--out {out} is a folder: give the name of a file in it, such as {out / 'look.html'}")
    if not folder.is_dir():
        raise ForestallError(f"--out {out}: there is no folder {folder}; make it first, or give another place")
    probe = folder / f".forestall-{os.getpid()}.tmp"
    try:
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise ForestallError(f"--out {out} can't be written ({error.strerror or error}): give another place") from error


def write(out: Path, text: str) -> None:
    """Writes the page whole or not at all."""
    from forestall.errors import ForestallError

    part = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ForestallError(f"--out {out} can't be written ({error.strerror or error}): give another place") from error


@contextmanager
def showing() -> Iterator[tuple[Callable[[str], None], Progress]]:
    """Progress on standard error where a person watches, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield (lambda _: None), (lambda *_: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task("starting", total=14)

        def say(text: str) -> None:
            bar.update(task, description=text)

        def progress(month: str, done: int, total: int) -> None:
            bar.update(task, description=f"scanning as of {month}", completed=done, total=total + 1)

        yield say, progress
