"""What is written and charged of visits: documents that the platform can issue, bills that add up."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from xinglin.capabilities.health_records.rules.bundling import bundle, references
from xinglin.capabilities.health_records.rules.cda.composing import lacking
from xinglin.capabilities.health_records.rules.cda.templates import template_of
from xinglin.capabilities.health_records.rules.cda.writing import write
from xinglin.capabilities.quality.rules import judging
from xinglin.capabilities.quality.rules.case import Case, is_stay
from xinglin.care.prices import package_fen
from xinglin.city import acute, diseases, fees, papers, stays, tcm
from xinglin.city.spec import CitySpec
from xinglin.city.terms import FAULT
from xinglin.fhir import codec
from xinglin.tables.catalogues import services
from xinglin.tables.codes import by_code

Json = dict[str, Any]
Records = dict[str, Json]


@pytest.fixture(scope="module")
def records(city: list[Json]) -> Records:
    return {f"{one['resourceType']}/{one['id']}": one for one in city}


@pytest.fixture(scope="module")
def under(city: list[Json]) -> dict[str, dict[str, list[Json]]]:
    """What was recorded under each visit, by its reference and type."""
    found: dict[str, dict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
    for one in city:
        visit = one.get("encounter") or (one.get("context") if one["resourceType"] == "ChargeItem" else None)
        if visit:
            found[visit["reference"]][one["resourceType"]].append(one)
    return found


def test_every_diagnosis_has_a_story() -> None:
    codes = {one.code for one in acute.illnesses()} | {one.code for one in stays.causes()}
    codes |= {one.code for one in tcm.patterns()} | {one.code for one in diseases.ALL}
    told = papers.stories()
    assert {code[:3] for code in codes} - told.keys() <= {"F79", "F06", "F25", "F22"}


def test_the_platform_reads_the_documents_of_a_city(by_type: dict[str, list[Json]], records: Records) -> None:
    made: dict[str, list[Json]] = {code: [] for code, _ in (papers.NOTE, papers.SUMMARY)}
    for one in by_type["Composition"]:
        made[one["type"]["coding"][0]["code"]].append(one)
    for found in made.values():
        assert len(found) > 20
        for one in found[::60]:
            template = template_of(one["type"])
            assert template is not None
            assert lacking(template, one) == ()
            assert {each["code"]["coding"][0]["code"] for each in one["section"]} <= {
                each.code for each in template.sections
            }
            whole = bundle(
                one,
                [records[name] for name in references(one)],
                base="https://city.example",
                number=f"{one['id']}.1",
                at=datetime(2026, 11, 22, tzinfo=UTC).isoformat(),
            )
            written = write(template, codec.decode(msgspec.json.encode(whole), "Bundle")).decode()
            required = [each.title for each in template.sections if each.required]
            assert [title for title in required if title not in written] == []


def test_visits_to_hospitals_and_stays_of_the_last_year_have_their_document(
    spec: CitySpec, by_type: dict[str, list[Json]]
) -> None:
    told = {one["encounter"]["reference"] for one in by_type["Composition"]}
    first = (spec.until - timedelta(days=papers.DAYS)).isoformat()
    gone = {
        f"Encounter/{one['id']}" for one in by_type["Encounter"] if is_stay(one) and one["period"]["start"][:10] > first
    }
    assert len(gone) > 30
    assert gone <= told
    earlier = {f"Encounter/{one['id']}" for one in by_type["Encounter"] if one["period"]["start"][:10] <= first}
    assert told & earlier == set()


# -- fees -------------------------------------------------------------------------------------------------------------


def test_prices_are_those_of_the_service_items(by_type: dict[str, list[Json]]) -> None:
    known = {one.code: one for one in services()}
    seen = 0
    for claim in by_type["Claim"]:
        total = 0
        for line in claim["item"]:
            what = line["productOrService"]["coding"][0]
            price = round(line["unitPrice"]["value"] * 100)
            assert round(line["net"]["value"] * 100) == price * line["quantity"]["value"]
            total += round(line["net"]["value"] * 100)
            if what["system"].endswith("/service-item"):
                assert (what["display"], price) == (known[what["code"]].name, known[what["code"]].price_fen)
                seen += 1
        assert round(claim["total"]["value"] * 100) == total
    assert seen > 1000


def test_items_of_the_front_page_bear_their_names(by_type: dict[str, list[Json]]) -> None:
    assert {one["code"]["coding"][0]["code"] for one in by_type["ChargeItem"]} <= fees.ITEMS.keys()
    for code, name in fees.ITEMS.items():
        assert by_code("front_page_items")[code].name.endswith(name)


def test_a_package_costs_the_same_each_time_and_little() -> None:
    prices = [package_fen(f"D{number:04d}") for number in range(1, 400)]
    assert prices == [package_fen(f"D{number:04d}") for number in range(1, 400)]
    assert 300 <= min(prices) < max(prices) <= 6000


# -- quality ----------------------------------------------------------------------------------------------------------


def test_the_rules_of_quality_find_nothing_but_what_is_labelled(
    spec: CitySpec, city: list[Json], records: Records, under: dict[str, dict[str, list[Json]]]
) -> None:
    """A fault that no tag tells of is a bug of the city."""
    now = datetime.combine(spec.until, datetime.max.time(), tzinfo=UTC)
    found: list[tuple[str, str]] = []
    labelled = 0
    for one in city:
        if one["resourceType"] not in judging.TYPES or one["resourceType"] == "ChargeItem":
            continue
        name = f"{one['resourceType']}/{one['id']}"
        patient = (
            one if one["resourceType"] == "Patient" else records[(one.get("subject") or one["patient"])["reference"]]
        )
        parts = {kind: tuple(each) for kind, each in under[name].items()} if is_stay(one) else {}
        case = Case(one, now, patient, records.get((one.get("encounter") or {}).get("reference", ""), {}), parts)
        told = judging.judge(case)
        tags = {tag["system"].rpartition("/")[2] for tag in (*one["meta"]["tag"], *patient["meta"]["tag"])}
        if tags & {"synthetic-fault", "synthetic-duplicate"}:
            labelled += len(told)
        else:
            found += [(each.rule, name) for each in told]
    assert found == []
    assert labelled > 0
    assert FAULT.endswith("/synthetic-fault")


@pytest.mark.parametrize("name", ["icd10", "icd9cm3"])
def test_codes_bear_the_name_of_the_table(by_type: dict[str, list[Json]], name: str) -> None:
    known = by_code(name)
    kind = {"icd10": "Condition", "icd9cm3": "Procedure"}[name]
    for one in by_type[kind]:
        coding = one["code"]["coding"][0]
        assert coding["display"] == known[coding["code"]].name
    assert by_type[kind]


def test_the_day_of_a_document_is_the_end_of_the_visit(by_type: dict[str, list[Json]], records: Records) -> None:
    for one in by_type["Composition"]:
        assert one["date"] == records[one["encounter"]["reference"]]["period"]["end"]
