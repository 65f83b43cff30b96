"""What is kept about the people who use the workplace, and the agreements on which information is shared."""

from forestall.web.privacy import REFERENCE, Field, Marking, Personal, Retention

_STAFF = Field(Marking.OFFICIAL, Retention.ACCOUNT, Personal.STAFF)
_SECRET = Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF)

PRIVACY = {
    "Organisation": dict.fromkeys(("id", "slug", "name", "name_cy", "kind"), REFERENCE),
    "Unit": dict.fromkeys(("id", "organisation", "parent", "kind", "slug", "name", "name_cy", "areas"), REFERENCE),
    "User": {
        "id": _STAFF,
        "username": _STAFF,
        "name": _STAFF,
        "email": _STAFF,
        "password": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "a salted hash"),
        "last_login": _STAFF,
        "organisation": _STAFF,
        "unit": _STAFF,
        "language": _STAFF,
        "is_active": _STAFF,
        "is_demo": Field(Marking.OFFICIAL, Retention.ACCOUNT),
        "made_at": _STAFF,
        "left_at": _STAFF,
        "session_stamp": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "random; a new one signs out"),
    },
    "HeldRole": dict.fromkeys(
        ("id", "user", "role", "organisation", "unit", "area", "since", "until", "by_provider"), _STAFF
    ),
    "Invitation": {
        **dict.fromkeys(("id", "user", "made_at", "expires_at", "used_at"), _STAFF),
        "token_hash": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "a hash of the link's random part"),
    },
    "SecondFactor": {
        **dict.fromkeys(("id", "user", "made_at", "confirmed_at"), _STAFF),
        "secret": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "encrypted; the key lies elsewhere"),
        "last_step": Field(Marking.OFFICIAL, Retention.ACCOUNT, Personal.STAFF, "so that no code works twice"),
    },
    "RecoveryCode": {
        **dict.fromkeys(("id", "user", "used_at"), _STAFF),
        "code_hash": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "a hash of 80 random bits"),
    },
    "Identity": {
        **dict.fromkeys(("id", "user", "issuer", "made_at"), _STAFF),
        "subject": _SECRET,
    },
    "FailedSignIn": {
        "id": Field(Marking.OFFICIAL, Retention.DAY),
        "at": Field(Marking.OFFICIAL, Retention.DAY),
        "name_hash": Field(Marking.SENSITIVE, Retention.DAY, Personal.STAFF, "a keyed hash of what was typed"),
        "address": Field(Marking.SENSITIVE, Retention.DAY, Personal.STAFF),
    },
    "Agreement": dict.fromkeys(
        (
            "id", "reference", "title", "kind", "parties", "purpose", "legal_basis", "starts", "expires", "review_on",
            "withdrawn_on", "made_at",
        ),
        REFERENCE,
    ),
}  # fmt: skip
