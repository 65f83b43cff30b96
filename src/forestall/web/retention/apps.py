from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class Retention(AppConfig):
    name = "forestall.web.retention"
    label = "retention"

    def ready(self) -> None:
        """Every app says in ``holdings.py`` what it holds; what was decided is done at night at the latest, before
        the scan, so that the pages show a scan of what is left."""
        from forestall.web.retention import tasks
        from forestall.web.work import nightly

        autodiscover_modules("holdings")
        if tasks.at_night not in nightly.BEFORE_SCAN:
            nightly.BEFORE_SCAN.append(tasks.at_night)
