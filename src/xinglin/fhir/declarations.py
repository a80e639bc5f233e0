"""What a capability's contract declares: profiles, code sets, operations and notices as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

BASE: Final = "https://xinglin.health/fhir"


def canonical(name: str, kind: str = "StructureDefinition") -> str:
    """Give the canonical URL of one of our own definitions."""
    return f"{BASE}/{kind}/{name}"


def valueset(name: str) -> str:
    """Give the canonical URL of one of our own value sets."""
    return canonical(name, "ValueSet")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the platform's two languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A closed set of codes of one code system, published as CodeSystem and ValueSet.

    url: of the value set. system: of the codes.
    """

    url: str
    system: str
    codes: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Profile:
    """A shape of one FHIR type, claimed by ``meta.profile``; it has exactly one owner.

    required: FHIRPath paths below the type that must have a value. bindings: path → value set url, whose
    CodeSet some capability declares.
    """

    url: str
    on: str
    required: tuple[str, ...] = ()
    bindings: Mapping[str, str] = field(default_factory=dict)


Takes = TypeVar("Takes")
Gives = TypeVar("Gives")
Level = Literal["system", "type", "instance"]


@dataclass(frozen=True, slots=True)
class Operation(Generic[Takes, Gives]):
    """A FHIR operation ``$code``, typed in and out: frozen dataclasses, str, int, bool, Decimal, or resource structs.

    on: FHIR type, or ``*`` for the system level. of_one: may also be called at a resource, whose id is the parameter
    ``id``. definition: address of the OperationDefinition, when the standard has it. A field of *takes* whose
    ``metadata`` has a ``name`` is the parameter of that name (``system-version``).
    """

    code: str
    on: str
    takes: type[Takes]
    gives: type[Gives]
    level: Level = "type"
    affects_state: bool = True
    title: Text | None = None
    of_one: bool = False
    definition: str = ""


# By what a message goes out besides the page, where it always stands; in this order unless a kind says otherwise.
CHANNELS: Final = ("wechat", "mail", "sms", "voice")


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of message that a capability sends; templates hold ``{names}`` of parameters.

    text: what stands on the page. sms: what goes outside (WeChat, mail, phone), where anybody may see or hear it: it
    names only parameters of *outside*, none of which says anything of health. channels: in the order tried, as far as
    the recipient is reached by them. urgent: goes at night too, and
    beyond the daily limit. optional: the recipient may refuse to be sent it, and then finds it on the page only.
    """

    code: str
    title: Text
    text: Text
    sms: Text | None = None
    parameters: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    channels: tuple[str, ...] = CHANNELS
    urgent: bool = False
    optional: bool = False
    to: Literal["resident", "staff"] = "resident"
