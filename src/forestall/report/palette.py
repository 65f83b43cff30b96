"""The colours of every chart and map: one accent, one scale for amount, one for change, grey for "can't tell".

No colour carries meaning alone: a word, a number or a shape stands beside it.
"""

from __future__ import annotations

INK = "#111d24"
MUTED = "#4c5a63"
LINE = "#c3ccd1"
PAPER = "#ffffff"
ACCENT = "#0b5563"
#: Background of the window of months that a signal is about.
WINDOW = "#e4f0f2"
#: Months outside the window: lighter than the accent, still 3:1 against white.
QUIET = "#7fa9b2"
#: "Can't tell", and months set aside.
UNKNOWN = "#d5d9dc"
UNKNOWN_INK = "#6b757c"
#: Amount, light to dark teal.
AMOUNT = ("#eaf4f5", "#bcdbe0", "#82b9c2", "#3f8d9b", "#0b5563")
#: Change, purple (lower) over near-white (about the same) to orange (higher).
CHANGE = ("#5e3c99", "#b2abd2", "#f4f3f1", "#fdb863", "#c45a06")
#: The second of two things compared, always with a second shape.
OTHER = "#8a5a00"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
