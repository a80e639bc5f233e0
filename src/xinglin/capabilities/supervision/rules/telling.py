"""From documents to acts of care as they are told to the province (`care.upload`)."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.pharmacy import contract as supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision.rules.documents import (
    CHINA,
    Document,
    code_of,
    identifier,
    instant,
    name_of,
    nested,
    reference,
    value,
)
from xinglin.care.money import fen
from xinglin.care.upload import acts
from xinglin.care.upload.records import Record, withdrawn
from xinglin.security import certificates
from xinglin.security.credentials import Standing, credential_state
from xinglin.security.identifiers import IDENTITY_CARD, INSTITUTION_LICENCE, USCC
from xinglin.tables import catalogues

CITY: Final = "4108"  # division codes of the city begin so
ICD: Final = prescriptions.ICD
RATINGS: Final = {5: "1", 4: "1", 3: "2", 2: "3", 1: "3"}  # 1 good, 2 average, 3 bad
# Which supply goes by which mode of T6.
MODES: Final = {
    "hospital-window": "hospital",
    "hospital-delivery": "logistics",
    "online-retail": "logistics",
    "pharmacy-pickup": "pharmacy",
}
_EFFECTIVE: Final = frozenset(
    "released claimed pharmacy-reviewed paid dispensed delivering delivered closed refunded".split()
)
_PAID: Final = frozenset({"paid", "dispensed", "delivering", "delivered", "closed"})
OVER: Final = frozenset({"terminated", "no-answer", "cancelled"})
_AGREES: Final = frozenset({"valid", "expiring-30", "expiring-60"})


@dataclass(frozen=True, slots=True)
class Told:
    """An act that has to be told. act: of `contract.ACTS`. at: when it happened."""

    act: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents that an act is told from; what it does not need is empty."""

    visit: Document
    patient: Document
    hospital: Document
    host: Document = field(default_factory=dict)
    doctor: Document = field(default_factory=dict)
    note: Document = field(default_factory=dict)
    conditions: tuple[Document, ...] = ()
    evidence: tuple[Document, ...] = ()
    seals: tuple[Document, ...] = ()  # Provenances
    prescription: Document = field(default_factory=dict)
    lines: tuple[Document, ...] = ()
    review: Document = field(default_factory=dict)
    pharmacist: Document = field(default_factory=dict)
    supply: Document = field(default_factory=dict)
    bill: Document = field(default_factory=dict)
    charges: tuple[Document, ...] = ()
    rating: int | None = None


def told(document: Mapping[str, Any]) -> tuple[Told, ...]:
    """Say which acts a document shows to have happened."""
    kind = document["resourceType"]
    found: tuple[Told, ...] = ()
    if kind == "Encounter":
        found = _of_visit(document)
    elif kind == "RequestGroup":
        state = str(value(document, prescriptions.STATE) or "")
        if value(document, prescriptions.ONLINE) and (state in _EFFECTIVE or state == "cancelled"):
            found = _once("prescription", document.get("authoredOn"))
    elif kind == "QuestionnaireResponse":
        found = _once("reception", document.get("authored"))
    elif kind == "Task":
        if document.get("status") in {"in-progress", "completed"}:
            found = _once("delivery", document.get("lastModified") or document.get("authoredOn"))
    elif kind == "Invoice":
        state = str(value(document, bills.STATE) or "")
        if reference({"at": value(document, bills.VISIT)}, "at").startswith("Encounter/"):
            if state in {"paid", "refunding", "refunded"}:
                found = _once("charge", document.get("date"))
            if state == "refunded":
                found += _once("refund", document.get("date"))
    return found


def _of_visit(visit: Mapping[str, Any]) -> tuple[Told, ...]:
    period = visit.get("period", {})
    found = _once("registration", period.get("start"))
    state = value(visit, visits.STATE)
    if state in OVER:
        found += _once("cancellation", period.get("end"))
    if state == "finished":
        found += _once("reception", period.get("end"))
    return found


def _once(act: str, at: object) -> tuple[Told, ...]:
    when = instant(at)
    return (Told(act, when),) if when is not None else ()


def records(act: str, papers: Papers) -> tuple[Record, ...]:
    """Make the records of an act; of what was entered in error they take back what was told."""
    made: tuple[Record, ...]
    if act in {"registration", "cancellation"}:
        made = acts.registration(visit_of(papers, cancelled=act == "cancellation"))
    elif act == "reception":
        made = acts.reception(visit_of(papers, cancelled=False))
    elif act == "prescription":
        made = acts.prescription(order_of(papers))
    elif act == "delivery":
        made = acts.delivery(delivery_of(papers))
    else:
        made = acts.charge(charge_of(papers, refund=act == "refund"))
    return withdrawn(made) if papers.visit.get("status") == "entered-in-error" else made


def visit_of(papers: Papers, *, cancelled: bool) -> acts.Visit:
    """Read an online visit."""
    visit = papers.visit
    moves = {one.get("state"): instant(one.get("at")) for one in reversed(nested(visit, visits.MOVE))}
    main = _main(papers)
    code = code_of(main.get("code"))
    icd = code_of(main.get("code"), ICD)
    return acts.Visit(
        site=_site(papers),
        serial=str(visit["id"]),
        patient=person(papers.patient),
        doctor=person(papers.doctor),
        department=code_of(visit.get("serviceType")),
        asked=_sure(instant(visit["period"]["start"])),
        signed_in=moves.get("waiting"),
        accepted=moves.get("accepted"),
        started=moves.get("in-progress"),
        ended=instant(visit["period"].get("end")),
        cancelled=cancelled,
        diagnosis=icd or code,
        diagnosis_kind="icd" if icd or not code else "tcm",
        archive=f"Encounter/{visit['id']}",
        seal=_seal(papers.seals, "Composition/", reference(papers.note, "author")),
        rating=RATINGS.get(papers.rating or 0, ""),
        consent=";".join(sorted(one["reference"] for one in _references(visit, visits.CONSENT))),
        evidence=tuple(f"DocumentReference/{one['id']}" for one in _reviewed(papers)),
    )


def order_of(papers: Papers) -> acts.Order:
    """Read a prescription with its review."""
    group, review = papers.prescription, papers.review
    state = str(value(group, prescriptions.STATE) or "")
    author = reference(group, "author")
    done = review.get("status") == "completed"
    reviewer = f"Practitioner/{papers.pharmacist.get('id', '')}"
    return acts.Order(
        site=_site(papers),
        number=identifier(group, prescriptions.NUMBERS),
        visit=str(papers.visit["id"]),
        patient=person(papers.patient),
        prescriber=person(papers.doctor),
        department=code_of(papers.visit.get("serviceType")),
        type=str(value(group, prescriptions.TYPE) or ""),
        issued=_sure(instant(group.get("authoredOn"))),
        seal=_seal(papers.seals, "Task/", author),
        lines=tuple(_line(one, value(group, prescriptions.DOSES)) for one in papers.lines),
        pharmacist=person(papers.pharmacist) if done and papers.pharmacist else None,
        pharmacist_seal=_seal(papers.seals, "Task/", reviewer),
        reviewed=instant(review.get("lastModified")) if done else None,
        result=code_of(review.get("businessStatus")) if done else "",
        charged=state in _PAID,
        cancelled=state in {"cancelled", "refunded"},
    )


def delivery_of(papers: Papers) -> acts.Delivery:
    """Read a supply: begun when it was claimed, complete when it was handed over."""
    supply = papers.supply
    done = supply.get("status") == "completed"
    return acts.Delivery(
        site=_site(papers),
        prescription=str(supply.get("groupIdentifier", {}).get("value") or ""),
        visit=str(papers.visit["id"]),
        mode=MODES[str(value(supply, supplies.WAY) or "hospital-window")],
        started=_sure(instant(supply.get("authoredOn"))),
        ended=instant(supply.get("lastModified")) if done else None,
    )


def charge_of(papers: Papers, *, refund: bool) -> acts.Charge:
    """Read a paid bill, or what of it went back."""
    bill = papers.bill
    by_id = {f"ChargeItem/{one['id']}": one for one in papers.charges}
    shares = next(iter(nested(bill, bills.SHARE)), {})
    number = str(bill["id"])
    fees = tuple(_fee(at, one, by_id) for at, one in enumerate(bill.get("lineItem", ()), 1))
    return acts.Charge(
        site=_site(papers),
        number=f"{number}-R" if refund else number,
        visit=str(papers.visit["id"]),
        patient=person(papers.patient),
        at=_sure(instant(bill.get("date"))),
        fees=tuple(one for one in fees if one.fen),
        self_paid=fen(Decimal(str(shares["cash"]["value"]))) if shares.get("cash") else 0,
        channel=str(value(bill, bills.CHANNEL) or "").replace("cash", ""),
        invoices=tuple(filter(None, (identifier(bill, bills.RECEIPT),))),
        refund=refund,
        refund_of=number if refund else "",
    )


def _fee(at: int, item: Mapping[str, Any], charges: Mapping[str, Document]) -> acts.Fee:
    charged = charges.get(reference(item, "chargeItemReference"), {})
    coding: Document = next(iter(charged.get("code", {}).get("coding", ())), {})
    system = str(coding.get("system", "")).rpartition("/")[2]
    amount = next((one["amount"]["value"] for one in item.get("priceComponent", ()) if one.get("type") == "base"), 0)
    return acts.Fee(
        str(item.get("sequence", at)),
        str(coding.get("code", "")),
        str(charged.get("code", {}).get("text") or coding.get("display") or ""),
        Decimal(str(charged.get("quantity", {}).get("value", 1))),
        fen(Decimal(str(amount))),
        _kind(system, str(coding.get("code", ""))),
    )


def _kind(system: str, code: str) -> str:
    """Say under which fee of T7 a line counts."""
    if system == "tcm-slice":
        return "herbal"
    if system == "drug":
        drug = next((one for one in catalogues.drugs() if one.code == code), None)
        return "patent" if drug is not None and drug.kind == "中成药" else "western"
    return "consultation" if system == "service-item" else "other"


def _line(request: Mapping[str, Any], doses: Any) -> acts.Line:
    concept = request.get("medicationCodeableConcept", {})
    dosage: Document = next(iter(request.get("dosageInstruction", ())), {})
    dose: Document = next((one.get("doseQuantity", {}) for one in dosage.get("doseAndRate", ())), {})
    supply = request.get("dispenseRequest", {})
    quantity = supply.get("quantity", {})
    tcm = bool(code_of(concept, prescriptions.SLICES))
    days = supply.get("expectedSupplyDuration", {}).get("value")
    return acts.Line(
        item=code_of(concept),
        name=next((str(one.get("display", "")) for one in concept.get("coding", ())), ""),
        quantity=Decimal(str(quantity.get("value", 0))),
        unit=str(quantity.get("unit", "")),
        route=code_of(dosage.get("route")),
        days=int(days) if days is not None else None,
        frequency=str(dosage.get("timing", {}).get("code", {}).get("text", "")),
        dose=Decimal(str(dose["value"])) if "value" in dose else None,
        dose_unit=str(dose.get("unit", "")),
        doses=int(doses) if tcm and doses is not None else None,
        footnote=str(value(request, prescriptions.FOOTNOTE) or ""),
    )


def person(document: Mapping[str, Any]) -> acts.Person:
    """Read somebody: name, identity number, id, whether the address lies in the city."""
    division = value(
        next(iter(document.get("address", ())), {}), "https://xinglin.health/fhir/StructureDefinition/division"
    )
    return acts.Person(
        name_of(document),
        identifier(document, IDENTITY_CARD),
        str(document.get("id", "")),
        local=str(division).startswith(CITY) if division else None,
    )


def evidenced(papers: Papers) -> frozenset[str]:
    """Give the codes of the diagnoses that the reviewed papers show."""
    return frozenset(
        str(one["valueCoding"].get("code", ""))
        for paper in _reviewed(papers)
        for one in paper.get("extension", ())
        if one["url"] == visits.DIAGNOSES
    )


def accompanied(visit: Mapping[str, Any]) -> bool:
    """Tell whether a guardian was there."""
    return any(bool(one.get("present")) for one in nested(visit, visits.GUARDIAN))


def prescriber_faults(standing: Standing, day: date) -> tuple[str, ...]:
    """Say why somebody was not entitled to prescribe on a day: not active, or without a certificate in force."""
    practising = standing.credential("practising")
    if not standing.active:
        return ("practitioner-inactive",)
    if practising is None:
        return ("practising-missing",)
    return () if credential_state(practising, day) in _AGREES else ("practising-expired",)


def _main(papers: Papers) -> Document:
    """Give the main diagnosis."""
    ranked = sorted(papers.visit.get("diagnosis", ()), key=lambda one: one.get("rank", 99))
    by_id = {f"Condition/{one['id']}": one for one in papers.conditions}
    named = (by_id.get(reference(one, "condition")) for one in ranked)
    return next((one for one in named if one is not None), next(iter(papers.conditions), {}))


def _reviewed(papers: Papers) -> list[Document]:
    return [
        one for one in papers.evidence if any(each.get("code") == "reviewed" for each in nested(one, visits.DECISION))
    ]


def _site(papers: Papers) -> acts.Site:
    host = papers.host or papers.hospital
    return acts.Site(_code(papers.hospital), _code(host))


def _code(organization: Mapping[str, Any]) -> str:
    """Give the code of an institution: licence number, credit code, else its number in the regional directory."""
    found = (identifier(organization, system) for system in (INSTITUTION_LICENCE, USCC))
    return next(filter(None, found), str(organization.get("id", "")))


def _seal(provenances: Sequence[Mapping[str, Any]], target: str, signer: str) -> acts.Seal:
    """Read the signature of somebody over something; empty when there is none."""
    for one in provenances:
        if not reference(one, "target").startswith(target) or reference(one, "signature", "who") != signer:
            continue
        kept = {each.get("id"): str(each.get("data", "")) for each in one.get("contained", ())}
        serial = certificates.read(b64decode(kept["certificate"])).serial if kept.get("certificate") else ""
        return acts.Seal(str(one["signature"][0].get("data", "")), serial, kept.get("stamp", ""))
    return acts.Seal()


def _references(document: Mapping[str, Any], url: str) -> list[Document]:
    return [one["valueReference"] for one in document.get("extension", ()) if one["url"] == url]


def _sure(at: datetime | None) -> datetime:
    """Give an instant that the profile of its record asks for."""
    if at is None:
        raise ValueError("the record bears no time")
    return at.astimezone(CHINA)
