"""What is kept about the tokens by which people's programs come in."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_STAFF = Field(Marking.OFFICIAL, Retention.ACCOUNT, Personal.STAFF)
_SECRET = Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF)

PRIVACY = {
    "AccessToken": {
        **dict.fromkeys(
            ("id", "user", "name", "hint", "reads_only", "made_at", "expires_at", "last_used_at", "revoked_at"), _STAFF
        ),
        "token_hash": Field(Marking.SENSITIVE, Retention.ACCOUNT, Personal.STAFF, "of 256 random bits"),
        "stamp": _SECRET,
    }
}
