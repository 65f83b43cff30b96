"""From the bytes of a CSV file to a table of text, with the true line number of every row and of every row refused.

Most files take the quick way: Arrow's reader over the whole text. A file with anything odd in it (a row of the wrong
width, a line break inside quotes, bytes that are not UTF-8, a line too long) is read again line by line, which is
slower and says exactly where each oddity lies.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from forestall.records.intake import BadFile

#: A longer line, in bytes, is rejected unread. Free text in extracts stays far below.
MAX_LINE = 1_000_000
#: Largest file taken at once, unpacked: a guard against archives that unpack without end.
MAX_FILE = 4_000_000_000
#: How much of a refused row is kept, in characters.
MAX_RAW = 500
#: A quoted value may run over this many lines; a quote that stays open longer is a mistake in its first line.
MAX_RECORD_LINES = 200
CHUNK = 4_000_000
csv.field_size_limit(max(csv.field_size_limit(), 10 * MAX_LINE))


@dataclass(frozen=True)
class Reject:
    """A row that could not be read: its line in the file, why, and the start of its text."""

    line: int
    reason: str
    raw: str


@dataclass
class RawTable:
    """``table``: text columns as they stand in the file, empty text being null. ``line``: int64, the line of each row."""

    table: Any
    line: Any
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class Text:
    """The bytes of a file, each overlong line emptied and listed in ``rejects``; ``lines`` counts line breaks.
    ``digest`` is the SHA-256 of the unpacked bytes, so that ``x.csv`` and ``x.csv.gz`` are the same file."""

    data: bytes
    digest: str
    lines: int
    utf8: bool
    rejects: tuple[Reject, ...]


def slurp(stream: IO[bytes], name: str) -> Text:
    """Reads a stream in chunks, setting aside every line above ``MAX_LINE`` bytes, so that no line eats the memory."""
    digest = hashlib.sha256()
    kept: list[bytes] = []
    rejects: list[Reject] = []
    total = held = lines = skipping = 0
    rest = start = b""
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    while block := stream.read(CHUNK):
        digest.update(block)
        if not total:
            _refuse_what_is_no_text(block, name)
        total += len(block)
        utf8 = _still_utf8(utf8, block)
        if skipping:
            end = block.find(b"\n")
            if end < 0:
                skipping += len(block)
                continue
            rejects.append(_overlong(lines + 1, skipping + end, start))
            block, skipping = block[end:], 0  # the line break stays, so that the lines below keep their numbers
        whole, break_, rest = (rest + block).rpartition(b"\n")
        if break_:
            kept.append(_empty_overlong(whole + break_, lines, rejects))
            lines += kept[-1].count(b"\n")
        if len(rest) > MAX_LINE:
            skipping, start, rest = len(rest), rest[: 4 * MAX_RAW], b""
        held += len(kept[-1]) if break_ else 0
        if held > MAX_FILE:
            raise BadFile(f"{name} unpacks to more than {MAX_FILE // 10**9} GB: split it by month.")
    if skipping:
        rejects.append(_overlong(lines + 1, skipping, start))
    if not total:
        raise BadFile(f"{name} is empty (no bytes at all): download or export it again.")
    kept.append(rest)
    return Text(b"".join(kept), digest.hexdigest(), lines + bool(rest), utf8 is not None, tuple(rejects))


def _still_utf8(decoder: codecs.IncrementalDecoder | None, block: bytes) -> codecs.IncrementalDecoder | None:
    """The decoder, or None once a block was not UTF-8."""
    try:
        if decoder:
            decoder.decode(block)
    except UnicodeDecodeError:
        return None
    return decoder


def _empty_overlong(text: bytes, lines: int, rejects: list[Reject]) -> bytes:
    """``text`` (whole lines) with every line above the limit emptied; ``lines`` is how many lie before it."""
    at = 0
    while at + MAX_LINE < len(text):
        end = text.rfind(b"\n", at, at + MAX_LINE + 1)
        if end >= 0:
            at = end + 1
            continue
        end = text.find(b"\n", at)
        rejects.append(_overlong(lines + text.count(b"\n", 0, at) + 1, end - at, text[at : at + 4 * MAX_RAW]))
        text = text[:at] + text[end:]
        at += 1
    return text


def _overlong(line: int, size: int, start: bytes) -> Reject:
    return Reject(
        line, f"the line is {size:,} bytes long; at most {MAX_LINE:,} are read", clip(start.decode("utf-8", "replace"))
    )


def clip(raw: str) -> str:
    """The start of a refused row, as it is kept."""
    raw = raw.rstrip("\r\n")
    return raw if len(raw) <= MAX_RAW else raw[: MAX_RAW - 1] + "…"


def _refuse_what_is_no_text(block: bytes, name: str) -> None:
    if block.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_utf16(block):
        raise BadFile(f"{name} is in UTF-16: save it as CSV UTF-8 and try again.")
    known = {
        b"PK\x03\x04": "a zip or Excel file",
        b"\x1f\x8b": "a gzip inside a gzip",
        b"%PDF": "a PDF",
        b"PAR1": "Parquet",
    }
    for magic, what in known.items():
        if block.startswith(magic):
            raise BadFile(f"{name} is {what}, not CSV: export it as CSV UTF-8 and try again.")
    if b"\0" in block[:100_000] or sum(c < 9 for c in block[:4096]) > 0:
        raise BadFile(f"{name} is a binary file, not CSV: export it as CSV UTF-8 and try again.")


def _looks_utf16(block: bytes) -> bool:
    head = block[:200]
    return len(head) >= 8 and (head[1::2].count(0) > len(head) // 3 or head[0::2].count(0) > len(head) // 3)


def header(text: Text, name: str, delimiter: str = ",") -> list[str]:
    """Column names of the first line; refuses what can be no header."""
    first = text.data.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf")
    if not first.strip():
        raise BadFile(f"{name} has no column names in its first line: export it again with a header.")
    try:
        names = [c.strip() for c in next(csv.reader([first.decode("utf-8").rstrip("\r")], delimiter=delimiter))]
    except (UnicodeDecodeError, csv.Error, StopIteration) as error:
        raise BadFile(f"{name} has a first line that can't be read as column names: is it CSV in UTF-8?") from error
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        raise BadFile(f"{name} has two columns named {twice[0]!r}: give each column a name of its own.")
    return names


def refuse_missing(columns: Sequence[str], needed: Sequence[str], name: str, what: str, delimiter: str = ",") -> None:
    """Refuses a file without the ``needed`` columns; says so if another delimiter would have found them."""
    missing = [c for c in needed if c not in columns]
    if not missing:
        return
    for other, label in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
        joined = delimiter.join(columns)
        if other != delimiter and all(c in [p.strip().strip('"') for p in joined.split(other)] for c in needed):
            raise BadFile(
                f"{name} separates its columns by {label}, not by {'commas' if delimiter == ',' else repr(delimiter)}: "
                "save it as CSV with the right delimiter."
            )
    shown = ", ".join(repr(c) for c in missing[:4])
    how = "leave it out, or say what its columns are with --mapping"
    if "mapping" in what:
        how = "name its columns in the mapping"
    raise BadFile(f"{name} is no {what}: it lacks the column{'s' if len(missing) > 1 else ''} {shown}; {how}.")


def read_table(text: Text, name: str, delimiter: str = ",") -> RawTable:
    """All columns of a CSV file as text. Refuses a file that has a header and no rows."""
    names = header(text, name, delimiter)
    data = text.data.removeprefix(b"\xef\xbb\xbf")
    raw = None if b"\0" in data or not text.utf8 else _quick(data, names, text.lines, delimiter)
    if raw is None:
        raw = _careful(data, names, delimiter)
    raw.rejects = sorted([*text.rejects, *raw.rejects], key=lambda r: r.line)
    if not raw.table.num_rows and not raw.rejects:
        raise BadFile(f"{name} has column names and no rows: export it again, or leave it out.")
    return raw


def _quick(data: bytes, names: list[str], lines: int, delimiter: str) -> RawTable | None:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    odd: list[Any] = []

    def note(row: Any) -> str:
        odd.append(row)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1, block_size=CHUNK, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid:
        return None
    if odd or table.num_rows != lines - 1:
        return None
    return RawTable(table.combine_chunks(), pa.array(range(2, lines + 1), pa.int64()))


def _careful(data: bytes, names: list[str], delimiter: str) -> RawTable:
    import pyarrow as pa

    columns: list[list[str | None]] = [[] for _ in names]
    numbers: list[int] = []
    rejects: list[Reject] = []
    for line, raw in _rows_of_lines(data, rejects):
        if line == 1:
            continue
        try:
            values = next(csv.reader([raw], delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            rejects.append(Reject(line, f"the row can't be split into columns ({error})", clip(raw)))
            continue
        if len(values) != len(names):
            rejects.append(Reject(line, f"the row has {len(values)} columns, the header {len(names)}", clip(raw)))
            continue
        numbers.append(line)
        for column, value in zip(columns, values, strict=True):
            column.append(value or None)
    arrays = [pa.array(c, pa.string()) for c in columns]
    return RawTable(pa.Table.from_arrays(arrays, names=names), pa.array(numbers, pa.int64()), rejects)


def _rows_of_lines(data: bytes, rejects: list[Reject]) -> Iterator[tuple[int, str]]:
    """(line number, text) of each row: more than one line where a quoted value holds a line break."""
    lines = data.split(b"\n")
    at = 0
    while at < len(lines):
        first = lines[at].rstrip(b"\r")
        line = at + 1
        taken = 1
        row = first
        if first.count(b'"') % 2:
            quotes, stop = first.count(b'"'), min(len(lines), at + MAX_RECORD_LINES)
            while quotes % 2 and at + taken < stop:
                quotes += lines[at + taken].count(b'"')
                taken += 1
            if quotes % 2:
                rejects.append(
                    Reject(line, "a quotation mark opens and never closes", clip(first.decode("utf-8", "replace")))
                )
                at += 1
                continue
            row = b"\n".join(lines[at : at + taken]).rstrip(b"\r")
        at += taken
        if not row.strip():
            continue
        if b"\0" in row:
            rejects.append(
                Reject(line, "the line holds a NUL byte", clip(row.decode("utf-8", "replace").replace("\0", "�")))
            )
            continue
        try:
            yield line, row.decode("utf-8")
        except UnicodeDecodeError:
            rejects.append(Reject(line, "the line is not UTF-8", clip(row.decode("utf-8", "replace"))))
