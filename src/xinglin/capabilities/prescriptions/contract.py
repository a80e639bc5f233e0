"""Profiles, codes, operations and addresses of prescriptions: what other capabilities may rely on. docs/care.md."""

from dataclasses import dataclass
from typing import Final

from xinglin.care.findings import Finding
from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import MedicationRequest, RequestGroup
from xinglin.fhir.sources import cites

NUMBERS: Final = "urn:oid:2.16.156.10011.1.20"
DRUGS: Final = canonical("drug", "CodeSystem")
SLICES: Final = canonical("tcm-slice", "CodeSystem")
ROUTES: Final = canonical("route", "CodeSystem")
ICD: Final = "http://hl7.org/fhir/sid/icd-10-cn"
TCM_DISEASES: Final = canonical("gbt-15657-disease", "CodeSystem")
TCM_SYNDROMES: Final = canonical("gbt-15657-syndrome", "CodeSystem")

# Extensions of the header (RequestGroup).
STATE: Final = canonical("prescription-state")
KIND: Final = canonical("prescription-kind")
TYPE: Final = canonical("prescription-type")
VALID_UNTIL: Final = canonical("valid-until")  # valueDateTime, the last second of the last day
EXTRA_DAYS: Final = canonical("extra-days")  # valueInteger 0 to 2: of validity, beyond the day of issue
LONG: Final = canonical("long-prescription")  # nested booleans: first evaluated stable consented
EXTENSION_REASON: Final = canonical("extension-reason")  # valueCode: chronic geriatric remote other
SECOND_SIGNATURE: Final = canonical("second-signature")  # nested: code, line (integers), reason, by, at
ONLINE: Final = canonical("online")  # valueBoolean
DOSES: Final = canonical("doses")  # valueInteger, of slices (剂)
DECOCTION: Final = canonical("decoction")  # valueCode: hospital self
USAGE: Final = canonical("usage")  # valueString, of slices
INSISTED: Final = canonical("insisted")  # valueString: why an unsuitable prescription was not changed (R3-054)
# … of a line (MedicationRequest).
SOURCE: Final = canonical("input-source")
SKIN_TEST: Final = canonical("skin-test")
FOOTNOTE: Final = canonical("footnote")
MINUTES: Final = canonical("infusion-minutes")
# … of a review (Task): what the machine found when it was signed, digests of what was signed, the four checks.
FINDING: Final = canonical("finding")  # nested: code, rule, weight, zh, en, line (integers), source
CONTENT: Final = canonical("content-digest")  # nested: target (versioned reference), sm3 (hex)
CHECKED: Final = canonical("four-checks")  # valueCode, repeats

STATES: Final = CodeSet(
    url=valueset("prescription-state"),
    system=canonical("prescription-state", "CodeSystem"),
    codes={
        "draft": Text("草稿", "Draft"),
        "signed": Text("已签名", "Signed"),
        "review-pending": Text("待审核", "Waiting for review"),
        "review-failed": Text("审核未通过", "Returned by review"),
        "revised": Text("已修改重开", "Written anew"),
        "released": Text("审核通过", "Effective"),
        "claimed": Text("药店已接单", "Taken by a pharmacy"),
        "pharmacy-reviewed": Text("药店已审方", "Reviewed by the pharmacy"),
        "paid": Text("已付款", "Paid"),
        "dispensed": Text("已发药", "Dispensed"),
        "delivering": Text("配送中", "On its way"),
        "delivered": Text("已送达", "Delivered"),
        "closed": Text("已完成", "Closed"),
        "cancelled": Text("已作废", "Cancelled"),
        "expired": Text("已过期", "Expired"),
        "rejected": Text("拒绝调配", "Refused"),
        "refunded": Text("已退款", "Refunded"),
    },
)
TYPES: Final = CodeSet(
    url=valueset("prescription-type"),
    system=canonical("prescription-type", "CodeSystem"),
    codes={"western": Text("西药、中成药", "Western and patent"), "tcm": Text("中药饮片", "Slices")},
)
SOURCES: Final = cites("R2-025")(
    CodeSet(
        url=valueset("input-source"),
        system=canonical("input-source", "CodeSystem"),
        codes={
            "typed": Text("手工录入", "Typed"),
            "picked-from-catalogue": Text("目录选取", "Picked from the catalogue"),
            "copied-from-own-previous": Text("复制本人既往处方并逐条确认", "Copied from before, line by line"),
            "template-of-own": Text("本人常用", "The physician's own favourite"),
        },
    )
)
REVIEWS: Final = CodeSet(
    url=valueset("prescription-review"),
    system=canonical("prescription-review", "CodeSystem"),
    codes={"prescription-review": Text("处方审核", "Review of a prescription")},
)
REVIEW: Final = "prescription-review"
# Task.businessStatus of a review that is done (R3-053).
RESULTS: Final = cites("R3-053")(
    CodeSet(
        url=valueset("review-result"),
        system=canonical("review-result", "CodeSystem"),
        codes={
            "reasonable": Text("合理", "Reasonable"),
            "non-standard": Text("不规范", "Not written as it must be"),
            "unsuitable": Text("用药不适宜", "Unsuitable"),
            "abnormal": Text("超常", "Abnormal"),
        },
    )
)
# Why a prescription is returned, refused or commented: the codes of 点评规范. The digit before the hyphen is the group.
REASONS: Final = cites("R3-053")(
    CodeSet(
        url=valueset("comment-reason"),
        system=canonical("comment-reason", "CodeSystem"),
        codes={
            "1-1": Text("前记、正文、后记内容缺项", "Something is missing"),
            "1-2": Text("医师签名与留样不一致", "The signature differs from the sample"),
            "1-3": Text("药师未审核适宜性", "Suitability was not reviewed"),
            "1-4": Text("新生儿、婴幼儿未写日、月龄", "Age of an infant not in days or months"),
            "1-5": Text("西药、中成药与饮片未分别开具", "Slices not on a prescription of their own"),
            "1-6": Text("未使用药品规范名称", "Not the standard name"),
            "1-7": Text("剂量、规格、单位不清", "Dose, strength or unit unclear"),
            "1-8": Text("用法用量含糊（遵医嘱、自用）", "Vague words of usage"),
            "1-9": Text("修改或超剂量未注明原因并再次签名", "A change or overdose without reason and signature"),
            "1-10": Text("未写临床诊断", "No diagnosis"),
            "1-11": Text("单张门急诊处方超过五种药品", "More than five drugs"),
            "1-12": Text("超过规定天数未注明理由", "More days than allowed, without reason"),
            "1-13": Text("特殊管理药品未按规定", "Special drugs not as the rules ask"),
            "1-14": Text("抗菌药物未按规定", "Antibacterials not as the rules ask"),
            "1-15": Text("饮片未按君臣佐使排列或未注明调剂要求", "Order or marks of slices missing"),
            "2-1": Text("适应证不适宜", "Indication"),
            "2-2": Text("遴选的药品不适宜", "Choice of the drug"),
            "2-3": Text("剂型或给药途径不适宜", "Form or route"),
            "2-4": Text("无正当理由不首选基本药物", "Not an essential drug, without reason"),
            "2-5": Text("用法用量不适宜", "Usage and dose"),
            "2-6": Text("联合用药不适宜", "Combination"),
            "2-7": Text("重复给药", "Duplicate"),
            "2-8": Text("有配伍禁忌或不良相互作用", "Incompatibility or interaction"),
            "2-9": Text("其他不适宜情况", "Other"),
            "3-1": Text("无适应证用药", "No indication"),
            "3-2": Text("无正当理由开具高价药", "Dear drug without reason"),
            "3-3": Text("无正当理由超说明书用药", "Off-label without reason"),
            "3-4": Text("无正当理由同时开具两种以上药理作用相同的药物", "Two drugs of one action without reason"),
        },
    )
)
# 四查十对: the check, and what it matches (3 + 4 + 2 + 1).
CHECKS: Final = cites("R3-055")(
    CodeSet(
        url=valueset("four-checks"),
        system=canonical("four-checks", "CodeSystem"),
        codes={
            "prescription": Text("查处方：对科别、姓名、年龄", "Prescription: department, name, age"),
            "drug": Text("查药品：对药名、剂型、规格、数量", "Drug: name, form, strength, quantity"),
            "incompatibility": Text(
                "查配伍禁忌：对药品性状、用法用量", "Incompatibility: properties, usage and dosage"
            ),
            "rationality": Text("查用药合理性：对临床诊断", "Rationality: clinical diagnosis"),
        },
    )
)

PRESCRIPTION: Final = Profile(
    url=canonical("prescription"), on="RequestGroup", required=("identifier", "subject", "encounter", "author")
)
LINE: Final = Profile(
    url=canonical("prescription-line"),
    on="MedicationRequest",
    required=("groupIdentifier", "encounter", "dosageInstruction.text", "dispenseRequest.quantity"),
)
REVIEW_TASK: Final = Profile(
    url=canonical(REVIEW),
    on="Task",
    required=("code", "focus", "for", "owner", "requester", "basedOn"),
    bindings={"code": REVIEWS.url},
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A prescription as written: the header with its extensions, and the lines in their order.

    Of the header count subject, encounter, reasonReference and the extensions above; everything else is made by $sign.
    """

    prescription: RequestGroup
    line: tuple[MedicationRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as the interface tells it. lines: numbers from 1."""

    code: str
    rule: str
    weight: str
    zh: str
    en: str
    lines: tuple[int, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, the gravest first. signable: neither blocked nor waiting for a second signature."""

    signable: bool
    finding: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Revising:
    """A returned prescription (id), written anew. insisted: why it stays as it was (R3-054); empty: it was changed."""

    id: str
    prescription: RequestGroup
    line: tuple[MedicationRequest, ...] = ()
    insisted: str = ""


@dataclass(frozen=True, slots=True)
class Cancelling:
    """A prescription that its prescriber takes back, before anybody has claimed it."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reviewing:
    """A pharmacist's decision over the prescription *id*.

    outcome: ``pass``, ``return`` (to be corrected) or ``refuse`` (nobody dispenses it). reason: codes of `REASONS`.
    checked: codes of `CHECKS`; all four for a pass.
    """

    id: str
    outcome: str
    reason: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    note: str = ""


CHECK: Final = Operation(
    "check", "RequestGroup", Draft, Checked, affects_state=False, title=Text("处方检查", "Check a prescription")
)
# The answers are the ids of the RequestGroup.
SIGN: Final = Operation("sign", "RequestGroup", Draft, str, title=Text("签名开具处方", "Sign a prescription"))
REVISE: Final = Operation(
    "revise", "RequestGroup", Revising, str, level="instance", title=Text("修改重开处方", "Write a prescription anew")
)
CANCEL: Final = Operation(
    "cancel", "RequestGroup", Cancelling, str, level="instance", title=Text("作废处方", "Cancel a prescription")
)
DECIDE: Final = Operation(
    "review", "RequestGroup", Reviewing, str, level="instance", title=Text("审核处方", "Review a prescription")
)

RETURNED: Final = NoticeKind(
    code="prescription-returned",
    title=Text("处方未通过审核", "A prescription was not passed"),
    text=Text(
        "处方 {number} 未通过药师审核：{reason}。请修改后重新提交。",
        "Prescription {number} was not passed by the pharmacist: {reason}. Please correct it and send it again.",
    ),
    sms=Text(
        "【杏林】您有一张处方需要处理，请登录工作站查看。",
        "[Xinglin] A prescription needs your attention. Please log in.",
    ),
    parameters=frozenset({"number", "reason"}),
    urgent=True,
    to="staff",
)
REFUSED: Final = NoticeKind(
    code="prescription-refused",
    title=Text("处方被拒绝调配", "A prescription was refused"),
    text=Text(
        "处方 {number} 被药师拒绝调配：{reason}。该处方已失效。",
        "Prescription {number} was refused by the pharmacist: {reason}. It is void.",
    ),
    sms=Text(
        "【杏林】您有一张处方需要处理，请登录工作站查看。",
        "[Xinglin] A prescription needs your attention. Please log in.",
    ),
    parameters=frozenset({"number", "reason"}),
    urgent=True,
    to="staff",
)

NEW: Final = "/clinic/prescriptions/new"  # ?patient=ID&encounter=ID
ONE: Final = "/clinic/prescriptions"  # /ID
QUEUE: Final = "/clinic/review"
MINE: Final = "/my/prescriptions"
EXPIRE: Final = "prescriptions.expire"  # prescription: logical id
SAMPLE: Final = "prescriptions.sample"


def told(finding: Finding) -> Told:
    """Tell a finding."""
    one = finding
    return Told(one.code, one.rule, one.weight, one.text.zh, one.text.en, one.lines, one.source)


def state_of(prescription: RequestGroup) -> str:
    """Give the state of a prescription (R3-080); empty when it is none of ours."""
    return next((one.valueCode or "" for one in prescription.extension or () if one.url == STATE), "")


def topic(prescription: str) -> str:
    """Name the topic of open pages about a prescription, by its logical id."""
    return f"prescription/{prescription}"


def queue_topic(organization: str) -> str:
    """Name the topic of the pharmacists' queue of an institution, by its reference."""
    return f"review/{organization.removeprefix('Organization/')}"
