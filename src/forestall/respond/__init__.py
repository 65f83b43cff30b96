"""Chooses what to do about a problem: practices that fit it, with what is known of each."""

from forestall.respond.problem import described, of_profile
from forestall.respond.suggesting import suggest
from forestall.results.suggestion import LocalResult, Problem, Suggestion

__all__ = ["LocalResult", "Problem", "Suggestion", "described", "of_profile", "suggest"]
