"""``forestall suggest``: a description or a profile in, practices with their reasons out."""

from __future__ import annotations

import json

import pytest

from forestall.catalogue.practices import practices
from forestall.cli import main
from forestall.results import read


def test_a_description_is_answered_with_reasons_and_what_was_set_aside(capsys):
    assert main(["suggest", "--category", "vehicle-crime", "--ideas", "car-parks", "--places", "parking-area"]) == 0
    out = capsys.readouterr().out
    assert "  1  Closed-circuit television\n     E  A small reduction" in out
    assert "     Q  Quality not known\n     +3 It is meant for vehicle crime." in out
    assert "Here: what was found here was not looked at." in out
    assert "Boot camps: Reviews found no reduction." in out


def test_json_and_csv(capsys):
    assert main(["suggest", "--category", "burglary", "--format", "json"]) == 0
    found = read(json.loads(capsys.readouterr().out))
    assert found.problem.category == "burglary"
    assert main(["suggest", "--category", "burglary", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(practices())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say what the problem is"),
        (["--profile", "x.json", "--category", "burglary"], "and not both"),
        (["--category", "cars"], "there is no category 'cars'"),
        (["--ideas", "car-parks,x"], "there is no idea 'x'"),
    ],
)
def test_what_is_wrong_is_said(capsys, words, says):
    assert main(["suggest", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_is_no_profile_is_named(capsys, tmp_path):
    file = tmp_path / "p.json"
    for text in ("{", "[]", '{"type": "nothing"}'):
        file.write_text(text, encoding="utf-8")
        assert main(["suggest", "--profile", str(file)]) == 2
        assert "is no profile" in capsys.readouterr().err
    main(["suggest", "--category", "burglary", "--format", "json"])
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["suggest", "--profile", str(file)]) == 2
    assert "holds another result" in capsys.readouterr().err
