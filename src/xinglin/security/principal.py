"""The one who acts: a person in a role for an institution and a purpose, or a system."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, in which roles, for whom and for what purpose.

    id: stable name of the account, e.g. ``dev`` or ``Practitioner/17``.
    patient, practitioner, organization: references such as ``Patient/1`` that a grant's reach may name.
    purpose: a code of http://terminology.hl7.org/CodeSystem/v3-ActReason, e.g. ``TREAT``.
    """

    id: str
    roles: frozenset[str]
    patient: str | None = None
    practitioner: str | None = None
    organization: str | None = None
    purpose: str = "TREAT"
    display: str = ""


SYSTEM = Principal(id="system", roles=frozenset({"system"}), purpose="HSYSADMIN", display="Xinglin")
