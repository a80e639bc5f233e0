"""The institutions of the city: commission, hospitals, centres, clinics, pharmacies and what serves them all.

Names are those of public bodies of Jiaozuo, or of the place; numbers are made up and sound in form. Ids are readable
and stay the same from one city to the next. Coordinates are approximate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Final

from xinglin.city import places
from xinglin.city.terms import HL7, META, Json, coding, concept, extension, identifier, reference, system
from xinglin.security.identifiers import (
    INSTITUTION_LICENCE,
    INSURANCE_INSTITUTION,
    USCC,
    organization_check,
    uscc_check,
)
from xinglin.tables.codes import by_code

# Departments (诊疗科目) by kind of institution.
_CITY: Final = tuple(
    "02 03.01 03.02 03.03 03.04 03.06 03.07 04.01 04.02 04.03 04.04 05.01 05.02 07 10 11 12 13 20 21 30 32 50".split()
)
_COUNTY: Final = tuple("02 03.01 03.02 03.04 03.07 04.01 04.03 05.01 05.02 07 20 30 32 50".split())
_TCM: Final = tuple("50.01 50.03 50.10 50.13 50.14 03 20 30 32".split())
_MATERNITY: Final = tuple("05.01 05.02 06 07 07.01 09 30 32".split())
_THIRD: Final = tuple("03.01 16 15 20 30 32".split())
_CENTRE: Final = ("01", "02", "03", "50", "30")
_CLINIC: Final = ("02",)


@dataclass(frozen=True, slots=True)
class Institution:
    """One institution. kind: WS 218, or a word for what that list does not hold. level: such as 3A, empty: none.

    county: division by law; town: 9 digits where it serves one. position: latitude, longitude.
    """

    id: str
    name: str
    kind: str
    level: str
    county: str
    town: str
    departments: tuple[str, ...]
    position: tuple[float, float]

    @property
    def is_hospital(self) -> bool:
        """Whether it has wards."""
        return self.kind[:1] == "A" or self.kind == "G100"

    @property
    def is_centre(self) -> bool:
        """Whether it is a township or community health centre."""
        return self.kind in {"B100", "C210", "C220"}

    @property
    def is_clinic(self) -> bool:
        """Whether it is a village clinic or a community station."""
        return self.kind in {"D600", "B200"}


@dataclass(frozen=True, slots=True)
class Department:
    """A department of an institution. id: of its Organization."""

    institution: Institution
    code: str

    @property
    def id(self) -> str:
        """The id of the Organization."""
        return f"{self.institution.id}-{self.code}"

    @property
    def title(self) -> str:
        """The name by the national list."""
        return department_title(self.code)


# id, name, kind, level, county, departments
_CITYWIDE: Final = (
    ("jz-commission", "焦作市卫生健康委员会", "commission", "", "410811", ()),
    ("jz-renmin", "焦作市人民医院", "A100", "3A", "410802", _CITY),
    ("jz-second", "焦作市第二人民医院", "A100", "3A", "410802", _CITY),
    ("jz-third", "焦作市第三人民医院", "A100", "2A", "410811", _THIRD),
    ("jz-jiaomei", "焦作煤业集团中央医院", "A100", "3A", "410811", _CITY),
    ("jz-tcm", "焦作市中医院", "A210", "3A", "410811", (*_TCM, "52")),
    ("jz-maternity", "焦作市妇幼保健院", "G100", "3A", "410811", _MATERNITY),
    ("jz-cdc", "焦作市疾病预防控制中心", "J100", "", "410811", ("01",)),
    ("jz-emergency", "焦作市紧急医疗救援中心", "E100", "", "410802", ("20",)),
    ("jz-laboratory", "怀川医学检验实验室", "P110", "", "410811", ("30",)),
    ("jz-insurance", "焦作市医疗保障局", "insurer", "", "410811", ()),
    ("jz-pharmacy-1", "怀庆堂大药房解放路店", "pharmacy", "", "410802", ()),
    ("jz-pharmacy-2", "四大怀药大药房山阳店", "pharmacy", "", "410811", ()),
    ("wz-pharmacy", "怀庆堂大药房武陟店", "pharmacy", "", "410823", ()),
)
_COUNTY_PREFIX: Final = {
    "410802": "jf",
    "410803": "zz",
    "410804": "mc",
    "410811": "sy",
    "410821": "xw",
    "410822": "ba",
    "410823": "wz",
    "410825": "wx",
    "410882": "qy",
    "410883": "mz",
}
_COUNTIES: Final = ("410821", "410822", "410823", "410825", "410882", "410883")
# Towns whose centres are in the city that is made; each also serves the neighbours that come after it in the table.
_CENTRES: Final = (
    *("410802002", "410802006", "410803001", "410804001", "410811001", "410811004", "410871101"),
    *("410821101", "410822102", "410823101", "410825101", "410882101", "410883101"),
)
_CLINICS: Final = (
    "410802002",
    "410811001",
    "410821101",
    "410822102",
    "410823101",
    "410825101",
    "410882101",
    "410883101",
)
_KNOWN_AS: Final = {"jz-jiaomei": "焦煤中央医院"}
_SPECIAL: Final = {
    "commission": ("卫生健康行政部门", "govt"),
    "insurer": ("医疗保险经办机构", "ins"),
    "pharmacy": ("零售药店", "bus"),
}


@cache
def institutions() -> tuple[Institution, ...]:
    """Give all of them; the order is that of their making."""
    return (
        *(
            Institution(id, name, kind, level, county, "", departments, _near(county, id))
            for id, name, kind, level, county, departments in _CITYWIDE
        ),
        *_of_counties(),
        *_of_towns(),
    )


@cache
def by_id() -> dict[str, Institution]:
    """Give the institutions by id."""
    return {one.id: one for one in institutions()}


@cache
def centre_of() -> dict[str, Institution]:
    """Give, for each town, the centre that keeps the records of its people."""
    found: dict[str, Institution] = {}
    by_town = {one.town: one for one in institutions() if one.is_centre}
    first = {one.county: one for one in reversed(institutions()) if one.is_centre}
    last: dict[str, Institution] = {}
    for village in places.villages():
        if village.town not in found:
            last[village.county] = by_town.get(village.town) or last.get(village.county) or first[village.county]
            found[village.town] = last[village.county]
    return found


@cache
def clinic_of() -> dict[str, Institution]:
    """Give, for each centre that has one, its clinic in a village or community, by the id of the centre."""
    centres = {one.town: one for one in institutions() if one.is_centre}
    return {centres[one.town].id: one for one in institutions() if one.is_clinic}


def department_title(code: str) -> str:
    """Give the name of a department by the national list (诊疗科目名录)."""
    return by_code("departments")[code].name


def licence(one: Institution) -> str:
    """Write a licence registration number of 22 characters (R6-020): the organization code inside is made up."""
    body = _body(one)
    kind = one.kind if len(one.kind) == 4 else "P939"
    return f"{body}{one.county}11{kind}{'2' if one.id == 'jz-laboratory' else '1'}"


def insurance_code(one: Institution) -> str:
    """Write the code of a designated institution at the insurance: H or P, area and number (R4-054); made up."""
    number = int.from_bytes(blake2b(one.id.encode(), digest_size=4).digest()) % 10**5
    return f"{'P' if one.kind == 'pharmacy' else 'H'}{one.county}{number:05d}"


def credit_code(one: Institution) -> str:
    """Write a unified social credit code (R6-010)."""
    first = (
        ("91" if one.kind in {"pharmacy", "P110"} else "11" if one.kind in _SPECIAL else "12") + one.county + _body(one)
    )
    return first + uscc_check(first)


def resources() -> Iterator[Json]:
    """Yield Organization and Location of each institution, its departments and what they offer."""
    for one in institutions():
        yield _organization(one)
        yield _location(one)
        for code in one.departments:
            department = Department(one, code)
            yield _department(department)
            if code not in {"30", "32", "19"}:
                yield _service(department)


def _of_counties() -> Iterator[Institution]:
    for county in _COUNTIES:
        name = by_code("divisions")[county].name
        short = _COUNTY_PREFIX[county]
        for id, title, kind, level, departments in (
            (f"{short}-renmin", f"{name}人民医院", "A100", "2A", _COUNTY),
            (f"{short}-tcm", f"{name}中医院", "A210", "2A", _TCM),
        ):
            yield Institution(id, title, kind, level, county, "", departments, _near(county, id))


def _of_towns() -> Iterator[Institution]:
    named = by_code("divisions")
    for town in _CENTRES:
        village = next(one for one in places.villages() if one.town == town)
        title = named[town].name
        city = title.endswith("街道")
        id = f"{_COUNTY_PREFIX[village.county]}-{town[-3:]}-centre"
        kind = "B100" if city else "C210"
        name = f"{village.county_name}{title}" + ("社区卫生服务中心" if city else "卫生院")
        yield Institution(id, name, kind, "", village.county, town, _CENTRE, _near(village.county, id))
        if town in _CLINICS:
            id = f"{_COUNTY_PREFIX[village.county]}-{town[-3:]}-clinic"
            kind, ending = ("B200", "卫生服务站") if village.urban else ("D600", "卫生室")
            name = f"{title}{village.short}{ending}"
            yield Institution(id, name, kind, "", village.county, town, _CLINIC, _near(village.county, id))


def _near(county: str, id: str) -> tuple[float, float]:
    """Give a point within some kilometres of the county's seat."""
    latitude, longitude = places.SEATS[county]
    draw = blake2b(id.encode(), digest_size=2).digest()
    return round(latitude + (draw[0] - 128) / 4096, 4), round(longitude + (draw[1] - 128) / 4096, 4)


def _body(one: Institution) -> str:
    code = str(int.from_bytes(blake2b(one.id.encode(), digest_size=8).digest()) % 10**8).zfill(8)
    return code + organization_check(code)


def address(one: Institution) -> Json:
    """Write the address of an institution."""
    district = by_code("divisions")[one.county].name
    town = by_code("divisions")[one.town].name if one.town else ""
    return {
        "extension": [extension("division", valueCode=one.town or one.county)],
        "use": "work",
        "text": f"{places.PROVINCE}{places.CITY}{district}{town}",
        "state": places.PROVINCE,
        "city": places.CITY,
        "district": district,
        "country": "CN",
    }


def _organization(one: Institution) -> Json:
    title, word = _SPECIAL.get(one.kind, ("", "prov"))
    if not title:
        title = by_code("ws218")[one.kind].name
        kinds = [coding(system("ws-218"), one.kind, title), coding(f"{HL7}/organization-type", word)]
    else:
        kinds = [coding(f"{HL7}/organization-type", word)]
    made: Json = {
        "resourceType": "Organization",
        "id": one.id,
        "meta": META,
        "identifier": [identifier(USCC, credit_code(one))],
        "active": True,
        "type": [{"coding": kinds, "text": title}],
        "name": one.name,
        "telecom": [{"system": "phone", "value": f"0391-000{sum(one.id.encode()) % 10_000:04d}"}],
        "address": [address(one)],
        "extension": [position(one)],
    }
    if one.id in _KNOWN_AS:
        made["alias"] = [_KNOWN_AS[one.id]]
    if one.kind not in _SPECIAL:
        made["identifier"].append(identifier(INSTITUTION_LICENCE, licence(one)))
        made["extension"].append(_licence(one))
    if one.kind == "pharmacy" or one.kind not in _SPECIAL:
        made["identifier"].append(identifier(INSURANCE_INSTITUTION, insurance_code(one)))
    if one.level:
        made["extension"].append(
            extension("level", valueCoding=coding(system("hospital-level"), one.level, _level(one.level)))
        )
    if one.id != "jz-commission" and one.kind not in {"insurer", "pharmacy"}:
        made["extension"].append(extension("supervised-by", valueReference=reference("Organization", "jz-commission")))
    if one.is_clinic:
        centre = next(each for each in institutions() if each.is_centre and each.town == one.town)
        made["partOf"] = reference("Organization", centre.id, centre.name)
    return made


def _licence(one: Institution) -> Json:
    """Write the licence record (R6-023); everybody was verified in the last spring."""
    beds = {"3A": 1200, "2A": 500}.get(one.level, 40 if one.is_centre else 0)
    made = extension("licence")
    made["extension"] = [
        {"url": "period", "valuePeriod": {"start": "2022-01-01", "end": "2036-12-31"}},
        {"url": "ownership", "valueString": "全民所有制" if one.is_hospital else "集体所有制"},
        *([{"url": "beds", "valueInteger": beds}] if beds else []),
        {
            "url": "verification",
            "extension": [{"url": "date", "valueDate": "2026-04-20"}, {"url": "passed", "valueBoolean": True}],
        },
    ]
    return made


def position(one: Institution) -> Json:
    """Write where an institution is."""
    latitude, longitude = one.position
    made = extension("position")
    made["extension"] = [
        {"url": "latitude", "valueDecimal": latitude},
        {"url": "longitude", "valueDecimal": longitude},
    ]
    return made


def _level(code: str) -> str:
    return {"1": "一级", "2": "二级", "3": "三级"}[code[0]] + {"A": "甲等", "B": "乙等", "C": "丙等"}[code[1]]


def _location(one: Institution) -> Json:
    latitude, longitude = one.position
    return {
        "resourceType": "Location",
        "id": f"{one.id}-main",
        "meta": META,
        "status": "active",
        "name": one.name,
        "mode": "instance",
        "address": address(one),
        "position": {"latitude": latitude, "longitude": longitude},
        "managingOrganization": reference("Organization", one.id, one.name),
    }


def _department(one: Department) -> Json:
    return {
        "resourceType": "Organization",
        "id": one.id,
        "meta": META,
        "active": True,
        "type": [
            {
                "coding": [
                    coding(f"{HL7}/organization-type", "dept"),
                    coding(system("department"), one.code, one.title),
                ],
                "text": one.title,
            }
        ],
        "name": one.title,
        "partOf": reference("Organization", one.institution.id, one.institution.name),
    }


def _service(one: Department) -> Json:
    return {
        "resourceType": "HealthcareService",
        "id": f"{one.id}-service",
        "meta": META,
        "active": True,
        "providedBy": reference("Organization", one.institution.id, one.institution.name),
        "type": [concept(system("department"), one.code, one.title)],
        "specialty": [concept(system("department"), one.code, one.title)],
        "location": [reference("Location", f"{one.institution.id}-main", one.institution.name)],
        "name": one.title,
    }
