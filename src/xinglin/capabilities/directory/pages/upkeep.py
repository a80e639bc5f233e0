"""Upkeep: lists of what an institution has, and one form to add, change, close and reopen each, with its versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from xinglin.capabilities.directory.operations import upkeep
from xinglin.capabilities.directory.operations.reading import DEPARTMENTS, hospital_of
from xinglin.capabilities.directory.operations.upkeep import KINDS, Kind
from xinglin.capabilities.directory.pages import search
from xinglin.capabilities.directory.rules import forms
from xinglin.capabilities.directory.rules.fields import FIELDS, PLACES, Field, code_of, told
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security import institution_forms
from xinglin.store.door import UnitOfWork
from xinglin.tables.codes import by_code, table
from xinglin.web import cells, codes
from xinglin.web.format import moment, said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

VERSIONS: Final = 30
OPEN: Final = Text("启用", "Open")
CLOSED: Final = Text("已停用", "Closed")
_ACTIVE: Final = Filter(
    "state",
    Text("状态", "State"),
    "choice",
    options=(("open", OPEN), ("closed", CLOSED)),
    ask=lambda state: (("active:not" if state == "open" else "active", "false"),),
    default="open",
)
_STATUS: Final = replace(_ACTIVE, ask=lambda state: (("status:not" if state == "open" else "status", "inactive"),))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind is kept. path: of its list; add: of the form for something new. after: where a form leads."""

    kind: Kind
    path: str
    add: str
    title: Text
    one: Text
    listing: Listing | None = None


def _state(found: Found) -> Cell:
    open = forms.is_open(found.document)
    return Cell(said(OPEN if open else CLOSED, found.language), "success" if open else "neutral")


def _code(found: Found) -> str:
    return next(iter(institution_forms.department_codes(found.document)), "")


def _form(found: Found) -> str:
    codes = institution_forms.codes_of([found.document.get("physicalType") or {}], forms.PHYSICAL)
    return said(PLACES[codes[0]], found.language) if codes and codes[0] in PLACES else ""


def _person(found: Found) -> Cell:
    person = found.follow("practitioner")
    return Cell(forms.named(person), note=search.title_of(person))


def _listing(name: str, title: Text, what: Text, icon: str, type: str, *columns: Column, **more: Any) -> Listing:
    return Listing(
        name=name,
        title=title,
        type=type,
        columns=columns,
        href=lambda one: f"/institution/{name}/{one.id}",
        empty=Empty(icon, Text(f"还没有{title.zh}", f"No {title.en.lower()} yet"), what),
        template="directory/kept.html",
        **more,
    )


_SEEN: Final = Text("可逐项新增，也可从表格导入。", "Add them one by one, or import a table.")
LISTINGS: Final[Mapping[str, Listing]] = {
    "departments": _listing(
        "departments",
        Text("科室", "Departments"),
        _SEEN,
        "building-hospital",
        "Organization",
        Column(Text("科室", "Department"), cells.name(), "name"),
        Column(Text("代码", "Code"), _code),
        Column(Text("电话", "Telephone"), cells.words("telecom.value")),
        Column(Text("状态", "State"), _state),
        filters=(Filter("name", Text("名称", "Name")), _ACTIVE),
        sort="name",
    ),
    "locations": _listing(
        "locations",
        Text("地点", "Places"),
        Text("院区、楼栋、病区和诊室。", "Sites, buildings, wards and rooms."),
        "map-pin",
        "Location",
        Column(Text("地点", "Place"), cells.name(), "name"),
        Column(Text("类型", "Kind"), _form),
        Column(Text("位置", "Where"), cells.words("description")),
        Column(Text("状态", "State"), _state),
        filters=(Filter("name", Text("名称", "Name")), _STATUS),
        sort="name",
    ),
    "services": _listing(
        "services",
        Text("科室服务", "Services"),
        Text("患者可以找到并预约的服务。", "What patients can find and book."),
        "stethoscope",
        "HealthcareService",
        Column(Text("服务", "Service"), cells.name(), "name"),
        Column(Text("由谁提供", "Offered by"), lambda one: cells.person("providedBy")(one)),
        Column(Text("说明", "Description"), cells.words("comment")),
        Column(Text("状态", "State"), _state),
        filters=(Filter("name", Text("名称", "Name")), _ACTIVE),
        sort="name",
    ),
    "staff": _listing(
        "staff",
        Text("人员岗位", "Staff"),
        _SEEN,
        "users",
        "PractitionerRole",
        Column(Text("姓名", "Name"), _person),
        search.DOCTORS.columns[1],
        search.DOCTORS.columns[2],
        Column(Text("起始", "From"), cells.when("period.start")),
        Column(Text("状态", "State"), _state),
        where=(("_include", "PractitionerRole:practitioner"),),
        filters=(
            Filter("name", Text("姓名", "Name"), parameter="practitioner.name"),
            search.DOCTORS.filters[1],
            _ACTIVE,
        ),
    ),
}
ONES: Final[Mapping[str, Text]] = {
    "departments": Text("科室", "Department"),
    "locations": Text("地点", "Place"),
    "services": Text("科室服务", "Service"),
    "staff": Text("人员岗位", "Place of work"),
}
PLACES_KEPT: Final[Mapping[str, Place]] = {
    name: Place(KINDS[name], f"/institution/{name}", f"/institution/add/{name}", listing.title, ONES[name], listing)
    for name, listing in LISTINGS.items()
}
INSTITUTIONS: Final = Place(
    KINDS["institutions"],
    "/commission/register",
    "/commission/register",
    Text("机构登记", "Register of institutions"),
    Text("机构", "Institution"),
)


async def show_kept(work: UnitOfWork, form: Form, *, at: Place) -> View | Download:
    """List what the institution has of a kind."""
    own = work.principal.organization
    if at.listing is None or not own:
        raise OutcomeError(Issue("forbidden", "no-institution", text="Your account belongs to no institution."))
    places = own
    if at.kind.name in {"services", "staff"}:
        hospital = await hospital_of(work.fhir, own)
        places = f"{own},Organization/{hospital['id']}" if hospital else own
    where: tuple[tuple[str, str], ...] = (("organization", places),)
    if at.kind.name == "departments":
        where = (("partof", own), ("type", DEPARTMENTS))
    if at.kind.name == "services":
        where = (*where, ("_include", "HealthcareService:organization"))
    listing = replace(at.listing, where=(*at.listing.where, *where))
    return await show_list(work, form, listing, {"at": at, "places": tuple(PLACES_KEPT.values())})


async def show_new(work: UnitOfWork, form: Form, *, at: Place) -> View:
    """Ask for something new."""
    return _view(form, at, {}, None)


async def send_new(work: UnitOfWork, form: Form, *, at: Place) -> Redirect:
    """Add it."""
    fields = upkeep.asked(at.kind, None)
    given, asked_again = await _given(work, form, fields)
    try:
        _settled(asked_again)
        id = await upkeep.keep(work, at.kind, "", given, form["reason"])
    except OutcomeError as refused:
        raise Rejected(_view(form, at, given, None, refused.issues, asked_again)) from refused
    return Redirect(f"{at.path}/{id}?done=added")


async def show_one(work: UnitOfWork, form: Form, *, at: Place) -> View:
    """Show one thing to change, with its versions."""
    one = await upkeep.kept(work, at.kind, form["id"])
    return await _one(work, form, at, one, await upkeep.values_of(work, at.kind, one))


async def send_one(work: UnitOfWork, form: Form, *, at: Place) -> Redirect:
    """Change, close or reopen it."""
    id = form["id"]
    one = await upkeep.kept(work, at.kind, id)
    given, asked_again = await _given(work, form, upkeep.asked(at.kind, one))
    try:
        if form["act"] in {"close", "open"}:
            await upkeep.set_open(work, at.kind, id, form["reason"], open=form["act"] == "open")
            return Redirect(f"{at.path}/{id}?done={form['act']}")
        _settled(asked_again)
        await upkeep.keep(work, at.kind, id, given, form["reason"])
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        shown = given if form["act"] == "keep" else await upkeep.values_of(work, at.kind, one)
        raise Rejected(await _one(work, form, at, one, shown, refused.issues, asked_again)) from refused
    return Redirect(f"{at.path}/{id}?done=kept")


async def _one(
    work: UnitOfWork,
    form: Form,
    at: Place,
    one: Mapping[str, Any],
    values: Mapping[str, str],
    issues: Sequence[Issue] = (),
    again: Mapping[str, codes.Picked] | None = None,
) -> View:
    history = await work.fhir.history(at.kind.type, str(one["id"]), count=VERSIONS)
    versions = [document_of(row.body()) for row in history.rows if not row.deleted]
    return _view(form, at, values, one, issues, again or {}, versions)


def _view(
    form: Form,
    at: Place,
    values: Mapping[str, str],
    one: Mapping[str, Any] | None,
    issues: Sequence[Issue] = (),
    again: Mapping[str, codes.Picked] | None = None,
    versions: Sequence[Mapping[str, Any]] = (),
) -> View:
    picked = again or {}
    return View(
        "directory/keep.html",
        {
            "at": at,
            "places": tuple(PLACES_KEPT.values()) if at.listing is not None else (),
            "one": {"id": one["id"], "name": _name(one), "open": forms.is_open(one)} if one is not None else None,
            "fields": [
                _field(each, values, picked.get(each.name), issues, form) for each in upkeep.asked(at.kind, one)
            ],
            "stays": [
                (said(each.title, form.language), told(each, values[each.name], form.language))
                for each in FIELDS[at.kind.name]
                if one is not None and each.new and values.get(each.name)
            ],
            "issues": [each for each in issues if each.where not in {f.name for f in FIELDS[at.kind.name]}],
            "reason": form["reason"],
            "action": at.add if one is None else f"{at.path}/{one['id']}",
            "done": form["done"] if form["done"] in {"added", "kept", "close", "open"} else "",
            "versions": [_version(each) for each in versions],
        },
        status=422 if issues else 200,
    )


def _field(
    one: Field, values: Mapping[str, str], again: codes.Picked | None, issues: Sequence[Issue], form: Form
) -> dict[str, Any]:
    value = values.get(one.name, "")
    fault = next((each for each in issues if each.where == one.name), None)
    code = one.kind == "code" and value
    return {
        "name": one.name,
        "kind": one.kind,
        "title": said(one.title, form.language),
        "needed": one.needed,
        "value": value,
        "text": again.text if again is not None else told(one, value, form.language) if code else value,
        "options": [(option, said(text, form.language)) for option, text in one.options],
        "choices": again.options if again is not None else (),
        "chosen": value.split(),
        "systems": [table(name).url for name in one.tables],
        "system": next((table(name).url for name in one.tables if code and value in by_code(name)), ""),
        "hint": said(one.hint, form.language) if one.hint else "",
        "fault": (again.fault if again is not None else "") or (fault.key if fault else ""),
        "fault_text": fault.text if fault else "",
    }


def _version(one: Mapping[str, Any]) -> dict[str, str]:
    meta = one.get("meta") or {}
    return {
        "number": str(meta.get("versionId", "")),
        "at": moment(str(meta.get("lastUpdated", ""))),
        "reason": upkeep.reason_of(one),
        "open": "open" if forms.is_open(one) else "closed",
    }


def _name(one: Mapping[str, Any]) -> str:
    if one.get("resourceType") == "PractitionerRole":
        return str((one.get("practitioner") or {}).get("display") or "")
    return forms.named(one)


async def _given(
    work: UnitOfWork, form: Form, fields: Sequence[Field]
) -> tuple[dict[str, str], dict[str, codes.Picked]]:
    """Read a form; codes that were not settled are asked again."""
    given: dict[str, str] = {}
    again: dict[str, codes.Picked] = {}
    for one in fields:
        if one.kind == "code":
            text = " ".join(form[f"{one.name}.text"].split())
            given[one.name] = code_of(one, text) or ""
            if not given[one.name]:  # what is not written out may be pinyin, a part of a name, or a choice of a list
                picked = await codes.picked(work, form, one.name, systems=[table(name).url for name in one.tables])
                given[one.name] = picked.code
                again |= {one.name: picked} if picked.fault else {}
        elif one.kind == "many":
            given[one.name] = " ".join(form.all(one.name))
        else:
            given[one.name] = form[one.name]
    return given, again


def _settled(again: Mapping[str, codes.Picked]) -> None:
    if again:
        raise OutcomeError(*(Issue("value", "field-code", name, "Pick one of the list.") for name in again), status=422)
