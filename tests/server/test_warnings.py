"""Warnings about what is written: told beside the answer, and never a refusal."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.server.conftest import OPEN, SETTINGS, who
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue
from xinglin.registry import WORKBENCH, Capability, Caution, Page, Registry, RegistryError
from xinglin.server.asgi import create_asgi
from xinglin.server.pages import create_pages
from xinglin.server.principals import DEVELOPER
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.loading import Loader, Report
from xinglin.store.sources import Item
from xinglin.store.store import Store
from xinglin.web.view import Form, Redirect, View


def look(document: Mapping[str, Any], _now: datetime) -> tuple[Issue, ...]:
    """Call a colour odd that is not green; break at black."""
    colour = document["code"].get("text")
    if colour == "black":
        raise LookupError("black")
    return () if colour == "green" else (Issue("value", "odd-colour", "Basic.code", f"{colour} is odd."),)


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Write a resource."""
    await work.fhir.create(b'{"resourceType":"Basic","code":{"text":"%s"}}' % form["colour"].encode(), type="Basic")
    return Redirect("/wary")


async def show(_work: UnitOfWork, _form: Form) -> View:
    """Show any page."""
    return View("error.html", {"kind": "not-found", "status": 404, "issues": (), "back": ""})


WARY = Capability(
    "wary",
    Text("提醒", "Wary"),
    warnings=(Caution("Basic", look, {"odd-colour": Text("颜色少见", "An odd colour")}),),
    pages=(Page(WORKBENCH, "/wary", show=show, send=send),),
)
COLOUR = {"resourceType": "Basic", "code": {"text": "red"}}


@pytest.fixture(scope="module")
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    registry = Registry((OPEN, WARY))
    door = Door(store, registry.rulebook)

    async def developer(_request: object) -> Any:
        return DEVELOPER

    pages = create_pages(registry, door, SETTINGS, principal_of=developer)
    served = create_asgi(registry, door, SETTINGS, pages=pages, principal_of=who)
    headers = {"content-type": "application/fhir+json"}
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as made:
        yield made


def keys(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    issues = outcome["issue"]
    return [(one["details"]["coding"][0]["code"], one["severity"]) for one in issues]


async def test_a_single_write_tells_by_a_header_or_the_outcome(client: httpx.AsyncClient) -> None:
    plain = await client.post("/fhir/Basic", json=COLOUR)
    assert plain.status_code == 201
    assert plain.headers["warning"] == '299 - "odd-colour"'
    assert "red" not in plain.headers["warning"]
    assert plain.json()["resourceType"] == "Basic"
    short = await client.post("/fhir/Basic", json=COLOUR, headers={"prefer": "return=minimal"})
    assert (short.content, short.headers["warning"]) == (b"", '299 - "odd-colour"')
    told = await client.post("/fhir/Basic", json=COLOUR, headers={"prefer": "return=OperationOutcome"})
    assert keys(told.json()) == [("written", "information"), ("odd-colour", "warning")]
    id = plain.json()["id"]
    again = await client.put(f"/fhir/Basic/{id}", json=COLOUR | {"id": id, "code": {"text": "green"}})
    assert again.status_code == 200
    assert "warning" not in again.headers
    patched = await client.patch(
        f"/fhir/Basic/{id}",
        json=[{"op": "replace", "path": "/code/text", "value": "red"}],
        headers={"content-type": "application/json-patch+json"},
    )
    assert patched.headers["warning"] == '299 - "odd-colour"'


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("prefer", ["return=minimal", "return=representation", "return=OperationOutcome"])
async def test_an_entry_of_a_bundle_tells_in_its_outcome(client: httpx.AsyncClient, kind: str, prefer: str) -> None:
    green = COLOUR | {"code": {"text": "green"}}
    entries = [{"resource": one, "request": {"method": "POST", "url": "Basic"}} for one in (COLOUR, green)]
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    answer = await client.post("/fhir", json=bundle, headers={"prefer": prefer})
    odd, fine = [one["response"] for one in answer.json()["entry"]]
    assert ("odd-colour", "warning") in keys(odd["outcome"])
    assert "odd-colour" not in str(fine)
    assert {odd["status"], fine["status"]} == {"201 Created"}


async def test_who_looks_and_fails_stops_no_write(client: httpx.AsyncClient) -> None:
    answer = await client.post("/fhir/Basic", json=COLOUR | {"code": {"text": "black"}})
    assert answer.status_code == 201
    assert "warning" not in answer.headers


async def test_a_page_tells_it_once_after_saving(client: httpx.AsyncClient) -> None:
    headers = {"accept-language": "zh-CN", "content-type": "application/x-www-form-urlencoded"}
    first = await client.get("/wary", headers=headers)
    assert "颜色少见" not in first.text
    token = first.text.split('name="csrf" value="')[1].split('"')[0]
    sent = await client.post("/wary", content=f"csrf={token}&colour=red", headers=headers)
    assert sent.status_code == 303
    assert "warned=odd-colour" in sent.headers["set-cookie"]
    assert "颜色少见" in (await client.get("/wary", headers=headers)).text
    assert "颜色少见" not in (await client.get("/wary", headers=headers)).text
    sent = await client.post("/wary", content=f"csrf={token}&colour=green", headers=headers)
    assert "warned" not in sent.headers.get("set-cookie", "")
    made_up = await client.get("/wary", headers=headers | {"cookie": "warned=<b>.odd-colour"})
    assert "<b>" not in made_up.text


async def test_a_load_counts_resources_by_warning(store: Store) -> None:
    loader = Loader(Door(store, Registry((OPEN, WARY)).rulebook).auto(DEVELOPER))
    colours = ("red", "green", "blue")
    raws = [
        b'{"resourceType":"Basic","id":"loaded%d","code":{"text":"%s"}}' % (n, c.encode())
        for n, c in enumerate(colours)
    ]
    first = await loader.load([Item("x", n, raw) for n, raw in enumerate(raws)], turn="next")
    assert (first.created, first.warned) == (3, {"odd-colour": 2})
    changed = raws[0].replace(b"red", b"pink")
    again = await loader.load([Item("x", n, raw) for n, raw in enumerate([changed, *raws[1:]])], turn="next")
    assert (again.updated, again.unchanged, again.warned) == (1, 2, {"odd-colour": 1})
    total = Report()
    total.add(first)
    total.add(again)
    assert total.warned == {"odd-colour": 3}


def test_a_warning_is_on_a_type_that_is_there() -> None:
    with pytest.raises(RegistryError, match="unknown type Nothing"):
        Registry((Capability("x", Text("无", "x"), warnings=(Caution("Nothing", look, {}),)),))
