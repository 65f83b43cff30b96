"""Reading the log's tables as they lie in the database, past the models: what is sealed and checked is what is stored."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError
from forestall.web.audit import chain

Row = Sequence[Any]

#: A moment in UTC as text, and JSON as text, by vendor.
_AT = {"sqlite": "CAST({0} AS TEXT)", "postgresql": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"}
_JSON = {"sqlite": "CAST({0} AS TEXT)", "postgresql": "{0}::text"}

TABLES = ("audit_event", "audit_seal", "audit_anchor")


class UnreadableError(ValueError):
    """The database gives no answer where it should: its file is damaged."""


@dataclass(frozen=True)
class SealRow:
    """A seal as it is stored: the events ``first`` to ``last`` by id, ``count`` of them, sealed at ``at`` (UTC, text with
    microseconds, which SQLite leaves out where they are 0)."""

    number: int
    first: int
    last: int
    count: int
    at: str
    hash: str


@dataclass(frozen=True)
class Ledger:
    """``execute``: runs SQL with ``%s`` parameters and returns every row; ``vendor``: ``sqlite`` or ``postgresql``."""

    execute: Callable[[str, Sequence[Any]], list[Row]]
    vendor: str

    def events(self, after: int, until: int, at_once: int = 2_000) -> Iterator[Row]:
        """The events with ``after < id <= until`` in the order of their ids, as :data:`chain.COLUMNS`."""
        columns = ", ".join(self._column(c) for c in chain.COLUMNS)
        sql = f"SELECT {columns} FROM audit_event WHERE id > %s AND id <= %s ORDER BY id LIMIT %s"
        while True:
            rows = self.execute(sql, (after, until, at_once))
            yield from map(self._as_written, rows)
            if len(rows) < at_once:
                return
            after = rows[-1][0]

    def seals(self, after: int = 0, at_once: int = 5_000) -> Iterator[SealRow]:
        """The seals in the order of their numbers, those that can't be numbers included."""
        at = _AT[self.vendor].format("at")
        columns = f'number, "first", "last", "count", {at}, hash'
        sql = f"SELECT {columns} FROM audit_seal WHERE number > %s ORDER BY number LIMIT %s"
        while True:
            rows = self.execute(sql, (after, at_once))
            for row in rows:
                yield SealRow(*row[:4], chain.instant(row[4]), row[5])
            if len(rows) < at_once:
                return
            after = rows[-1][0]

    def last_seal(self) -> SealRow | None:
        rows = self.execute("SELECT max(number) FROM audit_seal", ())
        if rows[0][0] is None:
            return None
        return next(self.seals(after=rows[0][0] - 1), None)

    def last_event(self) -> int:
        """The highest id; 0 where there is no event."""
        return int(self.execute("SELECT max(id) FROM audit_event", ())[0][0] or 0)

    def never_given(self) -> int:
        """How many events and seals have an id below the first that was ever given."""
        counts = [
            self.execute(f"SELECT count(*) FROM {t} WHERE {i} < 1", ())[0][0]
            for t, i in (("audit_event", "id"), ("audit_seal", "number"))
        ]
        return int(sum(counts))

    def anchored(self) -> list[int]:
        """The numbers of the seals that are known to be anchored."""
        return [row[0] for row in self.execute("SELECT seal_id FROM audit_anchor ORDER BY seal_id", ())]

    def ids(self, after: int) -> tuple[int, str | None, int, Any]:
        """As :meth:`tail`, then the highest id (0 where there is none) and SQLite's own count of the ids that it has given;
        read at one moment, so that who writes meanwhile makes none of them contradict another."""
        at = _AT["sqlite"].format("min(at)")
        sql = f"""
            SELECT count(*), {at}, (SELECT max(id) FROM audit_event),
            (SELECT max(seq) FROM sqlite_sequence WHERE name = 'audit_event') FROM audit_event WHERE id > %s
        """
        count, oldest, highest, given = self.execute(sql, (after,))[0]
        return int(count), chain.instant(oldest), int(highest or 0), given or 0

    def tail(self, after: int) -> tuple[int, str | None]:
        """How many events come after an id, and when the oldest of them was written (UTC, text)."""
        at = _AT[self.vendor].format("min(at)")
        count, oldest = self.execute(f"SELECT count(*), {at} FROM audit_event WHERE id > %s", (after,))[0]
        return int(count), chain.instant(oldest)

    def _column(self, name: str) -> str:
        if name == "at":
            return _AT[self.vendor].format(name)
        return _JSON[self.vendor].format(name) if name == "detail" else name

    def _as_written(self, row: Row) -> Row:
        """SQLite keeps JSON as the text that it was given: a text that this program would not have written is marked as
        such, though it means the same."""
        text = row[chain.DETAIL]
        if self.vendor != "sqlite" or _our_hand(text):
            return row
        return (*row[: chain.DETAIL], f"written by another hand: {text}", *row[chain.DETAIL + 1 :])


@functools.lru_cache(maxsize=4096)
def _our_hand(text: Any) -> bool:
    """Whether JSON is written as this program writes it."""
    try:
        return json.dumps(json.loads(text)) == text
    except (TypeError, ValueError):
        return False


def of_django(connection: Any) -> Ledger:
    """The tables of the workplace's own connection."""

    def execute(sql: str, parameters: Sequence[Any]) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    return Ledger(execute, connection.vendor)


class of_file:  # noqa: N801 - it reads like a function: with ledger.of_file(path) as ledger
    """The tables of a SQLite file, opened for reading alone; :class:`ForestallError` where it is not a workplace's."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> Ledger:
        if not self.path.is_file():
            raise ForestallError(f"there is no database {self.path}: name the workplace's SQLite file with --db")
        self._connection = closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=20))
        connection = self._connection.__enter__()
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

        def execute(sql: str, parameters: Sequence[Any]) -> list[Row]:
            try:
                return connection.execute(sql.replace("%s", "?"), parameters).fetchall()
            except sqlite3.DatabaseError as error:
                raise UnreadableError(str(error)) from error

        try:
            found = {row[0] for row in execute("SELECT name FROM sqlite_master WHERE type = 'table'", ())}
        except UnreadableError as error:
            self._connection.__exit__(None, None, None)
            raise ForestallError(
                f"{self.path} cannot be read as a SQLite database ({error}): name another with --db"
            ) from error
        if not set(TABLES) <= found:
            self._connection.__exit__(None, None, None)
            raise ForestallError(
                f"{self.path} has no sealed log in it: name the workplace's database with --db, or start the workplace "
                "once where the file is from an earlier version"
            )
        return Ledger(execute, "sqlite")

    def __exit__(self, *problem: Any) -> None:
        self._connection.__exit__(*problem)
