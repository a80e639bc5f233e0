"""What others may rely on: the terminology operations as typed values, and the addresses of the pages."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from xinglin.fhir.declarations import Operation, Text
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding
from xinglin.fhir.r4.resources import CodeSystem, ConceptMap, Parameters, ValueSet
from xinglin.registry import Portal
from xinglin.security.accounts import RESIDENT_ROLES, STAFF_ROLES

STANDARD: Final = "http://hl7.org/fhir/OperationDefinition/"

DICTIONARY: Final = "/terminology"
CONCEPT: Final = "/terminology/concept"
PICK: Final = "/terminology/pick"
LOAD: Final = "/terminology/load"
# Examines or takes a large file; drops old ones.
LOADING: Final = "terminology.load"
FORGETTING: Final = "terminology.forget-files"


# Whoever works here looks words up; whoever fills in a form picks codes.
READERS: Final = frozenset({*STAFF_ROLES, "developer"})
# An edition counts for every institution, so the commission keeps it.
KEEPERS: Final = frozenset({"regulator", "developer"})
DICTIONARY_PORTAL: Final = Portal("terminology", DICTIONARY, READERS, Text("术语字典", "Terminology"))
PICKING: Final = Portal(
    "picking", PICK, READERS | frozenset(RESIDENT_ROLES), Text("选择代码", "Pick a code"), part_of=DICTIONARY_PORTAL
)


def concept_address(system: str, code: str, version: str = "") -> str:
    """Give the page of one concept."""
    asked = {"system": system, "code": code} | ({"version": version} if version else {})
    return f"{CONCEPT}?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Expand:
    """What an expansion takes (http://hl7.org/fhir/R4/valueset-operation-expand.html).

    id: of a ValueSet here, when it is called at one. date: the day on which codes count. count: negative for all.
    """

    id: str = ""
    url: str = ""
    value_set: ValueSet | None = None
    value_set_version: str = ""
    filter: str = ""
    date: str = ""
    offset: int = 0
    count: int = -1
    include_designations: bool = False
    include_definition: bool = False
    active_only: bool = False
    exclude_nested: bool = True
    exclude_not_for_u_i: bool = field(default=False, metadata={"name": "excludeNotForUI"})
    display_language: str = ""
    system_version: tuple[str, ...] = field(default=(), metadata={"name": "system-version"})


@dataclass(frozen=True, slots=True)
class ValidateInSet:
    """Whether a value set holds a code (http://hl7.org/fhir/R4/valueset-operation-validate-code.html)."""

    id: str = ""
    url: str = ""
    value_set: ValueSet | None = None
    value_set_version: str = ""
    code: str = ""
    system: str = ""
    system_version: str = ""
    display: str = ""
    coding: Coding | None = None
    codeable_concept: CodeableConcept | None = None
    date: str = ""
    abstract: bool = True
    display_language: str = ""


@dataclass(frozen=True, slots=True)
class ValidateInSystem:
    """Whether a code system has a code (http://hl7.org/fhir/R4/codesystem-operation-validate-code.html)."""

    id: str = ""
    url: str = ""
    code_system: CodeSystem | None = None
    code: str = ""
    version: str = ""
    display: str = ""
    coding: Coding | None = None
    codeable_concept: CodeableConcept | None = None
    date: str = ""
    abstract: bool = True
    display_language: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is known of a code (http://hl7.org/fhir/R4/codesystem-operation-lookup.html). property: only these."""

    code: str = ""
    system: str = ""
    version: str = ""
    coding: Coding | None = None
    date: str = ""
    display_language: str = ""
    property: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subsumes:
    """Whether one code stands above another (http://hl7.org/fhir/R4/codesystem-operation-subsumes.html)."""

    id: str = ""
    code_a: str = ""
    code_b: str = ""
    system: str = ""
    version: str = ""
    coding_a: Coding | None = None
    coding_b: Coding | None = None


@dataclass(frozen=True, slots=True)
class Translate:
    """What a code is in another system (http://hl7.org/fhir/R4/conceptmap-operation-translate.html).

    source, target: value sets; targetsystem: a code system. reverse: from the target's side.
    """

    id: str = ""
    url: str = ""
    concept_map: ConceptMap | None = None
    concept_map_version: str = ""
    code: str = ""
    system: str = ""
    version: str = ""
    source: str = ""
    coding: Coding | None = None
    codeable_concept: CodeableConcept | None = None
    target: str = ""
    targetsystem: str = ""
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """A transitive closure that grows (http://hl7.org/fhir/R4/conceptmap-operation-closure.html).

    Without concepts and version it begins anew; with a version it tells again what came after that version.
    """

    name: str
    concept: tuple[Coding, ...] = ()
    version: str = ""


EXPAND: Final = Operation(
    "expand", "ValueSet", Expand, ValueSet,
    affects_state=False, title=Text("展开值集", "Expand a value set"), of_one=True,
    definition=f"{STANDARD}ValueSet-expand",
)  # fmt: skip
VALIDATE_IN_SET: Final = Operation(
    "validate-code", "ValueSet", ValidateInSet, Parameters,
    affects_state=False, title=Text("校验代码", "Validate a code"), of_one=True,
    definition=f"{STANDARD}ValueSet-validate-code",
)  # fmt: skip
VALIDATE_IN_SYSTEM: Final = Operation(
    "validate-code", "CodeSystem", ValidateInSystem, Parameters,
    affects_state=False, title=Text("校验代码", "Validate a code"), of_one=True,
    definition=f"{STANDARD}CodeSystem-validate-code",
)  # fmt: skip
LOOKUP: Final = Operation(
    "lookup", "CodeSystem", Lookup, Parameters,
    affects_state=False, title=Text("查询代码", "Look up a code"), definition=f"{STANDARD}CodeSystem-lookup",
)  # fmt: skip
SUBSUMES: Final = Operation(
    "subsumes", "CodeSystem", Subsumes, Parameters,
    affects_state=False, title=Text("比较代码", "Compare two codes"), of_one=True,
    definition=f"{STANDARD}CodeSystem-subsumes",
)  # fmt: skip
TRANSLATE: Final = Operation(
    "translate", "ConceptMap", Translate, Parameters,
    affects_state=False, title=Text("转换代码", "Translate a code"), of_one=True,
    definition=f"{STANDARD}ConceptMap-translate",
)  # fmt: skip
CLOSURE: Final = Operation(
    "closure", "*", Close, ConceptMap,
    level="system", title=Text("传递闭包", "Maintain a closure"), definition=f"{STANDARD}ConceptMap-closure",
)  # fmt: skip
