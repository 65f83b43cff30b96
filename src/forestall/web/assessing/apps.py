from django.apps import AppConfig


class Assessing(AppConfig):
    name = "forestall.web.assessing"
    label = "assessing"

    def ready(self) -> None:
        from forestall.web.assessing import gate, night, to_library  # noqa: F401 - the gate and the reminders list themselves
        from forestall.web.library import found
        from forestall.web.work import nightly

        found.register(to_library.found)
        if night.reassess not in nightly.EVERY_NIGHT:
            nightly.EVERY_NIGHT.append(night.reassess)
