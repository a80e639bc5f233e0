"""Profiles, codes and operations of the directory: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import OperationOutcome, Organization, Task
from xinglin.registry import COMMISSION, INSTITUTION, Portal
from xinglin.security.accounts import STAFF_ROLES
from xinglin.security.institution_forms import KINDS

INSTITUTION_PROFILE: Final = Profile(
    url=canonical("institution"), on="Organization", required=("name", "identifier", "type", "address")
)
DEPARTMENT_PROFILE: Final = Profile(
    url=canonical("department"), on="Organization", required=("name", "type", "partOf", "active")
)
LOCATION_PROFILE: Final = Profile(
    url=canonical("location"), on="Location", required=("name", "status", "managingOrganization")
)
SERVICE_PROFILE: Final = Profile(
    url=canonical("healthcare-service"), on="HealthcareService", required=("name", "providedBy", "specialty", "active")
)

INSTITUTION_KINDS: Final = CodeSet(
    url=valueset("institution-kind"),
    system=KINDS,
    codes={"internet-hospital": Text("互联网医院", "Internet hospital")},
)
SERVICE_MODES: Final = CodeSet(
    url=valueset("service-mode"),
    system=canonical("service-mode", "CodeSystem"),
    codes={
        "internet-care": Text("互联网诊疗", "Internet diagnosis and treatment"),
        "internet-hospital": Text("互联网医院", "Internet hospital"),
        "remote-medicine": Text("远程医疗", "Remote medicine"),
    },
)
TITLES: Final = CodeSet(
    url=valueset("professional-title"),
    system=canonical("professional-title", "CodeSystem"),
    codes={
        "senior": Text("正高级", "Senior"),
        "associate-senior": Text("副高级", "Associate senior"),
        "intermediate": Text("中级", "Intermediate"),
        "junior": Text("初级", "Junior"),
    },
)

# -- readiness of an internet hospital --------------------------------------------------------------------------------

TASKS: Final = canonical("task", "CodeSystem")
READINESS: Final = "readiness"
READINESS_TASKS: Final = CodeSet(
    url=valueset("readiness-task"), system=TASKS, codes={READINESS: Text("准入清单", "Readiness checklist")}
)
# Task.reasonCode: the item. An item has one Task for an internet hospital, whose identifier tells them apart.
ITEMS: Final = canonical("readiness-item", "CodeSystem")
ITEM_KEYS: Final = canonical("readiness-item", "NamingSystem")
# focus: the internet hospital; owner: who answers for it; executionPeriod: date and end of validity; businessStatus.
READINESS_ITEM: Final = Profile(
    url=canonical("readiness-item"),
    on="Task",
    required=("code", "focus", "reasonCode", "identifier", "businessStatus"),
    bindings={"businessStatus": valueset("readiness-result")},
)
RESULTS: Final = CodeSet(
    url=valueset("readiness-result"),
    system=canonical("readiness-result", "CodeSystem"),
    codes={
        "passed": Text("符合", "Met"),
        "failed": Text("不符合", "Not met"),
        "expired": Text("已过期", "Expired"),
        "open": Text("待提交", "Open"),
    },
)


@dataclass(frozen=True, slots=True)
class SettingUp:
    """An internet hospital to be set up by a physical institution.

    id: of the physical institution. naming: ``alone``, ``with-partner`` or ``independent``. name: as applied for.
    partner: name by which the third party is known.
    """

    id: str
    naming: str
    name: str
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that one item of the checklist is met.

    id: of the internet hospital. item: code of the checklist. result: ``passed`` or ``failed``. on: date of the
    finding. until: last day it holds. responsible: who answers for it. document: name, number and version of the
    evidence. details: what the item asks for besides, as ``name=value``.
    """

    id: str
    item: str
    result: str
    on: str
    responsible: str
    document: str
    until: str = ""
    note: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hospital:
    """An internet hospital. id: of its Organization."""

    id: str


SET_UP: Final = Operation(
    "set-up-internet-hospital",
    "Organization",
    SettingUp,
    Organization,
    level="instance",
    title=Text("申请设置互联网医院", "Set up an internet hospital"),
)
RECORD_EVIDENCE: Final = Operation(
    "record-readiness",
    "Organization",
    Evidence,
    Task,
    level="instance",
    title=Text("登记准备情况", "Record evidence of readiness"),
)
CHECK_READINESS: Final = Operation(
    "readiness",
    "Organization",
    Hospital,
    OperationOutcome,
    level="instance",
    affects_state=False,
    title=Text("检查准备情况", "Check readiness"),
)
ACTIVATE: Final = Operation(
    "activate",
    "Organization",
    Hospital,
    Organization,
    level="instance",
    title=Text("启用互联网医院", "Activate an internet hospital"),
)

# A request with this code is a remote consultation (远程会诊); R1-003.
REQUESTS: Final = canonical("request", "CodeSystem")
REMOTE_CONSULT: Final = "remote-consult"

# -- imports ----------------------------------------------------------------------------------------------------------

IMPORT: Final = "directory-import"
# input: kind, name and content of the file; output: what became of it. focus: the institution it is for.
IMPORT_PROFILE: Final = Profile(url=canonical("directory-import"), on="Task", required=("code", "focus", "input"))
# What the administrators of an institution are told of its licence (R2-003).
VERIFYING: Final = NoticeKind(
    code="verification-due",
    title=Text("执业许可证校验即将到期", "The verification of the licence is due"),
    text=Text(
        "{name}的执业许可证须在 {day} 前完成校验，还剩 {days} 天。逾期未校验的，互联网诊疗将暂停。",
        "The licence of {name} has to be verified by {day}, in {days} days. Without it online care stops.",
    ),
    sms=Text(
        "【杏林】{name}的执业许可证须在 {day} 前完成校验，请及时办理。",
        "[Xinglin] The licence of {name} has to be verified by {day}.",
    ),
    parameters=frozenset({"name", "day", "days"}),
    outside=frozenset({"name", "day"}),
    to="staff",
)
OVERDUE: Final = NoticeKind(
    code="verification-overdue",
    title=Text("执业许可证校验已逾期", "The verification of the licence is overdue"),
    text=Text(
        "{name}的执业许可证校验已逾期，互联网诊疗已暂停。完成校验并登记后，可重新开通。",
        "The verification of the licence of {name} is overdue: online care has stopped until it is recorded.",
    ),
    sms=Text(
        "【杏林】{name}的执业许可证校验已逾期，请立即办理。",
        "[Xinglin] The verification of the licence of {name} is overdue.",
    ),
    parameters=frozenset({"name"}),
    outside=frozenset({"name"}),
    to="staff",
)
REMIND: Final = "directory.remind"
APPLY_IMPORT: Final = "directory.apply-import"
RECHECK: Final = "directory.recheck"

# -- pages ------------------------------------------------------------------------------------------------------------

READERS: Final = frozenset({*STAFF_ROLES, "developer"})
DIRECTORY: Final = "/directory"
DIRECTORY_PORTAL: Final = Portal("directory", DIRECTORY, READERS, Text("机构与人员", "Directory"))
KEEPERS: Final = frozenset({"system-admin"})
KEEPING: Final = Portal(
    "directory-keeping", "/institution", KEEPERS, Text("机构与人员", "Directory"), part_of=INSTITUTION
)
OPENING: Final = Portal(
    "directory-opening", "/commission", frozenset({"regulator"}), Text("机构与人员", "Directory"), part_of=COMMISSION
)
IMPORT_PAGE: Final = "/institution/import"
READINESS_PAGE: Final = "/institution/readiness"
INSTITUTIONS_PAGE: Final = "/commission/register"
INSTITUTIONS_IMPORT: Final = "/commission/import"
