"""Portals, codes and operations of the audit that others may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset
from xinglin.registry import Portal

LEDGER: Final = Portal("ledger", "/audit", frozenset({"audit-admin"}), Text("审计", "Audit"))
LOOKED: Final = Portal(
    "looked", "/who-looked", frozenset({"resident", "guardian"}), Text("谁看过我的档案", "Who looked at my record")
)

# Task.code of what a resident asks of the security officer about an act in the ledger.
OBJECTIONS: Final = CodeSet(
    url=valueset("audit-task"),
    system=canonical("audit-task", "CodeSystem"),
    codes={"access-objection": Text("对访问的异议", "Objection to an access")},
)
OBJECTION: Final = Profile(
    url=canonical("access-objection"),
    on="Task",
    required=("code", "for", "focus", "description"),
    bindings={"code": OBJECTIONS.url},
)


@dataclass(frozen=True, slots=True)
class Objection:
    """What an objection takes: the logical id of the AuditEvent, and what is wrong with it."""

    event: str
    text: str


# Gives the reference of the Task that the security officer gets.
OBJECT: Final = Operation(
    code="object",
    on="AuditEvent",
    takes=Objection,
    gives=str,
    title=Text("对访问提出异议", "Object to an access"),
)

VERIFY: Final = "audit.verify"
