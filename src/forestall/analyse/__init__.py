"""Explains one problem: ``analyse.profile``. What it finds is a :class:`forestall.results.Profile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forestall.analyse.profiling import profile

__all__ = ["profile"]


def __getattr__(name: str) -> Any:
    if name == "profile":
        from forestall.analyse.profiling import profile

        return profile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
