"""What is asked once: allergies, diseases in the family, how somebody lives."""

from datetime import timedelta
from typing import Final

from xinglin.city.record import Record
from xinglin.city.stream import Weighted
from xinglin.city.terms import HL7, Json, coding, concept, disease, system

# What, whether a drug, a food or else, and how often of all people (design).
_ALLERGIES: Final = Weighted(
    (
        (("青霉素", "medication", "high"), 0.34),
        (("头孢菌素类", "medication", "high"), 0.1),
        (("磺胺类", "medication", "low"), 0.1),
        (("链霉素", "medication", "high"), 0.04),
        (("花生", "food", "high"), 0.06),
        (("海鲜", "food", "low"), 0.14),
        (("鸡蛋", "food", "low"), 0.05),
        (("花粉", "environment", "low"), 0.1),
        (("尘螨", "environment", "low"), 0.07),
    )
)
_REACTIONS: Final = ("皮疹", "荨麻疹", "呼吸困难", "面部水肿", "胃肠道不适")
ALLERGIC: Final = 0.08
_FAMILY: Final = Weighted(
    (
        (("I10.x00x002", "高血压"), 0.45),
        (("E11.900", "2型糖尿病不伴有并发症"), 0.22),
        (("I63.900", "脑梗死"), 0.16),
        (("I25.103", "冠状动脉粥样硬化性心脏病"), 0.12),
        (("C34.900x001", "肺恶性肿瘤"), 0.05),
    )
)
_PARENTS: Final = (("FTH", "51", "父亲"), ("MTH", "52", "母亲"))


def histories(record: Record) -> None:
    """Write allergy and family history, where there is something to write."""
    if record.stream.chance(ALLERGIC):
        _allergy(record)
    if record.person.age(record.spec.until) >= 25 and record.stream.chance(
        0.35 if "hypertension" in record.ill else 0.12
    ):
        _family(record)


def _allergy(record: Record) -> None:
    stream = record.stream
    substance, category, danger = _ALLERGIES.draw(stream)
    record.allergic = substance == "青霉素"
    made: Json = {
        "clinicalStatus": concept(f"{HL7}/allergyintolerance-clinical", "active"),
        "verificationStatus": concept(f"{HL7}/allergyintolerance-verification", "confirmed"),
        "type": "allergy",
        "category": [category],
        "criticality": danger,
        "code": {"text": substance},
        "patient": record.subject,
        "recordedDate": (record.spec.since - timedelta(days=stream.between(0, 900))).isoformat(),
        "reaction": [
            {
                "manifestation": [{"text": stream.pick(_REACTIONS)}],
                "severity": stream.pick(("mild", "moderate", "severe")),
            }
        ],
    }
    if record.person.born > record.spec.since - timedelta(days=900):
        made["recordedDate"] = max(record.person.born, record.spec.since).isoformat()
    record.add("AllergyIntolerance", **made)


def _family(record: Record) -> None:
    word, code, title = record.stream.pick(_PARENTS)
    code_of, name = _FAMILY.draw(record.stream)
    record.add(
        "FamilyMemberHistory",
        status="completed",
        patient=record.subject,
        relationship={
            "coding": [coding(f"{HL7}/v3-RoleCode", word), coding(system("gbt-4761"), code, title)],
            "text": title,
        },
        sex=concept("http://hl7.org/fhir/administrative-gender", "male" if word == "FTH" else "female"),
        condition=[{"code": disease(code_of, name)}],
    )
