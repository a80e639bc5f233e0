"""COPY writes the same rows as the statements that write resources one by one."""

import json
from datetime import UTC, datetime

import pytest

from tests.conftest import key_store
from xinglin.fhir import codec
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.text import vector, words_in
from xinglin.store.body import cut
from xinglin.store.bulk import COLUMNS
from xinglin.store.clock import Clock
from xinglin.store.executor import Change
from xinglin.store.store import Store

LATER = datetime(2031, 5, 6, 7, 8, 9, 876_000, tzinfo=UTC)
EARLY = datetime(1999, 12, 31, 23, 59, 59, 1_000, tzinfo=UTC)
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">Pulse 脉搏 pulse &amp; more</div>'
RESOURCES: tuple[dict[str, object], ...] = (
    {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"text": "欧阳娜", "family": "欧阳", "given": ["娜"]}, {"text": "Ann\tO'Neill\\x"}],
        "birthDate": "1970-01",
        "text": {"status": "generated", "div": DIV},
    },
    {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Pulse"}], "text": "Pulse"},
        "subject": {"reference": "Patient/p1"},
        "effectivePeriod": {"start": "2020-01-01", "end": "2020-01-03"},
        "valueQuantity": {"value": -0.5, "unit": "beats", "system": "http://unitsofmeasure.org", "code": "/min"},
        "note": [{"text": "静坐后测量，脉搏 pulse 😀"}],
        "text": {"status": "generated", "div": DIV},
    },
    {"resourceType": "Basic", "id": "b1", "code": {"text": "nothing else"}},
    {"resourceType": "Parameters", "id": "x1"},
)


def change(document: dict[str, object]) -> Change:
    type_, id_ = str(document["resourceType"]), str(document["id"])
    raw = json.dumps(document).encode()
    made = entry(codec.decode(raw, type_), id=id_, now_us=5)
    return Change("create", type_, id_, cut(raw, type_).tail, made)


async def contents(store: Store) -> dict[str, list[str]]:
    found = {}
    for table, columns in COLUMNS.items():
        rows = await store.fetch(f"SELECT row({', '.join(columns)})::text AS row FROM {table} ORDER BY 1")
        found[table] = [row["row"] for row in rows]
    return found


@pytest.mark.parametrize("moment", [LATER, EARLY])
async def test_copied_rows_are_those_that_statements_write(postgres_dsn: str, moment: datetime) -> None:
    store = await Store.open(postgres_dsn, clock=Clock(time=lambda: moment), keys=key_store(), sealed=False)
    changes = [change(document) for document in RESOURCES]
    await store.load(changes)
    copied = await contents(store)
    await store.fetch("TRUNCATE res, ix, dx, sx, qx, tx")
    await store.write_many(changes)
    written = await contents(store)
    await store.fetch("TRUNCATE res, ix, dx, sx, qx, tx")
    await store.close()
    assert copied == written
    assert all(copied.values())  # no kind of row is missing from the comparison


def test_a_word_stands_once_in_a_vector_with_its_higher_weight() -> None:
    def of(narrative: str, *texts: str) -> str:
        return vector(narrative, map(words_in, texts))

    assert of(DIV, "Pulse rate", "脉搏 rate", "!") == "pulse:1A 脉搏:1A 搏:1A more:1A rate:1B"
    assert of("", "!", "b a", "a c") == "b:1B a:1B c:1B"
    assert of("", "!") == ""
