"""Editions in files: how they are read, what is said of them, and how they come beside those that stand here."""

import csv
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.store.terminology.checking import Coded, known
from xinglin.store.terminology.concepts import concept, find
from xinglin.store.terminology.editions import ICD9, ICD10, SHAPES, Edition, examine
from xinglin.store.terminology.loading import Wanted, examined, report, take
from xinglin.store.terminology.sheets import Line, lines, pairs
from xinglin.store.terminology.systems import system_of

HEAD = ("主要编码", "诊断名称", "英文名称")
ROWS = (
    ("I10", "原发性高血压", "Essential hypertension"),
    ("I10.x00", "特发性(原发性)高血压", ""),
    ("I10.x00x002", "高血压病", ""),
    ("I10.x00x002", "高血压病又一行", ""),
    ("J06.900", "急性上呼吸道感染(改名)", ""),
    ("I10x", "形状不对", ""),
    ("", "没有编码", ""),
    ("Z99.100", "", ""),
)


def quiet(_doing: str, _rows: int) -> None:
    """Tell nobody."""


def written(path: Path, rows: tuple[tuple[str, ...], ...] = ROWS, *, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows((("疾病分类代码国家临床版",), HEAD, *rows))
    return path


def workbook(path: Path) -> Path:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (("疾病分类代码国家临床版",), HEAD, *ROWS):
        sheet.append(row)
    book.save(path)
    return path


@pytest.fixture(scope="module")
async def door(national_dsn: str) -> AsyncIterator[Door]:
    store = await Store.open(national_dsn, connections=10, keys=key_store(), sql_timeout_ms=20_000)
    made = Door(store, create_registry(Settings()).rulebook)
    yield made
    await store.close()


@pytest.mark.parametrize("kind", ["utf-8", "gb18030", "xlsx"])
def test_a_file_is_read_whatever_its_form(tmp_path: Path, kind: str) -> None:
    path = workbook(tmp_path / "a.xlsx") if kind == "xlsx" else written(tmp_path / "a.csv", encoding=kind)
    read = list(lines(path))
    assert read[0] == Line(3, {"code": "I10", "name": "原发性高血压", "en": "Essential hypertension"})
    assert len(read) == len(ROWS)


def test_columns_are_named_by_the_user_when_they_are_called_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Schlüssel\tBezeichnung\nA00\tCholera\n", "utf-8")
    with pytest.raises(OutcomeError, match="headings"):
        list(lines(path))
    (read,) = lines(path, pairs(["code=Schlüssel,name=Bezeichnung"]))
    assert read.values == {"code": "A00", "name": "Cholera"}
    with pytest.raises(OutcomeError, match="names are"):
        pairs(["colour=x"])


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", b"no workbook"), ("a.csv", b"\xff\xfe\x81\x20\xff")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(OutcomeError):
        list(lines(path))


@pytest.mark.rule("ST-51")
@pytest.mark.parametrize("code", ["I10.x00", "I10.x00x002", "E11.900", "A17.000†", "G01.x*", "I10", "A00-A09", "XXII"])
def test_codes_of_diseases_have_the_shape_of_the_clinical_edition(code: str) -> None:
    assert SHAPES[ICD10].fullmatch(code)


@pytest.mark.rule("ST-51", "ST-53")
@pytest.mark.parametrize(
    ("url", "code"), [(ICD10, "i10.x00"), (ICD10, "I10.X00"), (ICD10, "I1.000"), (ICD9, "47.01000"), (ICD9, "4.01")]
)
def test_other_shapes_are_remarked(url: str, code: str) -> None:
    made = examine(url, [Line(2, {"code": code, "name": "x"})], {})
    assert [one.what for one in made.remarks if one.what == "shape"] == ["shape"]


@pytest.mark.rule("ST-53")
def test_codes_of_operations_stand_below_the_longer_of_their_beginnings() -> None:
    codes = ("47", "47.0", "47.0100", "47.0100x004", "36.0700x004")
    made = examine(ICD9, [Line(n, {"code": code, "name": code}) for n, code in enumerate(codes)], {})
    assert [one.parents for one in made.concepts] == [(), ("47",), ("47.0",), ("47.0100",), ()]
    assert [(one.code, one.what) for one in made.remarks] == [("36.0700x004", "parent-missing")]


async def edition(door: Door, wanted: Wanted) -> Edition:
    found = await examined(door.store, wanted, quiet)
    async with door.work(SYSTEM) as work:
        await take(work, wanted, found, quiet)
    return found


@pytest.mark.rule("ST-57")
async def test_an_edition_comes_beside_the_one_before(door: Door, tmp_path: Path) -> None:
    wanted = Wanted(written(tmp_path / "a.csv"), ICD10, date(2026, 12, 1), "test-3")
    found = await edition(door, wanted)
    assert (found.rows, found.count("twice"), found.count("code-missing"), found.count("name-missing")) == (8, 1, 1, 1)
    assert [one.code for one in found.remarks if one.what == "shape"] == ["I10x"]
    assert ("J06.900", "renamed") in {(one.code, one.what) for one in found.remarks}
    assert found.count("retired") > 3_000
    now = await system_of(door.store, ICD10)
    assert now is not None
    assert (now.version, now.concepts) == ("test-3", len(found.concepts))
    before = await system_of(door.store, ICD10, on=date(2026, 11, 1))
    assert before is not None
    assert before.version != "test-3"
    one = await concept(door.store, now, "I10.x00x002")
    assert one is not None
    assert one.parents == ("I10.x00",)
    # Chapters and blocks, which the file does not have, were taken over.
    assert [c.code for c in await find(door.store, "循环系统疾病", [now], count=1)] == ["IX"]
    verdicts = await known(
        door.store, [Coded(ICD10, "E11.900"), Coded(ICD10, "I10.x00x002", "高血压病")], date(2026, 11, 1)
    )
    assert verdicts[0].is_sound
    later = await known(door.store, [Coded(ICD10, "E11.900"), Coded(ICD10, "I10", "别的")], date(2026, 12, 2))
    assert [one.state for one in later] == ["unknown-code", "other-display"]


async def test_the_remarks_are_a_table_for_people(door: Door, tmp_path: Path) -> None:
    wanted = Wanted(written(tmp_path / "a.csv", (("I10", "=1+1", ""),)), ICD10, date(2026, 12, 1), "formula")
    text = report(await examined(door.store, wanted, quiet)).decode("utf-8-sig")
    assert text.splitlines()[0] == "row,code,what,said,before"
    assert "3,I10,renamed,'=1+1," in text


async def test_what_comes_with_the_platform_is_not_written_over(door: Door, tmp_path: Path) -> None:
    shipped = await system_of(door.store, "https://xinglin.health/fhir/CodeSystem/gbt-2261-1")
    assert shipped is not None
    wanted = Wanted(written(tmp_path / "a.csv"), shipped.url, date(2026, 12, 1), shipped.version)
    with pytest.raises(OutcomeError, match="another version"):
        await edition(door, wanted)
    with pytest.raises(OutcomeError, match="no address"):
        await examined(door.store, Wanted(wanted.path, "icd", date(2026, 12, 1)), quiet)
