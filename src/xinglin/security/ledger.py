"""The form of an audit entry: who did what to whose data, when, why, from where, and with what result.

An entry is kept as the very bytes that were hashed. No names, numbers or values of searches stand in it: of a search,
the names of its parameters (R7-034).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from xinglin.fhir.search.keys import rid_of
from xinglin.fhir.sources import cites
from xinglin.security.principal import Principal

Action = Literal["C", "R", "U", "D", "E"]  # http://hl7.org/fhir/audit-event-action
Outcome = Literal["0", "4", "8"]  # http://hl7.org/fhir/audit-event-outcome: done, refused, failed

DONE: Final = "0"
REFUSED: Final = "4"
FAILED: Final = "8"

# What an interaction of FHIR, or an event of ours, does to data; all else is execution.
ACTIONS: Final[dict[str, Action]] = {
    "create": "C",
    "update": "U",
    "patch": "U",
    "delete": "D",
    "read": "R",
    "vread": "R",
    "search": "E",
    "history": "R",
    "load": "C",
}


@cites("R7-041")
class Act(Struct, frozen=True, omit_defaults=True):
    """One act, about at most one patient; its fields are those that the rules ask of a log of access.

    at: UTC, whole milliseconds. who: account. what: an interaction (``read``) or an event (``login``, ``denied``).
    type: FHIR type, when there is one. refs: versions shown or made, ``Type/id/_history/n``. patient: `rid` of the
    patient. encounter: ``Encounter/id``, when all that was shown or made belongs to one. rule: the names of the grants
    that allowed it. detail: what else explains it, never content.
    """

    at: datetime
    who: str
    role: str
    what: str
    action: Action
    outcome: Outcome = "0"
    type: str = ""
    refs: tuple[str, ...] = ()
    patient: int | None = None
    encounter: str = ""
    practitioner: str = ""
    organization: str = ""
    client: str = ""
    session: str = ""
    address: str = ""
    device: str = ""
    purpose: str = ""
    rule: tuple[str, ...] = ()
    detail: str = ""


_ENCOUNTER: Final = re.compile(
    rb'"(?:encounter|context)"\s*:\s*\{\s*"reference"\s*:\s*"(Encounter/[A-Za-z0-9\-.]{1,64})"', re.ASCII
)


@cites("R7-041")
def encounter_of(type: str, id: str, content: bytes) -> str:
    """Give the visit (``Encounter/id``) that a resource belongs to, itself included; empty when it names none.

    content: its JSON. What writes the reference otherwise than with ``reference`` first is not found.
    """
    if type == "Encounter":
        return f"Encounter/{id}"
    found = _ENCOUNTER.search(content) if b'"Encounter/' in content else None
    return found[1].decode() if found else ""


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Act)


def entry_of(act: Act) -> bytes:
    """Write an act as the bytes that are kept and hashed: JSON in the order of the fields, defaults left out."""
    return _ENCODER.encode(act)


def act_of(entry: bytes) -> Act:
    """Read an entry; msgspec.ValidationError or DecodeError when it is none."""
    return _DECODER.decode(entry)


def act_by(
    principal: Principal,
    at: datetime,
    what: str,
    *,
    type: str = "",
    refs: tuple[str, ...] = (),
    patient: int | None = None,
    encounter: str = "",
    outcome: Outcome = "0",
    rule: tuple[str, ...] = (),
    detail: str = "",
) -> Act:
    """Make the act of a principal; when *refs* begin with a Patient, it is about that one."""
    if patient is None and refs and refs[0].startswith("Patient/"):
        patient = rid_of("Patient", refs[0].split("/")[1])
    return Act(
        at,
        principal.id,
        role_of(principal),
        what,
        ACTIONS.get(what, "E"),
        outcome,
        type,
        refs,
        patient,
        encounter,
        principal.practitioner or "",
        principal.organization or "",
        principal.client,
        principal.session,
        principal.address,
        principal.device,
        principal.purpose,
        rule,
        detail,
    )


def role_of(principal: Principal) -> str:
    """Name the roles acted in."""
    roles = principal.roles
    if len(roles) == 1:
        (role,) = roles
        return role
    return " ".join(sorted(roles))


@dataclass(frozen=True, slots=True)
class Head:
    """The tree at a moment: its size and root, and the platform's signature over both.

    signature: SM2 by the vault's ``audit`` key over `text`; empty when no key was at hand.
    """

    size: int
    root: bytes
    at: datetime
    signature: bytes = b""

    def text(self) -> bytes:
        """Write what is signed: four lines, the root in hexadecimal, the time in UTC."""
        return f"xinglin audit head 1\n{self.size}\n{self.root.hex()}\n{self.at.isoformat()}\n".encode()

    def document(self) -> dict[str, str | int]:
        """Write the head as others keep it: for printing, a witness, or a file."""
        return {
            "size": self.size,
            "root": self.root.hex(),
            "at": self.at.isoformat(),
            "algorithm": "SM2-SM3",
            "signature": self.signature.hex(),
        }


def head_of(document: Mapping[str, object]) -> Head:
    """Read a head that `Head.document` wrote; ValueError when it is none."""
    try:
        size, root, at = int(str(document["size"])), bytes.fromhex(str(document["root"])), str(document["at"])
        signature = bytes.fromhex(str(document.get("signature", "")))
    except KeyError as missing:
        raise ValueError(f"a head has {missing}") from missing
    return Head(size, root, datetime.fromisoformat(at), signature)
