"""The named figures on which ideas are judged. A rule of the catalogue may name these and no others; None means that the
records can't tell. Shares and ratios are plain numbers; ``_low`` and ``_high`` bound 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping

Indicators = dict[str, float | None]

#: Name -> what it is.
NAMES: Mapping[str, str] = {
    "records": "records in the window",
    "ratio_to_year_before": "count over that of the same months of the year before",
    "ratio_to_year_before_low": "its lower bound",
    "ratio_to_expected": "count over what the signal expected",
    "share_of_force": "share of the force's records of the category",
    "share_at_top_location": "share at the fullest location",
    "share_at_top_locations": "share at the three fullest locations",
    "place_gini_excess": "Gini index above what chance gives, 0 to 1",
    "set_apart_share": "share at hospitals, stations, care homes and the like",
    "night_ratio": "20:00 to 04:00 over its even share",
    "weekend_night_ratio": "Friday and Saturday 20:00 to 05:00 over its even share",
    "weekend_ratio": "Saturday and Sunday over their even share",
    "after_school_ratio": "Monday to Friday 15:00 to 18:00 over its even share",
    "working_hours_ratio": "Monday to Friday 08:00 to 17:00 over its even share",
    "peak_ratio": "the fullest window of the week over its even share",
    "peak_p": "p-value of that window",
    "season_p": "p-value of a season",
    "season_swing": "fullest over emptiest month of the season",
    "in_season": "1 where a month of the window may be the season's peak",
    "change_p": "p-value of a change of level",
    "change_ratio": "level after over level before, where it changed",
    "months_since_change": "months from the change to the end of the window",
    "recording_event": "suspected recording events that touch the problem",
    "victim_known_share": "share of records with a known victim",
    "repeat_victim_share": "share within a year of another of the same victim",
    "repeat_victim_share_low": "its lower bound",
    "repeat_victim_share_high": "its upper bound",
    "suspects_named": "records that name a suspect",
    "suspect_named_share": "share of records that name a suspect",
    "repeat_suspect_share": "of those, share whose suspect is named more than once",
    "near_repeat_ratio": "pairs within 200 m and 7 days, same place included, over chance",
    "near_repeat_p": "its p-value, for the band that stands out more",
    "method_top_share": "share of the method that stands out most",
    "method_top_ratio": "its share here over elsewhere",
    "method_top_q": "its q-value over the methods",
    "ratio_to_like_areas": "rate over that of areas of its kind",
    "ratio_to_like_areas_low": "its lower bound",
    "rest_of_force_ratio": "rest of the force over the same months of the year before",
    "rest_of_force_low": "its lower bound",
}

#: Beginnings of names that end in a slug: ``premises_ratio:public-house``.
FAMILIES = (
    "premises_share", "premises_ratio", "premises_q", "flag_share", "flag_ratio", "flag_q",
)  # fmt: skip
_WEEK = ("night", "weekend_night", "weekend", "after_school", "working_hours")
_BOUNDS = {f"{w}_ratio_{b}" for w in _WEEK for b in ("low", "high")}


def known(name: str) -> bool:
    """Whether a rule may name it."""
    return name in NAMES or name in _BOUNDS or (name.partition(":")[0] in FAMILIES and ":" in name)
