"""Names, licences, verification, agreements and the checklist: examples of the book, then what always holds."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capabilities.directory.people import NAME, card, credit_code, hospital, licence
from xinglin.capabilities.directory.rules import checklist, fields, forms, invariants
from xinglin.capabilities.directory.rules.checklist import Facts, Physician, Shown
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.security import institution_forms
from xinglin.security.institutions import (
    Agreement,
    Institution,
    Licence,
    Verification,
    agreement_faults,
    invitation_faults,
    may_offer,
    naming_faults,
    next_verification,
    number_disagreements,
    provider_faults,
    scope_faults,
    verification_state,
)

TODAY = date(2026, 11, 22)
LICENSED = Institution(
    "Organization/1",
    NAME,
    licence=Licence(licence(41574321), verifications=(Verification(date(2026, 3, 1)),)),
    departments=frozenset({"03.04", "50"}),
)


def keys(issues: Any) -> set[str]:
    return {issue.key for issue in issues}


@pytest.mark.rule("R1-010")
@pytest.mark.parametrize(
    ("name", "naming", "partner", "wrong"),
    [
        (f"{NAME}互联网医院", "alone", "", set()),
        (f"{NAME}杏林互联网医院", "with-partner", "杏林", set()),
        ("杏林互联网医院", "independent", "杏林", set()),
        (f"{NAME}网上医院", "alone", "", {"hospital-name-ending"}),
        ("焦作互联网医院", "alone", "", {"hospital-name-host"}),
        (f"{NAME}杏林互联网医院", "alone", "", {"hospital-name-pattern"}),
        (f"{NAME}互联网医院", "with-partner", "杏林", {"hospital-name-pattern"}),
        (f"{NAME}互联网医院", "with-partner", "", {"hospital-name-partner"}),
        (f"{NAME}互联网医院", "other", "", {"hospital-naming"}),
    ],
)
def test_the_name_of_an_internet_hospital(name: str, naming: str, partner: str, wrong: set[str]) -> None:
    assert keys(naming_faults(name, naming=naming, host=NAME, partner=partner)) == wrong


@pytest.mark.rule("R1-010")
@given(st.text(min_size=1), st.text(min_size=1))
def test_what_is_put_together_by_the_pattern_is_a_name(host: str, partner: str) -> None:
    assert naming_faults(f"{host}互联网医院", naming="alone", host=host) == ()
    assert naming_faults(f"{host}{partner}互联网医院", naming="with-partner", host=host, partner=partner) == ()


@pytest.mark.rule("R1-010")
def test_every_writer_keeps_to_the_ending() -> None:
    made = forms.internet_hospital({"id": "1", "name": NAME}, "网上医院", "alone", "")
    assert keys(invariants.hospital_name(None, codec.decode(bytes_of(made), "Organization"))) == {
        "hospital-name-ending"
    }


@pytest.mark.rule("R1-001")
def test_who_has_no_licence_in_force_provides_no_care() -> None:
    assert provider_faults(LICENSED, TODAY) == ()
    assert keys(provider_faults(replace(LICENSED, licence=Licence()), TODAY)) == {"provider-unlicensed"}
    ended = replace(LICENSED.licence, until=date(2026, 11, 21))
    assert keys(provider_faults(replace(LICENSED, licence=ended, active=False), TODAY)) == {
        "licence-not-in-force",
        "provider-inactive",
    }


@pytest.mark.rule("R1-002")
def test_internet_care_needs_the_mode_on_the_licence_or_an_internet_hospital() -> None:
    assert keys(may_offer(LICENSED, "internet-care", TODAY)) == {"mode-not-allowed"}
    assert may_offer(LICENSED, "remote-medicine", TODAY) == ()
    allowed = replace(LICENSED.licence, modes=frozenset({"internet-care"}))
    assert may_offer(replace(LICENSED, licence=allowed), "internet-care", TODAY) == ()
    assert may_offer(replace(LICENSED, naming="alone"), "internet-care", TODAY) == ()


@pytest.mark.rule("R1-003")
def test_a_remote_consultation_invites_an_institution() -> None:
    assert invitation_faults([("Organization/1", ""), ("PractitionerRole/1", "Organization/1")]) == ()
    assert keys(invitation_faults([("Practitioner/1", "")])) == {"invited-person"}
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": "https://xinglin.health/fhir/CodeSystem/request", "code": "remote-consult"}]},
        "subject": {"reference": "Patient/1"},
        "performer": [{"reference": "Practitioner/1"}],
    }
    asked = codec.decode(bytes_of(request), "ServiceRequest")
    assert keys(invariants.institution_invited(None, asked)) == {"invited-person"}
    request["performer"] = [{"reference": "Organization/2"}]
    assert invariants.institution_invited(None, codec.decode(bytes_of(request), "ServiceRequest")) == ()


@pytest.mark.rule("R1-004")
def test_departments_online_are_among_those_approved() -> None:
    assert scope_faults({"03.04", "50.01"}, {"03.04", "50"}) == ()
    assert keys(scope_faults({"03"}, {"03.04"})) == {"scope-beyond"}


@pytest.mark.rule("R1-007")
def test_an_agreement_states_seven_things() -> None:
    whole = Agreement(
        (("甲", credit_code(1)), ("乙", credit_code(2))),
        *("复诊", "附件一", "各自承担", "七三开"),
        since=TODAY,
        until=date(2027, 11, 21),
        signatures=("王", "李"),
    )
    assert agreement_faults(whole) == ()
    assert len(agreement_faults(Agreement())) == 7
    assert keys(agreement_faults(replace(whole, income="", signatures=("王",)))) == {
        "agreement-income",
        "agreement-signatures",
    }


@pytest.mark.rule("R6-023", "R2-003")
@pytest.mark.parametrize(
    ("beds", "naming", "last", "due"),
    [
        (99, "", date(2026, 3, 1), date(2027, 3, 1)),
        (100, "", date(2026, 3, 1), date(2029, 3, 1)),
        (0, "", date(2024, 2, 29), date(2025, 3, 1)),
        (500, "independent", date(2026, 3, 1), date(2027, 3, 1)),
    ],
)
def test_few_beds_are_verified_every_year_many_every_third(beds: int, naming: str, last: date, due: date) -> None:
    one = replace(LICENSED, naming=naming, licence=Licence("1", beds=beds, verifications=(Verification(last),)))
    assert next_verification(one) == due


@pytest.mark.rule("R2-003")
@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 11, 22), "valid"),
        (date(2026, 12, 1), "due-90"),
        (date(2026, 12, 31), "due-60"),
        (date(2027, 1, 30), "due-30"),
        (date(2027, 3, 1), "due-30"),
        (date(2027, 3, 2), "overdue"),
    ],
)
def test_a_verification_is_reminded_of_before_it_is_due(day: date, state: str) -> None:
    assert verification_state(LICENSED, day) == state


@pytest.mark.rule("R2-003")
def test_a_failed_verification_counts_as_overdue_and_none_as_unknown() -> None:
    failed = Licence("1", verifications=(Verification(date(2026, 3, 1)), Verification(date(2026, 5, 1), passed=False)))
    assert verification_state(replace(LICENSED, licence=failed), TODAY) == "overdue"
    assert verification_state(replace(LICENSED, licence=Licence("1")), TODAY) == "unknown"
    assert keys(provider_faults(replace(LICENSED, licence=failed), TODAY)) == {"verification-overdue"}


@pytest.mark.rule("R6-020")
def test_licence_number_and_credit_code_hold_the_same_organization_code() -> None:
    assert number_disagreements(licence(41574321), credit_code(41574321)) == ()
    (doubt,) = number_disagreements(licence(41574321), credit_code(41574322))
    assert doubt.severity == "warning"


@pytest.mark.rule("R6-023")
def test_the_licence_record_is_read_as_it_was_written() -> None:
    one = hospital("1", NAME, 41574321)
    values = forms.institution_fields(one)
    assert values["beds"] == "900"
    assert values["verified"] == "2026-03-01"
    again = forms.institution(values, one)
    assert forms.institution_fields(again) == values
    spelled, faults = fields.spelled(fields.FIELDS["institutions"], values, today=TODAY)
    assert (spelled, faults) == (values, ())


@pytest.mark.rule("R6-021", "R6-023")
def test_codes_of_our_systems_stand_in_the_national_tables() -> None:
    sound = codec.decode(bytes_of(hospital("1", NAME, 41574321)), "Organization")
    assert invariants.known_codes(None, sound) == ()
    wrong = hospital("1", NAME, 41574321)
    wrong["type"][0]["coding"][0]["code"] = "A999"
    assert keys(invariants.known_codes(None, codec.decode(bytes_of(wrong), "Organization"))) == {"directory-code"}


# -- checklist --------------------------------------------------------------------------------------------------------

READY = Facts(
    hospital=Institution("Organization/2", f"{NAME}互联网医院", host="Organization/1", naming="alone"),
    host=LICENSED,
    offices=(("D72", "药剂科"), ("D85", "信息科"), ("D99", "医疗质量管理科")),
    online=frozenset({"03.04"}),
    physicians=(Physician(("03.04",), "senior"), Physician(("03.04",), "associate-senior")),
    pharmacists=1,
)
EVIDENCE = {one.code: Shown("passed", TODAY) for one in checklist.all_items() if not one.by_machine}


def lacking(facts: Facts, evidence: Any = EVIDENCE, today: date = TODAY) -> set[str]:
    return {issue.where for issue in checklist.gate(checklist.judge(facts, evidence, today))}


@pytest.mark.rule("R1-020", "R1-008")
def test_all_that_is_mandatory_has_to_be_met() -> None:
    assert lacking(READY) == set()
    assert "platform" in lacking(READY, {})
    assert len(lacking(READY, {})) == len([one for one in EVIDENCE if one not in {"line", "agreement"}])


@pytest.mark.rule("R1-020")
@pytest.mark.parametrize(
    ("change", "item"),
    [
        ({"offices": READY.offices[1:]}, "offices"),
        ({"online": frozenset()}, "scope"),
        ({"online": frozenset({"03.04", "12"})}, "scope"),
        ({"physicians": READY.physicians[1:]}, "seniors"),
        ({"pharmacists": 0}, "pharmacists"),
        ({"hospital": replace(READY.hospital, name="网上医院")}, "name"),
        ({"host": replace(LICENSED, licence=Licence())}, "licence"),
    ],
)
def test_the_directory_itself_shows_what_is_missing(change: dict[str, Any], item: str) -> None:
    assert item in lacking(replace(READY, **change))


@pytest.mark.rule("R1-020")
def test_evidence_that_ended_or_failed_does_not_count() -> None:
    ended = EVIDENCE | {"mlps": Shown("passed", date(2025, 1, 1), date(2025, 12, 31))}
    assert lacking(READY, ended) == {"mlps"}
    assert lacking(READY, EVIDENCE | {"servers": Shown("failed", TODAY)}) == {"servers"}
    assert lacking(READY, {code: one for code, one in EVIDENCE.items() if code != "line"}) == set()


@pytest.mark.rule("R1-005", "R1-006", "R1-007")
def test_the_application_is_asked_of_all_and_an_agreement_of_who_has_a_partner() -> None:
    alone = {one.code for one in checklist.items(READY.hospital, TODAY)}
    joint = {one.code for one in checklist.items(replace(READY.hospital, naming="with-partner", partner="杏林"), TODAY)}
    assert "application" in alone
    assert joint - alone == {"agreement"}
    item = next(one for one in checklist.all_items() if one.code == "agreement")
    assert len(checklist.evidence_faults(item, Shown("passed", TODAY), TODAY)) == 7


@pytest.mark.rule("R1-020")
def test_the_nine_written_rules_are_items() -> None:
    assert len([one for one in checklist.all_items() if one.group == "rules"]) == 9


@pytest.mark.rule("R1-020")
@given(st.sets(st.sampled_from(sorted(EVIDENCE))), st.sets(st.sampled_from(sorted(EVIDENCE))))
def test_more_evidence_never_lacks_more(some: set[str], more: set[str]) -> None:
    few = {code: EVIDENCE[code] for code in some}
    many = few | {code: EVIDENCE[code] for code in more}
    assert lacking(READY, many) <= lacking(READY, few)


# -- fields -----------------------------------------------------------------------------------------------------------


def test_values_come_into_one_spelling() -> None:
    given = {"name": " 孙  药师 ", "card": card(130), "role": "药师", "code": "心血管内科专业", "since": "2026年1月5日"}
    found, faults = fields.spelled(fields.FIELDS["staff"], given | {"rights": "西药、中成药"}, today=TODAY)
    assert faults == ()
    assert found["since"] == "2026-01-05"
    assert found["code"] == "03.04"
    assert found["rights"] == "patent western"
    assert found["name"] == "孙 药师"


def test_what_cannot_be_spelled_is_said_with_its_field() -> None:
    _, faults = fields.spelled(
        fields.FIELDS["institutions"],
        {"uscc": credit_code(1)[:-1], "beds": "很多", "category": "某类", "since": "2026-05-01", "until": "2026-04-01"},
        today=TODAY,
    )
    assert {"uscc", "beds", "category", "until", "name"} <= {one.where for one in faults}


def test_a_name_of_several_codes_is_none() -> None:
    _, faults = fields.spelled(fields.FIELDS["departments"], {"code": "其他"}, today=TODAY)
    assert [one.key for one in faults] == ["field-code"]


@given(st.dictionaries(st.sampled_from([one.name for one in fields.STAFF]), st.text(max_size=30)))
def test_no_text_brings_a_field_down(given: dict[str, str]) -> None:
    found, faults = fields.spelled(fields.STAFF, given, today=TODAY)
    assert set(found) <= set(given)
    assert all(one.where for one in faults)


def test_a_department_is_read_as_it_was_written() -> None:
    values = {"code": "D85", "name": "信息中心", "phone": "0391-1"}
    made = forms.department(values, None, {"id": "1", "name": NAME})
    assert forms.department_fields(made) == values
    assert institution_forms.department_codes(made) == ("D85",)
