"""A population for measurements: the same bytes each time, as many as wanted, at about 100,000 resources a second.

Of every 1,000 resources 20 are patients, 978 observations of about 1.5 KB (49 a patient), and 2 practitioners.
"""

from collections.abc import Iterator
from typing import Final

from xinglin.security.identifiers import person_check

PATIENTS: Final = 20
PRACTITIONERS: Final = 2
OBSERVATIONS: Final = 978
BLOCK: Final = PATIENTS + PRACTITIONERS + OBSERVATIONS

LOINC: Final = "http://loinc.org"
FAMILIES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
)
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红玲建国志海燕春梅鹏飞宇浩然子轩一诺思涵"
# code, name, unit, UCUM code, lowest value, span, weight among 100
CODES: Final = (
    ("8867-4", "Heart rate", "beats/minute", "/min", 50, 60, 22),
    ("85354-9", "Blood pressure panel", "mm[Hg]", "mm[Hg]", 90, 80, 16),
    ("8310-5", "Body temperature", "degrees C", "Cel", 36, 4, 14),
    ("29463-7", "Body weight", "kg", "kg", 40, 60, 12),
    ("8302-2", "Body height", "cm", "cm", 140, 50, 9),
    ("59408-5", "Oxygen saturation", "%", "%", 88, 12, 8),
    ("2339-0", "Glucose", "mmol/L", "mmol/L", 3, 15, 7),
    ("4548-4", "Hemoglobin A1c", "%", "%", 4, 9, 5),
    ("718-7", "Hemoglobin", "g/L", "g/L", 90, 80, 4),
    ("2160-0", "Creatinine", "umol/L", "umol/L", 40, 120, 2),
    ("14647-2", "Cholesterol", "mmol/L", "mmol/L", 3, 5, 1),
)
RARE: Final = (LOINC, "14647-2")
COMMON: Final = (LOINC, "8867-4")
_WEIGHTED: Final = tuple(code for code in CODES for _ in range(code[6]))

_PATIENT: Final = (
    '{"resourceType":"Patient","id":"p%d","identifier":[{"use":"official","system":"urn:oid:2.16.156.10011.1.3",'
    '"value":"%s"}],"active":true,"name":[{"use":"official","text":"%s","family":"%s","given":["%s"]}],'
    '"telecom":[{"system":"phone","value":"1%010d","use":"mobile"}],"gender":"%s","birthDate":"%04d-%02d-%02d",'
    '"address":[{"use":"home","text":"河南省焦作市解放区民主街道%d号","city":"焦作市","district":"解放区",'
    '"state":"河南省","postalCode":"454000","country":"CN"}],"generalPractitioner":[{"reference":"Practitioner/d%d"}]}'
)
_PRACTITIONER: Final = (
    '{"resourceType":"Practitioner","id":"d%d","identifier":[{"system":'
    '"https://xinglin.health/id/practising-certificate","value":"1104108%08d"}],"active":true,'
    '"name":[{"text":"%s","family":"%s","given":["%s"]}],"gender":"female"}'
)
_OBSERVATION: Final = (
    '{"resourceType":"Observation","id":"o%d","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/vitalsigns"]},'
    '"identifier":[{"system":"urn:oid:2.16.156.10011.1.24","value":"JZ%012d"}],"status":"final",'
    '"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs",'
    '"display":"Vital Signs"}],"text":"Vital Signs"}],'
    '"code":{"coding":[{"system":"http://loinc.org","code":"%s","display":"%s"}],"text":"%s"},'
    '"subject":{"reference":"Patient/p%d","display":"%s"},"encounter":{"reference":"Encounter/e%d"},'
    '"effectiveDateTime":"20%02d-%02d-%02dT%02d:%02d:00+08:00","issued":"20%02d-%02d-%02dT%02d:%02d:30.000+08:00",'
    '"performer":[{"reference":"Practitioner/d%d","display":"%s"}],'
    '"valueQuantity":{"value":%d.%02d,"unit":"%s","system":"http://unitsofmeasure.org","code":"%s"},'
    '"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",'
    '"code":"N","display":"Normal"}],"text":"Normal"}],'
    '"note":[{"text":"在焦作市人民医院门诊测量，患者静坐十分钟后读数；与上次相比无明显变化，'
    '建议继续观察并按时复诊。编号 %d。"}],'
    '"method":{"coding":[{"system":"http://snomed.info/sct","code":"37931006","display":"Auscultation (procedure)"}],'
    '"text":"Auscultation"},'
    '"referenceRange":[{"low":{"value":%d,"unit":"%s","system":"http://unitsofmeasure.org","code":"%s"},'
    '"high":{"value":%d,"unit":"%s","system":"http://unitsofmeasure.org","code":"%s"},"text":"成人参考范围"}]}'
)


def resources(number: int) -> Iterator[bytes]:
    """Yield *number* resources as JSON, in blocks: practitioners, patients, observations of any patient so far."""
    for place in range(number):
        block, within = divmod(place, BLOCK)
        if within < PRACTITIONERS:
            yield practitioner(block * PRACTITIONERS + within)
        elif within < PRACTITIONERS + PATIENTS:
            yield patient(block * PATIENTS + within - PRACTITIONERS)
        else:
            yield observation(block * OBSERVATIONS + within - PRACTITIONERS - PATIENTS, patients=(block + 1) * PATIENTS)


def patient(number: int) -> bytes:
    """Write the patient p*number*."""
    mix = _mix(number)
    name = _name(mix)
    year, month, day = 1930 + mix % 90, mix // 90 % 12 + 1, mix // 1080 % 28 + 1
    gender = "male" if mix & 1 else "female"
    return (
        _PATIENT
        % (
            *(number, _identity_card(number, gender, f"{year:04d}{month:02d}{day:02d}"), name, name[0], name[1:]),
            *(number, gender, year, month, day, mix % 500 + 1, number // 10),
        )
    ).encode()


def _identity_card(number: int, gender: str, born: str) -> str:
    """Write a sound identity number; two people of one birthday rarely share theirs."""
    first = f"4108{number % 100:02d}{born}{number // 100 % 500 * 2 + (gender == 'male'):03d}"
    return first + person_check(first)


def practitioner(number: int) -> bytes:
    """Write the practitioner d*number*."""
    name = _name(_mix(number + 7_777_777))
    return (_PRACTITIONER % (number, number, name, name[0], name[1:])).encode()


def observation(number: int, *, patients: int) -> bytes:
    """Write the observation o*number* of one of the first *patients* patients."""
    mix = _mix(number)
    code, display, unit, ucum, low, span, _ = _WEIGHTED[mix % 100]
    who = (mix >> 8) % patients
    name = _name(_mix(who))
    when = (20 + (mix >> 20) % 6, (mix >> 24) % 12 + 1, (mix >> 28) % 28 + 1, (mix >> 33) % 24, (mix >> 38) % 60)
    doctor = who // 10
    value = (low + (mix >> 12) % span, (mix >> 16) % 100)
    return (
        _OBSERVATION
        % (
            number, number, code, display, display, who, name, number // 4, *when, *when, doctor,
            _name(_mix(doctor + 7_777_777)), *value, unit, ucum, number,
            low, unit, ucum, low + span, unit, ucum,
        )
    ).encode()  # fmt: skip


def _name(mix: int) -> str:
    return FAMILIES[mix % len(FAMILIES)] + GIVEN[(mix >> 9) % len(GIVEN)] + GIVEN[(mix >> 18) % len(GIVEN)]


def _mix(number: int) -> int:
    """Spread a number over 64 bits (SplitMix64)."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return mixed ^ mixed >> 31
