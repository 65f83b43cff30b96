"""A store that names persons, somebody who decides, and a leaver."""

from __future__ import annotations

import pytest
from django.utils import timezone

from forestall.records.store import Store

MAPPING = """source: calls
replaces: ids
fields:
  source_ref: Ref
  force: {value: gwent}
  kind: {value: call}
  category: {value: nuisance}
  occurred_from: {column: Day, formats: iso}
  outcome: Outcome
  suspect_id: {person: [Suspect]}
  caller_id: {person: [Surname, Forename]}
  context: Note
"""


@pytest.fixture
def calls(tmp_path, settings, monkeypatch):
    """A store of three calls: two of a year that is long over, one of this year."""
    key = tmp_path / "keys" / "hash.key"
    key.parent.mkdir()
    key.write_text("0123456789abcdef" * 4)
    monkeypatch.setenv("FORESTALL_HASH_KEY_FILE", str(key))
    rows, mapping = tmp_path / "calls.csv", tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING)
    this_year = timezone.localdate().replace(month=1, day=1)
    rows.write_text(
        "Ref,Day,Outcome,Suspect,Surname,Forename,Note\n"
        "C1,2010-03-04,spoken to,,Prosser,Ann,loud music\n"
        "C2,2010-05-06,warned,Prosser Ann,Rees,Tom,a neighbour\n"
        f"C3,{this_year},none,,Prosser,Ann,\n"
    )
    settings.STORE = tmp_path / "store"
    store = Store.open(settings.STORE, create=True)
    store.ingest([rows], mapping=mapping)
    return store


@pytest.fixture
def officer(person):
    return person("data-protection", username="dpo")
