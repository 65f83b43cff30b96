from __future__ import annotations

import pytest

from forestall.text import probability


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
