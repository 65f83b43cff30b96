"""``forestall suggest``: practices of the library that fit a problem."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

#: Options of a description, each a list of slugs with commas between.
SLUGS = {
    "ideas": "hypotheses that fit, such as car-parks",
    "against": "hypotheses that the evidence speaks against",
    "sides": "sides of the triangle: place, victim, offender",
    "places": "kinds of place, such as parking-area",
    "drivers": "drivers of crime, such as opportunity",
    "mechanisms": "ways of working that are asked for, such as guardian",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", metavar="FILE", help="a profile that forestall profile --format json wrote")
    what = parser.add_argument_group("or a description, in slugs of the catalogue")
    what.add_argument("--category", metavar="SLUG", help="the category, such as burglary")
    for name, text in SLUGS.items():
        what.add_argument(f"--{name}", metavar="SLUGS", help=text)
    parser.add_argument("--format", choices=("text", "json", "csv"), default="text", help="how to print it (default text)")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")


def run(args: argparse.Namespace) -> int:
    from forestall import respond
    from forestall.errors import ForestallError

    given = {name: [s.strip() for s in (getattr(args, name) or "").split(",") if s.strip()] for name in SLUGS}
    if args.profile and (args.category or any(given.values())):
        raise ForestallError("give --profile, or a description, and not both")
    if not args.profile and not args.category and not any(given.values()):
        raise ForestallError("say what the problem is: --profile FILE, or --category SLUG and what else is known of it")
    problem = _profile(Path(args.profile)) if args.profile else respond.described(category=args.category or "", **given)
    print(show(respond.suggest(problem), args.format, args.language))
    return 0


def _profile(file: Path) -> Any:
    from forestall.errors import ForestallError
    from forestall.results import Profile, read

    try:
        found = read(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForestallError(
            f"--profile {file} is no profile ({error}): make one with forestall profile --format json"
        ) from error
    if not isinstance(found, Profile):
        raise ForestallError(f"--profile {file} holds another result: make one with forestall profile --format json")
    return found


def show(found: Any, form: str, language: str) -> str:
    if form == "json":
        return json.dumps(found.to_json(), indent=1, ensure_ascii=False)
    if form == "csv":
        return str(found.table().to_csv(language)).rstrip("\n")
    return _text(found, language)


def _text(found: Any, language: str) -> str:
    from forestall.catalogue import library
    from forestall.results.suggestion import here_words
    from forestall.text import msg

    def say(m: Any) -> str:
        return str(m.render(language)) if hasattr(m, "render") else str(m)

    lines = [found.explain(language), ""]
    for x in found.lines:
        quality = library.title("qualities", "unknown" if x.quality is None else str(x.quality))
        lines.append(f"{x.rank:3d}  {say(x.title)}")
        lines.append(f"     E  {say(x.says or x.effect)}")
        lines.append(f"     Q  {say(quality)}")
        lines += [f"     {r.points:+d} {say(r.text)}" for r in x.reasons]
        lines.append("     " + say(msg("Here: {here:list}.", here=[here_words(h) for h in x.here])))
    if found.set_aside:
        lines += ["", say(msg("Set aside"))]
        lines += [f"  {say(x.title)}: {say(x.aside)}" for x in found.set_aside]
    lines.append("")
    lines += [f"{'+' if c.passed else '-'} {say(c.text)}" for c in found.checks]
    return "\n".join(lines)
