"""What the retention room keeps. A decision names a record by its id; what was erased is nowhere in it."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_DECISION = Field(Marking.OFFICIAL, Retention.AUDIT)
_BY = Field(Marking.OFFICIAL, Retention.AUDIT, Personal.STAFF)
_REQUEST = Field(Marking.SENSITIVE, Retention.REQUEST)
_ASKED = Field(Marking.SENSITIVE, Retention.REQUEST, Personal.PUBLIC)
_STAFF = Field(Marking.SENSITIVE, Retention.REQUEST, Personal.STAFF)

PRIVACY = {
    "Review": {
        **dict.fromkeys(
            ("id", "kind", "group", "due", "decision", "at", "next_due", "done_at", "trace", "failed"), _DECISION
        ),
        "record": Field(Marking.OFFICIAL, Retention.AUDIT, Personal.NONE, "an id, which names nobody"),
        "reason": Field(Marking.OFFICIAL, Retention.AUDIT, Personal.NONE, "says why, and is asked to name nobody"),
        "decided_by": _BY,
    },
    "Request": {
        **dict.fromkeys(
            ("id", "kind", "received_on", "due_on", "opened_at", "decision", "decided_at", "erased_at"), _REQUEST
        ),
        **dict.fromkeys(("asked_by", "purpose", "redactions"), _ASKED),
        "account": Field(Marking.SENSITIVE, Retention.REQUEST, Personal.STAFF, "whom the request is about"),
        "person_hash": Field(Marking.SENSITIVE, Retention.REQUEST, Personal.PUBLIC, "a keyed hash; the key lies elsewhere"),
        **dict.fromkeys(("opened_by", "decided_by"), _STAFF),
    },
    "Disclosure": {
        **dict.fromkeys(("id", "request", "at", "form", "snapshot", "rows", "withheld"), _REQUEST),
        "recipient": _ASKED,
        "digest": Field(Marking.SENSITIVE, Retention.REQUEST, Personal.NONE, "a hash of the file that went out"),
        "by": _STAFF,
    },
}
