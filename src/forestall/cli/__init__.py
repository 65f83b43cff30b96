"""The command line: one file a verb. A verb's module is imported only when it is called, so that help is quick."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

#: verb -> the line that help shows. Module ``forestall.cli.<verb>`` has ``configure(parser)`` and ``run(args) -> int``.
VERBS = {
    "demo": "make the sample, scan it and start the workplace on this machine",
    "look": "from police.uk files to one shareable page of problems",
    "sample": "make a fictional force with planted, known problems",
    "ingest": "read records into a store",
    "erase": "take records out of every snapshot of a store, for good",
    "quality": "say what is wrong with a store's records",
    "places": "load areas, populations and boundaries into a store",
    "scan": "find the problems in a store, ranked",
    "tasking": "list repeat victims, suspects, callers and hot spots of a hub",
    "profile": "explain one problem of a store on one page",
    "suggest": "rank the library's practices for a problem, with the reasons",
    "design": "settle how a response will be tested, before it begins",
    "evaluate": "say what the response of a design did, or that nobody can tell",
    "analyse": "run one method of the bench on a choice of records",
    "serve": "start the workplace on a store",
    "account": "make an account of the workplace, or reset its second factor",
    "audit": "seal, check and take away the log of who did what",
    "database": "make the roles of a PostgreSQL database",
    "worker": "do the workplace's background work",
    "nightly": "do the workplace's nightly run now",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a verb. Exit status: 0 done, 2 bad input (one sentence on standard error, nothing lost), 130 interrupted."""
    from forestall import __version__
    from forestall.errors import ForestallError, remedy

    _speak_unicode()
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="forestall",
        description="Finds the problems worth preventing in a force's records, with the evidence for each.",
    )
    parser.add_argument("--version", action="version", version=f"forestall {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    chosen = next((a for a in argv if not a.startswith("-")), None)
    for verb, text in VERBS.items():
        sub = verbs.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
        if verb == chosen:
            module = importlib.import_module(f"forestall.cli.{verb}")
            module.configure(sub)
            sub.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except ForestallError as error:
        print(f"forestall {args.verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"forestall {args.verb}: stopped; nothing is half-written", file=sys.stderr)
        return 130
    except RuntimeError as error:  # the database's own word for an interruption that came while it worked
        if "Query interrupted" not in str(error):
            raise
        print(f"forestall {args.verb}: stopped; nothing is half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:  # a disk that is full, read-only or forbidden, wherever it was met
        where = f"{error.filename}: " if error.filename else ""
        print(f"forestall {args.verb}: {where}{remedy(error)}.", file=sys.stderr)
        return 2


def _speak_unicode() -> None:
    """Output to a file or a pipe is UTF-8 also where the system's own encoding is another (Windows); a letter that a
    terminal can't show becomes a question mark, and stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper) or stream.encoding.lower().replace("-", "") == "utf8":
            continue
        if stream.isatty() or os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main())
