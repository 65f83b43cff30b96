from django.apps import AppConfig


class Audit(AppConfig):
    name = "forestall.web.audit"
    label = "audit"

    def ready(self) -> None:
        from forestall.web.audit import checking
        from forestall.web.work import nightly

        nightly.EVERY_NIGHT.append(checking.every_night)
