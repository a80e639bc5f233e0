"""The International Patient Summary: its sections, and what stands there when nothing is known. Pure.

Source: http://hl7.org/fhir/uv/ips/STU1.1/ (Composition-uv-ips, absent and unknown data).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.capabilities.health_records.rules.narratives import in_english, line, narrative, remark
from xinglin.fhir.declarations import Text

LOINC: Final = "http://loinc.org"
PROFILES: Final = "http://hl7.org/fhir/uv/ips/StructureDefinition/"
ABSENT: Final = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
_REASON: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_ABSENCE: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_ACTIVE: Final = {
    on: {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": "active"}]}
    for on, system in (("Condition", "condition-clinical"), ("AllergyIntolerance", "allergyintolerance-clinical"))
}
_PREGNANCY: Final = ",".join(f"{LOINC}|{code}" for code in ("82810-3", "11778-8", "11779-6", "11780-4", "11640-0"))
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its LOINC code, title, and the searches of the record that fill it.

    absent: code and words of an entry that says that nothing is known; empty for sections that may be empty.
    """

    code: str
    title: Text
    wanted: Mapping[str, Pairs]
    absent: str = ""
    said: Text = field(default_factory=lambda: Text("没有记录", "No information"))


PARTS: Final = (
    Part(
        "48765-2",
        Text("过敏与不良反应", "Allergies and intolerances"),
        {"AllergyIntolerance": (("clinical-status:not", "resolved"),)},
        "no-allergy-info",
        Text("没有关于过敏的信息", "No information about allergies"),
    ),
    Part(
        "10160-0",
        Text("用药", "Medication summary"),
        {
            "MedicationRequest": (("status", "active,on-hold"),),
            "MedicationStatement": (("status", "active,on-hold,intended"),),
        },
        "no-medication-info",
        Text("没有关于用药的信息", "No information about medications"),
    ),
    Part(
        "11450-4",
        Text("现存问题", "Problem list"),
        {"Condition": (("clinical-status", "active,recurrence,relapse"),)},
        "no-problem-info",
        Text("没有关于健康问题的信息", "No information about problems"),
    ),
    Part("11369-6", Text("预防接种", "Immunizations"), {"Immunization": (("status", "completed"),)}),
    Part(
        "30954-2",
        Text("检验检查结果", "Results"),
        {"Observation": (("category", "laboratory"),), "DiagnosticReport": (("status", "final,amended,corrected"),)},
    ),
    Part("8716-3", Text("生命体征", "Vital signs"), {"Observation": (("category", "vital-signs"),)}),
    Part("47519-4", Text("手术与操作", "Procedures"), {"Procedure": (("status", "completed,in-progress"),)}),
    Part(
        "10162-6",
        Text("妊娠", "Pregnancy"),
        {
            "Observation": (("code", _PREGNANCY),),
            "EpisodeOfCare": (("type", "pregnancy"), ("status", "active")),
        },
    ),
    Part("18776-5", Text("诊疗计划", "Plan of care"), {"CarePlan": (("status", "active,on-hold"),)}),
)


def absent(part: Part, subject: str) -> dict[str, Any]:
    """Make the entry that says that nothing is known (absent-unknown-uv-ips)."""
    coding = {"system": ABSENT, "code": part.absent, "display": part.said.en}
    concept = {"coding": [coding], "text": part.said.zh}
    about = {"reference": subject}
    match part.absent:
        case "no-allergy-info":
            type = "AllergyIntolerance"
            return {"resourceType": type, "clinicalStatus": _ACTIVE[type], "code": concept, "patient": about}
        case "no-problem-info":
            type = "Condition"
            return {"resourceType": type, "clinicalStatus": _ACTIVE[type], "code": concept, "subject": about}
        case _:
            return {
                "resourceType": "MedicationStatement",
                "status": "unknown",
                "medicationCodeableConcept": concept,
                "subject": about,
                "_effectiveDateTime": {"extension": [{"url": _ABSENCE, "valueCode": "unknown"}]},
            }


def section(part: Part, entries: Sequence[tuple[str, Document]], *, unknown: bool) -> dict[str, Any]:
    """Make a section of entries (reference, resource). unknown: nothing is recorded, and the section says so."""
    heading = f"{part.title.zh} {part.title.en}"
    coding = {"system": LOINC, "code": part.code, "display": part.title.en}
    made: dict[str, Any] = {"title": heading, "code": {"coding": [coding]}}
    if unknown:
        made["text"] = remark(f"{part.said.zh}。{part.said.en}.")
    else:
        lines = ((line(document), in_english(document)) for _, document in entries)
        made["text"] = narrative(" / ".join(part for part in pair if part) for pair in lines)
    if entries:
        return made | {"entry": _named(entries)}
    return made | {"emptyReason": {"coding": [{"system": _REASON, "code": "unavailable"}], "text": part.said.zh}}


def _named(entries: Sequence[tuple[str, Document]]) -> list[dict[str, str]]:
    return [{"reference": at} for at, _ in entries]


def composition(
    subject: str,
    author: str,
    custodian: Mapping[str, str] | None,
    sections: Sequence[Document],
    *,
    at: str,
    confidentiality: str,
) -> dict[str, Any]:
    """Make the Composition of a summary at an instant."""
    made: dict[str, Any] = {
        "resourceType": "Composition",
        "meta": {"profile": [f"{PROFILES}Composition-uv-ips"]},
        "language": "zh-CN",
        "status": "final",
        "type": {"coding": [{"system": LOINC, "code": "60591-5", "display": "Patient summary Document"}]},
        "subject": {"reference": subject},
        "date": at,
        "author": [{"reference": author}],
        "title": "国际患者摘要 International Patient Summary",
        "confidentiality": confidentiality,
        "section": list(sections),
    }
    return made | ({"custodian": dict(custodian)} if custodian else {})
