from django.apps import AppConfig


class Signals(AppConfig):
    name = "forestall.web.signals"
    label = "signals"
