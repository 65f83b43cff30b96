"""Addresses of beginning a plan, and of deciding about a signal."""

from django.urls import path

from forestall.web.plans import start_views

urlpatterns = [
    path("plans/start/", start_views.start, name="start-plan"),
    path("signals/<slug:signal_id>/decide/", start_views.decide, name="signal-decide"),
]
