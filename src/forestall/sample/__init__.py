"""The fictional force: a model of its records, one history drawn from it, and the planted truth."""

from __future__ import annotations

from forestall.sample.counts import Model, model
from forestall.sample.writing import make

__all__ = ["Model", "make", "model"]
