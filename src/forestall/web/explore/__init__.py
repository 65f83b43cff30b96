"""Explore: one method on one choice of records, as a page whose whole state is its link."""
