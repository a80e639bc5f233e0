import csv
from pathlib import Path

import pytest

from xinglin.tables import codes
from xinglin.tables.codes import DATA, by_code, concepts, maps, rows, table, tables

SOURCES = {
    "ethnic": ("gbt3304_ethnic.csv", "code", "name_zh"),
    "education": ("gbt4658_education.csv", "code", "name_zh"),
    "relation": ("gbt4761_relation.csv", "code", "name_zh"),
    "ws218": ("ws218_institution_type.csv", "code", "name_zh"),
    "vaccines": ("vaccine_codes.csv", "code", "name_zh"),
    "notifiable_diseases": ("notifiable_diseases_2025.csv", "no", "name_zh"),
    "wst500_documents": ("wst500_documents.csv", "doc_code", "title_zh"),
    "front_page_items": ("inpatient_front_page_2011.csv", "export_code", "name_zh"),
}


def test_every_file_stands_in_the_index_and_every_row_has_its_file() -> None:
    files = {Path(str(one)).name for one in DATA.iterdir() if str(one).endswith(".csv")} - {codes.INDEX}
    assert files == {f"{one.name}.csv" for one in tables()}


def test_addresses_and_names_stand_once() -> None:
    urls = [one.url for one in tables() if one.url]
    assert len(set(urls)) == len(urls)
    assert all(one.title_zh and one.title_en and one.source for one in tables())


@pytest.mark.parametrize("name", [one.name for one in tables() if one.url])
def test_a_table_has_codes_once_names_and_parents(name: str) -> None:
    found = concepts(name)
    assert found
    known = by_code(name)
    assert len(known) == len(found)
    for one in found:
        assert one.code == one.code.strip()
        assert one.code
        assert one.name.strip()
        assert one.code not in one.parents
        assert set(one.parents) <= known.keys(), one


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_table_says_what_its_source_says(name: str, shared: Path) -> None:
    file, code, said = SOURCES[name]
    with (shared / "reference" / "tables" / file).open(encoding="utf-8-sig", newline="") as lines:
        expected = {row[code]: row[said].strip() for row in csv.DictReader(lines)}
    found = {one.code: one.name for one in concepts(name) if one.properties.get("abstract") != "true"}
    assert found == expected


def test_a_table_is_found_by_its_address_too() -> None:
    assert table("https://xinglin.health/fhir/CodeSystem/gbt-2261-1") is table("sex")
    with pytest.raises(LookupError, match="nothing"):
        table("nothing")


@pytest.mark.rule("CD-22")
def test_lists_that_differ_by_use_are_joined_by_maps() -> None:
    own = {one.url: one.name for one in tables() if one.url}
    assert {one.name for one in maps()} == {row["map"] for row in rows("concept_map_rows.csv")}
    for one in maps():
        assert {link.source for link in one.links} <= by_code(own[one.source]).keys()
        assert one.target not in own or {link.target for link in one.links} <= by_code(own[one.target]).keys(), one


def test_other_columns_are_properties() -> None:
    assert by_code("departments")["03.04"].properties == {"statistics": "A03.04"}
    assert by_code("ethnic")["03"].en == "Hui"
