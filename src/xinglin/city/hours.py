"""When the staff work: hours of reception that can be booked, and hours of the institution (availableTime)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from xinglin.city.terms import Json

if TYPE_CHECKING:
    from xinglin.city.staff import Worker

# A morning and an afternoon of reception, as minutes of the day, in periods of an hour with numbers to give out.
_PERIODS: Final = ((8 * 60, 60), (9 * 60, 60), (10 * 60, 60), (14 * 60 + 30, 60), (15 * 60 + 30, 60))
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Vaccinations at a centre: mornings of two days.
_VACCINATION: Final = (1, 3)
_SHOPS: Final = "retail-pharmacist"


def receives(one: "Worker") -> bool:
    """Tell whether a worker has hours of reception that can be booked: the third of a ward has none."""
    return one.is_physician and (one.rank < 2 or not one.institution.is_hospital)


def weekdays(one: "Worker") -> tuple[int, ...]:
    """Give the days of reception, Monday 0: the first of a department has three, the next the two others."""
    if one.role == "public-health":
        return _VACCINATION
    if one.role == "village-doctor":
        return (0, 1, 2, 3, 4)
    return tuple(day for day in range(5) if (day + one.rank) % 2 == 0)


def periods(one: "Worker") -> tuple[tuple[int, int], ...]:
    """Give the hours of reception of a day: minute of the day at which each begins, and minutes it lasts."""
    return _PERIODS[:3] if one.role == "public-health" else _PERIODS


def hours(one: "Worker") -> list[Json]:
    """Write when a worker works (PractitionerRole.availableTime): hours of reception, else of the institution."""
    if receives(one):
        return [_open(weekdays(one), *span) for span in _sessions(periods(one))]
    if one.role == _SHOPS:
        return [_open(range(7), 8 * 60, 21 * 60)]
    if one.institution.is_hospital and one.role in {"nurse", "pharmacist", "physician"}:
        return [{"daysOfWeek": list(_DAYS), "allDay": True}]  # in shifts
    return [_open(range(5), 8 * 60, 12 * 60), _open(range(5), 14 * 60 + 30, 17 * 60 + 30)]


def _sessions(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield beginning and end of the sessions that periods make, one after another without a gap."""
    begun, ended = spans[0][0], spans[0][0]
    for minute, length in spans:
        if minute != ended:
            yield begun, ended
            begun = minute
        ended = minute + length
    yield begun, ended


def _open(days: Sequence[int], start: int, end: int) -> Json:
    return {
        "daysOfWeek": [_DAYS[day] for day in days],
        "availableStartTime": f"{start // 60:02d}:{start % 60:02d}:00",
        "availableEndTime": f"{end // 60:02d}:{end % 60:02d}:00",
    }
