"""Numbers that a method can't answer for, as a sentence in the reader's language."""

from __future__ import annotations

from forestall.text import Message


class Unfit(ValueError):  # noqa: N818 - an answer to a person, and no fault of the program
    """The data given are too few, empty or all alike: what a reader may meet who chose records, and did nothing wrong.
    ``message`` is the sentence; ``str`` of it is English. Settings that are wrong are plain ``ValueError``."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.render("en"))
        self.message = message
