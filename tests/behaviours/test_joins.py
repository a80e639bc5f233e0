"""Chains, ``_has``, includes, sorting, paging, totals and summaries: lines 12 to 16."""

import httpx
import pytest

from tests.behaviours.asked import Document, found, observation, page, patient, put, walked
from tests.server.test_search import ids, links


def encounter(id: str, of: str, status: str) -> Document:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": status,
        "class": {"code": "AMB"},
        "subject": {"reference": of},
    }


@pytest.fixture(scope="module")
async def ward(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Two patients with an encounter each, and Provenances that point at both kinds."""
    await put(
        client,
        patient("w1", "Ward", gender="male"),
        patient("w2", "Ward", gender="female"),
        encounter("we1", "Patient/w1", "finished"),
        encounter("we2", "Patient/w2", "planned"),
        observation("wo1", "ward", of="Patient/w1", encounter={"reference": "Encounter/we1"}),
        observation("wo2", "ward", of="Patient/w2", encounter={"reference": "Encounter/we2"}),
        *(
            {
                "resourceType": "Provenance",
                "id": f"wp{n}",
                "recorded": "2020-01-01T00:00:00Z",
                "target": [{"reference": target}],
                "agent": [{"who": {"display": "x"}}],
            }
            for n, target in enumerate(("Patient/w1", "Encounter/we2", "Observation/wo1"))
        ),
    )
    return client


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("Provenance?target.gender=male", {"wp0"}),
        ("Provenance?target.status=planned", {"wp1"}),
        ("Provenance?target.status=planned,final", {"wp1", "wp2"}),
        ("Provenance?target:Encounter.patient.gender=female", {"wp1"}),
        ("Patient?_has:Observation:patient:encounter.status=finished", {"w1"}),
        ("Patient?_has:Observation:patient:encounter.status=finished,planned", {"w1", "w2"}),
        ("Patient?_has:Encounter:patient:_has:Observation:encounter:_id=wo2", {"w2"}),
        ("Patient?_has:Observation:patient:_id=wo1,wo2&gender=female", {"w2"}),
        ("Patient?_has:Observation:patient:code=nowhere", set()),
        ("Encounter?subject.family=ward&subject.gender=male", {"we1"}),
    ],
)
async def test_chains_reach_any_type_and_stand_in_has(ward: httpx.AsyncClient, asked: str, wanted: set[str]) -> None:
    assert await found(ward, asked) == wanted


async def test_a_chain_sorts_across_all_pages(client: httpx.AsyncClient) -> None:
    # Targets in one order, dates in another, so that an order within each target would be seen.
    await put(client, *(patient(f"cs{n}", "Chainsort") for n in range(3)))
    made = [
        observation(f"cso{n}", "chain-sort", of=f"Patient/cs{n % 3}", effectiveDateTime=f"2020-01-{n + 1:02}")
        for n in range(9)
    ]
    await put(client, *made)
    asked = "Observation?patient.family=chainsort,nobody&_count=2&_sort="
    assert await walked(client, f"{asked}date") == [f"cso{n}" for n in range(9)]
    assert await walked(client, f"{asked}-date") == [f"cso{n}" for n in reversed(range(9))]


async def test_a_deleted_target_is_found_by_no_chain_and_brought_by_no_include(client: httpx.AsyncClient) -> None:
    await put(client, patient("ghost", "Ghost"), observation("og", "ghost", of="Patient/ghost"))
    assert await found(client, "Observation?patient.family=ghost") == {"og"}
    assert (await client.delete("/Patient/ghost")).status_code == 204
    assert await found(client, "Observation?patient.family=ghost") == set()
    assert await found(client, "Patient?_has:Observation:patient:code=ghost") == set()
    answer = await page(client, "Observation?code=ghost&_include=Observation:patient")
    assert ids(answer, "include") == []


async def test_next_is_there_although_includes_fill_the_page(client: httpx.AsyncClient) -> None:
    await put(client, *(patient(f"inc{n}", "Inc") for n in range(4)))
    await put(client, *(observation(f"inco{n}", "inc", of=f"Patient/inc{n % 2}") for n in range(4)))
    await put(client, observation("incx", "inc-more", of="Patient/inc0"))
    asked = "Observation?code=inc&_include=Observation:patient&_include=Observation:subject&_count=2&_sort=_id"
    answer = await page(client, asked)
    assert ids(answer) == ["inco0", "inco1"]
    assert sorted(ids(answer, "include")) == ["inc0", "inc1"]
    assert "next" in links(answer)
    assert await walked(client, asked) == [f"inco{n}" for n in range(4)]


async def test_an_include_stands_beside_a_tag(client: httpx.AsyncClient) -> None:
    meta = {"tag": [{"code": "inc-tag"}]}
    await put(client, patient("tagged", "T"), observation("tago", "inc-tag", of="Patient/tagged", meta=meta))
    for asked in ("_tag=inc-tag", "_id=tago"):
        answer = await page(client, f"Observation?{asked}&_include=Observation:patient")
        assert (ids(answer), ids(answer, "include")) == (["tago"], ["tagged"])


async def test_an_include_of_another_source_type_is_told(client: httpx.AsyncClient) -> None:
    asked = "/Observation?_include=Patient:organization"
    answer = (await client.get(asked)).json()
    assert [entry["search"]["mode"] for entry in answer["entry"]][-1] == "outcome"
    assert "_include" not in links(answer)["self"]
    assert (await client.get(asked, headers={"prefer": "handling=strict"})).status_code == 400


async def test_a_circle_of_includes_ends(client: httpx.AsyncClient) -> None:
    def organization(id: str, above: str) -> Document:
        return {"resourceType": "Organization", "id": id, "name": id, "partOf": {"reference": f"Organization/{above}"}}

    await put(client, organization("ring1", "ring2"), organization("ring2", "ring3"), organization("ring3", "ring1"))
    for way in ("_include", "_revinclude"):
        answer = await page(client, f"Organization?_id=ring1&{way}:iterate=Organization:partof")
        assert (ids(answer), sorted(ids(answer, "include"))) == (["ring1"], ["ring2", "ring3"])


async def test_nothing_is_skipped_or_repeated_while_data_change(client: httpx.AsyncClient) -> None:
    def dated(n: int) -> Document:
        return observation(f"mv{n:02}", "moving", effectiveDateTime=f"2020-02-{n + 1:02}")

    await put(client, *(dated(n) for n in range(12)))
    seen: list[str] = []
    url = "/Observation?code=moving&_sort=-date&_count=3"
    for turn in range(10):
        answer = (await client.get(url)).json()
        seen += ids(answer)
        if turn == 0:
            # One comes before what was seen, one that was seen goes, one that was not seen goes.
            await put(client, observation("mv99", "moving", effectiveDateTime="2021-01-01"))
            await client.delete("/Observation/mv11")
            await client.delete("/Observation/mv05")
        if turn == 1:
            await put(client, dated(2) | {"status": "amended"})
        if "next" not in links(answer):
            break
        url = links(answer)["next"]
    assert seen == [f"mv{n:02}" for n in reversed(range(12)) if n != 5]


@pytest.mark.parametrize("sort", ["birthdate", "-birthdate", "family,-birthdate", "-family,birthdate,gender"])
async def test_a_sort_keeps_every_row_and_puts_those_without_the_value_last(
    client: httpx.AsyncClient, sort: str
) -> None:
    born = [patient(f"srt{n}", "Srt", birthDate=f"19{n}0-01-01") for n in range(3)]
    await put(client, *born, patient("srt-none", "Srt"), patient("srt-none2", "Srt"))
    every = await walked(client, f"Patient?family=srt&_sort={sort}&_count=2")
    order = ["srt2", "srt1", "srt0"] if "-birthdate" in sort else ["srt0", "srt1", "srt2"]
    assert every[:3] == order
    assert sorted(every[3:]) == ["srt-none", "srt-none2"]


async def test_a_total_is_the_same_on_every_page(client: httpx.AsyncClient) -> None:
    await put(client, *(observation(f"tot{n}", "total", of="Patient/total") for n in range(7)))
    url = "/Observation?code=total&_count=3&_total=accurate&_include=Observation:subject"
    totals: list[int] = []
    for _ in range(5):
        answer = (await client.get(url)).json()
        totals.append(answer["total"])
        if "next" not in links(answer):
            break
        url = links(answer)["next"]
    assert totals == [7, 7, 7]


async def test_no_total_is_counted_unless_asked_for(client: httpx.AsyncClient) -> None:
    for asked in ("Patient", "Patient?_total=none"):
        assert "total" not in await page(client, asked)


async def test_a_subset_is_marked_on_the_resource_and_keeps_what_is_mandatory(client: httpx.AsyncClient) -> None:
    await put(client, observation("sub", "subset", of="Patient/1", note=[{"text": "long"}]))
    for asked in ("_elements=subject", "_summary=true", "_summary=text", "_summary=data"):
        answer = await page(client, f"Observation?_id=sub&{asked}")
        resource = answer["entry"][0]["resource"]
        assert "tag" not in answer.get("meta", {})
        assert [tag["code"] for tag in resource["meta"]["tag"]] == ["SUBSETTED"]
        assert {"id", "status", "code"} <= resource.keys()
        assert (await client.put("/Observation/sub", json=resource)).status_code == 400


async def test_the_subset_tag_is_never_stored(client: httpx.AsyncClient) -> None:
    await put(client, patient("whole", "Whole"))
    await client.get("/Patient/whole?_summary=true")
    assert "tag" not in (await client.get("/Patient/whole")).json()["meta"]
