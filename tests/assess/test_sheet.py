"""design.yaml and costs.yaml: each mistake gets one sentence with file, line and remedy; what is written is read back."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from forestall.assess import ledger, sheet
from forestall.errors import ForestallError
from forestall.results import Asked, Design, Effect, Evaluation, Fidelity, Option, Outcome
from forestall.results.design import Power
from forestall.text import msg

NAN = math.nan


def made(**changed: object) -> Design:
    fields: dict[str, object] = {
        "asked": Asked(treated=("A1", "A2"), outcome=Outcome(("burglary",)), starts="2024-04", hoped=0.3),
        "force": "gwent", "snapshot": "abc", "made_on": "2024-03-01", "weight": "standard",
        "method": "difference-in-differences",
        "options": (Option(method="synthetic-control", offered=False, why=msg("not used: {n:count}", n=3)),),
        "pre": ("2024-02", "2024-03"), "post": ("2024-04",),
        "left_out": (("2024-01", msg("the way of recording changed")),),
        "comparison": (("B1", 0.5), ("B2", 1.0)), "ring": ("R1",), "set_aside": (), "months": ("2024-02", "2024-03"),
        "treated_course": np.array([1.0, 2.0]), "compared_course": np.array([1.5, NAN]), "likeness": (),
        "power": Power(expected=9.0, detectable=None, falls=np.array([0.1]), found=np.array([1e-05])), "placebos": 400,
    }  # fmt: skip
    return Design(**{**fields, **changed})  # type: ignore[arg-type]


def test_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "design.yaml"
    sheet.write(made(), path)
    found = sheet.read(path)
    assert found.intact
    assert found.design.hash() == made().hash()
    assert math.isnan(found.design.compared_course[1])
    assert [p.name for p in tmp_path.iterdir()] == ["design.yaml"]


def test_lock_counts_days_from_the_response(tmp_path: Path) -> None:
    path = tmp_path / "design.yaml"
    sheet.write(made(), path)
    found = sheet.read(path)
    for day, late in (("2024-03-31", 0), ("2024-04-01", 0), ("2024-04-11", 10)):
        locked = sheet.lock(found, ("A Jones",), today=dt.date.fromisoformat(day))
        assert locked.lock is not None
        assert (locked.lock.on, locked.lock.late) == (day, late)
        assert locked.locked
    path.write_text(sheet.text(locked).replace("hoped: 0.3", "hoped: 0.1"), encoding="utf-8")
    again = sheet.read(path)
    assert not again.intact
    assert not again.design.locked
    with pytest.raises(ForestallError, match="was changed since"):
        sheet.lock(again, ("B",))


#: What is put in place of what, the line that is named (None where it is the whole file), and what is said.
MISTAKES = {
    "not yaml": ("asked:", "asked: [", "line", "no YAML"),
    "tab": ("asked:", "\tasked:", "line", "no YAML"),
    "a misspelt field": ("weight:", "wieght:", "line 20", "no field 'wieght'"),
    "twice": ("weight: standard", "weight: standard\nweight: full", "line 21", "stands twice"),
    "no number": ("placebos: 400", "placebos: many", "line", "placebos needs a whole number, not 'many'"),
    "no list": ("  treated: [A1, A2]", "  treated: A1", "line 5", "treated needs a list"),
    "no text in a list": ("  treated: [A1, A2]", "  treated: [A1, 7]", "line 5", "needs text in quotes, not 7"),
    "no treated": ("  treated: [A1, A2]\n", "", "line", "asked lacks treated"),
    "overlap": ("- [B1, 0.5]", "- [A1, 0.5]", "line", "A1 is both treated and compared with"),
    "in the ring": ("ring: [R1]", "ring: [A2]", "line", "A2 is both treated and around"),
    "no month": ("starts: 2024-04", "starts: spring", "", "spring"),
    "no method": ("method: difference-in-differences", "method: magic", "line", "no method 'magic'"),
    "no sentence": ("    message:", "    sentence:", "line", "why needs a sentence"),
    "short course": ("months: [2024-02, 2024-03]", "months: [2024-02]", "line", "differ in length"),
    "another version": ("version: '1'", "version: '9'", "", "version 9"),
    "another thing": ("type: design", "type: scan", "", "holds no design"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_said_with_their_line(case: str, tmp_path: Path) -> None:
    old, new, line, said = MISTAKES[case]
    text = sheet.text(made())
    assert old in text
    path = tmp_path / "design.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ForestallError) as caught:
        sheet.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path)) or f"{path}:" in sentence
    assert f"{path}, {line}" in sentence or not line
    assert said in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "content", [b"", b"- 1\n", b"\xff\xfe\x00", b"hello", b"&a [*a]", b"type: design\n", b"? [1]\n: 2\n"]
)
def test_other_files_are_no_designs(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "design.yaml"
    path.write_bytes(content)
    with pytest.raises(ForestallError, match="design"):
        sheet.read(path)
    with pytest.raises(ForestallError, match="folder"):
        sheet.read(tmp_path)


def evaluation(**changed: object) -> Evaluation:
    effect = Effect(
        part="local", areas=2, before=30, after=10, expected=30, plain=30, ratio=0.33, interval=(0.2, 0.6), p_value=0.01,
        prevented=20, prevented_interval=(12, 24),
    )  # fmt: skip
    fields: dict[str, object] = {
        "design": made(), "snapshot": "abc", "made_on": "2025-01-01", "interim": False, "months": ("2024-04",), "raw": (),
        "effects": (effect,), "fidelity": Fidelity(), "verdict": "worked", "rule": msg("x"), "resident": (), "analyst": (),
        "level": 3, "deviations": (), "course_months": (), "treated_course": np.zeros(0), "expected_course": np.zeros(0),
    }  # fmt: skip
    return Evaluation(**{**fields, **changed})  # type: ignore[arg-type]


LEDGER = """price_base: 2024/25
kind: domestic-burglary
lines:
  - {title: Locks, amount: £1,200.50}
  - {title: Hours, hours: 40, hourly: 45, payer: council}
"""


def ledger_of(tmp_path: Path, text: str) -> ledger.Ledger:
    path = tmp_path / "costs.yaml"
    path.write_text(text, encoding="utf-8")
    return ledger.read(path)


def test_a_ledger_is_exact_and_carries_the_interval(tmp_path: Path) -> None:
    found = ledger_of(tmp_path, LEDGER.replace("£1,200.50", "'£1,200.50'"))
    assert [str(line.amount) for line in found.lines] == ["1200.50", "1800"]
    result = ledger.reckoned(found, evaluation())
    assert str(result.cost) == "3000.50"
    assert result.benefits[0].change == -20
    assert result.benefits[0].interval == (-24, -12)
    assert result.ratio_interval[0] < result.ratio < result.ratio_interval[1]


def test_what_cannot_be_priced_is_said(tmp_path: Path) -> None:
    found = ledger_of(tmp_path, LEDGER.replace("£1,200.50", "1"))
    untested = Effect(
        part="local", areas=2, before=3, after=1, expected=NAN, plain=NAN, ratio=NAN, interval=(NAN, NAN), p_value=NAN,
        prevented=NAN, prevented_interval=(NAN, NAN),
    )  # fmt: skip
    harm = made(asked=Asked(treated=("A1",), outcome=Outcome(("burglary",), "harm"), starts="2024-04"))
    for changed, said in (
        ({"interim": True}, "when the last month is in"),
        ({"effects": (untested,)}, "no comparison that could be trusted"),
        ({"design": harm}, "weighs harm"),
    ):
        with pytest.raises(ForestallError, match=said):
            ledger.reckoned(found, evaluation(**changed))
    vague = ledger_of(tmp_path, LEDGER.replace("£1,200.50", "1").replace("kind: domestic-burglary\n", ""))
    with pytest.raises(ForestallError, match="commercial-burglary, domestic-burglary"):
        ledger.reckoned(vague, evaluation())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amount: £1,200.50", "amount: lots", "line 4: amount needs a number"),
        ("amount: £1,200.50", "amount: -3", "line 4: amount needs a number of 0 or more"),
        ("amount: £1,200.50", "amount: .inf", "line 4: amount needs a number"),
        ("amount: £1,200.50", "cost: 4", "line 4: a line of the ledger has no field 'cost'"),
        ("amount: £1,200.50", "hours: 4", "line 4: Locks needs an amount, or hours and hourly"),
        ("hourly: 45", "amount: 45", "line 5: Hours needs an amount, or hours and hourly"),
        ("price_base: 2024/25\n", "", "line 3: Locks has no price_base"),
        ("payer: council", "year: -1", "line 5: year needs a whole number"),
        ("kind: domestic-burglary", "sort: burglary", "line 2: a ledger has no field 'sort'"),
        ("lines:", "lines: []\nmultiplier:", "line 3: a ledger needs lines"),
        ("title: Locks, ", "", "line 4: a line of the ledger needs a title"),
    ],
)  # fmt: skip
def test_mistakes_in_a_ledger_are_said_with_their_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = LEDGER if "£" in old else LEDGER.replace("£1,200.50", "1200")
    text = text if old in text else text.replace("1200", "£1,200.50")
    assert old in text
    with pytest.raises(ForestallError) as caught:
        ledger_of(tmp_path, text.replace(old, new, 1))
    assert said in str(caught.value)
    assert "costs.yaml" in str(caught.value)
