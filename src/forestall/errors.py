"""The one kind of error that a person is meant to read: a clear sentence with what to do."""

from __future__ import annotations


class ForestallError(Exception):
    """Something the caller can mend. ``str(error)`` is one sentence that says what is wrong, where, and the remedy.

    The command line prints it and exits with 2; nothing has been changed.
    """
