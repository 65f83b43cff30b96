"""What may be done, and which role may do it. Permissions are an enum, roles are data.

Need to know, for now: a partner guest sees how many problems there are, by theme and local authority, and no zone, no
count and no record, until a problem is shared by a plan that the partner is on. The data protection officer sees who
did what, and not the problems themselves. The crime and incident registrar judges the suspected recording events and
reads the signals that they may bear on, but takes nothing out. What is about one person (a repeat victim or suspect, a
frequent caller), though never by name, is for those of the force who may act on it.
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
    SEE_EVENTS = "see-events"
    SEE_AUDIT = "see-audit"
    EXPLORE = "explore"


@dataclass(frozen=True)
class Role:
    slug: str
    name: Message
    permissions: frozenset[Permission]


def _role(slug: str, name: Message, *permissions: Permission) -> Role:
    return Role(slug, name, frozenset(permissions))


P = Permission
#: What those may who act on problems in the force's name.
ACTING = (P.SEE_SUMMARY, P.SEE_SIGNALS, P.SEE_PERSONS, P.EXPORT_SIGNALS, P.SEE_EVENTS)

ROLES = {
    role.slug: role
    for role in (
        _role("analyst", msg("Analyst"), *ACTING, P.EXPLORE),
        _role("officer", msg("Neighbourhood officer"), *ACTING),
        _role("supervisor", msg("Supervisor"), *ACTING, P.EXPLORE),
        _role("chief-officer", msg("Chief officer"), *ACTING, P.EXPLORE),
        _role("partner", msg("Partner"), P.SEE_SUMMARY),
        _role("commissioner", msg("Commissioner's office"), P.SEE_SUMMARY, P.SEE_SIGNALS, P.SEE_EVENTS),
        _role("registrar", msg("Crime and incident registrar"), P.SEE_SUMMARY, P.SEE_SIGNALS, P.SEE_EVENTS),
        _role("data-protection", msg("Data protection officer"), P.SEE_AUDIT),
    )
}
