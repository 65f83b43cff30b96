"""Signals lie in the record store, not in the database: this room has no tables yet."""

PRIVACY: dict = {}
