"""Redaction of free text at the door: what has a pattern is replaced by what it was. Names without a title have none."""

from __future__ import annotations

import re

_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"

#: (mark, pattern), applied in this order.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[e-mail]", re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+")),
    ("[card]", re.compile(r"(?<![\d-])(?:\d[ -]?){12,18}\d(?![\d-])")),
    ("[NI number]", re.compile(r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", re.IGNORECASE)),
    ("[phone]", re.compile(r"(?<![\w+])(?:\+44|0044|0)(?: ?\(0\))?(?:[ ().-]*\d){9,10}(?!\d)")),
    ("[date of birth]", re.compile(
        r"\b(?:d\.?o\.?b\.?|date of birth|born(?: on)?)\W{0,3}(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4}"
        rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTHS}\.?,? \d{{2,4}})", re.IGNORECASE)),
    ("[postcode]", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b", re.IGNORECASE)),
    ("[name]", re.compile(
        r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Rev|Sir|Lady|Lord|PC|PCSO|DC|DS|DI|Sgt|Insp)\b\.?"
        r"(?: (?:[A-Z]\.? )?[A-Z][\w'’-]+){1,3}")),
)  # fmt: skip


def redact(text: str) -> str:
    """``text`` with telephone numbers, e-mail addresses, National Insurance and card numbers, dates of birth, full
    postcodes and names after a title replaced by marks such as ``[phone]``."""
    for mark, pattern in PATTERNS:
        text = pattern.sub(mark, text)
    return text
