"""One query, the whole chain (全程追溯): what was done for a patient in a visit, and what proves it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.insurance import contract as insurance
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.pharmacy import contract as supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.signatures.contract import VERIFY, Verify
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.contract import Decision, Proof, Sought, Step, Trace, Tracing
from xinglin.capabilities.supervision.operations import gathering, uploading
from xinglin.capabilities.supervision.rules import chain
from xinglin.capabilities.supervision.rules.documents import (
    CHINA,
    Document,
    claims,
    code_of,
    instant,
    name_of,
    reference,
    value,
)
from xinglin.capabilities.triage import contract as triage
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.merkle import included
from xinglin.store import books
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

MOST: Final = 50  # of what a query finds
PROVED: Final = 150  # entries of the ledger of one chain
ACTS: Final = "C,U,D,E"
RECORD_NUMBER: Final = "urn:oid:2.16.156.10011.1.2"
_SIGNED: Final = {
    "note": "Composition",
    "review": "Task",
    "order": "MedicationRequest",
    "dispensed": "MedicationDispense",
}
_ROOTS: Final = ("Encounter", "Appointment")


@cites("R0-005", "R2-029")
async def trace(work: UnitOfWork, given: Tracing) -> Trace:
    """Encounter/$trace: the chain of the visit (or booking) that *about* belongs to, with decisions and proofs."""
    root = await _root(work, given.about)
    type, _, id = root.partition("/")
    await work.fhir.read(type, id)  # with the rights of whoever asks; what is out of reach is not found
    document = await gathering.read(work, root)
    patient = reference(document, "subject") if type == "Encounter" else _patient_of(document)
    found = await _chain(work, document, patient)
    steps = [chain.step(kind, named, one) for kind, named, one in found]
    steps = [await _decided(work, one, document_) for one, (_, _, document_) in zip(steps, found, strict=True)]
    steps = [replace(one, signatures=await _signatures(work, one)) for one in steps]
    steps.sort(key=lambda one: (instant(one.at) or work.now).astimezone(CHINA).isoformat())
    proofs = await _proofs(work, patient, steps)
    steps = [replace(one, proofs=proofs.get(_plain(one.reference), ())) for one in steps]
    missing = chain.lacking(document, steps) if type == "Encounter" else ()
    work.note("trace", type=type, refs=tuple(dict.fromkeys(_plain(one.reference) for one in steps)))
    return Trace(root, patient, tuple(steps), missing)


async def seek(work: UnitOfWork, given: Tracing) -> Sought:
    """Encounter/$seek-trace: by an identity or record number, the number of a prescription, a doctor, any record."""
    text = given.about.strip()
    if not text:
        return Sought(())
    for way in (_by_reference, _by_prescription, _by_patient, _by_doctor):
        found = await way(work, text)
        if found:
            return Sought(gathering.unique(found)[:MOST], len(found) >= MOST)
    return Sought(())


async def _by_reference(work: UnitOfWork, text: str) -> list[str]:
    if "/" in text:
        named = [text]
    elif text.replace("-", "").isascii() and text.replace("-", "").isalnum() and not text.isdecimal():
        named = [f"{type}/{text}" for type in (*_ROOTS, "RequestGroup", "Invoice", "Claim", "Patient", "Practitioner")]
    else:
        return []
    for one in named:
        type, _, id = one.partition("/")
        if type == "Patient":
            found = await _of_patient(work, id)
        elif type == "Practitioner":
            found = await _of_doctor(work, id)
        else:
            root = await _found_root(work, one)
            found = [root] if root else []
        if found:
            return found
    return []


async def _by_prescription(work: UnitOfWork, text: str) -> list[str]:
    number = f"{prescriptions.NUMBERS}|{text}"
    groups = await gathering.find(work, "RequestGroup", identifier=number)
    return [root for one in groups if (root := reference(one, "encounter"))]


async def _by_patient(work: UnitOfWork, text: str) -> list[str]:
    """Find by an exact number, which the commission has on paper; the page shows the person covered all the same."""
    wanted = f"{IDENTITY_CARD}|{text.upper()},{RECORD_NUMBER}|{text}"
    people = await gathering.find(work, "Patient", identifier=wanted)
    return [root for one in people for root in await _of_patient(work, str(one["id"]))]


async def _by_doctor(work: UnitOfWork, text: str) -> list[str]:
    people = await gathering.find(work, "Practitioner", **{"name:exact": text})
    return [root for one in people for root in await _of_doctor(work, str(one["id"]))]


async def _of_patient(work: UnitOfWork, id: str) -> list[str]:
    page = await work.platform.find("Encounter", patient=f"Patient/{id}", _sort="-date", _count=str(MOST))
    booked = await work.platform.find("Appointment", patient=f"Patient/{id}", _sort="-date", _count="10")
    return [f"{row.rt}/{row.id}" for row in (*page.matches, *booked.matches)]


async def _of_doctor(work: UnitOfWork, id: str) -> list[str]:
    page = await work.platform.find("Encounter", practitioner=f"Practitioner/{id}", _sort="-date", _count=str(MOST))
    return [f"Encounter/{row.id}" for row in page.matches]


async def _root(work: UnitOfWork, about: str) -> str:
    found = await _found_root(work, about)
    if not found:
        type, _, id = about.partition("/")
        raise OutcomeError(not_found(type or "Encounter", id or about))
    return found


async def _found_root(work: UnitOfWork, about: str) -> str:
    """Give the visit or booking that something belongs to; empty when there is none."""
    type, _, id = about.partition("/")
    if not type.isalpha() or not id:
        raise OutcomeError(Issue("value", "trace-about", text="Name what to trace as Type/id."), status=400)
    document = await gathering.read(work, about)
    if not document or type in _ROOTS:
        return about if document else ""
    return await gathering.visit_of(work, document)


# -- the links ---------------------------------------------------------------------------------------------------------

Link = tuple[str, str, Document]  # kind, versioned reference, document


async def _chain(work: UnitOfWork, root: Document, patient: str) -> list[Link]:
    """Read everything that hangs on a visit or booking."""
    if root["resourceType"] == "Appointment":
        return [_link("booking", root), *await _triaged(work, root, patient)]
    id = f"Encounter/{root['id']}"
    links = [_link("visit", root), *await _triaged(work, root, patient), *await _booked(work, root, patient)]
    links += [_link("evidence", one) for one in await gathering.evidence(work, id)]
    links += _spoken(await gathering.find(work, "Communication", encounter=id), id)
    links += [_link("diagnosis", one) for one in await gathering.find(work, "Condition", encounter=id)]
    links += [_link("note", one) for one in await gathering.find(work, "Composition", encounter=id)]
    groups = await gathering.find(work, "RequestGroup", encounter=id)
    links += [_link("prescription", one) for one in groups]
    links += [_link("order", one) for one in await gathering.find(work, "MedicationRequest", encounter=id)]
    for one in groups:
        links += await _supplied(work, f"RequestGroup/{one['id']}")
    links += await _paid(work, id, patient)
    links += await _told(work, [named.partition("/_history")[0] for _, named, _ in links], patient)
    answers = await gathering.find(work, "QuestionnaireResponse", encounter=id)
    links += [_link("rating", one) for one in answers if one.get("questionnaire") == gathering.RATING]
    return links


def _link(kind: str, document: Document) -> Link:
    version = document.get("meta", {}).get("versionId", "1")
    return kind, f"{document['resourceType']}/{document['id']}/_history/{version}", document


async def _triaged(work: UnitOfWork, root: Document, patient: str) -> list[Link]:
    """Find what the patient was told by triage on the same day."""
    at = instant(root.get("start") or root.get("period", {}).get("start"))
    if at is None:
        return []
    day = at.astimezone(CHINA).date().isoformat()
    found = await gathering.find(
        work, "QuestionnaireResponse", patient=patient, questionnaire=triage.QUESTIONNAIRE, authored=day
    )
    return [_link("triage", one) for one in found]


async def _booked(work: UnitOfWork, visit: Document, patient: str) -> list[Link]:
    """Find the booking that the visit names, else those of the patient with the same institution on that day."""
    named = [reference({"of": one}, "of") for one in visit.get("appointment", ())]
    if named:
        return [_link("booking", one) for ref in named if (one := await gathering.read(work, ref))]
    at = instant(visit.get("period", {}).get("start"))
    if at is None:
        return []
    found = await gathering.find(work, "Appointment", patient=patient, date=at.astimezone(CHINA).date().isoformat())
    here = reference(visit, "serviceProvider")
    return [_link("booking", one) for one in found if here and here in str(one)]


def _spoken(messages: Sequence[Document], visit: str) -> list[Link]:
    spoken = [one for one in messages if claims(one, visits.MESSAGE.url)]
    return [("conversation", f"Communication?encounter={visit}", chain.conversation(spoken))] if spoken else []


async def _supplied(work: UnitOfWork, group: str) -> list[Link]:
    """Find the review of a prescription, and how it was filled."""
    links: list[Link] = []
    for one in await gathering.find(work, "Task", focus=group):
        if code_of(one.get("code")) == prescriptions.REVIEW:
            links.append(_link("review", one))
        elif claims(one, supplies.DISPENSE.url):
            links += [_link("supply", one), *await _on_its_way(work, str(one["id"]))]
    read = await gathering.read(work, group)
    for line in read.get("action", ()):
        named = reference(line, "resource")
        given = await gathering.find(work, "MedicationDispense", prescription=named)
        links += [_link("dispensed", one) for one in given]
    return links


async def _on_its_way(work: UnitOfWork, supply: str) -> list[Link]:
    """Find the work order of the decoction, and the way to the patient."""
    orders = await gathering.find(work, "Task", focus=f"Task/{supply}")
    sent = await gathering.find(work, "SupplyDelivery", identifier=f"{supplies.DELIVERIES}|{supply}")
    made = [_link("decoction", one) for one in orders if claims(one, supplies.WORK_ORDER.url)]
    return made + [_link("delivery", one) for one in sent]


async def _paid(work: UnitOfWork, visit: str, patient: str) -> list[Link]:
    """Find bills, payments and settlements of the visit."""
    links: list[Link] = []
    for one in await gathering.find(work, "Invoice", patient=patient, _sort="-date"):
        if reference({"of": value(one, bills.VISIT)}, "of") == visit:
            links.append(_link("bill", one))
            paid = await gathering.find(work, "PaymentNotice", request=f"Invoice/{one['id']}")
            links += [_link("payment", each) for each in paid]
    links += [_link("settlement", one) for one in await gathering.find(work, "Claim", encounter=visit)]
    return links


async def _told(work: UnitOfWork, about: Sequence[str], patient: str) -> list[Link]:
    """Find uploads and complaints about any link."""
    known = set(about)
    tasks = await gathering.find(work, "Task", patient=patient, _sort="-authored-on")
    mine = [one for one in tasks if reference(one, "focus") in known]
    uploads = [_link("upload", one) for one in mine if claims(one, contract.UPLOAD.url)]
    return uploads + [_link("complaint", one) for one in mine if claims(one, COMPLAINT)]


COMPLAINT: Final = "https://xinglin.health/fhir/StructureDefinition/complaint"

# -- what decided, what proves -----------------------------------------------------------------------------------------


async def _decided(work: UnitOfWork, one: Step, document: Mapping[str, Any]) -> Step:
    """Add what is judged anew from what is kept: the gate, the settlement, the books, whether an upload stands."""
    found: list[Decision] = []
    facts: list[str] = []
    if one.kind == "visit":
        doctor = await gathering.read(work, gathering.doctor_of(dict(document)))
        facts = [f"医生 {name_of(doctor)}"] if doctor else []
        found = await _gate(work, document) if claims(document, visits.VISIT.url) else []
    elif one.kind == "settlement" and document.get("status") == "active" and claims(document, insurance.SETTLEMENT.url):
        found = await _settled(work, str(document["id"]))
    elif one.kind == "upload":
        same = await uploading.stands_as_sent(work, document)
        if same is not None:
            text = Text("上报内容与现存记录比对", "What was told against what is kept")
            found = [Decision("R2-042", str(value(document, contract.DIGEST)), "一致" if same else "不一致", text)]
    elif one.kind in {"bill", "payment"}:
        lines = await books.about(work.executor, _plain(one.reference))
        facts = [f"账簿 {each.event} {each.account} {each.fen / 100:+.2f}" for each in lines]
    return replace(one, decisions=(*one.decisions, *found), facts=(*one.facts, *facts))


async def _gate(work: UnitOfWork, visit: Mapping[str, Any]) -> list[Decision]:
    found = [await gathering.read(work, reference(one, "condition")) for one in visit.get("diagnosis", ())]
    codes = [code_of(one.get("code")) for one in found]
    gated = await work.platform.operate(visits.GATE, visits.Gating(str(visit["id"]), tuple(filter(None, codes))))
    text = Text("按现存记录核验复诊条件", "The gate of re-visits, judged from what is kept")
    told = "诊断 " + "、".join(codes) if codes else "尚无诊断"
    made = [Decision("R1-043", told, "通过" if gated.passed else gated.code, text, "互联网诊疗管理办法（试行）")]
    for line in gated.findings:
        code, rule, words = line.split(" ", 2)
        made.append(Decision(rule, told, code, Text(words, words), "互联网诊疗监管细则（试行）"))
    return made


async def _settled(work: UnitOfWork, claim: str) -> list[Decision]:
    try:
        explained = await work.platform.operate(insurance.EXPLAIN, insurance.Explaining(claim))
    except OutcomeError as refused:
        if refused.status != 404:
            raise
        return []  # nothing was reckoned
    policy = explained.policy
    return [Decision(policy, one.title.zh, f"{one.fen / 100:.2f}", one.text, one.source) for one in explained.steps]


async def _signatures(work: UnitOfWork, one: Step) -> tuple[str, ...]:
    """Verify what was signed; a line each."""
    type = _SIGNED.get(one.kind)
    if type is None:
        return ()
    judged = await work.platform.operate(VERIFY[type], Verify(_plain(one.reference).partition("/")[2]))
    return tuple(judged.finding)


async def _proofs(work: UnitOfWork, patient: str, steps: Sequence[Step]) -> dict[str, tuple[Proof, ...]]:
    """Prove who wrote each link: entries of the ledger about the patient, with their place in the tree."""
    wanted = {_plain(one.reference) for one in steps}
    begun = min((one.at for one in steps if one.at), default="")
    if not patient or not begun:
        return {}
    asked = {"patient": patient, "action": ACTS, "date": f"ge{begun[:10]}", "_sort": "date", "_count": "500"}
    page = await work.platform.find("AuditEvent", **asked)
    found: dict[str, list[Proof]] = {}
    await work.door.store.sequencer.sequence()
    count = 0
    for row in page.matches:
        event = document_of(row.body())
        named = {reference(one, "what").partition("/_history")[0] for one in event.get("entity", ())}
        mine = named & wanted
        if mine and count < PROVED:
            count += 1
            proof = await _proof(work, event)
            for one in mine:
                found.setdefault(one, []).append(proof)
    return {name: tuple(proofs) for name, proofs in found.items()}


async def _proof(work: UnitOfWork, event: Mapping[str, Any]) -> Proof:
    agent: Mapping[str, Any] = next(iter(event.get("agent", ())), {})
    who = reference(agent, "who") or str(
        agent.get("altId") or agent.get("who", {}).get("identifier", {}).get("value", "")
    )
    what = str(next((one.get("code", "") for one in event.get("subtype", ())), ""))
    made = Proof(str(event["id"]), str(event.get("recorded", "")), what, who)
    try:
        proved = await work.door.store.proofs.inclusion(int(event["id"]))
    except OutcomeError as missing:
        if missing.status != 404:
            raise
        return made  # written just now: it has its place within seconds
    return replace(
        made,
        index=proved.index,
        size=proved.size,
        leaf=proved.leaf.hex(),
        root=proved.root.hex(),
        holds=included(proved.leaf, proved.index, proved.size, proved.path, proved.root),
    )


def _plain(named: str) -> str:
    return named.partition("/_history")[0]


def _patient_of(booking: Mapping[str, Any]) -> str:
    found = (reference(one, "actor") for one in booking.get("participant", ()))
    return next((one for one in found if one.startswith("Patient/")), "")
