"""Keeping, erasing, disclosing: a recorded decision on every record past its review date, and answers to who asks."""
