"""Background work: what a worker does while nobody waits, and what people are told of it."""
