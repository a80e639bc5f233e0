"""Whether somebody works at an instant, by the hours of a PractitionerRole. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at_work(times: Sequence[Mapping[str, Any]], local: datetime) -> bool:
    """Tell whether *local* (Beijing time) lies in the hours; without any hours somebody works always."""
    if not times:
        return True
    now = local.strftime("%H:%M:%S")
    for one in times:
        days = one.get("daysOfWeek") or _DAYS
        if _DAYS[local.weekday()] not in days:
            continue
        if one.get("allDay"):
            return True
        if str(one.get("availableStartTime", "00:00:00")) <= now < str(one.get("availableEndTime", "24:00:00")):
            return True
    return False
