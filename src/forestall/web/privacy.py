"""What each field of the database is, in the terms of protective marking, retention and data protection.

Every app has ``privacy.py`` beside its models: ``PRIVACY = {"Model": {"field": Field(...)}}``. A test fails for any
model field without a declaration, Django's own included.
"""

from __future__ import annotations

import enum
import importlib
from dataclasses import dataclass

from django.apps import apps


class Marking(enum.StrEnum):
    OFFICIAL = "OFFICIAL"
    SENSITIVE = "OFFICIAL-SENSITIVE"


class Personal(enum.StrEnum):
    NONE = "none"
    STAFF = "of the people who use the workplace"
    PUBLIC = "of the people whom the records are about"


class Retention(enum.StrEnum):
    """How long a value stays."""

    ACCOUNT = "as long as the account, then erased with it"
    AUDIT = "seven years, as the police's own logs of access"
    SESSION = "until sign-out, or ten hours and the next sign-in of anybody"
    DAY = "a day and the next sign-in of anybody: it only slows down guessing"
    PLAN = "as the plan: six years, then a recorded decision at each review"
    TASK = "a week after the task ended"
    NOTICE = "ninety days after it was read, a year at most"
    REQUEST = "two years after the answer, then a recorded decision"
    REFERENCE = "as long as the workplace: it is about no person"


@dataclass(frozen=True)
class Field:
    marking: Marking
    retention: Retention
    personal: Personal = Personal.NONE
    note: str = ""


REFERENCE = Field(Marking.OFFICIAL, Retention.REFERENCE)

#: Django's own tables.
DJANGO = {
    "auth": {
        "Permission": dict.fromkeys(("id", "name", "content_type", "codename"), REFERENCE),
        "Group": dict.fromkeys(("id", "name", "permissions"), REFERENCE),
    },
    "django_tasks_database": {
        "DBTaskResult": {
            **dict.fromkeys(
                (
                    "id",
                    "status",
                    "enqueued_at",
                    "started_at",
                    "finished_at",
                    "priority",
                    "task_path",
                    "worker_ids",
                    "queue_name",
                    "backend_name",
                    "run_after",
                    "exception_class_path",
                ),
                Field(Marking.OFFICIAL, Retention.TASK),
            ),
            "args_kwargs": Field(
                Marking.OFFICIAL, Retention.TASK, Personal.NONE, "ids alone: what is told is read when it runs"
            ),
            "return_value": Field(Marking.OFFICIAL, Retention.TASK, Personal.NONE, "counts alone"),
            "traceback": Field(Marking.SENSITIVE, Retention.TASK, Personal.STAFF, "an error may quote an e-mail address"),
        }
    },
    "contenttypes": {"ContentType": dict.fromkeys(("id", "app_label", "model"), REFERENCE)},
    "sessions": {
        "Session": {
            "session_key": Field(Marking.SENSITIVE, Retention.SESSION, Personal.STAFF, "lets its holder act as the person"),
            "session_data": Field(Marking.SENSITIVE, Retention.SESSION, Personal.STAFF, "whose session it is"),
            "expire_date": Field(Marking.OFFICIAL, Retention.SESSION),
        }
    },
}


def declarations() -> dict[str, dict[str, dict[str, Field]]]:
    """app label -> model -> field -> declaration."""
    out = dict(DJANGO)
    for app in apps.get_app_configs():
        if app.name.startswith("forestall."):
            out[app.label] = importlib.import_module(f"{app.name}.privacy").PRIVACY
    return out
