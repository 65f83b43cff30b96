"""The command that makes a recorded scan again."""

from __future__ import annotations

from forestall.results import Scan

#: option -> the parameter that it sets, and the value that needs no saying.
OPTIONS = (
    ("replicates", "replicates", 999),
    ("harm", "harm_scheme", "cambridge-2026"),
    ("asb-harm", "asb_harm", None),
    ("late", "late_months", None),
    ("sort", "sort", "themes"),
)


def words(scan: Scan, store: str, *, until: bool = True) -> list[str]:
    """``forestall``'s arguments. Without ``until`` it goes to the records' last month, whichever that is by then."""
    p = scan.provenance.parameters
    out = ["scan", "--store", store]
    for option in ("force", *(["until"] if until else []), "lookback"):
        if p.get(option) is not None:
            out += [f"--{option}", str(p[option])]
    if p.get("windows"):
        out += ["--windows", "-".join(map(str, p["windows"]))]
    for option, key, usual in OPTIONS:
        if p.get(key) not in (None, usual):
            out += [f"--{option}", str(p[key])]
    for kind in p.get("kinds") or ():
        out += ["--kind", str(kind)]
    if scan.provenance.seed is not None:
        out += ["--seed", str(scan.provenance.seed)]
    return out
