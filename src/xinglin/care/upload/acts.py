"""Acts of internet care as they are told: a visit, a prescription, a delivery, a charge; each gives its records."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from xinglin.care.money import yuan
from xinglin.care.upload.records import CHINA, Record, moment, record
from xinglin.fhir.sources import cites

IDENTITY_CARD: Final = "01"  # CV02.01.101
ORDINARY: Final = "100"  # the only category of registration online
DRUG_ORDER: Final = "01"  # CV06.00.229: an order of drugs
BY_HEALTH_COMMISSION: Final = "5"
DIAGNOSES: Final = {"icd": "01", "tcm": "02"}
MODES: Final = {"hospital": "0", "logistics": "1", "pharmacy": "2"}
CHANNELS: Final = {"": "0", "alipay": "1", "wechat-pay": "2", "unionpay": "3"}
# How a slice is decocted apart, by the words of its footnote.
DECOCTIONS: Final = {
    "包煎": "1",
    "冲服": "2",
    "后煎": "3",
    "后下": "4",
    "另包": "5",
    "先煎": "6",
    "烊化": "7",
}
OTHER_DECOCTION: Final = "9"


@dataclass(frozen=True, slots=True)
class Site:
    """Who reports. institution: code at the province (licence number). organization: code of the physical one."""

    institution: str
    organization: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by name and identity number. id: logical id or code of the directory. local: lives in the city."""

    name: str = ""
    number: str = ""
    id: str = ""
    local: bool | None = None


@dataclass(frozen=True, slots=True)
class Seal:
    """An electronic signature: value (Base64), serial number of the certificate, time stamp."""

    value: str = ""
    certificate: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """An online visit. archive: where its conversation lies. evidence: papers that show the diagnosis, by reference."""

    site: Site
    serial: str
    patient: Person
    doctor: Person
    department: str
    asked: datetime
    signed_in: datetime | None = None
    accepted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    cancelled: bool = False
    diagnosis: str = ""
    diagnosis_kind: str = "icd"
    archive: str = ""
    seal: Seal = Seal()
    rating: str = ""
    consent: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a prescription. footnote: of a slice. doses: of slices (贴数)."""

    item: str
    name: str
    quantity: Decimal
    unit: str
    form: str = ""
    route: str = ""
    days: int | None = None
    frequency: str = ""
    dose: Decimal | None = None
    dose_unit: str = ""
    doses: int | None = None
    footnote: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A prescription. reviewed: when the pharmacist decided; result: of the review."""

    site: Site
    number: str
    visit: str
    patient: Person
    prescriber: Person
    department: str
    type: str
    issued: datetime
    seal: Seal = Seal()
    lines: tuple[Line, ...] = ()
    pharmacist: Person | None = None
    pharmacist_seal: Seal = Seal()
    reviewed: datetime | None = None
    result: str = ""
    charged: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the medicine reached the patient. mode: of `MODES`."""

    site: Site
    prescription: str
    visit: str
    mode: str
    started: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """One line of a charge. kind: a field of T7 that holds it (``consultation``, ``western`` …). fen: above 0."""

    line: str
    item: str
    name: str
    quantity: Decimal
    fen: int
    kind: str = "other"


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge or a refund. total and self_paid: fen, never below 0. refund_of: number of the charge given back."""

    site: Site
    number: str
    visit: str
    patient: Person
    at: datetime
    fees: tuple[Fee, ...] = field(default_factory=tuple)
    self_paid: int = 0
    channel: str = ""
    prescriptions: int = 0
    invoices: tuple[str, ...] = ()
    refund: bool = False
    refund_of: str = ""

    @property
    def total(self) -> int:
        """What it comes to, in fen."""
        return sum(one.fen for one in self.fees)


@cites("R2-042")
def registration(one: Visit) -> tuple[Record, ...]:
    """T1: the visit was asked for, or taken back."""
    at = (one.ended if one.cancelled else None) or one.asked
    local = {True: "1", False: "2", None: "5"}[one.patient.local]
    return (
        record(
            "T1",
            {
                "institution": one.site.institution,
                "date": f"{at.astimezone(CHINA):%Y%m%d}",
                "visit": one.serial,
                "flag": "2" if one.cancelled else "1",
                "organization": one.site.organization,
                **_document(one.patient),
                "verified_on": f"{one.asked.astimezone(CHINA):%Y%m%d}",
                "verified_by": BY_HEALTH_COMMISSION,
                "category": ORDINARY,
                "department": one.department,
                "local": local,
            },
        ),
    )


@cites("R2-042", "R2-043")
def reception(one: Visit) -> tuple[Record, ...]:
    """T2: the visit as it was, with who gave it, on what evidence and by which consent."""
    minutes = round((one.ended - one.started).total_seconds() / 60) if one.ended and one.started else None
    return (
        record(
            "T2",
            {
                "institution": one.site.institution,
                "visit": one.serial,
                "organization": one.site.organization,
                "asked": moment(one.asked),
                "signed_in": moment(one.signed_in),
                "accepted": moment(one.accepted),
                "started": moment(one.started),
                "ended": moment(one.ended),
                "minutes": minutes,
                **_document(one.patient),
                "name": one.patient.name,
                "department": one.department,
                "diagnosis": one.diagnosis,
                "diagnosis_type": DIAGNOSES[one.diagnosis_kind],
                "archive": one.archive,
                "doctor": one.doctor.id,
                "signature": one.seal.value,
                "certificate": one.seal.certificate,
                "timestamp": one.seal.at,
                "rating": one.rating,
                "consent": one.consent,
                "evidence": ";".join(one.evidence),
            },
        ),
    )


@cites("R2-042", "R2-043")
def prescription(one: Order) -> tuple[Record, ...]:
    """T3, T4 and T5: the order, the prescription with its review, and a record for each line."""
    order = {
        "institution": one.site.institution,
        "item_type": DRUG_ORDER,
        "order": one.number,
        "organization": one.site.organization,
        "visit": one.visit,
    }
    reviewer = one.pharmacist or Person()
    head = {
        "institution": one.site.institution,
        "prescription": one.number,
        "visit": one.visit,
        "cancelled": "1" if one.cancelled else "0",
        **_document(one.patient),
        "department": one.department,
        "prescriber": one.prescriber.id,
        "prescriber_name": one.prescriber.name,
        "prescriber_document": one.prescriber.number,
        "type": one.type,
        "charged": "1" if one.charged else "0",
        "issued": moment(one.issued),
        "signature": one.seal.value,
        "certificate": one.seal.certificate,
        "pharmacist_timestamp": one.pharmacist_seal.at,
        "pharmacist": reviewer.id,
        "pharmacist_name": reviewer.name,
        "pharmacist_document": reviewer.number,
        "reviewed": moment(one.reviewed),
        "review_result": one.result,
    }
    lines = (_line(one, number, each) for number, each in enumerate(one.lines, 1))
    return (record("T3", order), record("T4", head), *lines)


def _line(one: Order, number: int, line: Line) -> Record:
    way = DECOCTIONS.get(line.footnote, OTHER_DECOCTION) if line.footnote else ""
    return record(
        "T5",
        {
            "institution": one.site.institution,
            "prescription": one.number,
            "line": number,
            "at": moment(one.issued),
            "item": line.item,
            "item_name": line.name,
            "form": line.form,
            "route": line.route,
            "days": line.days,
            "quantity": f"{line.quantity.normalize():f}",
            "quantity_unit": line.unit,
            "frequency": line.frequency,
            "dose": f"{line.dose.normalize():f}" if line.dose is not None else "",
            "dose_unit": line.dose_unit,
            "doses": line.doses,
            "decoction": way,
        },
    )


@cites("R2-028", "R2-042")
def delivery(one: Delivery) -> tuple[Record, ...]:
    """T6: on its way, or arrived."""
    told = {
        "institution": one.site.institution,
        "prescription": one.prescription,
        "visit": one.visit,
        "organization": one.site.organization,
        "mode": MODES[one.mode],
        "started": moment(one.started),
        "ended": moment(one.ended),
        "complete": "1" if one.ended else "0",
    }
    return (record("T6", told),)


@cites("R2-042")
def charge(one: Charge) -> tuple[Record, ...]:
    """T7 and T8: the charge or refund by kinds of fee, and its lines."""
    kinds: dict[str, int] = {}
    for fee in one.fees:
        kinds[fee.kind] = kinds.get(fee.kind, 0) + fee.fen
    key = {"institution": one.site.institution, "charge": one.number, "refund": "2" if one.refund else "1"}
    head = {
        **key,
        "organization": one.site.organization,
        "visit": one.visit,
        **_document(one.patient),
        "at": moment(one.at),
        "total": yuan(one.total),
        "self_paid": yuan(one.self_paid),
        **{kind: yuan(fen) for kind, fen in kinds.items()},
        "channel": CHANNELS[one.channel],
        "prescriptions": one.prescriptions,
        "invoice": ";".join(one.invoices),
        "refund_of": one.refund_of,
    }
    lines = (
        record(
            "T8",
            {
                **key,
                "line": fee.line,
                "at": moment(one.at),
                "item": fee.item,
                "item_name": fee.name,
                "quantity": f"{fee.quantity.normalize():f}",
                "amount": yuan(fee.fen),
            },
        )
        for fee in one.fees
    )
    return (record("T7", head), *lines)


def _document(patient: Person) -> dict[str, str]:
    return {"document": patient.number, "document_type": IDENTITY_CARD if patient.number else ""}
