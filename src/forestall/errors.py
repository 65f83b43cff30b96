"""The one kind of error that a person is meant to read: a clear sentence with what to do."""

from __future__ import annotations

import errno


class ForestallError(Exception):
    """Something the caller can mend. ``str(error)`` is one sentence that says what is wrong, where, and the remedy.

    The command line prints it and exits with 2; nothing has been changed.
    """


#: What a person can do about an error of the system.
_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some room and run it again; nothing was lost",
    errno.EDQUOT: "the disk quota is used up: free some room and run it again; nothing was lost",
    errno.EFBIG: "a file grew beyond what this system allows: raise the limit and run it again; nothing was lost",
    errno.EROFS: "the disk is read-only: give a folder on a disk that can be written",
    errno.EACCES: "permission is denied: ask for the right to this folder, or give another",
    errno.EPERM: "permission is denied: ask for the right to this folder, or give another",
    errno.ENOTDIR: "it is a file and not a folder: give a folder",
    errno.ENAMETOOLONG: "the name is longer than this system allows: give a shorter one",
}


def remedy(error: OSError) -> str:
    """What is wrong with the disk, and what to do about it; without a full stop."""
    known = _REMEDIES.get(error.errno or 0)
    return known or f"{error.strerror or error}: check the path and the disk and run it again; nothing was lost"
