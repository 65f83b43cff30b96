"""What a signal says in plain words: why it was raised, and what to beware of."""

from __future__ import annotations

from collections.abc import Sequence

from forestall import catalogue
from forestall.places import Places
from forestall.text import Message, Name, msg, msg_n


def place_name(places: Places, codes: Sequence[str], centre: str | None = None) -> Message:
    """Names of up to two wards or towns that hold most of the areas, or of the areas themselves."""
    if len(codes) == 1:
        ward = places.parent(codes[0], "ward")
        if ward:
            return msg("{ward} ({area})", ward=_name(places, ward), area=_name(places, codes[0]))
        return msg("{names:list}", names=[_name(places, codes[0])])
    for level in ("ward", "msoa"):
        parents = [places.parent(c, level) for c in codes]
        named = [p for p in parents if p]
        if len(named) < len(codes):
            continue
        order = sorted(set(named), key=lambda p: (-named.count(p), named.index(p)))
        if len(order) <= 2:
            return msg("{names:list}", names=[_name(places, p) for p in order])
        return msg_n(
            "{first} and {second}, with part of {n:count} more ward",
            "{first} and {second}, with parts of {n:count} more wards",
            n=len(order) - 2,
            first=_name(places, order[0]),
            second=_name(places, order[1]),
        )
    if len(codes) <= 2:
        return msg("{names:list}", names=[_name(places, c) for c in codes])
    return msg("{first} and {n:count} areas around it", first=_name(places, centre or codes[0]), n=len(codes) - 1)


def _name(places: Places, code: str) -> Name:
    english, welsh = places.name(code), places.name(code, "cy")
    return Name(english, "" if welsh == english else welsh)


def span(since: str, until: str) -> Message:
    if since == until:
        return msg("in {month:month}", month=since)
    return msg("from {since:month} to {until:month}", since=since, until=until)


def between(interval: tuple[float, float], ratio: float) -> Message:
    """An interval in words; one that is all but open above says so."""
    if interval[1] > 100 * ratio:
        return msg("{low:ratio} or more", low=interval[0])
    return msg("{low:ratio} to {high:ratio}", low=interval[0], high=interval[1])


def title(category: str) -> Message:
    return catalogue.category(category).title


def rising(category: str, place: Message, since: str, until: str, observed: int, expected: float, ratio: float,
           interval: tuple[float, float]) -> Message:  # fmt: skip
    return msg(
        "{category}: {observed:count} recorded in {place} {when}, where the area's own "
        "history and the force's trend and season lead one to expect {expected:decimal}. That is {ratio:ratio} times as "
        "many ({interval}).",
        category=title(category), observed=observed, place=place, when=span(since, until), expected=expected,
        ratio=ratio, interval=between(interval, ratio),
    )  # fmt: skip


def force_wide(category: str, since: str, until: str, observed: int, expected: float, ratio: float,
               interval: tuple[float, float], seasonal: bool) -> Message:  # fmt: skip
    figures = msg(
        "{category}: {observed:count} recorded in the whole force area {when}, where "
        "{expected:count} were to be expected. That is {ratio:ratio} times as many ({interval}).",
        category=title(category), observed=observed, when=span(since, until), expected=expected,
        ratio=ratio, interval=between(interval, ratio),
    )  # fmt: skip
    if seasonal:
        return msg("{figures} What was to be expected comes from its earlier level and season.", figures=figures)
    return msg(
        "{figures} What was to be expected comes from its earlier level alone: the history is too short to know the "
        "season.",
        figures=figures,
    )


def concentrated(category: str, place: Message, areas: int, share: float, chance: float, since: str, until: str,
                 observed: int, kept: int, quarters: int, people: bool) -> Message:  # fmt: skip
    figures = msg(
        "{category}: {share:percent} of the force's records ({observed:count}) lay in {areas:count} of its areas, {place}, "
        "{when}.",
        category=title(category), share=share, observed=observed, areas=areas, place=place,
        when=span(since, until),
    )  # fmt: skip
    if people:
        fair = msg("In proportion to residents it would be {chance:percent}.", chance=chance)
    else:
        fair = msg("Spread evenly over areas it would be {chance:percent}.", chance=chance)
    return msg(
        "{figures} {fair} It held more than twice that in {kept:count} of the last {quarters:count} quarters.",
        figures=figures, fair=fair, kept=kept, quarters=quarters,
    )  # fmt: skip


def chosen() -> Message:
    return msg(
        "It was picked as the strongest of very many places and spells that were tried, so its true size is likely smaller."
    )


def not_established() -> Message:
    return msg("Chance alone would show a rise as strong as this too often for it to count as established.")


def few(observed: int) -> Message:
    return msg("Few records: {observed:count}. One event more or less changes the picture.", observed=observed)


def origin_unknown() -> Message:
    return msg(
        "These records don't say who reported them; where the police found them by looking, more of them may only mean "
        "more looking."
    )


def own_season() -> Message:
    return msg("The same months of earlier years stood as high here, so this may be the area's own season.")


def crossed_turnover(month: str) -> Message:
    return msg(
        "Map points or street names were replaced in {month:month}. These areas passed a test of continuity, but look at "
        "the streets before believing the figures across that month.",
        month=month,
    )


def set_aside(since: str, until: str) -> Message:
    return msg(
        "Months from {since:month} to {until:month} were set aside as a suspected recording event and count nowhere here.",
        since=since, until=until,
    )  # fmt: skip


def one_place(place: Message) -> Message:
    return msg("Much of it is the rise in {place}, which is listed on its own.", place=place)


def unplaced(n: int) -> Message:
    return msg_n(
        "{n:count} more record of the force has no area, or lies outside the force's own, and is not counted.",
        "{n:count} more records of the force have no area, or lie outside the force's own, and are not counted.",
        n=n,
    )


def residents() -> Message:
    return msg(
        "Residents are a poor yardstick for a town centre, where most victims and offenders live elsewhere; compare it "
        "with other centres."
    )


def category_note(category: str) -> Message | None:
    return catalogue.category(category).note


def falling(category: str, place: Message, since: str, until: str, observed: int, expected: float, ratio: float,
            interval: tuple[float, float]) -> Message:  # fmt: skip
    return msg(
        "{category}: {observed:count} recorded in {place} {when}, where the area's own history and the force's course lead "
        "one to expect {expected:decimal}. That is {ratio:ratio} times as many ({interval}): it fell.",
        category=title(category), observed=observed, place=place, when=span(since, until), expected=expected,
        ratio=ratio, interval=between(interval, max(ratio, 0.01)),
    )  # fmt: skip


def outlier(category: str, place: Message, since: str, until: str, observed: int, expected: float, ratio: float,
            interval: tuple[float, float], peers: int) -> Message:  # fmt: skip
    return msg(
        "{category}: {observed:count} recorded in {place} {when}, where {expected:decimal} would be usual for as many "
        "residents, going by {peers:count} areas of its kind. That is {ratio:ratio} times as many ({interval}), and "
        "further above than such areas differ.",
        category=title(category), observed=observed, place=place, when=span(since, until), expected=expected,
        ratio=ratio, interval=between(interval, ratio), peers=peers,
    )  # fmt: skip


def seasonal(category: str, place: Message, ahead: tuple[str, str], years: int, over: float, observed: int, coming: float,
             low: int, high: int) -> Message:  # fmt: skip
    return msg(
        "{category}: a season of {place}'s own is about to come back. Over {years:count} years, these months held "
        "{over:ratio} times as many records as its other months and the force's season lead one to expect; the last time "
        "it was {observed:count}. {when} about {coming:count} are to be expected ({low:count} to {high:count}).",
        category=title(category), place=place, years=years, over=over, observed=observed,
        when=msg("From {since:month} to {until:month}", since=ahead[0], until=ahead[1]), coming=coming, low=low, high=high,
    )  # fmt: skip


def fall_not_established() -> Message:
    return msg("Chance alone would show a fall as strong as this too often for it to count as established.")


def outlier_not_established() -> Message:
    return msg("Areas of its kind differ so much that this could be chance.")


def season_not_established() -> Message:
    return msg("Chance alone would show a season as strong as this too often for it to count as established.")


def few_years(years: int) -> Message:
    return msg("Only {n:count} years are known: a season wants three or more to be believed.", n=years)


def own_low_season() -> Message:
    return msg("The same months of earlier years stood as low here, so this may be the area's own season.")


def fall_in_reporting() -> Message:
    return msg(
        "A fall can be a fall in reporting or recording: ask residents and look at calls before calling it a success."
    )


def late(since: str, until: str) -> Message:
    return msg("Reports still come in for what happened {when}: that is left out here.", when=span(since, until))


def of_a_kind() -> Message:
    return msg(
        "Areas of a kind are of one nation and as densely lived in; what else differs between them isn't known here, and "
        "where many come who don't live there, residents are the wrong yardstick."
    )


def burst_not_established() -> Message:
    return msg(
        "The same places and days dealt anew would bring as many near pairs too often for it to count as established."
    )


def one_cause() -> Message:
    return msg(
        "Places and times don't say who: one offender coming back, or a place at risk for a while, look the same here."
    )
