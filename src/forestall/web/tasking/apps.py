from django.apps import AppConfig


class Tasking(AppConfig):
    name = "forestall.web.tasking"
    label = "tasking"
