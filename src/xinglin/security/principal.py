"""The one who acts: a person in a role for an institution and a purpose, or a system."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts, in which roles, for whom and for what purpose.

    What decides rights is compared, so that reaches are kept by right; what only describes the caller is not.

    id: name of the account that never changes, e.g. ``dev``.
    patient, practitioner, practitioner_role, organization: references such as ``Patient/1`` that a grant's reach may
    name. patients: whom one may act for: oneself and dependants (R6-042).
    purpose: a code of http://terminology.hl7.org/CodeSystem/v3-ActReason, e.g. ``TREAT``.
    level: proofing of a resident, ``L0`` to ``L3`` (R6-043). strong: a second factor was used (R7, identity d).
    scopes: SMART scopes that narrow the rights; None for the platform's own pages. launch_patient: of a SMART launch.
    abroad: the destination (`security.egress`) where what is shown arrives; empty inside the country.
    """

    id: str
    roles: frozenset[str]
    patient: str | None = None
    practitioner: str | None = None
    organization: str | None = None
    purpose: str = "TREAT"
    display: str = field(default="", compare=False)
    practitioner_role: str | None = None
    patients: tuple[str, ...] = ()
    level: str = ""
    strong: bool = False
    scopes: frozenset[str] | None = None
    launch_patient: str | None = None
    session: str = field(default="", compare=False)
    client: str = field(default="", compare=False)
    address: str = field(default="", compare=False)
    device: str = field(default="", compare=False)
    abroad: str = field(default="", compare=False)


SYSTEM = Principal(id="system", roles=frozenset({"system"}), purpose="HSYSADMIN", display="Xinglin")
ANONYMOUS = Principal(id="anonymous", roles=frozenset({"anonymous"}), purpose="")
