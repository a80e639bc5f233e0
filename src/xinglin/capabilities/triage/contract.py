"""The operations of triage, the profile of what is kept, and the addresses."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import Operation, Profile, Text, canonical
from xinglin.registry import INSTITUTION, Portal

QUESTIONNAIRE: Final = canonical("triage", "Questionnaire")
# item by linkId: complaint, yes*, no*, urgency, flag*, department*, rule*, continued
KEPT: Final = Profile(
    url=canonical("triage"), on="QuestionnaireResponse", required=("questionnaire", "subject", "authored", "item")
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A complaint. text: in own words. yes, no: facts picked or answered. age_days, sex: as far as known."""

    text: str = ""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    age_days: int | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True)
class Advised:
    """Where to go and how soon.

    urgency: ``emergency today days routine unknown``. flags: red flags that held. departments: codes of the national
    list, the best first. bring: what to bring. rules: everything that fired. understood, denied: facts.
    questions: facts that would change the advice.
    """

    urgency: str
    flags: tuple[str, ...]
    departments: tuple[str, ...]
    bring: tuple[str, ...]
    rules: tuple[str, ...]
    understood: tuple[str, ...]
    denied: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keeping:
    """A complaint to be kept for the doctor. id: of the patient. continued: a warning was read and not followed."""

    id: str
    text: str = ""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    age_days: int | None = None
    sex: str = ""
    continued: bool = False


TRIAGE: Final = Operation(
    "triage", "*", Asked, Advised, level="system", affects_state=False, title=Text("智能导诊", "Triage")
)
KEEP: Final = Operation(
    "keep-triage", "Patient", Keeping, str, level="instance", title=Text("保存导诊结果", "Keep a triage for the doctor")
)

OWN: Final = "/my/triage"
DESK: Final = "/desk/triage"
# Open to whoever comes: nothing is stored of them.
VISITORS: Final = Portal("triage", OWN, frozenset({"anonymous", "developer"}), Text("智能导诊", "Triage"))
AT_DESK: Final = Portal(
    "triage-desk", "/desk", frozenset({"receptionist", "nurse"}), Text("服务台", "Desk"), part_of=INSTITUTION
)
