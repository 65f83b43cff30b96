"""What designs and evaluations hold: areas and counts, who locked them, and the words that people gave as reasons."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_FACT = Field(Marking.SENSITIVE, Retention.PLAN)
_STAFF = Field(Marking.SENSITIVE, Retention.PLAN, Personal.STAFF)
_WORDS = Field(
    Marking.SENSITIVE, Retention.PLAN, Personal.PUBLIC, "free text: names are not asked for, and may have been written"
)

PRIVACY = {
    "PlanDesign": {
        **dict.fromkeys(("id", "plan", "revision", "current", "hash", "snapshot", "at", "locked_at", "late"), _FACT),
        **dict.fromkeys(("by", "locked_by"), _STAFF),
        **dict.fromkeys(("content", "reason"), _WORDS),
    },
    "PlanEvaluation": {
        **dict.fromkeys(("id", "plan", "design", "current", "hash", "snapshot", "interim", "verdict", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("content",), _WORDS),
    },
    "Ruling": {
        **dict.fromkeys(("id", "plan", "evaluation", "choice", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("reason",), _WORDS),
    },
}
