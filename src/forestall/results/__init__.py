"""What every answer is. This room holds no method; the other rooms hand these to each other."""

from forestall.results.analysis import AnalysisResult, MapLayer
from forestall.results.base import Check, Column, Provenance, Recipe, Result, Table, read, register
from forestall.results.design import (
    METHODS,
    VERDICTS,
    Asked,
    Design,
    Effect,
    Evaluation,
    Fidelity,
    Likeness,
    Lock,
    Option,
    Outcome,
    Power,
)
from forestall.results.figures import Figures
from forestall.results.finding import Finding
from forestall.results.profile import Cost, Exhibit, Idea, Part, Profile, Side, Subject
from forestall.results.shelf import Shelf
from forestall.results.signal import Reason, Scan, Series, Signal
from forestall.results.suggestion import FitReason, Line, LocalResult, Problem, Suggestion
from forestall.results.tasking import Task, TaskingList, TaskingLists

__all__ = [
    "METHODS",
    "VERDICTS",
    "Asked",
    "Design",
    "Effect",
    "Evaluation",
    "Fidelity",
    "Likeness",
    "Lock",
    "Option",
    "Outcome",
    "Power",
    "AnalysisResult",
    "Check",
    "Column",
    "Cost",
    "Exhibit",
    "Figures",
    "Finding",
    "FitReason",
    "Idea",
    "Line",
    "LocalResult",
    "Part",
    "Problem",
    "Profile",
    "MapLayer",
    "Provenance",
    "Reason",
    "Recipe",
    "Result",
    "Scan",
    "Series",
    "Shelf",
    "Side",
    "Signal",
    "Subject",
    "Suggestion",
    "Table",
    "Task",
    "TaskingList",
    "TaskingLists",
    "read",
    "register",
]
