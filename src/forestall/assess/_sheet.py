"""Small tables that people type or export: read with the file and line of whatever is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forestall.errors import ForestallError, remedy
from forestall.records.lines import header, read_table, slurp

#: More rows than this are no table of answers, places or days.
MOST = 100_000


@dataclass(frozen=True)
class Row:
    """``where``: file and line, as it is told to people; ``cells``: text by column, "" where empty."""

    where: str
    cells: dict[str, str]

    def whole(self, column: str) -> int:
        """A whole number of 0 or more."""
        text = self.cells[column]
        if not (text.isascii() and text.isdecimal() and len(text) <= 12):
            raise ForestallError(f"{self.where}: {column} is {text!r}: give a whole number of 0 or more")
        return int(text)

    def number(self, column: str) -> float:
        """A number of 0 or more, which may have decimals."""
        text = self.cells[column]
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e12:
            raise ForestallError(f"{self.where}: {column} is {text!r}: give a number of 0 or more")
        return value

    def text(self, column: str) -> str:
        """A text that is not empty."""
        if not self.cells[column]:
            raise ForestallError(f"{self.where}: {column} is empty: fill it in, or take the row out")
        return self.cells[column]


def read_rows(path: Path | str, needed: Sequence[str], what: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Column names and rows of a CSV file in UTF-8.

    ``needed``: columns without which it is no ``what``. One row that can't be read refuses the file: a small table is
    mended by hand. Raises ``ForestallError`` with the file, and the line where it is a line's fault.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            text = slurp(stream, file.name)
    except FileNotFoundError as error:
        raise ForestallError(f"there is no file {file}: check the path") from error
    except IsADirectoryError as error:
        raise ForestallError(f"{file} is a folder: name the file in it") from error
    except OSError as error:
        raise ForestallError(f"{file} can't be read: {remedy(error)}") from error
    names = header(text, file.name)
    missing = [c for c in needed if c not in names]
    if missing:
        if len(names) == 1 and any(d in names[0] for d in ";\t|"):
            raise ForestallError(f"{file.name} does not separate its columns by commas: save it as CSV with commas")
        raise ForestallError(
            f"{file.name} is no {what}: it lacks the column {missing[0]!r}; its first line must name {', '.join(needed)}"
        )
    raw = read_table(text, file.name)
    if raw.rejects:
        first = raw.rejects[0]
        raise ForestallError(f"{file.name}, line {first.line}: {first.reason}; mend it and try again")
    if raw.table.num_rows > MOST:
        raise ForestallError(
            f"{file.name} has {raw.table.num_rows:,} rows; at most {MOST:,} make a {what}: is it the right file?"
        )
    columns = [[(v or "").strip() for v in raw.table.column(i).to_pylist()] for i in range(len(names))]
    lines = raw.line.to_pylist()
    rows = tuple(
        Row(f"{file.name}, line {line}", dict(zip(names, cells, strict=True)))
        for line, *cells in zip(lines, *columns, strict=True)
        if any(cells)
    )
    if not rows:
        raise ForestallError(f"{file.name} has column names and nothing below them: fill it in")
    return tuple(names), rows
