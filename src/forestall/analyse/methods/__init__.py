"""The methods of the bench, one short file each: what it asks, what it needs, its settings, and how it is called."""

#: Modules of this folder, in the order in which a form lists them. A method's slug has hyphens for underscores.
NAMES = (
    "concentration",
    "control_chart",
    "change_point",
    "seasonality",
    "calendar",
    "hours",
    "forecast",
    "local_statistics",
    "density",
    "rates",
    "repeats",
    "near_repeat",
    "hotspot_forecast",
)
