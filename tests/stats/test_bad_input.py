"""Every public function of the bench with input that it can't use: a sentence that says what to mend, or a right answer.

The table below names each function with arguments that work. Each array of it is then spoilt, one at a time, in every way
that makes sense for what it holds. What comes back is either a ``ValueError`` whose sentence is ours, or a result without
a warning of the numerics beneath, which explains itself; what a spoilt array must never give stands in :data:`REFUSED`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import forestall.stats as stats

RNG = np.random.default_rng(5)
N = 60
MONTHS = np.arange("2019-01", "2024-01", dtype="datetime64[M]")
DAYS = np.datetime64("2023-01-01") + np.arange(400)
MINUTES = np.datetime64("2023-01-01T00:00") + RNG.integers(0, 60 * 24 * 300, N).astype("timedelta64[m]")
POINTS = {"x": RNG.uniform(0, 2000, N), "y": RNG.uniform(0, 2000, N)}
COUNTS = RNG.poisson(6, N).astype(float)
MONTHLY = RNG.poisson(40, MONTHS.size).astype(float)
GRID = stats.Neighbours.queen(6, 10)
CHART = stats.control_chart(MONTHLY, seed=1, draws=99)
HOT = np.linspace(0.1, 1, N)

#: Function: arguments that work. Arrays are told from settings by being arrays (or tuples of two arrays of points).
GOOD: dict[str, dict[str, Any]] = {
    "difference_in_differences": {
        "counts": RNG.poisson(9, (12, 10)).astype(float), "treated": np.arange(12) < 4, "first": 6, "draws": 99,
    },
    "displacement_quotient": {
        "treated": np.array([207.0, 110]), "control": np.array([308.0, 318]), "displacement": np.array([178.0, 157]),
    },
    "weighted_displacement": {
        "treated": np.array([207.0, 110]), "control": np.array([308.0, 318]), "displacement": np.array([178.0, 157]),
        "displacement_control": np.array([150.0, 140]), "time_weights": np.ones(2), "area_weights": np.ones(4),
    },
    "window_scatter": {"counts": RNG.poisson(9, (5, 24)).astype(float), "window": 6},
    "interrupted_series": {"counts": MONTHLY, "start": 36, "exposure": np.full(MONTHS.size, 30.0)},
    "synthetic_control": {"outcomes": RNG.poisson(9, (20, 36)).astype(float), "treated": 0, "pre": 24},
    "calibration_weights": {
        "counts": RNG.poisson(6, (N, 12)).astype(float), "treated": (np.arange(N) < 4).astype(float), "first_post": 8,
        "covariates": RNG.random(N), "draws": 39,
    },
    "pool_effects": {"effects": RNG.normal(-0.2, 0.2, 8), "standard_errors": np.full(8, 0.1)},
    "aoristic": {"begin": MINUTES, "end": MINUTES + np.timedelta64(90, "m"), "weights": np.ones(N)},
    "bank_holidays": {"first_year": 2020, "last_year": 2023, "extra": DAYS[:2]},
    "benjamini_hochberg": {"p": RNG.random(N)},
    "calendar_effects": {"dates": DAYS, "counts": RNG.poisson(9, 400).astype(float)},
    "change_point": {"counts": MONTHLY, "exposure": np.full(MONTHS.size, 30.0), "draws": 99},
    "change_points": {"counts": MONTHLY, "exposure": np.full(MONTHS.size, 30.0), "draws": 99},
    "circular_difference": {"first": RNG.uniform(0, 24, N), "second": RNG.uniform(0, 24, N), "draws": 99},
    "circular_summary": {"times": RNG.uniform(0, 24, N), "weights": np.ones(N)},
    "concentration": {"counts": COUNTS, "exposure": np.ones(N), "draws": 99},
    "concentration_stability": {"counts": RNG.poisson(6, (N, 3)).astype(float), "exposure": np.ones(N), "draws": 99},
    "conditional_interval": {"x1": 5.0, "x0": 6.0, "odds": 1.0},
    "control_chart": {"values": MONTHLY, "exposure": np.full(MONTHS.size, 30.0), "draws": 99},
    "density_ratio": {"cases": (POINTS["x"], POINTS["y"]), "controls": (POINTS["y"], POINTS["x"]), "cell": 100.0},
    "deprivation_rank": {"scores": RNG.random(N), "nation": "wales"},
    "e_test": {"x1": 6, "x0": 2},
    "easter": {"year": 2024},
    "extended": {"chart": CHART, "values": np.array([40.0, 41.0])},
    "fit_dispersion": {"counts": RNG.poisson(3, (N, 36)).astype(float), "near": stats.nearest(**POINTS, k=5)},
    "forecast": {"counts": MONTHLY, "exposure": np.full(MONTHS.size + 12, 30.0), "exclude": np.zeros(MONTHS.size, bool)},
    "forecast_hotspots": {**POINTS, "t": RNG.integers(0, 300, N).astype(float), "cell": 200.0, "weights": np.ones(N)},
    "funnel": {"counts": COUNTS, "exposure": np.full(N, 500.0)},
    "getis_ord": {"values": COUNTS, "neighbours": GRID},
    "gini": {"counts": COUNTS},
    "gini_expected": {"events": 50, "share": np.full(N, 1 / N)},
    "gini_generalised": {"gini": 0.5, "places": 60, "events": 100.0},
    "hotspot_accuracy": {"risk": HOT, "events_later": COUNTS, "areas": np.ones(N)},
    "kernel_density": {**POINTS, "cell": 100.0, "weights": np.ones(N)},
    "local_join_count": {"flags": (COUNTS > 6).astype(float), "neighbours": GRID},
    "local_moran": {"values": COUNTS, "neighbours": GRID},
    "lorenz": {"counts": COUNTS},
    "near_repeat": {
        **POINTS, "t": RNG.integers(0, 90, N).astype(float), "space_bands": np.array([0.0, 200, 400]),
        "time_bands": np.array([0.0, 7, 14]), "permutations": 19,
    },
    "near_repeat_chains": {
        **POINTS, "t": RNG.integers(0, 90, N).astype(float), "space_band": np.array([0.0, 400]),
        "time_band": np.array([0.0, 14]),
    },
    "nearest": {**POINTS, "k": 5},
    "paydays": {"first": DAYS[0], "last": DAYS[-1], "holidays": DAYS[:2]},
    "poisson_interval": {"count": COUNTS},
    "rate": {"count": 5.0, "exposure": 1000.0},
    "rate_ratio": {"x1": 5.0, "x0": 6.0},
    "rebased": {"chart": CHART, "at": 20, "reason": "new system", "by": "the analyst"},
    "repeats": {"ids": RNG.integers(0, 30, 400).astype(str), "t": DAYS, "weights": np.ones(400), "draws": 99},
    "residents_mislead": {"counts": COUNTS, "residents": np.full(N, 500.0)},
    "seasonality": {"months": MONTHS, "counts": MONTHLY, "draws": 99},
    "series_rise": {"counts": MONTHLY, "draws": 99},
    "shared_change": {"counts": RNG.poisson(9, (12, 48)).astype(float), "draws": 19},
    "shrunk_rates": {"counts": COUNTS, "exposure": np.full(N, 500.0)},
    "space_time_scan": {
        "counts": RNG.poisson(3, (N, 36)).astype(float), "neighbours": stats.nearest(**POINTS, k=5), "replicates": 19,
    },
    "standardised": {
        "counts": RNG.poisson(6, 4).astype(float), "population": np.full(4, 500.0), "standard": np.ones(4),
    },
}  # fmt: skip

FUNCTIONS = {n for n in stats.__all__ if inspect.isfunction(getattr(stats, n))}


def flat(a: np.ndarray, value: Any) -> np.ndarray:
    out = np.array(a)
    out.reshape(-1)[0] = value
    return out


SPOILT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "one missing": lambda a: flat(a, "NaT" if a.dtype.kind == "M" else np.nan),
    "all missing": lambda a: np.full(a.shape, "NaT" if a.dtype.kind == "M" else np.nan, a.dtype),
    "infinite": lambda a: flat(a, np.inf),
    "negative": lambda a: flat(a, -1),
    "empty": lambda a: a[:0],
    "a single one": lambda a: a[:1],
    "all the same": lambda a: np.full(a.shape, a.reshape(-1)[1], a.dtype),
    "all 0": lambda a: np.zeros(a.shape, a.dtype),
    "backwards": lambda a: a[::-1],
    "one twice": lambda a: np.concatenate([a[:2], a[1:]]),
    "of another length": lambda a: a[:-1],
    "huge": lambda a: flat(a, 1e9),
}
FITS = {
    "infinite": "f",
    "one missing": "fM",
    "all missing": "fM",
    "negative": "fi",
    "all 0": "f",
    "huge": "f",
}

#: (what it holds, how it is spoilt) that no function may answer. Missing times count as unknown, and of a monthly series a
#: missing month is a gap: those may be answered, and the answer says so.
WEIGHTS = {"weights", "exposure", "areas", "population", "residents", "standard", "share"}
TALLIES = {"counts", "events_later"}


def must_refuse(function: str, argument: str, how: str) -> bool:
    if argument in WEIGHTS:
        chosen = ("one missing", "all missing", "infinite", "negative", "of another length")
        return how in chosen or (how == "all 0" and argument != "residents")  # nobody lives in town: residents mislead
    if argument in TALLIES:
        gaps_allowed = ("seasonality", "calendar_effects", "forecast", "control_chart", "interrupted_series")
        series_with_gaps = function in gaps_allowed and "missing" in how
        return how in ("one missing", "all missing", "infinite", "negative", "empty") and not series_with_gaps
    if argument in ("space_bands", "time_bands", "space_band", "time_band"):
        return how in (
            "one missing",
            "all missing",
            "infinite",
            "negative",
            "backwards",
            "one twice",
            "empty",
            "a single one",
        )
    if argument in ("x", "y"):
        return how in ("one missing", "all missing", "infinite", "empty", "of another length")
    if argument in ("near", "neighbours"):
        return how == "negative"
    return how in ("empty", "all missing") and argument not in ("p", "scores", "extra", "holidays", "count")


def cases() -> list[tuple[str, str, str]]:
    out = []
    for name in sorted(GOOD):
        for argument, value in GOOD[name].items():
            if isinstance(value, np.ndarray):
                out += [(name, argument, how) for how in SPOILT if value.dtype.kind in FITS.get(how, "fiMUb")]
    return out


def test_every_public_function_is_in_the_table_and_its_arguments_work():
    assert set(GOOD) == FUNCTIONS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, arguments in GOOD.items():
            getattr(stats, name)(**arguments)


#: Words of the machinery beneath, which are no answer to a person.
FOREIGN = (
    "broadcast", "operand", "zero-size", "cannot convert", "could not convert", "out of bounds", "ufunc", "reshape",
    "setting an array", "object of too small depth", "truth value", "unpack", "attempt to get", "a_min",
    "must be 1-dimensional",
    "invalid value", "probabilities", "lam ", "shape mismatch", "high <= low",
)  # fmt: skip


def ask(function: str, given: dict[str, Any]) -> tuple[Any, str]:
    """The answer, or the sentence of a refusal. Warnings are errors here: nothing may go wrong beneath unsaid."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return getattr(stats, function)(**given), ""
        except ValueError as error:
            return None, str(error) or "refused without a word"


@pytest.mark.parametrize(("function", "argument", "how"), cases())
def test_spoilt_input_gets_a_sentence_or_a_right_answer(function, argument, how):
    given = dict(GOOD[function])
    given[argument] = SPOILT[how](given[argument])
    found, sentence = ask(function, given)
    if sentence:
        assert len(sentence.split()) >= 5, sentence
        assert not any(word in sentence for word in FOREIGN), sentence
        return
    assert not must_refuse(function, argument, how), found
    if hasattr(found, "explain"):
        for language in ("en", "cy"):
            told = found.explain(language)
            assert "nan" not in told.lower().split(), told
        found.table()


def test_no_neighbour_that_does_not_exist_reaches_the_machine():
    """Compiled code does not check its indices: one beyond the last place must be refused before."""
    counts = RNG.poisson(3, (4, 36))
    for near in (np.array([[0, 9]] * 4), np.array([[0.5, 1]] * 4), np.zeros((3, 2), int), np.zeros((4, 0), int)):
        for work in (stats.fit_dispersion, stats.space_time_scan):
            with pytest.raises(ValueError, match="row of indices from 0 to 3 for each of 4 areas"):
                work(counts, near)
    with pytest.raises(ValueError, match=r"neighbour 9 doesn't exist: there are 4 places"):
        stats.Neighbours.from_lists([[9], [0], [1], [2]])


def test_a_hundred_million_are_counted_in_bounded_memory_or_refused_in_a_sentence():
    many = 100_000_000
    place = np.full(8, many / 8)
    found = stats.concentration(place, draws=19)
    assert found.gini == 0 and found.half_share == 0.5  # noqa: PT018
    uneven = stats.concentration(place * np.arange(8), exposure=np.arange(1, 9), draws=19)
    assert uneven.gini_expected == pytest.approx(float(stats.gini(np.arange(1, 9))), rel=1e-4)
    low, high = stats.rate(many, many * 10).interval
    assert low < 100 < high
    with pytest.raises(ValueError, match="the scan takes up to 2,000,000 events an area"):
        stats.space_time_scan(np.full((4, 36), many), np.arange(4)[:, None])
    one = np.broadcast_to(np.float64(1.0), many)  # a hundred million views of one number: no memory
    with pytest.raises(ValueError, match="at most 10,000,000 events can be compared at once; found 100,000,000"):
        stats.near_repeat(one, one, one, space_bands=[0, 1], time_bands=[0, 1])


def test_one_event_all_at_one_point_and_identical_times_have_their_right_answers():
    one = stats.aoristic(np.array(["2024-03-04T10:30"], "datetime64[m]"))  # a Monday
    assert one.events == 1
    assert one.hours[10] == pytest.approx(1)
    assert one.peak is None or one.peak.p_value > 0.05  # a single event shows no habit
    with pytest.raises(ValueError, match="two events or more"):
        stats.near_repeat([0], [0], [0], space_bands=[0, 1], time_bands=[0, 1])
    together = stats.near_repeat(np.ones(9), np.ones(9), np.arange(9.0), space_bands=[0, 10], time_bands=[0, 2])
    assert together.observed[0].tolist() == together.expected[0].round(9).tolist() == [8, 28]
    assert not together.flagged.any()
    at_once = stats.near_repeat(np.arange(9.0), np.ones(9), np.ones(9), space_bands=[0, 2], time_bands=[0, 2])
    assert at_once.observed[1].tolist() == at_once.expected[1].round(9).tolist() == [8, 0]
    assert not at_once.flagged.any()
    at_one_hour = stats.circular_summary(np.full(20, 9.0))
    assert at_one_hour.mean == pytest.approx(9.0)
    heap = stats.kernel_density(
        np.full(50, 500.0), np.full(50, 500.0), cell=50.0, bandwidth=100.0, bounds=(0, 0, 1000, 1000)
    )
    assert heap.intensity.sum() * 50.0**2 / 1e6 == pytest.approx(50, rel=1e-3)


def test_what_lies_before_the_records_begin_is_refused_or_told():
    times = np.array(["2024-03-04T10:30", "2024-03-05T10:30"], "datetime64[m]")
    with pytest.raises(ValueError, match="lies outside since"):
        stats.aoristic(times, since="2024-03-05", until="2024-04-01")
    days = np.datetime64("2024-01-01") + np.arange(100)
    short = stats.repeats(np.repeat(["a", "b"], 50), days, window=30, lookback=365, records_from="2024-01-01", draws=99)
    assert short.repeat_share is None
    assert "How many were repeats is not known" in short.explain()
