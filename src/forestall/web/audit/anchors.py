"""The anchors: one line a seal in a file outside of the database, only ever added to and forced to disk.

Who cuts the newest events and seals out of the database leaves a chain that is whole. The anchors know that there was
more. They are worth as much as the distance between them and the database: another disk, another machine, a medium that is
written once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from forestall.web.audit.ledger import SealRow


@dataclass(frozen=True)
class Anchors:
    """What the file says: each readable line's seal with its line number, and the lines that cannot be read."""

    lines: tuple[tuple[int, SealRow], ...]
    unreadable: tuple[int, ...]
    #: The last line was not written whole, as a process leaves it that is killed while it writes.
    torn: bool


def add(path: Path, seals: Iterable[SealRow]) -> None:
    """Adds a line for each seal and forces it to disk. Raises ``OSError`` where the file cannot be written."""
    text = "".join(json.dumps(asdict(s), separators=(",", ":")) + "\n" for s in seals).encode("ascii")
    new = not path.exists()
    if new:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.lseek(handle, 0, os.SEEK_END) and os.lseek(handle, -1, os.SEEK_END) >= 0 and os.read(handle, 1) != b"\n":
            text = b"\n" + text  # what was torn stays alone on its line
        while text:
            text = text[os.write(handle, text) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if new:
        _force_folder(path.parent)


def read(path: Path) -> Anchors:
    """Reads the file; nothing where there is none. A line that was torn is forgiven where a later one says it whole: not
    the next one, where several were being written."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Anchors((), (), False)
    *whole, rest = raw.split(b"\n")
    lines: list[tuple[int, SealRow]] = []
    bad = []
    for number, line in enumerate(whole, 1):
        seal = _seal(line)
        if seal is not None:
            lines.append((number, seal))
        elif not (line and any(later.startswith(line) for later in whole[number:])):  # else torn, and written again
            bad.append(number)
    return Anchors(tuple(lines), tuple(bad), bool(rest))


def _seal(line: bytes) -> SealRow | None:
    try:
        seal = SealRow(**json.loads(line))
    except (ValueError, TypeError):
        return None
    plain = all(type(n) is int for n in (seal.number, seal.first, seal.last, seal.count))
    return seal if plain and isinstance(seal.hash, str) and isinstance(seal.at, str) else None


def _force_folder(folder: Path) -> None:
    """The file's name is on disk too; systems that can't do that for a folder do without."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
