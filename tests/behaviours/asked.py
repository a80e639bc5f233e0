"""Small resources put at ids of the test's own, and the ids that a search finds."""

from typing import Any

import httpx

from tests.server.test_search import ids, links

Document = dict[str, Any]
STRICT = {"prefer": "handling=strict"}
PATCH_JSON = {"content-type": "application/json-patch+json"}


def observation(id: str, code: str, *, of: str | None = None, **more: Any) -> Document:
    """An Observation whose code marks the test that made it."""
    made: Document = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
    }
    return {**made, **({"subject": {"reference": of}} if of else {}), **more}


def patient(id: str, family: str, **more: Any) -> Document:
    return {"resourceType": "Patient", "id": id, "name": [{"family": family}], **more}


async def put(client: httpx.AsyncClient, *documents: Document) -> None:
    for document in documents:
        response = await client.put(f"/{document['resourceType']}/{document['id']}", json=document)
        assert response.status_code in {200, 201}, response.text


async def page(client: httpx.AsyncClient, asked: str, **headers: str) -> Any:
    """One page of a search in which every parameter must be known."""
    response = await client.get(f"/{asked}", headers=STRICT | {k.replace("_", "-"): v for k, v in headers.items()})
    assert response.status_code == 200, response.text
    return response.json()


async def found(client: httpx.AsyncClient, asked: str, **headers: str) -> set[str]:
    """The ids on the first page of a search."""
    return set(ids(await page(client, asked, **headers)))


async def walked(client: httpx.AsyncClient, asked: str) -> list[str]:
    """The ids of all pages, in order."""
    every: list[str] = []
    url = f"/{asked}"
    for _ in range(100):
        answer = (await client.get(url, headers=STRICT)).json()
        every += ids(answer)
        if "next" not in links(answer):
            return every
        url = links(answer)["next"]
    raise AssertionError("paging does not end")
