"""How a visit, its messages, evidence and note stand in FHIR: documents made and read. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Noting, Request
from xinglin.capabilities.internet_hospital.rules.states import status_of
from xinglin.care.revisit import Evidence, Guardian
from xinglin.fhir.sources import cites
from xinglin.security.credentials import years_after
from xinglin.security.institution_forms import SUBJECTS
from xinglin.security.retention import TABLE

Document = dict[str, Any]
BEIJING: Final = ZoneInfo("Asia/Shanghai")
ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
TCM: Final = "https://xinglin.health/fhir/CodeSystem/gbt-15657-disease"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_PARTS: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
DEVICES: Final = "https://xinglin.health/fhir/NamingSystem/device"
# LOINC: outpatient note, chief complaint, history of present illness, diagnosis, plan of care
OUTPATIENT_NOTE: Final = "34108-1"
SECTIONS: Final = (("10154-3", "主诉"), ("10164-2", "现病史"), ("29308-4", "诊断"), ("18776-5", "处理意见"))


def instant(moment: datetime) -> str:
    """Write an instant as FHIR does."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visit(given: Request, *, now: datetime, until: datetime, fee: int, consents: Iterable[str], name: str) -> Document:
    """Write a visit that is asked for. name: of the department."""
    made: Document = {
        "resourceType": "Encounter",
        "meta": {"profile": [contract.VISIT.url]},
        "status": "planned",
        "class": {"system": ACT, "code": "VR", "display": "virtual"},
        "serviceType": {"coding": [{"system": SUBJECTS, "code": given.department}], "text": name},
        "subject": {"reference": f"Patient/{given.id}"},
        "serviceProvider": {"reference": given.hospital},
        "reasonCode": [{"text": given.complaint}],
        "period": {"start": instant(now)},
        "extension": [
            {"url": contract.STATE, "valueCode": "requested"},
            {"url": contract.PROMISED, "valueInstant": instant(until)},
            {"url": contract.FEE, "valueInteger": fee},
            {"url": contract.MEDIUM, "valueCode": given.medium},
            *({"url": contract.CONSENT, "valueReference": {"reference": one}} for one in consents),
        ],
    }
    if given.doctor:
        made["participant"] = [{"individual": {"reference": given.doctor}}]
    return made


def with_move(encounter: Document, state: str, *, now: datetime, by: str) -> Document:
    """Give the visit in another state, with the move written down; its end where it ends."""
    before = state_of(encounter)
    kept = [one for one in encounter.get("extension", ()) if one["url"] != contract.STATE]
    move = _nested(contract.MOVE, state={"valueCode": state}, at={"valueInstant": instant(now)}, by={"valueString": by})
    status = status_of(state, before)
    made = encounter | {"status": status, "extension": [{"url": contract.STATE, "valueCode": state}, *kept, move]}
    if status in {"finished", "cancelled"}:
        made["period"] = encounter.get("period", {}) | {"end": instant(now)}
    return made


def with_extension(document: Document, extension: Mapping[str, Any], *, alone: bool = True) -> Document:
    """Give the document with an extension. alone: it takes the place of others of its address."""
    kept = [one for one in document.get("extension", ()) if not alone or one["url"] != extension["url"]]
    return document | {"extension": [*kept, extension]}


def nested(url: str, **parts: str) -> Document:
    """Write an extension of strings; empty ones are left out."""
    return _nested(url, **{name: {"valueString": text} for name, text in parts.items() if text})


def _nested(url: str, **parts: Mapping[str, Any]) -> Document:
    inner = [{"url": name.replace("_", "-"), **value} for name, value in parts.items()]
    return {"url": url, "extension": inner}


def state_of(encounter: Mapping[str, Any]) -> str:
    """Read the state of a visit."""
    return str(value(encounter, contract.STATE) or "")


def value(document: Mapping[str, Any], url: str) -> Any:
    """Read the value of an extension; None when there is none."""
    one: Mapping[str, Any] = next((one for one in document.get("extension", ()) if one["url"] == url), {})
    return next((one[name] for name in one if name.startswith("value")), None)


def parts(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Read the parts of a nested extension by name; empty when there is none."""
    found: Mapping[str, Any] = next((one for one in document.get("extension", ()) if one["url"] == url), {})
    return inner(found)


def moves(encounter: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Read every move of a visit, in order: state, at, by."""
    return tuple(inner(one) for one in encounter.get("extension", ()) if one["url"] == contract.MOVE)


def inner(extension: Mapping[str, Any]) -> dict[str, Any]:
    """Read the parts of one nested extension by name."""
    return {
        one["url"]: next((one[name] for name in one if name.startswith("value")), None)
        for one in extension.get("extension", ())
    }


def moment(text: object) -> datetime | None:
    """Read an instant; None when there is none."""
    return datetime.fromisoformat(str(text)) if text else None


def paid_of(encounter: Mapping[str, Any]) -> str:
    """Read what became of the fee: due, paid, refunded, void; empty when there is none."""
    return str(value(encounter, contract.PAYMENT) or "")


def doctor_of(encounter: Mapping[str, Any]) -> str:
    """Give the reference of the doctor of a visit; empty while nobody has it."""
    found = (
        one.get("individual", {}).get("reference", "")
        for one in encounter.get("participant", ())
        if not one.get("type")
    )
    return next((str(one) for one in found if one), "")


def colleagues_of(encounter: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the references of the doctors who were asked to join."""
    return tuple(
        str(one.get("individual", {}).get("reference", ""))
        for one in encounter.get("participant", ())
        if one.get("type")
    )


def with_colleague(encounter: Document, doctor: str) -> Document:
    """Give the visit with a doctor who joins it."""
    consultant = {"coding": [{"system": _PARTS, "code": "CON", "display": "consultant"}]}
    joined = {"type": [consultant], "individual": {"reference": doctor}}
    return encounter | {"participant": [*encounter.get("participant", ()), joined]}


def department_of(encounter: Mapping[str, Any]) -> str:
    """Give the code of the department of a visit."""
    return str(next((one.get("code", "") for one in encounter.get("serviceType", {}).get("coding", ())), ""))


# -- evidence ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A visit of the record that shows diagnoses. digest: SHA-256 of what it was made of; physical: who made it is."""

    encounter: str
    kind: str
    on: date | None
    source: str
    source_name: str
    physical: bool
    diagnoses: tuple[tuple[str, str, str], ...]  # system, code, display
    digest: str = ""


@cites("R1-042")
def evidence_of(shown: Shown, *, patient: str, visit: str, now: datetime) -> Document:
    """Write evidence that stands in the record of the region."""
    made = _evidence(patient, visit, now, shown.kind, "regional-platform", shown.digest)
    title = f"{contract.KINDS.codes[shown.kind].zh} {shown.source_name}".strip()
    made["content"] = [{"attachment": {"contentType": "application/fhir+json", "url": shown.encounter, "title": title}}]
    made["context"]["related"] = [{"reference": shown.encounter}]
    made["custodian"] = {"reference": shown.source} if shown.source else {"display": shown.source_name}
    if shown.on is not None:
        made["context"]["period"] = {"start": shown.on.isoformat()}
    made["extension"] += [_diagnosis(*one) for one in shown.diagnoses]
    return made


@cites("R1-042")
def sent_evidence(
    binary: str, media_type: str, kind: str, digest: str, *, patient: str, visit: str, now: datetime
) -> Document:
    """Write evidence that the patient has sent; what it shows is written down by the doctor."""
    made = _evidence(patient, visit, now, kind, "patient-upload", digest)
    title = contract.KINDS.codes[kind].zh
    made["content"] = [{"attachment": {"contentType": media_type, "url": f"Binary/{binary}", "title": title}}]
    return made


def _evidence(patient: str, visit: str, now: datetime, kind: str, origin: str, digest: str) -> Document:
    return {
        "resourceType": "DocumentReference",
        "meta": {"profile": [contract.EVIDENCE.url]},
        "status": "current",
        "type": {"coding": [{"system": contract.KINDS.system, "code": kind}]},
        "subject": {"reference": f"Patient/{patient}"},
        "date": instant(now),
        "context": {"encounter": [{"reference": f"Encounter/{visit}"}]},
        "extension": [
            {"url": contract.ORIGIN, "valueCode": origin},
            {"url": contract.HASH, "valueString": digest},
        ],
    }


def _diagnosis(system: str, code: str, display: str) -> Document:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"url": contract.DIAGNOSES, "valueCoding": coding}


@cites("R1-042", "R2-021")
def judged(document: Document, given: contract.Judging, *, now: datetime, by: str) -> Document:
    """Give evidence with the doctor's decision; of what was sent also what the paper shows."""
    made = with_extension(
        document,
        _nested(
            contract.DECISION,
            code={"valueCode": given.decision},
            by={"valueString": by},
            at={"valueInstant": instant(now)},
            **({"reason": {"valueString": given.reason}} if given.reason else {}),
        ),
    )
    if value(document, contract.ORIGIN) == "regional-platform":
        return made
    kept = [one for one in made["extension"] if one["url"] != contract.DIAGNOSES]
    made = made | {"extension": [*kept, *(_diagnosis(ICD10, code, "") for code in given.diagnoses)]}
    if given.dated:
        made["context"] = made["context"] | {"period": {"start": given.dated}}
    if given.physical and given.source:
        made["custodian"] = {"display": given.source}
    return made


def read_evidence(document: Mapping[str, Any], *, physical: bool) -> Evidence:
    """Read evidence as the gate wants it. physical: who made what stands in the record is a physical institution."""
    origin = str(value(document, contract.ORIGIN) or "")
    decided = parts(document, contract.DECISION)
    start = document.get("context", {}).get("period", {}).get("start", "")
    custodian = document.get("custodian", {})
    uploaded = origin == "patient-upload"
    named = bool(custodian.get("display") or custodian.get("reference"))
    return Evidence(
        reference=f"DocumentReference/{document.get('id', '')}",
        source=str(custodian.get("reference") or custodian.get("display") or ""),
        # Of a picture that nobody has read the patient's word counts; afterwards what the doctor wrote down.
        physical=(not decided or named) if uploaded else physical,
        kind=str(next((one["code"] for one in document["type"]["coding"]), "")),
        on=date.fromisoformat(str(start)[:10]) if start else None,
        diagnoses=tuple(one["valueCoding"]["code"] for one in diagnoses(document)),
        origin=origin,
        decision=str(decided.get("code") or ""),
        decided_at=moment(decided.get("at")),
    )


def diagnoses(document: Mapping[str, Any]) -> tuple[Document, ...]:
    """Give the extensions of evidence that hold a diagnosis."""
    return tuple(one for one in document.get("extension", ()) if one["url"] == contract.DIAGNOSES)


def guardian_of(encounter: Mapping[str, Any]) -> Guardian | None:
    """Read who accompanies a child; None when nobody is named."""
    found = parts(encounter, contract.GUARDIAN)
    if not found:
        return None
    return Guardian(
        name=str(found.get("name") or ""),
        number=str(found.get("number") or ""),
        relation=str(found.get("relation") or ""),
        verified=bool(found.get("verified")),
        present=bool(found.get("present")),
    )


def guardian(name: str, number: str, relation: str, *, verified: bool, present: bool) -> Document:
    """Write who accompanies a child."""
    return _nested(
        contract.GUARDIAN,
        name={"valueString": name},
        number={"valueString": number},
        relation={"valueString": relation},
        verified={"valueBoolean": verified},
        present={"valueBoolean": present},
    )


# -- messages ---------------------------------------------------------------------------------------------------------


@cites("R2-023", "A9-03")
def message(
    encounter: Mapping[str, Any], *, voice: str, sender: Mapping[str, Any], payload: Mapping[str, Any], now: datetime
) -> Document:
    """Write what somebody said in a visit; it is kept for three years at least."""
    until = years_after(now.astimezone(BEIJING).date(), TABLE["conversation"].years)
    return {
        "resourceType": "Communication",
        "meta": {"profile": [contract.MESSAGE.url]},
        "status": "completed",
        "category": [{"coding": [{"system": contract.VOICES.system, "code": voice}]}],
        "subject": encounter["subject"],
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "sender": dict(sender),
        "sent": instant(now),
        "payload": [dict(payload)],
        "extension": [{"url": contract.KEPT, "valueDate": until.isoformat()}],
    }


def device(name: str, shown: str) -> Document:
    """Name a system that speaks."""
    return {"type": "Device", "identifier": {"system": DEVICES, "value": name}, "display": shown}


# -- the note ---------------------------------------------------------------------------------------------------------


def condition(encounter: Mapping[str, Any], coding: Sequence[str], *, now: datetime, by: str) -> Document:
    """Write one diagnosis of a visit. coding: system, code, display."""
    system, code, display = coding
    coded = {"system": system, "code": code} | ({"display": display} if display else {})
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": _CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": _VERIFICATION, "code": "confirmed"}]},
        "category": [{"coding": [{"system": _CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": {"coding": [coded], "text": display or code},
        "subject": encounter["subject"],
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "recordedDate": instant(now),
        "recorder": {"reference": by},
    }


@cites("R1-060")
def note(
    encounter: Mapping[str, Any], given: Noting, conditions: Sequence[tuple[str, str]], *, now: datetime, by: str
) -> Document:
    """Write the doctor's note as the outpatient record it is. conditions: reference and name, the main one first."""
    texts = (given.complaint, given.history, "；".join(name for _, name in conditions), given.advice)
    sections = [
        {
            "title": title,
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "text": {"status": "generated", "div": _div(text)},
            **({"entry": [{"reference": one} for one, _ in conditions]} if code == SECTIONS[2][0] else {}),
        }
        for (code, title), text in zip(SECTIONS, texts, strict=True)
    ]
    return {
        "resourceType": "Composition",
        "meta": {"profile": [contract.NOTE.url]},
        "status": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": OUTPATIENT_NOTE}], "text": "互联网复诊病历"},
        "subject": encounter["subject"],
        "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "date": instant(now),
        "author": [{"reference": by}],
        "custodian": encounter["serviceProvider"],
        "title": "互联网复诊病历",
        "section": sections,
    }


def _div(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    lines = "".join(f"<p>{line}</p>" for line in safe.splitlines() if line.strip()) or "<p>—</p>"
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'
