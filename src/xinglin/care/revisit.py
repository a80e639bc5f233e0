"""The gate of online re-visits (互联网复诊): what must hold before a doctor diagnoses or prescribes over the internet.

Pure: the case comes as values, the answer is every finding at once. Codes are those of R1-047; a finding that blocks
leads to a physical hospital. Dates are Beijing dates. Source: 互联网诊疗管理办法, 互联网医院管理办法, 监管细则.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Literal

from xinglin.care.findings import Finding, Weight, ordered
from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent / "data/revisit_diseases.csv"

Kind = Literal["outpatient-record", "inpatient-record", "discharge-summary", "diagnosis-certificate"]
Origin = Literal["regional-platform", "hospital-HIS", "patient-upload"]
Decision = Literal["", "reviewed", "refused"]

KINDS: Final[Mapping[str, Text]] = cites("R1-042")(
    {
        "outpatient-record": Text("门诊病历", "Outpatient record"),
        "inpatient-record": Text("住院病历", "Inpatient record"),
        "discharge-summary": Text("出院小结", "Discharge summary"),
        "diagnosis-certificate": Text("诊断证明", "Diagnosis certificate"),
    }
)
# Why an online visit is refused or ended; a list that an institution may lengthen.
CODES: Final[Mapping[str, Text]] = cites("R1-047")(
    {
        "FIRST_VISIT": Text("属于首诊，不能在线诊疗", "A first visit, which is not possible online"),
        "NO_RECORD": Text("没有实体医疗机构的诊断资料", "No record of a diagnosis by a physical institution"),
        "DIAGNOSIS_MISMATCH": Text("与既往诊断不一致", "Not the diagnosis that was made before"),
        "CONDITION_CHANGED": Text("病情发生变化，需当面检查", "The condition has changed and needs to be examined"),
        "EMERGENCY_RED_FLAG": Text("出现急症表现，请立即就医", "Signs of an emergency: go to a hospital at once"),
        "NEEDS_PHYSICAL_EXAM": Text("需要体格检查或检验检查", "Needs a physical examination or tests"),
        "NEEDS_SURGERY_OR_INFUSION": Text("需要手术或输液治疗", "Needs surgery or infusion"),
        "INFECTIOUS_CLASS_A_SUSPECTED": Text("疑似甲类传染病", "Suspected infectious disease of class A"),
        "PREGNANCY_HIGH_RISK": Text("高危妊娠", "Pregnancy at high risk"),
        "CHILD_NO_GUARDIAN": Text("六岁以下儿童没有监护人陪伴", "A child up to six without a guardian present"),
        "CHILD_NO_PAEDIATRIC": Text("六岁以下儿童需儿科或相关专业医师", "A child up to six needs a paediatrician"),
        "CONTROLLED_DRUG_REQUEST": Text("要求开具线上禁止的药品", "Asks for medicine that is banned online"),
        "OUT_OF_SCOPE_DEPT": Text("科室或病种未开放在线复诊", "Department or disease not open online"),
        "IDENTITY_DOUBT": Text("身份未能核实", "The identity could not be verified"),
        "SYSTEM_FAILURE": Text("系统故障，无法继续", "A fault of the system"),
    }
)
# Of the list, those that mean: not tomorrow, now.
AT_ONCE: Final = frozenset({"EMERGENCY_RED_FLAG", "INFECTIOUS_CLASS_A_SUSPECTED"})
# 六岁以下, read as inclusive: whoever has not turned seven (民法典 Art. 1259).
CHILD_YEARS: Final = cites("R1-055")(6)
PAEDIATRICS: Final = ("07", "08")
_SOURCE: Final = "互联网诊疗管理办法; 互联网诊疗监管细则"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One document that shows a diagnosis (R1-042).

    source: who made it. physical: that is a physical institution. on: its date, None when unknown. diagnoses: codes
    (ICD-10, gbt-15657). decision: of the receiving doctor, at an instant. person: whose it is.
    """

    reference: str
    source: str
    physical: bool
    kind: str
    on: date | None
    diagnoses: tuple[str, ...]
    origin: str
    decision: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who accompanies a child. present: seen on the video, or beside the child in a conversation by text."""

    name: str
    number: str
    relation: str
    verified: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Case:
    """What the gate asks of one visit on one day.

    verified: the patient's real name was proved, and whoever asks may act for the patient. consented: the risk notice
    was agreed to in its current version. diagnoses: of this visit, empty before the note. department: code of the
    visit; open_departments: codes that are open online. doctor_faults, hospital_faults: keys of what stands against
    doctor and institution (`security.credentials`, `security.institutions`). acted_at: first diagnosis or
    prescription. on_site: the patient is in the institution and its doctor invites another (R1-045).
    specialties: department codes of the receiving and the attending doctors. insured: paid by insurance.
    """

    day: date
    verified: bool
    consented: bool
    evidence: tuple[Evidence, ...]
    department: str
    open_departments: frozenset[str]
    diagnoses: tuple[str, ...] = ()
    doctor_faults: tuple[str, ...] = ()
    hospital_faults: tuple[str, ...] = ()
    pharmacist_on_duty: bool = True
    acted_at: datetime | None = None
    on_site: bool = False
    age_years: int | None = None
    guardian: Guardian | None = None
    specialties: tuple[str, ...] = ()
    insured: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What an institution and a payer may set (R1-043, R1-044).

    characters: of an ICD-10 code that must agree. first_visits: the closed exception of 2023. diseases: categories
    open online; None: the default list of the day. relevant: specialties that may see small children besides
    paediatrics.
    """

    age_days: int = 365
    age_days_insured: int = 180
    characters: int = 3
    first_visits: bool = False
    diseases: frozenset[str] | None = None
    relevant: tuple[str, ...] = ()


DEFAULT: Final = cites("R1-044")(Policy())


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate came to. code: of R1-047 when it is shut."""

    passed: bool
    findings: tuple[Finding, ...]
    code: str = ""


@cache
def _listed() -> tuple[tuple[str, date, date], ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["code"], date.fromisoformat(row["since"]), date.fromisoformat(row["until"] or "9999-12-31"))
            for row in csv.DictReader(file)
        )


def open_diseases(day: date) -> frozenset[str]:
    """Give the ICD-10 categories that are open online by default on a day."""
    return frozenset(code for code, since, until in _listed() if since <= day <= until)


@cites("R1-043", "R1-040", "R1-041")
def gate(case: Case, policy: Policy = DEFAULT) -> Gate:
    """Judge a visit: all seven conditions and the child rule, every reason at once.

    Failing 3 (evidence) or 5 (same diagnosis) means a first visit; else the code is that of the first finding.
    """
    found = ordered((*entrance(case, policy).findings, *_act(case, policy)))
    return _gate(found)


@cites("R1-043")
def entrance(case: Case, policy: Policy = DEFAULT) -> Gate:
    """Judge what can be judged when a visit is asked for: 1, 2, 3 and 7, and the child's guardian."""
    found = (*_person(case), *_evidence(case, policy), *_place(case), *_child(case, policy, asking=True))
    return _gate(ordered(found))


def _gate(found: tuple[Finding, ...]) -> Gate:
    shut = [one.code for one in found if one.weight == "block"]
    first_visit = {"NO_RECORD", "DIAGNOSIS_MISMATCH"} & set(shut)
    # Who one is, and a child alone, come before what was diagnosed.
    grave = next((one for one in ("IDENTITY_DOUBT", "CHILD_NO_GUARDIAN", "CHILD_NO_PAEDIATRIC") if one in shut), "")
    code = grave or ("FIRST_VISIT" if first_visit else next(iter(shut), ""))
    return Gate(not shut, found, code)


@cites("R2-020", "R1-070")
def _person(case: Case) -> Iterator[Finding]:
    if not case.verified:
        yield _no("IDENTITY_DOUBT", "R1-043", Text("请先完成实名认证，再申请复诊。", "Prove your real name first."))
    if not case.consented:
        text = Text("需先阅读并同意互联网诊疗知情同意书。", "The consent to online care has to be given first.")
        yield _no("NO_CONSENT", "R1-070", text)


@cites("R1-042", "R1-044", "R1-045", "R2-021")
def _evidence(case: Case, policy: Policy) -> Iterator[Finding]:
    """Condition 3. The patient on site, or the closed exception, needs none."""
    if case.on_site:
        yield _note(
            "ON_SITE", "R1-045", Text("患者在院，由接诊医师邀请会诊。", "On site: the receiving doctor invites.")
        )
        return
    if policy.first_visits:
        yield _note("FIRST_VISIT_OPEN", "R1-040", Text("首诊例外已开启。", "The exception for first visits is open."))
        return
    if usable(case, policy):
        return
    held = [one for one in case.evidence if one.decision != "refused"]
    old = [one for one in held if one.physical and one.diagnoses and not _fresh(one, case, policy)]
    if old:
        days = _days(case, policy)
        text = Text(
            f"诊断资料超过 {days} 天，请先到实体医院复查。",
            f"The diagnosis is older than {days} days: please see a hospital first.",
        )
        yield _no("NO_RECORD", "R1-044", text)
        return
    text = Text(
        "没有找到实体医疗机构的明确诊断资料（门诊病历、住院病历、出院小结或诊断证明）。",
        "No record with a clear diagnosis by a physical institution was found.",
    )
    yield _no("NO_RECORD", "R1-042", text)


def usable(case: Case, policy: Policy = DEFAULT) -> tuple[Evidence, ...]:
    """Give the evidence that counts: of a physical institution, with a diagnosis, of a known kind, not too old."""
    return tuple(
        one
        for one in case.evidence
        if one.physical
        and one.kind in KINDS
        and (one.diagnoses or (one.origin == "patient-upload" and not one.decision))
        and one.decision != "refused"
        and _fresh(one, case, policy)
    )


def _fresh(one: Evidence, case: Case, policy: Policy) -> bool:
    if one.on is None:
        # Of a picture nobody has read yet the date is not known; the doctor writes it down.
        return one.origin == "patient-upload" and not one.decision
    return timedelta(0) <= case.day - one.on <= timedelta(days=_days(case, policy))


@cites("R1-044")
def _days(case: Case, policy: Policy) -> int:
    return policy.age_days_insured if case.insured else policy.age_days


@cites("R1-002", "R1-004", "R2-003", "R1-043")
def _place(case: Case) -> Iterator[Finding]:
    """Condition 7: institution, department, doctor, pharmacist."""
    for key in case.hospital_faults:
        text = Text("该互联网医院目前不能开展在线诊疗。", "This internet hospital cannot give online care now.")
        yield Finding("OUT_OF_SCOPE_DEPT", "R1-002", "block", text, source=key)
    if not any(_within(case.department, one) for one in case.open_departments):
        yield _no("OUT_OF_SCOPE_DEPT", "R1-043", Text("该科室未开放在线复诊。", "The department is not open online."))
    for key in case.doctor_faults:
        text = Text("该医师目前不能在线接诊。", "This doctor cannot see patients online now.")
        yield Finding("OUT_OF_SCOPE_DEPT", "R1-043", "block", text, source=key)
    if not case.pharmacist_on_duty:
        text = Text("当前没有药师在岗审方，暂不能接诊。", "No pharmacist is on duty to review prescriptions.")
        yield _no("OUT_OF_SCOPE_DEPT", "R1-043", text)


@cites("R1-043")
def _act(case: Case, policy: Policy) -> Iterator[Finding]:
    """Conditions 4, 5 and 6, which speak of what the doctor does."""
    if not case.on_site and not policy.first_visits:
        yield from _reviewed(case, policy)
        yield from _same(case, policy)
    yield from _open(case, policy)
    yield from _child(case, policy, asking=False)


@cites("R1-043", "R1-042")
def _reviewed(case: Case, policy: Policy) -> Iterator[Finding]:
    """Condition 4: the doctor has looked at the evidence before the first diagnosis or prescription."""
    looked = [one for one in usable(case, policy) if one.decision == "reviewed" and one.decided_at is not None]
    if not looked:
        text = Text("接诊医师尚未核对诊断资料。", "The receiving doctor has not reviewed the evidence yet.")
        yield _no("EVIDENCE_UNREVIEWED", "R1-043", text)
    elif case.acted_at is not None and not any(one.decided_at and one.decided_at <= case.acted_at for one in looked):
        text = Text("诊断资料是在诊断或开方之后才核对的。", "The evidence was reviewed after the diagnosis.")
        yield _no("EVIDENCE_LATE", "R1-043", text)


@cites("R1-043", "R1-041")
def _same(case: Case, policy: Policy) -> Iterator[Finding]:
    """Condition 5: every diagnosis of the visit is among those of reviewed evidence."""
    known = {
        same_as(code, policy) for one in usable(case, policy) if one.decision == "reviewed" for code in one.diagnoses
    }
    for code in dict.fromkeys(case.diagnoses):
        if same_as(code, policy) not in known:
            text = Text(f"诊断 {code} 不在既往诊断之内。", f"The diagnosis {code} is not among those made before.")
            yield _no("DIAGNOSIS_MISMATCH", "R1-043", text)


@cites("R1-043")
def _open(case: Case, policy: Policy) -> Iterator[Finding]:
    """Condition 6: a common or chronic disease that is open online; of Chinese medicine the western one decides."""
    allowed = policy.diseases if policy.diseases is not None else open_diseases(case.day)
    western = [code for code in dict.fromkeys(case.diagnoses) if is_icd10(code)]
    for code in western:
        if code[:3].upper() not in allowed:
            text = Text(f"诊断 {code} 未列入在线复诊病种。", f"The diagnosis {code} is not open online.")
            yield _no("OUT_OF_SCOPE_DEPT", "R1-043", text)
    if case.diagnoses and not western:
        text = Text("请同时填写西医诊断（ICD-10）。", "Give the diagnosis by ICD-10 too.")
        yield _no("OUT_OF_SCOPE_DEPT", "R1-043", text)


@cites("R1-055")
def _child(case: Case, policy: Policy, *, asking: bool) -> Iterator[Finding]:
    """A child up to six needs a guardian beside it and a doctor of paediatrics or a relevant specialty.

    asking: when a visit is asked for, nobody is on a video yet and no doctor has taken it.
    """
    if case.age_years is None or case.age_years > CHILD_YEARS:
        return
    one = case.guardian
    whole = one is not None and one.verified and all((one.name, one.number, one.relation))
    alone = not whole if asking else (whole and one is not None and not one.present)
    if alone:
        text = Text("六岁以下儿童须有实名监护人全程陪伴。", "A child up to six needs a verified guardian beside it.")
        yield _no("CHILD_NO_GUARDIAN", "R1-055", text)
    if not asking and not any(
        _within(special, one) for special in case.specialties for one in (*PAEDIATRICS, *policy.relevant)
    ):
        text = Text("六岁以下儿童须由儿科或相关专业医师接诊。", "A child up to six needs a doctor of paediatrics.")
        yield _no("CHILD_NO_PAEDIATRIC", "R1-055", text)


def same_as(code: str, policy: Policy = DEFAULT) -> str:
    """Give that part of a diagnosis by which two are the same: of ICD-10 the category, of Chinese medicine all."""
    return code.replace(".", "")[: policy.characters].upper() if is_icd10(code) else code


def is_icd10(code: str) -> bool:
    """Tell ICD-10 (a letter and two digits) from codes of Chinese medicine (``A04.01.01``, GB/T 15657)."""
    head, _, tail = code.partition(".")
    return len(head) == 3 and head[0].isalpha() and head[1:].isdigit() and "." not in tail


def refused(code: str) -> Text:
    """Say in words why a visit was refused; of a code that an institution added, the code itself."""
    return CODES.get(code, Text(code, code))


@cites("R1-046", "R2-022")
def termination_faults(code: str, advice: str) -> tuple[str, ...]:
    """Say what a refusal or termination lacks: a known code, and advice where to go. Keys of texts."""
    return tuple(
        key for key, lacks in (("termination-code", code not in CODES), ("termination-advice", not advice)) if lacks
    )


def _within(department: str, scope: str) -> bool:
    return department == scope or department.startswith(f"{scope}.")


def _no(code: str, rule: str, text: Text) -> Finding:
    return _found(code, rule, "block", text)


def _note(code: str, rule: str, text: Text) -> Finding:
    return _found(code, rule, "note", text)


def _found(code: str, rule: str, weight: Weight, text: Text) -> Finding:
    return Finding(code, rule, weight, text, source=_SOURCE)


def keys(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Give the codes of findings that block, each once."""
    return tuple(dict.fromkeys(one.code for one in findings if one.weight == "block"))
