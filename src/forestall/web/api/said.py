"""What each operation does, in a sentence: for the description of the interface and for its page."""

from __future__ import annotations

from forestall.text import msg

OPERATIONS = {
    "me": msg("Who asks, and what they may do"),
    "list_signals": msg("The problems that the scan found, as the reader chose them"),
    "read_signal": msg("One problem, with its months and the plans that may be about it already"),
    "list_plans": msg("A page of the plans that the reader may open, those changed last first"),
    "start_plan": msg("Begins a plan from a problem; the plans that may be the same were looked at before"),
    "read_plan": msg("One plan: its answers, ideas, responses, tasks and next steps, as far as the reader may see them"),
    "answer": msg("Answers a question of a plan; refused where somebody else answered since it was read"),
    "move_plan": msg("Takes a plan a step further"),
    "list_plan_tasks": msg("The tasks of a plan"),
    "ask_task": msg("Asks an organisation on the plan, or one person of it, to do something"),
    "list_responses": msg("The responses of a plan"),
    "add_response": msg("Plans a response, and asks its organisation for it"),
    "change_response": msg("Changes a response; refused where somebody else changed it since it was read"),
    "list_tasks": msg("The tasks that wait for the reader"),
    "read_task": msg("One task"),
    "accept_task": msg("Takes a task on"),
    "decline_task": msg("Declines a task with a reason"),
    "finish_task": msg("Marks a task as done, with what came of it"),
    "portfolio": msg("A page of the portfolio, with how many plans need a look"),
    "list_published": msg("The published plans and their verdicts, newest first"),
    "read_published": msg("One published plan, as far as it is published"),
    "list_notices": msg("The reader's own notices, newest first"),
    "read_notices": msg("Marks one of the reader's notices as read, or all"),
}
TITLE = msg("The workplace for programs")
ABOUT = msg(
    "The same actions as the pages, with the same permissions, and each in the log. Times are in ISO 8601, sentences in "
    "the language of Accept-Language (en, cy)."
)
