"""The slow, obvious twin of the suggestion: reads the practices' files as plain YAML and adds up, rule after rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FILES = Path(__file__).parent.parent.parent / "src" / "forestall" / "catalogue" / "practices"


class _Plain(yaml.SafeLoader):
    pass


_Plain.add_constructor("!msg", lambda loader, node: loader.construct_scalar(node))


def read() -> dict[str, dict[str, Any]]:
    """Every practice by its file's name, text as plain text."""
    return {f.stem: yaml.load(f.read_text(encoding="utf-8"), _Plain) for f in FILES.glob("*.yaml")}  # a SafeLoader


def order(problem: dict[str, Any]) -> tuple[list[tuple[str, int]], dict[str, int]]:
    """Practice and fit of what is suggested, in order; and the fit of what is set aside."""
    shown, rest = [], {}
    for slug, p in read().items():
        fit = 0
        if problem["category"] != "":
            if p["categories"] == []:
                fit = fit + 1
            if problem["category"] in p["categories"]:
                fit = fit + 3
            if p["categories"] != [] and problem["category"] not in p["categories"]:
                fit = fit - 2
        for idea in p["ideas"]:
            if idea in problem["ideas"]:
                fit = fit + 2
            if idea in problem["mixed"]:
                fit = fit + 1
            if idea in problem["against"]:
                fit = fit - 2
        if p["places"] != [] and len(problem["places"]) > 0:
            in_common = [x for x in p["places"] if x in problem["places"]]
            fit = fit + 2 if len(in_common) > 0 else fit - 1
        if p["side"] in problem["sides"]:
            fit = fit + 1
        for driver in p["drivers"]:
            if driver in problem["drivers"]:
                fit = fit + 1
        for mechanism in p["mechanisms"]:
            if mechanism in problem["mechanisms"]:
                fit = fit + 1
        harmful = p["emmie"]["effect"]["direction"] in ("increase", "none")
        unseen = problem["category"] in p.get("not_for", [])
        if fit < 1 or harmful or unseen:
            rest[slug] = fit
        else:
            shown.append((slug, fit))
    shown.sort(key=lambda pair: pair[0])
    shown.sort(key=lambda pair: pair[1], reverse=True)
    return shown, rest
