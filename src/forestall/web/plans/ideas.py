"""A hypothesis as a form holds it, and as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.plans.models import Hypothesis
from forestall.web.plans.saving import UnansweredError
from forestall.web.plans.values import LONGEST, clean_text

FIELDS = {
    "text": msg("Why does it go on?"),
    "side": msg("Which side of the triangle is it about?"),
    "supports": msg("What speaks for it?"),
    "contradicts": msg("What speaks against it?"),
    "test": msg("How can it be tested?"),
    "horizon": msg("How long would it take to do something about it?"),
    "standing": msg("How does it stand?"),
}
LONG = ("text", "supports", "contradicts", "test")


def raw(h: Hypothesis) -> dict[str, str]:
    """Its fields as a form holds them."""
    return {name: str(getattr(h, name)) for name in FIELDS}


def clean(sent: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form as they are kept; :class:`UnansweredError` says which are wrong."""
    kept = {name: clean_text(sent.get(name, "")) for name in FIELDS}
    errors: dict[str, Message] = {}
    if not kept["text"]:
        errors["text"] = msg("Write the idea down")
    for name in LONG:
        if len(kept[name]) > LONGEST["long"]:
            errors[name] = msg(
                "Say it in at most {n:count} characters: this has {m:count}", n=LONGEST["long"], m=len(kept[name])
            )
    known = {
        "side": {o.slug for o in catalogue.choices("sides")},
        "horizon": {o.slug for o in catalogue.choices("horizons")},
        "standing": set(Hypothesis.Standing.values),
    }
    for name, slugs in known.items():
        if kept[name] and kept[name] not in slugs:
            errors[name] = msg("Choose from the list")
    kept["standing"] = kept["standing"] or Hypothesis.Standing.OPEN
    if errors:
        raise UnansweredError(errors, {})
    return kept
