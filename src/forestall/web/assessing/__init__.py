"""The plan's Assessment room: a fair test proposed, locked and run, and what is decided after it."""
