"""The addresses of the list of plans and of one plan's own pages."""

from __future__ import annotations

from django.urls import path, register_converter

from forestall.catalogue import plans as catalogue
from forestall.web.plans import idea_views, move_views, plan_views, quick_views, response_views, stage_views
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
    path("plans/<plan_key:key>/quick/<int:screen>/", quick_views.quick, name="plan-quick"),
    path("plans/<plan_key:key>/ideas/new/", idea_views.hypothesis, name="plan-hypothesis-new"),
    path("plans/<plan_key:key>/ideas/<int:number>/", idea_views.hypothesis, name="plan-hypothesis"),
    path("plans/<plan_key:key>/fill/", idea_views.fill, name="plan-fill"),
    path("plans/<plan_key:key>/find-out/", idea_views.gap, name="plan-gap"),
    path("plans/<plan_key:key>/responses/new/", response_views.response, name="plan-response-new"),
    path("plans/<plan_key:key>/responses/<int:number>/", response_views.response, name="plan-response"),
    path("plans/<plan_key:key>/move/<slug:move>/", move_views.move, name="plan-move"),
    path("plans/<plan_key:key>/<plan_stage:stage>/", stage_views.stage, name="plan-stage"),
    path("plans/<plan_key:key>/<plan_stage:stage>/<slug:question>/", stage_views.question, name="plan-question"),
    path("plans/<plan_key:key>/<plan_stage:stage>/<slug:question>/draft/", stage_views.draft, name="plan-draft"),
    path("plans/<plan_key:key>/<plan_stage:stage>/<slug:question>/merge/", stage_views.merge, name="plan-merge"),
]
