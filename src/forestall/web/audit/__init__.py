"""The log of what people did: one row an act, written in the act's own transaction, never changed."""
