"""The interface, put together: its operations, its description, and its addresses behind no door but its own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import translation
from ninja import NinjaAPI

from forestall import __version__
from forestall.web.api import oversight_routes, plan_routes, problems, said, signal_routes, work_routes
from forestall.web.api.auth import Session, Token
from forestall.web.api.language import language_of


class Interface(NinjaAPI):
    """Its description says that what is refused is a problem object."""

    def get_openapi_schema(self, **options: Any) -> dict[str, Any]:
        schema = super().get_openapi_schema(**options)
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        answer["content"] = {problems.TYPE: next(iter(answer["content"].values()))}
        return schema


@functools.cache
def description(prefix: str) -> Mapping[str, Any]:  # noqa: ARG001 - its addresses begin with it
    """The OpenAPI description, worked out once for each place at which a process is mounted. Its sentences are English,
    whoever asks."""
    return api.get_openapi_schema()


api = Interface(
    title=f"Forestall: {said.TITLE}",
    version=__version__,
    description=said.ABOUT.render("en"),
    auth=[Token(), Session()],
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)
problems.register(api)
for router in (signal_routes.router, plan_routes.router, work_routes.router, oversight_routes.router):
    api.add_router("", router)


def behind_its_own_door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that says itself who may come in, and in the language that the request asks for."""

    @functools.wraps(view)
    def answer(request: HttpRequest, **arguments: Any) -> HttpResponse:
        request.language = language_of(request)
        with translation.override(request.language):
            response = view(request, **arguments)
            if response.status_code == 405:
                allowed = response.headers["Allow"]
                response = problems.problem(request, 405, problems.METHOD)
                response.headers["Allow"] = allowed
        response.headers["Content-Language"] = request.language
        return response

    answer.public = True  # type: ignore[attr-defined]
    return answer


def addresses() -> list[URLPattern]:
    """The operations' addresses, under ``api/``."""
    patterns, _, _ = api.urls
    for pattern in patterns:
        pattern.callback = behind_its_own_door(pattern.callback)
    return patterns
