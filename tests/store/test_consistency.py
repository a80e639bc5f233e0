"""`xinglin check`: a sound store has no fault, and each kind of damage is named."""

import json
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.body import cut
from xinglin.store.consistency import Checked, Fault, check
from xinglin.store.executor import Change, microseconds
from xinglin.store.marks import indexed
from xinglin.store.store import Store

PATIENT = {
    "resourceType": "Patient", "id": "p", "name": [{"family": "王", "given": ["小明"]}], "birthDate": "1990-01-02",
    "identifier": [{"system": "urn:x", "value": "1"}], "gender": "female",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">hello there</div>'},
}  # fmt: skip
OBSERVATION = {
    "resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
    "effectivePeriod": {"start": "2026-01-02", "end": "2026-01-03"},
    "valueQuantity": {"value": 80, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
}  # fmt: skip


def update(store: Store, document: Mapping[str, object]) -> Change:
    return of_bytes(store, json.dumps(document).encode())


def of_bytes(store: Store, raw: bytes) -> Change:
    struct = codec.decode(raw)
    rt = type(struct).__name__
    made = indexed(struct, id=struct.id or store.clock.new_id(), now_us=microseconds(store.now))
    return Change("update", rt, made.id, cut(raw, rt).tail, made)


async def faults(store: Store) -> tuple[Checked, list[Fault]]:
    heard: list[Fault] = []
    checked = await check(store, heard.append)
    assert checked.faults == len(heard)
    return checked, heard


async def fill(store: Store) -> None:
    await store.write(update(store, {**PATIENT, "gender": "male"}))
    await store.write(update(store, PATIENT))
    await store.write(update(store, OBSERVATION))
    await store.write(update(store, {**OBSERVATION, "id": "gone"}))
    await store.write(Change("delete", "Observation", "gone"))


async def test_a_sound_store_has_no_fault(store: Store) -> None:
    await fill(store)
    checked, heard = await faults(store)
    assert heard == []
    assert (checked.resources, checked.versions) == (3, 5)
    assert checked.index_rows > 10


async def test_the_official_examples_are_stored_consistently(store: Store, shared: Path) -> None:
    stored = set()
    for file in sorted((shared / "data" / "fhir-r4-examples").glob("*.json")):
        try:
            given = of_bytes(store, file.read_bytes())
        except OutcomeError:
            continue  # a few of them break rules of R4; the tests of the codec say which
        await store.write(given)
        stored.add((given.rt, given.id))
    checked, heard = await faults(store)
    assert heard == []
    assert checked.resources == len(stored) > 50


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("DELETE FROM ix WHERE ctid IN (SELECT ctid FROM ix LIMIT 1)", "ix-missing"),
        ("INSERT INTO ix SELECT bucket, key + 1, ord, rid, pat, org, c FROM ix LIMIT 1", "ix-extra"),
        ("INSERT INTO ix SELECT * FROM ix LIMIT 1", "ix-twice"),
        ("UPDATE ix SET rid = 5, bucket = 5 WHERE ctid IN (SELECT ctid FROM ix LIMIT 1)", "ix-orphan"),
        ("DELETE FROM dx", "dx-missing"),
        ("UPDATE dx SET hi = hi + 1", "dx-extra"),
        ("DELETE FROM sx", "sx-missing"),
        ("UPDATE qx SET val = val + 1", "qx-missing"),
        ("DELETE FROM tx", "tx-missing"),
        ("UPDATE tx SET doc = 'other'", "tx-different"),
        ("DELETE FROM term", "term-missing"),
        ("UPDATE res SET pat = 1 WHERE id = 'o'", "res-pat"),
        ("UPDATE res SET ord = ord + 1 WHERE id = 'o'", "res-ord"),
        ("UPDATE res SET keys = keys[2:] WHERE id = 'o'", "res-keys"),
        ("UPDATE res SET deleted = true WHERE id = 'o'", "res-deleted"),
        ("UPDATE res SET body = 'x', enc = 1 WHERE id = 'o'", "body-unreadable"),
        ("UPDATE res SET body = '},\"nonsense\":1}', enc = 0 WHERE id = 'o'", "body-refused"),
        ("DELETE FROM hist WHERE vid = 1 AND id = 'p'", "hist-versions"),
        ("UPDATE hist SET ts = now() + interval '1 day'", "hist-times"),
        ("DELETE FROM res WHERE id = 'gone'", "hist-orphan"),
        ("UPDATE res SET id = 'o2' WHERE id = 'o'", "res-place"),
    ],
)
async def test_damage_is_found(store: Store, postgres_dsn: str, damage: str, kind: str) -> None:
    await fill(store)
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(damage)
    await connection.close()
    _, heard = await faults(store)
    assert kind in {fault.what for fault in heard}
