"""Documents of a record: the summary, a Composition with all it names, shared documents as CDA."""

import base64
from collections.abc import Iterable
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from xinglin.capabilities.health_records.contract import Assembly, Issuing, Paper, Summary
from xinglin.capabilities.health_records.operations.names import LOCAL
from xinglin.capabilities.health_records.operations.reading import BATCH, Record, Wanted
from xinglin.capabilities.health_records.rules import ips
from xinglin.capabilities.health_records.rules.bundling import bundle, bundled, references
from xinglin.capabilities.health_records.rules.cda.composing import compose, fits, lacking, number
from xinglin.capabilities.health_records.rules.cda.sources import plain
from xinglin.capabilities.health_records.rules.cda.templates import LOINC, Template, template, template_of
from xinglin.capabilities.health_records.rules.cda.writing import write
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, reference
from xinglin.capabilities.health_records.rules.narratives import confidentiality
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Binary, Bundle, Composition
from xinglin.store.door import UnitOfWork

IN_PART: Final = 100
IN_DOCUMENT: Final = 300
MOST_NAMED: Final = 500
_AROUND: Final = frozenset({"Organization", "Practitioner", "PractitionerRole", "Medication", "Location"})
_PLATFORM: Final = {
    "resourceType": "Device",
    "deviceName": [{"name": "杏林 Xinglin", "type": "user-friendly-name"}],
}


async def summarise(work: UnitOfWork, given: Summary) -> Bundle:
    """Patient/$summary: the International Patient Summary of what the caller may see (国际患者摘要)."""
    record = Record(work, given.id)
    patient = await record.patient()
    subject = f"{work.door.base_url}/Patient/{given.id}"
    at = work.now.astimezone(ZONE).isoformat()
    entries: dict[str, Document] = {}
    sections = []
    for part in ips.PARTS:
        found = (await record.search(part.wanted, IN_PART)).documents
        named = [(f"{work.door.base_url}/{one['resourceType']}/{one['id']}", one) for one in found]
        unknown = not named
        if unknown and part.absent:
            named = [(_url(given.id, at, part.absent), ips.absent(part, subject))]
        entries |= dict(named)
        sections.append(ips.section(part, named, unknown=unknown))
    around = await _around(record, [patient, *entries.values()])
    author = _url(given.id, at, "device")
    made = ips.composition(
        subject,
        author,
        patient.get("managingOrganization"),
        sections,
        at=at,
        confidentiality=confidentiality([patient, *entries.values()]),
    )
    first = [(_url(given.id, at, "composition"), made), (subject, patient), (author, _PLATFORM)]
    whole = bundled([*first, *entries.items(), *around], number=_url(given.id, at, "bundle"), at=at)
    whole["meta"] = {"profile": [f"{ips.PROFILES}Bundle-uv-ips"]}
    return _bundle(whole)


async def assemble(work: UnitOfWork, given: Assembly) -> Bundle:
    """Composition/$document: a document Bundle of a Composition and all it names that the caller may see."""
    made = await _assembled(work, given.id)
    if given.persist:
        written = await work.fhir.create(bytes_of(made), type="Bundle")
        made = document_of((await work.fhir.read("Bundle", written.id)).body())
    return _bundle(made)


async def as_cda(work: UnitOfWork, given: Paper) -> Binary:
    """Composition/$cda: the shared document as CDA R2 (共享文档)."""
    _, body = await cda(work, given.id)
    return Binary(contentType="application/xml", data=base64.b64encode(body).decode("ascii"))


async def cda(work: UnitOfWork, id: str) -> tuple[Template, bytes]:
    """Give the template of a Composition and its CDA; OutcomeError (422) when it is of no template."""
    made = await _assembled(work, id)
    found = template_of(made["entry"][0]["resource"].get("type", {}))
    if found is None:
        text = f"Composition/{id} is no shared document that has a template here."
        raise OutcomeError(Issue("not-supported", "no-template", "Composition.type", text), status=422)
    return found, write(found, _bundle(made))


async def issue(work: UnitOfWork, given: Issuing) -> Composition:
    """Patient/$issue-document: make, or bring up to date, the shared document about something (出具共享文档).

    What was written into its sections stays unless it is given anew. The same contents give the same version.
    """
    record = Record(work, given.id)
    one = template(given.template)
    if one is None:
        text = f"There is no template {given.template[:40]}."
        raise OutcomeError(Issue("not-supported", "no-template", "template", text), status=422)
    focus = await focus_of(record, given.about)
    refuse(fits(one, focus))
    former = await _former(record, number(one, focus))
    visit = await _visit(record, focus)
    content = (await record.search(_wanted(one, focus), IN_DOCUMENT)).documents
    clinical = [each for each in content if each["resourceType"] != "Composition"]
    notes = [each for each in content if each["resourceType"] == "Composition"]
    texts = _texts([*notes, *([former] if former is not None else [])]) | _given(one, given.text)
    made = compose(
        one,
        focus,
        [*clinical, *([visit] if visit is not None else []), *await _diagnoses(record, one, visit)],
        subject=f"Patient/{given.id}",
        author=_author(work, visit),
        custodian=_custodian(work, visit, await record.patient()),
        texts=texts,
        now=work.now,
    )
    refuse(lacking(one, made))
    if former is None:
        id = (await work.fhir.create(bytes_of(made), type="Composition")).id
    else:
        id = str(former["id"])
        await work.fhir.update(bytes_of(made | {"id": id}), type="Composition", id=id)
    found = codec.decode((await work.fhir.read("Composition", id)).body(), "Composition")
    if not isinstance(found, Composition):
        raise TypeError("a Composition is a Composition")
    return found


async def _assembled(work: UnitOfWork, id: str) -> dict[str, Any]:
    composition = document_of((await work.fhir.read("Composition", id)).body())
    record = Record(work, reference(composition.get("subject")).removeprefix("Patient/"))
    named = await _named(record, references(composition))
    version = str(composition.get("meta", {}).get("versionId", "1"))
    at = work.now.astimezone(ZONE).isoformat()
    return bundle(composition, named, base=work.door.base_url, number=f"{id}.{version}", at=at)


async def _named(record: Record, given: Iterable[str]) -> list[Document]:
    """Read what is named, as far as the caller sees it, in the order in which it is named."""
    names = list(dict.fromkeys(given))[:MOST_NAMED]
    wanted: dict[str, list[str]] = {}
    for one in names:
        found = LOCAL.match(one)
        if found is not None:
            wanted.setdefault(found["type"], []).append(found["id"])
    known: dict[str, Document] = {}
    for type, ids in wanted.items():
        for at in range(0, len(ids), BATCH):
            several = await record.several(type, ids[at : at + BATCH])
            known |= {f"{type}/{one['id']}": one for one in several}
    return [known[one] for one in names if one in known]


async def _around(record: Record, documents: list[Document]) -> list[tuple[str, Document]]:
    """Read institutions, staff and medicines that the entries name."""
    names = (one for one in references(documents) if one.partition("/")[0] in _AROUND)
    base = record.work.door.base_url
    return [(f"{base}/{one['resourceType']}/{one['id']}", one) for one in await _named(record, names)]


async def focus_of(record: Record, about: str) -> Document:
    """Give what a document shall be about; OutcomeError 404 for what is not of this record."""
    found = LOCAL.match(about)
    if found is None:
        text = "Say what the document is about, like Encounter/1."
        raise OutcomeError(Issue("invalid", "bad-reference", "about", text), status=400)
    if found["type"] == "Patient" and found["id"] == record.id:
        return await record.patient()
    return await record.one(found["type"], found["id"])


async def written_before(record: Record, one: Template, focus: Document) -> dict[str, str]:
    """Give what somebody wrote into the document before, by the code of the section."""
    former = await _former(record, number(one, focus))
    return _texts([former]) if former is not None else {}


async def _former(record: Record, number: str) -> Document | None:
    """Give the document of this set that was issued before."""
    asked = (("identifier", f"urn:oid:2.16.156.10011.1.1|{number}"),)
    found = (await record.search({"Composition": asked}, 1)).documents
    return found[0] if found else None


async def _visit(record: Record, focus: Document) -> Document | None:
    if focus["resourceType"] == "Encounter":
        return focus
    name = LOCAL.match(reference(focus.get("encounter")))
    found = await record.several("Encounter", [name["id"]]) if name is not None else []
    return found[0] if found else None


async def _diagnoses(record: Record, one: Template, visit: Document | None) -> list[Document]:
    """Read the diagnoses that the visit names, which need not name the visit."""
    if "Condition" not in one.wanted:
        return []
    names = (LOCAL.match(reference(each.get("condition"))) for each in (visit or {}).get("diagnosis", ()))
    return await record.several("Condition", [found["id"] for found in names if found is not None])


def _wanted(one: Template, focus: Document) -> Wanted:
    """Fill the searches of a template in; one that asks for nothing is left out."""
    results = [found["id"] for each in focus.get("result", ()) if (found := LOCAL.match(reference(each)))]
    values = {
        "{focus}": f"{focus['resourceType']}/{focus['id']}",
        "{encounter}": reference(focus.get("encounter")),
        "{results}": ",".join(results[:MOST_NAMED]),
    }
    filled = {on: tuple((name, values.get(value, value)) for name, value in of) for on, of in one.wanted.items()}
    return {on: pairs for on, pairs in filled.items() if all(value for _, value in pairs)}


def _texts(notes: list[Document]) -> dict[str, str]:
    """Give what somebody wrote in sections of Compositions, by the code of the section; the last one counts."""
    found: dict[str, str] = {}
    for section in (section for note in notes for section in note.get("section", ())):
        text = section.get("text", {})
        for coding in section.get("code", {}).get("coding", ()):
            if coding.get("system") == LOINC and text.get("status") == "additional" and text.get("div"):
                found[str(coding["code"])] = plain(str(text["div"]))
    return found


def _given(one: Template, given: Iterable[str]) -> dict[str, str]:
    """Read ``CODE=words``; OutcomeError when the template has no such text."""
    known = {element.text_of for _, element in one.texts}
    pairs = [tuple(text.split("=", 1)) for text in given]
    wrong = [pair for pair in pairs if len(pair) != 2 or pair[0] not in known]
    refuse(
        [
            Issue("invalid", "no-such-section", "text", f"{one.title} has no text {pair[0][:40]}; write CODE=words.")
            for pair in wrong
        ]
    )
    return {pair[0]: pair[1].strip() for pair in pairs if pair[1].strip()}


def _author(work: UnitOfWork, visit: Document | None) -> dict[str, str]:
    """Name who treated; without a visit whoever issues."""
    for one in (visit or {}).get("participant", ()):
        if reference(one.get("individual")).startswith("Practitioner"):
            found: dict[str, str] = one["individual"]
            return found
    shown = {"display": work.principal.display or work.principal.id}
    return ({"reference": work.principal.practitioner} if work.principal.practitioner else {}) | shown


def _custodian(work: UnitOfWork, visit: Document | None, patient: Document) -> dict[str, str] | None:
    found: dict[str, str] | None = (visit or {}).get("serviceProvider") or patient.get("managingOrganization")
    own = work.principal.organization
    return found or ({"reference": own} if own else None)


def _bundle(made: object) -> Bundle:
    found = codec.decode(bytes_of(made), "Bundle")
    if not isinstance(found, Bundle):
        raise TypeError("a Bundle is a Bundle")
    return found


def _url(*parts: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_OID, '/'.join(parts))}"
