"""Writes docs/reference/plan-states.md and its diagram from the catalogue's states and moves, so that they can't differ.

python scripts/plan_states.py            write both
python scripts/plan_states.py --check    say whether they are up to date (exit 1 where not)
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from forestall.catalogue import plans

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "plan-states.md"
PICTURE = ROOT / "docs" / "images" / "plan-states.svg"

WHO = {
    "owner": "owner or deputy",
    "team": "anyone who works on it",
    "authority": "who may agree to plans and does not own it",
}
#: Boxes of the states on the way, and of those in which a plan ends elsewhere; pixels.
BOX, STEP, LEFT, TOP = (230, 40), 84, 170, 20
END_LEFT, END_BOX = 710, (200, 40)
INK, ACCENT, QUIET = "#111d24", "#0b5563", "#4c5a63"

HEAD = """# States of a plan

Written by `scripts/plan_states.py` from `catalogue/plan/moves.yaml`; a test keeps it true.

![States of a plan and the moves between them, numbered as in the table](../images/plan-states.svg)

| | move | from | to | who may | must say why | must hold |
|---|---|---|---|---|---|---|
"""
FOOT = """
*Must hold* names checks of the workplace: each says in a sentence what is missing and links to where it is put right.
Moves 4 and 6 settle the outcome: a change of the answers that were settled then takes a reason and stands in the history.
"""


def page() -> str:
    """The table of every move, as Markdown."""
    states = plans.states()
    rows = []
    for number, m in enumerate(plans.moves().values(), 1):
        cells = [
            str(number), str(m.title), ", ".join(str(states[s].title) for s in m.sources), str(states[m.target].title),
            WHO[m.who], "yes" if m.reason else "", ", ".join(c.replace("_", " ") for c in m.checks),
        ]  # fmt: skip
        rows.append("| " + " | ".join(cells) + " |")
    return HEAD + "\n".join(rows) + "\n" + FOOT


def picture() -> str:
    """The states as boxes and the moves as arrows with their numbers, as SVG."""
    way, ends = lanes()
    at = {s: (LEFT, TOP + i * STEP) for i, s in enumerate(way)}
    at |= {s: (END_LEFT, TOP + 40 + i * (STEP + 30)) for i, s in enumerate(ends)}
    height = TOP + len(way) * STEP - (STEP - BOX[1]) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 930 {height}" role="img" aria-labelledby="title"'
        ' font-family="system-ui, sans-serif" font-size="15">',
        "<title id='title'>States of a plan and the moves between them</title>",
        f'<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{QUIET}"/></marker></defs>',
        f'<rect width="930" height="{height}" fill="#fff"/>',
    ]
    arrows = [arrow(way, at, s, t, numbers) for (s, t), numbers in joined().items()]
    parts += [line for line, _ in arrows]
    parts += [box(at[s], END_BOX if s in ends else BOX, str(plans.states()[s].title), s in ends) for s in (*way, *ends)]
    parts += [badge for _, badge in arrows]
    return "\n".join([*parts, "</svg>"]) + "\n"


def lanes() -> tuple[list[str], list[str]]:
    """The states that a plan goes through, in order, and those in which it ends elsewhere."""
    moves = plans.moves().values()
    leaving = {s for m in moves for s in m.sources}
    way = [s.slug for s in plans.states().values() if s.open or s.slug in leaving]
    return way, [s for s in plans.states() if s not in way]


def joined() -> dict[tuple[str, str], list[int]]:
    """Source and target -> the numbers of the moves between them."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, m in enumerate(plans.moves().values(), 1):
        for source in m.sources:
            found.setdefault((source, m.target), []).append(number)
    return found


def arrow(way: list[str], at: dict[str, tuple[int, int]], source: str, target: str, numbers: list[int]) -> tuple[str, str]:
    """An arrow's line, and the badge with its numbers."""
    (x1, y1), (x2, y2) = at[source], at[target]
    w, h = BOX
    if target not in way:
        points = (x1 + w, y1 + h / 2), (x1 + w + 130, y1 + h / 2), (x2 - 130, y2 + h / 2), (x2, y2 + h / 2)
        path = "M{0[0]} {0[1]}C{1[0]} {1[1]} {2[0]} {2[1]} {3[0]} {3[1]}".format(*points)
        return line(path), badge(*on(points, 0.62), numbers)
    i, j = way.index(source), way.index(target)
    if i == j:
        x = x1 + w
        return line(f"M{x} {y1 + 8}C{x + 46} {y1 - 6} {x + 46} {y1 + h + 6} {x} {y1 + h - 8}"), badge(
            x + 36, y1 + h / 2, numbers
        )
    if j == i + 1:
        x = x1 + w / 2
        return line(f"M{x} {y1 + h}V{y2}"), badge(x, (y1 + h + y2) / 2 - 2, numbers)
    out = 34 * (abs(j - i) - 1) + 40
    side = -1 if j < i else 1
    x, a, b = (x1, y1 + h / 2 + 6, y2 + h / 2 + 6) if side < 0 else (x1 + w, y1 + h / 2 + 8, y2 + h / 2 - 8)
    path = f"M{x} {a}C{x + side * out * 1.33} {a} {x + side * out * 1.33} {b} {x} {b}"
    return line(path), badge(x + side * out, (a + b) / 2, numbers)


def on(points: tuple[tuple[float, float], ...], t: float) -> tuple[float, float]:
    """The point of a cubic curve at ``t``, from 0 to 1."""
    shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    pairs = list(zip(shares, points, strict=True))
    return sum(k * x for k, (x, _) in pairs), sum(k * y for k, (_, y) in pairs)


def line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{QUIET}" stroke-width="1.6" marker-end="url(#tip)"/>'


def badge(x: float, y: float, numbers: list[int]) -> str:
    text = ", ".join(map(str, numbers))
    width = 10 + 9 * len(text)
    return (
        f'<rect x="{x - width / 2:.0f}" y="{y - 11:.0f}" width="{width}" height="21" rx="10" fill="#fff"'
        f' stroke="{ACCENT}"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle" font-size="14" fill="{ACCENT}">{text}</text>'
    )


def box(at: tuple[int, int], size: tuple[int, int], title: str, ends: bool) -> str:
    (x, y), (w, h) = at, size
    fill, ink = ("#f4f7f8", INK) if ends else ("#eaf4f5", INK)
    return (
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="5" fill="{fill}" stroke="{ACCENT}" stroke-width="1.5"/>'
        f'<text x="{x + w / 2:.0f}" y="{y + h / 2 + 5:.0f}" text-anchor="middle" fill="{ink}">{escape(title)}</text>'
    )


if __name__ == "__main__":
    made = {PAGE: page(), PICTURE: picture()}
    if "--check" not in sys.argv:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
    elif any(not p.exists() or p.read_text(encoding="utf-8") != text for p, text in made.items()):
        sys.exit("docs/reference/plan-states.md or its picture is out of date: run .venv/bin/python scripts/plan_states.py")
