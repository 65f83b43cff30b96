"""What the tests of this room do again and again."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from forestall.web.audit.trail import Trail
from forestall.web.retention import actions


def leaver(person, name="gone", years=2):
    user = person("analyst", username=name)
    user.name, user.email, user.is_active = "Blodwen Hughes", "blodwen@force.example", False
    user.left_at = timezone.now() - dt.timedelta(days=366 * years)
    user.save()
    return user


def decide(officer, record, decision="erase", reason="no longer needed", next_due=None):
    return actions.decide(record=record, decision=decision, reason=reason, next_due=next_due, trail=Trail(officer))
