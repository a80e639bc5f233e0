"""Chains, ``_has``, includes, sorting, paging, totals and reach: lines 1, 2, 12 to 15 and 28 of the behaviours."""

from typing import Any

import pytest

from tests.store.search.shelf import Document, Shelf, observation, patient, reaching
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.executor import Change
from xinglin.store.store import Store


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    return Shelf(store)


def organization(id: str, name: str, part_of: str | None = None) -> Document:
    made: Document = {"resourceType": "Organization", "id": id, "name": name}
    return {**made, "partOf": {"reference": part_of}} if part_of else made


def encounter(id: str, of: str, **more: Any) -> Document:
    return {
        "resourceType": "Encounter", "id": id, "status": "finished", "class": {"code": "AMB"},
        "subject": {"reference": of}, **more,
    }  # fmt: skip


async def clinic(shelf: Shelf) -> None:
    await shelf.put(
        organization("o1", "First"),
        organization("o2", "Second", "Organization/o1"),
        organization("o3", "Third", "Organization/o2"),
        patient("p1", family="Li", birthDate="1980-01-01", managingOrganization={"reference": "Organization/o2"}),
        patient("p2", family="Wang", birthDate="1990-01-01", managingOrganization={"reference": "Organization/o3"}),
        patient("p3", family="Li"),
        encounter("e1", "Patient/p1"),
        encounter("e2", "Patient/p2"),
        observation("a1", "hr", of="Patient/p1", at="2020-01-01T00:00:00Z", encounter={"reference": "Encounter/e1"}),
        observation("a2", "hr", of="Patient/p2", at="2020-01-02T00:00:00Z", encounter={"reference": "Encounter/e2"}),
        observation("a3", "bp", of="Patient/p1", at="2020-01-03T00:00:00Z"),
        observation("a4", "hr", of="Patient/p3", at="2020-01-04T00:00:00Z"),
        observation("a5", "hr", of="Group/g1", at="2020-01-05T00:00:00Z"),
        observation("a6", "hr", of="Patient/gone", at="2020-01-06T00:00:00Z"),
        observation("a7", "hr", of="Patient/p1", at="2020-01-07T00:00:00Z", performer=[{"reference": "Patient/p2"}]),
        {
            "resourceType": "Group", "id": "g1", "type": "person", "actual": True,
            "member": [{"entity": {"reference": "Patient/p3"}}],
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Observation?patient.family=li", "a7 a4 a3 a1"),
        ("Observation?patient.family=li&code=hr", "a7 a4 a1"),
        ("Observation?patient.family=li,wang&code=hr&_sort=date", "a1 a2 a4 a7"),
        ("Observation?subject:Patient.family=wang", "a2"),
        ("Observation?subject.family=li", "a7 a4 a3 a1"),
        ("Observation?subject:Group.type=person", "a5"),
        ("Observation?subject._id=p1", "a7 a3 a1"),
        ("Observation?patient.organization.name=second", "a7 a3 a1"),
        ("Observation?patient.organization.partof.name=second", "a2"),
        ("Observation?patient.organization.partof.partof.name=first", "a2"),
        ("Observation?encounter.patient.family=wang", "a2"),
        ("Observation?patient.birthdate=ge1985", "a2"),
        ("Observation?patient.birthdate:missing=true", "a4"),
        ("Observation?patient.family:not-a-thing=1", "400"),
        ("Observation?performer:Patient.family=wang", "a7"),
        ("Observation?patient.organization:missing=true", "a4"),
        ("Observation?code.name=1", "400"),
        ("Observation?patient.nonsense=1", "400"),
        ("Observation?subject:Banana.family=x", "400"),
        ("Patient?_has:Observation:patient:code=hr", "p1 p2 p3"),
        ("Patient?_has:Observation:patient:code=bp", "p1"),
        ("Patient?_has:Observation:patient:code=http://loinc.org|hr", "p1 p2 p3"),
        ("Patient?_has:Observation:subject:code=hr&family=li", "p1 p3"),
        ("Patient?_has:Observation:performer:code=hr", "p2"),
        ("Patient?_has:Observation:patient:code=none", ""),
        ("Patient?_has:Observation:patient:_id=a2", "p2"),
        ("Patient?_has:Group:member:type=person", "p3"),
        ("Patient?_has:Encounter:patient:_has:Observation:encounter:code=hr", "p1 p2"),
        ("Organization?_has:Patient:organization:family=wang", "o3"),
        ("Organization?_has:Patient:organization:_has:Observation:patient:code=bp", "o2"),
        ("Observation?patient._has:Group:member:type=person", "a4"),
        ("Patient?_has:Observation:patient:date=lt2020-01-02", "p1"),
        ("Patient?_has:Observation:encounter:code=hr", "400"),
        ("Patient?_has:Nothing:patient:code=hr", "400"),
        ("Patient?_has:Observation:patient=hr", "400"),
        ("Observation?patient=p1&code=hr", "a7 a1"),
        ("Observation?patient=p1,p2&code=hr&_sort=date", "a1 a2 a7"),
        ("Observation?subject=p1", "a7 a3 a1"),
        ("Observation?_filter=code eq hr and (patient.family sw wang or not (patient.family pr true))", "a6 a5 a2"),
    ],
)
async def test_chains_and_has(shelf: Shelf, asked: str, found: str) -> None:
    await clinic(shelf)
    if found == "400":
        with pytest.raises(OutcomeError) as refused:
            await shelf.ids(asked)
        assert refused.value.status == 400
        with pytest.raises(OutcomeError):
            await shelf.ids(asked, strict=False)
        return
    got = await shelf.ids(asked)
    assert got == found.split() if asked.startswith("Observation") else sorted(got) == found.split()
    assert await shelf.walked(f"{asked}&_count=1") == got


async def test_a_deleted_target_does_not_count(shelf: Shelf) -> None:
    await clinic(shelf)
    await shelf.store.write(Change("delete", "Patient", "p1"))
    assert await shelf.ids("Observation?patient.family=li") == ["a4"]
    await shelf.store.write(Change("delete", "Observation", "a2"))
    assert await shelf.found("Patient?_has:Observation:patient:code=hr") == {"p3"}


async def test_includes(shelf: Shelf) -> None:
    await clinic(shelf)

    async def included(asked: str, **options: Any) -> list[str]:
        page = await shelf.page(asked, **options)
        every = [row.id for row in page.included]
        assert len(every) == len(set(every))
        assert not {r.rid for r in page.included} & {r.rid for r in page.matches}
        return sorted(every)

    assert await included("Observation?code=bp&_include=Observation:patient") == ["p1"]
    assert await included("Observation?code=bp&_include=Observation:subject:Group") == []
    assert await included("Observation?code=hr&_include=Observation:subject") == ["g1", "p1", "p2", "p3"]
    assert await included("Observation?_id=a1&_include=*") == ["e1", "p1"]
    assert await included("Observation?_id=a1&_include=Observation:*") == ["e1", "p1"]
    assert await included("Observation?code=none&_include=*") == []
    chained = "Observation?_id=a2&_include=Observation:patient&_include:iterate=Patient:organization"
    assert await included(chained) == ["o3", "p2"]
    assert await included(f"{chained}&_include:iterate=Organization:partof") == ["o1", "o2", "o3", "p2"]
    assert await included("Patient?_id=p1&_revinclude=Observation:patient") == ["a1", "a3", "a7"]
    assert await included("Patient?_id=p2&_revinclude=Observation:performer") == ["a7"]
    assert await included("Patient?_id=p2&_revinclude=*") == ["a2", "a7", "e2"]
    assert await included("Organization?_id=o1&_revinclude:iterate=Organization:partof") == ["o2", "o3"]
    hidden = reaching(Patient=None)
    assert await included("Observation?code=bp&_include=Observation:patient", reach=hidden) == []
    some = reaching(Observation="code=bp")
    assert await included("Patient?_id=p1&_revinclude=Observation:patient", reach=some) == ["a3"]
    page = await shelf.page("Observation?code=hr&_include=Patient:organization", strict=False)
    assert [issue.key for issue in page.query.issues] == ["search-include-unknown"]


async def test_an_include_follows_a_versioned_reference_to_that_version(shelf: Shelf) -> None:
    await shelf.put(patient("p1", family="Old"))
    await shelf.put(patient("p1", family="New"))
    await shelf.put(observation("a", of="Patient/p1/_history/1"), observation("b", of="Patient/p1/_history/2"))
    for id, family in (("a", b"Old"), ("b", b"New")):
        page = await shelf.page(f"Observation?_id={id}&_include=Observation:patient")
        assert [family in row.body() for row in page.included] == [True]


async def test_sorts_keep_rows_without_the_value_last(shelf: Shelf) -> None:
    await shelf.put(
        patient("a", family="B", birthDate="1990-01-01"),
        patient("b", family="A"),
        patient("c", birthDate="1980-01-01"),
        patient("d", family="B", birthDate="1970-01-01"),
        patient("e", name=[{"family": "C"}, {"family": "0"}]),
    )
    for asked, order in (
        ("_sort=birthdate", "d c a"), ("_sort=-birthdate", "a c d"), ("_sort=family,-birthdate", "e b a d c"),
        ("_sort=-family,birthdate", "e d a b c"), ("_sort=_id", "a b c d e"), ("_sort=-_id", "e d c b a"),
        ("_sort=_lastUpdated", "a b c d e"), ("_sort=-_lastUpdated", "e d c b a"),
    ):  # fmt: skip
        got = await shelf.walked(f"Patient?{asked}&_count=2")
        assert got[: len(order.split())] == order.split(), asked
        assert sorted(got) == list("abcde")
        assert await shelf.ids(f"Patient?{asked}") == got
    assert await shelf.ids("Patient?_sort=gender,_id") == list("abcde")


async def test_sort_by_reference_is_by_the_type_and_id_of_the_target(shelf: Shelf) -> None:
    await shelf.put(
        patient("p1"), patient("p2"), patient("p9"),
        observation("a", of="Patient/p2"), observation("b", of="Patient/p1"), observation("c", of="Patient/p9"),
        observation("d", of="Patient/p1"), observation("e", of="http://elsewhere/Patient/p0"),
    )  # fmt: skip
    for asked, order in (("subject,_id", "b d a c e"), ("-subject,_id", "c a b d e"), ("-patient,-_id", "c a d b e")):
        assert await shelf.walked(f"Observation?_sort={asked}&_count=2") == order.split(), asked
        assert await shelf.walked(f"Observation?_sort={asked}&_count=1&status=final") == order.split(), asked


async def test_what_the_index_keeps_as_a_digest_is_not_sorted_by(shelf: Shelf) -> None:
    await shelf.put(patient("a", identifier=[{"value": "2"}]), patient("b", identifier=[{"value": "1"}]))
    for code in ("identifier", "phone"):
        page = await shelf.page(f"Patient?_sort={code}", strict=False)
        assert [issue.key for issue in page.query.issues] == ["search-sort-unknown"]
        assert len(page.matches) == 2
        with pytest.raises(OutcomeError):
            await shelf.page(f"Patient?_sort={code}")


async def test_sort_by_code_quantity_and_other_dates(shelf: Shelf) -> None:
    def measured(id: str, value: float, status: str, at: str) -> Document:
        return observation(id, valueQuantity={"value": value}, status=status) | {
            "issued": at,
            "valueQuantity": {"value": value},
        }

    await shelf.put(
        measured("a", 3, "final", "2020-01-01T00:00:00Z"), measured("b", 1, "amended", "2020-01-01T00:00:00Z"),
        measured("c", 2, "final", "2020-01-01T00:00:00Z"),
    )  # fmt: skip
    assert await shelf.walked("Observation?_sort=value-quantity&_count=1") == ["b", "c", "a"]
    assert await shelf.walked("Observation?_sort=status,-value-quantity&_count=1") == ["b", "a", "c"]


async def test_paging_is_stable_and_bound_to_its_search(shelf: Shelf) -> None:
    await shelf.put(*(observation(f"o{i:02}", at=f"2020-01-{i % 7 + 1:02}") for i in range(25)))
    every = await shelf.walked("Observation?code=8867-4&_sort=-date&_count=4")
    assert every == await shelf.ids("Observation?code=8867-4&_sort=-date&_count=100")
    assert len(every) == 25
    first = await shelf.page("Observation?code=8867-4&_sort=-date&_count=4")
    await shelf.put(observation("new", at="2021-01-01"))
    second = await shelf.page(f"Observation?code=8867-4&_sort=-date&_count=4&{TOKEN}={first.next_token}")
    assert [row.id for row in second.matches] == every[4:8]
    assert second.next_token is not None
    for wrong in (
        f"Observation?code=1&_sort=-date&{TOKEN}={first.next_token}",
        f"Observation?code=8867-4&_sort=date&{TOKEN}={first.next_token}",
        f"Observation?code=8867-4&_sort=-date&{TOKEN}=nonsense",
        f"Observation?code=8867-4&_sort=-date&{TOKEN}={(first.next_token or '')[:-3]}",
    ):
        with pytest.raises(OutcomeError) as refused:
            await shelf.page(wrong)
        assert refused.value.status == 400


async def test_totals(shelf: Shelf) -> None:
    await clinic(shelf)
    assert (await shelf.page("Observation?code=hr")).total is None
    assert (await shelf.page("Observation?code=hr&_total=none")).total is None
    for kind in ("accurate", "estimate"):
        assert (await shelf.page(f"Observation?code=http://loinc.org|hr&_total={kind}&_count=2")).total == 6
    counted = await shelf.page("Observation?patient.family=li&_summary=count")
    assert (counted.total, counted.matches, counted.next_token) == (4, [], None)
    assert (await shelf.page("Observation?_count=0")).total == 7
    assert (await shelf.page("Observation?_count=0", reach=reaching(Observation="code=bp"))).total == 1
    assert (await shelf.page("Observation?_count=0", reach=reaching(Observation=None))).total == 0


async def test_reach_holds_for_matches_chains_and_has(shelf: Shelf) -> None:
    await clinic(shelf)
    mine = reaching(Patient="_id=p1", Observation="patient=Patient/p1", Encounter="patient=Patient/p1")
    assert await shelf.found("Observation", reach=mine) == {"a1", "a3", "a7"}
    assert await shelf.found("Observation?code=hr", reach=mine) == {"a1", "a7"}
    assert await shelf.found("Observation?patient=Patient/p2", reach=mine) == set()
    assert await shelf.found("Observation?patient.family=li", reach=reaching(Patient="family=wang")) == set()
    assert await shelf.found("Observation?patient.family=wang", reach=reaching(Patient="family=wang")) == {"a2"}
    assert await shelf.found("Patient?_has:Observation:patient:code=hr", reach=reaching(Observation="code=bp")) == set()
    assert await shelf.found("Patient?_has:Observation:patient:code=bp,hr", reach=reaching(Observation="code=bp")) == {
        "p1"
    }
    several = reaching(Observation="patient=Patient/p1 or patient=Patient/p3")
    assert await shelf.ids("Observation?code=hr&_count=2", reach=several) == ["a7", "a4"]
    assert await shelf.found("Observation", reach=reaching(Observation=None)) == set()
    chained = reaching(Observation="patient.family=wang")
    assert await shelf.found("Observation", reach=chained) == {"a2"}
    assert await shelf.found("Observation?patient.family:missing=false", reach=reaching(Patient=None)) == set()


async def test_compartments_and_several_types(shelf: Shelf) -> None:
    await clinic(shelf)
    assert await shelf.ids("Observation", compartment=("Patient", "p2")) == ["a7", "a2"]
    assert await shelf.found("Observation?code=bp", compartment=("Patient", "p1")) == {"a3"}
    assert await shelf.found("", compartment=("Patient", "p2")) == {"p2", "a2", "a7", "e2"}
    assert await shelf.found("", compartment=("Patient", "p3")) == {"p3", "a4", "g1"}
    assert await shelf.found("Organization", compartment=("Patient", "p1")) == set()
    assert await shelf.found("Observation", compartment=("Encounter", "e1")) == {"a1"}
    assert await shelf.found("?_type=Patient,Group") == {"p1", "p2", "p3", "g1"}
    assert len(await shelf.walked("?_count=3")) == 16
    assert await shelf.found("?_id=p1,a1") == {"p1", "a1"}
    assert await shelf.ids("?_type=Patient,Observation&_sort=-_lastUpdated&_count=1") == ["a7"]
    assert await shelf.walked("?_type=Patient,Observation&_sort=_lastUpdated&_count=2") == [
        "p1", "p2", "p3", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
    ]  # fmt: skip
    assert await shelf.found("?_type=Patient,Observation", reach=reaching(Observation=None)) == {"p1", "p2", "p3"}


async def test_the_statement_of_a_page_brings_its_patients(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    await clinic(shelf)
    asked = "Observation?_include=Observation:patient&_sort=-date&_count=2"
    monkeypatch.setattr("xinglin.store.search.pages.included", None)  # not called: there is no second round trip
    for _ in range(3):
        first = await shelf.page("Observation?code=hr,bp&_id=a1,a3&_include=Observation:patient&_sort=-date")
        assert [row.id for row in first.included] == ["p1"]
    page = await shelf.page("Observation?_id=a3,a4&_include=Observation:patient&_sort=-date&_count=1")
    assert ([row.id for row in page.matches], [row.id for row in page.included]) == (["a4"], ["p3"])
    hidden = await shelf.page("Observation?_id=a3,a4&_include=Observation:patient", reach=reaching(Patient="_id=p1"))
    assert ({row.id for row in hidden.matches}, [row.id for row in hidden.included]) == ({"a3", "a4"}, ["p1"])
    monkeypatch.undo()
    # One of a page that is nobody's alone has its references read.
    assert {row.id for row in (await shelf.page(asked)).included} == {"p1"}
