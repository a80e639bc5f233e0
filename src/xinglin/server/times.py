"""Instants and ranges of time in parameters."""

from datetime import datetime, timedelta

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.dates import span
from xinglin.store.executor import EPOCH


def instant_of(given: str, name: str) -> datetime:
    """Read an instant, or the beginning of a date."""
    return range_of(given, name)[0]


def range_of(given: str, name: str) -> tuple[datetime, datetime]:
    """Read a date of any precision as the range [from, to) that it stands for."""
    # A plus sign in an address is a space to forms; clients forget to escape it before a time zone.
    text = given.replace(" ", "+") if "T" in given else given
    found = span(text)
    if found is None:
        raise OutcomeError(Issue("value", "date", name, f"{name} must be a date or an instant, not {given[:60]!r}."))
    return at(found[0]), at(found[1])


def at(microseconds: int) -> datetime:
    """Give the instant of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)
