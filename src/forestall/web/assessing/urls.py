"""The addresses of a plan's test."""

from __future__ import annotations

from django.urls import path

from forestall.web.assessing import views
from forestall.web.plans import urls_plan  # noqa: F401 - it says what a plan's key looks like

urlpatterns = [
    path("plans/<plan_key:key>/test/", views.room, name="plan-test"),
    path("plans/<plan_key:key>/test/<slug:table>.csv", views.table_csv, name="plan-test-csv"),
    path("plans/<plan_key:key>/evaluation/", views.evaluation, name="plan-evaluation"),
]
