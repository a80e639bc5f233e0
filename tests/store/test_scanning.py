"""Files are scanned before they are written, and nothing else waits for the scanner."""

import json
from base64 import b64encode
from typing import Any

import httpx
import pytest

from xinglin.capabilities.records.policy import GRANTS
from xinglin.fhir import codec
from xinglin.fhir.attachments import files, may_hold_files
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.simulators.scanner import EICAR, Faults, application, listening
from xinglin.store.door import Door
from xinglin.store.loading import Loader
from xinglin.store.orders import Order
from xinglin.store.rulebook import Rulebook
from xinglin.store.scanning import Clamd, ScannerSilent, Uploads
from xinglin.store.sources import Item
from xinglin.store.store import Store

BAD = b64encode(b"a report\n" + EICAR).decode()
GOOD = b64encode(b"a report\n" * 20_000).decode()


def binary(data: str) -> dict[str, Any]:
    return {"resourceType": "Binary", "contentType": "text/plain", "data": data}


def document(data: str) -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "data": data}
    return {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": attachment}]}


def photo(data: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "photo": [{"title": "no file"}, {"contentType": "image/png", "data": data}]}


def contained(data: str) -> dict[str, Any]:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "contained": [
            {
                "resourceType": "Media",
                "id": "m",
                "status": "completed",
                "content": {"contentType": "text/plain", "data": data},
            }
        ],
        "payload": [{"contentReference": {"reference": "#m"}}],
    }


def extension(data: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "extension": [{"url": "urn:x", "valueAttachment": {"contentType": "text/plain", "data": data}}],
    }


SHAPES = {
    "Binary.data": binary,
    "DocumentReference.content[0].attachment.data": document,
    "Patient.photo[1].data": photo,
    "Communication.contained[0].content.data": contained,
    "Patient.extension[0].valueAttachment.data": extension,
}


async def door(store: Store, address: str, silent: Any = "refuse") -> Door:
    return Door(store, Rulebook(GRANTS), uploads=Uploads(Clamd(address, seconds=2), silent=silent))


async def create(made: Door, resource: dict[str, Any]) -> None:
    await made.auto(SYSTEM).create(json.dumps(resource).encode(), type=resource["resourceType"])


@pytest.mark.rule("R7-009")
@pytest.mark.parametrize("where", SHAPES)
async def test_a_file_with_malware_is_refused_wherever_it_stands(store: Store, where: str) -> None:
    async with listening() as address:
        made = await door(store, address)
        with pytest.raises(OutcomeError) as refused:
            await create(made, SHAPES[where](BAD))
        assert refused.value.status == 422
        assert [(issue.key, issue.where) for issue in refused.value.issues] == [("malware", where)]
        assert "Eicar-Test-Signature" in refused.value.issues[0].text
        await create(made, SHAPES[where](GOOD))


@pytest.mark.rule("R7-009")
async def test_an_update_a_patch_and_a_transaction_are_scanned_too(store: Store) -> None:
    async with listening() as address:
        fhir = (await door(store, address)).auto(SYSTEM)
        written = await fhir.create(json.dumps(binary(GOOD)).encode(), type="Binary")
        for call in (
            fhir.update(json.dumps(binary(BAD) | {"id": written.id}).encode(), type="Binary", id=written.id),
            fhir.patch(lambda old: old | {"data": BAD}, type="Binary", id=written.id),
            fhir.write_many([Order("create", "Binary", json.dumps(binary(BAD)).encode())]),
        ):
            with pytest.raises(OutcomeError) as refused:
                await call
            assert [issue.key for issue in refused.value.issues] == ["malware"]


@pytest.mark.rule("R7-009")
async def test_a_load_refuses_malware_and_tells_where(store: Store) -> None:
    lines = [binary(GOOD) | {"id": "good"}, binary(BAD) | {"id": "bad"}, document(BAD) | {"id": "d"}]
    items = [Item("x.ndjson", number, json.dumps(one).encode()) for number, one in enumerate(lines, 1)]
    async with listening() as address:
        loader = Loader((await door(store, address)).auto(SYSTEM))
        first = await loader.load(items, turn="first")
        rest = await loader.load(first.waiting, turn="next")
        assert (first.created, rest.created) == (1, 0)
        refused = [(one.line, one.issues[0].key) for one in (*first.refused, *rest.refused)]
        assert refused == [(2, "malware"), (3, "malware")]
    with pytest.raises(OutcomeError, match="does not answer"):
        await Loader((await door(store, "127.0.0.1:1")).auto(SYSTEM)).load([items[1]], turn="first")


async def test_a_hidden_name_of_a_member_does_not_hide_the_file(store: Store) -> None:
    async with listening() as address:
        made = await door(store, address)
        raw = json.dumps(binary(BAD)).replace('"data"', '"d\\u0061ta"').encode()
        with pytest.raises(OutcomeError):
            await made.auto(SYSTEM).create(raw, type="Binary")


@pytest.mark.parametrize("kind", ["down", "slow", "refuse"])
@pytest.mark.parametrize("silent", ["refuse", "allow"])
async def test_a_silent_scanner_refuses_or_allows_as_the_setting_says(store: Store, kind: str, silent: str) -> None:
    async with listening(Faults(kind, seconds=4)) as address:
        made = await door(store, address, silent)
        if silent == "allow":
            await create(made, binary(BAD))
            return
        with pytest.raises(OutcomeError) as refused:
            await create(made, binary(GOOD))
        assert refused.value.status == 503
        assert [issue.key for issue in refused.value.issues] == ["scanner-silent"]


async def test_what_holds_no_file_does_not_wait_for_the_scanner(store: Store) -> None:
    made = await door(store, "127.0.0.1:1")
    await create(made, {"resourceType": "Patient", "active": True})
    await create(made, {"resourceType": "Patient", "photo": [{"url": "http://example.org/p.png"}]})
    with pytest.raises(OutcomeError):
        await create(made, photo(GOOD))


async def test_a_large_file_goes_in_chunks() -> None:
    async with listening() as address:
        assert await Clamd(address).scan(b"x" * 300_000 + EICAR + b"y" * 100_000) == "Eicar-Test-Signature"
        assert await Clamd(address).scan(b"") is None
        with pytest.raises(ScannerSilent, match="size limit"):
            await Clamd(address).scan(b"x" * (26 * 2**20))


def test_files_are_found_and_others_are_not_looked_for() -> None:
    raw = json.dumps(contained("YQ==")).encode()
    assert list(files(codec.decode(raw))) == [("Communication.contained[0].content.data", "YQ==")]
    assert may_hold_files(raw)
    assert not may_hold_files('{"resourceType":"Patient","name":[{"text":"王杏"}]}'.encode())


async def test_the_simulated_scanner_tells_where_it_listens_and_can_break() -> None:
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="http://simulated") as client:
        address = (await client.get("/address")).text
        assert (await client.get("/address")).text == address
        assert await Clamd(address).scan(EICAR) == "Eicar-Test-Signature"
        await client.post("/faults", json={"kind": "refuse"})
        with pytest.raises(ScannerSilent, match="ERROR"):
            await Clamd(address).scan(EICAR)
