"""Random populations and random searches against a slow evaluation in Python that knows nothing of keys or SQL."""

import json
import random  # noqa: TID251  seeded: every run asks the same
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest

from tests.store.search.shelf import Document, Shelf, observation, patient
from xinglin.fhir import codec
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.match import matches
from xinglin.store.search import plan
from xinglin.store.store import Store

CODES: Final = ("a", "b", "c")
FAMILIES: Final = ("Li", "Wang", "Zhang")
DAYS: Final = tuple(f"2020-01-{day:02}" for day in range(1, 8))

Holds = Callable[[Document, dict[str, Document]], bool]


def population(chance: random.Random) -> list[Document]:
    people = [
        patient(
            f"p{n}",
            **({"family": chance.choice(FAMILIES)} if chance.random() < 0.8 else {}),
            **({"birthDate": chance.choice(DAYS)} if chance.random() < 0.7 else {}),
        )
        for n in range(8)
    ]
    measured = []
    for n in range(40):
        more: dict[str, Any] = {}
        if chance.random() < 0.6:
            more["valueQuantity"] = {"value": chance.randint(1, 5)}
        if chance.random() < 0.2:
            more["performer"] = [{"reference": f"Patient/p{chance.randrange(8)}"}]
        if chance.random() < 0.3:
            start, end = sorted((chance.choice(DAYS), chance.choice(DAYS)))
            kept = {k: v for k, v in (("start", start), ("end", end)) if chance.random() < 0.8}
            more["effectivePeriod"] = kept or {"start": start}
        elif chance.random() < 0.8:
            more["effectiveDateTime"] = chance.choice(DAYS) + chance.choice(("", "T08:00:00+08:00"))
        of = f"Patient/p{chance.randrange(8)}" if chance.random() < 0.85 else None
        measured.append(
            observation(f"o{n}", chance.choice(CODES), of=of, status=chance.choice(("final", "amended")), **more)
        )
    return [*people, *measured]


def code_of(document: Document) -> str:
    return str(document["code"]["coding"][0]["code"])


def names_of(document: Document) -> list[str]:
    return [name["family"].lower() for name in document.get("name", ()) if "family" in name]


def refers(document: Document, element: str) -> list[str]:
    found = document.get(element)
    return [one["reference"] for one in (found if isinstance(found, list) else [found] if found else [])]


def days_of(document: Document) -> tuple[float, float] | None:
    """Beginning and end in hours of Beijing time since 1 January; an instant is a point."""
    if "effectiveDateTime" in document:
        text = document["effectiveDateTime"]
        day = (int(text[8:10]) - 1) * 24.0
        return (day + 8, day + 8.000001) if "T" in text else (day, day + 24)
    period = document.get("effectivePeriod")
    if not period:
        return None
    start, end = period.get("start"), period.get("end")
    return (
        (int(start[8:10]) - 1) * 24.0 if start else float("-inf"),
        int(end[8:10]) * 24.0 if end else float("inf"),
    )


def dated(op: str, day: int) -> Holds:
    a, b = (day - 1) * 24.0, day * 24.0

    def holds(document: Document, _: dict[str, Document]) -> bool:
        found = days_of(document)
        if found is None:
            return False
        lo, hi = found
        return {
            "eq": a <= lo and hi <= b, "ge": hi > b or (a <= lo and hi <= b), "gt": hi > b, "sa": lo >= b,
            "le": lo < a or (a <= lo and hi <= b), "lt": lo < a, "eb": hi <= a, "ne": not (a <= lo and hi <= b),
        }[op]  # fmt: skip

    return holds


def filters(chance: random.Random) -> tuple[str, Holds]:
    """One random condition on Observation, as text and as a function."""
    code, family, day = chance.choice(CODES), chance.choice(FAMILIES), chance.randint(1, 7)
    who, number, op = (
        f"p{chance.randrange(8)}",
        chance.randint(1, 5),
        chance.choice(["eq", "ge", "gt", "sa", "le", "lt", "eb", "ne"]),
    )

    def target(document: Document, every: dict[str, Document]) -> list[Document]:
        return [every[one] for one in refers(document, "subject") if one in every]

    early = min(day, 3)
    pair = {f"Patient/{who}", "Patient/p0"}

    def older(document: Document) -> bool:
        return int(document.get("birthDate", "0000-00-00")[8:]) >= day

    return chance.choice([
        (f"code=http://loinc.org|{code}", lambda d, _: code_of(d) == code),
        (f"code={code}", lambda d, _: code_of(d) == code),
        (f"code=http://loinc.org|{code},http://loinc.org|a", lambda d, _: code_of(d) in {code, "a"}),
        (f"code:not={code}", lambda d, _: code_of(d) != code),
        ("status=final", lambda d, _: d["status"] == "final"),
        (f"patient={who}", lambda d, _: f"Patient/{who}" in refers(d, "subject")),
        (f"subject=Patient/{who},Patient/p0", lambda d, _: bool(pair & set(refers(d, "subject")))),
        (f"performer=Patient/{who}", lambda d, _: f"Patient/{who}" in refers(d, "performer")),
        ("subject:missing=true", lambda d, _: not refers(d, "subject")),
        (f"patient.family={family}", lambda d, every: any(family.lower() in names_of(t) for t in target(d, every))),
        (f"patient.birthdate=ge2020-01-0{day}", lambda d, every: any(older(t) for t in target(d, every))),
        (f"value-quantity=gt{number}", lambda d, _: d.get("valueQuantity", {"value": 0})["value"] > number),
        (f"date={op}2020-01-0{day}", dated(op, day)),
        (f"date=ge2020-01-0{early}&date=lt2020-01-06", lambda d, e: dated("ge", early)(d, e) and dated("lt", 6)(d, e)),
        (f"patient._has:Observation:patient:code={code}", lambda d, every: any(
            code_of(o) == code and f"Patient/{t['id']}" in refers(o, "subject")
            for t in target(d, every) for o in every.values() if o["resourceType"] == "Observation"
        )),
    ])  # fmt: skip


def in_order(asked: str, documents: list[Document]) -> list[str] | None:
    """Ids in the order of ``_sort``; None where ties leave it open."""
    if asked in {"_id", "-_id"}:
        return sorted((d["id"] for d in documents), reverse=asked[0] == "-")
    return None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rare", [0, 3, 2_000])
async def test_random_searches_find_what_a_slow_evaluation_finds(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int, rare: int
) -> None:
    # With RARE at 0 everything that can be walked is walked, as on a large store.
    monkeypatch.setattr(plan, "RARE", rare)
    chance = random.Random(f"{seed}/{rare}")
    shelf = Shelf(store)
    documents = population(chance)
    await shelf.put(*documents)
    every = {f"{d['resourceType']}/{d['id']}": d for d in documents}
    observations = [d for d in documents if d["resourceType"] == "Observation"]
    entries = {d["id"]: entry(codec.decode(json.dumps(d).encode()), now_us=7) for d in observations}
    for _ in range(25):
        chosen = [filters(chance) for _ in range(chance.randint(1, 3))]
        sort = chance.choice(
            ["", "date", "-date", "_id", "-_id", "value-quantity,_id", "-code,-date", "_lastUpdated", "-_lastUpdated"]
        )
        asked = "Observation?" + "&".join(text for text, _ in chosen) + (f"&_sort={sort}" if sort else "")
        expected = [d for d in observations if all(holds(d, every) for _, holds in chosen)]
        whole = await shelf.ids(f"{asked}&_count=1000")
        assert sorted(whole) == sorted(d["id"] for d in expected), asked
        assert await shelf.walked(f"{asked}&_count={chance.randint(1, 7)}") == whole, asked
        assert (await shelf.page(f"{asked}&_summary=count")).total == len(expected), asked
        condition = parse("Observation", parse_qsl(asked.partition("?")[2])).condition
        decided = {id: matches(condition, made) for id, made in entries.items()}
        assert all(found in {None, id in whole} for id, found in decided.items()), asked
        order = in_order(sort, expected)
        assert order is None or order == whole, asked
        if sort.lstrip("-") == "date":
            starts = [days_of(every[f"Observation/{id}"]) for id in whole]
            dated_first = [found[0] for found in starts if found is not None]
            assert None not in starts[: len(dated_first)], asked
            assert dated_first == sorted(dated_first, reverse=sort[0] == "-"), asked


@pytest.mark.parametrize("rare", [0, 2_000])
async def test_random_reverse_chains_on_patients(store: Store, monkeypatch: pytest.MonkeyPatch, rare: int) -> None:
    monkeypatch.setattr(plan, "RARE", rare)
    chance = random.Random(f"has/{rare}")
    shelf = Shelf(store)
    documents = population(chance)
    await shelf.put(*documents)
    people = [d for d in documents if d["resourceType"] == "Patient"]
    observations = [d for d in documents if d["resourceType"] == "Observation"]
    for code in CODES:
        for element in ("subject", "performer"):
            for more in ("", "&family=li", "&_sort=family", "&_sort=-birthdate"):
                asked = f"Patient?_has:Observation:{element}:code=http://loinc.org|{code}{more}"
                expected = {
                    p["id"] for p in people
                    if ("family=" not in more or "li" in names_of(p))
                    and any(code_of(o) == code and f"Patient/{p['id']}" in refers(o, element) for o in observations)
                }  # fmt: skip
                whole = await shelf.ids(f"{asked}&_count=1000")
                assert set(whole) == expected, asked
                assert await shelf.walked(f"{asked}&_count=2") == whole, asked
