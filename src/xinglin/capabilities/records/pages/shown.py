"""How records are shown in lists, and what people call those that are referred to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.records.contract import address
from xinglin.capabilities.records.rules import columns
from xinglin.capabilities.records.rules.moments import when
from xinglin.fhir.definitions import Element
from xinglin.fhir.document import document_of
from xinglin.fhir.r4 import RESOURCES
from xinglin.store import executor
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show
from xinglin.web.brief import brief, name, title
from xinglin.web.names import code_name, element_name
from xinglin.web.tree import REFERENCE, Value, references
from xinglin.web.view import Language

MOST_LABELS: Final = 60
LONGEST: Final = 80
COLON: Final = {"zh": "：", "en": ": "}
_SUBJECTS: Final = ("subject", "patient", "beneficiary", "for")


@dataclass(frozen=True, slots=True)
class Row:
    """One record in a list, in the reader's language. date: when it happened, to the precision known."""

    type: str
    id: str
    href: str
    title: str
    state: str
    date: str
    updated: str


def row_of(row: executor.Row, language: Language) -> Row:
    """Sum a row of the store up; a delete has no title."""
    href = address(f"{row.rt}/{row.id}") or ""
    updated = show.stamp(row.ts)
    if row.deleted:
        return Row(row.rt, row.id, f"{href}/versions", f"{row.rt}/{row.id}", "", "", updated)
    document = document_of(row.body())
    status = document.get("status")
    return Row(
        type=row.rt,
        id=row.id,
        href=href,
        title=titled(document, language),
        state=code_name(status, language) if isinstance(status, str) else "",
        date=show.moment(when(document)),
        updated=updated,
    )


def titled(document: Mapping[str, Any], language: Language) -> str:
    """Name a resource, with its result behind it when it has one: ``血红蛋白：132 g/L``."""
    value = next((brief(document[member], language) for member in document if member.startswith("value")), "")
    said = title(document, language)
    return f"{said}{COLON[language]}{value}" if value and len(value) <= LONGEST else said


def headings(on: str, language: Language) -> list[str]:
    """Name the columns of a type's table."""
    return [element_name(f"{on}.{element.name}", language) for element in columns.columns(on)]


async def table(
    work: UnitOfWork, on: str, rows: Sequence[executor.Row], language: Language
) -> list[tuple[str, list[Value]]]:
    """Make the rows of a result: the address, and a value for each column; the first is never empty."""
    shown = columns.columns(on)
    documents = [document_of(row.body()) for row in rows]
    cells = [[columns.cell(document, element) for element in shown] for document in documents]
    known = await labels(work, (one for line in cells for one in references(line)), language)
    made = []
    for document, line in zip(documents, cells, strict=True):
        values = [_cell(value, element, language, known) for value, element in zip(line, shown, strict=True)]
        if not values:
            values = [Value("")]
        if not values[0].text:
            values[0] = Value(title(document, language))
        made.append((address(f"{on}/{document['id']}") or "", values))
    return made


def _cell(value: Any, element: Element, language: Language, known: Mapping[str, str]) -> Value:
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict) and isinstance(first.get("reference"), str):
        given = first["reference"]
        return Value(str(first.get("display") or known.get(given, given)), address(given) or "")
    if isinstance(first, str):
        return Value(code_name(first, language) if element.binding else _cut(show.moment(first)))
    return Value(_cut(brief(first, language)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


async def labels(work: UnitOfWork, found: Iterable[str], language: Language) -> dict[str, str]:
    """Look up what people call the records that are referred to, by one search for each type."""
    by_type: dict[str, set[str]] = {}
    for reference in list(dict.fromkeys(found))[:MOST_LABELS]:
        parts = REFERENCE.match(reference)
        if parts and parts["type"] in RESOURCES:
            by_type.setdefault(parts["type"], set()).add(parts["id"])
    known: dict[str, str] = {}
    for on, ids in by_type.items():
        if not work.fhir.reach("search", on).nothing:
            page = await work.fhir.find(on, _id=",".join(sorted(ids)), _count=str(len(ids)))
            known |= {f"{on}/{row.id}": title(document_of(row.body()), language) for row in page.matches}
    return known


@dataclass(frozen=True, slots=True)
class Banner:
    """The patient whom a page is about: name, facts (sex, age, birth date), risks in words."""

    name: str
    href: str
    facts: tuple[str, ...]
    risks: tuple[str, ...]


async def banner(work: UnitOfWork, document: Mapping[str, Any], language: Language) -> Banner | None:
    """Give the banner of the patient whom a resource is about; None when it is about nobody, or nobody one may see."""
    if document.get("resourceType") == "Patient":
        patient: Mapping[str, Any] | None = document
    else:
        patient = await _subject(work, document)
    if patient is None:
        return None
    names: Sequence[Mapping[str, Any]] = patient.get("name") or ({},)
    born = str(patient.get("birthDate", ""))
    alive = not (patient.get("deceasedBoolean") or patient.get("deceasedDateTime"))
    years = show.age(born, work.now.astimezone(show.ZONE).date(), language) if alive else ""
    sex = code_name(str(patient.get("gender", "")), language)
    return Banner(
        name=name(names[0]) or str(patient["id"]),
        href=address(f"Patient/{patient['id']}") or "",
        facts=tuple(fact for fact in (sex, years, born) if fact),
        risks=tuple(await _allergies(work, str(patient["id"]), language)),
    )


async def _subject(work: UnitOfWork, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for member in _SUBJECTS:
        given = document.get(member)
        parts = REFERENCE.match(str(given.get("reference", ""))) if isinstance(given, dict) else None
        if parts and parts["type"] == "Patient" and not work.fhir.reach("search", "Patient").nothing:
            page = await work.fhir.find("Patient", _id=parts["id"])
            return document_of(page.matches[0].body()) if page.matches else None
    return None


async def _allergies(work: UnitOfWork, id: str, language: Language) -> list[str]:
    if work.fhir.reach("search", "AllergyIntolerance").nothing:
        return []
    page = await work.fhir.find("AllergyIntolerance", patient=f"Patient/{id}", _count="5")
    documents = [document_of(row.body()) for row in page.matches]
    return [title(one, language) for one in documents if _in_force(one)]


def _in_force(allergy: Mapping[str, Any]) -> bool:
    states = [
        *allergy.get("clinicalStatus", {}).get("coding", ()),
        *allergy.get("verificationStatus", {}).get("coding", ()),
    ]
    return not any(one.get("code") in {"inactive", "resolved", "refuted", "entered-in-error"} for one in states)
