"""Forestall: finds the problems worth preventing in the records, and carries them to proof."""

__version__ = "0.1.0"
