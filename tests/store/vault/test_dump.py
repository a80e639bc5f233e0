"""Neither a dump of the database nor its files show an identity number or a telephone, and search still finds them."""

import base64
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.conftest import same
from tests.server.conftest import OPEN, PEOPLE
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.registry import Registry
from xinglin.store import embedded
from xinglin.store.door import Door
from xinglin.store.migrate import migrate
from xinglin.store.store import Store
from xinglin.store.vault.keys import make_keys
from xinglin.store.vault.keystore import FileKeyStore

DEVELOPER = PEOPLE["developer"]
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
NUMBERS = 40


def card(n: int) -> str:
    return f"41081119{50 + n % 50:02d}0{1 + n % 9}1{n % 10}{100 + n}X"


def phone(n: int) -> str:
    return f"139{n:04d}{7000 + n}"


def person(n: int) -> dict[str, Any]:
    """Someone whose numbers stand wherever a careless system has put them."""
    return {
        "identifier": [
            {
                "system": "urn:oid:2.16.156.10011.1.3",
                "value": card(n),
                "type": {"coding": [{"system": "t", "code": "NI"}]},
            },
            {"value": f"MRN-{n}"},
        ],
        "telecom": [{"system": "phone", "value": phone(n), "use": "mobile"}],
        "name": [{"text": f"王{n} {phone(n)}", "given": [card(n)]}],
        "address": [{"text": f"人民路{n}号 电话{phone(n)}", "city": phone(n)}],
        "text": {"status": "generated", "div": DIV.format(f"身份证 {card(n)} 电话：{phone(n)}。")},
        "extension": [{"url": "http://xinglin.example/note", "valueString": f"call {phone(n)} or {card(n)}"}],
    }


def resources(n: int) -> list[dict[str, Any]]:
    own = {"reference": f"Patient/p{n}"}
    contained = {"resourceType": "RelatedPerson", "id": "r", "patient": own, **person(n)}
    del contained["text"]
    return [
        {"resourceType": "Patient", "id": f"p{n}", **person(n)},
        {"resourceType": "RelatedPerson", "id": f"r{n}", "patient": own, **person(n)},
        {"resourceType": "Practitioner", "id": f"d{n}", **person(n)},
        {"resourceType": "Person", "id": f"o{n}", **person(n)},
        {
            "resourceType": "Observation",
            "id": f"b{n}",
            "status": "final",
            "identifier": [{"value": card(n)}],
            "code": {
                "coding": [{"system": f"tel:{phone(n)}", "code": card(n), "display": f"of {phone(n)}"}],
                "text": card(n),
            },
            "subject": {**own, "identifier": {"value": card(n)}, "display": phone(n)},
            "valueString": f"{phone(n)}",
            "note": [{"text": f"联系 {phone(n)}，{card(n)}"}],
        },
        {
            "resourceType": "DocumentReference",
            "id": f"c{n}",
            "status": "current",
            "contained": [contained],
            "description": f"{card(n)}",
            "author": [{"reference": "#r"}],
            "content": [{"attachment": {"contentType": "text/plain", "title": phone(n), "data": encoded(card(n))}}],
        },
        {"resourceType": "Organization", "id": f"g{n}", "name": f"of {phone(n)}", "alias": [card(n)], **contacts(n)},
        {"resourceType": "Task", "id": f"t{n}", "status": "draft", "intent": "order", "description": phone(n),
         "input": [{"type": {"text": card(n)}, "valueString": phone(n)}]},
    ]  # fmt: skip


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def contacts(n: int) -> dict[str, Any]:
    return {"telecom": [{"system": "phone", "value": phone(n)}], "identifier": [{"value": f"{card(n)}"}]}


def spellings(text: str) -> Iterator[bytes]:
    """Write *text* plain, folded, in UTF-16, hexadecimal, and in the three forms that base64 may give it."""
    for form in {text, text.lower()}:
        plain = form.encode()
        yield plain
        yield form.encode("utf-16-le")
        yield plain.hex().encode()
        for before in range(3):
            coded = base64.b64encode(b" " * before + plain)
            yield coded[4 if before else 0 : -4]


async def fill(door: Door) -> None:
    """Write by every way there is: one by one, changed, deleted, in a transaction, and loaded."""
    fhir = door.auto(DEVELOPER)
    for n in range(NUMBERS):
        for resource in resources(n):
            raw = msgspec.json.encode(resource)
            await fhir.update(raw, type=resource["resourceType"], id=resource["id"])
            if n % 3 == 0:
                changed = {**resource, "language": "zh"}
                await fhir.update(msgspec.json.encode(changed), type=resource["resourceType"], id=resource["id"])
            if n % 7 == 5:
                await fhir.delete(resource["resourceType"], resource["id"])
    async with door.work(DEVELOPER) as work:
        raw = msgspec.json.encode({"resourceType": "Patient", **person(1_000)})
        await work.fhir.create(raw, type="Patient", if_none_exist=f"identifier={card(1_000)}")
    raw = msgspec.json.encode({"resourceType": "Patient", **person(1_000)})
    again = await fhir.create(raw, type="Patient", if_none_exist=f"identifier={card(1_000)}")
    assert again.unchanged or not again.created
    await fhir.search(parse("Patient", [("phone", phone(1))]))


@pytest.fixture(scope="module")
async def filled() -> AsyncIterator[tuple[embedded.Server, Path, Door]]:
    folder = Path(tempfile.mkdtemp(prefix="xinglin-dump-"))
    folder.chmod(0o755)  # noqa: ASYNC240  nothing else runs on this loop
    try:
        with embedded.start(folder) as server:
            await migrate(server.dsn)
            keys = FileKeyStore.make(folder / "master.key")
            connection = await asyncpg.connect(server.dsn)
            await make_keys(connection, keys, cipher="sm4", random=same)
            await connection.close()
            store = await Store.open(server.dsn, keys=keys)
            door = Door(store, Registry((OPEN,)).rulebook)
            await fill(door)
            yield server, folder, door
            await store.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shown(text: bytes) -> list[str]:
    """Name the numbers that *text* holds in one spelling or another."""
    numbers = [number for n in (*range(NUMBERS), 1_000) for number in (card(n), phone(n))]
    every = re.compile(b"|".join(re.escape(spelling) for number in numbers for spelling in set(spellings(number))))
    return sorted({found.decode("latin-1") for found in every.findall(text)})


@pytest.mark.rule("R7-053")
def test_a_dump_shows_no_number(filled: tuple[embedded.Server, Path, Door]) -> None:
    server, _, _ = filled
    made = subprocess.run(
        [server.programs / "pg_dump", f"--dbname={server.dsn}", "--format=plain"], capture_output=True, check=True
    )
    assert made.stdout.count(b"\nCOPY public.") > 20
    assert made.stdout.count(b"\n") > NUMBERS * 50
    assert shown(made.stdout) == []


@pytest.mark.rule("R7-053")
async def test_the_files_of_the_database_show_no_number(filled: tuple[embedded.Server, Path, Door]) -> None:
    server, folder, door = filled
    await door.store.fetch("SELECT count(*) FROM res")
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("CHECKPOINT")
    await connection.close()
    size = 0
    # Indexes and tables of the system hold nothing of ours; the log of writing does.
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            content = file.read_bytes().rstrip(b"\0")
            size += len(content)
            assert shown(content) == [], file
    assert size > 2**20


def test_the_search_for_numbers_would_find_them() -> None:
    for form in (card(3), card(3).lower(), phone(3)):
        assert shown(b"x" + form.encode() + b"y")
        assert shown(form.encode().hex().encode())
        for before in range(3):
            assert shown(base64.b64encode(b"abc"[:before] + form.encode() + b"."))


@pytest.mark.parametrize(
    ("type_", "search", "id_"),
    [
        ("Patient", [("identifier", card(2))], "p2"),
        ("Patient", [("identifier", f"urn:oid:2.16.156.10011.1.3|{card(2)}")], "p2"),
        ("Patient", [("identifier:of-type", f"t|NI|{card(2)}")], "p2"),
        ("Patient", [("phone", phone(2))], "p2"),
        ("Practitioner", [("telecom", f"phone|{phone(2)}")], "d2"),
        ("Person", [("identifier", card(2))], "o2"),
        ("RelatedPerson", [("phone", phone(2))], "r2"),
        ("Observation", [("subject:identifier", card(2))], "b2"),
        ("Observation", [("patient.identifier", card(2))], "b2"),
        ("Observation", [("value-string", phone(2))], "b2"),
        ("Observation", [("code", card(2))], "b2"),
        ("Task", [("_content", phone(2))], "t2"),
    ],
)
async def test_a_number_still_finds_whom_it_belongs_to(
    filled: tuple[embedded.Server, Path, Door], type_: str, search: list[tuple[str, str]], id_: str
) -> None:
    door = filled[2]
    found = await door.auto(DEVELOPER).search(parse(type_, search))
    assert [row.id for row in found.matches] == [id_]


@pytest.mark.rule("R7-053")
@pytest.mark.parametrize("id_", [card(7), phone(7)])
async def test_a_number_is_no_id(filled: tuple[embedded.Server, Path, Door], id_: str) -> None:
    raw = msgspec.json.encode({"resourceType": "Patient", "id": id_})
    with pytest.raises(OutcomeError, match="is no id"):
        await filled[2].auto(DEVELOPER).update(raw, type="Patient", id=id_)
