"""Carries out what was decided and takes a while: from the background, or from ``forestall erase --waiting``.

Whoever is killed between an erasure and its note finds at the next run that nothing is left to erase, and its tombstone.
"""

from __future__ import annotations

import logging

from forestall.errors import ForestallError
from forestall.web.audit.trail import Trail
from forestall.web.retention import actions, selectors
from forestall.web.retention.models import Review
from forestall.web.retention.sources import of

log = logging.getLogger("forestall.retention")


def waiting() -> list[Review]:
    """What was decided and is not done."""
    return list(selectors.waiting().select_related("decided_by"))


def carry_out(*, trail: Trail) -> list[Review]:
    """Carries out every waiting erasure; returns those that are done now. One that fails is noted and stops no other;
    :class:`ForestallError` names them at the end."""
    done, failed = [], []
    for review in waiting():
        source = of(review.record)
        if source is None:
            continue
        try:
            trace = source.carry_out(review.record, review.decision, review)
            actions.finish_erasure(review=review, trace=trace, trail=trail)
        except Exception as error:
            why = _why(error)
            log.warning("%s could not be erased: %s", review.record, why, exc_info=not isinstance(error, ForestallError))
            actions.note_failure(review=review, why=why, trail=trail)
            failed.append(f"{review.record} ({why})")
            continue
        done.append(review)
    if failed:
        raise ForestallError(f"not erased: {'; '.join(failed)}")
    return done


def _why(error: Exception) -> str:
    """What is noted of a failure: what somebody can mend in its own words, anything else by its name, because its words may
    quote what is to be erased."""
    return str(error) if isinstance(error, ForestallError) else f"{type(error).__name__}: the program's log says more"
