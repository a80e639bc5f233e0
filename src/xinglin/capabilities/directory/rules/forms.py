"""The resources of the directory made of fields, and read back into them.

Every writer takes the JSON before (or None) and gives the JSON after; what it does not know stays as it was.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from xinglin.capabilities.directory import contract
from xinglin.capabilities.directory.rules.fields import Values
from xinglin.fhir.declarations import canonical
from xinglin.security import credential_forms as credentials
from xinglin.security import institution_forms as forms
from xinglin.security.credentials import SYSTEMS
from xinglin.security.identifiers import (
    CATEGORIES,
    IDENTITY_CARD,
    INSTITUTION_LICENCE,
    LEVELS,
    USCC,
    PersonNumber,
    person_number,
)
from xinglin.security.institution_forms import Json, extension, identifier, value, values, with_extension
from xinglin.tables.codes import by_code
from xinglin.tables.divisions import divisions

Document = dict[str, Any]
ROLES: Final = canonical("role", "CodeSystem")
PHYSICAL: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"
PROVIDERS: Final = "http://terminology.hl7.org/CodeSystem/organization-type"


def department(given: Values, before: Json | None, institution: Json) -> Document:
    """Write a department of an institution."""
    code = given["code"]
    table, system = ("departments", forms.SUBJECTS)
    if code not in by_code("departments"):
        table, system = ("department_statistics", forms.OFFICES)
    listed = by_code(table)[code].name
    made = _begun(before, "Organization", contract.DEPARTMENT_PROFILE.url, {"active": True})
    made["type"] = [
        {
            "coding": [
                {"system": forms.TYPES, "code": forms.DEPARTMENT},
                {"system": system, "code": code, "display": listed},
            ],
            "text": listed,
        }
    ]
    made["name"] = given.get("name") or listed
    made["partOf"] = reference("Organization", institution)
    return _with_phone(made, given)


def department_fields(document: Json) -> dict[str, str]:
    """Read a department."""
    codes = forms.department_codes(document)
    return _kept({"code": codes[0] if codes else "", "name": document.get("name"), "phone": phone(document)})


def location(given: Values, before: Json | None, institution: Json) -> Document:
    """Write a place of an institution."""
    made = _begun(before, "Location", contract.LOCATION_PROFILE.url, {"status": "active", "mode": "instance"})
    made["name"] = given["name"]
    made["physicalType"] = {"coding": [{"system": PHYSICAL, "code": given["form"]}]}
    if "address" in given:
        made["description"] = given["address"]
    else:
        made.pop("description", None)
    made["managingOrganization"] = reference("Organization", institution)
    return _with_phone(made, given)


def location_fields(document: Json) -> dict[str, str]:
    """Read a place."""
    physical = forms.codes_of([document.get("physicalType") or {}], PHYSICAL)
    return _kept(
        {
            "name": document.get("name"),
            "form": physical[0] if physical else "",
            "address": document.get("description"),
            "phone": phone(document),
        }
    )


def service(given: Values, before: Json | None, institution: Json) -> Document:
    """Write a service; *institution*: the one that offers it, which is the internet hospital for those online."""
    code = given["code"]
    concept = {"coding": [{"system": forms.SUBJECTS, "code": code, "display": by_code("departments")[code].name}]}
    made = _begun(before, "HealthcareService", contract.SERVICE_PROFILE.url, {"active": True})
    made |= {"providedBy": reference("Organization", institution), "type": [concept], "specialty": [concept]}
    made["name"] = given.get("name") or by_code("departments")[code].name
    made.pop("comment", None)
    return _with_phone(made | ({"comment": given["comment"]} if "comment" in given else {}), given)


def service_fields(document: Json) -> dict[str, str]:
    """Read a service, but for where it is offered."""
    codes = forms.codes_of(document.get("specialty") or (), forms.SUBJECTS)
    return _kept(
        {
            "code": codes[0] if codes else "",
            "name": document.get("name"),
            "comment": document.get("comment"),
            "phone": phone(document),
        }
    )


def practitioner(given: Values, before: Json | None, *, today: date) -> Document:
    """Write who somebody is; an existing Practitioner only gets another title: the rest is verified elsewhere."""
    made = dict(before) if before is not None else _person(given, today)
    if "title" in given or "level" in given:
        titled = extension(made, credentials.PROFESSIONAL_TITLE)
        title = given.get("title") or value(titled, "title")
        level = given.get("level") or value(titled, "level")
        parts = [("title", {"valueString": title}), ("level", {"valueCode": level})]
        inner = [{"url": url} | held for url, held in parts if next(iter(held.values()))]
        made = with_extension(made, credentials.PROFESSIONAL_TITLE, {"extension": inner})
    return made


def _person(given: Values, today: date) -> Document:
    number = person_number(given["card"], today)
    made: Document = {
        "resourceType": "Practitioner",
        "active": True,
        "identifier": [{"use": "official", "system": IDENTITY_CARD, "value": given["card"]}],
        "name": [{"use": "official", "text": given["name"]}],
    }
    if isinstance(number, PersonNumber):
        made |= {"gender": number.gender, "birthDate": number.born.isoformat()}
    if "credential" in given:
        made["qualification"] = [_qualification(given)]
        if given["credential"] in SYSTEMS:
            made["identifier"].append({"system": SYSTEMS[given["credential"]], "value": given["number"]})
    return made


def _qualification(given: Values) -> Document:
    kind, number = given["credential"], given["number"]
    held: Document = {"value": number} | ({"system": SYSTEMS[kind]} if kind in SYSTEMS else {})
    made: Document = {
        "identifier": [held],
        "code": {"coding": [{"system": credentials.KINDS, "code": kind}]},
    }
    if "certified" in given:
        made["period"] = {"start": given["certified"]}
    if kind == "practising":
        parts = {"level": LEVELS.get(number[:1], ""), "category": CATEGORIES.get(number[1:3], "")}
        inner = [{"url": url, "valueCode": code} for url, code in parts.items() if code]
        made["extension"] = [{"url": credentials.CREDENTIAL, "extension": inner}]
    return made


def role(given: Values, before: Json | None, institution: Json, person: Json) -> Document:
    """Write a place of work."""
    made = _begun(before, "PractitionerRole", "", {"active": True})
    made["practitioner"] = reference("Practitioner", person)
    made["organization"] = reference("Organization", institution)
    coded: list[Document] = [{"coding": [{"system": ROLES, "code": given["role"]}]}]
    if "level" in given:
        title = {"coding": [{"system": contract.TITLES.system, "code": given["level"]}]}
        coded.append(title | ({"text": given["title"]} if "title" in given else {}))
    made["code"] = coded
    for name in ("specialty", "period", "identifier"):
        held = made.pop(name, None)
        made |= _of_role(name, given, held)
    made = with_extension(made, credentials.SITE_KIND, {"valueCode": given["site"]} if "site" in given else None)
    consent = {"extension": [{"url": "period", "valuePeriod": _period(given, "consent-since", "consent-until")}]}
    made = with_extension(made, credentials.ONLINE_CONSENT, consent if "consent-since" in given else None)
    old = extension(made, credentials.PRESCRIBING).get("extension") or ()
    inner = [{"url": "right", "valueCode": one} for one in given.get("rights", "").split()]
    inner += [one for one in old if one.get("url") != "right"]
    return with_extension(made, credentials.PRESCRIBING, {"extension": inner} if inner else None)


def _of_role(name: str, given: Values, held: Any) -> Document:
    """Give the department, period or numbers of a place of work."""
    if name == "specialty":
        if "code" not in given:
            return {}
        listed = by_code("departments")[given["code"]].name
        return {name: [{"coding": [_coding(forms.SUBJECTS, given["code"], listed)], "text": listed}]}
    if name == "period":
        period = _period(given, "since", "until")
        return {name: period} if period else {}
    kept = [one for one in held or () if one.get("system") != credentials.PRACTICE_REGISTRATION]
    if "registration" in given:
        kept.append({"system": credentials.PRACTICE_REGISTRATION, "value": given["registration"]})
    return {name: kept} if kept else {}


def staff_fields(one: Json, person: Json) -> dict[str, str]:
    """Read a place of work with who works there, without the certificate."""
    codes = forms.codes_of(one.get("specialty") or (), forms.SUBJECTS)
    titled = extension(person, credentials.PROFESSIONAL_TITLE)
    roles = forms.codes_of(one.get("code") or (), ROLES)
    consent = value(extension(one, credentials.ONLINE_CONSENT), "period") or {}
    period = one.get("period") or {}
    return _kept(
        {
            "name": named(person),
            "card": identifier(person, IDENTITY_CARD),
            "role": roles[0] if roles else "",
            "code": codes[0] if codes else "",
            "title": value(titled, "title"),
            "level": value(titled, "level"),
            "site": value(one, credentials.SITE_KIND),
            "registration": identifier(one, credentials.PRACTICE_REGISTRATION),
            "since": period.get("start"),
            "until": period.get("end"),
            "consent-since": consent.get("start"),
            "consent-until": consent.get("end"),
            "rights": " ".join(sorted(values(extension(one, credentials.PRESCRIBING), "right"))),
        }
    )


def institution(given: Values, before: Json | None) -> Document:
    """Write an institution with its licence record (R6-023)."""
    made = _begun(before, "Organization", contract.INSTITUTION_PROFILE.url, {"active": True})
    made["name"] = given["name"]
    held = [one for one in made.get("identifier", ()) if one.get("system") not in {USCC, INSTITUTION_LICENCE}]
    numbers = ((USCC, given.get("uscc", "")), (INSTITUTION_LICENCE, given.get("licence", "")))
    made["identifier"] = [*({"system": system, "value": number} for system, number in numbers if number), *held]
    made["type"] = [_category(given["category"], made)]
    county = divisions()[given["division"]]
    made["address"] = [
        {
            "extension": [{"url": forms.DIVISION, "valueCode": county.code}],
            "use": "work",
            "text": given["address"],
            "city": "焦作市",
            "district": county.name,
        }
    ]
    level = {"valueCoding": {"system": forms.LEVELS, "code": given["level"]}} if "level" in given else None
    made = with_extension(made, forms.LEVEL, level)
    return with_extension(_with_phone(made, given), forms.LICENCE, {"extension": _licence(given, made)})


def institution_fields(document: Json) -> dict[str, str]:
    """Read an institution."""
    one = forms.institution_of(document)
    licence = one.licence
    address: Json = (document.get("address") or ({},))[0]
    division = str(value(address, forms.DIVISION) or "")[:6]
    category = forms.codes_of(document.get("type") or (), forms.CATEGORIES)
    verified = [each.on.isoformat() for each in licence.verifications if each.passed]
    return _kept(
        {
            "name": one.name,
            "uscc": identifier(document, USCC),
            "licence": licence.number,
            "category": category[0] if category else "",
            "level": (value(document, forms.LEVEL) or {}).get("code"),
            "division": division,
            "address": address.get("text"),
            "phone": phone(document),
            "legal": licence.legal,
            "principal": licence.principal,
            "ownership": licence.ownership,
            "beds": str(licence.beds) if licence.beds else "",
            "modes": " ".join(sorted(licence.modes)),
            "since": licence.since.isoformat() if licence.since else "",
            "until": licence.until.isoformat() if licence.until else "",
            "verified": max(verified, default=""),
        }
    )


def internet_hospital(host: Json, name: str, naming: str, partner: str) -> Document:
    """Write an internet hospital that is being set up: not active until it is ready (R1-020)."""
    parts = [("naming", {"valueCode": naming}), ("partner", {"valueString": partner})]
    inner = [{"url": url} | held for url, held in parts if next(iter(held.values()))]
    coding = {"system": forms.KINDS, "code": forms.INTERNET_HOSPITAL, "display": "互联网医院"}
    return {
        "resourceType": "Organization",
        "active": False,
        "type": [{"coding": [coding, {"system": PROVIDERS, "code": "prov"}], "text": "互联网医院"}],
        "name": name,
        "partOf": reference("Organization", host),
        "extension": [{"url": forms.SET_UP, "extension": inner}],
    } | ({"address": host["address"]} if host.get("address") else {})


def with_reason(document: Document, reason: str) -> Document:
    """Say in a version why it was written."""
    return with_extension(document, forms.CHANGE_REASON, {"valueString": reason})


def is_open(document: Json) -> bool:
    """Tell whether something of the directory is in use."""
    if document.get("resourceType") == "Location":
        return document.get("status") != "inactive"
    return document.get("active") is not False


def opened(document: Json, *, open: bool) -> Document:
    """Open or close something of the directory; nothing is ever deleted."""
    if document.get("resourceType") == "Location":
        return dict(document) | {"status": "active" if open else "inactive"}
    return dict(document) | {"active": open}


def reference(type: str, document: Json) -> Document:
    """Refer to a resource, with its name."""
    return {"reference": f"{type}/{document['id']}", "display": named(document)}


def named(document: Json) -> str:
    """Name a place, or a person."""
    name = document.get("name")
    if isinstance(name, str):
        return name
    first: Json = (name or ({},))[0]
    return str(first.get("text") or "".join([first.get("family", ""), *first.get("given", ())]))


def phone(document: Json) -> str:
    """Give the telephone of a place."""
    return next((str(one["value"]) for one in document.get("telecom") or () if one.get("system") == "phone"), "")


READERS: Final[Mapping[str, Callable[[Json], dict[str, str]]]] = {
    "departments": department_fields,
    "locations": location_fields,
    "services": service_fields,
    "institutions": institution_fields,
}


def _category(code: str, before: Json) -> Document:
    """Write the category by WS 218, keeping codings of other systems."""
    listed = by_code("ws218")[code].name
    others = [
        coding
        for concept in before.get("type") or ()
        for coding in concept.get("coding") or ()
        if coding.get("system") != forms.CATEGORIES
    ]
    coding = {"system": forms.CATEGORIES, "code": code, "display": listed}
    return {"coding": [coding, *(others or [{"system": PROVIDERS, "code": "prov"}])], "text": listed}


def _licence(given: Values, before: Json) -> list[Document]:
    old = extension(before, forms.LICENCE)
    made: list[Document] = []
    if "since" in given or "until" in given:
        made.append({"url": "period", "valuePeriod": _period(given, "since", "until")})
    made += [{"url": name, "valueString": given[name]} for name in ("legal", "principal", "ownership") if name in given]
    if "beds" in given:
        made.append({"url": "beds", "valueInteger": int(given["beds"])})
    made += [{"url": "mode", "valueCode": one} for one in given.get("modes", "").split()]
    kept = list(forms.extensions(old, "verification"))
    if "verified" in given and given["verified"] not in {value(one, "date") for one in kept}:
        parts = [{"url": "date", "valueDate": given["verified"]}, {"url": "passed", "valueBoolean": True}]
        kept.append({"url": "verification", "extension": parts})
    return [*made, *kept] or [{"url": "beds", "valueInteger": 0}]


def _period(given: Values, first: str, last: str) -> Document:
    return {name: given[key] for name, key in (("start", first), ("end", last)) if key in given}


def _begun(before: Json | None, type: str, profile: str, at_first: Document) -> Document:
    made: Document = dict(before) if before is not None else {"resourceType": type} | at_first
    meta = dict(made.get("meta") or {})
    if profile and profile not in meta.get("profile", ()):
        made["meta"] = meta | {"profile": [*meta.get("profile", ()), profile]}
    return made


def _with_phone(document: Document, given: Values) -> Document:
    others = [one for one in document.get("telecom") or () if one.get("system") != "phone"]
    numbers = [{"system": "phone", "value": given["phone"]}] if "phone" in given else []
    document.pop("telecom", None)
    return document | ({"telecom": [*numbers, *others]} if numbers or others else {})


def _coding(system: str, code: str, display: str) -> Document:
    return {"system": system, "code": code, "display": display}


def _kept(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(text) for name, text in given.items() if text}
