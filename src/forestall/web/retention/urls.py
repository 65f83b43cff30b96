"""The addresses of keeping, erasing and disclosing."""

from __future__ import annotations

from django.urls import path

from forestall.web.retention import disclosure_views as disclosures
from forestall.web.retention import views

urlpatterns = [
    path("retention/", views.queue, name="retention"),
    path("retention/history/", views.history, name="retention-history"),
    path("retention/decide/<str:record>/", views.decide, name="retention-decide"),
    path("disclosures/", disclosures.disclosures, name="disclosures"),
    path("disclosures/add/", disclosures.add, name="disclosure-add"),
    path("disclosures/<int:pk>/", disclosures.disclosure, name="disclosure"),
    path("disclosures/<int:pk>/answer/", disclosures.answer, name="disclosure-answer"),
    path("disclosures/<int:pk>/export/", disclosures.export, name="disclosure-export"),
]
