"""The lists are worked out from the records each time and never kept: this room has no tables."""

PRIVACY: dict = {}
