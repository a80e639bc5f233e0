"""Profiles, codes and operations of errands."""

from dataclasses import dataclass

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset

KINDS = CodeSet(
    url=valueset("errand-kind"),
    system=canonical("errand-kind", "CodeSystem"),
    codes={"fetch": Text("取件", "Fetch"), "bring": Text("送件", "Bring")},
)

ERRAND = Profile(url=canonical("errand"), on="Task", required=("for", "code"), bindings={"code": KINDS.url})


@dataclass(frozen=True, slots=True)
class Claim:
    """What claiming takes: the task's id and who claims it ("Practitioner/1")."""

    task: str
    owner: str


CLAIM = Operation(code="claim", on="Task", takes=Claim, gives=str)
REMIND = "errands.remind"
