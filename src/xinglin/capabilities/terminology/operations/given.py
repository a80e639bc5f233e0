"""What the operations are given, read: days, one coding of several forms, resources by id, address or value."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding
from xinglin.fhir.r4.resources import Parameters
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.checking import Coded
from xinglin.store.terminology.members import resource

Made = TypeVar("Made", bound=Struct)
BEIJING = ZoneInfo("Asia/Shanghai")


def day(work: UnitOfWork, text: str, where: str = "date") -> date:
    """Read the day that codes have to count on: a FHIR date or dateTime, without one today in Beijing."""
    if not text:
        return work.now.astimezone(BEIJING).date()
    try:
        if len(text) > 10:
            return datetime.fromisoformat(text).date()
        year, month, on = (*text.split("-"), "1", "1")[:3]
        return date(int(year), int(month), int(on))
    except ValueError:
        raise OutcomeError(Issue("value", "date", where, f"{text[:40]!r} is no date.")) from None


def codings(
    code: str, system: str, display: str, version: str, coding: Coding | None, concept: CodeableConcept | None
) -> tuple[Coded, ...]:
    """Give the codings that are asked about: of exactly one of the forms; OutcomeError 400 otherwise."""
    forms = [bool(code), coding is not None, concept is not None]
    if sum(forms) != 1:
        text = "Ask about exactly one: code (with its system), coding or codeableConcept."
        raise OutcomeError(Issue("required" if not any(forms) else "invalid", "coding", "code", text))
    if code:
        return (Coded(system, code, display, version),)
    given = [coding] if coding is not None else []
    given += (concept.coding or ()) if concept is not None else ()
    found = tuple(Coded(one.system or "", one.code, one.display or "", one.version or "") for one in given if one.code)
    if not found:
        raise OutcomeError(Issue("required", "code-missing", "coding", "The coding has no code."))
    return found


async def definition(
    work: UnitOfWork, type: str, *, id: str, url: str, version: str, value: Struct | None
) -> dict[str, Any] | None:
    """Find the resource that is asked about: at the address called, given, or by its canonical address; else None.

    OutcomeError 404 when none has that address.
    """
    if id:
        found: dict[str, Any] = document_of((await work.fhir.read(type, id)).body())
        return found
    if value is not None:
        made: dict[str, Any] = msgspec.to_builtins(value)
        return made
    if not url:
        return None
    address, _, said = url.partition("|")
    named = await resource(work.executor, type, address, version or said)
    if named is None:
        text = f"The {type} {url[:200]} is not known here."
        raise OutcomeError(Issue("not-found", f"{type.lower()}-unknown", "url", text))
    return named


def parameters(parts: Sequence[Mapping[str, Any]]) -> Parameters:
    """Make the resource that answers."""
    return made({"resourceType": "Parameters", "parameter": list(parts)}, Parameters)


def made(document: Mapping[str, Any], kind: type[Made]) -> Made:
    """Make a resource struct of a document."""
    return msgspec.convert(document, kind)
