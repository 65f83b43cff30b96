"""What a local result holds. Figures and codes are about no person; the two texts are a plan's own words and treated as
those are: only who may read the whole plan reads them, others once a peer saw that they name nobody."""

from forestall.web.privacy import Field, Marking, Personal, Retention

_FACT = Field(Marking.OFFICIAL, Retention.PLAN)
_STAFF = Field(Marking.OFFICIAL, Retention.PLAN, Personal.STAFF)
_OWN = Field(Marking.SENSITIVE, Retention.PLAN)
_WORDS = Field(
    Marking.SENSITIVE, Retention.PLAN, Personal.PUBLIC, "free text: names are not asked for, and may have been written"
)

PRIVACY = {
    "LocalResult": {
        **dict.fromkeys(
            ("id", "key", "practice", "together", "verdict", "said", "estimate", "low", "high", "p_value", "unit", "method",
             "maryland", "fidelity", "band", "category", "place", "side", "technique", "tiers", "driver", "evaluation",
             "revision", "lessons_open", "review", "filed_at"),
            _FACT,
        ),
        **dict.fromkeys(("plan", "cost", "closed_at"), _OWN),
        **dict.fromkeys(("filed_by",), _STAFF),
        **dict.fromkeys(("lessons", "mechanism"), _WORDS),
    },
    "PeerReview": {
        **dict.fromkeys(("id", "result", "revision", "decision", "at"), _FACT),
        **dict.fromkeys(("by",), _STAFF),
        **dict.fromkeys(("note",), _WORDS),
    },
}  # fmt: skip
