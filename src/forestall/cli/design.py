"""``forestall design``: how a response will be tested, proposed and locked before it begins."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

FILE = Path("design.yaml")


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "propose comparison, months, method and what could be shown, and write design.yaml"
    propose = verbs.add_parser("propose", help=text, description=text[0].upper() + text[1:] + ".")
    propose.add_argument("--store", required=True, metavar="DIR", help="the store that forestall ingest made")
    where = propose.add_argument_group("where the response is (one of these)")
    where.add_argument("--areas", metavar="CODES", help="codes of small areas, with commas between")
    where.add_argument("--within", metavar="CODE", help="all small areas of a ward, local authority … that is loaded")
    where.add_argument("--signal", metavar="ID", help="the areas and category of a signal of the scan recorded last")
    where.add_argument("--polygon", type=Path, metavar="FILE", help="the areas mostly inside an outline, a GeoJSON file")
    what = propose.add_argument_group("what should fall, and when")
    what.add_argument(
        "--category", action="append", default=[], metavar="SLUG", help="such as burglary; may be given again"
    )
    what.add_argument(
        "--outcome", choices=("count", "harm", "rate"), default="count", help="what is measured (default count)"
    )
    what.add_argument("--starts", required=True, metavar="YYYY-MM", help="the response's first month")
    what.add_argument("--months", type=int, default=6, metavar="N", help="months looked at from then on (default 6)")
    what.add_argument("--before", type=int, default=24, metavar="N", help="months before it, at most (default 24)")
    what.add_argument("--hoped", metavar="SHARE", help="the fall hoped for: 0.3 or 30%%")
    what.add_argument("--force", metavar="NAME", help="the force's slug (default: the store's largest)")
    what.add_argument("--title", default="", metavar="WORDS", help="what the response is called")
    how = propose.add_argument_group("overrule the proposal")
    how.add_argument("--others", default="", metavar="NAMES", help="further forces whose areas may be compared with")
    how.add_argument("--weight", choices=("quick", "standard", "full"), help="how heavy a test (default: the lightest)")
    how.add_argument("--method", metavar="NAME", help="another method (needs --reason)")
    how.add_argument("--comparison", metavar="CODES", help="the areas to compare with (needs --reason)")
    how.add_argument("--reason", default="", metavar="WORDS", help="why, which every result will show")
    propose.add_argument("--out", type=Path, default=FILE, metavar="FILE", help="the file to write (default design.yaml)")
    propose.add_argument("--replace", action="store_true", help="replace the file, unless it holds a locked design")
    _language(propose)

    text = "fix a design before the response begins: its hash, the day and the people"
    lock = verbs.add_parser("lock", help=text, description=text[0].upper() + text[1:] + ".")
    lock.add_argument("file", nargs="?", type=Path, default=FILE, metavar="FILE", help="default: design.yaml")
    lock.add_argument(
        "--by", action="append", default=[], required=True, metavar="NAME", help="who settled it; may be given again"
    )
    _language(lock)

    text = "show a design: what it could show, how, and against which areas"
    show = verbs.add_parser("show", help=text, description=text[0].upper() + text[1:] + ".")
    show.add_argument("file", nargs="?", type=Path, default=FILE, metavar="FILE", help="default: design.yaml")
    show.add_argument("--store", metavar="DIR", help="the store whose places name the areas and draw the map")
    show.add_argument("--format", choices=("text", "html", "pdf", "json"), default="text", help="how to show it")
    show.add_argument("--out", type=Path, metavar="FILE", help="where it goes (default: standard output; needed for pdf)")
    _language(show)

    text = "draw lots: which of matched places begins, or in which order all of them do"
    lots = verbs.add_parser("randomise", help=text, description=text[0].upper() + text[1:] + ".")
    lots.add_argument(
        "file", type=Path, metavar="FILE", help="what is drawn (YAML): scheme, places, start or starts, end, people"
    )
    lots.add_argument(
        "--format", choices=("text", "json", "csv"), default="text", help="how to show it (json is the record)"
    )
    lots.add_argument("--out", type=Path, metavar="FILE", help="a new file to write (default: standard output)")
    _language(lots)


def _language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")


def run(args: argparse.Namespace) -> int:
    return {"propose": _propose, "lock": _lock, "show": _show, "randomise": _randomise}[args.action](args)


def _propose(args: argparse.Namespace) -> int:
    from forestall.assess import sheet
    from forestall.assess.panel import build
    from forestall.assess.propose import outcome_of, propose
    from forestall.cli._put import banner, called, naming
    from forestall.errors import ForestallError
    from forestall.places import Places
    from forestall.records import months as mm
    from forestall.records.store import Store
    from forestall.report.design import document
    from forestall.report.plain import plain
    from forestall.results import Asked
    from forestall.text import msg

    given = [n for n in ("areas", "within", "signal", "polygon") if getattr(args, n)]
    if len(given) != 1:
        raise ForestallError(
            "say where the response is, in one way: --areas CODES, --within CODE, --signal ID or --polygon FILE"
        )
    mm.check(args.starts, "--starts")
    for name, value in (("--months", args.months), ("--before", args.before)):
        if not 1 <= value <= 120:
            raise ForestallError(f"{name} must be from 1 to 120 months, not {value}")
    hoped = share(args.hoped)
    if args.out.exists() and not args.replace:
        raise ForestallError(f"{args.out} is there already: name another file with --out, or replace it with --replace")
    store = Store.open(args.store)
    signal = _signal(args.store, args.signal) if args.signal else None
    categories = args.category or ([signal.category] if signal is not None else [])
    outcome = outcome_of(categories, args.outcome)
    places = Places.open(args.store)
    records = store.records()
    others = tuple(_codes(args.others))
    panel = build(records, places, outcome=outcome, force=args.force, others=others)
    asked = Asked(
        treated=_treated(args, panel, signal), outcome=outcome, starts=args.starts, months=args.months, before=args.before,
        force=panel.force, hoped=hoped, title=" ".join(args.title.split()), signal=signal.id if signal is not None else "",
        others=others,
    )  # fmt: skip
    made = propose(
        records, places, asked, method=args.method, comparison=tuple(_codes(args.comparison or "")), reason=args.reason,
        weight=args.weight, panel=panel,
    )  # fmt: skip
    sheet.write(made, args.out, over=args.replace)
    print(plain(document(made, named=naming(panel.places), called=called, banner=banner(args.store)), args.language))
    said = msg(
        "Written to {file}. Lock it before the response begins: forestall design lock {file} --by NAME", file=str(args.out)
    )
    print("\n" + said.render(args.language))
    return 0


def _lock(args: argparse.Namespace) -> int:
    from forestall.assess import sheet
    from forestall.report.design import standing

    made = sheet.lock(sheet.read(args.file), tuple(args.by), name=str(args.file))
    sheet.put(args.file, sheet.text(made))
    print(standing(made).render(args.language))
    print(made.hash())
    return 0


def _show(args: argparse.Namespace) -> int:
    from forestall.assess import sheet
    from forestall.cli._put import banner, called, naming, put, shapes
    from forestall.report.design import document

    found = sheet.read(args.file)
    made = found.design
    if not found.intact and made.lock is None:
        from forestall.text import msg

        said = msg(
            "{file} was changed by hand since it was proposed: its figures may not be those of its choices.",
            file=str(args.file),
        )
        print(said.render(args.language), file=sys.stderr)
    places, codes = ground(args.store, made) if args.store else (None, ())
    put(
        made,
        lambda: document(
            made, named=naming(places), called=called, banner=banner(args.store), shapes=shapes(places, codes),
            command=f"forestall design show {args.file.name}",
        ),
        form=args.format, out=args.out, language=args.language,
    )  # fmt: skip
    return 0


def _randomise(args: argparse.Namespace) -> int:
    import json

    from forestall.assess import _nodes, sheet
    from forestall.assess.randomise import draw
    from forestall.errors import ForestallError
    from forestall.report.plain import grid

    if args.out is not None and args.out.exists():
        raise ForestallError(f"{args.out} is there already, and a draw is made once: name another file with --out")
    node = _nodes.top(args.file, "settings of a draw", "write scheme, places, start or starts, end and people into it")
    made = draw(_nodes.plain(args.file, node), folder=args.file.parent)
    if args.format == "json":
        text = json.dumps(made.to_json(), indent=1, ensure_ascii=False)
    elif args.format == "csv":
        text = made.table().to_csv(args.language)
    else:
        text = "\n".join([made.explain(args.language), "", *grid(made.table(), args.language, rows=None), "", made.hash])
    if args.out is None:
        print(text.rstrip("\n"))
    else:
        sheet.put(args.out, text.rstrip("\n") + "\n")
    return 0


def ground(store: str, design: Any) -> tuple[Any, tuple[str, ...]]:
    """The store's places in the vintage of the design's areas, and the codes of the force's areas."""
    from forestall.places import Places
    from forestall.records.store import Store

    Store.open(store)
    places = Places.open(store)
    if places is None:
        return None, ()
    used = (*design.asked.treated, *design.ring, *(a for a, _ in design.comparison))
    places = places.matching(used)
    own = places.force_areas(design.force)
    return places, tuple(dict.fromkeys((*own, *used)))


def share(text: str | None) -> float | None:
    """``0.3`` or ``30%`` as a share."""
    from forestall.errors import ForestallError

    if text is None:
        return None
    written = text.strip()
    try:
        value = float(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise ForestallError(f"--hoped {text!r} is no fall: write it as 0.3 or 30%, above 0 and up to all of it")
    return value


def _codes(text: str) -> list[str]:
    return [c.strip() for c in text.split(",") if c.strip()]


def _signal(store: str, name: str) -> Any:
    from forestall.cli.profile import _signal as recorded

    return recorded(store, name)


def _treated(args: argparse.Namespace, panel: Any, signal: Any) -> tuple[str, ...]:
    """Codes of the areas that the response treats."""
    from forestall.errors import ForestallError

    if args.areas:
        return tuple(_codes(args.areas))
    if signal is not None:
        return tuple(signal.areas)
    places = panel.places
    if places is None or places.version == "none":
        option = "--within" if args.within else "--polygon"
        raise ForestallError(
            f"{option} needs places: load boundaries and lookups with forestall places add, or give --areas"
        )
    if args.within:
        found = places.within(args.within)
        said = f"no small area of {args.within} is known: check its code, or load a lookup that says which areas lie in it"
    else:
        from forestall.places.inside import inside, read_outline

        found = inside(places.level("lsoa"), read_outline(args.polygon))
        said = f"no small area lies mostly inside the outline of {args.polygon}: draw it larger, or name areas with --areas"
    if not found:
        raise ForestallError(said)
    own = tuple(c for c in found if c in panel.index)
    if not own:
        raise ForestallError(
            f"{args.within or args.polygon} lies outside {panel.force or 'these records'}: choose another place"
        )
    return own
