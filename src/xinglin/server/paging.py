"""Paging of histories and records: how many, and the token of the next page."""

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.settings import Settings

__all__ = ["TOKEN", "count_of"]


def count_of(given: str | None, settings: Settings) -> int:
    """Read ``_count``: what the setting says without it, and never more than the setting allows."""
    if given is None:
        return page_size(None, settings)
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise OutcomeError(Issue("value", "count", "_count", f"_count must be a whole number, not {given[:40]!r}."))
    return page_size(int(given), settings)


def page_size(asked: int | None, settings: Settings) -> int:
    """Give the number of matches on a page."""
    return settings.page_size if asked is None else min(asked, settings.page_max)
