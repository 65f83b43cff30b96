"""Scan: finds candidate problems in the records and hands them on as signals."""

from forestall.scan.find import find

__all__ = ["find"]
