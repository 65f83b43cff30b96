"""What the rules of people and agreements don't allow now, told in the reader's language."""

from forestall.text import Message


class RefusedError(Exception):
    """``told``: one sentence that says what is wrong and what to do."""

    def __init__(self, told: Message) -> None:
        super().__init__(str(told))
        self.told = told
