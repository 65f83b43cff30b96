"""The bench: one way from records to any method. An :class:`Analysis` says what is asked; :func:`run` answers it.

An analysis is data: it goes to and from an address, JSON and a command line, so that a view is a link, and a figure can be
made again. Each method is one short file in :mod:`forestall.analyse.methods`.
"""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from forestall import catalogue
from forestall.analyse.aside import in_text
from forestall.analyse.chosen import Chosen, choose
from forestall.analyse.method import Answer, Method
from forestall.analyse.methods import NAMES
from forestall.analyse.refused import Refused
from forestall.places import Places
from forestall.records.records import Records
from forestall.results import AnalysisResult, Check, Provenance, Result, read
from forestall.stats._unfit import Unfit
from forestall.text import Message, msg

#: Raised whenever the same analysis of the same records could give other figures.
VERSION = "1"

#: What an analysis says besides its settings, in the order of an address.
PARTS = ("method", "force", "kind", "category", "hub", "areas", "since", "until")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Analysis:
    """``method``: a slug of :func:`methods`. ``force``: '' for the store's largest. ``kind``: of record (``crime``,
    ``call`` …), '' for crimes and anti-social behaviour, or for all kinds where the records hold neither. ``category``: ''
    for all. ``hub``: a local authority by code or name; ``areas``: codes of areas of any level; the whole force where
    neither. ``since`` and ``until``: months, inclusive, '' for as far as the records go. ``settings``: any of the
    method's, as values or as text; the others are at their defaults."""

    method: str
    force: str = ""
    kind: str = ""
    category: str = ""
    hub: str = ""
    areas: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ``Refused`` for an unknown method or setting, and a setting out of range."""
        object.__setattr__(self, "settings", _settings(find(self.method), self.settings))

    def query(self) -> str:
        """The query of an address, without ``?``; what stands at its default is left out."""
        method = find(self.method)
        held = {p: ",".join(self.areas) if p == "areas" else str(getattr(self, p)) for p in PARTS}
        given = {k: v for k, v in held.items() if v}
        for setting in method.settings:
            value = setting.parse(self.settings.get(setting.name))
            if value != setting.default:
                given[setting.name] = setting.text(value)
        return urlencode(given)

    @staticmethod
    def of_query(query: str | Mapping[str, str]) -> Analysis:
        """Reads what :meth:`query` wrote, or a form sent. Raises ``Refused`` for what no method knows."""
        given = dict(parse_qsl(query.removeprefix("?"))) if isinstance(query, str) else dict(query)
        return Analysis.of_json(given)

    def to_json(self) -> dict[str, Any]:
        """Everything asked, the settings' defaults filled in."""
        out: dict[str, Any] = {p: list(self.areas) if p == "areas" else getattr(self, p) for p in PARTS}
        out["settings"] = self.values()
        return out

    @staticmethod
    def of_json(data: Mapping[str, Any]) -> Analysis:
        """From :meth:`to_json`, or flat as in an address. Raises ``Refused`` for an unknown method or setting."""
        nested = data.get("settings")
        given = dict(nested) if isinstance(nested, Mapping) else {k: v for k, v in data.items() if k not in PARTS}
        areas = data.get("areas") or ()
        codes = [a.strip() for a in areas.split(",")] if isinstance(areas, str) else list(areas)
        parts = {p: str(data.get(p) or "").strip() for p in PARTS if p != "areas"}
        return Analysis(**parts, areas=tuple(dict.fromkeys(c for c in codes if c)), settings=given)

    def values(self) -> dict[str, Any]:
        """The settings of the method, all of them, as values."""
        return dict(self.settings)

    def command(self, store: str = "STORE") -> str:
        """The command that makes it."""
        method = find(self.method)
        words = ["forestall", "analyse", self.method, "--store", store]
        for part in PARTS[1:]:
            text = ",".join(self.areas) if part == "areas" else str(getattr(self, part))
            words += [f"--{part}", text] if text else []
        for setting in method.settings:
            value = setting.parse(self.settings.get(setting.name))
            words += [f"--{setting.name}", setting.text(value)] if value != setting.default else []
        return shlex.join(words)


def methods() -> tuple[Method, ...]:
    """All methods of the bench, in the order in which a form lists them."""
    return tuple(importlib.import_module(f"forestall.analyse.methods.{name}").METHOD for name in NAMES)


def find(slug: str) -> Method:
    """A method by its slug. Raises ``Refused`` where there is none."""
    name = slug.replace("-", "_")
    if name not in NAMES or "_" in slug:
        known = [n.replace("_", "-") for n in NAMES]
        raise Refused(
            msg("there is no method {given}: choose one of {known:list}", given=repr(slug), known=known)
            if slug
            else msg("no method is named: choose one of {known:list}", known=known)
        )
    found: Method = importlib.import_module(f"forestall.analyse.methods.{name}").METHOD
    return found


def lacking(method: Method, records: Records) -> Refused | None:
    """Why these records can't feed the method with its usual settings; None where they can."""
    try:
        _require(method, _settings(method, {}), records)
    except Refused as reason:
        return reason
    return None


def run(
    analysis: Analysis,
    records: Records,
    places: Places | None = None,
    *,
    most: int | None = None,
    switched_on: bool = True,
    progress: Progress | None = None,
) -> AnalysisResult:
    """Answers an analysis.

    ``places``: those of the records' store; without any, areas are the records' own codes. ``most``: more records than
    this are refused (the method's own bound where it is lower): a page must be quick. ``switched_on``: whether what points
    at places to come may be shown here; a force's ethics body decides so for its workplace. ``progress`` is called with a
    step, the number done and how many. Raises ``Refused`` (a ``ForestallError``) for whatever a person can mend.
    """
    step = progress or (lambda *_: None)
    method = find(analysis.method)
    settings = analysis.values()
    if method.ethics and not switched_on:
        raise Refused(
            msg(
                "{method} is switched off here: it points at places to come, so a force's ethics body has to switch it on "
                "for the workplace; analysts have it on the command line",
                method=method.title,
            )
        )
    _require(method, settings, records)
    step("reading", 0, 3)
    chosen = choose(records, places, analysis, series=method.series)
    n = chosen.count
    bound = None if most is None else min(most, method.most)
    if bound is not None and n > bound:
        raise Refused(
            msg(
                "{method} takes up to {bound:count} records on this page, and {n:count} are chosen: choose fewer months, "
                "one category or a smaller area, or run it on the command line",
                method=method.title, bound=bound, n=n,
            )
        )  # fmt: skip
    heavy = [s for s in method.settings if bound is not None and s.beyond_a_page(settings[s.name])]
    if heavy:
        raise Refused(
            msg(
                "{setting} may be up to {most:count} on this page, so that nobody waits: take less, or run it on the "
                "command line",
                setting=heavy[0].name, most=heavy[0].paged,
            )
        )  # fmt: skip
    if method.targets:
        chosen.refuse_police_generated(method.title)
    if n == 0:
        raise Refused(chosen.nothing())
    step("working", 1, 3)
    answer = _answer(method, chosen, settings, step)
    step("showing", 2, 3)
    return _result(analysis, method, chosen, settings, answer)


def read_result(data: Mapping[str, Any]) -> Result:
    """An analysis back from its JSON: imports the methods on numbers that its figures come from, then reads them."""
    from forestall import stats

    for name in find(str(data["method"])).gives:
        getattr(stats, name)
    return read(data)


def _answer(method: Method, chosen: Chosen, settings: Mapping[str, Any], step: Progress) -> Answer:
    try:
        return method.answer(chosen, settings, lambda what, done, total: step(what, done, total))
    except ValueError as error:  # a method on numbers that the chosen records can't feed says why in a sentence
        if type(error) not in (ValueError, Unfit):
            raise
        if isinstance(error, Unfit):
            raise Refused(msg("{method}: {reason}", method=method.title, reason=error.message)) from error
        raise Refused(
            msg("{method} can't work with these records and settings", method=method.title), str(error)
        ) from error


def _settings(method: Method, given: Mapping[str, Any]) -> dict[str, Any]:
    known = {s.name: s for s in method.settings}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise Refused(
            msg(
                "{setting} is no setting of {method}: it has {known:list}",
                setting=unknown[0], method=method.slug, known=sorted(known) or ["none"],
            )
        )  # fmt: skip
    values = {name: s.parse(given.get(name)) for name, s in known.items()}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


#: How finely times are known, as words.
_PRECISION = {"instant": msg("times to the minute"), "day": msg("days"), "month": msg("months")}


def _require(method: Method, settings: Mapping[str, Any], records: Records) -> None:
    """Refuses, in a sentence, what the method needs and the records do not have."""
    filled = records.filled()
    for need in sorted(method.wants(settings) - filled):
        name, _, precision = need.partition(":")
        if precision:
            best = next((p for p in _PRECISION if f"{name}:{p}" in filled), None)
            have = _PRECISION[best] if best else msg("none")
            raise Refused(
                msg(
                    "{method} needs {wanted} of {field}, and these records have {have}: ingest an extract that holds them, "
                    "through a mapping file",
                    method=method.title, wanted=_PRECISION[precision], field=name, have=have,
                )
            )  # fmt: skip
        raise Refused(
            msg(
                "{method} needs the field {field}, which these records leave empty: ingest an extract that holds it, "
                "through a mapping file",
                method=method.title, field=name,
            )
        )  # fmt: skip


def _result(
    analysis: Analysis, method: Method, chosen: Chosen, settings: Mapping[str, Any], answer: Answer
) -> AnalysisResult:
    asked = replace(
        analysis, force=chosen.force, since=chosen.months[0], until=chosen.months[-1], settings=dict(settings)
    ).to_json()  # fmt: skip
    seed = settings.get("seed")
    parameters = {**asked, "places": chosen.version}
    checks: tuple[Check, ...] = (*chosen.checks(), *answer.checks)
    return AnalysisResult(
        method=method.slug,
        title=title(method, chosen),
        figures=answer.figures,
        provenance=Provenance(chosen.records.snapshot, f"analyse {method.slug}", VERSION, parameters, seed),
        asked=asked,
        records=chosen.count,
        shown=answer.table,
        layer=answer.layer,
        notes=answer.notes,
        checks=checks,
        pictures=answer.pictures,
    )


def title(method: Method, chosen: Chosen) -> Message:
    """What was asked, of which records, in one line."""
    what = category_name(chosen.analysis.category, chosen.kinds)
    without = in_text(chosen.aside.left_out)
    return msg(
        "{method}: {category:low}, {place}, {since:month} to {until:month}",
        method=method.title, place=chosen.place,
        category=msg("{all} without {categories:list}", all=what, categories=without) if without else what,
        since=chosen.months[0], until=chosen.months[-1],
    )  # fmt: skip


def category_name(slug: str, kinds: tuple[str, ...]) -> Message:
    """A category's title; for all of them, which kinds of record they are."""
    if slug:
        return catalogue.category(slug).title
    if set(kinds) == {"crime", "asb"}:
        return msg("all crime and anti-social behaviour")
    return msg("all records of the kinds {kinds:list}", kinds=list(kinds))
