from django.apps import AppConfig


class People(AppConfig):
    name = "forestall.web.people"
    label = "people"
