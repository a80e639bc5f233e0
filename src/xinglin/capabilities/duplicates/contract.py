"""Operations and codes of the duplicates desk: what others may rely on."""

from dataclasses import dataclass, field
from typing import Final

from xinglin.capabilities.residents.contract import DESK, DESK_ROLES, DUPLICATE, DUPLICATE_CANDIDATE, PAIRS, TASK_CODES
from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Text, canonical, valueset
from xinglin.fhir.r4.datatypes import Reference
from xinglin.fhir.r4.resources import Patient, Task
from xinglin.fhir.search.persons import MERGED, SURVIVOR
from xinglin.registry import Portal

__all__ = ["DUPLICATE", "DUPLICATE_CANDIDATE", "MERGED", "PAIRS", "SURVIVOR", "TASK_CODES"]

# Demographics that the survivor may take from the other record; names of elements of Patient.
FIELDS: Final = CodeSet(
    url=valueset("merge-field"),
    system=canonical("merge-field", "CodeSystem"),
    codes={
        "name": Text("姓名", "Name"),
        "gender": Text("性别", "Sex"),
        "birthDate": Text("出生日期", "Birth date"),
        "telecom": Text("联系电话", "Telephone"),
        "address": Text("地址", "Address"),
        "maritalStatus": Text("婚姻状况", "Marital status"),
        "contact": Text("联系人", "Contact"),
        "generalPractitioner": Text("责任医生", "Responsible doctor"),
        "managingOrganization": Text("建档机构", "Keeper of the record"),
    },
)

# What a resident is told.
RECORDS_JOINED: Final = NoticeKind(
    code="records-joined",
    title=Text("您的两份档案已合并", "Your two records were put together"),
    text=Text(
        "经核对，您名下有两份健康档案，现已合并为一份，医生可以完整查看。原有内容没有删除。如果这不是您的档案，请告知服务台，可以恢复原状。",
        "You had two health records. They are one now, so that your doctor sees all of it. Nothing was deleted."
        " If one of them is not yours, tell the service desk: it can be undone.",
    ),
    sms=Text(
        "【杏林】您有一条关于档案的新消息，请登录查看。",
        "[Xinglin] There is a message about your record. Please sign in.",
    ),
    channels=("wechat", "mail", "sms"),
)
RECORDS_PARTED: Final = NoticeKind(
    code="records-parted",
    title=Text("您的档案已恢复为独立档案", "Your record stands for itself again"),
    text=Text(
        "您的健康档案此前与另一份档案合并，经核对已恢复为独立的一份。请看看档案内容是否都是您本人的；有不对的地方，请告知服务台。",
        "Your health record had been put together with another one. They stand apart again. Please look whether all of"
        " it is yours, and tell the service desk what is not.",
    ),
    sms=Text(
        "【杏林】您有一条关于档案的新消息，请登录查看。",
        "[Xinglin] There is a message about your record. Please sign in.",
    ),
    channels=("wechat", "mail", "sms"),
)

# What a Task of a candidate says after a merge, besides MERGED and SURVIVOR: what was taken over, and the versions
# before, by which it is undone.
TAKEN: Final = "taken"
BEFORE: Final = "before"
# What a job does to a large record, in the business status of the Task while it is in progress.
BY_STEPS: Final = "duplicates.by-steps"
MERGING: Final = "merge"
PARTING: Final = "unmerge"
# The grade of a pair that nobody proposed.
MANUAL: Final = "manual"


@dataclass(frozen=True, slots=True)
class Merging:
    """Two records of one person. Parameters are named as in R5.

    source_patient: the record to be stood for. target_patient: the survivor. keep: of FIELDS, taken from the source.
    override: although both have valid identity numbers, and different ones.
    """

    source_patient: Reference = field(metadata={"name": "source-patient"})
    target_patient: Reference = field(metadata={"name": "target-patient"})
    reason: str
    keep: tuple[str, ...] = ()
    override: bool = False


@dataclass(frozen=True, slots=True)
class Unmerging:
    """A merge to be undone. source_patient: the record that shall stand for itself again."""

    source_patient: Reference = field(metadata={"name": "source-patient"})
    reason: str


@dataclass(frozen=True, slots=True)
class Deciding:
    """What becomes of a candidate. id: of the Task. decision: ``different`` or ``open`` (decide anew). reason: why."""

    id: str
    decision: str
    reason: str


MERGE: Final = Operation("merge", "Patient", Merging, Patient, title=Text("合并档案", "Merge two records"))
UNMERGE: Final = Operation("unmerge", "Patient", Unmerging, Patient, title=Text("撤销合并", "Undo a merge"))
DECIDE: Final = Operation(
    "decide-duplicate",
    "Task",
    Deciding,
    Task,
    level="instance",
    title=Text("判定是否同一人", "Decide whether they are the same"),
)

# Who may merge records with two valid identity numbers that differ, after looking at the documents (CD-11).
OVERRIDING: Final = frozenset({"public-health", "developer"})
KEEPERS: Final = DESK_ROLES
AT: Final = Portal(
    "duplicates",
    "/duplicates",
    KEEPERS | {"developer"},
    Text("查重合并", "Duplicates"),
    part_of=DESK,
)
LIST: Final = "/duplicates"
STATES: Final = ("requested", "in-progress", "completed", "rejected")
