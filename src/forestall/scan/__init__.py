"""Scan: finds candidate problems in the records and hands them on as signals, and as tasking lists."""

from forestall.scan.find import find
from forestall.scan.tasking import tasking

__all__ = ["find", "tasking"]
