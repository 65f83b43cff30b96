"""Plans that wait for somebody, made by the same actions as everybody's: three for the supervisor, and one that is shared
with the council, with two tasks for it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, User
from forestall.web.plans import actions, people_actions, task_actions
from forestall.web.plans.seed import from_place
from forestall.web.signals.pinned import pinned

TITLES = ("Waits to be agreed by touch", "Waits to be agreed by keyboard", "Waits to be agreed later")
TASKS = ("Lamps for the car park", "Keys for the gate")


def make() -> None:
    scan, officer = pinned(), User.objects.get(username="officer")
    partner = User.objects.get(username="partner")
    begins = from_place(scan, scan.scan.signals[0].areas[0], "vehicle-crime")
    trail = Trail(officer)
    for title in (*TITLES, "Shared with the council"):
        plan = actions.start_plan(
            seed=begins, scan=scan, weight="quick", language="en", duplicates=[], title=title, trail=trail
        )
        if title in TITLES:
            actions.move(key=plan.key, move="submit", trail=trail)
    until = timezone.localdate() + dt.timedelta(days=90)
    people_actions.share_plan(
        key=plan.key, organisation=partner.organisation, purpose="prevent", basis="section-115",
        agreement=Agreement.objects.get(reference="SAMPLE-ISP-1"), until=until, trail=trail,
    )  # fmt: skip
    for title in TASKS:
        task_actions.ask_task(key=plan.key, title=title, organisation=partner.organisation, due=until, trail=trail)
