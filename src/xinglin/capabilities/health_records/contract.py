"""Addresses, portals, forms and operations of the health record: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Binary, Bundle, Composition, DocumentReference, Task
from xinglin.registry import CLINIC, RESIDENT, Portal

# The record of a patient, for who treats; the door decides what each of them sees of it.
RECORDS: Final = Portal(
    "record", "/patients", CLINIC.roles | {"developer"}, Text("健康档案", "Health records"), part_of=CLINIC
)
# One's own record, and of those one acts for.
OWN: Final = Portal(
    "own-record", "/my/record", RESIDENT.roles, Text("我的健康档案", "My health record"), part_of=RESIDENT
)


def record(id: str, base: str = RECORDS.path) -> str:
    """Give the page of a patient's record; *base* is the path of a portal that has these pages."""
    return f"{base}/{quote(id)}"


def trend(id: str, code: str, base: str = RECORDS.path) -> str:
    """Give the page of how a result of a patient went."""
    return f"{base}/{quote(id)}/trend/{quote(code, safe='')}"


def source(id: str, type: str, rid: str, base: str = RECORDS.path) -> str:
    """Give the page of one resource of a patient's record."""
    return f"{base}/{quote(id)}/entries/{quote(type)}/{quote(rid)}"


# Task.code of what a resident asks of the institution that keeps the record, or that wrote an entry of it.
REQUESTS: Final = CodeSet(
    url=valueset("record-request"),
    system=canonical("record-request", "CodeSystem"),
    codes={"correction": Text("更正申请", "Request to correct")},
)
CORRECTION: Final = Profile(
    url=canonical("record-correction"),
    on="Task",
    required=("code", "for", "requester", "owner", "description"),
    bindings={"code": REQUESTS.url},
)

# The forms of the record whose fields exclude or need one another (规范三版, EHR-01 and EHR-02).
BASIC_INFORMATION: Final = Profile(
    url=canonical("basic-information"), on="QuestionnaireResponse", required=("subject",)
)
CHECK_UP: Final = Profile(url=canonical("check-up"), on="QuestionnaireResponse", required=("subject",))


@dataclass(frozen=True, slots=True)
class Correction:
    """What a resident says is wrong. id: of the patient; entry: ``Type/id`` of the record, "" for the person's data."""

    id: str
    entry: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the institution decided. id: of the Task; outcome: ``corrected`` or ``kept``; note: said to the resident."""

    id: str
    outcome: str
    note: str


ASK_CORRECTION: Final = Operation(
    code="ask-correction",
    on="Patient",
    takes=Correction,
    gives=Task,
    level="instance",
    title=Text("申请更正档案", "Ask to correct the record"),
)
DECIDE_CORRECTION: Final = Operation(
    code="decide-correction",
    on="Task",
    takes=Decision,
    gives=Task,
    level="instance",
    title=Text("答复更正申请", "Answer a request to correct"),
)
# Who answers such requests at an institution.
ANSWERING: Final = frozenset({"family-doctor", "village-doctor", "physician", "receptionist"})
DESK: Final = Portal("corrections", "/corrections", ANSWERING, Text("更正申请", "Corrections"), part_of=CLINIC)


@dataclass(frozen=True, slots=True)
class Summary:
    """Whose summary. id: of the Patient."""

    id: str


@dataclass(frozen=True, slots=True)
class Assembly:
    """Which document. id: of the Composition; persist: keep the Bundle too."""

    id: str
    persist: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """Which document. id: of the Composition."""

    id: str


@dataclass(frozen=True, slots=True)
class Issuing:
    """What document to issue. id: of the Patient; template: its name (``wst500-4``); about: ``Type/id`` of the record.

    text: what somebody writes into a section, each ``CODE=words`` with the section's LOINC code.
    """

    id: str
    template: str
    about: str
    text: tuple[str, ...] = ()


_STANDARD: Final = "http://hl7.org/fhir/OperationDefinition/"
SUMMARY: Final = Operation(
    code="summary",
    on="Patient",
    takes=Summary,
    gives=Bundle,
    level="instance",
    affects_state=False,
    title=Text("国际患者摘要", "International Patient Summary"),
    definition="http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
)
DOCUMENT: Final = Operation(
    code="document",
    on="Composition",
    takes=Assembly,
    gives=Bundle,
    level="instance",
    affects_state=False,
    title=Text("生成文档", "Generate a document"),
    definition=f"{_STANDARD}Composition-document",
)
CDA: Final = Operation(
    code="cda",
    on="Composition",
    takes=Paper,
    gives=Binary,
    level="instance",
    affects_state=False,
    title=Text("共享文档（CDA）", "Shared document (CDA)"),
)
ISSUE: Final = Operation(
    code="issue-document",
    on="Patient",
    takes=Issuing,
    gives=Composition,
    level="instance",
    title=Text("出具共享文档", "Issue a shared document"),
)
# Who reads documents, and who issues them: as far as they reach the record and may write a Composition.
READING: Final = frozenset({"physician", "village-doctor", "family-doctor", "nurse"})
ISSUING: Final = frozenset({"physician", "village-doctor", "family-doctor"})


@dataclass(frozen=True, slots=True)
class Import:
    """A shared document of elsewhere. patient: ``Patient/id`` whose it is; document: the CDA."""

    patient: str
    document: Binary


IMPORT: Final = Operation(
    code="import-cda",
    on="DocumentReference",
    takes=Import,
    gives=DocumentReference,
    title=Text("接收共享文档（CDA）", "Take in a shared document (CDA)"),
)


@dataclass(frozen=True, slots=True)
class Filing:
    """What of a shared document to write into the record. id: of the DocumentReference.

    entry: keys of entries, as the preview names them; none: all that are new.
    """

    id: str
    entry: tuple[str, ...] = ()


FILE: Final = Operation(
    code="file-entries",
    on="DocumentReference",
    takes=Filing,
    gives=Bundle,
    level="instance",
    title=Text("文档条目归档", "File the entries of a document"),
)
