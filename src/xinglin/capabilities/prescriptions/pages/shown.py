"""A prescription as it is shown: on a page, on paper, in words for a resident."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.operations.gathering import author_of, lines_of
from xinglin.capabilities.prescriptions.rules import reading
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.tables import catalogues
from xinglin.web import format as show_as
from xinglin.web.catalogue import texts
from xinglin.web.cells import named
from xinglin.web.sheet import Cell, Part, Sheet
from xinglin.web.view import Language

TEXTS: Final = texts("xinglin.capabilities.prescriptions")
TONES: Final[Mapping[str, str]] = {
    "review-pending": "info",
    "review-failed": "warning",
    "released": "success",
    "dispensed": "success",
    "delivered": "success",
    "closed": "success",
    "rejected": "danger",
    "expired": "danger",
    "cancelled": "neutral",
    "revised": "neutral",
}
# What stands at the upper right of the paper, and the class of its colour.
TAGS: Final[Mapping[str, tuple[Text, str]]] = cites("R3-002")(
    {
        "ordinary": (Text("普通", "Ordinary"), "white"),
        "emergency": (Text("急诊", "Emergency"), "yellow"),
        "paediatric": (Text("儿科", "Paediatric"), "green"),
        "psychotropic-2": (Text("精二", "Psychotropic II"), "white"),
        "narcotic": (Text("麻、精一", "Narcotic, psychotropic I"), "red"),
        "tcm": (Text("中药", "Chinese medicine"), "white"),
    }
)
_WAITING: Final = frozenset({"signed", "review-pending", "review-failed"})
WEIGHTS: Final = ("block", "sign", "warn", "note")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the paper."""

    name: str
    amount: str
    usage: str
    source: str
    tcm: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the machine found when it was signed."""

    code: str
    weight: str
    text: str
    rule: str
    source: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A review as the reader sees it. outcome: empty while it waits."""

    id: str
    status: str
    outcome: str
    result: str
    reasons: tuple[str, ...]
    note: str
    reviewer: str
    at: str
    findings: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about one prescription, in the reader's language."""

    id: str
    header: Any
    state: str
    kind: str
    tag: str
    colour: str
    number: str
    patient: str
    name: str
    sex: str
    age: str
    department: str
    institution: str
    diagnoses: tuple[str, ...]
    doctor: str
    author: str
    at: str
    until: str
    lines: tuple[Line, ...]
    doses: int | None
    usage: str
    extension_reason: str
    second: tuple[tuple[str, str], ...]
    insisted: str
    encounter: str
    review: Review | None

    @property
    def tcm(self) -> bool:
        """Whether it holds slices."""
        return any(one.tcm for one in self.lines)


async def read(work: UnitOfWork, id: str, language: Language) -> Shown:
    """Read a prescription with the rights of whoever asks; OutcomeError 404 when it is not there for them."""
    header: Any = codec.decode((await work.fhir.read("RequestGroup", id)).body(), "RequestGroup")
    lines = []
    for reference in lines_of(header):
        row = await work.fhir.read("MedicationRequest", reference.removeprefix("MedicationRequest/"))
        lines.append(_line(codec.decode(row.body(), "MedicationRequest"), language))
    of = (header.subject.reference or "") if header.subject is not None else ""
    patient = document_of((await work.fhir.read("Patient", of.removeprefix("Patient/"))).body())
    encounter = await _encounter(work, header)
    kind = reading.value(header, contract.KIND, "ordinary")
    tag, colour = TAGS.get(kind, TAGS["ordinary"])
    written = header.authoredOn or ""
    until = reading.value(header, contract.VALID_UNTIL, "")
    return Shown(
        id=id,
        header=header,
        state=contract.state_of(header),
        kind=kind,
        tag=show_as.said(tag, language),
        colour=colour,
        number=next((one.value or "" for one in header.identifier or ()), ""),
        patient=of.removeprefix("Patient/"),
        name=named(patient),
        sex=str(patient.get("gender", "")),
        age=_age(patient, written, language),
        department=encounter[0],
        institution=encounter[1],
        diagnoses=await _diagnoses(work, header),
        doctor=(header.author.display or "") if header.author is not None else "",
        author=author_of(header),
        at=show_as.moment(written) if written else "",
        until=show_as.moment(until) if until else "",
        lines=tuple(lines),
        doses=reading.value(header, contract.DOSES),
        usage=reading.value(header, contract.USAGE, ""),
        extension_reason=reading.value(header, contract.EXTENSION_REASON, ""),
        second=tuple(
            (reading.value(one, "code", ""), reading.value(one, "reason", ""))
            for one in reading.nested(header, contract.SECOND_SIGNATURE)
        ),
        insisted=reading.value(header, contract.INSISTED, ""),
        encounter=(header.encounter.reference or "").removeprefix("Encounter/") if header.encounter else "",
        review=await _review(work, id, language),
    )


def _line(request: Any, language: Language) -> Line:
    concept = request.medicationCodeableConcept
    herb = reading.code_of(concept, contract.SLICES)
    dosage = next(iter(request.dosageInstruction or ()), None)
    dose = next((one.doseQuantity for one in (dosage.doseAndRate or () if dosage else ())), None)
    quantity = request.dispenseRequest.quantity if request.dispenseRequest is not None else None
    amount = f"{_plain(quantity.value)}{quantity.unit or ''}" if quantity is not None else ""
    source = contract.SOURCES.codes.get(reading.value(request, contract.SOURCE, ""))
    footnote = reading.value(request, contract.FOOTNOTE, "")
    if herb:
        name = f"{concept.text or herb}{f'（{footnote}）' if footnote else ''}"
        return Line(
            name, amount, f"{_plain(dose.value)}g" if dose is not None else "", _said(source, language), tcm=True
        )
    code = reading.code_of(concept, contract.DRUGS)
    form = ""
    try:
        drug = catalogues.drug(code)
        form, amount = f" {drug.form}", f"{amount}（{_packs(quantity, drug)}）"
    except KeyError:
        pass  # not of the catalogue: shown as it is written
    return Line(f"{concept.text or code}{form}", amount, (dosage.text or "") if dosage else "", _said(source, language),
                tcm=False)  # fmt: skip


def _packs(quantity: Any, drug: catalogues.Drug) -> str:
    whole = int(quantity.value) // drug.pack if quantity is not None and quantity.value is not None else 0
    return f"{drug.pack}{drug.unit}×{whole}"


def _plain(number: Any) -> str:
    return f"{float(number):g}" if number is not None else ""


def _said(text: Text | None, language: Language) -> str:
    return show_as.said(text, language) if text is not None else ""


@cites("R3-004")
def _age(patient: Mapping[str, Any], written: str, language: Language) -> str:
    """Say the age on the day of the prescription: of infants in days or months."""
    born = str(patient.get("birthDate", ""))
    return show_as.age(born, date.fromisoformat(written[:10]), language) if born and written else ""


async def _encounter(work: UnitOfWork, header: Any) -> tuple[str, str]:
    """Give department and institution of the visit, as far as the reader sees it."""
    id = (header.encounter.reference or "").removeprefix("Encounter/") if header.encounter is not None else "none"
    page = await work.fhir.find("Encounter", _id=id)
    for row in page.matches:
        one: Any = codec.decode(row.body(), "Encounter")
        service, provider = one.serviceType, one.serviceProvider
        department = (
            (service.text or next((each.display or "" for each in service.coding or ()), "")) if service else ""
        )
        return department or "", (provider.display or "") if provider is not None else ""
    return "", ""


async def _diagnoses(work: UnitOfWork, header: Any) -> tuple[str, ...]:
    """Name the diagnoses: as they were signed, else (a draft) as the reader may read them."""
    names = {one.reference or "": one.display or "" for one in header.reasonReference or ()}
    asked = [reference.removeprefix("Condition/") for reference, name in names.items() if not name]
    if asked:
        page = await work.fhir.find("Condition", _id=",".join(asked))
        names |= {f"Condition/{row.id}": reading.called(codec.decode(row.body(), "Condition")) for row in page.matches}
    return tuple(filter(None, names.values()))


async def _review(work: UnitOfWork, id: str, language: Language) -> Review | None:
    kind = f"{contract.REVIEWS.system}|{contract.REVIEW}"
    page = await work.fhir.find("Task", focus=f"RequestGroup/{id}", code=kind, _sort="-authored-on", _count="1")
    for row in page.matches:
        task: Any = codec.decode(row.body(), "Task")
        reasons = [each.code or "" for each in (task.reasonCode.coding or ()) if each.code] if task.reasonCode else []
        outputs = {each.type.text: each for each in task.output or () if each.type is not None and each.type.text}
        result = reading.code_of(task.businessStatus, contract.RESULTS.system)
        by = outputs.get("reviewer")
        return Review(
            id=row.id,
            status=task.status or "",
            outcome=(outputs["outcome"].valueCode or "") if "outcome" in outputs else "",
            result=_said(contract.RESULTS.codes.get(result), language),
            reasons=tuple(
                f"{each} {show_as.said(contract.REASONS.codes[each], language)}"
                for each in reasons
                if each in contract.REASONS.codes
            ),
            note="；".join(each.text or "" for each in task.note or ()),
            reviewer=(by.valueReference.display or "") if by is not None and by.valueReference is not None else "",
            at=show_as.moment(task.lastModified) if task.lastModified else "",
            findings=findings_of(task, language),
        )
    return None


def findings_of(task: Any, language: Language) -> tuple[Found, ...]:
    """Give what the machine found when the prescription was signed, the gravest first."""
    found = [
        Found(
            reading.value(one, "code", ""),
            reading.value(one, "weight", "note"),
            reading.value(one, language, ""),
            reading.value(one, "rule", ""),
            reading.value(one, "source", ""),
            tuple(str(number) for number in reading.values(one, "line")),
        )
        for one in reading.nested(task, contract.FINDING)
    ]
    return tuple(sorted(found, key=lambda one: WEIGHTS.index(one.weight)))


@cites("R3-001")
def sheet(one: Shown, language: Language, printed: str) -> Sheet:
    """Lay a prescription out as paper: front, body and back (前记、正文、后记)."""
    t = TEXTS[language]
    facts = [
        (t("prescriptions.paper.institution"), one.institution),
        (t("prescriptions.paper.number"), one.number),
        (t("prescriptions.paper.name"), one.name),
        (t("prescriptions.paper.sex"), t(f"prescriptions.sex.{one.sex}") if one.sex in {"male", "female"} else "—"),
        (t("prescriptions.paper.age"), one.age),
        (t("prescriptions.paper.department"), one.department),
        (t("prescriptions.paper.diagnosis"), "；".join(one.diagnoses)),
        (t("prescriptions.paper.date"), one.at),
    ]
    heads = ("drug", "dose") if one.tcm else ("drug", "amount", "usage")
    rows = tuple(
        (Cell(line.name), Cell(line.usage)) if one.tcm else (Cell(line.name), Cell(line.amount), Cell(line.usage))
        for line in one.lines
    )
    body = Part("Rp", tuple(t(f"prescriptions.paper.{key}") for key in heads), rows, (4, 2) if one.tcm else (4, 3, 5))
    notes = [t("prescriptions.paper.until", at=one.until)]
    if one.tcm and one.doses:
        notes.insert(0, t("prescriptions.paper.doses", n=one.doses, usage=one.usage or "—"))
    if one.extension_reason:
        notes.append(t("prescriptions.paper.long", why=t(f"prescriptions.why.{one.extension_reason}")))
    notes += [t("prescriptions.paper.second", code=code, why=why) for code, why in one.second]
    signers = [(Cell(t("prescriptions.paper.doctor")), Cell(one.doctor), Cell(one.at))]
    review = one.review
    if review is not None and review.outcome:
        signers.append((Cell(t("prescriptions.paper.reviewer")), Cell(review.reviewer), Cell(review.at)))
    back = Part(
        t("prescriptions.paper.back"),
        tuple(t(f"prescriptions.paper.{key}") for key in ("who", "signed", "when")),
        tuple(signers),
        (2, 3, 3),
    )
    return Sheet(
        title=t("prescriptions.paper.title", tag=one.tag),
        language=language,
        facts=tuple((label, value or "—") for label, value in facts),
        parts=(body, back),
        notes=tuple(notes),
        foot=t(f"prescriptions.paper.{'not-yet' if one.state in _WAITING else 'foot'}", at=printed),
    )
