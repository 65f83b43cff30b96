"""Designs a fair test, runs it, and reckons what the response was worth."""
