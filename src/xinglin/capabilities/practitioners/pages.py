"""The administrator's pages: who holds what, how it stands, verify now, and what was found before."""

from datetime import date
from typing import Any, Final
from urllib.parse import quote, urlencode

from xinglin.capabilities.practitioners import contract
from xinglin.capabilities.practitioners.operations.people import Person, last_results, person_of, results_of, today
from xinglin.capabilities.practitioners.rules import results
from xinglin.capabilities.practitioners.rules.states import mark_of
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue
from xinglin.fhir.search.grammar import TOKEN
from xinglin.security.credential_forms import standing_of
from xinglin.security.credentials import Credential, Site, credential_state, last_day, may_practise_online
from xinglin.store.door import UnitOfWork
from xinglin.web import cards
from xinglin.web.cards import Figure
from xinglin.web.view import Form, Redirect, View

COUNT: Final = 20
HISTORY: Final = 24
TONES: Final = {
    "valid": "success",
    "expiring-60": "info",
    "expiring-30": "warning",
    "unknown": "neutral",
    "not-yet": "neutral",
}
# What one looks for: the code of the filter, and the marks it means; none: those without any other mark than "unknown".
FILTERS: Final = {
    "valid": ("valid",),
    "ending": ("expiring-30", "expiring-60"),
    "ending-30": ("expiring-30",),
    "stopped": ("revoked", "suspended", "expired", "not-found", "moved", "mismatch"),
    "unknown": (),
}


async def show_list(work: UnitOfWork, form: Form) -> View:
    """List practitioners with how they stand; filtered by state and by name."""
    if work.fhir.reach("search", "Practitioner").nothing:  # an administrator of no institution has no staff
        return View("practitioners/list.html", _nobody(), block="results")
    wanted = form["state"] if form["state"] in FILTERS else ""
    asked = {
        "_sort": "name",
        "_count": str(COUNT),
        "_revinclude": "PractitionerRole:practitioner",
        "_total": "accurate",
    }
    if form["name"].strip():
        asked["name"] = form["name"].strip()
    if wanted:
        marks = FILTERS[wanted] or tuple(code for code in contract.STANDINGS.codes if code != "unknown")
        modifier = "" if FILTERS[wanted] else ":not"
        asked[f"_tag{modifier}"] = ",".join(f"{contract.STANDINGS.system}|{mark}" for mark in marks)
    more = {TOKEN: form[TOKEN]} if form[TOKEN] else {}
    page = await work.fhir.find("Practitioner", **asked, **more)
    found = [codec.decode(row.body(), "Practitioner") for row in page.matches]
    roles = [codec.decode(row.body(), "PractitionerRole") for row in page.included if row.rt == "PractitionerRole"]
    checked = await last_results(work.fhir, [f"Practitioner/{row.id}" for row in page.matches])
    day = today(work.now)
    kept = {"state": wanted, "name": form["name"].strip()}
    following = urlencode(kept | {TOKEN: page.next_token}) if page.next_token else ""
    return View(
        "practitioners/list.html",
        {
            "rows": [_row(one, roles, checked, day) for one in found],
            "filled": kept,
            "filters": tuple(FILTERS),
            "total": page.total,
            "first": f"/credentials?{urlencode(kept)}" if form[TOKEN] else "",
            "next": f"/credentials?{following}" if following else "",
            "searched": any(kept.values()),
        },
        block="results",
    )


async def show_ending(work: UnitOfWork, _form: Form) -> View | None:
    """Count the staff, whose credentials end soon, and who may not practise: a card of the institution's start page."""
    if work.fhir.reach("search", "Practitioner").nothing:
        return None
    soon = await _marked(work, FILTERS["ending-30"])
    stopped = await _marked(work, FILTERS["stopped"])
    return cards.figures(
        (
            Figure(Text("在册人员", "Staff"), await work.fhir.count("Practitioner"), contract.LIST),
            Figure(
                Text("资质 30 天内到期", "Credentials ending in 30 days"),
                soon,
                f"{contract.LIST}?state=ending-30",
                "warning",
            ),
            Figure(
                Text("资质失效", "Credentials no longer valid"), stopped, f"{contract.LIST}?state=stopped", "danger"
            ),
        )
    )


async def _marked(work: UnitOfWork, marks: tuple[str, ...]) -> int:
    return await work.fhir.count("Practitioner", _tag=",".join(f"{contract.STANDINGS.system}|{one}" for one in marks))


def _nobody() -> dict[str, object]:
    """Give the values of a list without anybody."""
    filled = {"state": "", "name": ""}
    return {
        "rows": (),
        "filled": filled,
        "filters": tuple(FILTERS),
        "total": 0,
        "first": "",
        "next": "",
        "searched": False,
    }


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one practitioner: certificates, places of work, what stands against online work, verifications."""
    id = form["id"]
    person = await person_of(work.fhir, id)
    day = today(work.now)
    history = await results_of(work.fhir, f"Practitioner/{id}", count=HISTORY)
    names = await _organizations(work, [site.organization for site, _ in person.sites])
    return View(
        "practitioners/one.html",
        {
            "id": id,
            "person": person.standing,
            "state_code": person.mark or "unknown",
            "tone": TONES.get(person.mark or "unknown", "danger"),
            "credentials": [_credential(one, day) for one in person.standing.credentials],
            "sites": [_site(site, names, person, day) for site, _ in person.sites],
            "history": [
                {
                    "at": one.statusDate or "",
                    "occasion": results.occasion_of(one),
                    "state": results.state_of(one),
                    "tone": TONES.get(results.state_of(one), "danger"),
                    "operator": results.operator_of(one),
                    "reasons": results.reasons_of(one),
                }
                for one in history
            ],
        },
    )


async def send_verify(work: UnitOfWork, form: Form) -> Redirect:
    """Verify one practitioner now."""
    await work.fhir.operate(contract.VERIFY, contract.Verify(form["id"]))
    return Redirect(f"/credentials/{quote(form['id'])}")


def _row(practitioner: Any, roles: list[Any], checked: dict[str, Any], day: date) -> dict[str, object]:
    standing = standing_of(practitioner)
    reference = standing.reference
    own = [one for one in roles if one.practitioner is not None and one.practitioner.reference == reference]
    mark = mark_of(practitioner) or "unknown"
    ends = [end for one in standing.credentials if (end := last_day(one)) is not None]
    last = checked.get(reference)
    return {
        "href": f"/credentials/{quote(practitioner.id)}",
        "name": standing.name or practitioner.id,
        "kinds": list(dict.fromkeys(one.kind for one in standing.credentials)),
        "departments": list(dict.fromkeys(_department(one) for one in own if _department(one))),
        "places": len(own),
        "until": min(ends).isoformat() if ends else "",
        "state": mark,
        "tone": TONES.get(mark, "danger"),
        "checked": last.statusDate if last is not None else "",
    }


def _credential(one: Credential, day: date) -> dict[str, object]:
    state = credential_state(one, day)
    end = last_day(one)
    return {
        "kind": one.kind,
        "number": one.number,
        "level": one.level or "",
        "category": one.category,
        "scope": one.scope,
        "since": one.since.isoformat() if one.since else "",
        "until": end.isoformat() if end else "",
        "state": state,
        "tone": TONES.get(state, "danger"),
    }


def _site(site: Site, names: dict[str, str], person: Person, day: date) -> dict[str, object]:
    reasons: tuple[Issue, ...] = may_practise_online(
        person.standing, [each for each, _ in person.sites], site.organization, day
    )
    return {
        "organization": names.get(site.organization, site.organization),
        "main": site.main,
        "active": site.active,
        "registration": site.registration,
        "departments": site.departments,
        "consent": site.consent_since.isoformat() if site.consent_since else "",
        "consent_until": site.consent_until.isoformat() if site.consent_until else "",
        "rights": sorted(site.rights),
        "antibiotic": site.antibiotic,
        "narcotic": site.narcotic,
        "certificate": site.certificate,
        "reasons": [(issue.key, issue.text) for issue in reasons],
    }


async def _organizations(work: UnitOfWork, references: list[str]) -> dict[str, str]:
    ids = sorted({one.removeprefix("Organization/") for one in references if one.startswith("Organization/")})
    if not ids:
        return {}
    page = await work.fhir.find("Organization", _id=",".join(ids), _count=str(len(ids)))
    found = [codec.decode(row.body(), "Organization") for row in page.matches]
    return {f"Organization/{one.id}": str(getattr(one, "name", None) or one.id) for one in found}


def _department(role: Any) -> str:
    for concept in role.specialty or ():
        if concept.text:
            return str(concept.text)
        for coding in concept.coding or ():
            if coding.display or coding.code:
                return str(coding.display or coding.code)
    return ""
