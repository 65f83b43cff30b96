from django.apps import AppConfig


class Plans(AppConfig):
    name = "forestall.web.plans"
    label = "plans"
