"""Addresses of beginning a plan, of deciding about a signal, and of the first pages of a week."""

from django.urls import path

from forestall.web.plans import desk_views, start_views

urlpatterns = [
    path("plans/start/", start_views.start, name="start-plan"),
    path("signals/<slug:signal_id>/decide/", start_views.decide, name="signal-decide"),
    path("my-ward/", desk_views.my_ward, name="my-ward"),
    path("my-council/", desk_views.my_council, name="my-council"),
]
