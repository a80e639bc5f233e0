"""How credentials are read from FHIR."""

from datetime import date

import msgspec
import pytest

from tests.capabilities.practitioners import people
from xinglin.fhir import codec
from xinglin.security.credential_forms import final_day, first_day, site_of, standing_of
from xinglin.security.credentials import Credential


@pytest.mark.rule("R6-035", "R6-030", "R6-034", "R1-034", "R1-037")
def test_a_practitioner_and_a_place_of_work_are_read_whole() -> None:
    standing = standing_of(codec.decode(msgspec.json.encode(people.physician()), "Practitioner"))
    assert (standing.name, standing.person, standing.active) == ("王杏", people.PERSON, True)
    assert standing.credentials[1] == Credential(
        "practising", people.NUMBER, "physician", "clinical", ("03",), date(2015, 1, 1)
    )
    assert (standing.independent_since, standing.policy, standing.insured_until) == (
        date(2018, 1, 1),
        "P-1",
        date(2099, 12, 31),
    )
    assert (standing.title, standing.title_level) == ("主任医师", "senior")

    site = site_of(codec.decode(msgspec.json.encode(people.place()), "PractitionerRole"))
    assert (site.organization, site.main, site.registration) == ("Organization/h1", True, "R-1")
    assert (site.since, site.until) == (date(2020, 2, 1), date(2099, 12, 31))
    assert (site.consent_since, site.consent_until, site.consent_scope) == (date(2026, 1, 1), None, ("03",))
    assert (site.departments, site.rights) == (("03.04",), frozenset({"western", "patent"}))
    assert (site.antibiotic, site.narcotic, site.certificate) == ("restricted", True, "01AB")


def test_a_bare_practitioner_and_place_are_read_too() -> None:
    standing = standing_of(codec.decode(b'{"resourceType":"Practitioner","id":"x"}', "Practitioner"))
    assert (standing.active, standing.credentials, standing.independent_since) == (True, (), None)
    site = site_of(codec.decode(b'{"resourceType":"PractitionerRole","id":"x"}', "PractitionerRole"))
    assert (site.main, site.consent_since, site.rights, site.narcotic) == (False, None, frozenset(), False)


def test_a_qualification_of_a_foreign_kind_is_no_credential() -> None:
    name = [{"family": "W", "given": ["X"]}]
    document = {"resourceType": "Practitioner", "id": "x", "name": name, "qualification": [{"code": {"text": "MD"}}]}
    standing = standing_of(codec.decode(msgspec.json.encode(document), "Practitioner"))
    assert (standing.credentials, standing.name) == ((), "WX")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-02-03", date(2024, 2, 3), date(2024, 2, 3)),
        ("2024-02-03T10:00:00+08:00", date(2024, 2, 3), date(2024, 2, 3)),
        (None, None, None),
    ],
)
def test_a_partial_date_stands_for_all_its_days(text: str | None, first: date | None, last: date | None) -> None:
    assert (first_day(text), final_day(text)) == (first, last)
