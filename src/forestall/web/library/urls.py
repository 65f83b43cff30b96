"""The addresses of the library."""

from __future__ import annotations

from django.urls import path

from forestall.web.library import views

urlpatterns = [
    path("library/", views.index, name="library"),
    path("library/<slug:table>.csv", views.table_csv, name="library-csv"),
    path("library/practices/<slug:slug>/", views.practice, name="library-practice"),
    path("library/toolkits/", views.toolkits, name="library-toolkits"),
    path("library/toolkits/<slug:category>/", views.toolkit, name="library-toolkit"),
    path("library/local/", views.local, name="library-local"),
    path("library/local/<slug:key>/", views.result, name="library-result"),
    path("library/trials/", views.trials, name="library-trials"),
    path("library/review/", views.review, name="library-review"),
    path("signals/<slug:signal_id>/suggestion/", views.suggestion, name="signal-suggestion"),
]
