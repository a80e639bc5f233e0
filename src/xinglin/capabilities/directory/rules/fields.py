"""What is said of a department, a place, a service, staff and an institution, as fields of forms and columns of files.

A field turns what was typed or imported into its one spelling, or says what to mend.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from xinglin.capabilities.directory.contract import SERVICE_MODES, TITLES
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security import identifiers as ids
from xinglin.tables.codes import by_code
from xinglin.tables.divisions import divisions

FieldKind = Literal["text", "date", "number", "choice", "many", "code", "area"]
Values = Mapping[str, str]

_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SPLIT: Final = re.compile(r"[\s,，、;；]+")
LONGEST: Final = 200
SLASH: Final = " "


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    options: codes and texts of ``choice`` and ``many``. tables: names of the national tables of a ``code``.
    headings: how columns are called besides. new: asked only when it is made; then it stays.
    """

    name: str
    title: Text
    kind: FieldKind = "text"
    needed: bool = False
    options: tuple[tuple[str, Text], ...] = ()
    tables: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    hint: Text | None = None
    new: bool = False


def _options(codes: Mapping[str, Text]) -> tuple[tuple[str, Text], ...]:
    return tuple(codes.items())


ROLES: Final[Mapping[str, Text]] = {
    "physician": Text("医师", "Physician"),
    "village-doctor": Text("乡村医生", "Village doctor"),
    "family-doctor": Text("家庭医生", "Family doctor"),
    "public-health": Text("公共卫生医师", "Public health physician"),
    "nurse": Text("护士", "Nurse"),
    "pharmacist": Text("药师", "Pharmacist"),
    "retail-pharmacist": Text("零售药店药师", "Retail pharmacist"),
    "technician": Text("技师", "Technician"),
    "receptionist": Text("登记人员", "Receptionist"),
}
CREDENTIALS: Final[Mapping[str, Text]] = {
    "practising": Text("医师执业证书", "Physician's practising certificate"),
    "nurse": Text("护士执业证书", "Nurse's practising certificate"),
    "licensed-pharmacist": Text("执业药师注册证", "Licensed pharmacist registration"),
    "pharmacist-title": Text("药学专业技术资格证书", "Pharmacist's title certificate"),
}
SITES: Final[Mapping[str, Text]] = {
    "main": Text("主要执业机构", "Main institution"),
    "filed": Text("多点执业备案", "Filed for several places"),
}
RIGHTS: Final[Mapping[str, Text]] = {
    "western": Text("西药", "Western drugs"),
    "patent": Text("中成药", "Chinese patent drugs"),
    "slices": Text("中药饮片", "Herbal slices"),
}
PLACES: Final[Mapping[str, Text]] = {
    "si": Text("院区", "Site"),
    "bu": Text("楼栋", "Building"),
    "lvl": Text("楼层", "Floor"),
    "wi": Text("病区", "Ward"),
    "ro": Text("房间", "Room"),
}
LEVELS: Final[Mapping[str, Text]] = {
    f"{number}{letter}": Text(f"{grade}{rank}", f"Level {number}, grade {letter}")
    for number, grade in (("3", "三级"), ("2", "二级"), ("1", "一级"))
    for letter, rank in (("A", "甲等"), ("B", "乙等"), ("C", "丙等"))
}
WHERE: Final[Mapping[str, Text]] = {
    "here": Text("本院现场", "At the institution"),
    "online": Text("互联网医院", "Internet hospital"),
}

PHONE: Final = Field("phone", Text("联系电话", "Telephone"), headings=("电话",))
DEPARTMENT: Final = (
    Field(
        "code",
        Text("科室代码", "Department code"),
        "code",
        needed=True,
        tables=("departments", "department_statistics"),
        headings=("代码", "诊疗科目", "诊疗科目代码"),
        hint=Text("诊疗科目；职能科室用统计代码", "By the national list; offices by the list for statistics"),
    ),
    Field(
        "name", Text("科室名称", "Name"), headings=("名称", "科室"), hint=Text("不填则用标准名称", "Empty: as listed")
    ),
    PHONE,
)
LOCATION: Final = (
    Field("name", Text("名称", "Name"), needed=True),
    Field("form", Text("类型", "Kind"), "choice", options=_options(PLACES), needed=True),
    Field(
        "address",
        Text("位置说明", "Where it is"),
        hint=Text("如门诊楼 3 层东侧", "e.g. outpatient building, 3rd floor"),
    ),
    PHONE,
)
SERVICE: Final = (
    Field("code", Text("科室", "Department"), "code", needed=True, tables=("departments",)),
    Field("name", Text("服务名称", "Name"), hint=Text("不填则用科室名称", "Empty: as the department")),
    Field("where", Text("服务方式", "Where"), "choice", options=_options(WHERE), needed=True),
    Field("comment", Text("服务说明", "Description"), "area"),
    PHONE,
)
STAFF: Final = (
    Field("name", Text("姓名", "Name"), needed=True, new=True),
    Field("card", Text("身份证号", "Identity number"), needed=True, new=True, headings=("证件号码",)),
    Field("role", Text("岗位", "Role"), "choice", options=_options(ROLES), needed=True, new=True),
    Field("code", Text("科室", "Department"), "code", tables=("departments",), headings=("科室代码", "诊疗科目")),
    Field("title", Text("职称", "Title"), hint=Text("如主任医师", "e.g. 主任医师")),
    Field("level", Text("职称级别", "Level of the title"), "choice", options=_options(TITLES.codes)),
    Field("site", Text("执业类型", "Kind of place"), "choice", options=_options(SITES), headings=("主要或备案",)),
    Field("registration", Text("注册或备案编号", "Registration or filing number"), headings=("备案号",)),
    Field("since", Text("到岗日期", "From"), "date", headings=("开始日期",)),
    Field("until", Text("截止日期", "Until"), "date", headings=("结束日期",)),
    Field("consent-since", Text("线上执业同意起", "Consent to online work from"), "date"),
    Field("consent-until", Text("线上执业同意止", "Consent to online work until"), "date"),
    Field("rights", Text("处方权", "Prescribing rights"), "many", options=_options(RIGHTS)),
    Field("credential", Text("证书类型", "Certificate"), "choice", options=_options(CREDENTIALS), new=True),
    Field("number", Text("证书编号", "Certificate number"), new=True, headings=("执业证书编码", "证书号")),
    Field("certified", Text("发证日期", "Certified on"), "date", new=True),
)
INSTITUTION: Final = (
    Field("name", Text("机构名称", "Name"), needed=True, headings=("名称",)),
    Field(
        "uscc", Text("统一社会信用代码", "Unified social credit code"), needed=True, new=True, headings=("信用代码",)
    ),
    Field("licence", Text("执业许可证登记号", "Licence number"), headings=("登记号", "机构代码")),
    Field(
        "category", Text("机构类别", "Category"), "code", needed=True, tables=("ws218",), headings=("类别", "类别代码")
    ),
    Field("level", Text("等级", "Level"), "choice", options=_options(LEVELS)),
    Field("division", Text("区县", "District"), "choice", needed=True, headings=("行政区划",)),
    Field("address", Text("地址", "Address"), needed=True),
    PHONE,
    Field("legal", Text("法定代表人", "Legal representative")),
    Field("principal", Text("主要负责人", "Principal")),
    Field("ownership", Text("所有制形式", "Ownership")),
    Field("beds", Text("床位数", "Beds"), "number", headings=("床位",)),
    Field("modes", Text("核准的服务方式", "Ways of service allowed"), "many", options=_options(SERVICE_MODES.codes)),
    Field("since", Text("许可证有效期起", "Licence from"), "date"),
    Field("until", Text("许可证有效期止", "Licence until"), "date"),
    Field("verified", Text("最近校验日期", "Last verification"), "date", headings=("校验日期",)),
)
DISTRICTS: Final = tuple(
    (one.code, Text(one.name, one.en or one.name))
    for one in divisions().values()
    if one.kind in {"district", "county", "county-city"}
)


def with_districts(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Give the fields with the counties of the city as options of the division."""
    return tuple(replace(one, options=DISTRICTS) if one.name == "division" else one for one in fields)


FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "departments": DEPARTMENT,
    "locations": LOCATION,
    "services": SERVICE,
    "staff": STAFF,
    "institutions": with_districts(INSTITUTION),
}


def spelled(fields: tuple[Field, ...], given: Values, *, today: date) -> tuple[dict[str, str], tuple[Issue, ...]]:
    """Bring every value into its one spelling, and say of what field (`Issue.where`) what is wrong."""
    found: dict[str, str] = {}
    faults: list[Issue] = []
    for one in fields:
        text = " ".join(given.get(one.name, "").split())
        value = _spelled(one, text)
        if value is None:
            faults.append(_wrong(one, text))
        elif one.needed and not value and one.name in given:
            faults.append(Issue("required", "field-needed", one.name, f"{one.title.en} is missing."))
        elif value:
            found[one.name] = value
    faults += [
        Issue("required", "field-needed", one.name, f"{one.title.en} is missing.")
        for one in fields
        if one.needed and one.name not in given
    ]
    return found, (*faults, *_numbers(found, today), *_periods(found))


def told(field: Field, value: str, language: str) -> str:
    """Say a value for people."""
    if field.kind in {"choice", "many"}:
        texts = dict(field.options)
        return "、".join(
            (texts[one].zh if language == "zh" else texts[one].en) if one in texts else one for one in value.split()
        )
    if field.kind == "code":
        name = next((by_code(table)[value].name for table in field.tables if value in by_code(table)), "")
        return f"{value} {name}".strip()
    return value


def _spelled(field: Field, text: str) -> str | None:
    """Give the one spelling; None when there is none."""
    if not text:
        return ""
    match field.kind:
        case "date":
            return _day(text)
        case "number":
            plain = text.removesuffix(".0")
            return str(int(plain)) if plain.isascii() and plain.isdigit() and len(plain) < 7 else None
        case "choice":
            return _choice(field, text)
        case "many":
            parts = [_choice(field, one) for one in _SPLIT.split(text) if one]
            return None if None in parts else SLASH.join(sorted({one for one in parts if one}))
        case "code":
            return code_of(field, text)
        case _:
            if field.name in {"card", "uscc", "licence", "number"}:
                return ids.normal(text)
            return text if len(text) <= LONGEST else None


def _choice(field: Field, text: str) -> str | None:
    wanted = text.casefold()
    return next(
        (code for code, said in field.options if wanted in {code.casefold(), said.zh, said.en.casefold()}), None
    )


@cites("R6-023")
def code_of(field: Field, text: str) -> str | None:
    """Find a code by itself, by its name, or by both with a space; a name that several codes have is none."""
    for table in field.tables:
        code, _, name = text.partition(" ")
        known = by_code(table).get(code)
        if known is not None and name in {"", known.name} and not _abstract(table, code):
            return code
    named = [one.code for table in field.tables for one in by_code(table).values() if one.name == text]
    return named[0] if len(named) == 1 else None


def _abstract(table: str, code: str) -> bool:
    return by_code(table)[code].properties.get("abstract") == "true"


def _day(text: str) -> str | None:
    found = _DAY.match(text)
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        return None


def _wrong(field: Field, text: str) -> Issue:
    key = {"date": "field-date", "number": "field-number", "code": "field-code"}.get(field.kind, "field-choice")
    if field.kind in {"text", "area"}:
        key = "field-long"
    return Issue("value", key, field.name, f"{field.title.en}: {text[:40]!r} is not one that is known.")


@cites("R6-020", "R6-010", "R6-030", "R6-033")
def _numbers(values: Values, today: date) -> tuple[Issue, ...]:
    """Judge the numbers of institutions and staff."""
    faults: list[Issue] = []
    if "card" in values:
        read = ids.person_number(values["card"], today)
        faults += () if isinstance(read, ids.PersonNumber) else _at("card", read)
    if "uscc" in values:
        faults += _at("uscc", ids.uscc_faults(values["uscc"]))
    if "licence" in values:
        faults += _at("licence", ids.institution_licence_faults(values["licence"]))
    if "credential" in values or "number" in values:
        kind, number = values.get("credential", ""), values.get("number", "")
        if not kind or not number:
            faults.append(Issue("required", "field-certificate", "number", "A certificate has a kind and a number."))
        elif kind == "practising":
            faults += _at("number", ids.practising_faults(number))
        elif kind == "nurse":
            faults += _at("number", ids.nurse_faults(number, today))
    return tuple(faults)


def _periods(values: Values) -> tuple[Issue, ...]:
    return tuple(
        Issue("value", "field-period", last, "The end lies before the beginning.")
        for first, last in (("since", "until"), ("consent-since", "consent-until"))
        if first in values and last in values and values[last] < values[first]
    )


def _at(name: str, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    return tuple(replace(one, where=name) for one in issues if one.severity == "error")
