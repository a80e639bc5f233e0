import datetime

import pytest

from xinglin.fhir.fhirpath import FhirPathError, suite

NOW = datetime.datetime(2026, 11, 22, 8, 30, tzinfo=datetime.UTC)
PATIENT = b'{"resourceType": "Patient", "id": "a", "birthDate": "1974-12-25", "gender": "male"}'


def read(name: str) -> bytes:
    if name != "patient.json":
        raise FileNotFoundError(2, "No such file", name)
    return PATIENT


def faults(*tests: str) -> list[str]:
    document = f"<tests><group name='g'>{''.join(tests)}</group></tests>".encode()
    return [result.fault for result in suite.run(document, read, now=NOW)]


def case_of(expression: str, *outputs: str, attributes: str = "", of_expression: str = "") -> str:
    return (
        f"<test name='t' inputfile='patient.json' {attributes}><expression {of_expression}>{expression}</expression>"
        f"{''.join(outputs)}</test>"
    )


def test_what_is_expected_passes() -> None:
    assert (
        faults(
            case_of("birthDate", "<output type='date'>@1974-12-25</output>"),
            case_of("gender", "<output type='code'>male</output>"),
            case_of("1.50", "<output type='decimal'>1.50</output>"),
            case_of("3 'mg'", "<output type='Quantity'>3 'mg'</output>"),
            case_of("id | gender", "<output>male</output>", "<output>a</output>", attributes="ordered='false'"),
            case_of("id", "<output type='boolean'>true</output>", attributes="predicate='true'"),
            case_of("id +", of_expression="invalid='syntax'"),
            case_of("id.nothing", of_expression="invalid='semantic'"),
            case_of("id + 1", of_expression="invalid='execution'"),
            case_of("{}"),
        )
        == [""] * 10
    )


@pytest.mark.parametrize(
    "case",
    [
        case_of("birthDate", "<output type='date'>@1974-12-26</output>"),
        case_of("birthDate", "<output type='dateTime'>@1974-12-25</output>"),
        case_of("1.5", "<output type='decimal'>1.50</output>"),
        case_of("id | gender", "<output>male</output>", "<output>a</output>"),
        case_of("id"),
        case_of("{}", "<output type='boolean'>true</output>"),
        case_of("id", of_expression="invalid='syntax'"),
        case_of("id.nothing", of_expression="invalid='syntax'"),
        case_of("id", of_expression="invalid='execution'"),
        case_of("id + 1", "<output>a1</output>"),
        "<test name='t' inputfile='missing.json'><expression>1</expression><output>1</output></test>",
    ],
)
def test_what_is_not_expected_is_a_fault(case: str) -> None:
    assert all(faults(case))


@pytest.mark.parametrize(
    "raw",
    [b"{", b"<a", b"[]", b'{"resourceType": "Nonesuch"}', b'{"resourceType": "Patient", "active": 1}', b"",
     b"<Patient xmlns='http://hl7.org/fhir'><nonesuch/></Patient>"],
)  # fmt: skip
def test_an_input_that_cannot_be_read_is_a_fault_of_its_tests(raw: bytes) -> None:
    tests = b"<tests><group><test inputfile='a'><expression>1</expression><output>1</output></test></group></tests>"
    found = suite.run(tests, lambda _: raw, now=NOW)
    assert ["can't be read" in result.fault for result in found] == [True]


def test_what_is_not_xml_is_refused() -> None:
    with pytest.raises(FhirPathError):
        suite.run(b"<tests>", read, now=NOW)


def test_entities_are_refused() -> None:
    with pytest.raises(FhirPathError):
        suite.run("<!DOCTYPE t [<!ENTITY a 'b'>]><tests>&a;</tests>".encode("utf-16"), read, now=NOW)
    with pytest.raises(FhirPathError):
        suite.run(b"<!DOCTYPE t [<!ENTITY a 'b'>]><tests>&a;</tests>", read, now=NOW)
