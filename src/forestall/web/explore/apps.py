from django.apps import AppConfig


class Explore(AppConfig):
    name = "forestall.web.explore"
    label = "explore"
