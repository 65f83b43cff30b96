"""From paths to read files: which reader takes them, in which order, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError
from forestall.records.intake import BadFile, SourceFile
from forestall.records.part import ReadFile

#: (file, is this part known) -> the file read, or its part id where it is known.
Reader = Callable[[SourceFile, Callable[[str], bool]], ReadFile | str]
WORKERS = 2


def reader_of(source: str | None, mapping: Path | str | None, hash_key: bytes | None = None) -> tuple[str, Reader]:
    """The name of the source and its reader: police.uk's own, or one made from a mapping file."""
    if mapping is not None:
        from forestall.records.mapped import reader
        from forestall.records.mapping import load

        loaded = load(Path(mapping))
        return loaded.source, reader(loaded, hash_key)
    if source in (None, "police-uk"):
        from forestall.records import police_uk

        return police_uk.SOURCE, police_uk.read
    raise ForestallError(
        f"there is no reader called {source!r}: use --source police-uk, or --mapping FILE for any other extract."
    )


def read_all(
    files: Sequence[SourceFile], work: Callable[[SourceFile], Any]
) -> Generator[tuple[SourceFile, Any | BadFile], None, None]:
    """``work`` of each file, in order, a few at a time; a bad file comes back as its error."""
    with ThreadPoolExecutor(WORKERS) as pool:
        pending: list[tuple[SourceFile, Future[Any]]] = []
        rest = iter(files)
        try:
            for file in rest:
                pending.append((file, pool.submit(work, file)))
                if len(pending) > 2 * WORKERS:
                    yield _outcome(*pending.pop(0))
            while pending:
                yield _outcome(*pending.pop(0))
        finally:
            for _, future in pending:
                future.cancel()


def _outcome(file: SourceFile, future: Future[Any]) -> tuple[SourceFile, Any | BadFile]:
    try:
        return file, future.result()
    except BadFile as error:
        return file, error
