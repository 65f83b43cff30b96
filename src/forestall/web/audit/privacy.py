"""What the audit log holds. It names people who use the workplace, and records by their ids, never their content."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_STAFF = Field(Marking.SENSITIVE, Retention.AUDIT, Personal.STAFF)
_ACT = Field(Marking.SENSITIVE, Retention.AUDIT)
_SEAL = Field(Marking.OFFICIAL, Retention.AUDIT)

PRIVACY = {
    "Event": {
        "id": _ACT,
        "at": _STAFF,
        "actor": _STAFF,
        "actor_name": Field(Marking.SENSITIVE, Retention.AUDIT, Personal.STAFF, "kept when the account is gone"),
        "operation": _ACT,
        "act": _ACT,
        "record": _ACT,
        "recipient": Field(
            Marking.SENSITIVE, Retention.AUDIT, Personal.PUBLIC, "to whom something was disclosed: a person who asked, too"
        ),
        "reason": Field(Marking.SENSITIVE, Retention.AUDIT, Personal.STAFF, "as typed, where the policy asks for one"),
        "detail": Field(
            Marking.SENSITIVE,
            Retention.AUDIT,
            Personal.STAFF,
            "filters and formats; of a search of the log, whom it was about",
        ),
        "address": _STAFF,
    },
    "Seal": dict.fromkeys(("number", "first", "last", "count", "at", "hash"), _SEAL),
    "Anchor": {"seal": _SEAL},
}
