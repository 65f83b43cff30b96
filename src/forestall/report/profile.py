"""A profile as a document: one page that an officer reads in two minutes, with what an analyst defends it by below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from forestall.report import document as d
from forestall.report.maps import amount
from forestall.results import Exhibit, Idea, Part, Profile, Side
from forestall.results.profile import standing_words
from forestall.text import Message, msg, msg_n

#: Standings of ideas that stand on the page itself; the others open when wanted.
ON_PAGE = ("fits", "mixed")


def document(profile: Profile, *, command: str | None = None, banner: Message | None = None) -> d.Document:
    """The page of a profile. ``command``: what makes it again."""
    s = profile.subject
    about = [
        msg("{category}, {place}", category=s.title, place=s.place),
        msg("{month:month}", month=s.since)
        if s.since == s.until
        else msg("{first:month} to {last:month}", first=s.since, last=s.until),
        msg("snapshot {id}", id=profile.snapshot),
    ]
    if profile.public:
        about.append(msg("public form"))
    sections = (
        d.Section("see", msg("Where and when"), _glance(profile), msg("Where and when")),
        d.Section("triangle", msg("The problem’s three sides"), _triangle(profile.triangle), msg("Three sides")),
        d.Section("ideas", msg("Ideas to test"), _ideas(profile.ideas), msg("Ideas")),
        d.Section("who", msg("Who is concerned, in counts only"), _part(profile.who), msg("Who")),
        d.Section("how", msg("How it is done"), _part(profile.how), msg("How")),
        d.Section("differs", msg("How this place differs"), _part(profile.differs), msg("Differs")),
        d.Section("weight", msg("Harm, cost and demand"), _part(profile.weight), msg("Weight")),
        d.Section("doubt", msg("How far to trust this"), _doubt(profile, command), msg("Doubt")),
    )
    lead = tuple(p.headline for p in (profile.where, profile.when, profile.differs))
    return d.Document(title=profile.headline, about=tuple(about), lead=lead, sections=sections, banner=banner)


def _glance(profile: Profile) -> tuple[d.Block, ...]:
    where = [_figure(e) for e in profile.where.exhibits]
    when = [_figure(e) for e in profile.when.exhibits]
    blocks: list[d.Block] = [_facts(profile.what)]
    if where and when:
        blocks.append(d.Beside((where[0],), (when[0],)))
        blocks += when[1:]
        blocks += _said(profile.where)
        blocks += _said(profile.when)
        blocks += [d.More(msg("More pictures and tables"), tuple(where[1:] + [_figure(e) for e in profile.what.exhibits]))]
    else:
        blocks += [*where, *when, *_said(profile.where), *_said(profile.when)]
    return tuple(b for b in blocks if not isinstance(b, d.More) or b.blocks)


def _facts(part: Part) -> d.Block:
    return d.Bullets((part.headline, *part.facts))


def _said(part: Part) -> list[d.Block]:
    out: list[d.Block] = []
    if part.facts:
        out.append(d.Bullets(part.facts))
    out += [d.Paragraph(m, "small") for m in part.missing]
    return out


def _part(part: Part) -> tuple[d.Block, ...]:
    blocks: list[d.Block] = [] if part.headline in part.missing else [d.Paragraph(part.headline)]
    return (*blocks, *_said(part), *(_figure(e) for e in part.exhibits))


def _triangle(sides: Iterable[Side]) -> tuple[d.Block, ...]:
    blocks: list[d.Block] = []
    for side in sides:
        blocks.append(d.Heading(side.title))
        blocks.append(
            d.Beside(
                (d.Paragraph(msg("What the records say"), "small"), d.Bullets(side.records)),
                (d.Paragraph(msg("What nobody knows yet"), "small"), d.Bullets((*side.unknown, side.controller))),
            )
        )
    return tuple(blocks)


def _ideas(ideas: tuple[Idea, ...]) -> tuple[d.Block, ...]:
    on_page = [i for i in ideas if i.standing in ON_PAGE]
    rest = [i for i in ideas if i.standing not in ON_PAGE]
    if not ideas:
        return (d.Paragraph(msg("No idea is suggested from such records.")),)
    blocks: list[d.Block] = [
        d.Paragraph(
            msg_n(
                "{n:count} idea has evidence for it. None is a cause until it is tested.",
                "{n:count} ideas have evidence for them. None is a cause until it is tested.",
                len(on_page),
            )
        )
    ]
    if on_page:
        blocks.append(d.Entries(tuple(_entry(n, i) for n, i in enumerate(on_page, 1))))
    if rest:
        lines = tuple(_line(i) for i in rest)
        blocks.append(d.More(msg("Ideas that the records speak against, or say nothing of"), (d.Bullets(lines),)))
    return tuple(blocks)


def _entry(number: int, idea: Idea) -> d.Entry:
    facts = [msg("For: {text}", text=m) for m in idea.evidence_for]
    facts += [msg("Against: {text}", text=m) for m in idea.evidence_against]
    test = d.Bullets((msg("Test it: {text}", text=idea.test), *(msg("Not known: {text}", text=m) for m in idea.unknown)))
    return d.Entry(
        number, idea.title, standing_words(idea.standing), tuple(facts), None, msg("How to test it"), (test,),
        idea.standing == "fits",
    )  # fmt: skip


def _line(idea: Idea) -> Message:
    """An idea with no evidence for it, in a line."""
    line = msg("{title}: {standing}.", title=idea.title, standing=standing_words(idea.standing))
    for evidence in idea.evidence_against:
        line = msg("{first} {second}", first=line, second=evidence)
    return line


def _doubt(profile: Profile, command: str | None) -> tuple[d.Block, ...]:
    blocks: list[d.Block] = []
    failed = tuple(c.text for c in profile.checks if not c.passed)
    if failed:
        blocks.append(d.Callout(msg("Before you use these figures"), failed, "doubt"))
    blocks += _part(profile.quality)
    blocks.append(d.Heading(msg("What can’t be told")))
    blocks.append(d.Bullets(profile.limits))
    blocks.append(d.Source(profile.provenance, (), command))
    return tuple(blocks)


def _figure(exhibit: Exhibit) -> d.Block:
    table = exhibit.table
    caption = table.caption or exhibit.headline
    if exhibit.kind is None:
        return d.TableBlock(table, exhibit.name)
    if exhibit.kind == "map" and exhibit.shapes:
        return d.Figure(exhibit.headline, _map(exhibit, caption), table, exhibit.name, exhibit.note)
    room = 200 if exhibit.kind in ("bars", "intervals") else 96

    def spec(language: str, width: int) -> Mapping[str, Any]:
        drawn = exhibit.chart(language, max(130, width - (room if width > 500 else min(room, 150))))
        assert drawn is not None
        return drawn

    return d.Figure(exhibit.headline, d.Chart(spec, caption, exhibit.headline), table, exhibit.name, exhibit.note)


def _map(exhibit: Exhibit, caption: Message) -> d.Map:
    shapes = exhibit.shapes or {}
    features = list(shapes.get("features", ()))
    if features and "n" in features[0].get("properties", {}):
        values: dict[str, float | None] = {f["properties"]["code"]: float(f["properties"]["n"]) for f in features}
    else:
        names = [c.name for c in exhibit.table.columns]
        code, n = names.index("code"), names.index("records")
        values = {r[code]: None if r[n] is None else float(r[n]) for r in exhibit.table.rows}
    return d.Map(
        shapes, caption, exhibit.headline, values, amount(values.values(), msg("records")), ground=shapes.get("ground")
    )
