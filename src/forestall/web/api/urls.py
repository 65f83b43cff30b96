"""The addresses of the interface, of its description, and of a person's tokens."""

from __future__ import annotations

from django.urls import include, path, re_path

from forestall.web.api import views
from forestall.web.api.api import addresses

urlpatterns = [
    path("account/tokens/", views.account_tokens, name="account-tokens"),
    path("account/tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("api/", views.reference, name="api-reference"),
    path("api/openapi.json", views.description, name="api-description"),
    path("api/", include((addresses(), "api"))),
    re_path(r"^api/(?P<rest>[\s\S]*)$", views.nothing, name="api-nothing"),
]
