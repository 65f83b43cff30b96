from django.apps import AppConfig


class Audit(AppConfig):
    name = "forestall.web.audit"
    label = "audit"
