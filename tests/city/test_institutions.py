"""Institutions, their staff and rosters: numbers, credentials and rights that pass the platform's own checks."""

from datetime import date
from typing import Any

import msgspec
import pytest

from xinglin.care.insurer import institution_fault
from xinglin.city import institutions, places, staff
from xinglin.city.hours import receives
from xinglin.city.institutions import Institution, insurance_code
from xinglin.fhir import codec
from xinglin.security import institution_forms as forms
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import may_practise_online, may_prescribe, may_work
from xinglin.security.identifiers import institution_licence_faults, uscc_faults
from xinglin.security.institutions import naming_faults
from xinglin.tables.codes import by_code

Json = dict[str, Any]
TODAY = date(2026, 11, 22)


def decoded(resource: Json) -> Any:
    return codec.decode(msgspec.json.encode(resource))


def test_the_institutions_that_the_city_is_known_for_are_there() -> None:
    found = {one.name for one in institutions.institutions()}
    known = {"人民医院", "第二人民医院", "第三人民医院", "中医院", "妇幼保健院", "疾病预防控制中心", "卫生健康委员会"}
    assert {f"焦作市{name}" for name in known} <= found
    assert {f"{county}人民医院" for county in ("修武县", "博爱县", "武陟县", "温县", "沁阳市", "孟州市")} <= found
    assert 40 <= len(found) <= 55
    assert len({one.id for one in institutions.institutions()}) == len(found)


@pytest.mark.parametrize("one", institutions.institutions(), ids=lambda one: one.id)
def test_numbers_of_institutions_are_sound(one: Institution) -> None:
    assert uscc_faults(institutions.credit_code(one)) == ()
    assert institution_licence_faults(institutions.licence(one)) == ()


def test_numbers_of_institutions_differ() -> None:
    every = institutions.institutions()
    assert len({institutions.credit_code(one) for one in every}) == len(every)


def test_departments_stand_in_the_national_list() -> None:
    assert {code for one in institutions.institutions() for code in one.departments} <= by_code("departments").keys()


def test_physicians_may_practise_online_where_they_are_registered() -> None:
    judged = 0
    for worker in staff.workers():
        if worker.is_physician and worker.role != "village-doctor":
            standing, site = standing_of(decoded(staff.practitioner(worker))), site_of(decoded(staff.role(worker)))
            where = f"Organization/{worker.institution.id}"
            assert may_practise_online(standing, [site], where, TODAY, department=worker.department) == ()
            assert may_prescribe(standing, site, "western") == ()
            slices = may_prescribe(standing, site, "slices")
            assert (slices == ()) == (worker.department[:2] in {"50", "51", "52"})
            judged += 1
    assert judged > 300


def test_a_village_doctor_does_not_receive_online() -> None:
    worker = staff.first("jf-002-clinic", "village-doctor")
    standing, site = standing_of(decoded(staff.practitioner(worker))), site_of(decoded(staff.role(worker)))
    keys = {one.key for one in may_practise_online(standing, [site], "Organization/jf-002-clinic", TODAY)}
    assert keys == {"assistant-physician"}


def test_nurses_and_pharmacists_may_work() -> None:
    judged = 0
    for worker in staff.workers():
        if worker.role in {"nurse", "pharmacist", "retail-pharmacist"}:
            what = "nurse" if worker.role == "nurse" else "pharmacist"
            assert may_work(standing_of(decoded(staff.practitioner(worker))), what, TODAY) == ()  # type: ignore[arg-type]
            judged += 1
    assert judged > 250


def test_every_town_has_a_centre_that_keeps_its_records() -> None:
    assert all(one.is_centre for one in institutions.centre_of().values())
    assert len(institutions.centre_of()) > 100


def test_licences_read_as_the_directory_reads_them(by_type: dict[str, list[Json]]) -> None:
    found = {one["id"]: forms.institution_of(one) for one in by_type["Organization"] if "identifier" in one}
    licensed = {id: one.licence for id, one in found.items() if one.licence.number}
    assert len(licensed) == len(found) - 5  # commission, insurer and three pharmacies
    assert all(one.until is not None and one.until > TODAY for one in licensed.values())
    assert licensed["jz-renmin"].beds > 1000
    assert [one.passed for one in licensed["wz-renmin"].verifications] == [True]


@pytest.mark.rule("R1-010")
def test_an_internet_hospital_is_open(by_type: dict[str, list[Json]]) -> None:
    [one] = [one for one in by_type["Organization"] if forms.is_internet_hospital(one)]
    read = forms.institution_of(one)
    assert (read.active, read.host) == (True, "Organization/jz-renmin")
    assert naming_faults(read.name, naming=read.naming, host="焦作市人民医院") == ()


def test_slots_are_of_the_week_that_begins_on_the_last_day(by_type: dict[str, list[Json]]) -> None:
    days = {one["start"][:10] for one in by_type["Slot"]}
    assert min(days) >= "2026-11-22"
    assert max(days) <= "2026-11-28"
    assert len({one["schedule"]["reference"] for one in by_type["Slot"]}) == len(by_type["Schedule"])


def test_slots_lie_in_the_hours_of_who_receives(by_type: dict[str, list[Json]]) -> None:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    roles = {one["id"]: one["availableTime"] for one in by_type["PractitionerRole"]}
    schedules = {
        f"Schedule/{one['id']}": roles[one["actor"][1]["reference"].removeprefix("PractitionerRole/")]
        for one in by_type["Schedule"]
    }
    for one in by_type["Slot"]:
        start, end = one["start"], one["end"]
        day = names[date.fromisoformat(start[:10]).weekday()]
        assert any(
            day in each["daysOfWeek"]
            and each["availableStartTime"] <= start[11:19]
            and end[11:19] <= each["availableEndTime"]
            for each in schedules[one["schedule"]["reference"]]
        ), one["id"]


def test_everybody_of_the_staff_has_hours(by_type: dict[str, list[Json]]) -> None:
    assert all(one["availableTime"] for one in by_type["PractitionerRole"])
    booked = {one["actor"][0]["reference"] for one in by_type["Schedule"]}
    receiving = {f"Practitioner/{one.id}" for one in staff.workers() if receives(one)}
    assert booked == receiving
    assert {one.role for one in staff.workers() if receives(one)} >= {
        "family-doctor",
        "village-doctor",
        "public-health",
    }


def test_every_resident_has_a_centre_within_the_county_by_law() -> None:
    centres = institutions.centre_of()
    for village in places.villages():
        assert centres[village.town].county == village.county, village


def test_each_institution_that_treats_or_sells_settles_with_insurance_by_a_code_of_its_own() -> None:
    settling = [one for one in institutions.institutions() if one.kind not in {"commission", "insurer"}]
    found = [insurance_code(one) for one in settling]
    assert len(set(found)) == len(found) > 40
    assert [institution_fault(code) for code in found if institution_fault(code)] == []
