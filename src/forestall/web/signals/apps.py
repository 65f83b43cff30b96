from django.apps import AppConfig


class Signals(AppConfig):
    name = "forestall.web.signals"
    label = "signals"

    def ready(self) -> None:
        from forestall.web.signals.notices import tell_of_changes
        from forestall.web.work import nightly

        nightly.AFTER_SCAN.append(tell_of_changes)
