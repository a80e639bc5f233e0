"""The village or committee that somebody typed: by its code, or by words of its name and of the places above it."""

from functools import cache
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.tables.divisions import divisions, place_of

# More than these are no choice any more.
MOST: Final = 40


@cache
def _places() -> tuple[tuple[str, str], ...]:
    """Give code and whole name of each village and committee where records are opened."""
    return tuple((one.code, place_of(one.code)) for one in divisions().values() if one.record)


def found(text: str) -> list[tuple[str, str]]:
    """Give the villages that a text means: its code, its whole name, or all words of it in any order."""
    words = text.split()
    if not words:
        return []
    exact = [one for one in _places() if text.strip() in one]
    return exact or [one for one in _places() if all(word in one[1] for word in words)]


def choices(text: str) -> list[tuple[str, str]]:
    """Give what to choose from when a text means several; nothing when it means one, none or too many."""
    several = found(text)
    return several if 1 < len(several) <= MOST else []


def code_of(text: str) -> str:
    """Give the code of the village that a text means, empty for an empty text; OutcomeError when it is not one."""
    if not text.strip():
        return ""
    several = found(text)
    if len(several) == 1:
        return several[0][0]
    if not several:
        raise OutcomeError(Issue("value", "village-unknown", "village", "No village or committee is called so."))
    key = "village-several" if len(several) <= MOST else "village-many"
    raise OutcomeError(Issue("value", key, "village", f"{len(several)} villages and committees are called so."))
