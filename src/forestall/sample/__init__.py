"""The fictional force: a model of its records, one history drawn from it, and the planted truth."""

from __future__ import annotations

from forestall.sample.counts import Model, model

__all__ = ["Model", "model"]
