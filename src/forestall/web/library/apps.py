from django.apps import AppConfig


class Library(AppConfig):
    name = "forestall.web.library"
    label = "library"

    def ready(self) -> None:
        from forestall.web.library import arriving
        from forestall.web.plans import closing

        if arriving.on_closure not in closing.CLOSED:
            closing.CLOSED.append(arriving.on_closure)
