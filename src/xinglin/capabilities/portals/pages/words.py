"""What the portals' lists have in common: states in words, and who a row is about."""

from collections.abc import Mapping
from typing import Final

from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites
from xinglin.security.principal import Principal
from xinglin.web import brief, cells
from xinglin.web import format as show
from xinglin.web.listing import Column, Filter, Found
from xinglin.web.persons import TREATING

PATIENT: Final = Text("患者", "Patient")
OPEN: Final = "arrived,triaged,in-progress,onleave"
VISIT_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "planned": (Text("计划中", "Planned"), "neutral"),
    "arrived": (Text("已到达", "Arrived"), "info"),
    "triaged": (Text("已分诊", "Triaged"), "info"),
    "in-progress": (Text("就诊中", "In progress"), "info"),
    "onleave": (Text("暂离", "On leave"), "warning"),
    "finished": (Text("已结束", "Finished"), "success"),
    "cancelled": (Text("已取消", "Cancelled"), "neutral"),
}
BOOKING_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "proposed": (Text("待确认", "Proposed"), "warning"),
    "pending": (Text("待确认", "Pending"), "warning"),
    "booked": (Text("已预约", "Booked"), "info"),
    "arrived": (Text("已到院", "Arrived"), "info"),
    "checked-in": (Text("已签到", "Checked in"), "info"),
    "fulfilled": (Text("已就诊", "Seen"), "success"),
    "cancelled": (Text("已取消", "Cancelled"), "neutral"),
    "noshow": (Text("未到", "No show"), "danger"),
    "waitlist": (Text("候补中", "Wait list"), "warning"),
}
KINDS: Final[Mapping[str, Text]] = {
    "AMB": Text("门诊", "Outpatient"),
    "IMP": Text("住院", "Inpatient"),
    "EMER": Text("急诊", "Emergency"),
    "HH": Text("上门", "Home"),
    "VR": Text("互联网", "Online"),
}
KIND_FILTER: Final = Filter("class", Text("类别", "Kind"), "choice", options=tuple(KINDS.items()))
STATE_FILTER: Final = Filter(
    "status",
    Text("状态", "State"),
    "choice",
    options=tuple((code, text) for code, (text, _) in VISIT_STATES.items()),
)
DATE_FILTER: Final = Filter("date", Text("日期", "Date"), "days")


def kind(found: Found) -> str:
    """Say the kind of a visit."""
    code = str(cells.at(found.document, "class.code") or "")
    return show.said(KINDS[code], found.language) if code in KINDS else code


def reason(found: Found) -> str:
    """Say why a visit is: its reason, else its first diagnosis."""
    return brief.brief(cells.at(found.document, "reasonCode"), found.language) or str(
        cells.at(found.document, "diagnosis.condition.display") or ""
    )


def place(found: Found) -> str:
    """Say where a visit is: the institution, and the department."""
    provider = cells.person("serviceProvider")(found)
    department = brief.brief(cells.at(found.document, "serviceType"), found.language)
    return " · ".join(part for part in (provider if isinstance(provider, str) else "", department) if part)


def booked_place(found: Found) -> str:
    """Say where an appointment is: its service, else its description."""
    return brief.brief(cells.at(found.document, "serviceType"), found.language) or str(
        found.document.get("description", "")
    )


def party(found: Found, type: str) -> str:
    """Name the participant of an appointment of a type, as brought along, else by its display."""
    for one in found.document.get("participant", ()):
        reference = one.get("actor", {}).get("reference", "")
        if reference.startswith(f"{type}/"):
            return cells.named(found.brought.get(reference, {})) or str(one["actor"].get("display", ""))
    return ""


def party_id(found: Found, type: str) -> str:
    """Give the id of that participant; empty without one."""
    actors = (one.get("actor", {}).get("reference", "") for one in found.document.get("participant", ()))
    return next((one.removeprefix(f"{type}/") for one in actors if one.startswith(f"{type}/")), "")


def subject_id(found: Found) -> str:
    """Give the id of the patient whom a visit is about."""
    return str(cells.at(found.document, "subject.reference") or "").removeprefix("Patient/")


def patient_column(principal: Principal) -> Column:
    """Make the column of a visit's patient."""
    return Column(PATIENT, lambda found: covered(principal, cells.named(found.follow("subject"))))


def booked_column(principal: Principal) -> Column:
    """Make the column of an appointment's patient."""
    return Column(PATIENT, lambda found: covered(principal, party(found, "Patient")))


@cites("R7-034")
def covered(principal: Principal, name: str) -> str:
    """Cover a name unless the reader treats."""
    return name if principal.purpose in TREATING else show.masked_name(name)
