"""How a row of the store is shown in lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xinglin.capabilities.records.contract import address
from xinglin.capabilities.records.rules.line import line
from xinglin.fhir.document import document_of
from xinglin.store import executor
from xinglin.web import format as show
from xinglin.web import names
from xinglin.web.view import Language


@dataclass(frozen=True, slots=True)
class Row:
    """One record in a list, in the reader's language."""

    type: str
    id: str
    href: str
    title: str
    state: str
    date: str
    subject: str
    subject_href: str
    updated: str


def row_of(row: executor.Row, now: datetime, language: Language) -> Row:
    """Sum a row of the store up; a delete has no title."""
    if row.deleted:
        href = f"/records/{row.rt}/{row.id}/versions"
        return Row(row.rt, row.id, href, "", "", "", "", "", show.stamp(row.ts))
    document: dict[str, Any] = document_of(row.body())
    found = line(document)
    subject = found.subject or ("", "")
    return Row(
        type=row.rt,
        id=row.id,
        href=f"/records/{row.rt}/{row.id}",
        title=found.title or row.id,
        state=names.code_name(found.state, language),
        date=_born(document, now, language) or show.moment(found.date),
        subject=subject[1],
        subject_href=address(subject[0]) or "",
        updated=show.stamp(row.ts),
    )


def _born(document: dict[str, Any], now: datetime, language: Language) -> str:
    born = document.get("birthDate")
    if not isinstance(born, str):
        return ""
    age = show.age(born, now.astimezone(show.ZONE).date(), language) if "deceasedDateTime" not in document else ""
    return f"{born} · {age}" if age else born
