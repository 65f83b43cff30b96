from __future__ import annotations

import pytest

from forestall.text import msg, probability


@pytest.mark.parametrize(
    ("p", "english", "welsh"),
    [
        (1.8e-08, "under 0.001", "llai na 0.001"),
        (0.0, "under 0.001", "llai na 0.001"),
        (0.001, "0.001", "0.001"),
        (0.0123, "0.012", "0.012"),
        (0.208, "0.21", "0.21"),
        (1.0, "1.00", "1.00"),
    ],
)
def test_a_small_probability_is_under_one_in_a_thousand(p: float, english: str, welsh: str) -> None:
    assert (probability(p), probability(p, "cy")) == (english, welsh)


def test_a_day_is_written_in_the_readers_language() -> None:
    words = msg("{day:day}", day="2027-05-03")
    assert (words.render(), words.render("cy")) == ("3 May 2027", "3 Mai 2027")
