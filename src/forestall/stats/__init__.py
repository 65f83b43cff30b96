"""Methods on numbers: arrays in, results out. Nothing here knows of areas, records or police.

The names below are what others call; each lies in the file of its method and is imported when first asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "CalibratedOutcome": "calibrating",
    "CalibrationWeights": "calibrating",
    "calibration_weights": "calibrating",
    "PooledEffects": "pooling",
    "pool_effects": "pooling",
    "RateRatio": "rates",
    "rate_ratio": "rates",
    "conditional_interval": "rates",
    "e_test": "rates",
    "benjamini_hochberg": "multiple",
    "Concentration": "lorenz_curve",
    "concentration": "lorenz_curve",
    "gini": "lorenz_curve",
    "lorenz": "lorenz_curve",
    "Cluster": "scan_statistics",
    "Dispersion": "dispersion",
    "ScanResult": "scan_statistics",
    "fit_dispersion": "dispersion",
    "nearest": "scan_statistics",
    "space_time_scan": "scan_statistics",
    "SeriesRise": "series_scan",
    "series_rise": "series_scan",
    "LocalStatistic": "local_statistics",
    "Neighbours": "neighbours",
    "getis_ord": "local_statistics",
    "local_join_count": "local_statistics",
    "local_moran": "local_statistics",
    "HourOfWeek": "hour_of_week",
    "aoristic": "hour_of_week",
    "Circular": "circular",
    "CircularDifference": "circular",
    "circular_difference": "circular",
    "circular_summary": "circular",
    "bank_holidays": "calendar_days",
    "easter": "calendar_days",
    "paydays": "calendar_days",
    "CalendarEffects": "daily_counts",
    "calendar_effects": "daily_counts",
    "Seasonality": "monthly_counts",
    "seasonality": "monthly_counts",
    "Repeats": "repetition",
    "repeats": "repetition",
    "ChangePoint": "shifts",
    "ChangePoints": "shifts",
    "ChartRules": "shewhart",
    "ControlChart": "shewhart",
    "SharedChange": "shifts",
    "change_point": "shifts",
    "change_points": "shifts",
    "control_chart": "shewhart",
    "extended": "shewhart",
    "rebased": "shewhart",
    "shared_change": "shifts",
    "NearRepeat": "knox",
    "near_repeat": "knox",
    "RepeatChains": "repeat_chains",
    "near_repeat_chains": "repeat_chains",
    "Density": "density",
    "kernel_density": "density",
    "DensityRatio": "ratio_surface",
    "density_ratio": "ratio_surface",
    "HotspotForecast": "hotspots",
    "forecast_hotspots": "hotspots",
    "HotspotAccuracy": "hotspot_scores",
    "hotspot_accuracy": "hotspot_scores",
    "Rate": "rates",
    "rate": "rates",
    "poisson_interval": "rates",
    "Standardised": "standardisation",
    "standardised": "standardisation",
    "Funnel": "funnel_plot",
    "funnel": "funnel_plot",
    "ShrunkRates": "small_area_rates",
    "shrunk_rates": "small_area_rates",
    "residents_mislead": "denominators",
    "deprivation_rank": "deprivation",
    "gini_expected": "lorenz_curve",
    "gini_generalised": "lorenz_curve",
    "Stability": "place_stability",
    "concentration_stability": "place_stability",
    "Forecast": "forecasting",
    "ModelScore": "forecasting",
    "forecast": "forecasting",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
