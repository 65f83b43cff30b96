from django.apps import AppConfig


class Work(AppConfig):
    name = "forestall.web.work"
    label = "work"
