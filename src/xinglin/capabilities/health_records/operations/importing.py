"""A shared document of elsewhere comes into a record."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from xinglin.capabilities.health_records.contract import Import
from xinglin.capabilities.health_records.operations.names import LOCAL
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.rules.cda.checking import faults
from xinglin.capabilities.health_records.rules.cda.reading import read, template_in
from xinglin.capabilities.health_records.rules.cda.tree import parse
from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.capabilities.health_records.rules.imported import of_another, reference_to
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import DocumentReference
from xinglin.fhir.sources import cites
from xinglin.security.labels import SPECIAL, special
from xinglin.store.door import UnitOfWork


@cites("ST-06", "ST-08")
async def take_in(work: UnitOfWork, given: Import) -> DocumentReference:
    """DocumentReference/$import-cda: check a shared document, and keep it in the record of the person it is about.

    The same document is kept once; a new version replaces the one before (ST-06).
    """
    xml = _xml(given.document.data or "")
    template = template_in(parse(xml))
    refuse(faults(template, xml))
    bundle = read(xml)
    found = LOCAL.match(given.patient)
    if found is None or found["type"] != "Patient":
        text = "Say whose document it is, like Patient/1."
        raise OutcomeError(Issue("invalid", "bad-reference", "patient", text), status=400)
    record = Record(work, found["id"])
    refuse(of_another(await record.patient(), bundle))
    made = reference_to(bundle, given.patient, xml, _labels(bundle))
    same = await _kept(record, made["masterIdentifier"])
    if same is not None:
        return await _one(work, str(same["id"]))
    former = await _kept(record, made["identifier"][0])
    if former is not None:
        made["relatesTo"] = [{"code": "replaces", "target": {"reference": f"DocumentReference/{former['id']}"}}]
        over = bytes_of({**former, "status": "superseded"})
        await work.fhir.update(over, type="DocumentReference", id=str(former["id"]))
    return await _one(work, (await work.fhir.create(bytes_of(made), type="DocumentReference")).id)


async def _kept(record: Record, identifier: Document) -> Document | None:
    asked = (("identifier", f"{identifier['system']}|{identifier['value']}"), ("status", "current"))
    found = (await record.search({"DocumentReference": asked}, 1)).documents
    return found[0] if found else None


def _xml(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as fault:
        text = "The document is not base64."
        raise OutcomeError(Issue("invalid", "not-base64", "document.data", text), status=400) from fault


def _labels(bundle: Document) -> list[dict[str, str]]:
    """Give the labels of what the document holds, as the door cannot look into the file (R7-031)."""
    codes = {code for system, one in _codings(bundle) for code in special(system, one)}
    return [{"system": SPECIAL, "code": code} for code in sorted(codes)]


def _codings(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"]
        for inner in value.values():
            yield from _codings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _codings(inner)


async def _one(work: UnitOfWork, id: str) -> DocumentReference:
    found = codec.decode((await work.fhir.read("DocumentReference", id)).body(), "DocumentReference")
    if not isinstance(found, DocumentReference):
        raise TypeError("a DocumentReference is a DocumentReference")
    return found
