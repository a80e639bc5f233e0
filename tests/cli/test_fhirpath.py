import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xinglin.cli.commands import app

PATIENT = (
    '{"resourceType": "Patient", "id": "a", "active": true, "name": [{"given": ["明"]}], "birthDate": "1974-12-25"}'
)
XML = '<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="1.50"/></valueQuantity></Observation>'
TESTS = """<tests><group name="g">
<test name="one" inputfile="patient.xml"><expression>id</expression><output type="id">a</output></test>
<test name="two" inputfile="patient.xml"><expression>id</expression><output type="id">%s</output></test>
</group></tests>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "patient.json").write_text(PATIENT)
    (tmp_path / "observation.xml").write_text(XML)
    (tmp_path / "good.xml").write_text(TESTS % "a")
    (tmp_path / "bad.xml").write_text(TESTS % "b")
    return tmp_path


def run(*arguments: object, given: str = "") -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["fhirpath", *map(str, arguments)], input=given)
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_each_result_is_a_line_with_type_and_value(folder: Path) -> None:
    code, lines, _ = run("id | active | birthDate | name", folder / "patient.json")
    assert code == 0
    assert [json.loads(line) for line in lines] == [
        {"type": "id", "value": "a"},
        {"type": "boolean", "value": True},
        {"type": "date", "value": "1974-12-25"},
        {"type": "HumanName", "value": {"given": ["明"]}},
    ]


def test_xml_and_several_files_and_digits(folder: Path) -> None:
    code, lines, _ = run("value.value | id", folder / "observation.xml", folder / "patient.json")
    assert (code, lines) == (0, ['{"type":"decimal","value":1.50}', '{"type":"id","value":"a"}'])


def test_standard_input_and_no_input() -> None:
    assert run("id", "-", given=PATIENT)[1] == ['{"type":"id","value":"a"}']
    assert run("1 + 1")[1] == ['{"type":"integer","value":2}']


def test_a_suite_that_passes(folder: Path) -> None:
    assert run("--suite", folder / "good.xml")[:2] == (0, ["2 of 2 passed"])


def test_a_suite_that_fails_names_the_failure(folder: Path) -> None:
    code, lines, _ = run("--suite", folder / "bad.xml")
    assert code == 1
    assert lines[0].startswith("FAIL g/two")
    assert lines[1:] == ["1 of 2 passed"]


@pytest.mark.parametrize("arguments", [("name.",), ("id", "missing.json"), ("--suite", "missing.xml"), ("1 + 'a'",)])
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...]) -> None:
    code, lines, said = run(*arguments)
    assert (code, lines) == (1, [])
    assert said
