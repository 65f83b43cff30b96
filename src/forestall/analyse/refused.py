"""An analysis that can't be made, as a sentence in the reader's language."""

from __future__ import annotations

from forestall.errors import ForestallError
from forestall.text import Message


class Refused(ForestallError):  # noqa: N818 - an answer to a person, and no fault of the program
    """``message`` says what is wrong, where, and what to do; ``str`` of it is English. ``english``: what a method on
    numbers said, which speaks English alone: a page marks it as such."""

    def __init__(self, message: Message, english: str = "") -> None:
        super().__init__(f"{message.render('en')}: {english}" if english else message.render("en"))
        self.message, self.english = message, english
