"""What background work keeps. A task holds ids alone; a notice may speak of a plan, and goes soon."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_TASK = Field(Marking.OFFICIAL, Retention.TASK)
_TOLD = Field(Marking.SENSITIVE, Retention.NOTICE, Personal.STAFF)

PRIVACY = {
    "Lease": dict.fromkeys(("task", "worker", "until"), _TASK),
    "Bookmark": dict.fromkeys(("id", "name", "value", "at"), Field(Marking.OFFICIAL, Retention.REFERENCE)),
    "Notice": {
        **dict.fromkeys(("id", "person", "kind", "key", "made_at", "read_at", "mailed_at"), _TOLD),
        "message": Field(
            Marking.SENSITIVE, Retention.NOTICE, Personal.STAFF, "may name a place or a plan; never in an e-mail"
        ),
        "link": Field(Marking.SENSITIVE, Retention.NOTICE),
        "reference": Field(Marking.OFFICIAL, Retention.NOTICE, Personal.NONE, "all that an e-mail quotes"),
    },
}
