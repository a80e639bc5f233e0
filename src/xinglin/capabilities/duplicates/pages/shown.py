"""What the pages of the duplicates desk show of two persons: names, numbers covered, where they differ."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.duplicates.contract import FIELDS
from xinglin.capabilities.duplicates.operations import merge
from xinglin.fhir.document import document_of
from xinglin.matching.persons import HEALTH_RECORD, name_of, values
from xinglin.security import masks
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.store.door import UnitOfWork
from xinglin.web.brief import brief
from xinglin.web.format import moment
from xinglin.web.view import Language

Document = Mapping[str, Any]
# Told first, and never taken over: numbers say who it is.
NUMBERS: Final[Mapping[str, str]] = {"identity": IDENTITY_CARD, "record": HEALTH_RECORD}


async def names(work: UnitOfWork, tasks: Sequence[Document]) -> Mapping[str, str]:
    """Give the names of the persons of some pairs by id; covered where the reader reaches only the other one."""
    ids = sorted({id for one in tasks for id in merge.pair_of(dict(one))})
    asked = {"_id": ",".join(ids), "_count": str(len(ids))}
    page = await work.platform.find("Patient", **asked)
    near = {row.id for row in (await work.fhir.find("Patient", **asked)).matches}
    found = {row.id: name(document_of(row.body())) for row in page.matches}
    return {id: text if id in near else masks.name(text) for id, text in found.items()}


def name(document: Document) -> str:
    """Give the name of a Patient."""
    return next((found for one in document.get("name") or () if (found := name_of(one))), "")


def told(task: Document, what: str) -> str:
    """Give the code of an input of a candidate."""
    return next(
        (str(one.get("valueCode") or "") for one in task.get("input") or () if one["type"].get("text") == what), ""
    )


def percent(task: Document) -> str:
    """Give the score of a candidate as a percentage."""
    score = next((one["valueDecimal"] for one in task.get("input") or () if "valueDecimal" in one), None)
    return f"{Decimal(score) * 100:.1f}%" if score is not None else ""


def when(text: str) -> str:
    """Give an instant as the reader's minute."""
    return moment(text) if text else ""


def side(document: Document) -> dict[str, Any]:
    """Give the head of one record."""
    return {"id": document["id"], "name": name(document) or document["id"]}


def rows(documents: Sequence[Document], stand: Mapping[str, str], language: Language) -> list[dict[str, Any]]:
    """Give the lines of the comparison: numbers first, then each field that one of them has.

    stand: same, different, one or none, by field. take: what a choice between the two is called; empty for numbers.
    has: the only record that has it; where both do, what is not chosen stays as the record that goes on has it.
    """
    found = []
    for key, system in NUMBERS.items():
        numbers = [", ".join(values(one, system)) for one in documents]
        if any(numbers):
            relation = "same" if numbers[0] == numbers[1] else "different" if all(numbers) else "one"
            each = [masks.number(one) if one and key == "identity" else one for one in numbers]
            found.append({"key": key, "each": each, "stands": relation, "take": "", "has": ""})
    for field in FIELDS.codes:
        if stand[field] != "none":
            each = [said(field, one.get(field), language) for one in documents]
            has = next((one["id"] for one in documents if one.get(field)), "") if stand[field] == "one" else ""
            found.append({"key": field, "each": each, "stands": stand[field], "take": f"keep.{field}", "has": has})
    return found


def said(field: str, value: Any, language: Language) -> str:
    """Say the value of a field."""
    if field == "name":
        return ", ".join(filter(None, map(name_of, value or ())))
    if field == "telecom":
        return ", ".join(masks.phone(str(one.get("value") or "")) for one in value or ())
    if field == "gender":
        words = {"male": ("男", "Male"), "female": ("女", "Female"), "other": ("其他", "Other")}
        return words.get(value, ("未知", "Unknown"))[language == "en"] if value else ""
    return brief(value, language) if value else ""


def likelier(documents: Sequence[Document], held: Sequence[int]) -> str:
    """Propose which record goes on: the one in use, that holds the most, with the most said in it."""
    ranked = [
        (one.get("active") is not False, many, len(one), str(one["id"]))
        for one, many in zip(documents, held, strict=True)
    ]
    return max(ranked)[-1]
