"""Legal duties: what the law lets somebody see although the patient refuses, each a rule with its source."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.sources import cites
from xinglin.security.labels import SPECIAL
from xinglin.security.principal import Principal
from xinglin.security.relations import BREAK_GLASS, TASK_CODES

_ICD: Final = "http://hl7.org/fhir/sid/icd-10-cn"


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty: who, for which purpose, may see what of a type. finds: a FHIR search over the type, "" is all."""

    name: str
    role: str
    purpose: str
    type: str
    finds: str
    source: str


# Three characters of ICD-10 of the notifiable diseases; a code below them is found by its text in the index of codes.
NOTIFIABLE: Final = (
    *("A00", "A01.0", "A01.1", "A03", "A06.0", "A15", "A16", "A17", "A18", "A19", "A20", "A22", "A23", "A27", "A33"),
    *("A36", "A37", "A38", "A39", "A50", "A51", "A52", "A53", "A54", "A80", "A82", "A83.0", "A90", "A91", "A98.5"),
    *("B05", "B06", "B15", "B16", "B17.1", "B17.2", "B18.1", "B18.2", "B20", "B21", "B22", "B23", "B24", "B26"),
    *("B50", "B51", "B52", "B53", "B54", "B65", "J09", "J10", "J11", "U07.1"),
)
NOTIFIABLE_SEARCH: Final = "code=" + ",".join(f"{_ICD}|{code}" for code in NOTIFIABLE)
TASK_SEARCH: Final = f"code={TASK_CODES}|{BREAK_GLASS}"
_SPECIAL: Final = "_security=" + ",".join(f"{SPECIAL}|{code}" for code in ("hiv", "std"))
_LAW: Final = "《中华人民共和国传染病防治法》:医疗机构、疾病预防控制机构及其工作人员发现传染病须报告"
_MENTAL: Final = "《中华人民共和国精神卫生法》第二十四条:严重精神障碍发病报告"
_WHOSE: Final = f"_has:Condition:patient:{NOTIFIABLE_SEARCH}"
_SEVERE: Final = ",".join(f"{_ICD}|{code}" for code in ("F20", "F22", "F25", "F30", "F31", "F70", "F71", "F72"))

DUTIES: Final = cites("R7-002")(
    (
        Duty("infectious-disease-report", "public-health", "PUBHLTH", "Condition", NOTIFIABLE_SEARCH, _LAW),
        Duty("infectious-disease-report", "public-health", "PUBHLTH", "Condition", _SPECIAL, _LAW),
        Duty("infectious-disease-report", "public-health", "PUBHLTH", "Patient", _WHOSE, _LAW),
        # What was opened in an emergency is reviewed whatever the patient refused.
        Duty("break-glass-review", "security-admin", "HSYSADMIN", "Task", TASK_SEARCH, "R7-032"),
        Duty("severe-mental-disorder-report", "public-health", "PUBHLTH", "Condition", f"code={_SEVERE}", _MENTAL),
    )
)


def duties(principal: Principal, type: str, every: tuple[Duty, ...] = DUTIES) -> tuple[str, ...]:
    """Give the searches for what the principal's duties open of a type."""
    return tuple(
        duty.finds
        for duty in every
        if duty.type == type and duty.role in principal.roles and duty.purpose == principal.purpose
    )
