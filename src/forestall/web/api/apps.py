from django.apps import AppConfig


class Api(AppConfig):
    name = "forestall.web.api"
    label = "api"
