"""What the crime and incident registrar decided about suspected recording events.

Kept beside the records in ``<store>/decisions/recording-events.json``, because a decision outlives snapshots. Every
decision ever made stays in the file; the last on an event holds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from forestall.errors import ForestallError
from forestall.records.lock import writing
from forestall.results import Finding
from forestall.results.shelf import write_whole

FILE = Path("decisions") / "recording-events.json"
DECIDED = ("confirmed", "rejected")


@dataclass(frozen=True)
class Decision:
    """``finding``: id of the finding. ``standing``: confirmed or rejected. ``at``: local time to the second."""

    finding: str
    standing: str
    by: str
    at: str
    reason: str


def read(store: Path) -> tuple[Decision, ...]:
    """All decisions, oldest first; none where none was made. ForestallError where the file can't be read."""
    path = store / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Decision(**d) for d in data["decisions"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ForestallError(
            f"the registrar's decisions in {path} can't be read ({error}): restore the file from a backup, or move it away "
            "to begin anew"
        ) from error


def decide(store: Path, finding: Finding, standing: str, by: str, reason: str) -> Decision:
    """Writes one decision, whole or not at all. ForestallError without a name or a reason, or where the finding is no
    recording event."""
    if standing not in DECIDED:
        raise ValueError(f"a decision is {' or '.join(DECIDED)}, not {standing}")
    if not by.strip() or not reason.strip():
        raise ForestallError("a decision needs a name and a reason: give --by NAME and --reason TEXT")
    if finding.kind != "recording-event":
        raise ForestallError(
            f"finding {finding.id} is no suspected recording event ({finding.kind}): it states a fact, and is not "
            f"confirmed or rejected"
        )
    decision = Decision(
        finding.id, standing, by.strip(), dt.datetime.now().astimezone().isoformat(timespec="seconds"), reason.strip()
    )
    path = store / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path.parent / "LOCK", 10.0):
            everything = {"version": 1, "decisions": [asdict(d) for d in (*read(store), decision)]}
            write_whole(path, json.dumps(everything, ensure_ascii=False, indent=1))
    except OSError as error:
        raise ForestallError(
            f"the decision can't be written to {path} ({error.strerror or error}): check the disk and its permissions; "
            "nothing was changed"
        ) from error
    return decision


def apply(findings: Iterable[Finding], decisions: Iterable[Decision]) -> tuple[Finding, ...]:
    """The findings with the standing that was last decided for each."""
    last = {d.finding: d.standing for d in decisions}
    return tuple(replace(f, standing=last.get(f.id, f.standing)) for f in findings)
