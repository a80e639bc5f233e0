"""`xinglin terminology load`: one command takes the edition, and says what it found."""

from pathlib import Path

from tests.cli.test_commands import run
from tests.conftest import key_file

SYSTEM = "http://hl7.org/fhir/sid/icd-10-cn"


def test_an_edition_is_loaded_and_remarked_upon(national_dsn: str, tmp_path: Path) -> None:
    edition, remarks = tmp_path / "edition.csv", tmp_path / "remarks.csv"
    edition.write_text("主要编码,诊断名称\nI10,高血压(改名)\nI10.x00,原发性高血压\nI10.x00,重复\n", "utf-8")
    where = {"XINGLIN_DATABASE_URL": national_dsn, "XINGLIN_KEY_FILE": str(key_file())}
    options = ("--system", SYSTEM, "--version", "9", "--report", str(remarks))
    done = run("terminology", "load", str(edition), *options, **where)
    assert done.returncode == 0, done.stderr
    assert "3 rows" in done.stdout
    assert "1 twice" in done.stdout
    assert ",twice," in remarks.read_text("utf-8-sig")


def test_what_cannot_be_read_ends_with_the_reason(tmp_path: Path) -> None:
    edition = tmp_path / "edition.csv"
    edition.write_text("a,b\n1,2\n", "utf-8")
    wrong = run("terminology", "load", str(edition), "--system", SYSTEM, "--columns", "colour=a")
    assert wrong.returncode == 1
    assert "colour" in wrong.stderr
    day = run("terminology", "load", str(edition), "--system", SYSTEM, "--since", "tomorrow")
    assert day.returncode == 2
    assert "tomorrow" in day.stderr
