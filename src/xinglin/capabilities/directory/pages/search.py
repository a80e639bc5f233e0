"""Looking up: institutions, departments that see patients, and who works there, by place, subject, title and name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.directory.contract import DIRECTORY, TITLES
from xinglin.capabilities.directory.rules.fields import DISTRICTS, LEVELS, ROLES
from xinglin.capabilities.directory.rules.forms import ROLES as ROLE_SYSTEM
from xinglin.capabilities.directory.rules.forms import named
from xinglin.fhir.declarations import Text
from xinglin.fhir.search.text import has_han
from xinglin.security import credential_forms as credentials
from xinglin.security import institution_forms as forms
from xinglin.store.door import UnitOfWork
from xinglin.tables.codes import concepts
from xinglin.web import cells
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, escaped, show_list
from xinglin.web.view import Download, Form, View

TEMPLATE: Final = "directory/find.html"
# Kinds of institution as people look for them: the letters of WS 218, and what that list does not hold.
KINDS: Final[Mapping[str, tuple[Text, str]]] = {
    "hospital": (Text("医院", "Hospital"), "A"),
    "community": (Text("社区卫生服务机构", "Community health service"), "B"),
    "township": (Text("卫生院", "Township health centre"), "C"),
    "clinic": (Text("门诊部、诊所、村卫生室", "Clinic, village clinic"), "D"),
    "emergency": (Text("急救中心", "Emergency centre"), "E"),
    "maternity": (Text("妇幼保健院", "Maternity and child health"), "G"),
    "cdc": (Text("疾病预防控制", "Disease control"), "J"),
    "laboratory": (Text("检验机构", "Laboratory"), "P"),
}
SUBJECTS: Final = tuple((one.code, Text(one.name, one.en or one.name)) for one in concepts("departments"))
_DEPARTMENT: Final = f"{forms.TYPES}|{forms.DEPARTMENT}"


def _place(parameter: str) -> Filter:
    """Offer the districts; the parameter asks the text of an address."""
    named = dict(DISTRICTS)
    return Filter(
        "district",
        Text("区县", "District"),
        "choice",
        options=DISTRICTS,
        ask=lambda code: ((parameter, named[code].zh),),
    )


def _name(title: Text, parameter: str, code: str = "name") -> Filter:
    """Ask a name: any part of it in characters, else the beginning of its pinyin or initials."""
    return Filter(
        code,
        title,
        ask=lambda text: ((f"{parameter}:contains" if has_han(text) else parameter, escaped(text)),),
        hint=Text("名称、拼音或首字母", "Name, pinyin or initials"),
    )


def _subject(code: str) -> str:
    """Give a department with those inside it: 03 stands for 03.04 too."""
    inside = [one for one, _ in SUBJECTS if one == code or one.startswith(f"{code}.")]
    return ",".join(f"{forms.SUBJECTS}|{one}" for one in inside)


def _kind(letter: str) -> str:
    codes = [one.code for one in concepts("ws218") if one.code[:1] == letter and len(one.code) > 1]
    return ",".join(f"{forms.CATEGORIES}|{code}" for code in codes)


def _category(found: Found) -> str:
    return next((str(one["text"]) for one in found.document.get("type") or () if one.get("text")), "")


def _level(found: Found) -> str:
    code = (forms.value(found.document, forms.LEVEL) or {}).get("code", "")
    return said(LEVELS[code], found.language) if code in LEVELS else ""


INSTITUTIONS: Final = Listing(
    name="institutions",
    title=Text("机构与人员", "Directory"),
    type="Organization",
    columns=(
        Column(Text("机构名称", "Institution"), cells.name(), "name"),
        Column(Text("类别", "Category"), _category),
        Column(Text("等级", "Level"), _level),
        Column(Text("区县", "District"), cells.words("address.district")),
        Column(Text("电话", "Telephone"), cells.words("telecom.value")),
    ),
    where=(("type:not", _DEPARTMENT), ("active:not", "false")),
    filters=(
        _name(Text("机构名称", "Institution"), "name"),
        Filter(
            "kind",
            Text("类别", "Kind"),
            "choice",
            options=tuple((code, text) for code, (text, _) in KINDS.items()),
            ask=lambda code: (("type", _kind(KINDS[code][1])),),
        ),
        _place("address"),
        Filter(
            "subject",
            Text("设有科室", "With department"),
            "choice",
            options=SUBJECTS,
            ask=lambda code: (("_has:HealthcareService:organization:specialty", _subject(code)),),
        ),
    ),
    sort="name",
    href=lambda one: f"{DIRECTORY}/institutions/{one.id}",
    empty=Empty(
        "building-hospital",
        Text("还没有机构", "No institutions yet"),
        Text("机构登记后可在这里查找。", "Institutions can be found here once they are registered."),
    ),
    template=TEMPLATE,
)


def _offered_by(found: Found) -> Cell:
    place = found.follow("providedBy")
    id = str((found.document.get("providedBy") or {}).get("reference") or "").rpartition("/")[2]
    name = named(place) or str((found.document.get("providedBy") or {}).get("display") or "")
    return Cell(name, href=f"{DIRECTORY}/institutions/{id}" if id else "")


def _district(found: Found) -> str:
    address: Sequence[Mapping[str, Any]] = found.follow("providedBy").get("address") or ()
    return str(address[0].get("district") or "") if address else ""


SERVICES: Final = Listing(
    name="services",
    title=Text("机构与人员", "Directory"),
    type="HealthcareService",
    columns=(
        Column(Text("科室服务", "Service"), cells.name(), "name"),
        Column(Text("机构", "Institution"), _offered_by),
        Column(Text("区县", "District"), _district),
        Column(Text("说明", "Description"), cells.words("comment")),
    ),
    where=(("active:not", "false"), ("_include", "HealthcareService:organization")),
    filters=(
        _name(Text("科室或服务", "Department or service"), "name"),
        Filter(
            "subject",
            Text("诊疗科目", "Department"),
            "choice",
            options=SUBJECTS,
            ask=lambda code: (("specialty", _subject(code)),),
        ),
        _place("organization.address"),
    ),
    sort="name",
    empty=Empty(
        "stethoscope",
        Text("还没有科室服务", "No services yet"),
        Text("机构开设的科室服务会出现在这里。", "What the departments of institutions offer appears here."),
    ),
    template=TEMPLATE,
)


def title_of(person: Mapping[str, Any]) -> str:
    """Give the title of a Practitioner as it is written."""
    return str(forms.value(forms.extension(person, credentials.PROFESSIONAL_TITLE), "title") or "")


def _who(found: Found) -> Cell:
    person = found.follow("practitioner")
    return Cell(named(person), note=title_of(person))


def _role(found: Found) -> str:
    codes = forms.codes_of(found.document.get("code") or (), ROLE_SYSTEM)
    return "、".join(said(ROLES[code], found.language) for code in codes if code in ROLES)


def department_of(document: Mapping[str, Any]) -> str:
    """Name the department of a place of work."""
    for concept in document.get("specialty") or ():
        if concept.get("text"):
            return str(concept["text"])
        for coding in concept.get("coding") or ():
            return str(coding.get("display") or coding.get("code") or "")
    return ""


def _works_at(found: Found) -> Cell:
    id = str((found.document.get("organization") or {}).get("reference") or "").rpartition("/")[2]
    name = named(found.follow("organization")) or str((found.document.get("organization") or {}).get("display") or "")
    return Cell(name, href=f"{DIRECTORY}/institutions/{id}" if id else "")


def _person(found: Found) -> str:
    id = str((found.document.get("practitioner") or {}).get("reference") or "").rpartition("/")[2]
    return f"{DIRECTORY}/doctors/{id}" if id else ""


DOCTORS: Final = Listing(
    name="doctors",
    title=Text("机构与人员", "Directory"),
    type="PractitionerRole",
    columns=(
        Column(Text("姓名", "Name"), _who),
        Column(Text("岗位", "Role"), _role, "role"),
        Column(Text("科室", "Department"), lambda one: department_of(one.document), "specialty"),
        Column(Text("机构", "Institution"), _works_at),
    ),
    where=(
        ("active:not", "false"),
        ("_include", "PractitionerRole:practitioner"),
        ("_include", "PractitionerRole:organization"),
    ),
    filters=(
        _name(Text("姓名", "Name"), "practitioner.name"),
        Filter(
            "subject",
            Text("科室", "Department"),
            "choice",
            options=SUBJECTS,
            ask=lambda code: (("specialty", _subject(code)),),
        ),
        Filter(
            "title",
            Text("职称级别", "Title"),
            "choice",
            options=tuple(TITLES.codes.items()),
            ask=lambda code: (("role", f"{TITLES.system}|{code}"),),
        ),
        Filter(
            "role",
            Text("岗位", "Role"),
            "choice",
            options=tuple(ROLES.items()),
            ask=lambda code: (("role", f"{ROLE_SYSTEM}|{code}"),),
        ),
        _place("organization.address"),
        _name(Text("机构名称", "Institution"), "organization.name", "at"),
    ),
    href=_person,
    empty=Empty(
        "users",
        Text("还没有人员", "Nobody yet"),
        Text("机构登记的医生和其他人员会出现在这里。", "Doctors and other staff of institutions appear here."),
    ),
    template=TEMPLATE,
)


async def show_institutions(work: UnitOfWork, form: Form) -> View | Download:
    """List institutions."""
    return await show_list(work, form, INSTITUTIONS, {"tab": "institutions"})


async def show_services(work: UnitOfWork, form: Form) -> View | Download:
    """List services of departments."""
    return await show_list(work, form, SERVICES, {"tab": "services"})


async def show_doctors(work: UnitOfWork, form: Form) -> View | Download:
    """List who works where."""
    return await show_list(work, form, DOCTORS, {"tab": "doctors"})
