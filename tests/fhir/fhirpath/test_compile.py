"""Compiled paths and predicates give what the interpreter gives, for every search parameter and invariant of R4."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from msgspec import Struct

from tests.fhir.fhirpath.patients import OBSERVATION, PATIENT
from tests.strategies.fhirpath import CONDITIONS, SETS
from xinglin.fhir.fhirpath import Environment, FhirPathError, interpreter, parse
from xinglin.fhir.fhirpath.compile import (
    _stand_in,
    compile_path,
    compile_predicate,
    compile_visits,
    is_compiled,
)
from xinglin.fhir.fhirpath.nodes import Node, children, members, root
from xinglin.fhir.fhirpath.references import target_type, type_of_reference
from xinglin.fhir.fhirpath.scope import boolean
from xinglin.fhir.r4 import RESOURCES, Reference
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.invariants import INVARIANTS
from xinglin.fhir.r4.parameters import PARAMETERS

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "fhir-r4-examples"
R4 = Environment(many_as=True, resolve=_stand_in)


@cache
def resources() -> list[Struct]:
    """Return our own resources, and the official examples where they are; each contained resource counts too."""
    found: list[Struct] = [PATIENT, OBSERVATION]
    for file in sorted(EXAMPLES.glob("*.json")):
        document = msgspec.json.decode(file.read_bytes())
        found.append(msgspec.convert(document, RESOURCES[document["resourceType"]]))
    return [one for resource in found for one in held(resource)]


def held(resource: Struct) -> Iterator[Struct]:
    yield resource
    for one in getattr(resource, "contained", None) or []:
        yield from held(one)
    for entry in getattr(resource, "entry", None) or []:
        if isinstance(getattr(entry, "resource", None), Struct):
            yield from held(entry.resource)


def interpreted(expression: str, resource: Struct) -> list[tuple[str, object]]:
    found = []
    for node in interpreter.run(parse(expression), root(resource), R4):
        if node.value is not None:
            name = node.type.partition(".")[2]
            found.append((name if node.type.startswith("FHIR") else name[0].lower() + name[1:], node.value))
    return found


def test_every_search_parameter_is_compiled() -> None:
    left = [
        (type_, parameter.code)
        for type_, parameters in PARAMETERS.items()
        for parameter in parameters.values()
        if parameter.expression and not is_compiled(parameter.expression, type_)
    ]
    assert left == []


def test_compiled_paths_agree_with_the_interpreter() -> None:
    selected = 0
    for resource in resources():
        type_ = type(resource).__name__
        for parameter in PARAMETERS[type_].values():
            if parameter.expression:
                found = compile_path(parameter.expression, type_)(resource)
                assert found == interpreted(parameter.expression, resource), (type_, parameter.code)
                selected += len(found)
    assert selected > 20


def test_the_parts_of_composites_agree_with_the_interpreter() -> None:
    for resource in resources():
        type_ = type(resource).__name__
        for parameter in PARAMETERS[type_].values():
            for node in (
                interpreter.run(parse(parameter.expression), root(resource), R4) if parameter.components else ()
            ):
                for _, expression in parameter.components:
                    kind = node.type.removeprefix("FHIR.")
                    context = Node(node.value, node.type)
                    expected = [one.value for one in interpreter.run(parse(expression), context, R4)]
                    assert isinstance(node.value, Struct)
                    assert [value for _, value in compile_path(expression, kind)(node.value)] == expected


def visited(expressions: dict[str, str], resource: Struct) -> list[tuple[str, str, object]]:
    """Select by all expressions at once: (key, FHIR type, value)."""
    found: list[tuple[str, str, object]] = []

    def visit(key: str) -> Callable[[list[tuple[str, str, object]], str, object], None]:
        return lambda draft, kind, value: draft.append((key, kind, value))

    visits = [(expression, visit(key)) for key, expression in expressions.items()]
    compile_visits(visits, type(resource).__name__)(found, resource)
    return found


def test_all_parameters_at_once_give_the_same() -> None:
    for resource in resources():
        type_ = type(resource).__name__
        expressions = {p.code: p.expression for p in PARAMETERS[type_].values() if p.expression}
        together = visited(expressions, resource)
        for code, expression in expressions.items():
            alone = compile_path(expression, type_)(resource)
            assert [pair for pair in alone if (code, *pair) not in together] == []
            assert all(tuple(pair) in alone for key, *pair in together if key == code)


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.name[0].given",
        "Patient.name.tail().given",
        "Patient.name.given | Patient.name.given",
        "Patient.name | Patient.contact.name | Patient.name",
        "Patient.birthDate.extension.value",
        "Patient.contained",
        "Patient.contained.id",
        "Patient.contained.where($this is Organization)",
        "Patient.active and Patient.deceased",
        "Patient.gender = 'male'",
        "Patient.multipleBirth is integer",
        "Patient.name.where(use.exists()).exists()",
        "(Patient.deceased as boolean)",
        "Patient.deceased.as(dateTime)",
        "Patient.telecom.select(value)",
        "Patient.generalPractitioner.where(resolve() is Organization).reference",
        "Observation.code",
        "Patient.name.given.count()",
        "Patient.name.first().use",
        "Patient.name.given[1]",
    ],
)
def test_a_path_agrees_with_the_interpreter(expression: str) -> None:
    assert compile_path(expression, "Patient")(PATIENT) == interpreted(expression, PATIENT)


def test_a_parameter_that_cannot_be_compiled_is_interpreted() -> None:
    expression = "Patient.descendants().ofType(date)"
    assert not is_compiled(expression, "Patient")
    assert compile_path(expression, "Patient")(PATIENT) == [("date", "1974-12-25")]
    assert visited({"d": expression}, PATIENT) == [("d", "date", "1974-12-25")]


def places(node: Node) -> Iterator[str]:
    """Yield the keys of INVARIANTS that hold for *node*: its type and bases, and the element it stands under."""
    name: str | None = node.type.removeprefix("FHIR.")
    while name is not None:
        yield name
        name = TYPES[name].base if name in TYPES else None
    if node.parent is not None:
        owner = node.parent.type.removeprefix("FHIR.")
        yield from (f"{owner}.{name}" for name, ways in members(owner).items() if node.name in {w.json for w in ways})


def below(node: Node) -> Iterator[Node]:
    yield node
    for one in children(node):
        yield from below(one)


def outcome(expression: str, resource: Struct, node: Node) -> bool | str:
    try:
        context = None if node.parent is None else Node(node.value, node.type)
        return boolean(interpreter.run(parse(expression), root(resource), R4, context)) is True
    except FhirPathError as refused:
        return str(refused)


def compiled(expression: str, resource: Struct, node: Node) -> bool | str:
    try:
        return compile_predicate(expression, node.type.removeprefix("FHIR."))(resource, node.value)
    except FhirPathError as refused:
        return str(refused)


def test_compiled_invariants_agree_with_the_interpreter() -> None:
    asked: set[str] = set()
    for resource in resources():
        for node in below(root(resource)):
            if node.value is None or node.resource is None or node.resource.value is not resource:
                continue
            for invariant in (one for place in places(node) for one in INVARIANTS.get(place, ())):
                asked.add(invariant.key)
                expected = outcome(invariant.expression, resource, node)
                assert compiled(invariant.expression, resource, node) == expected, (node.location, invariant.key)
    assert len(asked) > 10


@pytest.mark.parametrize(
    "expression",
    [
        "name.exists() and gender = 'male'",
        "name.given.count() = 3",
        "name.where(use = 'official').given.first() = '明'",
        "name.all(given.exists()) implies active",
        "birthDate.hasValue() and birthDate > @1970-01-01",
        "telecom.value.isDistinct()",
        "telecom[0].system in ('phone' | 'email')",
        "gender in ('male' | 'female')",
        "contact.gender != 'female'",
        "deceased = false",
        "deceased != true",
        "multipleBirth > 1 xor deceased",
        "multipleBirth is integer",
        "managingOrganization.resolve() is Organization",
        "generalPractitioner.where(resolve() is Practitioner).exists()",
        "generalPractitioner[1].resolve() is Organization",
        "contained.ofType(Organization).name.startsWith('焦作')",
        "contained.id = 'org'",
        "name.tail().exists()",
        "name.first().use = 'official' and name[1].use = 'nickname'",
        "birthDate.extension('http://example.org/birth-time').exists()",
        "name.period.start <= name.period.end",
        "nothing.empty()",
        "gender.matches('^m') and gender.contains('al') and gender.endsWith('e')",
        "(name | contact).exists()",
        "{}",
        "%resource.gender = 'male'",
        "telecom.where(rank > 0).value = 'li@example.org'",
        "active",
        "name.select(use).isDistinct()",
        "name.exists(use = 'official' and given.exists())",
        "gender.hasValue() and name.hasValue().not()",
        "contained.is(Organization)",
        "contained.first() is DomainResource",
        "contained.where($this is Organization).exists()",
        "contained.ofType(DomainResource).id = 'org'",
        "contained.name.exists()",
        "contained.meta.exists() or contained.id.exists()",
        "managingOrganization.exists(resolve() is Organization)",
        "name.where(family.upper() = '李').exists()",
        "name.where(family.upper() = '李').given.exists()",
        "name.all(family.upper().exists()).not()",
        "birthDate.id.empty()",
        "birthDate.nothing.empty()",
        "name.given.id.empty()",
        "name.given.extension.empty()",
        "multipleBirth + 1 > 2",
        "name.count() - telecom.count() = 0",
        "1 < 2 and 'a' = gender.not()",
        "'male' = gender",
        "gender = contact[0].gender",
        "birthDate = @1974-12-25",
        "birthDate >= @1974",
        "multipleBirth.exists() = active",
        "deceased.exists() != false",
        "active = (gender = 'male')",
        "(name | contact).first().exists()",
        "contact.skip(1).empty()",
        "Encounter.status = 'planned'",
        "Nonesuch.empty()",
        "name.period",
        "name[0].period",
        "name[1].period = name[1].period",
        "name[1].period.start",
        "'a'.matches('a') and gender.matches(gender)",
        "%sct = 'http://snomed.info/sct'",
        "%rootResource.gender = 'male'",
        "extension('http://example.org/e').value.exists()",
        "name.given.where($this = 'Ming').exists() and name.given.trace('a').exists()",
        "multipleBirth in ('a' | 'b') or gender in (1 | 2)",
        "gender in name.use",
        "name.select(given | family).isDistinct()",
        "(name.use | name.family).isDistinct()",
        "name.period.isDistinct()",
        "deceased is System.Boolean",
        "name[0] is HumanName",
        "telecom is ContactPoint",
        "iif(active, true, false)",
        "descendants().where($this = 'Ming').exists()",
        "photo.descendants().isDistinct()",
        "id.toString() = 'li'",
        "true",
    ],
)
def test_a_predicate_agrees_with_the_interpreter(expression: str) -> None:
    node = root(PATIENT)
    assert compiled(expression, PATIENT, node) == outcome(expression, PATIENT, node)


@settings(max_examples=200, deadline=None)
@given(expression=CONDITIONS | SETS)
def test_a_random_predicate_agrees_with_the_interpreter(expression: str) -> None:
    node = root(PATIENT)
    assert compiled(expression, PATIENT, node) == outcome(expression, PATIENT, node)


@settings(max_examples=200, deadline=None)
@given(expression=SETS)
def test_a_random_path_agrees_with_the_interpreter(expression: str) -> None:
    try:
        expected = interpreted(expression, PATIENT)
    except FhirPathError:
        with pytest.raises(FhirPathError):
            compile_path(expression, "Patient")(PATIENT)
    else:
        assert compile_path(expression, "Patient")(PATIENT) == expected


@pytest.mark.parametrize("expression", ["telecom.system in ('phone' | 'email')", "name and active", "gender > 1"])
def test_a_predicate_refuses_what_the_interpreter_refuses(expression: str) -> None:
    with pytest.raises(FhirPathError):
        compile_predicate(expression, "Patient")(PATIENT, PATIENT)


def test_an_empty_result_does_not_hold() -> None:
    assert compile_predicate("photo.title = 'a'", "Patient")(PATIENT, PATIENT) is False


def test_a_context_within_the_resource() -> None:
    holds = compile_predicate("family.exists() and %resource.gender = 'male'", "HumanName")
    assert isinstance(PATIENT, RESOURCES["Patient"])
    names = getattr(PATIENT, "name", [])
    assert [compile_predicate("family.exists()", "HumanName")(PATIENT, name) for name in names] == [True, False]
    assert holds(PATIENT, names[0]) is True


def test_a_decimal_keeps_its_digits() -> None:
    assert compile_path("Observation.value.value", "Observation")(OBSERVATION) == [("decimal", Decimal("72.50"))]
    assert str(compile_path("Observation.value.value", "Observation")(OBSERVATION)[0][1]) == "72.50"


@pytest.mark.parametrize(
    ("reference", "type_"),
    [
        ("Patient/1", "Patient"),
        ("http://example.org/fhir/Patient/1", "Patient"),
        ("http://example.org/fhir/Patient/1/_history/2", "Patient"),
        ("Patient/1/_history/2", "Patient"),
        ("urn:uuid:79a14950-442c-11ed-b878-0242ac120002", None),
        ("#a", None),
        ("Nonesuch/1", None),
        ("Patient", None),
        ("http://example.org/Patient/1/more", None),
        ("", None),
    ],
)
def test_the_type_that_a_reference_names(reference: str, type_: str | None) -> None:
    assert type_of_reference(reference) == type_


def test_the_type_of_a_target_that_its_text_does_not_name() -> None:
    assert target_type(Reference(reference="#org"), PATIENT) == "Organization"
    assert target_type(Reference(reference="urn:oid:1.2", type="Patient"), PATIENT) == "Patient"
    assert target_type(Reference(display="someone"), PATIENT) is None
