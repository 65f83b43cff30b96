"""Analyse: records in, an explanation out. The bench runs one method on one choice of records."""
