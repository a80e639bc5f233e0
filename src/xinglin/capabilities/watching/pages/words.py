"""Words of the desk in cells of its lists, which stand in exported files as well."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from xinglin.fhir.declarations import Text
from xinglin.web.catalogue import texts
from xinglin.web.format import moment
from xinglin.web.listing import Cell, Found
from xinglin.web.names import role_names
from xinglin.web.view import Language

PACKAGE: Final = "xinglin.capabilities.watching"


def said(key: str, language: Language, **values: object) -> str:
    """Give a text of the desk."""
    return texts(PACKAGE)[language](f"watching.{key}", **values)


def text(key: str) -> Text:
    """Give a text of the desk in both languages."""
    return Text(said(key, "zh"), said(key, "en"))


def row_of(found: Found) -> Mapping[str, Any]:
    """Give what a list's ``more`` made of a row, by its id."""
    row: Mapping[str, Any] = found.more[found.id]
    return row


def plain(member: str) -> Callable[[Found], str]:
    """Say a member of the row as it is."""
    return lambda found: str(row_of(found)[member] or "")


def time_of(member: str) -> Callable[[Found], str]:
    """Say an instant of the row."""
    return lambda found: moment(str(row_of(found)[member] or ""))


def state(prefix: str, tones: Mapping[str, str]) -> Callable[[Found], Cell]:
    """Say the state of the row by the text ``prefix.state``."""

    def say(found: Found) -> Cell:
        code = str(row_of(found)["state"])
        return Cell(said(f"{prefix}.{code}", found.language), tones.get(code, "neutral"))

    return say


def known(key: str, other: str, language: Language) -> str:
    """Give a text of the desk, or *other* when there is none."""
    return texts(PACKAGE)[language].get(f"watching.{key}", other)


def who(found: Found) -> Cell:
    """Name the user of the row with login name and role."""
    return _who(row_of(found), found.language)


def who_of(found: Found) -> Cell:
    """Name the user of an act of the ledger."""
    return _who(found.document, found.language)


def _who(row: Mapping[str, Any], language: Language) -> Cell:
    person = row["who"]
    roles = row["roles"] if "roles" in row else str(row.get("role", "")).split()
    note = " · ".join(part for part in (person.login, role_names(roles, language)) if part)
    return Cell(person.name, note=note)
