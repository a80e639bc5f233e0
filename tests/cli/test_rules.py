"""`xinglin rules` prints the list for a reader and for a program."""

import json

from typer.testing import CliRunner

from xinglin.cli.commands import app


def said(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["rules", *arguments])
    assert done.exit_code == status, done.output
    return done.output


def test_a_rule_says_where_it_is_enforced_and_which_test_shows_it() -> None:
    text = said("--section", "6.1")
    assert "R6-001" in text
    assert "enforced  xinglin.security.identifiers:person_check" in text
    assert "tests/security/test_identifiers.py::" in text


def test_open_rules_say_why() -> None:
    lines = said("--open").splitlines()
    assert any(line.startswith("R3-036") for line in lines)
    assert "open" in lines[1]
    assert not any("enforced  " in line for line in lines)
    assert lines[-1].endswith("open.")


def test_a_program_gets_one_object_a_rule() -> None:
    rows = [json.loads(line) for line in said("--json", "--section", "A.9").splitlines()]
    assert len(rows) == 13
    assert {"id", "section", "what", "source", "tag", "enforced", "shown"} <= rows[0].keys()


def test_an_unknown_section_is_an_error() -> None:
    assert "No rule" in said("--section", "99", status=1)
