"""``forestall design`` and ``forestall evaluate``: the whole way on a planted response, and each mistake as a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from forestall import sample
from forestall.assess import sheet
from forestall.cli import main
from forestall.results import Evaluation, read

#: Patrols and cameras in four areas: vehicle crime falls by three fifths there, and as much appears around (truth.json).
AREAS = "X01000087,X01000088,X01000089,X01000092"
CASE = ("--areas", AREAS, "--category", "vehicle-crime", "--starts", "2024-04", "--months", "12")
LEDGER = """price_base: 2024/25
kind: theft-from-vehicle
lines:
  - {title: Cameras, amount: 18000}
  - {title: Officers' hours, hours: 400, hourly: 45.50}
  - {title: Lights, amount: "3,500", payer: council}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four years of the sample's crimes, with places."""
    folder = tmp_path_factory.mktemp("design")
    made = sample.make(folder / "force", seed=1)
    files = [str(made / "records" / f"crimes-{y}.csv") for y in (2022, 2023, 2024, 2025)]
    where = str(folder / "store")
    assert main(["ingest", *files, "--store", where, "--mapping", str(made / "mappings" / "crimes.yaml")]) == 0
    places = sorted(str(p) for p in (made / "places").iterdir())
    assert main(["places", "add", *places, "--store", where]) == 0
    return folder / "store"


def propose(store: Path, out: Path, *words: str) -> int:
    return main(["design", "propose", "--store", str(store), "--out", str(out), *words])


@pytest.fixture
def design(store: Path, tmp_path: Path) -> Path:
    out = tmp_path / "design.yaml"
    assert propose(store, out, *CASE, "--hoped", "60%", "--title", "Cameras at Saltmere") == 0
    return out


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence that a command ends with."""
    capsys.readouterr()
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err
    return said.err


def test_proposed_shown_locked_and_evaluated(
    store: Path, design: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert propose(store, design, *CASE, "--hoped", "60%", "--replace") == 0
    text = capsys.readouterr().out
    assert text.startswith("Could only show a fall of ")
    power = sheet.read(design).design.power
    assert power is not None
    assert f"you hope for {round(0.6 * power.expected)}, which" in text
    assert "How, and why not otherwise" in text
    assert f"Written to {design}." in text
    assert main(["design", "show", str(design), "--store", str(store)]) == 0
    shown = capsys.readouterr().out
    assert "Port Idwyr 013F (X01000087)" in shown
    assert "Not locked" in shown
    assert main(["design", "lock", str(design), "--by", "A Jones", "--by", "B Price"]) == 0
    assert "late, " in capsys.readouterr().out
    made = sheet.read(design).design
    assert made.locked
    assert made.lock is not None
    assert made.lock.by == ("A Jones", "B Price")
    assert made.lock.late > 300
    costs = tmp_path / "costs.yaml"
    costs.write_text(LEDGER, encoding="utf-8")
    words = ["evaluate", str(design), "--store", str(store), "--planned", "120", "--delivered", "110", "--unit", "patrols"]
    assert main([*words, "--costs", str(costs)]) == 0
    out = capsys.readouterr().out
    said = ("What was counted", "110 of 120 patrols", "Ratio, 95% interval", "For an analyst", "It cost £39,700")
    order = [out.index(x) for x in said]
    assert order == sorted(order)
    assert out.startswith("No evidence of effect\n")
    assert "it moved rather than stopped" in " ".join(out.split())
    assert "locked" in out.lower()
    earlier = tmp_path / "e.json"
    assert main([*words, "--costs", str(costs), "--format", "json", "--out", str(earlier)]) == 0
    found = read(json.loads(earlier.read_text(encoding="utf-8")))
    assert isinstance(found, Evaluation)
    assert found.economics["net_present_value"]
    assert read(dict(found.economics)).to_json() == dict(found.economics)
    assert main([*words, "--earlier", str(earlier)]) == 0
    assert "Nothing that counts has changed" in capsys.readouterr().out
    assert main([*words[:-6], "--planned", "120", "--delivered", "12"]) == 0
    assert capsys.readouterr().out.startswith("Not tested\n")


@pytest.mark.parametrize("language", ["en", "cy"])
def test_as_pages(store: Path, design: Path, tmp_path: Path, language: str) -> None:
    costs, out = tmp_path / "costs.yaml", tmp_path / "page.html"
    costs.write_text(LEDGER, encoding="utf-8")
    for words in (["design", "show", str(design)], ["evaluate", str(design), "--costs", str(costs)]):
        assert main([*words, "--store", str(store), "--format", "html", "--out", str(out), "--language", language]) == 0
        page = out.read_text(encoding="utf-8")
        assert f'lang="{language}"' in page
        assert page.count("<figure>") >= 2
        assert str(store.parent) not in page
        assert "<script" not in page


def test_as_pdf(store: Path, design: Path, tmp_path: Path) -> None:
    pytest.importorskip("typst", reason="typst is not installed in this environment: uv sync installs it")
    for words in (["design", "show"], ["evaluate"]):
        out = tmp_path / f"{words[0]}.pdf"
        assert main([*words, str(design), "--store", str(store), "--format", "pdf", "--out", str(out)]) == 0
        assert out.read_bytes().startswith(b"%PDF-")


def test_a_drawn_outline_a_ward_and_other_choices(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forestall.places import Places

    places = Places.open(store)
    assert places is not None
    lines = places.geojson("lsoa", AREAS.split(","), 0.0)
    drawn = tmp_path / "drawn.geojson"
    drawn.write_text(json.dumps(lines), encoding="utf-8")
    rest = CASE[2:]
    assert propose(store, tmp_path / "a.yaml", "--polygon", str(drawn), *rest) == 0
    assert set(AREAS.split(",")) <= set(sheet.read(tmp_path / "a.yaml").design.asked.treated)
    ward = places.parent("X01000087", "msoa")
    assert ward
    assert propose(store, tmp_path / "b.yaml", "--within", ward, *rest) == 0
    assert "X01000087" in sheet.read(tmp_path / "b.yaml").design.asked.treated
    why = "they were agreed with the council"
    chosen = ["--comparison", "X01000140,X01000145,X01000176", "--reason", why]
    assert propose(store, tmp_path / "c.yaml", *CASE, *chosen) == 0
    made = sheet.read(tmp_path / "c.yaml").design
    assert sorted(a for a, _ in made.comparison) == ["X01000140", "X01000145", "X01000176"]
    assert why in capsys.readouterr().out
    assert propose(store, tmp_path / "d.yaml", *CASE, "--method", "calibration-weights", "--reason", why) == 0
    assert sheet.read(tmp_path / "d.yaml").design.method == "calibration-weights"
    with_harm = [*CASE[:2], "--category", "burglary", "--category", "robbery", *CASE[4:], "--outcome", "harm"]
    assert propose(store, tmp_path / "e.yaml", *with_harm) == 0


WRONG = {
    "nowhere": ([*CASE[2:]], "in one way"),
    "two ways": ([*CASE, "--within", "X01000087"], "in one way"),
    "unknown area": (["--areas", "X09999999", *CASE[2:]], "no area of gwenllys"),
    "unknown ward": (["--within", "X9", *CASE[2:]], "no small area of X9 is known"),
    "unknown signal": (["--signal", "abc", *CASE[2:]], "no scan is recorded"),
    "a larger area": (["--areas", "W1", *CASE[2:]], "W1"),
    "unknown category": ([*CASE[:2], "--category", "witchcraft", *CASE[4:]], "no records of 'witchcraft'"),
    "no category": ([*CASE[:2], *CASE[4:]], "no category is named"),
    "unknown force": ([*CASE, "--force", "atlantis"], "no force 'atlantis'"),
    "unknown other force": ([*CASE, "--others", "atlantis"], "no force 'atlantis'"),
    "no month": ([*CASE[:5], "spring"], "spring"),
    "before all records": ([*CASE[:5], "2001-01"], "they begin in 2022-01; choose a later month"),
    "the first month": ([*CASE[:5], "2022-01"], "2022-01"),
    "one month before": ([*CASE[:5], "2022-02"], "there is one usable month before 2022-02"),
    "one month asked": ([*CASE, "--before", "1"], "there is one usable month before 2024-04"),
    "far ahead": ([*CASE[:5], "2029-01"], "more than a year after these records end (2025-12)"),
    "no months": ([*CASE[:-1], "0"], "--months must be from 1 to 120"),
    "no fall": ([*CASE, "--hoped", "much"], "write it as 0.3 or 30%"),
    "more than all": ([*CASE, "--hoped", "130%"], "write it as 0.3 or 30%"),
    "no reason": ([*CASE, "--method", "synthetic-control"], "needs a reason"),
    "unknown method": ([*CASE, "--method", "magic", "--reason", "x"], "no method 'magic'"),
    "overlap": ([*CASE, "--comparison", "X01000087", "--reason", "x"], "both treated and compared with"),
    "touching": ([*CASE, "--comparison", "X01000084", "--reason", "x"], "touches the treated areas"),
    "no outline": (["--polygon", "none.geojson", *CASE[2:]], "there is no file none.geojson"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_proposed_is_a_sentence(
    case: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, said = WRONG[case]
    out = tmp_path / "design.yaml"
    assert said in refused(["design", "propose", "--store", str(store), "--out", str(out), *words], capsys)
    assert list(tmp_path.iterdir()) == []


def test_where_no_p_value_is_honest_there_is_none(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from forestall.places import Places

    places = Places.open(store)
    assert places is not None
    most = ",".join(places.force_areas("gwenllys")[:200])
    said = refused(
        ["design", "propose", "--store", str(store), "--out", str(tmp_path / "x.yaml"), "--areas", most, *CASE[2:]], capsys
    )
    assert "too few are left to compare with" in said
    few = [*CASE[:2], "--category", "robbery", "--starts", "2024-04", "--months", "1"]
    assert propose(store, tmp_path / "few.yaml", *few, "--before", "6") == 0
    made = sheet.read(tmp_path / "few.yaml").design
    assert made.method == ""
    assert made.power is None
    assert "can't show whether" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path / "few.yaml"), "--store", str(store)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Can't tell\n")
    assert "none that is honest" in text
    costs = tmp_path / "costs.yaml"
    costs.write_text(LEDGER, encoding="utf-8")
    said = refused(["evaluate", str(tmp_path / "few.yaml"), "--store", str(store), "--costs", str(costs)], capsys)
    assert "leave --costs out" in said


def test_nothing_is_replaced_unasked_and_a_locked_design_never(
    store: Path, design: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["design", "propose", "--store", str(store), "--out", str(design), *CASE]
    before = design.read_bytes()
    assert "--replace" in refused(words, capsys)
    assert design.read_bytes() == before
    assert main([*words, "--replace"]) == 0
    assert main(["design", "lock", str(design), "--by", "A Jones"]) == 0
    locked = design.read_bytes()
    assert "locked design" in refused([*words, "--replace"], capsys)
    assert "was locked on" in refused(["design", "lock", str(design), "--by", "C"], capsys)
    assert design.read_bytes() == locked


def test_a_changed_design_is_not_locked_and_says_so(store: Path, design: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fine = design.read_text(encoding="utf-8")
    design.write_text(fine.replace("months: 12", "months: 9"), encoding="utf-8")
    assert "changed by hand" in refused(["design", "lock", str(design), "--by", "A"], capsys)
    assert "changed by hand" in refused(["evaluate", str(design), "--store", str(store)], capsys)
    design.write_text(fine, encoding="utf-8")
    assert "the people" in refused(["design", "lock", str(design), "--by", " "], capsys)
    assert main(["design", "lock", str(design), "--by", "A"]) == 0
    locked = design.read_text(encoding="utf-8")
    design.write_text(locked.replace("hoped: 0.6", "hoped: 0.2"), encoding="utf-8")
    assert main(["evaluate", str(design), "--store", str(store)]) == 0
    assert "The design was changed after it was locked" in capsys.readouterr().out


def test_mistakes_of_an_evaluation_are_sentences(
    store: Path, design: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(design), "--store", str(store)]
    assert "both, or neither" in refused([*words, "--planned", "3"], capsys)
    assert "above 0" in refused([*words, "--planned", "0", "--delivered", "1"], capsys)
    assert "0 or more" in refused([*words, "--planned", "3", "--delivered", "nan"], capsys)
    assert "can't be read" in refused([*words, "--earlier", str(tmp_path / "none.json")], capsys)
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    assert "no evaluation" in refused([*words, "--earlier", str(tmp_path / "x.json")], capsys)
    assert "--out" in refused([*words, "--format", "pdf"], capsys)
    assert "there is no file" in refused(["evaluate", str(tmp_path / "none.yaml"), "--store", str(store)], capsys)
    late = tmp_path / "late.yaml"
    assert propose(store, late, *CASE[:4], "--starts", "2026-01", "--months", "6") == 0
    assert "there is nothing after it yet" in refused(["evaluate", str(late), "--store", str(store)], capsys)
    early = tmp_path / "early.yaml"
    assert propose(store, early, *CASE[:4], "--starts", "2025-10", "--months", "6") == 0
    capsys.readouterr()
    assert main(["evaluate", str(early), "--store", str(store)]) == 0
    assert capsys.readouterr().out.startswith("No verdict yet")


def test_the_sheet_is_the_whole_design(design: Path) -> None:
    content = yaml.safe_load(design.read_text(encoding="utf-8"))
    assert list(content)[:3] == ["type", "version", "asked"]
    made = sheet.read(design).design
    assert sheet.text(made) == design.read_text(encoding="utf-8")


def test_lots_are_drawn_once_and_again_by_their_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "draw.yaml"
    settings.write_text(
        "scheme: pairs\nplaces: {A1: 3, A2: 4, A3: 30, A4: 31}\nstart: 2030-01\nend: 2030-12\npeople: [A Jones]\nseed: 7\n"
        "date: 2029-12-01\n",
        encoding="utf-8",
    )
    out = tmp_path / "draw.json"
    assert main(["design", "randomise", str(settings), "--format", "json", "--out", str(out)]) == 0
    assert main(["design", "randomise", str(settings), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(out.read_text(encoding="utf-8"))
    assert main(["design", "randomise", str(settings)]) == 0
    assert "2 pairs of places" in capsys.readouterr().out
    assert "made once" in refused(["design", "randomise", str(settings), "--out", str(out)], capsys)
    settings.write_text("scheme: dice\n", encoding="utf-8")
    assert "pairs or wedge" in refused(["design", "randomise", str(settings)], capsys)
