"""Records: what was reported. The schema, the readers, the store, and what is wrong with what they hold.

``Records`` and ``Store`` are imported when first asked for, because Ibis takes a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forestall.records.records import Records
    from forestall.records.store import Store

__all__ = ["Records", "Store"]


def __getattr__(name: str) -> Any:
    if name == "Records":
        from forestall.records.records import Records

        return Records
    if name == "Store":
        from forestall.records.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
