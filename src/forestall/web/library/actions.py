"""Every reading of the library that the log must know of, what a closing plan writes into it, and what peers decide."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.http import Http404

from forestall.catalogue.practices import Practice, practice
from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.library import filing, selectors
from forestall.web.library import found as finding
from forestall.web.library.found import Found
from forestall.web.library.models import LocalResult, PeerReview
from forestall.web.library.selectors import Local, Trial
from forestall.web.library.wanted import Wanted
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors as plans
from forestall.web.plans import values
from forestall.web.plans.models import Marking
from forestall.web.plans.rules import RefusedError
from forestall.web.work import actions as work
from forestall.web.work.kinds import kind

ASKED_BACK = kind("result-asked-back", msg("A result of a plan of yours was asked about"))
TABLES = ("practices", "local", "trials", "toolkit")
LONGEST = 5000


@action(Permission.AGREE_PLANS)
def file_local_result(*, key: str, trail: Trail, found: Found | None = None) -> Sequence[LocalResult]:
    """Files what a closed plan found, failures included: one result for each practice that its responses rest on. Called by
    the closing itself with what the plan says; call it again with ``found`` when an evaluation knows more. Only by somebody
    with authority over the plan."""
    plan = plans.one(trail.actor, key)
    if not plans.has_authority(trail.actor, plan):
        raise PermissionDenied
    if plan.state != "closed":
        raise RefusedError(msg("A result is filed when the plan is closed"))
    return filing.file(plan, found or finding.of(plan), trail)


@action(Permission.SEE_LIBRARY)
def see_library(*, wanted: Wanted, trail: Trail) -> None:
    """The practices, listed."""
    trail.record(Operation.CONSULTATION, "see-library", detail=wanted.to_json())


@action(Permission.SEE_LIBRARY)
def read_practice(*, slug: str, trail: Trail) -> Practice:
    """One practice, to read."""
    found = practice(slug)
    if found is None:
        raise Http404
    trail.record(Operation.CONSULTATION, "read-practice", f"practice:{slug}")
    return found


@action(Permission.SEE_LIBRARY)
def read_toolkit(*, category: str, trail: Trail) -> None:
    """The library's view of one category of crime."""
    trail.record(Operation.CONSULTATION, "read-toolkit", detail={"category": category})


@action(Permission.SEE_LIBRARY)
def see_suggestion(*, signal: str, trail: Trail) -> None:
    """What the library suggests for a signal, whose own reading is checked and logged before it."""
    trail.record(Operation.CONSULTATION, "see-suggestion", f"signal:{signal}")


@action(Permission.SEE_LIBRARY)
def see_local(*, wanted: Wanted, trail: Trail) -> tuple[Sequence[Local], int]:
    """A page of local results, and how many fit."""
    trail.record(Operation.CONSULTATION, "see-local-results", detail=wanted.to_json())
    return selectors.page(trail.actor, wanted)


@action(Permission.SEE_LIBRARY)
def read_local(*, key: str, trail: Trail) -> Local:
    """One local result, as the reader may see it."""
    found = selectors.one(trail.actor, key)
    trail.record(Operation.CONSULTATION, "read-local-result", f"local-result:{key}", {"own": found.own})
    return found


@action(Permission.SEE_LIBRARY)
def see_trials(*, wanted: Wanted, trail: Trail) -> Sequence[Trial]:
    """Trials in progress."""
    trail.record(Operation.CONSULTATION, "see-trials", detail=wanted.to_json())
    return selectors.trials(trail.actor, wanted)


@action(Permission.SEE_LIBRARY)
def export_library(*, table: str, wanted: Wanted, trail: Trail) -> None:
    """A table of the library to take away: what its page shows the reader, and no more."""
    if table not in TABLES:
        raise Http404
    trail.record(Operation.DISCLOSURE, "export-library", detail={**wanted.to_json(), "table": table})


# Peer review


@action(Permission.ANSWER_HELP)
def see_reviews(*, trail: Trail) -> Sequence[LocalResult]:
    """What waits for a peer."""
    trail.record(Operation.CONSULTATION, "see-reviews")
    return selectors.queue(trail.actor)


@action(Permission.ANSWER_HELP)
def review_result(*, key: str, decision: str, trail: Trail, note: str = "", open_lessons: bool = False) -> LocalResult:
    """Accepts a result, or asks back with a question. ``open_lessons``: the words name nobody and no place, so that
    everybody in the library may read them; never of a plan that is sensitive or about people."""
    row = _held(selectors.to_review(trail.actor), key)
    note = values.clean_text(note)[:LONGEST]
    if row.review != LocalResult.Review.WAITING:
        raise RefusedError(msg("Somebody answered this meanwhile"))
    if decision not in (PeerReview.Decision.ACCEPTED, PeerReview.Decision.ASKED_BACK):
        raise RefusedError(msg("Accept it or ask back"))
    back = decision == PeerReview.Decision.ASKED_BACK
    if back and not note:
        raise RefusedError(msg("Say what you ask"))
    if open_lessons and not back and (row.plan.marking != Marking.OFFICIAL or row.plan.about_people):
        raise RefusedError(msg("The words of a plan that is OFFICIAL-SENSITIVE, or about particular people, stay with it"))
    row.review, row.lessons_open = decision, open_lessons and not back
    row.save(update_fields=["review", "lessons_open"])
    PeerReview.objects.create(result=row, revision=row.revision, decision=decision, note=note, by=trail.actor)
    trail.record(
        Operation.ALTERATION, "review-result", row.record, {"decision": decision, "lessons_open": row.lessons_open}
    )
    if back and row.plan.owner.is_active:
        work.post_notice(
            person=row.plan.owner,
            kind=ASKED_BACK,
            message=msg("{who} asks about what plan {key} found", who=str(trail.actor), key=row.plan.key),
            key=f"result:{row.key}:{row.reviews.count()}",
            link=f"/library/local/{row.key}/",
            reference=row.plan.key,
            trail=trail,
        )
    return row


@action(Permission.WORK_ON_PLANS)
def amend_result(*, key: str, lessons: str, note: str, trail: Trail) -> LocalResult:
    """Puts right what was learned, by those who work on the plan, and hands it to a peer again. Verdict and figures are not
    touched: they come from the plan's closing and its evaluation."""
    row = _held(LocalResult.objects.filter(plan__in=plans.visible(trail.actor).values("pk")), key)
    if not plans.may_work(trail.actor, row.plan):
        raise PermissionDenied
    lessons, note = values.clean_text(lessons)[:LONGEST], values.clean_text(note)[:LONGEST]
    if not lessons:
        raise RefusedError(msg("Say what was learned"))
    row.lessons, row.review, row.lessons_open = lessons, LocalResult.Review.WAITING, False
    row.revision += 1
    row.save(update_fields=["lessons", "review", "lessons_open", "revision"])
    PeerReview.objects.create(
        result=row, revision=row.revision, decision=PeerReview.Decision.MENDED, note=note, by=trail.actor
    )
    trail.record(Operation.ALTERATION, "amend-result", row.record, {"revision": row.revision})
    return row


def _held(found, key: str) -> LocalResult:  # type: ignore[no-untyped-def]
    """A result to change, its row locked; not found where it is not among ``found``."""
    pk = found.filter(key=key).values_list("pk", flat=True).first()
    if pk is None:
        raise Http404
    LocalResult.objects.select_for_update().get(pk=pk)
    return LocalResult.objects.select_related("plan", "plan__owner").get(pk=pk)
