"""``forestall evaluate``: what the response of a design did, or that nobody can tell."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=Path, default=Path("design.yaml"), metavar="FILE", help="default: design.yaml"
    )
    parser.add_argument("--store", required=True, metavar="DIR", help="the store that forestall ingest made")
    done = parser.add_argument_group("what was done, and noted")
    done.add_argument("--planned", type=float, metavar="N", help="how much was planned, such as 120 patrols")
    done.add_argument("--delivered", type=float, metavar="N", help="how much of it was delivered")
    done.add_argument("--unit", default="", metavar="WORD", help="of what, such as patrols")
    done.add_argument("--harms", default="", metavar="WORDS", help="harms and side effects that were noted")
    done.add_argument("--equality", default="", metavar="WORDS", help="whom it touched, and how")
    done.add_argument("--costs", type=Path, metavar="FILE", help="a ledger of costs (YAML)")
    parser.add_argument("--earlier", type=Path, metavar="FILE", help="an earlier evaluation (JSON), to say what changed")
    parser.add_argument("--format", choices=("text", "html", "pdf", "json"), default="text", help="how to show it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where it goes (default: standard output; needed for pdf)")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")


def run(args: argparse.Namespace) -> int:
    from forestall.assess import ledger, sheet
    from forestall.assess.evaluate import evaluate
    from forestall.cli._put import banner, called, naming, put, shapes
    from forestall.cli.design import ground
    from forestall.errors import ForestallError
    from forestall.places import Places
    from forestall.records.store import Store
    from forestall.report.evaluation import document

    found = sheet.read(args.file)
    if not found.intact and found.design.lock is None:
        raise ForestallError(
            f"{args.file} was changed by hand since it was proposed, so its figures are no longer those of its choices: "
            "propose it again with what should differ"
        )
    if args.format == "pdf" and args.out is None:
        raise ForestallError("--format pdf needs --out: a file to write")
    costs = ledger.read(args.costs) if args.costs else None
    earlier = _earlier(args.earlier, found.design) if args.earlier else None
    made = evaluate(
        Store.open(args.store).records(), Places.open(args.store), found.design, fidelity=_fidelity(args), harms=args.harms,
        equality=args.equality, earlier=earlier,
    )  # fmt: skip
    if costs is not None:
        made = replace(made, economics=ledger.reckoned(costs, made).to_json())
    places, codes = ground(args.store, found.design)
    put(
        made,
        lambda: document(
            made, named=naming(places), called=called, banner=banner(args.store), shapes=shapes(places, codes),
            command=command(args),
        ),
        form=args.format, out=args.out, language=args.language,
    )  # fmt: skip
    return 0


def _fidelity(args: argparse.Namespace) -> Any:
    from forestall.errors import ForestallError
    from forestall.results import Fidelity

    if (args.planned is None) != (args.delivered is None):
        raise ForestallError("give --planned and --delivered both, or neither: a share needs the two")
    if args.planned is None:
        return Fidelity(unit=args.unit)
    if not (math.isfinite(args.planned) and args.planned > 0):
        raise ForestallError(f"--planned must be a number above 0, not {args.planned:g}")
    if not (math.isfinite(args.delivered) and args.delivered >= 0):
        raise ForestallError(f"--delivered must be a number of 0 or more, not {args.delivered:g}")
    return Fidelity(planned=args.planned, delivered=args.delivered, unit=" ".join(args.unit.split()))


def _earlier(path: Path, design: Any) -> Any:
    """An evaluation of the same design, as JSON."""
    from forestall.errors import ForestallError, remedy
    from forestall.results import Evaluation, read

    remake = "make one with forestall evaluate --format json --out FILE"
    try:
        found = read(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ForestallError(f"--earlier {path} can't be read: {remedy(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ForestallError(f"--earlier {path} holds no evaluation that can be read: {remake}") from error
    if not isinstance(found, Evaluation):
        raise ForestallError(f"--earlier {path} holds no evaluation: {remake}")
    if found.design.hash() != design.hash():
        raise ForestallError(f"--earlier {path} evaluates another design: name an evaluation of this one, or leave it out")
    return found


def command(args: argparse.Namespace) -> str:
    """The command that makes it again, with names alone: where things lie is nobody's business."""
    words = ["forestall", "evaluate", args.file.name, "--store", Path(args.store).resolve().name]
    for option in ("planned", "delivered", "unit"):
        value = getattr(args, option)
        words += [f"--{option}", f"{value:g}" if isinstance(value, float) else value] if value not in (None, "") else []
    words += ["--costs", args.costs.name] if args.costs else []
    return " ".join(f'"{w}"' if " " in w else w for w in words)
