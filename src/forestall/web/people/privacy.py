"""What is kept about the people who use the workplace."""

from forestall.web.privacy import REFERENCE, Field, Marking, Personal, Retention

_STAFF = Field(Marking.OFFICIAL, Retention.ACCOUNT, Personal.STAFF)

PRIVACY = {
    "Organisation": dict.fromkeys(("id", "slug", "name", "name_cy", "kind"), REFERENCE),
    "User": {
        "id": _STAFF,
        "username": _STAFF,
        "name": _STAFF,
        "email": _STAFF,
        "password": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "a salted hash"),
        "last_login": _STAFF,
        "organisation": _STAFF,
        "language": _STAFF,
        "is_active": _STAFF,
        "is_demo": Field(Marking.OFFICIAL, Retention.ACCOUNT),
        "made_at": _STAFF,
    },
    "HeldRole": dict.fromkeys(("id", "user", "role", "area", "since", "until"), _STAFF),
    "FailedSignIn": {
        "id": Field(Marking.OFFICIAL, Retention.DAY),
        "at": Field(Marking.OFFICIAL, Retention.DAY),
        "name_hash": Field(Marking.SENSITIVE, Retention.DAY, Personal.STAFF, "a keyed hash of what was typed"),
        "address": Field(Marking.SENSITIVE, Retention.DAY, Personal.STAFF),
    },
}
