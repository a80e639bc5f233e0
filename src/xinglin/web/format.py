"""How values look to a reader: dates, times, ages, numbers, money, masked names and numbers. All pure."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.fhir.declarations import Text
from xinglin.security import masks
from xinglin.web.view import Language

# Records of the platform are kept, and read, in the time of the region.
ZONE: Final = ZoneInfo("Asia/Shanghai")
WEEKDAYS: Final = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def said(text: Text, language: Language) -> str:
    """Give a text in the reader's language."""
    return text.zh if language == "zh" else text.en


def moment(value: str) -> str:
    """Show a FHIR date, dateTime or instant at the precision it has; times in the region's zone.

    >>> moment("2026-11"), moment("2026-11-21T06:05:00Z")
    ('2026-11', '2026-11-21 14:05')
    """
    if "T" not in value:
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    return instant.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if instant.tzinfo else value.replace("T", " ")[:16]


def stamp(instant: datetime) -> str:
    """Show an instant in the region's zone, to the second."""
    return instant.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def day_of(value: str) -> str:
    """Give the day (or the coarser date) on which a FHIR date, dateTime or instant falls in the region."""
    return moment(value)[:10]


def weekday(value: str, language: Language) -> str:
    """Name the weekday of a full date; empty for a coarser or impossible one."""
    try:
        return WEEKDAYS[language][date.fromisoformat(value).weekday()]
    except ValueError:
        return ""


def age(born: str, on: date, language: Language) -> str:
    """Say an age as clinics do: hours are left out; days below 28 days, months below 3 years, then years.

    *born* may be a year or a month only; empty when it is no date or lies after *on*.
    """
    parts = [int(part) for part in born.split("-") if part.isdigit()]
    if not parts or len(parts) > 3:
        return ""
    try:
        start = date(*[*parts, 1, 1][:3])
    except ValueError:
        return ""
    days = (on - start).days
    if days < 0:
        return ""
    before = (on.month, on.day) < (start.month, start.day)
    months = (on.year - start.year) * 12 + on.month - start.month - (on.day < start.day)
    if len(parts) == 3 and days < 28:
        return f"{days} 天" if language == "zh" else f"{days} d"
    if len(parts) > 1 and months < 36:
        return f"{months} 个月" if language == "zh" else f"{months} mo"
    years = on.year - start.year - before
    return f"{years} 岁" if language == "zh" else f"{years} y"


def number(value: int) -> str:
    """Show a count with thousands separated."""
    return f"{value:,}"


def money(fen: int) -> str:
    """Show an amount of fen in yuan, ``¥12.30``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


# There is one way to mask (R7-034).
masked_name: Final = masks.name
masked_number: Final = masks.number
masked_phone: Final = masks.phone


def days_until(due: date, today: date) -> int:
    """Count the days from *today* to *due*; negative when it is overdue."""
    return (due - today) // timedelta(days=1)


def today(now: datetime) -> date:
    """Give the day in the region."""
    return now.astimezone(ZONE).date()


def bounds(day: date, last: date | None = None) -> tuple[str, str]:
    """Give a day, or the days up to *last*, as two values of a search by date: ``ge…``, ``lt…`` with the zone."""
    start = datetime.combine(day, time.min, ZONE)
    end = datetime.combine((last or day) + timedelta(days=1), time.min, ZONE)
    return f"ge{start.isoformat()}", f"lt{end.isoformat()}"


def months(day: date, count: int) -> tuple[tuple[date, date], ...]:
    """Give the first and last day of *count* months up to that of *day*, the oldest first.

    >>> months(date(2026, 2, 3), 2)
    ((datetime.date(2026, 1, 1), datetime.date(2026, 1, 31)), (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28)))
    """
    found = []
    first = day.replace(day=1)
    for _ in range(count):
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        found.append((first, last))
        first = (first - timedelta(days=1)).replace(day=1)
    return tuple(reversed(found))
