"""Start pages and lists of the portals: what each role finds there, and that it is theirs alone."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.capabilities.portals.town import town
from xinglin.capabilities.portals.pages.commission import KINDS, codes_of, districts
from xinglin.capabilities.portals.pages.visits import acted_for
from xinglin.security.principal import Principal


@pytest.fixture(scope="module")
async def client(postgres_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    async with town(postgres_dsn) as made:
        yield made


async def seen(client: httpx.AsyncClient, role: str, path: str) -> str:
    answer = await client.get(path, headers={"x-who": role})
    assert answer.status_code == 200, (answer.status_code, answer.text[-1500:])
    return answer.text


def figure(text: str, name: str) -> int:
    """Give the number above a name on a page."""
    found = re.search(rf"<b[^>]*>([\d,]+)</b>{name}</a>", text)
    assert found is not None, name
    return int(found[1].replace(",", ""))


def rows(text: str) -> int:
    return text.count("<tr>") - 1


@pytest.mark.parametrize(
    ("role", "start"),
    [
        ("resident", "/my"),
        ("guardian", "/my"),
        ("physician", "/clinic"),
        ("receptionist", "/institution"),
        ("system-admin", "/institution"),
        ("regulator", "/commission"),
    ],
)
async def test_the_root_leads_everybody_to_their_work_and_nobody_to_others(
    client: httpx.AsyncClient, role: str, start: str
) -> None:
    answer = await client.get("/", headers={"x-who": role})
    assert (answer.status_code, answer.headers["location"]) == (303, start)
    for other in {"/my", "/clinic", "/institution", "/commission"} - {start}:
        assert (await client.get(other, headers={"x-who": role})).status_code == 404


async def test_a_start_page_asks_a_visitor_to_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/clinic")
    assert answer.headers["location"] == "/login?back=%2Fclinic"


async def test_a_physician_starts_with_the_day(client: httpx.AsyncClient) -> None:
    text = await seen(client, "physician", "/clinic")
    assert figure(text, "今日预约") == 1
    assert figure(text, "在诊患者") == 1
    assert 'href="/patients/zs"' in text
    assert "咳嗽" in text
    assert "10:00" in text
    assert "山阳医院" in text  # whom one acts for


async def test_the_figures_lead_to_the_cases_behind_them(client: httpx.AsyncClient) -> None:
    day = await seen(client, "physician", "/clinic/today")
    assert (rows(day), "张三" in day) == (1, True)
    cases = await seen(client, "physician", "/clinic/patients")
    assert (rows(cases), "张三" in cases) == (1, True)
    assert rows(await seen(client, "physician", "/clinic/patients?status=finished")) == 1
    # The child's visit ended long ago: that relation is over, and what it let one see with it.
    assert rows(await seen(client, "physician", "/clinic/patients?status=")) == 2


async def test_a_nurse_sees_the_house(client: httpx.AsyncClient) -> None:
    text = await seen(client, "nurse", "/clinic")
    assert figure(text, "在诊患者") == 1
    assert "今日预约" not in text


async def test_a_card_that_fails_leaves_the_others_standing(client: httpx.AsyncClient) -> None:
    text = await seen(client, "nurse", "/clinic")
    assert "取不到的" in text
    assert "这一部分暂时没有取到" in text
    assert figure(text, "在诊患者") == 1


async def test_a_card_without_anything_to_say_is_not_there(client: httpx.AsyncClient) -> None:
    assert "没话说的" not in await seen(client, "nurse", "/clinic")


async def test_who_performs_orders_sees_them(client: httpx.AsyncClient) -> None:
    assert figure(await seen(client, "technician", "/clinic"), "待做检查检验") == 1
    text = await seen(client, "technician", "/clinic/orders")
    assert "血常规" in text
    assert "张三" in text
    assert (await client.get("/clinic/today", headers={"x-who": "technician"})).status_code == 404


async def test_a_pharmacy_sees_what_was_sent_to_it(client: httpx.AsyncClient) -> None:
    assert figure(await seen(client, "retail-pharmacist", "/clinic"), "待发药处方") == 1
    assert "氨氯地平片" in await seen(client, "retail-pharmacist", "/clinic/prescriptions")


async def test_a_family_doctor_sees_who_signed(client: httpx.AsyncClient) -> None:
    assert figure(await seen(client, "family-doctor", "/clinic"), "签约居民") == 1
    assert "王建国团队" in await seen(client, "family-doctor", "/clinic/contracts")


@pytest.mark.rule("R7-034")
async def test_a_desk_sees_who_is_expected_and_here_with_names_covered(client: httpx.AsyncClient) -> None:
    text = await seen(client, "receptionist", "/institution")
    assert figure(text, "今日预约") == 1
    assert figure(text, "在诊") == 1
    assert figure(text, "今日就诊") == 1
    for path in ("/institution/visits", "/institution/appointments"):
        listed = await seen(client, "receptionist", path)
        assert "张*" in listed
        assert "张三" not in listed


async def test_an_administrator_starts_with_the_staff(client: httpx.AsyncClient) -> None:
    text = await seen(client, "system-admin", "/institution")
    assert figure(text, "在册人员") == 0
    assert 'href="/credentials?state=ending-30"' in text


async def test_the_commission_starts_with_figures_that_lead_on(client: httpx.AsyncClient) -> None:
    text = await seen(client, "regulator", "/commission")
    assert figure(text, "居民") == 2
    assert figure(text, "近 30 天就诊") == 2
    assert figure(text, "医院") == 1
    assert figure(text, "门诊部、诊所、村卫生室") == 1
    assert "张三" not in text
    month = re.search(r'href="([^"]+)">1</a></td><td class="tabular"><a href="([^"]+)">2</a></td></tr>', text)
    assert month is not None
    assert rows(await seen(client, "regulator", month[2].replace("&amp;", "&"))) == 2


async def test_a_district_has_its_residents_places_and_visits(client: httpx.AsyncClient) -> None:
    text = await seen(client, "regulator", "/commission")
    row = next(part for part in text.split("<tr>") if ">山阳区</a>" in part)  # of the table, not the map
    assert re.findall(r">(\d+)</a>", row) == ["2", "1", "2"]
    assert rows(await seen(client, "regulator", "/commission/residents?district=410811")) == 2
    assert rows(await seen(client, "regulator", "/commission/visits?district=410811")) == 3
    assert "没有符合条件的记录" in await seen(client, "regulator", "/commission/visits?district=410825")


async def test_institutions_are_found_by_name_kind_and_district(client: httpx.AsyncClient) -> None:
    every = await seen(client, "regulator", "/commission/institutions")
    assert rows(every) == 2  # a department is none
    for asked in ("name=村", "kind=clinic", "district=410825"):
        found = await seen(client, "regulator", f"/commission/institutions?{asked}")
        assert rows(found) == 1
        assert "温县村卫生室" in found


@pytest.mark.rule("R7-034")
async def test_the_commission_sees_residents_without_who_they_are(client: httpx.AsyncClient) -> None:
    text = await seen(client, "regulator", "/commission/residents")
    assert rows(text) == 2
    assert "张" not in text
    assert "1999" not in text


async def test_a_resident_starts_with_what_comes_next(client: httpx.AsyncClient) -> None:
    text = await seen(client, "resident", "/my")
    assert "2026-11-22 10:00 周日" in text
    assert "9.4 mmol/L ↑" in text
    assert "王建国" in text
    assert 'href="/my/visits"' in text


async def test_whoever_acts_for_a_child_sees_the_childs_alone(client: httpx.AsyncClient) -> None:
    text = await seen(client, "guardian", "/my")
    assert "张小三" in text
    assert "9.4 mmol/L" not in text
    assert rows(await seen(client, "guardian", "/my/visits")) == 1
    assert rows(await seen(client, "resident", "/my/visits")) == 2


def test_nobody_acts_for_nobody() -> None:
    assert acted_for(Principal("x", frozenset({"resident"}))) == "Patient/none"


async def test_everything_is_said_in_english_too(client: httpx.AsyncClient) -> None:
    for role, path, text in (
        ("physician", "/clinic", "Appointments today"),
        ("regulator", "/commission", "Visits of the last 12 months"),
        ("resident", "/my", "Latest results"),
        ("receptionist", "/people", "Find a patient"),
    ):
        answer = await client.get(path, headers={"x-who": role, "accept-language": "en"})
        assert text in answer.text


async def test_people_are_found_from_the_box_on_top(client: httpx.AsyncClient) -> None:
    text = await seen(client, "physician", "/people?q=zs")
    assert 'href="/patients/zs"' in text
    desk = await seen(client, "receptionist", "/people?q=zs")
    assert 'href="/desk/persons/zs"' in desk
    assert (await client.get("/people?q=zs", headers={"x-who": "regulator"})).status_code == 404
    none = await seen(client, "physician", "/people?q=nobody")
    assert "没有找到" in none
    assert 'href="/emergency"' in none
    assert 'href="/desk/register"' in await seen(client, "receptionist", "/people?q=nobody")


async def test_a_cards_code_is_sent_to_the_check(client: httpx.AsyncClient) -> None:
    code = f"XL1D.{'0' * 32}.{'a' * 32}"
    text = await seen(client, "receptionist", f"/people?q={code}")
    assert 'method="post" action="/desk/card"' in text
    assert f'name="code" value="{code}"' in text


async def test_htmx_gets_the_people_alone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/people?q=zs", headers={"x-who": "physician", "hx-request": "true"})
    assert "<html" not in answer.text
    assert "张三" in answer.text


def test_every_category_of_institutions_is_of_one_kind() -> None:
    found = [code for kind, _, _ in KINDS for code in codes_of(kind).split(",")]
    assert len(found) == len(set(found)) > 100


def test_the_districts_are_those_of_the_law_and_the_zone() -> None:
    found = districts()
    assert [one.code for one in found][:4] == ["410802", "410803", "410804", "410811"]
    assert len(found) == 11
    assert [one.code for one in found if one.kind == "area"] == ["410871"]  # the zone has its own administration
