"""The shared workplace: a Django project, one app a room. Only this room imports Django."""
