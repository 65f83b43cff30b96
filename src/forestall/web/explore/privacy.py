"""What is explored is never kept: this room has no tables."""

PRIVACY: dict = {}
