"""What the audit log holds. It names people who use the workplace, and records by their ids, never their content."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_STAFF = Field(Marking.SENSITIVE, Retention.AUDIT, Personal.STAFF)
_ACT = Field(Marking.SENSITIVE, Retention.AUDIT)

PRIVACY = {
    "Event": {
        "id": _ACT,
        "at": _STAFF,
        "actor": _STAFF,
        "actor_name": Field(Marking.SENSITIVE, Retention.AUDIT, Personal.STAFF, "kept when the account is gone"),
        "operation": _ACT,
        "act": _ACT,
        "record": _ACT,
        "detail": Field(Marking.SENSITIVE, Retention.AUDIT, Personal.NONE, "filters and formats; no personal data"),
        "address": _STAFF,
    }
}
