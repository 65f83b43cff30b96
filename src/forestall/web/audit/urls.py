"""The addresses of the log."""

from __future__ import annotations

from django.urls import path

from forestall.web.audit import views

urlpatterns = [
    path("", views.log, name="audit"),
    path("export.csv", views.export, name="audit-export"),
    path("record/", views.record, name="audit-record"),
    path("reason/", views.reason, name="audit-reason"),
]
