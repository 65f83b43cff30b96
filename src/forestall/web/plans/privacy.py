"""What a plan holds. It should need no person of the public: it names records by number and people in counts; what somebody
wrote all the same is treated as if it did."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_FACT = Field(Marking.SENSITIVE, Retention.PLAN)
_STAFF = Field(Marking.SENSITIVE, Retention.PLAN, Personal.STAFF)
_WORDS = Field(
    Marking.SENSITIVE, Retention.PLAN, Personal.PUBLIC, "free text: names are not asked for, and may have been written"
)
_RECORD = Field(
    Marking.SENSITIVE, Retention.PLAN, Personal.PUBLIC, "leads to a record about somebody; for force users alone"
)

PRIVACY = {
    "Plan": {
        **dict.fromkeys(
            (
                "id",
                "key",
                "weight",
                "state",
                "marking",
                "caveats",
                "purpose",
                "organisation",
                "owner_left_at",
                "level",
                "origin",
                "category",
                "about_people",
                "made_at",
                "changed_at",
                "state_since",
                "fixed_at",
                "urgent_at",
                "closed_at",
                "published_at",
                "joined_to",
                "quality",
            ),
            _FACT,
        ),
        **dict.fromkeys(("owner", "deputy", "supervisor", "made_by"), _STAFF),
        **dict.fromkeys(("title", "seed", "words"), _WORDS),
        **dict.fromkeys(("signal",), _RECORD),
    },
    "PlanArea": {
        **dict.fromkeys(("id", "plan", "code", "own"), _FACT),
    },
    "Occurrence": {
        **dict.fromkeys(("id", "plan"), _FACT),
        **dict.fromkeys(("ref",), _RECORD),
    },
    "Answer": {
        **dict.fromkeys(("id", "plan", "question", "revision", "current", "source", "shared", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("value", "reason"), _WORDS),
    },
    "Draft": {
        **dict.fromkeys(("id", "plan", "question", "base", "at"), _FACT),
        **dict.fromkeys(("user",), _STAFF),
        **dict.fromkeys(("value",), _WORDS),
    },
    "Hypothesis": {
        **dict.fromkeys(("id", "plan", "side", "horizon", "rule", "source", "standing", "revision", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("text", "supports", "contradicts", "test"), _WORDS),
    },
    "Response": {
        **dict.fromkeys(
            (
                "id",
                "plan",
                "side",
                "technique",
                "tiers",
                "driver",
                "dose",
                "dose_unit",
                "delivered",
                "cost",
                "organisation",
                "due",
                "practice",
                "trial",
                "shared",
                "standing",
                "revision",
                "at",
            ),
            _FACT,
        ),
        **dict.fromkeys(("owner", "by"), _STAFF),
        **dict.fromkeys(("action", "mechanism", "side_effect"), _WORDS),
    },
    "Earlier": {
        **dict.fromkeys(("id", "plan", "kind", "number", "revision", "at", "changed", "changed_at"), _FACT),
        **dict.fromkeys(("by", "changed_by"), _STAFF),
        **dict.fromkeys(("fields",), _WORDS),
    },
    "Task": {
        **dict.fromkeys(
            (
                "id",
                "key",
                "plan",
                "response",
                "asks",
                "organisation",
                "due",
                "standing",
                "shared",
                "asked_at",
                "answered_at",
                "done_at",
            ),
            _FACT,
        ),
        **dict.fromkeys(("owner", "asked_by"), _STAFF),
        **dict.fromkeys(("title", "detail", "outcome"), _WORDS),
    },
    "Member": {
        **dict.fromkeys(
            ("id", "plan", "organisation", "purpose", "basis", "agreement", "until", "added_at", "ended_at"), _FACT
        ),
        **dict.fromkeys(("user", "added_by"), _STAFF),
    },
    "Move": {
        **dict.fromkeys(("id", "plan", "move", "source", "target", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("reason", "detail"), _WORDS),
    },
    "Handover": {
        **dict.fromkeys(("id", "plan", "offered_at", "accepted_at", "declined_at"), _FACT),
        **dict.fromkeys(("giver", "taker"), _STAFF),
        **dict.fromkeys(("note", "answer"), _WORDS),
    },
    "LevelChange": {
        **dict.fromkeys(("id", "plan", "source", "target", "at", "adopted", "answered_at"), _FACT),
        **dict.fromkeys(("by", "answered_by"), _STAFF),
        **dict.fromkeys(("reason", "answer"), _WORDS),
    },
    "HelpRequest": {
        **dict.fromkeys(("id", "plan", "kind", "stage", "at", "taken_at", "answered_at"), _FACT),
        **dict.fromkeys(("by", "taken_by"), _STAFF),
        **dict.fromkeys(("text", "answer"), _WORDS),
    },
    "Referral": {
        **dict.fromkeys(("id", "plan", "at", "allowed", "decided_at"), _FACT),
        **dict.fromkeys(("by", "decided_by"), _STAFF),
        **dict.fromkeys(("question", "decision"), _WORDS),
    },
    "Triage": {
        **dict.fromkeys(("id", "organisation", "decision", "plan", "snapshot", "current", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("reason", "seen"), _WORDS),
        **dict.fromkeys(("signal",), _RECORD),
    },
}
