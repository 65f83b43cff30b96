"""Where, and among whom: areas, their neighbours and populations, grids, projections, vintages."""

from forestall.places.model import LEVELS, NO_PLACES, Level, Places

__all__ = ["LEVELS", "NO_PLACES", "Level", "Places"]
