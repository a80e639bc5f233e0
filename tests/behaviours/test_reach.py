"""What a caller may see: line 28.

The resident reaches Patient/1 and the Tasks of Patient/1, and no other type; the developer reaches everything.
"""

from typing import Any

import httpx
import pytest

from tests.behaviours.asked import Document, patient, put
from tests.server.test_search import ids, links

RESIDENT = {"x-who": "resident"}


def task(id: str, of: str, **more: Any) -> Document:
    return {
        "resourceType": "Task",
        "id": id,
        "status": "requested",
        "intent": "order",
        "for": {"reference": f"Patient/{of}"},
        **more,
    }


@pytest.fixture(scope="module")
async def town(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Two patients; three errands of the first, that refer to the second too, and two of the second."""
    await put(
        client,
        {"resourceType": "Organization", "id": "o", "name": "Hidden"},
        patient("1", "Own", managingOrganization={"reference": "Organization/o"}),
        patient("2", "Other"),
        task("t1", "1", requester={"reference": "Patient/2/_history/1"}),
        task("t2", "1", requester={"reference": "Patient/2"}, partOf=[{"reference": "Task/x2"}]),
        task("t3", "1"),
        {
            "resourceType": "List",
            "id": "hidden-list",
            "status": "current",
            "mode": "working",
            "entry": [{"item": {"reference": "Task/t1"}}],
        },
        task("x1", "2"),
        task("x2", "2", requester={"reference": "Patient/1"}),
    )
    await put(client, task("x2", "2", requester={"reference": "Patient/1"}, status="accepted"))
    return client


async def seen(client: httpx.AsyncClient, asked: str) -> Any:
    response = await client.get(f"/{asked}", headers=RESIDENT)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("asked", "matches", "included"),
    [
        ("Task", {"t1", "t2", "t3"}, set()),
        ("Task?patient=Patient/2", set(), set()),
        ("Task?_id=x1", set(), set()),
        ("Task?_include=Task:requester", {"t1", "t2", "t3"}, set()),
        ("Task?_include=Task:patient&_include:iterate=Patient:organization", {"t1", "t2", "t3"}, {"1"}),
        ("Task?_include=*", {"t1", "t2", "t3"}, {"1"}),
        ("Patient?_revinclude=Task:patient", {"1"}, {"t1", "t2", "t3"}),
        ("Patient?_revinclude=Task:requester", {"1"}, set()),
        ("Task?_id=t2&_include:iterate=Task:part-of&_revinclude:iterate=Task:part-of", {"t2"}, set()),
        ("Patient?_has:Task:requester:status=accepted", set(), set()),
        ("Patient?_has:Task:patient:status=requested", {"1"}, set()),
        ("Task?requester:Patient.family=other", set(), set()),
        ("Task?requester:Patient.family:missing=false", set(), set()),
        ("Task?part-of.status=accepted", set(), set()),
        ("Task?_filter=requester.family sw other", set(), set()),
        ("Task?_filter=patient.family sw own", {"t1", "t2", "t3"}, set()),
        ("Task?_list=hidden-list", set(), set()),
        ("Patient/1/*", {"1"}, set()),
        ("Patient/2/*", set(), set()),
        ("?_type=Task,Patient", {"t1", "t2", "t3", "1"}, set()),
    ],
)
async def test_nothing_hidden_is_matched_joined_or_included(
    town: httpx.AsyncClient, asked: str, matches: set[str], included: set[str]
) -> None:
    answer = await seen(town, asked)
    assert (set(ids(answer)), set(ids(answer, "include"))) == (matches, included)


@pytest.mark.parametrize("asked", ["Task?_total=accurate", "Task?_summary=count", "Task?_count=0"])
async def test_a_total_counts_only_what_is_reached(town: httpx.AsyncClient, asked: str) -> None:
    assert (await seen(town, asked))["total"] == 3


async def test_pages_are_filled_with_what_is_reached(town: httpx.AsyncClient) -> None:
    answer = await seen(town, "Task?_sort=_id&_count=3")
    assert ids(answer) == ["t1", "t2", "t3"]
    assert "next" not in links(answer)


async def test_a_next_link_shows_another_caller_only_their_own(town: httpx.AsyncClient) -> None:
    first = (await town.get("/Task?_sort=-_id&_count=1")).json()
    assert ids(first) == ["x2"]
    rest: list[str] = []
    url = links(first)["next"]
    for _ in range(6):
        answer = (await town.get(url, headers=RESIDENT)).json()
        rest += ids(answer)
        if "next" not in links(answer):
            break
        url = links(answer)["next"]
    assert rest == ["t3", "t2", "t1"]


async def test_a_next_link_shows_nobody_nothing(town: httpx.AsyncClient) -> None:
    first = (await town.get("/Task?_sort=_id&_count=1")).json()
    assert (await town.get(links(first)["next"], headers={"x-who": "stranger"})).status_code == 403


@pytest.mark.parametrize("id", ["x1", "x2"])
@pytest.mark.parametrize("way", ["", "/_history", "/_history/1", "/$everything"])
async def test_hidden_and_missing_answer_alike(town: httpx.AsyncClient, id: str, way: str) -> None:
    hidden = await town.get(f"/Task/{id}{way}", headers=RESIDENT)
    missing = await town.get(f"/Task/never{way}", headers=RESIDENT)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace(id, "never") == missing.text


async def test_another_record_answers_as_one_that_never_was(town: httpx.AsyncClient) -> None:
    for way in ("", "/$everything", "/_history"):
        hidden = await town.get(f"/Patient/2{way}", headers=RESIDENT)
        missing = await town.get(f"/Patient/never{way}", headers=RESIDENT)
        assert hidden.status_code == missing.status_code
        assert hidden.text.replace("Patient/2", "Patient/never") == missing.text


@pytest.mark.parametrize("asked", ["_history", "Task/_history", "Task/_history?_count=1"])
async def test_a_history_shows_only_what_is_reached(town: httpx.AsyncClient, asked: str) -> None:
    entries: list[Any] = []
    url = f"/{asked}"
    for _ in range(10):
        answer = (await town.get(url, headers=RESIDENT)).json()
        entries += answer.get("entry", [])
        if "next" not in links(answer):
            break
        url = links(answer)["next"]
    shown = {entry["fullUrl"].removeprefix("http://localhost/fhir/") for entry in entries}
    assert shown - {"Patient/1"} == {"Task/t1", "Task/t2", "Task/t3"}


async def test_entries_of_a_bundle_reach_no_further(town: httpx.AsyncClient) -> None:
    entries = [
        {"request": {"method": "GET", "url": url}}
        for url in ("Task/x1", "Task?patient=Patient/2", "Patient/1?_revinclude=Task:requester", "Task/t1")
    ]
    body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answers = (await town.post("/", json=body, headers=RESIDENT)).json()["entry"]
    assert [answer["response"]["status"][:3] for answer in answers][::3] == ["404", "200"]
    assert b"x1" not in (await town.post("/", json=body, headers=RESIDENT)).content.replace(b"Task/x1", b"")
    assert answers[1]["resource"].get("entry", []) == []


async def test_who_may_only_read_creates_nothing(town: httpx.AsyncClient) -> None:
    assert (await town.post("/Patient", json=patient("3", "New"), headers=RESIDENT)).status_code == 403
    assert (await town.put("/Patient/3", json=patient("3", "New"), headers=RESIDENT)).status_code == 403
    assert (await town.get("/Patient/3")).status_code == 404


async def test_a_condition_meets_hidden_and_missing_alike(town: httpx.AsyncClient) -> None:
    hidden, missing = [await town.delete(f"/Patient?_id={id}", headers=RESIDENT) for id in ("2", "never")]
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
    assert (await town.delete("/Patient?_id=1", headers=RESIDENT)).status_code == 403
    assert [(await town.get(f"/Patient/{id}")).status_code for id in "12"] == [200, 200]


async def test_a_conditional_reference_searches_nothing_that_is_not_granted(town: httpx.AsyncClient) -> None:
    for name in ("Hidden", "Missing"):
        body = task("referring", "1", requester={"reference": f"Organization?name={name}"})
        transaction = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": body, "request": {"method": "PUT", "url": "Task/referring"}}],
        }
        headers = {"x-who": "dispatcher"}
        alone = await town.put("/Task/referring", json=body, headers=headers)
        together = await town.post("/", json=transaction, headers=headers)
        assert [alone.status_code, together.status_code] == [403, 403]
    assert (await town.get("/Task/referring")).status_code == 404


async def test_the_whole_record_holds_only_what_is_reached(town: httpx.AsyncClient) -> None:
    answer = await seen(town, "Patient/1/$everything")
    assert (ids(answer), ids(answer, "include")) == (["1"], [])
    assert ids((await town.get("/Patient/1/$everything")).json(), "include") == ["o"]


async def test_a_search_of_a_type_that_nobody_granted_is_refused(town: httpx.AsyncClient) -> None:
    assert (await town.get("/Organization", headers=RESIDENT)).status_code == 403
    assert (await town.get("/Organization/o", headers=RESIDENT)).status_code == 404
