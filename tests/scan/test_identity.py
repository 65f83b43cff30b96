"""A signal keeps its name while it is the same problem, and only then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_force import signal

from forestall.results import Reason
from forestall.scan import identity

BEFORE = signal(id="earlier001", areas=("a", "b", "c", "d"), since="2022-03", until="2022-05")


def renamed(**kw: object) -> bool:
    [now] = identity.name([signal(since="2022-05", until="2022-06", **kw)], [BEFORE])
    return now.id != BEFORE.id


@pytest.mark.parametrize(
    "areas",
    [("a", "b", "c", "d"), ("d", "c"), ("a", "b", "x", "y"), ("a",), ("a", "x"), (*"abcd", *"uvwxyz")],
)
def test_half_of_the_smaller_set_shared_is_the_same_problem(areas: tuple[str, ...]) -> None:
    assert not renamed(areas=areas)


@pytest.mark.parametrize("areas", [("a", "x", "y"), ("x",), ("a", *"uvwxyz")])
def test_less_than_half_shared_is_another(areas: tuple[str, ...]) -> None:
    assert renamed(areas=areas)


def test_another_kind_or_category_is_another() -> None:
    assert renamed(kind="concentrated")
    assert renamed(category="robbery")


@pytest.mark.parametrize(
    ("since", "until", "same"),
    [
        ("2022-05", "2022-06", True),  # overlaps
        ("2022-06", "2022-07", True),  # begins the month after
        ("2022-07", "2022-08", False),  # a month lies between
        ("2022-01", "2022-02", True),  # ends the month before: a scan into the past
        ("2021-12", "2022-01", False),
    ],
)
def test_windows_must_touch(since: str, until: str, same: bool) -> None:
    now = signal(since=since, until=until)
    assert identity.same(now, BEFORE) is same
    assert identity.same(BEFORE, now) is same
    assert (identity.name([now], [BEFORE])[0].id == BEFORE.id) is same


def test_a_first_id_is_the_same_for_the_same_problem_and_hangs_on_what_it_is() -> None:
    plain = identity.first_id(signal())
    assert plain == identity.first_id(signal(observed=1, until="2022-08", areas=("a", "z")))
    others = [signal(kind="force-wide"), signal(category="robbery"), signal(areas=("b", "a")), signal(since="2022-05")]
    assert len({plain, *map(identity.first_id, others)}) == 5
    assert len(plain) == 10
    int(plain, 16)


def test_the_name_stays_where_another_kind_comes_to_lead() -> None:
    two = signal(id="earlier001", reasons=(Reason.of(signal(kind="concentrated", areas=("a", "b"))),))
    turned = signal(kind="concentrated", areas=("a", "b"), reasons=(Reason.of(signal()),))
    alone = signal(kind="concentrated", areas=("a", "b"))
    assert [identity.name([s], [two])[0].id for s in (turned, alone)] == ["earlier001", "earlier001"]
    assert identity.name([signal(kind="outlier")], [two])[0].id != "earlier001"
    assert identity.name([replace(alone, category="robbery")], [two])[0].id != "earlier001"
    assert identity.name([replace(alone, since="2023-01", until="2023-02")], [two])[0].id != "earlier001"


def test_of_two_that_were_one_the_kind_that_led_keeps_the_name() -> None:
    two = signal(id="earlier001", reasons=(Reason.of(signal(kind="concentrated")),))
    weaker, leader = identity.name([signal(kind="concentrated"), signal()], [two])
    assert leader.id == "earlier001"
    assert weaker.id == identity.first_id(weaker)


def test_no_two_signals_of_a_scan_share_an_id() -> None:
    twins = [signal(), signal(), signal(areas=("a",))]
    assert len({s.id for s in identity.name(twins, [])}) == 3
    assert len({s.id for s in identity.name(twins, [BEFORE])}) == 3
    assert [s.id for s in identity.name(twins, [BEFORE])].count(BEFORE.id) == 1


def test_of_two_parts_the_stronger_keeps_the_name() -> None:
    first, second = identity.name([signal(areas=("a", "b")), signal(areas=("c", "d"))], [BEFORE])
    assert first.id == BEFORE.id
    assert second.id == identity.first_id(second) != BEFORE.id


def test_only_the_id_changes() -> None:
    [named] = identity.name([signal()], [])
    assert named == signal(id=named.id)
