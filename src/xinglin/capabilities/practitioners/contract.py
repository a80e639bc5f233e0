"""Profiles, codes and operations of credentials: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import VerificationResult
from xinglin.registry import INSTITUTION, Portal
from xinglin.security.credential_forms import KINDS

CREDENTIALS: Final = CodeSet(
    url=valueset("credential"),
    system=KINDS,
    codes={
        "qualification": Text("医师资格证书", "Physician's qualification certificate"),
        "practising": Text("医师执业证书", "Physician's practising certificate"),
        "nurse": Text("护士执业证书", "Nurse's practising certificate"),
        "licensed-pharmacist": Text("执业药师注册证", "Licensed pharmacist registration"),
        "pharmacist-title": Text("药学专业技术资格证书", "Pharmacist's title certificate"),
        "tcm-training": Text("中医药专业知识培训", "Training in Chinese medicine"),
    },
)

# What a practitioner is told before a certificate ends.
ENDING: Final = NoticeKind(
    code="credential-ending",
    title=Text("您的执业证书即将到期", "Your certificate is about to end"),
    text=Text(
        "您的执业证书将于 {day} 到期。请在到期前办理延续；到期未延续的，系统将暂停您的执业权限。",
        "Your certificate ends on {day}. Renew it before that day: without it you cannot work here any longer.",
    ),
    sms=Text(
        "【杏林】您的执业证书将于 {day} 到期，请及时办理延续。",
        "[Xinglin] Your certificate ends on {day}. Please renew it in time.",
    ),
    parameters=frozenset({"day"}),
    outside=frozenset({"day"}),
    to="staff",
)
STAFF: Final = Profile(
    url=canonical("practitioner"),
    on="Practitioner",
    required=("name", "identifier", "qualification"),
    bindings={"qualification.code": CREDENTIALS.url},
)
PLACE_OF_WORK: Final = Profile(
    url=canonical("practitioner-role"), on="PractitionerRole", required=("practitioner", "organization", "code")
)

# What a verification says: VerificationResult.validationProcess and the state it found.
STATES: Final = CodeSet(
    url=valueset("verification-state"),
    system=canonical("verification-state", "CodeSystem"),
    codes={
        "valid": Text("有效", "Valid"),
        "moved": Text("执业地点已变更", "Moved"),
        "mismatch": Text("与登记不符", "Differs from the register"),
        "suspended": Text("暂停执业", "Suspended"),
        "revoked": Text("已吊销或注销", "Revoked"),
        "expired": Text("已过期", "Expired"),
        "not-found": Text("查无登记", "Not in the register"),
        "unknown": Text("暂未核验", "Not verified"),
    },
)
# How a practitioner stands on the whole: the register's word and the dates. A tag of the Practitioner.
STANDINGS: Final = CodeSet(
    url=valueset("credential-state"),
    system=canonical("credential-state", "CodeSystem"),
    codes={
        **STATES.codes,
        "expiring-30": Text("30 天内到期", "Ends within 30 days"),
        "expiring-60": Text("60 天内到期", "Ends within 60 days"),
    },
)
OCCASIONS: Final = CodeSet(
    url=valueset("verification-occasion"),
    system=canonical("verification-occasion", "CodeSystem"),
    codes={
        "entry": Text("入驻核验", "On entry"),
        "session": Text("接诊前核验", "Before a session"),
        "periodic": Text("定期核验", "Periodic"),
        "demand": Text("人工核验", "On demand"),
    },
)
VERIFICATION: Final = Profile(
    url=canonical("credential-verification"),
    on="VerificationResult",
    required=("target", "status", "statusDate", "validationProcess", "primarySource"),
    bindings={"validationProcess": OCCASIONS.url, "primarySource.validationStatus": STATES.url},
)

# Marks a draft whose author lost the credential; it may be ended, not changed (R6-036).
TAGS: Final = canonical("state", "CodeSystem")
FROZEN: Final = "frozen"
# Extensions of VerificationResult: the question as sent, reasons (key and text), who asked, proof of presence (R2-010).
QUERY: Final = canonical("verification-query")
REASON: Final = canonical("verification-reason")
OPERATOR: Final = canonical("verification-operator")
PRESENCE: Final = canonical("presence-evidence")


@dataclass(frozen=True, slots=True)
class Verify:
    """What verifying takes: the logical id of the practitioner."""

    id: str


VERIFY: Final = Operation(
    code="verify-credentials",
    on="Practitioner",
    takes=Verify,
    gives=VerificationResult,
    level="instance",
    title=Text("核验执业资质", "Verify credentials"),
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a reception needs before it opens: the proof that the physician in person is there (R2-010).

    id: logical id of the practitioner. organization: for which institution. kind: ``face``, ``liveness`` or
    ``certificate``; passed: its outcome. at: instant of the proof. department: code of the national list.
    """

    id: str
    organization: str
    evidence: str
    kind: str
    passed: bool
    at: str
    department: str | None = None


OPEN_SESSION: Final = Operation(
    code="open-session",
    on="Practitioner",
    takes=Opening,
    gives=VerificationResult,
    level="instance",
    title=Text("接诊前核验", "Verify before a session"),
)

# The administrator of an institution looks after its staff; the developer of a demonstration too.
CREDENTIALS_PORTAL: Final = Portal(
    "credentials",
    "/credentials",
    frozenset({"system-admin", "developer"}),
    Text("执业资质", "Credentials"),
    part_of=INSTITUTION,
)
LIST: Final = "/credentials"

SWEEP: Final = "practitioners.sweep"
VERIFY_BATCH: Final = "practitioners.verify"
VERIFY_NEW: Final = "practitioners.verify-new"  # practitioner: logical id
SWEEP_INSTITUTIONS: Final = "practitioners.sweep-institutions"
VERIFY_INSTITUTIONS: Final = "practitioners.verify-institutions"
CLOSE_INSTITUTION: Final = "practitioners.close-institution"
FREEZE: Final = "practitioners.freeze"
REMIND: Final = "practitioners.remind"
