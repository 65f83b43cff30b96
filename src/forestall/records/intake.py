"""What was given to read: files, folders, gzip and zip, seen as one list of sources of bytes."""

from __future__ import annotations

import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from forestall.errors import ForestallError

#: Files of a police.uk download that are no street-level crimes.
OTHER_POLICE_UK = re.compile(r"-(outcomes|stop-and-search|neighbourhood\w*)\.csv(\.gz)?$", re.IGNORECASE)
DATA_NAME = re.compile(r"\.(csv|csv\.gz|parquet)$", re.IGNORECASE)


class BadFile(ForestallError):  # noqa: N818
    """A file that is refused whole."""


@dataclass(frozen=True)
class SourceFile:
    """One file to read. ``name`` is what people are told; ``open`` gives its bytes, unpacked."""

    name: str
    stem: str
    opener: Callable[[], IO[bytes]]
    path: Path
    size: int

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The unpacked bytes; whatever goes wrong while they are read becomes one sentence."""
        try:
            with self.opener() as stream:
                yield stream
        except BadFile:
            raise
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            kind = "zip" if zipfile.is_zipfile(self.path) else "gzip"
            raise BadFile(
                f"{self.name} is a damaged or cut-off {kind} file ({_short(error)}): download it again."
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise BadFile(f"{self.name} can't be unpacked ({_short(error)}): unpack it and give the folder.") from error
        except OSError as error:
            raise BadFile(f"{self.name} can't be read ({_short(error)}): check the file and try again.") from error


@dataclass
class Intake:
    """The files to read, and what was left: reason -> names."""

    files: list[SourceFile] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)
    bad: list[tuple[str, str]] = field(default_factory=list)

    def leave(self, reason: str, name: str) -> None:
        self.left.setdefault(reason, []).append(name)


def gather(paths: Iterable[Path | str], *, skip_bad_files: bool = False) -> Intake:
    """Lists the files in ``paths``. A folder is walked in order of name, a zip is listed and never unpacked to disk.

    A path that isn't there, a folder with nothing to read or a zip that can't be trusted raises :class:`BadFile`; with
    ``skip_bad_files`` it goes to ``bad``.
    """
    out = Intake()
    for given in [Path(p) for p in paths]:
        try:
            _gather(given, out, skip_bad_files)
        except BadFile as error:
            if not skip_bad_files:
                raise
            out.bad.append((str(given), str(error)))
    return out


def _gather(given: Path, out: Intake, skip: bool) -> None:
    if given.is_dir():
        before = len(out.files)
        for path in _walk(given):
            name = str(path)
            if OTHER_POLICE_UK.search(path.name):
                out.leave("outcomes, stop and search and other files that are no street-level crimes", name)
            elif path.name.startswith("."):
                out.leave("hidden files", name)
            elif path.suffix.lower() == ".zip":
                try:
                    _gather_zip(path, out)
                except BadFile as error:
                    if not skip:
                        raise
                    out.bad.append((name, str(error)))
            elif DATA_NAME.search(path.name):
                out.files.append(_plain(path))
            else:
                out.leave("files that are neither CSV, Parquet, gzip nor zip", name)
        if len(out.files) == before and not out.bad:
            raise BadFile(
                f"{given} holds no CSV, Parquet or zip file to read: give the folder that you unpacked the download into."
            )
        return
    if not given.exists():
        raise BadFile(f"{given} is not there: check the path.")
    if given.is_file() and zipfile.is_zipfile(given):
        _gather_zip(given, out)
    elif given.suffix.lower() == ".zip":
        raise BadFile(f"{given} is not a whole zip file: download it again.")
    else:
        out.files.append(_plain(given))


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise BadFile(f"{error.filename} can't be listed ({_short(error)}): check its permissions.") from error

    for here, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            yield Path(here) / name


def _plain(path: Path) -> SourceFile:
    def opener() -> IO[bytes]:
        stream = path.open("rb")
        magic = stream.read(2)
        stream.seek(0)
        if magic == b"\x1f\x8b":
            return gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[return-value]
        return stream

    return SourceFile(str(path), _stem(path.name), opener, path, path.stat().st_size)


def _gather_zip(path: Path, out: Intake) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise BadFile(f"{path} is not a whole zip file ({_short(error)}): download it again.") from error
    before = len(out.files)
    for entry in entries:
        if _climbs(entry.filename):
            raise BadFile(
                f"{path} holds the entry {entry.filename!r}, which points outside of the archive: no honest download does; "
                "get the file again from its publisher."
            )
        if entry.flag_bits & 1:
            raise BadFile(f"{path} is locked with a password: unpack it and give the folder.")
    for entry in sorted(entries, key=lambda e: e.filename):
        name = f"{path}/{entry.filename}"
        base = entry.filename.rsplit("/", 1)[-1]
        if OTHER_POLICE_UK.search(base):
            out.leave("outcomes, stop and search and other files that are no street-level crimes", name)
        elif base.startswith(".") or entry.filename.startswith("__MACOSX/"):
            out.leave("hidden files", name)
        elif DATA_NAME.search(base):
            out.files.append(SourceFile(name, _stem(base), _member(path, entry.filename), path, entry.file_size))
        else:
            out.leave("files that are neither CSV, Parquet, gzip nor zip", name)
    if len(out.files) == before:
        raise BadFile(f"{path} holds no CSV or Parquet file to read: is it the right archive?")


def _member(path: Path, entry: str) -> Callable[[], IO[bytes]]:
    def opener() -> IO[bytes]:
        archive = zipfile.ZipFile(path)
        stream = archive.open(entry)
        archive.close()  # the member keeps the file open until it is closed itself
        if entry.lower().endswith(".gz"):
            return gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[return-value]
        return stream

    return opener


def _climbs(entry: str) -> bool:
    parts = entry.replace("\\", "/").split("/")
    return entry.startswith(("/", "\\")) or ".." in parts or bool(re.match(r"^[A-Za-z]:", entry))


def _stem(name: str) -> str:
    return re.sub(r"(\.(csv|parquet|txt))?(\.gz)?$", "", name, flags=re.IGNORECASE)


def _short(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().split("\n")[0][:120] or type(error).__name__


def names(files: Sequence[str], most: int = 3) -> str:
    """A few names for a sentence: ``a, b, c and 4 more``."""
    shown = ", ".join(files[:most])
    return shown if len(files) <= most else f"{shown} and {len(files) - most:,} more"
