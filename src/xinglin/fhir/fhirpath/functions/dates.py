"""The clock, and the parts of dates and times (http://hl7.org/fhirpath/N1/#current-date-and-time-functions)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from xinglin.fhir.fhirpath import temporal
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.signature import Body, Function
from xinglin.fhir.fhirpath.nodes import Collection, system, to_system
from xinglin.fhir.fhirpath.scope import Scope, one
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.fhirpath.tree import Expr

Arguments = tuple[Expr, ...]
Temporal = Date | DateTime | Time


def _moment(scope: Scope) -> DateTime:
    now = scope.run.environment.now
    if now is None:
        raise FhirPathError("execution", "There is no clock for now(), today() and timeOfDay()")
    return temporal.from_instant(now)


def _now(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [system(_moment(scope))]


def _today(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [system(Date(tuple(int(part) for part in _moment(scope).parts[:3])))]


def _time_of_day(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    return [system(Time(_moment(scope).parts[3:]))]


def _part(read: Callable[[Temporal], object | None]) -> Body:
    def run(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        item = one(focus)
        held = None if item is None else to_system(item)
        if item is None or held is None:
            return []
        if not isinstance(held.value, Date | DateTime | Time):
            raise FhirPathError("execution", f"A {item.type} is neither date nor time")
        found = read(held.value)
        return [] if found is None else [system(found)]

    return run


def _of_date(index: int) -> Callable[[Temporal], object | None]:
    def read(value: Temporal) -> object | None:
        return None if isinstance(value, Time) or len(value.parts) <= index else int(value.parts[index])

    return read


def _of_time(index: int) -> Callable[[Temporal], object | None]:
    def read(value: Temporal) -> object | None:
        parts = value.parts if isinstance(value, Time) else value.parts[3:]
        return int(parts[index]) if len(parts) > index else None

    return read


def _millisecond(value: Temporal) -> object | None:
    second = value.parts[-1]
    if not isinstance(second, Decimal) or second.as_tuple().exponent == 0:
        return None
    return int(second % 1 * 1000)


def _zone(value: Temporal) -> object | None:
    zone = value.zone if isinstance(value, DateTime) else None
    return None if zone is None else Decimal(zone) / 60


def _date(value: Temporal) -> object | None:
    return None if isinstance(value, Time) else Date(tuple(int(part) for part in value.parts[:3]))


def _time(value: Temporal) -> object | None:
    if isinstance(value, Time):
        return value
    return Time(value.parts[3:]) if isinstance(value, DateTime) and len(value.parts) > 3 else None


FUNCTIONS: Final[Mapping[str, Function]] = {
    "now": Function(_now),
    "today": Function(_today),
    "timeOfDay": Function(_time_of_day),
    "yearOf": Function(_part(_of_date(0))),
    "monthOf": Function(_part(_of_date(1))),
    "dayOf": Function(_part(_of_date(2))),
    "hourOf": Function(_part(_of_time(0))),
    "minuteOf": Function(_part(_of_time(1))),
    "secondOf": Function(_part(_of_time(2))),
    "millisecondOf": Function(_part(_millisecond)),
    "timezoneOffsetOf": Function(_part(_zone)),
    "dateOf": Function(_part(_date)),
    "timeOf": Function(_part(_time)),
}
