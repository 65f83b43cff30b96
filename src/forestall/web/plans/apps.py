from django.apps import AppConfig


class Plans(AppConfig):
    name = "forestall.web.plans"
    label = "plans"

    def ready(self) -> None:
        from forestall.web.people import leaving
        from forestall.web.plans import leavers, watching
        from forestall.web.work import nightly

        if watching.after_scan not in nightly.AFTER_SCAN:
            nightly.AFTER_SCAN.append(watching.after_scan)
        leaving.left.connect(leavers.flag_plans, dispatch_uid="plans-of-a-leaver")
