"""A table is compared with the directory, applied, applied again to no effect, and undone."""

from collections import Counter
from typing import Any

import pytest

from tests.capabilities.access.ward import open_door, put
from tests.capabilities.directory.people import COMMISSION, KEEPER, OTHER, RECORDS, card, credit_code
from xinglin.capabilities.directory.operations import importing
from xinglin.capabilities.directory.operations.files import lines, template
from xinglin.capabilities.directory.operations.importing import Row
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.export import table_of

DEPARTMENTS = "科室代码,科室名称,联系电话\n03.04,心内科,0391-1\n信息科(中心),,\n没有的科,,\n信息科(中心),,\n".encode()
STAFF = f"""姓名,身份证号,岗位,科室,职称,职称级别
王建国,{card(123)},医师,,主任医师,正高级
孙药师,{card(130)},药师,,主管药师,中级
李某,{card(124)},护士,,,
,123,仙人,,,
""".encode("gb18030")


@pytest.fixture
async def door(store: Store) -> Door:
    door, _ = open_door(store)
    await put(door, *RECORDS)
    return door


async def upload(door: Door, kind: str, content: bytes, who: Principal = KEEPER, name: str = "t.csv") -> str:
    async with door.work(who) as work:
        return await importing.keep(work, kind, name, content)


async def preview(door: Door, kind: str, content: bytes, of: str = "Organization/renmin") -> list[Row]:
    async with door.work(KEEPER) as work:
        return [row async for row in importing.plan(work, kind, of, lines(kind, "t.csv", content))]


async def apply(door: Door, id: str, who: Principal = KEEPER) -> None:
    async with door.work(who) as work:
        await importing.apply(work, id)


async def task(door: Door, id: str) -> dict[str, Any]:
    made: dict[str, Any] = document_of((await door.auto(SYSTEM).read("Task", id)).body())
    return made


async def count(door: Door, type: str, **asked: str) -> int:
    return await door.auto(SYSTEM).count(type, **asked)


async def test_a_preview_says_what_is_new_changed_and_faulty(door: Door) -> None:
    rows = await preview(door, "departments", DEPARTMENTS)
    assert [row.state for row in rows] == ["changed", "new", "faulty", "faulty"]
    assert [(field.name, before, after) for field, before, after in rows[0].changes] == [
        ("name", "心血管内科", "心内科"),
        ("phone", "", "0391-1"),
    ]
    assert [[issue.key for issue in row.faults] for row in rows] == [[], [], ["field-code"], ["import-twice"]]
    assert [row.number for row in rows] == [2, 3, 4, 5]
    assert await count(door, "Organization", name="信息") == 0  # a look changes nothing


async def test_staff_are_told_by_number_and_role(door: Door) -> None:
    rows = await preview(door, "staff", STAFF)
    assert [row.state for row in rows] == ["unchanged", "new", "faulty", "faulty"]
    assert [issue.key for issue in rows[2].faults] == ["staff-name"]
    assert {issue.where for issue in rows[3].faults} == {"name", "card", "role"}


async def test_what_was_applied_once_changes_nothing_again(door: Door) -> None:
    id = await upload(door, "staff", STAFF)
    await apply(door, id)
    made = await task(door, id)
    assert made["status"] == "completed"
    assert importing.counted(made) == {"faulty": 2, "new": 1, "changed": 0, "unchanged": 1, "done": 4}
    assert await count(door, "Practitioner", name="孙药师") == 1
    with pytest.raises(OutcomeError):
        await apply(door, id)
    again = await upload(door, "staff", STAFF)
    await apply(door, again)
    assert importing.counted(await task(door, again))["unchanged"] == 2
    assert await count(door, "PractitionerRole", organization="Organization/renmin") == 3


async def test_an_import_is_undone_but_for_what_was_changed_since(door: Door) -> None:
    id = await upload(door, "departments", DEPARTMENTS)
    await apply(door, id)
    assert await count(door, "Organization", name="心内科", active="true") == 1
    async with door.work(KEEPER) as work:
        await importing.undo(work, id)
    assert await count(door, "Organization", name="心内科") == 0
    assert await count(door, "Organization", name="信息", active="true") == 0
    assert (await task(door, id))["status"] == "cancelled"


async def test_another_institution_sees_and_applies_nothing_of_it(door: Door) -> None:
    id = await upload(door, "departments", DEPARTMENTS)
    with pytest.raises(OutcomeError) as error:
        await apply(door, id, OTHER)
    assert error.value.status == 404
    for who in (OTHER, COMMISSION):
        async with door.work(who) as work:
            with pytest.raises(OutcomeError):
                await importing.undo(work, id)


async def test_a_long_import_goes_on_in_parts_that_may_run_twice(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 1)
    monkeypatch.setattr(importing, "PART", 2)
    id = await upload(door, "departments", DEPARTMENTS)
    await apply(door, id)
    assert (await task(door, id))["status"] == "in-progress"
    for start in (0, 0, 2):
        async with door.work(SYSTEM) as work:
            await importing.apply_part(work, id, start)
    made = await task(door, id)
    assert (made["status"], importing.counted(made)["done"]) == ("completed", 4)
    assert await count(door, "Organization", name="信息") == 1


async def test_what_stands_twice_in_a_file_is_told_across_its_parts(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PART", 2)
    monkeypatch.setattr(importing, "AT_ONCE", 1)
    table = "科室代码,科室名称\n03.04,甲\n,无码\n03.04,乙\n03.04,丙\n".encode()
    shown = Counter(row.state for row in await preview(door, "departments", table))
    id = await upload(door, "departments", table)
    await apply(door, id)
    for start in (0, 2):
        async with door.work(SYSTEM) as work:
            await importing.apply_part(work, id, start)
    made = importing.counted(await task(door, id))
    assert {name: made[name] for name in shown} == shown == {"changed": 1, "faulty": 3}
    assert await count(door, "Organization", name="甲") == 1


async def test_institutions_come_from_the_commission(door: Door) -> None:
    heads = "机构名称,统一社会信用代码,机构类别,区县,地址\n"
    content = (heads + f"焦作市第五人民医院,{credit_code(51574321)},综合医院,山阳区,人民路\n").encode()
    with pytest.raises(OutcomeError):
        await apply(door, await upload(door, "institutions", content))
    await apply(door, await upload(door, "institutions", content, COMMISSION), COMMISSION)
    assert await count(door, "Organization", name="焦作市第五人民医院") == 1


def test_a_template_is_read_back() -> None:
    for kind in ("departments", "staff", "institutions"):
        for language in ("zh", "en"):
            assert lines(kind, "t.xlsx", template(kind, language)) == []


def test_a_workbook_is_read_like_a_text() -> None:
    table = table_of("xlsx", "科室", ["科室代码", "科室名称"])
    table.add(["03.04", "心内科"])
    (line,) = lines("departments", "t.xlsx", table.done())
    assert line.values == {"code": "03.04", "name": "心内科"}


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("t.xlsx", b"PK\x03\x04nothing", "table-unreadable"),
        ("t.csv", b"\xff\xff\xff", "table-encoding"),
        ("t.csv", b"a,b\n1,2\n", "table-headings"),
        ("t.csv", "姓名,岗位\n王,医师\n".encode(), "table-columns"),
        ("t.csv", b"", "table-headings"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(name: str, content: bytes, key: str) -> None:
    with pytest.raises(OutcomeError) as error:
        lines("staff", name, content)
    assert (error.value.issues[0].key, error.value.status) == (key, 422)
