"""Loads boundary files and tables into a store's places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forestall.places.build import STEPS as BUILD_STEPS
from forestall.places.build import build
from forestall.places.columns import Meaning
from forestall.places.draft import Given, gather, slug
from forestall.places.model import Places
from forestall.places.shelf import read_given, write
from forestall.places.source import read_source

#: What ``progress`` is told after the files.
STEPS = (*BUILD_STEPS, "writing")


def add(
    store: Path,
    paths: Sequence[Path],
    *,
    level: str | None = None,
    vintage: str | None = None,
    forces: Sequence[str] = (),
    columns: Mapping[str, Meaning] | None = None,
    progress: Callable[[str], None] = lambda _: None,
    prepare: Callable[[], object] = lambda: None,
) -> Places:
    """Reads every file, merges it with what the store's places were made from, and saves the whole.

    All or nothing: a file that cannot be read (ForestallError) leaves the store as it was. The same files twice change
    nothing. ``level``, ``vintage`` (``2011`` or ``2021``) and ``columns`` say what the files' own columns do not;
    ``forces`` restricts to their areas, for this and later calls. ``progress`` is told each file and step, and
    ``prepare`` is called when all is well, just before writing.
    """
    given = read_given(store)
    load(given, paths, level=level, vintage=vintage, columns=columns or {}, progress=progress)
    if forces:
        given.forces = tuple(sorted({slug(f) for f in forces}))
    places = build(given, progress)
    progress("writing")
    prepare()
    write(places, store, given)
    return places


def load(
    given: Given,
    paths: Sequence[Path],
    *,
    level: str | None = None,
    vintage: str | None = None,
    columns: Mapping[str, Meaning] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Adds what files say to ``given``; ForestallError where one cannot be read."""
    for path in paths:
        progress(path.name)
        gather(given, read_source(path), level, vintage, columns or {})


def from_files(
    paths: Sequence[Path],
    *,
    level: str | None = None,
    vintage: str | None = None,
    forces: Sequence[str] = (),
    columns: Mapping[str, Meaning] | None = None,
) -> Places:
    """Places straight from files, without a store."""
    given = Given(forces=tuple(sorted({slug(f) for f in forces})))
    load(given, paths, level=level, vintage=vintage, columns=columns or {})
    return build(given)
