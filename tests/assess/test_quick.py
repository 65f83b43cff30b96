"""The quick test of one place: rates by the exact test, a chart whose clock is cut at the start, and no claim beyond
that."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as ss

from forestall.assess import quick
from forestall.assess._words import LONGEST, Answer, read_words
from forestall.assess.quick import days_between, read_events
from forestall.errors import ForestallError
from forestall.stats.rates import rate_ratio
from forestall.stats.shewhart import control_chart
from stats.showing import shows_itself

YEARS: dict[str, Any] = {"first": "2025-04-01", "start": "2026-04-01", "last": "2027-03-31"}
DAY0 = dt.date(2025, 4, 1)


def events(chance_before: float, chance_after: float, seed: int = 1, days: int = 730, start: int = 365) -> list[str]:
    rng = np.random.default_rng(seed)
    chance = np.where(np.arange(days) < start, chance_before, chance_after)
    return [(DAY0 + dt.timedelta(int(i))).isoformat() for i in np.flatnonzero(rng.random(days) < chance)]


def test_rates_and_their_interval_are_those_of_the_exact_test() -> None:
    """31 events in a year and 12 in the next, spread evenly, so that nothing clumps: Clopper and Pearson's, by SciPy."""
    before = [(DAY0 + dt.timedelta(11 * i)).isoformat() for i in range(31)]
    after = [(DAY0 + dt.timedelta(365 + 30 * i)).isoformat() for i in range(12)]
    made = days_between(before + after, **YEARS)
    assert (made.before.events, made.after.events, made.before.days, made.after.days) == (31, 12, 365, 365)
    assert made.dispersion == 1
    share = ss.binomtest(12, 43).proportion_ci(0.95, "exact")
    assert made.estimate == pytest.approx(12 / 31)
    assert made.interval == pytest.approx((share.low / (1 - share.low), share.high / (1 - share.high)))
    assert math.isnan(made.p_value)
    assert math.isnan(made.standard_error)


def test_gaps_by_hand_with_the_clock_cut_at_the_start() -> None:
    days = ["2026-01-04", "2026-01-10", "2026-01-10", "2026-01-20", "2026-02-10", "2026-02-15"]
    made = days_between(days, first="2026-01-01", start="2026-02-01", last="2026-03-01")
    assert made.control is not None
    # From 1 January: 3, 6, 0, 10; from 1 February anew: 9, 5. The spell of 21 days across the start is nobody's.
    assert made.control.values.tolist() == [3, 6, 0, 10, 9, 5]
    assert made.control.baseline == (0, 4)
    assert made.begins == 4
    assert made.quiet == 14
    twin = control_chart([3, 6, 0, 10, 9, 5], kind="days_between", baseline=4, seed=0)
    assert made.control.upper == pytest.approx(twin.upper)


def test_spells_cut_at_the_start_do_not_look_long() -> None:
    """Nothing changes: the first spell after the start is as long as any, on average; uncut it would be almost twice as
    long."""
    cut, uncut, others = [], [], []
    for seed in range(400):
        days = [dt.date.fromisoformat(e) for e in events(0.05, 0.05, seed)]
        start = DAY0 + dt.timedelta(365)
        later, earlier = [d for d in days if d >= start], [d for d in days if d < start]
        if later and earlier:
            cut.append((later[0] - start).days)
            uncut.append((later[0] - earlier[-1]).days)
            others += [(b - a).days for a, b in itertools.pairwise(earlier)]
    assert np.mean(cut) == pytest.approx(19.0, abs=3.0)
    assert np.mean(uncut) > 1.6 * np.mean(others)
    made = days_between(events(0.05, 0.05, 3), **YEARS)
    assert made.control is not None
    assert made.control.values[made.begins] == cut[3]


@pytest.mark.parametrize("clump", [1, 3])
def test_intervals_cover_whether_or_not_events_clump(clump: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events come alone, or in clumps of three on average within a week: the truth of no change is held as promised."""
    monkeypatch.setattr(quick, "control_chart", lambda *_, **__: None)
    held, plain = 0, 0
    for seed in range(400):
        rng = np.random.default_rng([clump, seed])
        found: list[dt.date] = []
        for at in rng.integers(0, 730, rng.poisson(730 * 0.12 / clump)):
            for j in rng.integers(0, 7, 1 + rng.poisson(clump - 1)):
                found.append(DAY0 + dt.timedelta(min(729, int(at + j))))
        made = days_between(found, **YEARS)
        held += made.interval[0] <= 1 <= made.interval[1]
        x = rate_ratio(made.after.events, made.before.events)
        plain += x.interval[0] <= 1 <= x.interval[1]
    assert 0.92 < held / 400 < 0.995
    if clump == 3:
        assert plain / 400 < 0.85


def test_a_place_that_was_chosen_at_its_peak_falls_by_itself() -> None:
    """Of 40 places in which nothing is done, the one with the worst last quarter is chosen: it seems to improve, unless
    that quarter is set aside."""
    naive, aside = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(8, (40, 8))  # quarters: four before, four after
        worst = counts[counts[:, 3].argmax()]
        found = [f"{2025 + (3 + 3 * q) // 12}-{(3 + 3 * q) % 12 + 1:02}-15" for q, n in enumerate(worst) for _ in range(n)]
        naive.append(days_between(found, **YEARS).estimate)
        aside.append(days_between(found, chosen_from="2026-01-01", **YEARS).estimate)
    assert np.mean(naive) < 0.9
    assert np.mean(aside) == pytest.approx(1.0, abs=0.08)


def test_months_are_counted_and_a_month_cut_by_the_start_is_left_out() -> None:
    found = [e[:7] for e in events(0.1, 0.03)]
    made = days_between(found, **{**YEARS, "start": "2026-04-10"})
    assert made.precision == "month"
    assert made.before.last == "2026-03-31"
    assert made.after.first == "2026-05-01"
    assert made.before.events == sum(e < "2026-04" for e in found)
    assert made.after.events == sum(e > "2026-04" for e in found)
    assert made.quiet is None
    assert made.control is not None
    assert made.control.kind in ("poisson", "overdispersed")
    assert made.control.values[: made.begins].sum() == made.before.events
    whole = days_between(found, **YEARS)
    assert whole.after.first == "2026-04-01"
    assert (whole.before.days, whole.after.days) == (365, 365)
    short = days_between(found, **{**YEARS, "first": "2025-04-01", "last": "2027-03-20"})
    assert short.after.last == "2027-02-28"


def test_what_is_set_aside_is_in_neither_rate() -> None:
    found = events(0.1, 0.1)
    made = days_between(found, chosen_from="2026-01-01", **YEARS)
    assert made.aside is not None
    assert made.before.events + made.aside.events + made.after.events == len(found)
    assert (made.aside.first, made.aside.last) == ("2026-01-01", "2026-03-31")
    assert made.control is not None
    assert made.control.baseline[1] == made.before.events
    assert len(made.table().rows) == 3
    monthly = days_between([e[:7] for e in found], chosen_from="2026-01-01", **YEARS)
    assert monthly.aside is not None
    assert monthly.aside.days == 90


def test_a_fall_shows_and_nothing_is_claimed() -> None:
    made = days_between(events(0.15, 0.02), **YEARS)
    assert made.interval[1] < 1
    assert any(s.at >= made.begins for s in made.control.signals) if made.control else False
    text = made.explain()
    assert "less often" in text
    assert "can't show that the response caused anything" in text
    assert "no p-value" in text
    assert "set it aside" in text
    assert "No clear change" in days_between(events(0.05, 0.05), **YEARS).explain()
    assert "more often" in days_between(events(0.02, 0.2), **YEARS).explain()


def test_seasons_are_compared_with_the_same() -> None:
    def season(first: str, start: str, last: str) -> bool:
        made = days_between([], first=first, start=start, last=last)
        return next(c for c in made.checks if c.name == "season").passed

    assert season("2025-04-01", "2026-04-01", "2027-03-31")
    assert season("2024-04-01", "2026-04-01", "2027-03-31")
    assert not season("2025-10-01", "2026-04-01", "2026-09-30")
    assert not season("2026-03-20", "2026-04-01", "2026-04-12")
    assert not season("2024-10-01", "2026-04-01", "2027-03-31")


def test_words_are_short_and_name_nobody() -> None:
    said = [
        Answer("resident", "better", "Mrs Jones next door walks her dog again,  ring me on 01633 400500"),
        Answer("victim", "same", ""),
        Answer("business", "worse", "They moved to the shop."),
    ]
    made = days_between(events(0.1, 0.1), words=said, asked=9, **YEARS)
    text = made.explain()
    assert "Of 9 asked, 3 answered: 1 found it better, 1 the same, 1 worse, and 0 could not say." in text
    assert "So few answers are no survey" in text
    assert "[name] next door walks her dog again, ring me on [phone]" in text
    assert "Jones" not in text
    assert "nobody answered" in days_between([], asked=4, **YEARS).explain()
    assert "Nobody there was asked" in days_between([], **YEARS).explain()
    many = days_between([], words=[Answer("resident", "better")] * 30, asked=50, **YEARS)
    assert "no survey" not in many.explain()


@pytest.mark.parametrize(
    ("found", "options"),
    [
        (events(0.15, 0.03), {}),
        ([e[:7] for e in events(0.15, 0.03)], {}),
        ([], {}),
        (["2026-09-01"], {}),
        (["2025-09-01"], {"words": [Answer("other", "unsure", "Hard to say")], "asked": 2}),
        (["2025-09-01"] * 5, {}),
        (["2025-04-01"] * 5, {}),
        (events(0.2, 0.2), {"chosen_from": "2026-02-01"}),
    ],
    ids=["days", "months", "none", "one after", "one before", "one day", "first day", "aside"],
)
def test_a_quick_test_shows_itself(found: list[str], options: dict[str, Any]) -> None:
    made = days_between(found, **YEARS, **options)
    shows_itself(made)


def test_nothing_says_nothing() -> None:
    made = days_between([], **YEARS)
    assert math.isnan(made.estimate)
    assert "Nothing happened in either" in made.explain()
    assert made.control is None
    assert "Too few events" in made.explain()
    assert "Nothing happened before" in days_between(["2026-09-01"], **YEARS).explain()


# Files and bad input.


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"start": "2025-04-01"}, "must follow each other"),
        ({"last": "2026-03-31"}, "must follow each other"),
        ({"chosen_from": "2026-05-01"}, "must follow each other"),
        ({"chosen_from": "2025-04-01"}, "must follow each other"),
        ({"first": "April"}, "first is 'April'"),
        ({"start": "2026-02-30"}, "start is '2026-02-30'"),
        ({"found": ["2025-03-31"]}, "lies outside 2025-04-01"),
        ({"found": ["2027-04"]}, "lies outside 2025-04-01"),
        ({"found": ["2025-05-01", "2025-06"]}, "some their month alone"),
        ({"found": ["yesterday"]}, "an event is 'yesterday'"),
        ({"found": ["2026-03"], "first": "2026-03-20", "last": "2026-06-30"}, "no whole month"),
        ({"words": [Answer("resident", "same")], "asked": 0}, r"more people answered \(1\) than were asked \(0\)"),
    ],
)
def test_what_can_t_be_tested_says_why(changed: dict[str, Any], said: str) -> None:
    given = {"found": events(0.1, 0.1), **YEARS, **changed}
    with pytest.raises(ForestallError, match=said):
        days_between(given.pop("found"), **given)


def test_events_and_words_are_read_from_files(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text("date,what\n2026-05-03,fire\n2026-05-04T10:00,fire\n2026-06,\n", encoding="utf-8")
    assert read_events(path) == ("2026-05-03", "2026-05-04", "2026-06")
    path.write_text("date\n2026-05-03\n3 May\n", encoding="utf-8")
    with pytest.raises(ForestallError, match="line 3: '3 May' is no day"):
        read_events(path)
    path.write_text("who,found,said\nvictim,better,I sleep again\n", encoding="utf-8")
    assert read_words(path) == (Answer("victim", "better", "I sleep again"),)
    for row, said in (
        ("mayor,better,", "line 2: who answered must be one of"),
        ("victim,good,", "line 2: what they found must be one of"),
        (f"victim,better,{'a ' * LONGEST}", "line 2: a quotation of"),
        (",better,", "line 2: who is empty"),
    ):
        path.write_text(f"who,found,said\n{row}\n", encoding="utf-8")
        with pytest.raises(ForestallError, match=said) as caught:
            read_words(path)
        assert str(caught.value).count("line 2") == 1
