"""How every change, and every reading that must be logged, is made.

An action is a keyword-only function that takes a :class:`~forestall.web.audit.trail.Trail`. The decorator checks the
permission of the trail's actor, opens one transaction around the act and its audit event, and lists the action, so
that the truth table of permissions can be complete.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction

from forestall.web.people.permissions import Permission

F = TypeVar("F", bound=Callable[..., Any])

#: An action that needs no account: signing in, choosing a language.
ANYONE = "anyone"
#: An action that only the machine's own operator takes, from the command line.
OPERATOR = "operator"

#: ``app.action`` -> what it needs.
ACTIONS: dict[str, Permission | str] = {}


def action(needs: Permission | str) -> Callable[[F], F]:
    """Marks a function as an action that needs a permission, :data:`ANYONE` or :data:`OPERATOR`."""

    def mark(function: F) -> F:
        parameters = inspect.signature(function).parameters.values()
        name = f"{function.__module__.split('.')[-2]}.{function.__name__}"
        if any(p.kind is not p.KEYWORD_ONLY for p in parameters) or "trail" not in {p.name for p in parameters}:
            raise TypeError(f"the action {name} must take keyword arguments only, trail among them")
        ACTIONS[name] = needs

        @functools.wraps(function)
        def act(**arguments: Any) -> Any:
            if not allowed(name, arguments["trail"].actor):
                raise PermissionDenied
            with transaction.atomic():
                return function(**arguments)

        return act  # type: ignore[return-value]

    return mark


def oneself(trail: Any) -> Any:
    """The signed-in person who acts, for what everybody does to their own account; nobody else may."""
    if trail.actor is None:
        raise PermissionDenied
    return trail.actor


def allowed(name: str, actor: Any) -> bool:
    """Whether a person (None: the operator at the command line) may take an action."""
    needs = ACTIONS[name]
    if needs == ANYONE:
        return True
    if needs == OPERATOR:
        return actor is None
    return actor is not None and actor.may(needs)
