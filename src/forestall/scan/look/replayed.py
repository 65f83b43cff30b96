"""The last months replayed: what the scan would have said, how it came out, and whether last year's counts did better."""

from __future__ import annotations

from forestall import catalogue
from forestall.report import document as d
from forestall.results import Column, Table
from forestall.scan.look.ground import Ground
from forestall.scan.replay import Pick, Replay, verdict_text
from forestall.text import Message, msg, msg_n

OUTCOMES = {
    "hit": msg("went on"),
    "above": msg("unclear"),
    "miss": msg("did not go on"),
}


def lead(replay: Replay | None) -> Message:
    """One sentence for the top of the page."""
    if replay is None:
        return msg("These files are too few months to replay the past, so how far to trust the list is not known.")
    score, naive = replay.score(), replay.score(naive=True)
    if not score.pairs:
        return msg(
            "Replayed over {n:count} months, the scan would have listed no rise that can be followed.", n=len(replay.months)
        )
    return msg(
        "Replayed over the last {n:count} months, {hits:count} of its {pairs:count} listings went on beyond chance, "
        "against {naive:count} for last year's counts. {verdict}",
        n=len(replay.months), hits=score.hits, pairs=score.pairs, naive=naive.hits, verdict=verdict_text(replay),
    )  # fmt: skip


def section(replay: Replay | None, ground: Ground) -> d.Section:
    label = msg("The past replayed")
    if replay is None:
        title = msg("{n:count} months are too few to replay: a scan needs more than a year behind it", n=len(ground.months))
        return d.Section("replayed", title, (), label)
    blocks: list[d.Block] = [
        d.Paragraph(
            msg(
                "For the end of each month from {first:month} to {last:month} the scan was run on what the records "
                "held until then. Its list is its {listed:count} strongest rises, all established ones among them. "
                "Each was set beside the usual alternative: as many areas of the same category with the most records "
                "in the twelve months before. Both were followed for up to {horizon:count} months.",
                listed=replay.listed,
                first=replay.months[0], last=replay.months[-1], horizon=replay.horizon,
            )
        )
    ]  # fmt: skip
    if replay.skipped:
        blocks.append(
            d.Paragraph(msg_n("{n:count} month had too little history before it to be replayed.",
                              "{n:count} months had too little history before them to be replayed.", len(replay.skipped)))
        )  # fmt: skip
    if replay.score().pairs:
        blocks += [d.TableBlock(scoreboard(replay), "replay-score"), _figure(replay), _plainly(replay)]
    blocks.append(d.Heading(msg("What it would have said, month by month")))
    blocks.append(d.TableBlock(log(replay), "replay"))
    blocks.append(d.More(msg("Every listing, with its area codes"), (d.TableBlock(replay.table(), "replay-listings"),)))
    blocks.append(_how(replay))
    return d.Section("replayed", _title(replay), tuple(blocks), label)


def _title(replay: Replay) -> Message:
    score, naive = replay.score(), replay.score(naive=True)
    if not score.pairs:
        return msg("Nothing that the scan would have listed can be followed")
    match replay.verdict():
        case "few":
            return msg("Too few rises to tell whether the scan beats last year's counts")
        case "scan":
            return msg(
                "The scan beat last year's counts: {hits:count} against {naive:count} of {n:count} went on beyond chance",
                hits=score.hits, naive=naive.hits, n=score.pairs,
            )  # fmt: skip
        case "naive":
            return msg(
                "The scan did worse than last year's counts: {hits:count} against {naive:count} of {n:count} went on",
                hits=score.hits, naive=naive.hits, n=score.pairs,
            )  # fmt: skip
        case _:
            return msg(
                "The scan isn't shown to beat last year's counts: {hits:count} against {naive:count} of {n:count} went "
                "on, and chance could have done that",
                hits=score.hits, naive=naive.hits, n=score.pairs,
            )  # fmt: skip


def scoreboard(replay: Replay) -> Table:
    """Both lists' scores, side by side."""
    columns = (
        Column("list", msg("List")),
        Column("listings", msg("Listings"), msg("scored"), True),
        Column("hits", msg("Went on"), msg("beyond chance"), True),
        Column("above", msg("Unclear"), msg("above, within chance"), True),
        Column("misses", msg("Did not go on"), None, True),
        Column("observed", msg("Recorded next"), msg("count"), True),
        Column("expected", msg("Expected next"), msg("count"), True),
        Column("share", msg("Share held"), msg("% of the force's"), True),
        Column("area_share", msg("Areas"), msg("% of all"), True),
    )
    rows = []
    lists = (
        (msg("The scan's list"), replay.score()),
        (msg("of it, established rises"), replay.score(established=True)),
        (msg("Last year's counts"), replay.score(naive=True)),
    )
    for name, s in lists:
        rows.append((name, s.pairs, s.hits, s.above, s.misses, s.observed, s.expected, s.share * 100, s.area_share * 100))
    return Table(columns, tuple(rows), msg("Hits and misses of both lists"))


def log(replay: Replay) -> Table:
    """What was said at the end of each month, months of silence included."""
    columns = (
        Column("month", msg("At the end of")),
        Column("said", msg("The scan would have said")),
        Column("since", msg("Since")),
        Column("observed", msg("Next"), msg("recorded"), True),
        Column("expected", msg("Next"), msg("expected"), True),
        Column("outcome", msg("It came out")),
        Column("naive_observed", msg("Last year's counts"), msg("recorded next"), True),
        Column("naive_expected", msg("Last year's counts"), msg("expected next"), True),
        Column("naive_outcome", msg("It came out")),
    )
    rows: list[tuple[object, ...]] = []
    for month in replay.months:
        picks = [p for p in replay.picks if p.month == month]
        claims = [p for p in picks if p.established]
        if not claims:
            rows.append((month, msg("nothing established"), None, None, None, None, None, None, None))
        rows += [_claim(p) for p in claims]
        rest = [p for p in picks if not p.established and p.scored]
        if rest:
            rows.append(_candidates(month, rest, replay))
    return Table(columns, tuple(rows), msg("Listed month by month, and what came next"))


def _claim(p: Pick) -> tuple[object, ...]:
    said = msg("{category}: {place}", category=catalogue.category(p.category).title, place=p.place)
    if p.scan is None or p.naive is None:
        return (p.month, said, p.since, None, None, msg("can't be scored"), None, None, None)
    return (
        p.month, said, p.since, p.scan.observed, p.scan.expected, OUTCOMES[p.scan.outcome], p.naive.observed,
        p.naive.expected, OUTCOMES[p.naive.outcome],
    )  # fmt: skip


def _candidates(month: str, picks: list[Pick], replay: Replay) -> tuple[object, ...]:
    mine, naive = (replay.score(side, month, established=False) for side in (False, True))
    said = msg_n("{n:count} candidate, not established", "{n:count} candidates, not established", len(picks))
    came = [msg("{hits:count} of {n:count} went on", hits=s.hits, n=s.pairs) for s in (mine, naive)]
    return (month, said, None, mine.observed, mine.expected, came[0], naive.observed, naive.expected, came[1])


def _figure(replay: Replay) -> d.Figure:
    mine, naive = replay.score(), replay.score(naive=True)
    chart = d.Chart(
        lambda language, width: replay.chart(language, width),
        msg("What came next, over what was to be expected, by month of the list"),
        msg(
            "Two lines by month. Above 1, the listed areas went on above their own past. Over all months the scan's "
            "list recorded {a:count} where {b:decimal} were to be expected, and last year's counts {c:count} where "
            "{e:decimal} were.",
            a=mine.observed, b=mine.expected, c=naive.observed, e=naive.expected,
        ),
    )  # fmt: skip
    return d.Figure(
        msg(
            "After it listed them, the scan's areas recorded {r:ratio} times what their past led one to expect; the "
            "areas of last year's counts {s:ratio} times",
            r=mine.observed / mine.expected if mine.expected else 0.0,
            s=naive.observed / naive.expected if naive.expected else 0.0,
        ),
        chart,
        note=msg("A month without a mark had no listing. Lists of few records swing widely."),
    )  # fmt: skip


def _plainly(replay: Replay) -> d.Callout:
    mine, naive = replay.score(), replay.score(naive=True)
    texts = [_explained(replay)]
    sure = replay.score(established=True)
    if sure.pairs:
        texts.append(
            msg(
                "Of the {n:count} listings that were established, {hits:count} went on beyond chance. Established "
                "means that it had risen, and not that it will last.",
                n=sure.pairs, hits=sure.hits,
            )
        )  # fmt: skip
    if naive.share > 1.5 * mine.share:
        texts.append(
            msg(
                "As a map of burden, last year's counts are plainly better: its areas held {naive:percent} of the "
                "force's next records of these categories, the scan's {mine:percent}. The lists answer different "
                "questions: where it is worst, and where it is getting worse.",
                naive=naive.share, mine=mine.share,
            )
        )  # fmt: skip
    return d.Callout(msg("Put plainly"), tuple(texts), "note")


def _explained(replay: Replay) -> Message:
    score, naive, first = replay.score(), replay.score(naive=True), replay.first()
    return msg(
        "Of {n:count} listings ({distinct:count} distinct rises, because a rise is listed again while it lasts), "
        "{hits:count} went on above their own past beyond chance, against {naive:count} of their twins; chance alone "
        "gives about one in ten. {verdict}",
        n=score.pairs, distinct=len(first), hits=score.hits, naive=naive.hits, verdict=verdict_text(replay),
    )  # fmt: skip


def _how(replay: Replay) -> d.Callout:
    return d.Callout(
        msg("How this is scored"),
        (
            msg(
                "What is to be expected next is the areas' share of the force's records before the rise, times what "
                "the force recorded next. A rise of the whole force so counts for neither list."
            ),
            msg(
                "A listing went on where the next months hold three records or more and stand above that by more than "
                "chance would show one time in ten. It is unclear where they stand above it by less, and did not go on "
                "where they don't."
            ),
            msg(
                "Months of suspected recording events, and areas whose map points changed, are scored for neither "
                "list. Listings near the end are followed for fewer than {horizon:count} months.",
                horizon=replay.horizon,
            ),
            msg(
                "Whether the lists differ is tested on distinct rises at their first listing, those that only one of "
                "the two got right (exact sign test, 10%)."
            ),
        ),
        "doubt",
    )
