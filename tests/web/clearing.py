"""Tests that commit clear their tables afterwards, which the log's guards refuse: they step aside for that moment alone."""

from __future__ import annotations

import functools

from django.db.backends.base.operations import BaseDatabaseOperations


def let_tests_clear_the_log() -> None:
    """Django's flush takes the guards away, clears, and puts them back."""
    from forestall.web.audit import guards

    clear = BaseDatabaseOperations.execute_sql_flush

    @functools.wraps(clear)
    def without_guards(operations, sql_list):
        guards.remove(operations.connection)
        try:
            clear(operations, sql_list)
        finally:
            guards.install(operations.connection)

    BaseDatabaseOperations.execute_sql_flush = without_guards
