"""What may be done, and which role may do it. Permissions are an enum, roles are data.

Need to know: a partner guest sees how many problems there are, by theme and local authority, and no zone, no count and
no record, until a problem is shared by a plan that the partner is on; of the tasking lists, the partners' form, in the
area of the role: no occurrence number, no record of domestic abuse, a sexual offence or a child, no row of few. The data
protection officer sees who did what, and not the problems themselves. The crime and incident registrar judges the
suspected recording events and reads the signals that they may bear on, but takes nothing out. What is about one person (a
repeat victim or suspect, a frequent caller), though never by name, is for those of the force who may act on it. The
administrator makes accounts and roles, and sees no problem and no plan.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from forestall.text import Message, msg


class Permission(enum.StrEnum):
    SEE_SUMMARY = "see-summary"
    SEE_SIGNALS = "see-signals"
    SEE_PERSONS = "see-persons"
    EXPORT_SIGNALS = "export-signals"
    #: The four tasking lists: in full for those who may see persons, else in the partners' form.
    SEE_TASKING = "see-tasking"
    SEE_EVENTS = "see-events"
    JUDGE_EVENTS = "judge-events"
    EXPLORE = "explore"
    #: Adopt, watch or dismiss a signal.
    TRIAGE_SIGNALS = "triage-signals"
    #: Plans of the own areas, and those that one is on.
    SEE_PLANS = "see-plans"
    #: Only plans that one's organisation is on, and there what is marked for partners.
    SEE_SHARED_PLANS = "see-shared-plans"
    #: Plans and verdicts that were published.
    SEE_PUBLISHED = "see-published"
    START_PLANS = "start-plans"
    WORK_ON_PLANS = "work-on-plans"
    #: Bring another organisation to a plan.
    SHARE_PLANS = "share-plans"
    EXPORT_PLANS = "export-plans"
    #: Agree, return, re-level and close plans, and move ownership.
    AGREE_PLANS = "agree-plans"
    PUBLISH_PLANS = "publish-plans"
    #: Practices, what plans here found of them, and trials; whose plans these are only where one may see those.
    SEE_LIBRARY = "see-library"
    SEE_PORTFOLIO = "see-portfolio"
    DO_TASKS = "do-tasks"
    #: Answer calls for help and review others' plans, for the problem-solving hub.
    ANSWER_HELP = "answer-help"
    #: Record the ethics body's decision.
    DECIDE_ETHICS = "decide-ethics"
    SEE_AUDIT = "see-audit"
    EXPORT_AUDIT = "export-audit"
    #: Decide what is kept, what is erased and what is disclosed to the person whom it is about.
    REVIEW_RETENTION = "review-retention"
    DISCLOSE = "disclose"
    MANAGE_AGREEMENTS = "manage-agreements"
    MANAGE_PEOPLE = "manage-people"


@dataclass(frozen=True)
class Role:
    slug: str
    name: Message
    permissions: frozenset[Permission]


def _role(slug: str, name: Message, *permissions: Permission) -> Role:
    return Role(slug, name, frozenset(permissions))


P = Permission
#: What those may who act on problems in the force's name.
ACTING = (
    P.SEE_SUMMARY, P.SEE_SIGNALS, P.SEE_PERSONS, P.EXPORT_SIGNALS, P.SEE_TASKING, P.SEE_EVENTS, P.TRIAGE_SIGNALS,
    P.SEE_PLANS, P.SEE_PUBLISHED, P.START_PLANS, P.WORK_ON_PLANS, P.SHARE_PLANS, P.EXPORT_PLANS, P.DO_TASKS, P.SEE_LIBRARY,
)  # fmt: skip
#: What those may who answer for the plans of others.
LEADING = (P.EXPLORE, P.AGREE_PLANS, P.PUBLISH_PLANS, P.SEE_PORTFOLIO)

ROLES = {
    role.slug: role
    for role in (
        _role("analyst", msg("Analyst"), *ACTING, P.EXPLORE, P.SEE_PORTFOLIO),
        _role("officer", msg("Neighbourhood officer"), *ACTING),
        _role("supervisor", msg("Supervisor"), *ACTING, *LEADING, P.ANSWER_HELP),
        _role("chief-officer", msg("Chief officer"), *ACTING, *LEADING, P.DECIDE_ETHICS),
        _role("hub", msg("Problem-solving hub"), *ACTING, P.EXPLORE, P.SEE_PORTFOLIO, P.ANSWER_HELP),
        _role(
            "partner", msg("Partner"), P.SEE_SUMMARY, P.SEE_TASKING, P.SEE_SHARED_PLANS, P.SEE_PUBLISHED, P.DO_TASKS,
            P.SEE_LIBRARY,
        ),
        _role(
            "commissioner", msg("Commissioner's office"), P.SEE_SUMMARY, P.SEE_SIGNALS, P.SEE_EVENTS, P.SEE_PUBLISHED,
            P.SEE_LIBRARY,
        ),
        _role("registrar", msg("Crime and incident registrar"), P.SEE_SUMMARY, P.SEE_SIGNALS, P.SEE_EVENTS, P.JUDGE_EVENTS),
        _role(
            "data-protection", msg("Data protection officer"), P.SEE_AUDIT, P.EXPORT_AUDIT, P.REVIEW_RETENTION, P.DISCLOSE,
            P.MANAGE_AGREEMENTS,
        ),
        _role("administrator", msg("Administrator"), P.MANAGE_PEOPLE, P.MANAGE_AGREEMENTS),
    )
}  # fmt: skip
