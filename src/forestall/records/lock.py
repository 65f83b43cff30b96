"""One writer at a time. The lock is the operating system's, so it ends with the process that holds it, killed or not."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from forestall.errors import ForestallError


@contextmanager
def writing(path: Path, wait: float) -> Iterator[None]:
    """Holds the lock file ``path``; waits up to ``wait`` seconds for another writer, then refuses."""
    with path.open("a+b") as handle:
        deadline = time.monotonic() + wait
        while not _take(handle):
            if time.monotonic() >= deadline:
                raise ForestallError(
                    f"another ingest or erasure is writing to {path.parent} and has not finished within {wait:.0f} "
                    "seconds: wait for it to end and run this again."
                )
            time.sleep(0.1)
        try:
            yield
        finally:
            _release(handle)


def _take(handle: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


def _release(handle: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_UN)


def sync_folder(folder: Path) -> None:
    """Makes renames inside ``folder`` last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
