"""The addresses of the list of plans and of one plan's own pages."""

from __future__ import annotations

from django.urls import path, register_converter

from forestall.catalogue import plans as catalogue
from forestall.web.plans import move_views, plan_views, stage_views
from forestall.web.plans.models import LETTERS


class Key:
    """A plan's key."""

    regex = f"[{LETTERS}]{{8}}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class Stage(Key):
    """One of the catalogue's stages."""

    regex = "|".join(s.slug for s in catalogue.stages())


register_converter(Key, "plan_key")
register_converter(Stage, "plan_stage")

urlpatterns = [
    path("plans/", plan_views.plans, name="plans"),
    path("plans/<plan_key:key>/", plan_views.plan, name="plan"),
    path("plans/<plan_key:key>/timeline/", plan_views.timeline, name="plan-timeline"),
    path("plans/<plan_key:key>/move/<slug:move>/", move_views.move, name="plan-move"),
    path("plans/<plan_key:key>/<plan_stage:stage>/", stage_views.stage, name="plan-stage"),
    path("plans/<plan_key:key>/<plan_stage:stage>/<slug:question>/", stage_views.question, name="plan-question"),
    path("plans/<plan_key:key>/<plan_stage:stage>/<slug:question>/draft/", stage_views.draft, name="plan-draft"),
    path("plans/<plan_key:key>/<plan_stage:stage>/<slug:question>/merge/", stage_views.merge, name="plan-merge"),
]
