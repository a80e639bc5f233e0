"""Run tests in the form of the official FHIRPath suite (http://hl7.org/fhirpath/tests.html)."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.etree import ElementTree as ET

import msgspec
from msgspec import Struct

from xinglin.fhir import xml
from xinglin.fhir.fhirpath import Environment, FhirPathError, evaluate
from xinglin.fhir.fhirpath.functions.conversion import text_of
from xinglin.fhir.fhirpath.nodes import Node, to_system
from xinglin.fhir.fhirpath.parser import parse
from xinglin.fhir.fhirpath.quantity import Quantity
from xinglin.fhir.fhirpath.scope import boolean
from xinglin.fhir.fhirpath.temporal import Date, DateTime, Time
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4 import RESOURCES

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what to evaluate on which input file, and what must come out.

    invalid: "", or the kind of error that must be raised. outputs: (type, text) of every item; the type may be "".
    """

    group: str
    name: str
    expression: str
    input: str
    invalid: str
    outputs: tuple[tuple[str, str], ...]
    predicate: bool
    strict: bool
    in_order: bool
    check_order: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How one test went; *fault* is empty when it passed."""

    case: Case
    fault: str


def cases(tests: bytes) -> Iterator[Case]:
    """Read the tests of a file. Raises FhirPathError when it is not well-formed XML, or declares entities."""
    # A zero byte means UTF-16, in which a declaration would not be seen here.
    if any(mark in tests for mark in (b"<!DOCTYPE", b"<!ENTITY", b"\x00")):
        raise FhirPathError("syntax", "The tests must be UTF-8 and declare no entities")
    try:
        top = ET.fromstring(tests)  # noqa: S314 -- no declarations of entities, as tested above
    except ET.ParseError as fault:
        raise FhirPathError("syntax", f"The tests are not XML: {fault}") from None
    for group in top.iter("group"):
        for test in group.iter("test"):
            yield _case(group.get("name", ""), test)


def _case(group: str, test: ET.Element) -> Case:
    expression = test.find("expression")
    return Case(
        group=group,
        name=test.get("name", ""),
        expression="" if expression is None else expression.text or "",
        input=test.get("inputfile", ""),
        invalid="" if expression is None else expression.get("invalid", ""),
        outputs=tuple((output.get("type", ""), output.text or "") for output in test.findall("output")),
        predicate=test.get("predicate") == "true",
        strict=test.get("mode") == "strict",
        in_order=test.get("ordered") != "false",
        check_order=test.get("checkOrderedFunctions") == "true",
    )


def run(tests: bytes, read_input: Read, *, now: datetime.datetime) -> list[Result]:
    """Run every test of a file. *read_input* returns the bytes of an input file, XML or JSON, by its name.

    now: what ``now()`` returns in every test.
    """
    inputs: dict[str, Struct | str] = {"": ""}
    found: list[Result] = []
    for case in cases(tests):
        if case.input not in inputs:
            inputs[case.input] = _input(case.input, read_input)
        given = inputs[case.input]
        if isinstance(given, str) and given:
            found.append(Result(case, given))
        else:
            found.append(Result(case, fault(case, given if isinstance(given, Struct) else None, now=now)))
    return found


def _input(name: str, read_input: Read) -> Struct | str:
    """Return an input file as a struct, or what is wrong with it."""
    try:
        return resource(read_input(name))
    except OSError as missing:
        return f"the input {name} can't be opened: {missing.strerror}"
    except OutcomeError as refused:
        return f"the input {name} can't be read: {refused}"


def resource(raw: bytes) -> Struct:
    """Read an input file, XML or JSON, into a struct; it need not be a valid resource."""
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        document: object = xml.read(raw)
    else:
        try:
            document = _DECODER.decode(raw)
        except msgspec.DecodeError as refused:
            raise FhirPathError("execution", f"The input is not JSON: {refused}") from None
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if not isinstance(kind, str) or kind not in RESOURCES:
        raise FhirPathError("execution", f"{kind} is not a type of resource")
    return _lenient(document, RESOURCES[kind])


_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


def _lenient(document: object, kind: type[Struct]) -> Struct:
    """Make a struct of a document whose arrays may hold nulls."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as refused:
        raise FhirPathError("execution", f"The input can't be read: {refused}") from None


def fault(case: Case, given: Struct | None, *, now: datetime.datetime) -> str:
    """Return what is wrong with the outcome of a test; "" when nothing is."""
    # Elements that don't exist are refused in every test: the suite expects it also where it doesn't say so.
    environment = Environment(now=now, strict=True, ordered=case.check_order)
    try:
        if case.invalid == "syntax":
            parse(case.expression)
        found = evaluate(case.expression, given, environment=environment)
        if case.predicate:
            found = [Node(boolean(found) is True, "System.Boolean")]
    except FhirPathError as refused:
        if case.invalid == "syntax":
            return (
                "" if refused.kind == "syntax" else f"expected a syntax error, found a {refused.kind} error: {refused}"
            )
        return "" if case.invalid else f"unexpected error: {refused}"
    if case.invalid:
        return f"expected an error ({case.invalid}), found {_shown(found)}"
    return _difference(case, found)


def _difference(case: Case, found: Sequence[Node]) -> str:
    if len(found) != len(case.outputs):
        return f"expected {len(case.outputs)} items, found {_shown(found)}"
    rest = list(found)
    for type_, expected in case.outputs:
        index = 0 if case.in_order else next((i for i, one in enumerate(rest) if matches(one, type_, expected)), 0)
        if not matches(rest[index], type_, expected):
            return f"expected {type_ or 'value'} {expected}, found {_shown(rest[index : index + 1])}"
        del rest[index]
    return ""


def matches(found: Node, type_: str, expected: str) -> bool:
    """Say whether a node is what an ``<output>`` names: its type, when one is given, and its value."""
    if type_ and type_.lower() not in _type_names(found):
        return False
    held = to_system(found)
    if held is None:
        return False
    value = held.value
    if isinstance(value, Date | DateTime | Time):
        return written(found) in {expected, f"@{expected}"} or (expected[:1] != "@" and text_of(found) == expected)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _same_number(Decimal(value), expected)
    if isinstance(value, Quantity):
        return str(value) == expected
    return text_of(found) == expected


def _same_number(value: Decimal, expected: str) -> bool:
    """Compare value and written precision; the sign of a zero does not count."""
    try:
        wanted = Decimal(expected)
    except InvalidOperation:
        return False
    return value == wanted and value.as_tuple().exponent == wanted.as_tuple().exponent


_SYSTEM_NAMES: Final = {"datetime": "dateTime"}


def _type_names(found: Node) -> set[str]:
    """Return the names, in lower case, that the suite may call the type of a node."""
    namespace, _, name = found.type.partition(".")
    held = to_system(found)
    names = {name.lower(), found.type.lower()}
    # The suite calls a code, an id or a uri a string, or by its name; a System value by the name of FHIR's like.
    if namespace == "FHIR" and held is not None:
        names.add(held.type.removeprefix("System.").lower())
    return names


def written(found: Node) -> str:
    """Return a date or time as the literal it is written as."""
    text = text_of(found) or ""
    held = to_system(found)
    return f"@T{text}" if held is not None and isinstance(held.value, Time) else f"@{text}"


def _shown(found: Sequence[Node]) -> str:
    return ", ".join(f"{one.type} {text_of(one) or one.value!r}" for one in found) or "nothing"
